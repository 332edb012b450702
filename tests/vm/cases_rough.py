# SPDX-License-Identifier: MIT
"""Rough handling: what takes devices away, breaks calls off, and asks for more than there is."""
import collections
import os

from cases import case
from cases_gl import need_gl
from cases_kms import FRAMES, drawn_outside, expect_shown
from cases_m2m import converter
from cases_v4l2 import NODE, camera, reference, sums, wait_for_frames
from cases_vfio import FRAMES as DISK_FRAMES, bind, camera as disk, frames_of
from left import expect_nothing_left

SIZE = "640x480"


@case("cirrus")
def display_that_somebody_else_takes_is_named_and_let_go(vm):
    with vm.started(f"umm run --seconds=300 test,size={SIZE},rate=10 kms:") as job:
        wait_for_frames(vm, job, 5)
        with vm.started("exec take-display /dev/dri/card0 $(pgrep -x kms)") as other:
            other.wait_for("taken")
            job.wait(120)
    assert job.status == 1, (job.status, job.stderr)
    assert "umm: kms: kms:/dev/dri/card0: does not show a frame after" in job.stderr, job.stderr
    assert "frames: another program has taken the display" in job.stderr, job.stderr
    expect_nothing_left(vm)


@case("cirrus")
def display_that_is_unplugged_is_told(vm):
    driver = os.path.basename(vm.check("readlink /sys/class/drm/card0/device/driver").stdout.strip())
    slot = os.path.basename(vm.check("readlink /sys/class/drm/card0/device").stdout.strip())
    try:
        with vm.started(f"umm run --seconds=300 test,size={SIZE},rate=10 kms:") as job:
            wait_for_frames(vm, job, 5)
            vm.check(f"echo {slot} >/sys/bus/pci/drivers/{driver}/unbind")
            job.wait(120)
        assert job.status == 1, (job.status, job.stderr)
        assert "umm: kms: kms:/dev/dri/card0 was unplugged after" in job.stderr, job.stderr
        expect_nothing_left(vm)
    finally:
        vm.check(f"echo {slot} >/sys/bus/pci/drivers/{driver}/bind; "
                 "until test -e /dev/dri/card0; do sleep 0.1; done", timeout_s=60)


STORM_LOG = "/tmp/storm.log"


def storm(vm):
    """The environment of a run whose calls are broken off, each process's own."""
    vm.check(f"rm -f {STORM_LOG}")
    return {"LD_PRELOAD": os.path.join(vm.build, "tests", "vm", "storm.so"), "STORM_LOG": STORM_LOG}


def expect_broken(vm, **least):
    """So many calls of each stage were broken off."""
    broken = collections.Counter()
    for line in vm.check(f"cat {STORM_LOG}").stdout.splitlines():
        name, calls = line.split()
        broken[name] += int(calls)
    print(f"# calls broken off: {dict(broken)}")
    assert all(broken[name.replace("_", "-")] >= calls for name, calls in least.items()), (broken, least)


@case("cirrus")
def storm_of_signals_changes_nothing_but_the_time_it_takes(vm):
    camera(vm)
    wanted = reference(vm, "XR24")
    vm.check(f"umm run --quiet --no-cache --heap system --frames 6 "
             f"v4l2:{NODE},format=XR24,size=320x180 framemd5:/tmp/sums", **storm(vm))
    assert sums(vm, "/tmp/sums") == [wanted] * 6
    expect_broken(vm, v4l2=50)
    wanted = drawn_outside(vm, SIZE, FRAMES - 1)
    expect_shown(vm, f"umm run --no-cache --frames={FRAMES} test,size={SIZE},format=XR24 "
                     "kms:,hold=300", wanted, **storm(vm))
    expect_broken(vm, test=20, kms=50)


@case("lab")
def storm_of_signals_does_not_reach_what_a_converter_makes(vm):
    pipeline = f"test,size={SIZE},format=RG24 m2m:{converter(vm)},format=RG24 framemd5:/tmp/"
    vm.check(f"umm run --quiet --frames={FRAMES} {pipeline}wanted")
    vm.check(f"umm run --quiet --no-cache --frames={FRAMES} {pipeline}sums", **storm(vm))
    assert sums(vm, "/tmp/sums") == sums(vm, "/tmp/wanted") and len(sums(vm, "/tmp/sums")) == FRAMES
    expect_broken(vm, m2m=50)
    expect_nothing_left(vm)


@case("depth-virtio")
def storm_of_signals_does_not_reach_what_a_gpu_draws(vm):
    need_gl(vm)
    wanted = drawn_outside(vm, SIZE, FRAMES - 1)
    expect_shown(vm, f"umm run --no-cache --frames={FRAMES} test,size={SIZE},format=XR24 gl "
                     "kms:,hold=300", wanted, **storm(vm))
    expect_broken(vm, test=10, gl=50, kms=50)


@case("lab-iommu")
def storm_of_signals_does_not_reach_what_a_disk_reads(vm):
    bind(vm)
    wanted = frames_of(vm, 10)
    for iommu in ("group", "iommufd"):
        expect_shown(vm, f"umm run --no-cache --frames={DISK_FRAMES} "
                         f"{disk(vm, 'vfio', f'iommu={iommu}')} kms:,hold=300", wanted, **storm(vm))
        expect_broken(vm, nvme_camera=30, kms=50)


@case("cirrus")
def more_than_the_machine_has_is_refused_by_every_heap(vm):
    """The system heap of 6.12 has no bound of its own: one such request took a machine down."""
    for heap in ("udmabuf", "system"):
        job = vm.run(f"umm run --frames 1 --heap {heap} test,size=16384x16384,format=XR24 null")
        assert job.status == 1, (heap, job.stdout)
        assert f"heap {heap} would have to give" in job.stderr or "no memory that all can use" \
            in job.stderr, (heap, job.stderr)
    expect_nothing_left(vm)
    vm.check(f"umm run --quiet --frames 2 test,size={SIZE} null")
