# SPDX-License-Identifier: MIT
"""What needs the lab kernel: contiguous memory, how it runs out, and a display made of nothing."""
import contextlib
import json
import re
import zlib

from cases import case
from cases_heaps import checksums, heaps
from cases_kms import FRAMES, HELD, drawn_outside
from cases_m2m import converter
from cases_v4l2 import frames_so_far, wait_for_frames
from left import BUFFERS, expect_nothing_left
from picture import Picture

AREA = "/sys/kernel/debug/cma/reserved"
AREA_MB = 48  # of boots.py
MIB = 1 << 20
# Squares, each row of them another.
STILL = ("v4l2-ctl -d /dev/video0 -c osd_text_mode=2,test_pattern=4 && "
         "v4l2-ctl -d /dev/video0 -v width=1280,height=720,pixelformat=XR24")


def camera_picture(vm):
    """One that does not change and is no mirror image; as the driver makes it in memory of its
    own."""
    vm.check(f"{STILL} && v4l2-ctl -d /dev/video0 --stream-mmap --stream-count=1 "
             "--stream-to=/tmp/still.raw")
    picture = Picture.from_xrgb8888(1280, 720, vm.check("cat /tmp/still.raw").out)
    rows = [picture.pixels[at:at + 3 * 1280] for at in range(0, len(picture.pixels), 3 * 1280)]
    mirrored = [b"".join(row[at:at + 3] for at in range(3 * 1279, -1, -3)) for row in rows]
    assert rows != rows[::-1] and rows != mirrored, "upside down it would be the same"
    return picture


def exporters(vm):
    """Whose dma-bufs are there now, by what the kernel calls him."""
    lines = vm.check(f"cat {BUFFERS}").stdout.splitlines()
    return sorted({line.split()[4] for line in lines if re.match(r"\d{8}\s", line)})


def hold_camera(vm, wanted, **environment):
    """The user's command, and a frame held to be looked at; whose memory it was, what was said."""
    with vm.started(f"umm run --frames={FRAMES} v4l2:/dev/video0 kms:,hold=300",
                    **environment) as job:
        job.wait_for(HELD, timeout_s=180)
        found = exporters(vm)
        difference = vm.screendump().difference(wanted)
        assert difference is None, difference
    return found, job.stderr


def show_camera(vm, wanted, **environment):
    """The same where nobody else has a dma-buf: none is left behind."""
    shown = hold_camera(vm, wanted, **environment)
    expect_nothing_left(vm)
    return shown


@contextlib.contextmanager
def script(vm, text, ready):
    """A program in Python that runs inside until the end; yields what it has said when it is
    ready."""
    vm.check("cat >/tmp/script.py <<'end'\n" + text + "end")
    with vm.started("exec python3 /tmp/script.py") as job:
        job.wait_for(ready)
        yield job.stdout


def taken_bytes(vm):
    return 4096 * int(vm.check(f"cat {AREA}/used").stdout)


@contextlib.contextmanager
def area_left_with(vm, left_bytes):
    """Somebody else has all of the contiguous area but so much."""
    pages = (AREA_MB * MIB - left_bytes) // 4096
    vm.check(f"echo {pages} >{AREA}/alloc")
    try:
        assert taken_bytes(vm) == pages * 4096
        yield
    finally:
        vm.check(f"echo {pages} >{AREA}/free")
        assert taken_bytes(vm) == 0


@case("lab")
def camera_that_needs_runs_gets_them_from_the_contiguous_area(vm):
    wanted = camera_picture(vm)
    found, said = show_camera(vm, wanted, XDG_CACHE_HOME="/tmp/contiguous")
    assert found == ["reserved"], (found, said)
    assert "v4l2 cannot attach memory of heap udmabuf: /dev/video0 (vivid)" in said, said
    assert "without an IOMMU it needs one contiguous run" in said, said
    assert taken_bytes(vm) == 0
    found, said = show_camera(vm, wanted, XDG_CACHE_HOME="/tmp/contiguous")
    assert found == ["reserved"] and "cannot attach" not in said, said  # learned


@case("lab")
def the_arena_is_the_contiguous_area(vm):
    arena = heaps(vm)["arena"]
    assert arena["contiguous"] and arena["class"] == "dma_heap", arena
    assert "memory of /dev/dma_heap/reserved" in arena["source"], arena
    assert checksums(vm, "arena") == checksums(vm, "memfd")
    assert taken_bytes(vm) == 0
    with area_left_with(vm, MIB // 4):
        job = vm.run("umm run test,size=320x240,format=XR24 null --heap arena --frames 1")
        assert job.status != 0 and "heap arena" in job.stderr, job.stderr


@case("lab")
def where_the_area_is_full_the_camera_brings_its_own_memory(vm):
    wanted = camera_picture(vm)
    with area_left_with(vm, MIB):
        found, said = show_camera(vm, wanted)
    assert found and "reserved" not in found, (found, said)


@case("lab")
def full_area_is_named_with_what_was_wanted_of_it_and_what_it_has(vm):
    with area_left_with(vm, MIB):
        job = vm.run("umm run --heap=reserved --frames=1 test,size=1024x768,format=XR24 null")
        assert job.status == 1, job.stdout
        assert "heap reserved would have to give 3 x 3145728 bytes and has 1048576" in job.stderr, \
            job.stderr
        assert taken_bytes(vm) == (AREA_MB - 1) * MIB
    expect_nothing_left(vm)


# Takes the area in pieces of 1 MiB, lets go of every other one, and waits.
HOLES = """
import fcntl, os, struct, sys, time
heap = os.open("/dev/dma_heap/reserved", os.O_RDONLY)
held = []
try:
    while True:
        request = bytearray(struct.pack("<QIIQ", 1 << 20, 0, os.O_RDWR | os.O_CLOEXEC, 0))
        fcntl.ioctl(heap, 0xc0184800, request)
        held.append(struct.unpack_from("<I", request, 8)[0])
except OSError:
    pass
for fd in held[::2]:
    os.close(fd)
print(f"holding {len(held) // 2} of {len(held)}", flush=True)
time.sleep(1000)
"""


@case("lab")
def area_without_a_run_left_is_told_and_the_search_goes_on(vm):
    """Enough is free, but nowhere in one piece: the kernel alone knows, when it is asked."""
    with script(vm, HOLES, "holding") as said:
        before = taken_bytes(vm)
        assert 16 * MIB < before < 32 * MIB, said
        job = vm.run("umm run --heap=reserved --frames=1 test,size=1024x768,format=XR24 null")
        assert job.status == 1, job.stdout
        assert "heap reserved failed to give 3 x 3145728 bytes: Cannot allocate memory" in \
            job.stderr, job.stderr
        assert taken_bytes(vm) == before
        _, said = hold_camera(vm, camera_picture(vm))
        assert "heap reserved failed to give 5 x 3686400 bytes" in said, said
        assert taken_bytes(vm) == before
    expect_nothing_left(vm)
    vm.wait_until(lambda: taken_bytes(vm) == 0, "the area is not given back")


# Fills ordinary memory until little of the area is free, and stays.
MOVABLE = """
import mmap, re, time
def kib(name): return int(re.search(name + ": *(\\d+)", open("/proc/meminfo").read())[1])
held, page = [], b"x" * (1 << 20)
while kib("CmaFree") > 32768 and kib("MemAvailable") > 49152:
    held.append(mmap.mmap(-1, 1 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    held[-1].write(page)
print(f"free {kib('CmaFree')} after {len(held)}", flush=True)
time.sleep(1000)
"""


@case("lab")
def pages_of_programs_leave_the_area_when_it_is_wanted(vm):
    """CmaFree is small on any machine that is in use; the heap is as large as ever."""
    with script(vm, MOVABLE, "free ") as said:
        free_kib = int(re.search(r"free (\d+)", said)[1])
        assert free_kib <= 32768, said
        job = vm.check("umm run --heap=reserved --frames=2 --buffers=12 "
                       "test,size=1024x768,format=XR24 null,touch=1")
        assert "reserved" in job.stdout, job.stdout
    expect_nothing_left(vm)


def heap(vm, name):
    heaps = json.loads(vm.check("umm probe --json").stdout)["heaps"]
    return [heap for heap in heaps if heap["name"] == name][0]


@case("lab")
def heap_is_known_to_give_runs_by_its_name_and_else_by_a_trial(vm):
    assert heap(vm, "reserved")["contiguous"] and "its name" in heap(vm, "reserved")["source"]
    assert not heap(vm, "system").get("contiguous")
    for node, name in (("reserved", "pictures"), ("system", "anything")):
        vm.check(f"mknod /dev/dma_heap/{name} c $(stat -c '%Hr %Lr' /dev/dma_heap/{node})")
    try:
        unknown = heap(vm, "pictures")
        assert unknown["contiguous"] and "what a trial took came from the areas" in \
            unknown["source"], unknown
        unknown = heap(vm, "anything")
        assert not unknown.get("contiguous") and "came from no area" in unknown["source"], unknown
        assert taken_bytes(vm) == 0
        with area_left_with(vm, 0):
            unknown = heap(vm, "pictures")
            assert not unknown.get("contiguous") and "the trial failed (Cannot allocate" in \
                unknown["source"], unknown
    finally:
        vm.check("rm /dev/dma_heap/pictures /dev/dma_heap/anything")


@case("lab")
def probe_tells_both_ends_of_a_converter_and_what_the_table_says_of_its_driver(vm):
    node = converter(vm)
    said = vm.check("umm probe", timeout_s=180).stdout
    about = said.split(f"  {node} ")[1].split("\n  /dev")[0]
    first, other = about.split("its other end:")
    assert "direction: writes (driver: " in first and '"format":"YUYV"' in first, about
    assert "direction: reads (driver: " in other and '"format":"YUYV"' not in other, about
    assert "card:" in first and "card:" not in other, about  # once is enough
    known = said.split("\nlearned:\n")[1]
    assert "driver vim2m uses the wrong bytes of memory of heaps udmabuf-hugetlb, arena," in known
    assert "known by: table: wrong pixels" in known and "driver virtio_gpu" not in known, known


# ---- VKMS ----

@contextlib.contextmanager
def vkms(vm, parameters=""):
    """Its card, "card1" for one."""
    vm.check(f"modprobe vkms {parameters}")
    try:
        yield vm.check("ls /sys/devices/platform/vkms/drm | grep card").stdout.strip()
    finally:
        vm.check("modprobe -r vkms")


def checksum(picture):
    """As vkms_composer.c makes it: crc32_le() without inversions, of rows of 16-bit A, R, G, B."""
    wide = bytearray(b"\xff" * (len(picture.pixels) // 3 * 8))
    for component in range(3):
        plane = picture.pixels[component::3]  # 8 bits become 16 by repeating them
        wide[2 + 2 * component::8] = wide[3 + 2 * component::8] = plane
    return zlib.crc32(wide, 0xffffffff) ^ 0xffffffff


def shown_checksums(vm, card):
    """Of some frames, as the driver has them in debugfs."""
    crc = f"/sys/kernel/debug/dri/{card.removeprefix('card')}/crtc-0/crc"
    vm.check(f"echo auto >{crc}/control")
    lines = vm.check(f"head -n 4 {crc}/data").stdout.splitlines()
    return {int(line.split()[1], 16) for line in lines}


@case("lab")
def frames_on_vkms_have_the_checksum_of_their_content(vm):
    wanted = drawn_outside(vm, "1024x768", FRAMES - 1)
    other = drawn_outside(vm, "1024x768", FRAMES)
    with vkms(vm) as card:
        for memory in ("udmabuf", "system", "reserved", card):
            with vm.started(f"umm run --frames={FRAMES} --heap={memory} test,size=1024x768 "
                            f"kms:/dev/dri/{card},hold=300") as job:
                job.wait_for(HELD)
                found = shown_checksums(vm, card)
            assert found == {checksum(wanted)} != {checksum(other)}, (memory, found)
            expect_nothing_left(vm)


def shown_planes(vm, card):
    """What each plane shows, by the driver's number of it: the format of its picture, or None."""
    shown, plane = {}, None
    for line in vm.check(f"cat /sys/kernel/debug/dri/{card.removeprefix('card')}/state"
                         ).stdout.splitlines():
        start = re.match(r"(\w+)\[(\d+)\]", line)
        if start:
            plane = int(start[2]) if start[1] == "plane" else None
            shown.update({plane: None} if plane else {})
        elif plane and line.strip().startswith("format="):
            shown[plane] = line.split("=")[1].split()[0]
    return shown


@case("lab")
def frames_are_shown_by_overlay_planes_alone_or_over_a_black_primary(vm):
    """On VKMS all planes take the same, so the overlays are asked for by the user."""
    wanted = checksum(drawn_outside(vm, "640x480", FRAMES - 1))
    needs_primary = {"LD_PRELOAD": f"{vm.build}/tests/vm/needs-primary.so"}
    with vkms(vm, "enable_overlay=1") as card:
        devices = json.loads(vm.check("umm probe --json", timeout_s=180).stdout)["devices"]
        facts = [fact for device in devices if device["name"] == f"/dev/dri/{card}"
                 for fact in device.get("facts", []) if fact["field"] == "planes"]
        planes = [fact["value"] for fact in facts]
        assert [plane["type"] for plane in planes] == ["primary"] + ["overlay"] * 8, planes
        assert all("XR24" in plane["formats"] for plane in planes), planes
        assert "type, zpos and formats" in facts[0]["source"], facts
        before = shown_planes(vm, card)
        primary, first, last = planes[0]["plane"], planes[1]["plane"], planes[-1]["plane"]
        for wish, environment, expected in (
                ("", {}, {primary: "XR24"}),
                (",plane=primary", needs_primary, {primary: "XR24"}),
                (",plane=overlay", {}, {first: "XR24"}),
                (f",plane={last}", {}, {last: "XR24"}),
                (",plane=overlay", needs_primary, {primary: "RG16", first: "XR24"}),
                (f",plane={last}", {**needs_primary, "NEEDS_PRIMARY": "XR24"},
                 {primary: "XR24", last: "XR24"})):
            with vm.started(f"umm run --no-cache --frames={FRAMES} test,size=640x480,format=XR24 "
                            f"kms:/dev/dri/{card},hold=300{wish}", **environment) as job:
                job.wait_for(HELD)
                shown = shown_planes(vm, card)
                found = shown_checksums(vm, card)
            assert {plane: format for plane, format in shown.items() if format} == expected, \
                (wish, environment, shown)
            assert found == {wanted}, (wish, environment, found)
            vm.check("until ! pgrep -x umm >/dev/null; do sleep 0.1; done", timeout_s=60)
            assert shown_planes(vm, card) == before, (wish, before)
            expect_nothing_left(vm)
        refuse_all_planes(vm, card, {**needs_primary, "NEEDS_PRIMARY": "NV12"}, planes)


def refuse_all_planes(vm, card, environment, planes):
    """The driver takes no arrangement: it is told of which planes, and in which words."""
    run = f"umm run --no-cache --frames=1 test,size=640x480,format=XR24 kms:/dev/dri/{card},mode=640x480"
    job = vm.run(f"{run},plane=overlay", **environment)
    assert job.status == 1, job.stdout
    assert (f"overlay plane {planes[1]['plane']}, with and without the primary: Invalid argument"
            in job.stderr), job.stderr
    job = vm.run(f"{run},plane=1")
    assert job.status == 1 and f"has no plane 1; it has: {planes[0]['plane']} (primary)" in \
        job.stderr, job.stderr


# ---- drivers that do not come to an end ----

def run_into_a_fence(vm, command, sink, how):
    """A pipeline flows until a driver is stuck with its buffers; its status and what was said."""
    with vm.started(f"exec umm run {command}") as job:
        job.wait_for("frames/s", timeout_s=180)
        with vm.started(f"exec leave-fence $(pgrep -x {sink}) {how}") as driver:
            driver.wait_for("left on")
            assert int(driver.stdout.split()[2]) >= 3, driver.stdout
            job.wait(120)
    expect_nothing_left(vm)
    return job.status, job.stderr


TOUCHED = ("--heap=system test,size=640x480 null,touch=1", "null")
STUCK = (("v4l2:/dev/video0 kms:", "kms"), TOUCHED)
# A camera does not care: it overwrites what became of it.
BROKEN = (("test,size=640x480 kms:", "kms"), TOUCHED)


@case("lab")
def pipeline_whose_driver_hangs_ends_with_the_driver_named(vm):
    for command, sink in STUCK:
        status, said = run_into_a_fence(vm, command, sink, "hang")
        assert status == 1 and "waiting for sw_sync (leave-fence)" in said, (command, said)


@case("lab")
def pipeline_whose_driver_fails_ends_with_the_driver_named(vm):
    for command, sink in BROKEN:
        status, said = run_into_a_fence(vm, command, sink, "fail")
        assert status == 1 and "failed, from sw_sync (leave-fence)" in said, (command, said)


# ---- drivers that are still reading what is to be overwritten ----

def writers(vm):
    """Devices that write and know no fences, and who sees what they have written."""
    node = converter(vm)
    return (("v4l2:/dev/video0,size=320x180", "camera"),
            (f"test,size=320x240,format=RG24 m2m:{node},format=RG24", "converter"))


@contextlib.contextmanager
def read_by_a_driver(vm, command, how):
    """A pipeline flows until a driver has begun to read all that its last edge has."""
    with vm.started(f"exec umm run {command} null") as job:
        job.wait_for("frames/s", timeout_s=180)
        with vm.started(f"exec leave-fence $(pgrep -x null) {how} read") as driver:
            driver.wait_for("left on")
            assert int(driver.stdout.split()[2]) >= 3, driver.stdout
            yield job, driver
    expect_nothing_left(vm)


@case("lab")
def device_that_writes_waits_until_who_reads_is_done_and_not_longer(vm):
    for command, name in writers(vm):
        with read_by_a_driver(vm, f"--seconds=300 {command}", "end") as (job, driver):
            job.line.pump(lambda: False, 3)  # what was on its way is shown
            before = frames_so_far(job)
            job.line.pump(lambda: False, 4)
            assert frames_so_far(job) == before > 0, (name, job.stderr)
            vm.check("pkill -USR1 -x leave-fence")
            driver.wait_for("ended: 0")
            wait_for_frames(vm, job, before + 20, 60)
            assert "waiting for" not in job.stderr, (name, job.stderr)


@case("lab")
def device_that_writes_does_not_wait_for_ever_and_the_driver_is_named(vm):
    for command, name in writers(vm):
        with read_by_a_driver(vm, f"--seconds=300 {command}", "hang") as (job, _):
            job.wait(120)
            assert job.status == 1, (name, job.stderr)
            assert "waiting for sw_sync (leave-fence) for too long" in job.stderr, job.stderr
            assert "does not take a buffer" in job.stderr, job.stderr


@case("lab")
def device_that_writes_reports_a_reader_that_failed_and_goes_on(vm):
    for command, name in writers(vm):
        with read_by_a_driver(vm, f"--seconds=300 {command}", "fail") as (job, _):
            told = "failed, from sw_sync (leave-fence) while it was in use"
            job.wait_for(told, timeout_s=60)
            wait_for_frames(vm, job, frames_so_far(job) + 20, 60)
            assert job.stderr.count(told) == 1, (name, job.stderr)


# ---- iommufd ----

EDU = "0000:00:11.0"


def with_edu(vm, test):
    """A test of iommufd.c, with QEMU's teaching device bound to vfio-pci."""
    device = f"/sys/bus/pci/devices/{EDU}"
    vm.check(f"echo vfio-pci >{device}/driver_override && "
             f"if ! test -e {device}/driver; then echo {EDU} >/sys/bus/pci/drivers_probe; fi && "
             f"test -d {device}/vfio-dev")
    vm.check(f"vm-iommufd {test}", UMM_TEST_EDU=EDU)


@case("lab-iommu")
def device_on_iommufd_sees_scattered_pages_as_one_run(vm):
    with_edu(vm, "a_device_reads_and_writes_scattered_pages_as_one_run")


@case("lab-iommu")
def iommufd_pins_the_file_behind_a_udmabuf(vm):
    with_edu(vm, "the_file_behind_a_udmabuf_can_be_mapped_and_the_udmabuf_cannot")
    expect_nothing_left(vm)


@case("lab-iommu")
def stray_access_on_iommufd_changes_nothing_and_is_reported(vm):
    vm.expect_dmesg("DMAR:")
    vm.new_dmesg()
    with_edu(vm, "what_is_not_mapped_for_it_stays_as_it_is")
    vm.wait_for_dmesg(r"DMA Write.*00:11\.0", 2)  # read-only, and gone


@case("lab-iommu")
def refusals_of_iommufd_are_what_the_backend_expects(vm):
    with_edu(vm, "the_kernel_refuses_what_is_taken_and_says_which_addresses_there_are")
