# SPDX-License-Identifier: MIT
"""Rough handling: what takes devices away, breaks calls off, and asks for more than there is."""
import os

from cases import case
from cases_kms import expect_nothing_left
from cases_v4l2 import NODE, camera, reference, sums, wait_for_frames

SIZE = "640x480"


def no_umm(vm):
    vm.check("until ! pgrep -x 'umm|kms|test|v4l2' >/dev/null; do sleep 0.1; done", timeout_s=60)


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
    no_umm(vm)
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
        no_umm(vm)
        expect_nothing_left(vm)
    finally:
        vm.check(f"echo {slot} >/sys/bus/pci/drivers/{driver}/bind; "
                 "until test -e /dev/dri/card0; do sleep 0.1; done", timeout_s=60)


@case("cirrus")
def storm_of_signals_changes_nothing_but_the_time_it_takes(vm):
    camera(vm)
    wanted = reference(vm, "XR24")
    storm = os.path.join(vm.build, "tests", "vm", "storm.so")
    vm.check("rm -f /tmp/storm.log")
    vm.check(f"umm run --quiet --no-cache --heap system --frames 6 "
             f"v4l2:{NODE},format=XR24,size=320x180 framemd5:/tmp/sums",
             LD_PRELOAD=storm, STORM_LOG="/tmp/storm.log")
    assert sums(vm, "/tmp/sums") == [wanted] * 6
    vm.check(f"umm run --quiet --no-cache --frames 6 test,size={SIZE} kms:",
             LD_PRELOAD=storm, STORM_LOG="/tmp/storm.log")
    broken = [int(line) for line in vm.check("cat /tmp/storm.log").stdout.split()]
    assert sum(broken) > 200, broken
    expect_nothing_left(vm)


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
