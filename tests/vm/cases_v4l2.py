# SPDX-License-Identifier: MIT
"""Cameras: vivid, which makes pictures that are known, by what it is told to show."""
import hashlib
import json
import re
import signal

from cases import Skip, case
from left import expect_nothing_left
from picture import Picture, is_telling

SINGLE, MULTI = "multiplanar=1", "multiplanar=2"
CAMERA = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 allocators=0 "
NODE = "/dev/video0"
# Colour squares, a border, another square in the middle: nothing moves, and no side is like another.
STILL = "osd_text_mode=2,test_pattern=4,show_border=1,show_square=1"
FIRST_PLANE_PIXEL = {"XR24": 4, "NV12": 1}  # bytes


def camera(vm, api=SINGLE):
    """Showing a picture that does not change, small and not too slow."""
    vm.load("vivid", CAMERA + api)
    vm.check(f"v4l2-ctl -d {NODE} -c {STILL} -v width=320,height=180,pixelformat=XR24 "
             "-p 25; true")


def still_frame(vm, width, height, fourcc):
    """What the camera makes, in memory of the driver's own and without umm; does not change."""
    vm.check(f"v4l2-ctl -d {NODE} -c {STILL} -v width={width},height={height},pixelformat={fourcc} "
             "--stream-mmap --stream-count=1 --stream-to=/tmp/still.raw")
    frame, pixel = vm.check("cat /tmp/still.raw").out, FIRST_PLANE_PIXEL[fourcc]
    rows = [frame[y * width * pixel:(y + 1) * width * pixel] for y in range(height)]
    assert is_telling(rows, pixel), "pictures that are upside down or moved would pass for this one"
    return frame


def still(vm, width=640, height=480):
    """The same as a picture, to be compared with what a display shows."""
    return Picture.from_xrgb8888(width, height, still_frame(vm, width, height, "XR24"))


def reference(vm, fourcc):
    """The same as a sum, small."""
    return hashlib.md5(still_frame(vm, 320, 180, fourcc)).hexdigest()


def sums(vm, path):
    lines = vm.check(f"cat {path}").stdout.splitlines()
    return [line.split()[-1] for line in lines if not line.startswith("#")]


def edge_of(vm, path="/tmp/run.json"):
    return json.loads(vm.check(f"cat {path}").stdout)["edges"][0]


def frames_so_far(job):
    counts = re.findall(r" s, (\d+) frames", job.stderr)
    return int(counts[-1]) if counts else 0


def wait_for_frames(vm, job, number, timeout_s=180):
    """Until so many have gone through; the job must not end before."""
    vm.wait_until(lambda: frames_so_far(job) >= number or
                  job.line.pump(lambda: job.status is not None, 0.5), "no frames", timeout_s)
    assert frames_so_far(job) >= number, (job.status, job.stdout, job.stderr)


@case("camera")
def frames_reach_a_sink_unchanged_and_uncopied_from_every_heap(vm):
    for api, format, fourcc, heap in ((SINGLE, "NV12", "NV12", "udmabuf"),
                                      (MULTI, "XR24", "XR24", "system")):
        camera(vm, api)
        wanted = reference(vm, fourcc)
        vm.check(f"umm run --quiet --json=/tmp/run.json --heap {heap} --frames 30 "
                 f"v4l2:{NODE},format={format},size=320x180,rate=60 framemd5:/tmp/sums")
        assert sums(vm, "/tmp/sums") == [wanted] * 30, (api, format, heap)
        edge = edge_of(vm)
        assert (edge["heap"], edge["frames"], edge["copied_bytes"]) == (heap, 30, 0), edge
        assert edge["format"] == format and edge["planes"][0]["offset_bytes"] == 0, edge
    expect_nothing_left(vm)


@case("camera")
def without_a_word_on_it_the_first_camera_and_its_own_picture_are_taken(vm):
    camera(vm)
    job = vm.check("umm run --json=/tmp/run.json --frames 3 v4l2 null")
    assert "nothing copied" in job.stdout, job.stdout
    edge = edge_of(vm)
    assert (edge["format"], edge["width"], edge["height"]) == ("XR24", 320, 180), edge


@case("camera")
def pictures_of_the_multi_planar_api_are_right_too(vm):
    vm.load("vivid", CAMERA + MULTI)
    for test in ("frames_in_our_memory_are_those_the_driver_makes_in_its_own",
                 "a_picture_at_an_offset_of_its_buffer_is_refused_before_the_first_frame"):
        vm.check(f"vm-v4l2 {test}")
    camera(vm)


@case("camera")
def unplugged_camera_is_told_and_the_frames_so_far_are_kept(vm):
    camera(vm)
    wanted = reference(vm, "XR24")
    with vm.started(f"umm run v4l2:{NODE},format=XR24,rate=60 framemd5:/tmp/sums") as job:
        wait_for_frames(vm, job, 10)
        vm.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind")
        job.wait(120)
    assert job.status == 1, (job.status, job.stdout, job.stderr)
    said = re.findall(rf"umm: v4l2: v4l2:{NODE} was unplugged after (\d+) frames", job.stderr)
    assert len(said) == 1, job.stderr
    assert sums(vm, "/tmp/sums") == [wanted] * int(said[0])
    assert int(said[0]) >= 10, job.stderr
    expect_nothing_left(vm)
    vm.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/bind; test -c /dev/video0")


def run_into(vm, fault, ends):
    """Have the driver make a fault once frames flow. A run that it does not end is stopped later."""
    with vm.started(f"exec umm run v4l2:{NODE},format=XR24,rate=60 null") as job:
        wait_for_frames(vm, job, 5)
        vm.check(f"v4l2-ctl -d {NODE} -c {fault}=1")
        if not ends:
            wait_for_frames(vm, job, frames_so_far(job) + 30)
            job.kill(signal.SIGINT)
        job.wait(120)
    return job.status, job.stderr


@case("depth")
def faults_of_the_driver_are_told_by_name(vm):
    camera(vm)
    vm.check(f"v4l2-ctl -d {NODE} -c inject_vidioc_streamon_error=1")
    job = vm.run(f"umm run --quiet --frames 3 v4l2:{NODE},format=XR24 null")
    assert job.status == 1 and "does not start" in job.stderr, job.stderr
    status, said = run_into(vm, "inject_v4l2_buf_flag_error", False)
    assert status == 0 and "1 frames were broken and not shown" in said, said
    status, said = run_into(vm, "inject_fatal_streaming_error", True)
    assert status == 1 and "gives no more frames after" in said, said
    status, said = run_into(vm, "disconnect", True)
    assert status == 1 and "was unplugged after" in said, said
    vm.reload("vivid", CAMERA + SINGLE)
    expect_nothing_left(vm)


@case("camera")
def camera_that_somebody_else_has_is_refused(vm):
    camera(vm)
    with vm.started(f"v4l2-ctl -d {NODE} --stream-mmap --stream-count=10000 "
                    "--stream-to=/dev/null") as other:
        other.wait_for("<")  # its sign for a frame
        job = vm.run(f"umm run --quiet --frames 3 v4l2:{NODE} null")
    assert job.status == 1, job.stderr
    assert re.search(r"somebody else streams from it, end that program; it is open in "
                     r"v4l2-ctl \(\d+\)", job.stderr), job.stderr


def failures(vm):
    """What v4l2-compliance fails. Some it fails on any new kernel: it is older than that."""
    job = vm.run(f"v4l2-compliance -d {NODE}", timeout_s=300)
    total = re.search(r"Total for vivid device .*: (\d+), Succeeded: \d+, Failed: (\d+)", job.stdout)
    assert total, f"v4l2-compliance did not come to its end: {job.stdout[-300:]}{job.stderr[-300:]}"
    # Its children repeat what is in its buffer.
    failed = set(re.findall(r"^\ttest (.*): FAIL$", job.stdout, re.MULTILINE))
    assert len(failed) == int(total[2]) and int(total[1]) > 40, (sorted(failed), total[0])
    return failed


@case("camera")
def output_shows_the_frames_it_was_given(vm):
    """vivid's HDMI output, with a cable to its own input; of the multi-planar API. That of the other
    is looked at by cases_content.py."""
    vm.load("vivid", "n_devs=1 node_types=0x101 num_inputs=1 input_types=3 num_outputs=1 "
                     "output_types=1 allocators=0 " + MULTI)
    if vm.run(f"v4l2-ctl -d {NODE} -c hdmi_000_0_is_connected_to=2,osd_text_mode=2 && v4l2-ctl "
              f"-d {NODE} -v width=1280,height=720,pixelformat=XR24").status != 0:
        raise Skip("this vivid has no cable")
    with vm.started("exec umm run --json=/tmp/run.json test,size=1280x720,format=XR24,rate=8 "
                    "v4l2out:/dev/video1 + framemd5:/tmp/sent") as job:
        wait_for_frames(vm, job, 8)
        vm.check(f"umm run --quiet --frames 4 v4l2:{NODE},format=XR24,size=1280x720 "
                 "framemd5:/tmp/seen")
        job.kill(signal.SIGINT)
        job.wait(180)
    assert job.status == 0, (job.status, job.stderr)
    assert edge_of(vm)["copied_bytes"] == 0
    sent, seen = sums(vm, "/tmp/sent"), sums(vm, "/tmp/seen")
    assert len(seen) == 4 and set(seen) <= set(sent), (seen, len(sent))
    camera(vm)
    expect_nothing_left(vm)
