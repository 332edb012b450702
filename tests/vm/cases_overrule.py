# SPDX-License-Identifier: MIT
"""Refusals that were remembered and are wrong: nobody stays with a detour for ever."""
import json

from cases import case
from cases_v4l2 import NODE, edge_of

CACHE = "/tmp/overrule.json"
RUN = f"umm run --json=/tmp/run.json --frames=2 v4l2:{NODE},size=640x480,format=XR24,rate=60 kms:"
FOREIGN = ("udmabuf", "udmabuf-hugetlb", "system", "reserved", "arena", "arena-dma32")
BELIEVED_MOST = 64  # UMM_FINDING_BELIEVED_MOST of share/finding.h


def run(vm):
    """Where the frames were, and what the run said."""
    job = vm.check(RUN, UMM_CACHE=CACHE)
    return edge_of(vm)["heap"], job.stderr


def entries(vm):
    return json.loads(vm.check(f"cat {CACHE}").stdout)["entries"]


def write_refusals(vm, known, believed, camera_state):
    """As if camera and display had refused all memory that is not a device's own."""
    devices = {entry["device"]: entry for entry in known}.values()
    refusals = [{**{key: entry[key] for key in ("kernel", "driver", "device")},
                 "state": camera_state if entry["driver"] == "vivid" else entry["state"],
                 "about": "heap", "heap": heap, "errno": 14, "why": "not true", "believed": believed}
                for entry in devices for heap in FOREIGN]
    text = json.dumps({"umm": 1, "entries": refusals})
    vm.check(f"cat >{CACHE} <<'EOF'\n{text}\nEOF")


@case("camera")
def refusals_that_are_not_true_any_more_are_tried_again_and_corrected(vm):
    """Those of the display have grown old, those of the camera are of other parameters of its driver."""
    vm.check(f"rm -f {CACHE}")
    best, _ = run(vm)
    assert best in FOREIGN, best
    known = entries(vm)
    assert {entry["driver"] for entry in known} == {"vivid", "cirrus"}, known
    assert all(len(entry["state"]) == 16 for entry in known), known

    write_refusals(vm, known, BELIEVED_MOST - 1, "0123456789abcdef")
    detour, said = run(vm)  # the last that believes the display's
    assert detour in ("card0", "video0") and "cannot attach" not in said, (detour, said)
    counts = {(entry["driver"], entry["believed"]) for entry in entries(vm) if entry["errno"]}
    assert counts == {("cirrus", BELIEVED_MOST), ("vivid", BELIEVED_MOST - 1)}, counts
    heap, said = run(vm)
    assert heap == best and "cannot attach" not in said, (heap, said)
    now = sorted((entry["driver"], entry["errno"]) for entry in entries(vm) if entry["heap"] == best)
    assert now == [("cirrus", 0), ("vivid", 0), ("vivid", 14)], now


@case("virtio", "bochs")
def what_the_table_says_of_a_display_is_tried_once_and_gives_the_reason(vm):
    """These two refuse memory of others, and the table knows it: the trial is made all the same."""
    vm.check(f"rm -f {CACHE}")
    reason = "prime_import_"  # as the functions of the kernel are called that the table names
    for told in (True, False):
        job = vm.check("umm run --json=/tmp/run.json --frames=2 test,size=640x480 kms:",
                       UMM_CACHE=CACHE)
        assert edge_of(vm)["heap"] == "card0", edge_of(vm)
        said = "kms cannot attach memory of heap udmabuf" in job.stderr and reason in job.stderr
        assert said == told and ("cannot attach" in job.stderr) == told, (told, job.stderr)
