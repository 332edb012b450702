# SPDX-License-Identifier: MIT
"""Stage gl on a GPU that is none of a processor's tricks, to the guest: virtio-gpu with virgl, whose host
draws. It has fences of its own, and memory that is a copy of what the host has."""
import json
import re

from cases import case
from cases_kms import drawn_outside

HELD = "holding the last of"
FRAMES = 3
SIZE = "640x480"
GPU = "gl:/dev/dri/renderD128"
LEFT_FENCE = re.compile(r"IMPORT_SYNC_FILE|_IOC_WRITE, 0x62, 0x3, 0x8")


def facts_of(vm, kind, name):
    devices = json.loads(vm.check("umm probe --json", timeout_s=300).stdout)["devices"]
    return {fact["field"]: (fact["value"], fact["source"]) for device in devices
            if device["kind"] == kind and device["name"] == name for fact in device["facts"]}


def expect_shown(vm, command, wanted):
    """The frame that is held is what the host's window shows. Returns what the tool said."""
    with vm.started(command) as job:
        job.wait_for(HELD, timeout_s=900)
        vm.wait_until(lambda: vm.host_screen().has(wanted), "the frame is not in the window")
        vm.check("pkill -INT -o -x umm")
        assert job.wait(120).status == 0, job.stderr
    return job.stdout


@case("virgl")
def facts_of_a_gpu_in_the_host_are_told_with_their_sources(vm):
    told = facts_of(vm, "gl", "/dev/dri/renderD128")
    assert told["driver"][0] == "virtio_gpu" and told["drawn_by"][0] == "GPU", told
    assert told["fences"] == ("sync_file in the dma-buf",
                              "driver: EGL_ANDROID_native_fence_sync"), told
    assert told["memory.copy"][0] == "the host's, moved by the kernel", told
    heap = [heap for heap in json.loads(vm.check("umm probe --json", timeout_s=300).stdout)["heaps"]
            if heap["name"] == "renderD128"][0]
    assert heap["present"] and heap["class"] == "drm" and heap["trial"].startswith("gave"), heap
    assert "devices alone: the host has a copy" in heap["source"], heap


@case("virgl")
def frames_are_drawn_and_shown_exactly_and_left_with_the_fences_of_the_gpu(vm):
    """From memory that the CPU writes, by a GPU that has a copy of it, to a display."""
    wanted = drawn_outside(vm, SIZE, FRAMES - 1)
    said = expect_shown(vm, f"strace -f -e trace=ioctl -o /tmp/calls umm run --frames={FRAMES} "
                            f"test,size={SIZE},format=XR24 {GPU} kms:,hold=300", wanted)
    assert "nothing copied" in said, said
    calls = vm.check("cat /tmp/calls", timeout_s=60).stdout.splitlines()
    left = sum(LEFT_FENCE.search(line) is not None for line in calls)
    drawn = 2 * FRAMES  # in the frame that was read, and in the one that was drawn
    assert left >= drawn, f"{left} fences were left, expected {drawn}"


@case("virgl")
def memory_of_the_gpu_itself_is_drawn_on_and_shown(vm):
    """GBM makes it, and no CPU looks at it."""
    wanted = drawn_outside(vm, SIZE, FRAMES - 1)
    said = expect_shown(vm, f"umm run --frames={FRAMES} --heap=renderD128,card0 "
                            f"test,size={SIZE},format=XR24 {GPU} kms:,hold=300", wanted)
    rows = [line.split() for line in said.splitlines() if "XR24" in line]
    heaps = [row[row.index("XR24") + 2] for row in rows]
    assert heaps == ["card0", "renderD128"], said
