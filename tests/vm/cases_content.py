# SPDX-License-Identifier: MIT
"""Contents: what return codes do not tell. vivid takes udmabufs of huge pages, and Linux 6.12 gives
it a mapping in which all pages of the frame are the first one."""
import contextlib

from cases import Skip, case
from cases_m2m import converter
from cases_v4l2 import CAMERA, NODE, SINGLE, camera, edge_of, reference, sums

CACHE = "/tmp/content.json"
WRONG = "gets wrong content in memory of heap udmabuf-hugetlb"
RUN = f"umm run --json=/tmp/run.json --frames 5 v4l2:{NODE},format=XR24,size=320x180,rate=60 framemd5:/tmp/sums "


def no_trap(vm):
    """The kernel seems to be right. One that is known to have the bug was then asked in a wrong way."""
    assert not vm.kernel.release.startswith("6.12."), "6.12 gives the right pages: no trap was set"
    raise Skip("this kernel gives the right pages")


def trapped(vm):
    """The reference, on a kernel that has the bug: return codes alone let the wrong pixels through."""
    camera(vm)
    vm.check(f"rm -f {CACHE}")
    wanted = reference(vm, "XR24")
    vm.check(RUN + "--no-cache --content-check=never --heap udmabuf-hugetlb")
    if sums(vm, "/tmp/sums") == [wanted] * 5:
        no_trap(vm)
    return wanted


@case("camera")
def wrong_pixels_of_huge_pages_are_found_told_and_avoided(vm):
    wanted = trapped(vm)
    for run in range(2):
        job = vm.check(RUN + "--heap udmabuf-hugetlb,udmabuf", UMM_CACHE=CACHE)
        assert sums(vm, "/tmp/sums") == [wanted] * 5, run
        assert edge_of(vm)["heap"] == "udmabuf", run
        assert (WRONG + f": {NODE} (vivid): wrong content at byte 4096" in job.stderr) == (run == 0), \
            (run, job.stderr)
    assert '"error": "EBADMSG"' in vm.check(f"cat {CACHE}").stdout
    job = vm.run(RUN + "--no-cache --content-check --heap udmabuf-hugetlb")
    assert job.status == 1, job.stdout
    assert f"v4l2 {WRONG} ({NODE} (vivid): wrong content at byte 4096" in job.stderr, job.stderr
    assert "learned by trial" in job.stderr, job.stderr
    job = vm.check(RUN + "--no-cache --content-check --heap system")
    assert "wrong content" not in job.stderr and sums(vm, "/tmp/sums") == [wanted] * 5, job.stderr


OUTPUT = ("n_devs=1 node_types=0x101 num_inputs=1 input_types=3 num_outputs=1 output_types=1 "
          "allocators=0 multiplanar=1")
SHOW = "umm run --no-cache --frames 4 test,size=640x480,format=XR24 v4l2out:/dev/video1,loop=/dev/video0 "


def cable(vm):
    """vivid's HDMI output, with a cable to its own input."""
    vm.load("vivid", OUTPUT)
    if vm.run(f"v4l2-ctl -d {NODE} -c hdmi_000_0_is_connected_to=2,osd_text_mode=2").status != 0:
        raise Skip("this vivid has no cable")


@case("depth")
def what_an_output_shows_is_looked_at_through_the_node_that_sees_it(vm):
    cable(vm)
    job = vm.check(SHOW.replace("--no-cache", "--content-check") + "--heap system", UMM_CACHE="/tmp/seen.json")
    assert "wrong content" not in job.stderr, job.stderr
    assert '"checked": true' in vm.check("cat /tmp/seen.json").stdout
    job = vm.check(SHOW + "--json=/tmp/run.json --heap udmabuf-hugetlb,udmabuf")
    if edge_of(vm)["heap"] == "udmabuf-hugetlb":
        no_trap(vm)
    found = "/dev/video1 (vivid): wrong content in the row at byte "
    assert f"v4l2out {WRONG}: {found}" in job.stderr, job.stderr
    camera(vm)


@contextlib.contextmanager
def huge_pages(vm):
    """Of a machine that has reserved none at boot."""
    vm.check("echo 12 >/proc/sys/vm/nr_hugepages")
    try:
        yield
    finally:
        vm.check("echo 0 >/proc/sys/vm/nr_hugepages")


@case("lab")
def what_does_not_come_in_at_the_other_end_says_nothing_of_the_memory(vm):
    vm.run("modprobe -r vim2m")  # which else may have the output's number
    cable(vm)
    vm.check(f"v4l2-ctl -d {NODE} -c hdmi_000_0_is_connected_to=0")
    with huge_pages(vm):
        job = vm.check(SHOW + "--heap udmabuf-hugetlb,udmabuf")
    assert "not compared: /dev/video1 (vivid): what it shows is not seen at /dev/video0" in \
        job.stderr, job.stderr
    vm.load("vivid", CAMERA.replace("allocators=0", "allocators=1") + SINGLE)  # as it was


@case("lab")
def converter_that_gets_the_wrong_pages_is_found_at_either_end(vm):
    node, source = converter(vm), "test,size=640x480,format=RG24"
    run = f"umm run --quiet --frames 4 {source} m2m:{node},format=RG24 framemd5:/tmp/sums "
    vm.check(f"umm run --quiet --frames 4 {source} framemd5:/tmp/wanted")
    with huge_pages(vm):
        vm.check(run + "--no-cache --content-check=never --heap udmabuf-hugetlb")
        if vm.run("cmp /tmp/sums /tmp/wanted").status == 0:
            no_trap(vm)
        job = vm.check(run + "--no-cache --heap udmabuf-hugetlb,system")
        vm.check("cmp /tmp/sums /tmp/wanted")
        found = f"m2m {WRONG}: {node} (vim2m): wrong content at byte "
        for edge in ("edge0", "edge1"):
            assert f"{edge}: {found}" in job.stderr, job.stderr
    job = vm.check(run + "--content-check --heap system", UMM_CACHE="/tmp/right.json")
    vm.check("cmp /tmp/sums /tmp/wanted")
    assert "wrong content" not in job.stderr, job.stderr
    assert vm.check("cat /tmp/right.json").stdout.count('"checked": true') == 2


@case("camera")
def display_cannot_be_read_back_so_the_table_is_believed(vm):
    job = vm.run("umm run --no-cache --frames 2 --heap udmabuf-hugetlb test,size=640x480 kms:")
    assert job.status == 1, job.stdout
    assert f"kms {WRONG} (wrong pixels: vmap_udmabuf()" in job.stderr, job.stderr
    assert "from the table of known devices" in job.stderr, job.stderr
