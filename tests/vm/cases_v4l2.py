# SPDX-License-Identifier: MIT
"""Cameras: vivid, which makes pictures that are known, by what it is told to show."""
import json
import re
import signal

from cases import Skip, case

SINGLE, MULTI = "multiplanar=1", "multiplanar=2"
CAMERA = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0 allocators=0 "
NODE = "/dev/video0"


def camera(vm, api=SINGLE):
    """Loaded anew, showing colour bars that do not change, small and not too slow."""
    vm.reload("vivid", CAMERA + api)
    vm.check(f"v4l2-ctl -d {NODE} -c osd_text_mode=2,test_pattern=0 && v4l2-ctl -d {NODE} "
             f"-v width=320,height=180,pixelformat=XR24 && v4l2-ctl -d {NODE} -p 25; true")


def reference(vm, fourcc):
    """The same picture by the driver's own memory and without umm, as a sum of its rows."""
    vm.check(f"v4l2-ctl -d {NODE} -v width=320,height=180,pixelformat={fourcc} && "
             f"v4l2-ctl -d {NODE} --stream-mmap --stream-count=1 --stream-to=/tmp/reference.raw")
    return vm.check("md5sum </tmp/reference.raw").stdout.split()[0]


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


def no_buffer_is_left(vm):
    vm.check("grep -q 'Total 0 objects' /sys/kernel/debug/dma_buf/bufinfo")


@case("camera")
def frames_reach_a_sink_unchanged_and_uncopied_from_every_heap(vm):
    for api, format, fourcc, heap in ((SINGLE, "NV12", "NV12", "udmabuf"),
                                      (MULTI, "XR24", "XR24", "system")):
        camera(vm, api)
        wanted = reference(vm, fourcc)
        vm.check(f"umm run --quiet --json=/tmp/run.json --heap {heap} --frames 30 "
                 f"v4l2:{NODE},format={format},size=320x180 framemd5:/tmp/sums")
        assert sums(vm, "/tmp/sums") == [wanted] * 30, (api, format, heap)
        edge = edge_of(vm)
        assert (edge["heap"], edge["frames"], edge["copied_bytes"]) == (heap, 30, 0), edge
        assert edge["format"] == format and edge["planes"][0]["offset_bytes"] == 0, edge
    no_buffer_is_left(vm)


@case("camera")
def without_a_word_on_it_the_first_camera_and_its_own_picture_are_taken(vm):
    camera(vm)
    job = vm.check("umm run --json=/tmp/run.json --frames 3 v4l2 null")
    assert "nothing copied" in job.stdout, job.stdout
    edge = edge_of(vm)
    assert (edge["format"], edge["width"], edge["height"]) == ("XR24", 320, 180), edge


@case("camera")
def pictures_of_the_multi_planar_api_are_right_too(vm):
    vm.reload("vivid", CAMERA + MULTI)
    for test in ("frames_in_our_memory_are_those_the_driver_makes_in_its_own",
                 "a_picture_at_an_offset_of_its_buffer_is_refused_before_the_first_frame"):
        vm.check(f"vm-v4l2 {test}")
    vm.reload("vivid", CAMERA + SINGLE)


@case("camera")
def unplugged_camera_is_told_and_the_frames_so_far_are_kept(vm):
    camera(vm)
    wanted = reference(vm, "XR24")
    with vm.started(f"umm run v4l2:{NODE},format=XR24 framemd5:/tmp/sums") as job:
        wait_for_frames(vm, job, 10)
        vm.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind")
        job.wait(120)
    assert job.status == 1, (job.status, job.stdout, job.stderr)
    said = re.findall(rf"umm: v4l2: v4l2:{NODE} was unplugged after (\d+) frames", job.stderr)
    assert len(said) == 1, job.stderr
    assert sums(vm, "/tmp/sums") == [wanted] * int(said[0])
    assert int(said[0]) >= 10, job.stderr
    no_buffer_is_left(vm)
    vm.check("echo vivid.0 >/sys/bus/platform/drivers/vivid/bind; test -c /dev/video0")


def run_into(vm, fault, ends):
    """Have the driver make a fault once frames flow. A run that it does not end is stopped later."""
    with vm.started(f"exec umm run v4l2:{NODE},format=XR24 null") as job:
        wait_for_frames(vm, job, 5)
        vm.check(f"v4l2-ctl -d {NODE} -c {fault}=1")
        if not ends:
            wait_for_frames(vm, job, frames_so_far(job) + 30)
            job.kill(signal.SIGINT)
        job.wait(120)
    return job.status, job.stderr


@case("camera")
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
    camera(vm)
    no_buffer_is_left(vm)


@case("camera")
def camera_that_somebody_else_has_is_refused(vm):
    camera(vm)
    with vm.started(f"v4l2-ctl -d {NODE} --stream-mmap --stream-count=10000 "
                    "--stream-to=/dev/null") as other:
        other.wait_for("<")  # its sign for a frame
        job = vm.run(f"umm run --quiet --frames 3 v4l2:{NODE} null")
    assert job.status == 1 and "somebody else streams from it" in job.stderr, job.stderr


def growth(vm):
    """Fds, mappings, and memory in KiB of each stage."""
    return [[int(number) for number in vm.check(
        f"pid=$(pgrep -x {name}) && ls /proc/$pid/fd | wc -l && wc -l </proc/$pid/maps && "
        "grep VmRSS /proc/$pid/status | tr -dc 0-9").stdout.split()] for name in ("v4l2", "null")]


@case("camera")
def many_frames_take_no_more_memory_than_few(vm):
    """10,000 of them take minutes under emulation: cases_long.py."""
    frames = 400
    camera(vm)
    with vm.started(f"exec umm run --json=/tmp/run.json v4l2:{NODE},format=YUYV,size=320x180,rate=60 "
                    "null,touch=1") as job:
        wait_for_frames(vm, job, 50)
        early = growth(vm)
        wait_for_frames(vm, job, frames)
        late = growth(vm)
        job.kill(signal.SIGINT)
        job.wait(120)
    assert job.status == 0, job.stderr
    edge = edge_of(vm)
    assert edge["frames"] >= frames and edge["copied_bytes"] == 0, edge
    for before, after in zip(early, late):
        assert after[:2] == before[:2], (early, late)
        assert after[2] <= before[2] + 256, (early, late)
    no_buffer_is_left(vm)


def verdict(vm):
    """What v4l2-compliance counts: (tests, failed)."""
    job = vm.run(f"v4l2-compliance -d {NODE}", timeout_s=180)
    total = re.search(r"Total for vivid device .*: (\d+), Succeeded: \d+, Failed: (\d+)",
                      job.stdout)
    if not total:
        raise Skip(f"v4l2-compliance says nothing: {job.stdout[-300:]}{job.stderr[-300:]}")
    return total.groups()


@case("camera")
def output_shows_the_frames_it_was_given(vm):
    """vivid's HDMI output, with a cable to its own input; of the multi-planar API. That of the other
    is looked at by cases_content.py."""
    vm.reload("vivid", "n_devs=1 node_types=0x101 num_inputs=1 input_types=3 num_outputs=1 "
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
    no_buffer_is_left(vm)
