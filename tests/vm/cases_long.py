# SPDX-License-Identifier: MIT
"""What grows shows after many frames: 10,000 from camera to display, looked at near both ends.

And no program has touched a pixel (untouched.py): none can, both stages hold the same dma-bufs, and
few bytes cross pipes and sockets.
"""
import json
import re
import signal

from cases import case
from cases_v4l2 import NODE, camera, edge_of, wait_for_frames
from left import expect_nothing_left
from stages import RUN, pids
from untouched import carried_bytes, need_strace, opened, trace, untouchable

FRAMES = 10000
EARLY, LATE = 1000, 9900
PIPELINE = f"v4l2:{NODE},size=640x480,format=RG16,rate=60 kms:"

# What a process has: open files, mappings, memory, the dma-bufs among its files, and how it may use
# its mappings of those.
LOOK = r"""
import json, os, re, sys
def files(base):
    names = {}
    for fd in os.listdir(base + "/fd"):
        try:
            names[fd] = os.readlink(f"{base}/fd/{fd}")
        except FileNotFoundError:
            pass  # a fence that has come and gone
    return names
def look(pid):
    base = f"/proc/{pid}"
    maps = open(base + "/maps").read().splitlines()
    names = min((files(base) for _ in range(30)), key=len)
    inodes = {re.search(r"ino:\s*(\d+)", open(f"{base}/fdinfo/{fd}").read())[1]
              for fd, name in names.items() if name.startswith("/dmabuf:")}
    rollup = open(base + "/smaps_rollup").read()
    return {"fds": len(names), "maps": len(maps), "rss_kib": int(re.search(r"Rss:\s*(\d+)", rollup)[1]),
            "buffers": sorted(inodes),
            "rights": sorted({line.split()[1] for line in maps if "/dmabuf:" in line})}
buffers = re.search(r"Total (\d+) objects", open("/sys/kernel/debug/dma_buf/bufinfo").read())
print(json.dumps({"dma_bufs": int(buffers[1]), "of": [look(pid) for pid in sys.argv[1:]]}))
"""

def look(vm, who):
    vm.check("cat >/tmp/look.py <<'end'\n" + LOOK + "end")
    return json.loads(vm.check(["python3", "/tmp/look.py"] + who).stdout)


@case("lab-long")
def who_touches_a_pixel_dies_where_none_may(vm):
    """Otherwise it would prove nothing that others live."""
    camera(vm)
    command = f"umm run --frames=20 v4l2:{NODE},size=640x480,format=RG16 null"
    job = vm.run(command + ",touch=1", **untouchable(vm))
    assert job.status == 1 and re.search(r"null \(pid \d+\) was killed by signal 11", job.stderr), job.stderr
    vm.check(command, **untouchable(vm))


@case("lab-long")
def ten_thousand_frames_to_the_display_leave_no_trace_and_no_copy(vm):
    need_strace(vm)
    camera(vm)
    with vm.started(f"{RUN} --json=/tmp/run.json {PIPELINE}",
                    **untouchable(vm)) as job:
        wait_for_frames(vm, job, EARLY, 600)
        who = list(pids(vm, job).values())
        early = look(vm, who)
        traced = trace(vm, job, who, 300)
        wait_for_frames(vm, job, LATE, 2400)
        late = look(vm, who)
        wait_for_frames(vm, job, FRAMES, 600)
        job.kill(signal.SIGINT)
        job.wait(300)
    carried = carried_bytes(traced)
    print(f"# early {early}\n# late {late}\n# {carried} bytes carried by calls of all during 300 frames\n"
          f"# {job.stdout.splitlines()[-1]}", flush=True)
    assert job.status == 0, job.stderr
    edge = edge_of(vm)
    assert edge["frames"] >= FRAMES and edge["copied_bytes"] == 0 and edge["heap"] != "memfd", edge
    check_growth(early, late)
    check_untouched(late, edge["buffers"])
    assert carried < 256 * 1024, f"{carried} bytes; a frame has {640 * 480 * 2}"
    assert not opened(traced), opened(traced)
    expect_nothing_left(vm)


def check_growth(early, late):
    """The fewest files of many looks: a fence comes and goes with its frame, and may be seen in all."""
    assert early["dma_bufs"] == late["dma_bufs"], (early, late)
    for before, after in zip(early["of"], late["of"]):
        assert after["fds"] <= before["fds"], (early, late)
        for what in ("maps", "buffers"):
            assert after[what] == before[what], (what, early, late)
        assert after["rss_kib"] <= before["rss_kib"] + 128, (early, late)


def check_untouched(seen, buffers):
    runner, *stages = seen["of"]
    assert runner["rights"] == [], seen
    for stage in stages:
        assert stage["rights"] in ([], ["---s"]), seen
        assert stage["buffers"] == stages[0]["buffers"] and len(stage["buffers"]) == buffers, seen
