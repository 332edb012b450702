# SPDX-License-Identifier: MIT
"""Contents: what return codes do not tell. vivid takes udmabufs of huge pages, and Linux 6.12 gives
it a mapping in which all pages of the frame are the first one."""
from cases import Skip, case
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


@case("cirrus")
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


@case("cirrus")
def display_cannot_be_read_back_so_the_table_is_believed(vm):
    job = vm.run("umm run --no-cache --frames 2 --heap udmabuf-hugetlb test,size=640x480 kms:")
    assert job.status == 1, job.stdout
    assert f"kms {WRONG} (wrong pixels: vmap_udmabuf()" in job.stderr, job.stderr
    assert "from the table of known devices" in job.stderr, job.stderr
