# SPDX-License-Identifier: MIT
"""The machine is what linux-facts promise: drivers, devices, and a harness that notices trouble."""
import json

from cases import case
from dmesg import bad_news


@case("cirrus", "virtio", "bochs")
def udmabuf_heap_camera_and_display_are_there(vm):
    vm.check("test -c /dev/udmabuf && test -c /dev/dma_heap/system && test -c /dev/video0 && "
             "test -c /dev/dri/card0")


@case("cirrus")
def drivers_are_those_we_asked_for(vm):
    assert vm.check("cat /sys/class/video4linux/video0/name").stdout.startswith("vivid")
    driver = vm.check("readlink /sys/class/drm/card0/device/driver").stdout
    assert driver.strip().endswith("/cirrus"), driver
    assert "HugePages_Total:      16" in vm.check("cat /proc/meminfo").stdout


@case("cirrus")
def camera_can_be_changed_while_the_machine_runs(vm):
    vm.reload("vivid", "n_devs=1 node_types=0x1 allocators=1")
    assert "1" in vm.check("cat /sys/module/vivid/parameters/allocators").stdout.split(",")[0]
    vm.reload("vivid", "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 allocators=0")


@case("cirrus")
def status_output_and_signals_come_back(vm):
    job = vm.run("echo out; echo err >&2; exit 7")
    assert (job.stdout, job.stderr, job.status) == ("out\n", "err\n", 7)
    assert vm.run("kill -SEGV $$").status == -11
    assert vm.run(["no-such-program"]).status == 127
    assert len(vm.check("head -c 1000000 /dev/zero").out) == 1000000


@case("cirrus")
def a_job_that_hangs_is_ended(vm):
    job = vm.start("echo waiting; sleep 1000 & sleep 1000").wait_for("waiting")
    try:
        job.wait(timeout_s=1)
    except TimeoutError as fault:
        assert "waiting" in str(fault)
    else:
        raise AssertionError("it was not ended")
    assert vm.run("pgrep -x sleep").status == 1


@case("cirrus")
def root_of_the_host_cannot_be_written(vm):
    assert vm.run("touch /etc/umm-vm").status != 0
    vm.check("touch /tmp/umm-vm")


@case("cirrus")
def a_warning_of_the_kernel_is_noticed(vm):
    vm.check("echo 'umm: WARNING: this is a test' >/dev/kmsg")
    assert bad_news(vm.new_dmesg(), []) != []


def frame_buffer(vm, name):
    return vm.check(f"cat /sys/class/graphics/fb0/{name}").stdout.strip()


@case("cirrus", "virtio", "bochs")
def screen_shows_what_is_written_to_it(vm):
    """The frame buffer console's memory, filled with a value that nobody else draws."""
    height = int(frame_buffer(vm, "virtual_size").split(",")[1])
    size = height * int(frame_buffer(vm, "stride"))
    colour = {"16": (0x52, 0xaa, 0xad)}.get(frame_buffer(vm, "bits_per_pixel"), (0x55,) * 3)
    def filled():
        """All but what the console prints over it; it may even clear the screen once more."""
        vm.check(f"head -c {size} /dev/zero | tr '\\0' '\\125' >/dev/fb0")
        shown = vm.screendump()
        same = shown.pixels.count(bytes(colour))
        return same > shown.width * shown.height * 0.9
    vm.wait_until(filled, "the screen is not filled with the colour")


def names(things, key):
    return {thing[key] for thing in things}


@case("depth", "depth-virtio")
def whatever_probe_tells_it_tells_with_a_source(vm):
    """Of the memory, the devices, each of their facts, and what was learned."""
    told = json.loads(vm.check("umm probe --json", timeout_s=180).stdout)
    facts = [dict(fact, of=device["name"]) for device in told["devices"]
             for fact in device.get("facts", [])]
    unfounded = [thing for thing in told["heaps"] + told["devices"] + told["learned"] + facts
                 if not str(thing.get("source", "")).strip()]
    assert not unfounded, unfounded
    assert all(heap["trial"] for heap in told["heaps"]), told["heaps"]
    assert {"udmabuf", "system", "card0"} <= names(told["heaps"], "name"), told["heaps"]
    assert {"/dev/video0", "/dev/dri/card0"} <= names(facts, "of") and len(facts) > 10, facts
