# SPDX-License-Identifier: MIT
"""Stage kms: what the display really shows is the frame, pixel by pixel."""
import json
import os
import re
import subprocess
import tempfile

from cases import case
from left import expect_nothing_left
from picture import Picture

FRAMES = 7
HELD = "holding the last of"


def drawn_outside(vm, size, number):
    """The picture that stage test draws, by the same program on this side of the machine."""
    tool = os.path.join(vm.build, "cli", "umm")
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([tool, "run", "--quiet", f"--frames={number + 1}",
                        f"test,size={size},format=XR24", f"png:{directory}"], check=True)
        with open(os.path.join(directory, f"frame-{number:06}.png"), "rb") as file:
            return Picture.from_png(file.read())


def expect_shown(vm, command, wanted, **environment):
    """`command` ends with a held frame: it is on the screen, and leaves nothing behind."""
    with vm.started(command, **environment) as job:
        job.wait_for(HELD)
        difference = vm.screendump().difference(wanted)
        assert difference is None, difference
    expect_nothing_left(vm)


@case("cirrus")
def test_picture_is_shown_exactly(vm):
    wanted = drawn_outside(vm, "1280x720", FRAMES - 1)
    expect_shown(vm, f"umm run --frames={FRAMES} test kms:,hold=300", wanted)


@case("cirrus")
def memory_may_come_from_udmabuf_and_the_system_heap(vm):
    wanted = drawn_outside(vm, "640x480", FRAMES - 1)
    for heap in ("udmabuf", "system"):
        expect_shown(vm, f"umm run --frames={FRAMES} --heap={heap} test,size=640x480 "
                         "kms:/dev/dri/card0,hold=300", wanted)


@case("cirrus")
def drivers_without_atomic_mode_setting_show_the_same(vm):
    wanted = drawn_outside(vm, "800x600", FRAMES - 1)
    expect_shown(vm, "strace -f --seccomp-bpf -o /tmp/ioctls -e trace=ioctl umm run "
                     f"--frames={FRAMES} test,size=800x600 kms:,hold=300", wanted, UMM_KMS="legacy")
    asked = vm.check("grep -o 'DRM_IOCTL_MODE_[A-Z_]*' /tmp/ioctls").stdout.split()
    assert "DRM_IOCTL_MODE_ATOMIC" not in asked, asked
    assert "DRM_IOCTL_MODE_SETCRTC" in asked, asked
    assert asked.count("DRM_IOCTL_MODE_PAGE_FLIP") == FRAMES - 1, asked


@case("cirrus")
def frames_of_a_camera_are_shown_as_another_stage_reads_them(vm):
    last = f"/tmp/camera/frame-{FRAMES - 1:06}.png"  # appears when it is complete
    with vm.started(f"umm run --frames={FRAMES} v4l2:/dev/video0 png:/tmp/camera + "
                    "kms:,hold=300") as job:
        job.wait_for(HELD)
        shown = vm.screendump()
        vm.check(f"until test -e {last}; do sleep 0.1; done")
        wanted = Picture.from_png(vm.check(f"cat {last}").out)
    assert shown.difference(wanted) is None, shown.difference(wanted)
    expect_nothing_left(vm)


@case("cirrus")
def display_that_another_program_has_is_named(vm):
    with vm.started("umm run --frames=2 test,size=640x480 kms:,hold=300") as job:
        job.wait_for(HELD)
        second = vm.run("umm run --frames=2 test,size=640x480 kms:")
        assert second.status == 1, second.stderr
        assert "another program shows its pictures there" in second.stderr, second.stderr
        assert re.search(r"it is open in kms \(\d+\)", second.stderr), second.stderr


@case("cirrus")
def screen_comes_back_when_the_stream_ends(vm):
    """And modetest, which has no part in all this, finds the display as it was."""
    before = vm.check("modetest -M cirrus -p 2>&1 | sed -n '/^CRTCs/,/^Planes/p'").stdout
    vm.check("umm run --frames=3 test,size=640x480 kms:")
    after = vm.check("modetest -M cirrus -p 2>&1 | sed -n '/^CRTCs/,/^Planes/p'").stdout
    assert before == after and "1024x768" in before, before + after
    expect_nothing_left(vm)


@case("depth")
def one_interrupt_ends_a_held_frame(vm):
    """And one that comes while frames flow needs no second either."""
    for command, text in (("umm run --frames=2 test,size=640x480 kms:,hold=300", HELD),
                          ("umm run test,size=640x480 kms:,hold=300", "frames/s")):
        with vm.started(command) as job:
            job.wait_for(text)
            vm.check("pkill -INT -o -x umm")
            assert job.wait(60).status == 0, job.stderr
            assert "frames in" in job.stdout, job.stdout
    expect_nothing_left(vm)


@case("cirrus")
def fences_and_formats_of_a_display_are_told_with_their_sources(vm):
    devices = [{fact["field"]: (fact["value"], fact["source"]) for fact in device.get("facts", [])}
               for device in json.loads(vm.check("umm probe --json").stdout)["devices"]
               if device["name"] == "/dev/dri/card0"]
    told = [facts for facts in devices if "connector" in facts][0]  # the GPU has the same node
    assert told["fences.in"] == ("sync_file", "driver: IN_FENCE_FD of the plane"), told
    assert told["fences.out"] == ("sync_file in the dma-buf", "driver: OUT_FENCE_PTR of the CRTC"), told
    assert told["formats"][1] == "driver: IN_FORMATS of the primary plane", told


@case("cirrus")
def wishes_that_cannot_be_met_are_answered_with_what_there_is(vm):
    for wish, answer in (("connector=HDMI-A-1", "no connector HDMI-A-1; there are: "),
                         ("mode=1234x567", "has no mode 1234x567; it has: 1024x768"),
                         ("format=NV12", "does not show NV12")):
        job = vm.run(f"umm run --frames=1 test,size=640x480 kms:,{wish}")
        assert job.status == 1 and answer in job.stderr, job.stderr
    job = vm.run("umm run --frames=1 test,size=640x480 kms:/dev/udmabuf")
    assert job.status == 1 and "not a node of DRM" in job.stderr, job.stderr


@case("cirrus", "virtio", "bochs")
def memory_of_the_display_itself_is_shown(vm):
    wanted = drawn_outside(vm, "640x480", FRAMES - 1)
    expect_shown(vm, f"umm run --frames={FRAMES} --heap=card0 test,size=640x480 kms:,hold=300",
                 wanted)


@case("virtio", "bochs")
def first_frame_is_whole_though_setting_a_mode_wipes_memory(vm):
    """QEMU's VGA (bochs) clears as much of the card's memory as the mode's picture takes; behind the
    console's, which is smaller, the first frame begins in there."""
    wanted = drawn_outside(vm, "1440x900", 0)
    expect_shown(vm, "umm run --frames=1 --heap=card0 test,size=1440x900 kms:,hold=300", wanted)


@case("virtio", "bochs")
def memory_that_a_display_refuses_is_no_way_around_it(vm):
    """The trial has the last word, and what is said helps: who says no, and in which words."""
    job = vm.run("umm run --frames=1 --heap=udmabuf test,size=640x480 kms:,mode=640x480")
    assert job.status == 1, job.stdout
    assert "no memory that all can use" in job.stderr, job.stderr
    assert "it would work without --heap" in job.stderr, job.stderr
    error = {"virtio": "No such device", "bochs": "Invalid argument"}[vm.options.displays[0]]
    assert f"does not import memory of heap udmabuf: {error}" in job.stderr, job.stderr
    assert "learned by trial" in job.stderr, job.stderr
