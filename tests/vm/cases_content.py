# SPDX-License-Identifier: MIT
"""Contents: what return codes do not tell. vivid takes udmabufs of huge pages, and Linux 6.12 gives
it a mapping in which all pages of the frame are the first one."""
from cases import Skip, case
from cases_m2m import converter
from cases_v4l2 import NODE, camera, edge_of, reference, sums

CACHE = "/tmp/content.json"
WRONG = "gets wrong content in memory of heap udmabuf-hugetlb"
RUN = f"umm run --json=/tmp/run.json --frames 5 v4l2:{NODE},format=XR24,size=320x180 framemd5:/tmp/sums "


def trapped(vm):
    """The reference, on a kernel that has the bug: return codes alone let the wrong pixels through."""
    camera(vm)
    vm.check(f"rm -f {CACHE}")
    wanted = reference(vm, "XR24")
    vm.check(RUN + "--no-cache --content-check=never --heap udmabuf-hugetlb")
    if sums(vm, "/tmp/sums") == [wanted] * 5:
        raise Skip("this kernel gives vivid the right pages")
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
SHOW = "umm run --no-cache --frames 4 test,size=1280x720,format=XR24 v4l2out:/dev/video1,loop=/dev/video0 "


def cable(vm):
    """vivid's HDMI output, with a cable to its own input."""
    vm.reload("vivid", OUTPUT)
    if vm.run(f"v4l2-ctl -d {NODE} -c hdmi_000_0_is_connected_to=2,osd_text_mode=2").status != 0:
        raise Skip("this vivid has no cable")


@case("camera")
def what_an_output_shows_is_looked_at_through_the_node_that_sees_it(vm):
    cable(vm)
    job = vm.check(SHOW.replace("--no-cache", "--content-check") + "--heap system", UMM_CACHE="/tmp/seen.json")
    assert "wrong content" not in job.stderr, job.stderr
    assert '"checked": true' in vm.check("cat /tmp/seen.json").stdout
    job = vm.check(SHOW + "--json=/tmp/run.json --heap udmabuf-hugetlb,udmabuf")
    if edge_of(vm)["heap"] == "udmabuf-hugetlb":
        raise Skip("this kernel gives vivid the right pages")
    found = "/dev/video1 (vivid): wrong content in the row at byte "
    assert f"v4l2out {WRONG}: {found}" in job.stderr, job.stderr
    # What does not come in at the other end says nothing of the memory.
    vm.check(f"v4l2-ctl -d {NODE} -c hdmi_000_0_is_connected_to=0")
    job = vm.check(SHOW + "--heap udmabuf-hugetlb,udmabuf")
    assert "not compared: /dev/video1 (vivid): what it shows is not seen at /dev/video0" in \
        job.stderr, job.stderr
    camera(vm)


@case("lab")
def converter_that_gets_the_wrong_pages_is_found_at_either_end(vm):
    node, source = converter(vm), "test,size=640x480,format=RG24"
    run = f"umm run --quiet --frames 4 {source} m2m:{node},format=RG24 framemd5:/tmp/sums "
    vm.check(f"umm run --quiet --frames 4 {source} framemd5:/tmp/wanted")
    vm.check("echo 12 >/proc/sys/vm/nr_hugepages")
    try:
        vm.check(run + "--no-cache --content-check=never --heap udmabuf-hugetlb")
        if vm.run("cmp /tmp/sums /tmp/wanted").status == 0:
            raise Skip("this kernel gives vim2m the right pages")
        job = vm.check(run + "--no-cache --heap udmabuf-hugetlb,system")
        vm.check("cmp /tmp/sums /tmp/wanted")
        found = f"m2m {WRONG}: {node} (vim2m): wrong content at byte "
        for edge in ("edge0", "edge1"):
            assert f"{edge}: {found}" in job.stderr, job.stderr
    finally:
        vm.check("echo 0 >/proc/sys/vm/nr_hugepages")
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
