# SPDX-License-Identifier: MIT
"""A disk driven from user space: what it reads by DMA is what the display shows.

On Debian's kernel it is opened by its group, on the lab's by its own node and iommufd.
"""
import contextlib
import json
import os
import random
import re
import signal

from cases import Skip, case
from cases_kms import HELD
from cases_v4l2 import wait_for_frames
from left import expect_nothing_left
from picture import Picture
from stages import RUN, pids
from untouched import carried_bytes, need_strace, opened, trace, untouchable

ADDRESS = "0000:00:10.0"
SIZE = (640, 480)
FRAMES = 4
FRAME_BYTES = SIZE[0] * SIZE[1] * 4


def camera(vm, kind, *words):
    program = os.path.join(vm.build, "examples", "nvme-camera", "nvme-camera")
    if not os.path.exists(program):
        raise Skip("built without examples")
    return ",".join((f"exec:{program}", f"device={kind}:{ADDRESS}", f"size={SIZE[0]}x{SIZE[1]}", *words))


def bind(vm, driver="vfio-pci"):
    """The disk belongs to that driver."""
    vm.check(f"modprobe {driver} && cd /sys/bus/pci && "
             f"echo {driver} >devices/{ADDRESS}/driver_override && "
             f"if ! test -e devices/{ADDRESS}/driver; then echo {ADDRESS} >drivers_probe; fi && "
             f"test -e drivers/{driver}/{ADDRESS}")


@contextlib.contextmanager
def bound_to_uio(vm):
    bind(vm, "uio_pci_generic")
    try:
        yield
    finally:
        vm.check(f"cd /sys/bus/pci && echo {ADDRESS} >drivers/uio_pci_generic/unbind && "
                 f"echo >devices/{ADDRESS}/driver_override")


def is_master(vm):
    """Does the disk's command register let it access memory?"""
    command = vm.check(f"od -An -j4 -N2 -tu2 /sys/bus/pci/devices/{ADDRESS}/config").stdout
    return bool(int(command) & 4)


def way(vm):
    """To its IOMMU."""
    return "iommufd" if vm.options.kernel == "lab" else "group"


def frames_of(vm, seed, different=FRAMES, times=1):
    """Frames that nobody can guess, on the disk, again and again; the last of them."""
    noise = random.Random(seed)
    frames = [noise.randbytes(FRAME_BYTES) for _ in range(different)] * times
    with open(vm.disk, "r+b") as disk:
        disk.write(b"".join(frames))
    return Picture.from_xrgb8888(*SIZE, frames[-1])


def mappings(vm, pid):
    """Permissions of what a process maps of the pool."""
    return [line.split()[1] for line in vm.check(f"cat /proc/{pid}/maps").stdout.splitlines()
            if "edge0" in line or "dmabuf" in line]


def expect_untouchable(vm, who):
    """No process of the pipeline has a mapping of the frames that a CPU could use."""
    mapped = {name: mappings(vm, pid) for name, pid in who.items()}
    assert mapped["nvme-camera"], mapped
    assert all(mode == "---s" for modes in mapped.values() for mode in modes), mapped


def expect_shown(vm, command, wanted, **environment):
    """A frame held is the one wanted."""
    with vm.started(command, **environment) as job:
        job.wait_for(HELD, timeout_s=120)
        difference = vm.screendump().difference(wanted)
        assert difference is None, difference
    expect_nothing_left(vm)


@case("vfio", "lab-iommu")
def frames_of_a_disk_are_shown_exactly(vm):
    bind(vm)
    wanted = frames_of(vm, 1)
    expect_shown(vm, f"umm run --frames={FRAMES} {camera(vm, 'vfio')} kms:,hold=300", wanted)


@case("vfio", "lab-iommu")
def no_cpu_can_touch_the_frames_on_their_way(vm):
    """How it is proved, beside umm's own count. No process of the pipeline, the runner included, has
    a mapping of the frames that it may read or write: /proc says so before and after, and between
    these strace sees nobody make one, or make one usable. (The driver's own is closed as soon as its
    pages are pinned; those of the dma-bufs untouchable.c keeps from ever being open.) So bytes could
    only come by calls: all those that carry any carry less than one frame while several pass. Who
    touched a frame nevertheless would be dead. The frames are shown all the same."""
    need_strace(vm)
    bind(vm)
    wanted = frames_of(vm, 2, 1, (vm.options.nvme_mb << 20) // FRAME_BYTES)
    with vm.started(f"{RUN} --json=/tmp/run.json {camera(vm, 'vfio', 'rate=1/2')} kms:",
                    **untouchable(vm)) as job:
        wait_for_frames(vm, job, 1)
        who = pids(vm, job)
        expect_untouchable(vm, who)
        traced = trace(vm, job, list(who.values()), 2)
        expect_untouchable(vm, who)
        difference = vm.screendump().difference(wanted)
        job.kill(signal.SIGINT)
        job.wait(60)
    assert job.status == 0 and difference is None, (job.stderr, difference)
    assert not opened(traced), opened(traced)
    assert carried_bytes(traced) < FRAME_BYTES, carried_bytes(traced)
    edges = json.loads(vm.check("cat /tmp/run.json").stdout)["edges"]
    assert [edge["copied_bytes"] for edge in edges] == [0] and edges[0]["frames"] >= 3, edges
    expect_nothing_left(vm)


def stray(vm, device):
    """What has become of memory that the disk was aimed at, and the pages that are nobody's target."""
    if not os.path.exists(os.path.join(vm.build, "tests", "vm", "stray")):
        raise Skip("built without examples")
    said = vm.check(f"stray {device}").stdout
    return dict(re.findall(r"^(.*): status \d+, (\w+)$", said, re.M)), \
        re.findall(r"^bystander at (0x\w+)$", said, re.M)  # QEMU says status 0 in any case


STRAYS = ("never mapped", "no longer mapped", "mapped for reading")


@case("vfio", "lab-iommu")
def access_outside_the_mapping_changes_nothing_and_is_reported(vm):
    """It is aimed at pages of this machine's RAM: the next case shows what happens without IOMMU."""
    bind(vm)
    frames_of(vm, 3)
    vm.expect_dmesg(r"DMAR:.*[Ff]ault")
    vm.new_dmesg()
    memory, bystander = stray(vm, f"vfio:{ADDRESS}")
    assert memory == {"mapped": "changed"} | {what: "unchanged" for what in STRAYS}, memory
    faults = vm.wait_for_dmesg(r"DMAR:.*DMA Write.*fault addr", len(STRAYS))
    assert any(f"fault addr {page} " in line for line in faults for page in bystander), \
        (bystander, faults)
    assert all("00:10.0" in line for line in faults), faults


@case("cirrus")
def without_an_iommu_the_same_access_changes_what_is_there(vm):
    """Otherwise it would prove nothing that an IOMMU keeps it from that."""
    frames_of(vm, 3)
    memory, bystander = stray(vm, f"uio:{ADDRESS}")
    assert memory == {what: "changed" for what in ("mapped",) + STRAYS}, memory
    assert len(set(bystander)) == 16 and all(int(page, 16) < vm.options.memory_mb << 20
                                            for page in bystander), bystander


def interrupts(vm):
    """How often the disk has sent its first message."""
    lines = [line.split() for line in vm.check("cat /proc/interrupts").stdout.splitlines()
             if f"vfio-msix[0]({ADDRESS})" in line]
    return sum(int(word) for line in lines for word in line[1:3])


@case("vfio", "lab-iommu")
def driver_sleeps_until_the_disk_interrupts(vm):
    bind(vm)
    frames_of(vm, 9)
    assert interrupts(vm) == 0
    with vm.started(f"umm run {camera(vm, 'vfio', 'rate=2')} null") as job:
        job.wait_for("frames/s", timeout_s=120)
        first = interrupts(vm)
        vm.wait_until(lambda: interrupts(vm) > first > 0, "the disk is silent")
    vm.wait_until(lambda: interrupts(vm) == 0, "somebody listens to it still")


@case("vfio", "lab-iommu")
def driver_that_is_killed_leaves_nothing(vm):
    bind(vm)
    wanted = frames_of(vm, 4)
    with vm.started(f"umm run {camera(vm, 'vfio', 'rate=1')} kms:") as job:
        job.wait_for("frames/s", timeout_s=120)
        vm.check("pkill -KILL -x nvme-camera")
        job.wait(60)
    assert "killed by signal 9" in job.stderr, job.stderr
    expect_nothing_left(vm)
    expect_shown(vm, f"umm run --frames={FRAMES} {camera(vm, 'vfio')} kms:,hold=300", wanted)


@case("vfio", "lab-iommu")
def device_that_another_program_drives_is_named(vm):
    bind(vm)
    with vm.started(f"umm run {camera(vm, 'vfio', 'rate=1')} null") as job:
        job.wait_for("frames/s", timeout_s=120)
        second = vm.run(f"umm run {camera(vm, 'vfio')} null")
    assert second.status == 1, second.stdout
    step = {"group": "its group's node in /dev/vfio", "iommufd": "VFIO_DEVICE_BIND_IOMMUFD"}[way(vm)]
    assert f"{ADDRESS}: {step}: another program drives it" in second.stderr, second.stderr
    assert re.search(r"it is open in [\w-]+ \(\d+\)", second.stderr), second.stderr


@case("vfio")
def device_of_no_driver_is_refused_with_the_way_out(vm):
    bind(vm)
    vm.check(f"echo {ADDRESS} >/sys/bus/pci/drivers/vfio-pci/unbind")
    job = vm.run(f"umm run {camera(vm, 'vfio')} null")
    assert job.status == 1 and "no driver has it; write vfio-pci to its driver_override" \
        in job.stderr, job.stderr
    job = vm.run(f"umm run {camera(vm, 'uio')} null")
    assert job.status == 1 and f"an IOMMU translates its addresses: use vfio:{ADDRESS}" \
        in job.stderr, job.stderr
    bind(vm)


@case("vfio", "lab-iommu")
def probe_tells_what_the_iommu_states_and_who_says_so(vm):
    bind(vm)
    said = vm.check("umm probe").stdout
    assert f"vfio:{ADDRESS}" in said, said
    reason, source = {
        "group": ("its own node in /dev/vfio/devices: No such file or directory",
                  "VFIO_IOMMU_GET_INFO, IOVA ranges"),
        "iommufd": ("its own node and /dev/iommu can be opened", "IOMMU_IOAS_IOVA_RANGES"),
    }[way(vm)]
    for fact in ("memory.iommu: true (sysfs: it is in an IOMMU group)",
                 f"vfio.iommu: {way(vm)} ({reason})",
                 f"vfio.addresses: 0x0-0xfedfffff, 0xfef00000-0x7fffffffff (driver: {source})",
                 "memory.imports: [\"memfd\","):
        assert fact in said, said


@case("lab-iommu")
def the_group_is_taken_by_wish_and_where_its_own_node_is_not_to_be_had(vm):
    bind(vm)
    wanted = frames_of(vm, 6)
    expect_shown(vm, f"umm run --frames={FRAMES} {camera(vm, 'vfio', 'iommu=group')} kms:,hold=300",
                 wanted)
    vm.check("mv /dev/iommu /dev/iommu.away")
    try:
        said = vm.check("umm probe").stdout
        assert "vfio.iommu: group (/dev/iommu: No such file or directory)" in said, said
        expect_shown(vm, f"umm run --frames={FRAMES} {camera(vm, 'vfio')} kms:,hold=300", wanted)
        job = vm.run(f"umm run {camera(vm, 'vfio', 'iommu=iommufd')} null")
        assert job.status == 1 and "iommu=iommufd: /dev/iommu: No such file" in job.stderr, job.stderr
    finally:
        vm.check("mv /dev/iommu.away /dev/iommu")


@case("lab-iommu")
def who_has_it_one_way_has_it_the_other_way_too(vm):
    bind(vm)
    for first, second in (("group", "iommufd"), ("iommufd", "group")):
        with vm.started(f"umm run {camera(vm, 'vfio', 'rate=1', f'iommu={first}')} null") as job:
            job.wait_for("frames/s", timeout_s=120)
            other = vm.run(f"umm run {camera(vm, 'vfio', f'iommu={second}')} null")
        assert other.status == 1 and "another program drives it" in other.stderr, other.stderr
    job = vm.run(f"umm run {camera(vm, 'vfio', 'iommu=magic')} null")
    assert job.status == 1 and "iommu=magic: it is group or iommufd" in job.stderr, job.stderr


@case("cirrus")
def without_an_iommu_physical_addresses_do(vm):
    vm.check("! test -e /sys/bus/pci/devices/" + ADDRESS + "/driver")
    wanted = frames_of(vm, 5)
    expect_shown(vm, f"umm run --guard --frames={FRAMES} {camera(vm, 'uio')} kms:,hold=300", wanted)
    job = vm.run(f"umm run {camera(vm, 'vfio')} null")
    assert job.status == 1 and "it is behind no IOMMU that is switched on" in job.stderr, job.stderr


@case("cirrus")
def bound_to_uio_pci_generic_the_disk_is_driven_by_physical_addresses(vm):
    wanted = frames_of(vm, 7)
    with bound_to_uio(vm):
        said = vm.check("umm probe").stdout
        assert f"uio:{ADDRESS}" in said and \
            "driver: uio_pci_generic (sysfs: which driver is bound)" in said, said
        expect_shown(vm, f"umm run --guard --frames={FRAMES} {camera(vm, 'uio')} kms:,hold=300",
                     wanted)
        job = vm.run(f"umm run {camera(vm, 'uio', 'iommu=group')} null")
        assert job.status == 1 and "iommu=group: there is none on its way" in job.stderr, job.stderr


@case("depth")
def driver_that_is_killed_leaves_a_disk_that_can_access_memory_no_more(vm):
    """By uio_pci_generic: it is told that the process is gone. Who only looks changes nothing."""
    wanted = frames_of(vm, 8)
    with bound_to_uio(vm):
        with vm.started(f"umm run {camera(vm, 'uio', 'rate=1')} kms:") as job:
            job.wait_for("frames/s", timeout_s=120)
            vm.check("umm probe")
            assert is_master(vm)
            vm.check("pkill -KILL -x nvme-camera")
            job.wait(60)
        assert "killed by signal 9" in job.stderr, job.stderr
        assert not is_master(vm)
        expect_nothing_left(vm)
        expect_shown(vm, f"umm run --frames={FRAMES} {camera(vm, 'uio')} kms:,hold=300", wanted)


@case("cirrus")
def pages_that_may_move_are_not_for_physical_addresses(vm):
    job = vm.run(f"umm run --heap=memfd {camera(vm, 'uio')} null")
    assert job.status == 1 and "memory.imports" in job.stderr, job.stderr
