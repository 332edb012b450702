# SPDX-License-Identifier: MIT
"""SIGKILL of each stage that drives a device or lives beside one, while frames flow: the runner
names who died and ends, all processes and dma-bufs are gone, and the next run finds the machine as
it was. (m2m: cases_m2m.py; a driver in user space: cases_vfio.py; without devices: tests/e2e/kill.c.)
"""
import re

from cases import case
from cases_gl import need_gl
from cases_v4l2 import NODE, SINGLE, edge_of
from cases_whole import CLIP
from left import BUFFERS, expect_nothing_left
from stages import RUN, pids

SIZE = "640x480"  # a mode of every display
THERE_ARE_BUFFERS = f"grep -q 'Total [1-9]' {BUFFERS}"
# Of whatever name.
NONE_OF_OURS = "while readlink /proc/[0-9]*/exe | grep -q '/cli/umm$'; do sleep 0.1; done"
CAMERA = f"v4l2:{NODE},format=XR24,size={SIZE} kms:"


def kill(vm, name, pipeline, timeout_s=120):
    """Run it, kill that stage of it when a frame has come through dma-bufs, look at what is told."""
    with vm.started(f"{RUN} --seconds=300 {pipeline}") as job:
        job.wait_for("frames/s", timeout_s)
        vm.check(THERE_ARE_BUFFERS)
        pid = pids(vm, job)[name]
        vm.check(f"kill -KILL {pid}")
        job.wait(60)
    told = re.findall(r"^umm: (\S+) \(pid (\d+)\) was killed by signal (\d+)", job.stderr, re.M)
    assert job.status == 1 and told == [(name, pid, "9")], (name, pid, job.status, job.stderr)
    expect_nothing_left(vm)


def expect_a_good_run(vm, pipeline):
    """As if nobody had died."""
    vm.check(f"umm run --quiet --frames=2 --json=/tmp/run.json {pipeline}")
    edge = edge_of(vm)
    assert (edge["frames"], edge["copied_bytes"]) == (2, 0), edge


@case("camera")
def camera_display_and_output_that_are_killed_are_named_and_leave_nothing(vm):
    """The camera that it leaves to others is the usual one, and an output."""
    vm.reload("vivid", "n_devs=1 node_types=0x101 num_inputs=1 input_types=0 num_outputs=1 "
                       "output_types=1 allocators=0 " + SINGLE)
    kill(vm, "v4l2", CAMERA)
    kill(vm, "kms", CAMERA)
    kill(vm, "v4l2out", "test,size=1280x720,format=XR24 v4l2out:/dev/video1")
    expect_a_good_run(vm, CAMERA)


@case("depth")
def film_layout_and_file_that_are_killed_are_named_and_leave_nothing(vm):
    kill(vm, "file", f"--heap=udmabuf 'file:{CLIP}' null")
    kill(vm, "compose", f"test,size=64x64 compose,size={SIZE},format=XR24 kms:")
    kill(vm, "png", "--heap=udmabuf test,size=64x64,rate=30 png:/tmp/killed")


@case("cirrus")
def runner_that_is_killed_takes_its_stages_along(vm):
    """Nobody ends them but themselves: the shell that started the runner waits for them."""
    with vm.started(f"umm run --seconds=300 test,size={SIZE} kms:; echo ended: $?; {NONE_OF_OURS}") as job:
        job.wait_for("frames/s")
        vm.check(f"{THERE_ARE_BUFFERS} && pkill -KILL -o -x umm")
        job.wait(60)
    assert job.stdout.endswith(f"ended: {128 + 9}\n") and job.status == 0, (job.status, job.stdout)
    expect_nothing_left(vm)
    for name in ("test", "kms"):
        assert f"umm: {name}: the runner has died, ending" in job.stderr, job.stderr
    expect_a_good_run(vm, f"test,size={SIZE} kms:")


@case("depth-virtio")
def shader_that_is_killed_is_named_and_leaves_nothing(vm):
    need_gl(vm)
    kill(vm, "gl", f"test,size={SIZE},format=XR24 gl: null", timeout_s=400)
