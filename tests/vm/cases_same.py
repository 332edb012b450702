# SPDX-License-Identifier: MIT
"""One command for every camera and every display: `umm run v4l2:/dev/video0 kms:`.

Nothing else is typed: size, format and memory are umm's to find. What is on the screen is compared
with what v4l2-ctl gets in the camera's own memory, in the size and format that the run took.
"""
import json
import os

from cases import case
from cases_kms import HELD, expect_shown
from cases_v4l2 import CAMERA, NODE, SINGLE, STILL, still
from left import expect_nothing_left

FRAMES = 3
COMMAND = f"umm run --json=/tmp/same.json --frames={FRAMES} v4l2:{NODE} kms:,hold=300"
RESULT = "/tmp/same.json"
BOCHS_CACHE = "/tmp/same-bochs.json"
NEEDS_RUNS = CAMERA.replace("allocators=0", "allocators=1") + SINGLE


def stand_still(vm):
    vm.check(f"v4l2-ctl -d {NODE} -c {STILL}; v4l2-ctl -d {NODE} -p 60; true")


def run_it(vm, cache):
    """What was on the screen, the edge of the result, and what was said."""
    vm.check(f"rm -f {RESULT}")
    with vm.started(COMMAND, UMM_CACHE=cache) as job:
        job.wait_for(HELD, timeout_s=240)
        shown = vm.screendump()
        vm.check("pkill -INT -o -x umm")
        assert job.wait(60).status == 0, job.stderr
    expect_nothing_left(vm)
    return shown, json.loads(vm.check(f"cat {RESULT}").stdout)["edges"][0], job.stderr


def camera_is_on_the_screen(vm, heap):
    """Twice: what the first run learned the second knows. Returns what the first one said."""
    cache = f"/tmp/same-{os.path.basename(heap)}.json"
    vm.check(f"rm -f {cache}")
    stand_still(vm)
    said = []
    wanted = None
    for run in range(2):
        shown, edge, words = run_it(vm, cache)
        assert edge["format"] == "XR24", edge
        wanted = wanted or still(vm, edge["width"], edge["height"])
        assert shown.difference(wanted) is None, (run, edge, shown.difference(wanted))
        assert (edge["heap"], edge["copied_bytes"]) == (heap, 0), (run, edge)
        said.append(words)
    assert "cannot attach" not in said[1], said[1]
    return said[0]


@case("camera")
def same_command_finds_memory_for_a_camera_that_takes_any(vm):
    vm.load("vivid", CAMERA + SINGLE)
    said = camera_is_on_the_screen(vm, "udmabuf")
    assert "cannot attach" not in said, said


@case("camera")
def same_command_finds_memory_for_a_camera_that_needs_runs(vm):
    vm.load("vivid", NEEDS_RUNS)
    said = camera_is_on_the_screen(vm, "video0")
    assert f"v4l2 cannot attach memory of heap udmabuf: {NODE} (vivid)" in said, said
    assert "without an IOMMU it needs one contiguous run" in said, said
    vm.load("vivid", CAMERA + SINGLE)


@case("virtio")
def same_command_finds_that_the_display_must_allocate(vm):
    camera_is_on_the_screen(vm, "card0")


@case("bochs")
def same_command_says_why_it_cannot_work_on_this_kernel(vm):
    """Linux 6.12: bochs imports nothing, and who maps its memory by vmap(), as this camera, is left
    with the address of freed pages when the buffer is moved to where it is scanned out: a WARN, and
    pictures that stand still. (That there is none is seen after every case.)"""
    stand_still(vm)
    job = vm.run(COMMAND, UMM_CACHE=BOCHS_CACHE)
    assert job.status == 1, job.stdout
    assert (f"v4l2 gets wrong content in memory of heap card0 ({NODE} (vivid): card0 moves what it "
            "shows") in job.stderr, job.stderr
    assert "does not import memory of heap udmabuf: Invalid argument" in job.stderr, job.stderr
    assert "learned by trial" in job.stderr, job.stderr
    assert "--copies=allow would help" in job.stderr, job.stderr
    expect_nothing_left(vm)


@case("bochs")
def copy_is_shown_where_memory_cannot_be_shared(vm):
    """Of the camera's own size no two frames fit into the card: the stage that is put in makes the
    largest that do, and keeps the picture's shape."""
    stand_still(vm)
    expect_shown(vm, f"umm run --copies=allow --frames={FRAMES} v4l2:{NODE},size=640x360 "
                     "kms:,hold=300", still(vm, 640, 360).framed(640, 480), UMM_CACHE=BOCHS_CACHE)
    with vm.started(f"umm run --copies=allow --frames={FRAMES} v4l2:{NODE} kms:,hold=300",
                    UMM_CACHE=BOCHS_CACHE) as job:
        job.wait_for(HELD, timeout_s=240)
        shown = vm.screendump()
    assert "compose-auto: makes 1440x810 of 1920x1080" in job.stderr, job.stderr
    vm.check("until ! pgrep -x umm >/dev/null; do sleep 0.1; done", timeout_s=60)
    expect_nothing_left(vm)
    picture = shown.part(1440, 810)
    assert shown.difference(picture.framed(1440, 900)) is None, "it is not black around"
    difference = picture.scaled_difference(still(vm, 1920, 1080))
    assert difference is None, difference


@case("bochs")
def picture_of_which_no_two_fit_into_the_card_is_refused_before_it_is_shown(vm):
    job = vm.run("umm run --frames=3 test,size=1920x1080 kms:", UMM_CACHE="/tmp/large.json")
    assert job.status == 1, job.stdout
    assert "buffers have at most 6340608" in job.stderr and "PCI region 0" in job.stderr, job.stderr
