# SPDX-License-Identifier: MIT
"""Whole pipelines to a display: films and cameras, from each memory, beside the tools of others."""
import pathlib
import re
import signal

from cases import case
from cases_kms import FRAMES, HELD
from cases_lab import exporters
from cases_v4l2 import (CAMERA, NODE, SINGLE, camera, edge_of, failures, frames_so_far, still,
                        wait_for_frames)
from left import expect_nothing_left
from picture import Picture

SIZE = "640x480"
CLIP = pathlib.Path(__file__).resolve().parents[2] / "demo/clip.mp4"


def show(vm, wanted, exporter, options="", **environment):
    """The camera's frames are on the screen, all from one memory; what was said on the way."""
    with vm.started(f"umm run --frames={FRAMES} {options} v4l2:{NODE},size={SIZE},format=XR24,"
                    "rate=60 kms:,hold=300", **environment) as job:
        job.wait_for(HELD, timeout_s=180)
        found, difference = exporters(vm), vm.screendump().difference(wanted)
        assert difference is None and found == [exporter], (options, found, difference)
    expect_nothing_left(vm)
    return job.stderr


@case("camera")
def film_is_on_the_screen_pixel_by_pixel(vm):
    """Decoded, made smaller, shown: what the display has is what another stage reads, and moves."""
    first, last = "/tmp/film/frame-000000.png", f"/tmp/film/frame-{FRAMES - 1:06}.png"
    with vm.started(f"umm run --frames={FRAMES} 'file:{CLIP}' compose,size={SIZE},format=XR24 "
                    "kms:,hold=300 + png:/tmp/film") as job:
        job.wait_for(HELD, timeout_s=300)
        shown = vm.screendump()
        vm.check(f"until test -e {last}; do sleep 0.1; done", timeout_s=180)
        wanted = Picture.from_png(vm.check(f"cat {last}").out)
        before = Picture.from_png(vm.check(f"cat {first}").out)
    assert shown.difference(wanted) is None, shown.difference(wanted)
    assert shown.difference(before) is not None, "a film in which nothing moves proves little"
    expect_nothing_left(vm)


@case("camera")
def camera_is_on_the_screen_from_each_memory_there_is(vm):
    camera(vm)
    wanted = still(vm)
    for heap, exporter in (("udmabuf", "udmabuf"), ("system", "system"),
                           ("video0", "videobuf2_vmalloc"), ("card0", "drm")):
        show(vm, wanted, exporter, f"--heap={heap}")


@case("depth")
def camera_that_needs_runs_brings_its_own_memory_and_the_second_run_knows(vm):
    vm.load("vivid", CAMERA.replace("allocators=0", "allocators=1") + SINGLE)
    wanted = still(vm)
    said = show(vm, wanted, "videobuf2_dma_contig", UMM_CACHE="/tmp/runs.json")
    assert f"v4l2 cannot attach memory of heap udmabuf: {NODE} (vivid)" in said, said
    assert "without an IOMMU it needs one contiguous run" in said, said
    said = show(vm, wanted, "videobuf2_dma_contig", UMM_CACHE="/tmp/runs.json")
    assert "cannot attach" not in said, said
    camera(vm)  # with parameters under which it needs none: what was learned of it does not hold
    vm.check(f"umm run --quiet --json=/tmp/run.json --frames=2 v4l2:{NODE},size={SIZE},rate=60 kms:",
             UMM_CACHE="/tmp/runs.json")
    assert edge_of(vm)["heap"] == "udmabuf", edge_of(vm)


def test_pattern(vm):
    """What modetest shows while it waits for a key."""
    connector = re.search(r"^(\d+)\t\d+\tconnected", vm.check("modetest -M cirrus -c").stdout, re.M)[1]
    shown = []

    def drawn():
        shown.append(vm.screendump())
        same = len(shown) > 1 and shown[-1].pixels == shown[-2].pixels
        return same and shown[-1].width == 640 and len(set(shown[-1].rows())) > 1
    with vm.started(f"sleep 1000 | modetest -M cirrus -s {connector}:640x480") as job:
        vm.wait_until(drawn, "modetest shows nothing")
        assert job.status is None, job.stderr
    return shown[-1]


@case("camera")
def tools_of_others_beside_umm_hear_what_there_is_and_pass_afterwards(vm):
    camera(vm)
    pattern, failed = test_pattern(vm), failures(vm)
    camera(vm)
    with vm.started(f"exec umm run v4l2:{NODE},size={SIZE},rate=60 kms:") as job:
        wait_for_frames(vm, job, 5)
        listed = vm.check("modetest -M cirrus -c -p").stdout
        assert "1024x768" in listed and "640x480" in listed, listed
        # Those set a format and ask for buffers, and are told EBUSY.
        assert failures(vm) - failed <= {"Scaling", "Requests"}
        wait_for_frames(vm, job, frames_so_far(job) + 10)
        job.kill(signal.SIGINT)
        job.wait(120)
    assert job.status == 0, job.stderr
    expect_nothing_left(vm)
    assert failures(vm) == failed
    difference = test_pattern(vm).difference(pattern)
    assert difference is None, difference
    vm.reload("vivid", CAMERA + SINGLE)  # the tests have turned all its knobs
