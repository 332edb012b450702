# SPDX-License-Identifier: MIT
"""Mem2mem devices: vim2m, which copies, converts and scales, and vicodec, which also speaks the
multi-planar API; on the purpose-built kernel."""
import re

from cases import Skip, case
from cases_v4l2 import camera, edge_of, wait_for_frames
from left import expect_nothing_left
from picture import Picture, is_telling

SIZE = "640x480"
FRAMES = 6


def converter(vm, module="vim2m", name="vim2m"):
    """The node of a mem2mem driver, loaded anew."""
    if vm.run(f"modprobe -r {module}; modprobe {module}").status != 0:
        raise Skip(f"no {module} in this kernel")
    found = vm.check("grep -H . /sys/class/video4linux/*/name").stdout
    node = re.search(rf"video4linux/(video\d+)/name:{name}", found)
    assert node, found
    return "/dev/" + node.group(1)


@case("lab")
def what_comes_out_is_what_went_in_and_nothing_is_copied(vm):
    node = converter(vm)
    source = f"test,size={SIZE},format=RG24"
    vm.check(f"umm run --quiet --frames {FRAMES} {source} framemd5:/tmp/wanted")
    job = vm.check(f"umm run --json=/tmp/run.json --frames {FRAMES} {source} m2m:{node},format=RG24 "
                   "framemd5:/tmp/sums")
    # Times included: the driver's own are others.
    assert vm.run("cmp /tmp/sums /tmp/wanted").status == 0, vm.check("cat /tmp/sums").stdout
    assert "nothing copied" in job.stdout and edge_of(vm)["heap"] != "memfd", job.stdout
    expect_nothing_left(vm)


@case("lab")
def camera_through_a_converter_is_on_the_screen_pixel_by_pixel(vm):
    node = converter(vm)
    camera(vm)
    last = f"/tmp/converted/frame-{FRAMES - 1:06}.png"
    with vm.started(f"umm run --frames={FRAMES} v4l2:/dev/video0,size={SIZE},rate=60 m2m:{node},format=RG24 "
                    "kms:,hold=300 + png:/tmp/converted") as job:
        job.wait_for("holding the last of")
        shown = vm.screendump()
        vm.check(f"until test -e {last}; do sleep 0.1; done")
        wanted = Picture.from_png(vm.check(f"cat {last}").out)
    assert shown.difference(wanted) is None, shown.difference(wanted)
    assert is_telling(wanted.rows(), 3), "pictures that are upside down would pass for this one"
    expect_nothing_left(vm)


@case("lab")
def result_has_the_size_that_was_asked_for(vm):
    node = converter(vm)
    vm.check(f"umm run --quiet --json=/tmp/run.json --frames 3 test,size={SIZE},format=RG16 "
             f"m2m:{node},size=320x240,format=RG24 png:/tmp/small")
    small = Picture.from_png(vm.check("cat /tmp/small/frame-000002.png").out)
    assert (small.width, small.height) == (320, 240), (small.width, small.height)


@case("lab")
def converter_that_is_killed_leaves_nothing(vm):
    node = converter(vm)
    with vm.started(f"umm run --seconds=300 test,size={SIZE},format=RG24 m2m:{node} null") as job:
        wait_for_frames(vm, job, 5)
        vm.check("pkill -KILL -x m2m")
        job.wait(60)
    assert job.status == 1, job.stderr
    expect_nothing_left(vm)


@case("lab")
def codec_whose_result_is_no_picture_is_refused_with_the_reason(vm):
    node = converter(vm, "vicodec", "stateful-encoder|vicodec-enc")
    job = vm.run(f"umm run --frames 1 test,size={SIZE} m2m:{node} null")
    assert job.status == 1, job.stdout
    assert f"{node} (vicodec): has no format of plain rows that umm has a name for" in job.stderr, \
        job.stderr
    expect_nothing_left(vm)


def codec(vm, parameters):
    """vicodec's nodes for pictures in and for pictures out."""
    if vm.run(f"modprobe -r vicodec; modprobe vicodec {parameters}").status != 0:
        raise Skip("no vicodec in this kernel")
    found = dict(re.findall(r"(video\d+)/name:(\S+)",
                            vm.check("grep -H . /sys/class/video4linux/*/name").stdout))
    node = {name: "/dev/" + video for video, name in found.items()}
    return {"UMM_TEST_ENCODER": node["stateful-encoder"], "UMM_TEST_DECODER": node["stateful-decoder"]}


@case("lab")
def ends_of_codecs_that_have_pictures_work_in_either_api(vm):
    for parameters in ("multiplanar=1", "multiplanar=0"):
        job = vm.check("vm-codec a_picture_through_encoder_and_decoder_in_dma_bufs_is_as_in_memory_of_"
                       "their_own", **codec(vm, parameters))
        assert "bytes of" in job.stdout, job.stdout
    expect_nothing_left(vm)
