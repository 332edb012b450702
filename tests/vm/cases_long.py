# SPDX-License-Identifier: MIT
"""What grows shows after many frames: 10,000 from camera to display, looked at near both ends.

Proofs that no program touches a pixel, by others than umm's own counter: none can (untouchable.c),
both stages hold the same dma-bufs, and few bytes cross pipes and sockets.
"""
import json
import os
import re
import signal

from cases import Skip, case
from cases_heaps import check_nothing_left
from cases_v4l2 import NODE, camera, edge_of, wait_for_frames

FRAMES = 10000
EARLY, LATE = 1000, 9900
STAGES = ("v4l2", "kms")
PIPELINE = f"v4l2:{NODE},size=640x480,format=RG16,rate=60 kms:"

# What a process has: open files, mappings, memory, the dma-bufs among its files, and how it may use
# its mappings of those.
LOOK = r"""
import json, os, re, sys
def look(pid):
    base = f"/proc/{pid}"
    maps = open(base + "/maps").read().splitlines()
    names = {fd: os.readlink(f"{base}/fd/{fd}") for fd in os.listdir(base + "/fd")}
    inodes = {re.search(r"ino:\s*(\d+)", open(f"{base}/fdinfo/{fd}").read())[1]
              for fd, name in names.items() if name.startswith("/dmabuf:")}
    rollup = open(base + "/smaps_rollup").read()
    return {"fds": len(names), "maps": len(maps), "rss_kib": int(re.search(r"Rss:\s*(\d+)", rollup)[1]),
            "buffers": sorted(inodes),
            "rights": sorted({line.split()[1] for line in maps if "/dmabuf:" in line})}
buffers = re.search(r"Total (\d+) objects", open("/sys/kernel/debug/dma_buf/bufinfo").read())
print(json.dumps({"dma_bufs": int(buffers[1]), "of": [look(pid) for pid in sys.argv[1:]]}))
"""

CARRIERS = ("read,readv,pread64,preadv,preadv2,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,"
            "sendmmsg,recvfrom,recvmsg,recvmmsg,splice,tee,vmsplice,sendfile,copy_file_range,"
            "process_vm_readv,process_vm_writev")


def pids(vm, stages):
    """Of the runner, and of each stage."""
    return [vm.check("pgrep -o -x umm").stdout.strip()] + \
        [vm.check(f"pgrep -x {name}").stdout.strip() for name in stages]


def look(vm, who):
    vm.check("cat >/tmp/look.py <<'end'\n" + LOOK + "end")
    return json.loads(vm.check(["python3", "/tmp/look.py"] + who).stdout)


def carried_bytes(vm, job, who, frames):
    """What all calls that can carry pixels have carried during so many frames."""
    wanted = " ".join("-p " + pid for pid in who)
    with vm.started(f"exec strace -f -qq -e trace={CARRIERS} -o /tmp/trace {wanted}") as tracer:
        vm.wait_until(lambda: vm.run(f"grep -q 'TracerPid:.[1-9]' /proc/{who[-1]}/status").status == 0,
                      "strace is not there", 120)
        wait_for_frames(vm, job, frames_now(vm, job) + frames, 600)
        tracer.kill(signal.SIGINT)
        tracer.wait(60)
    results = re.findall(r"= (\d+)$", vm.check("cat /tmp/trace").stdout, re.MULTILINE)
    assert results, "it saw nothing"
    return sum(int(result) for result in results)


def frames_now(vm, job):
    """The last count that the runner has told."""
    vm.check("true")  # takes in what has come since
    counts = re.findall(r" s, (\d+) frames", job.stderr)
    return int(counts[-1]) if counts else 0


def untouchable(vm):
    return {"LD_PRELOAD": os.path.join(vm.build, "tests", "vm", "untouchable.so")}


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
    if vm.run("command -v strace").status != 0:
        raise Skip("strace is not installed")
    camera(vm)
    with vm.started(f"exec umm run --json=/tmp/run.json {PIPELINE}",
                    **untouchable(vm)) as job:
        wait_for_frames(vm, job, EARLY, 600)
        who = pids(vm, STAGES)
        early = look(vm, who)
        carried = carried_bytes(vm, job, who, 300)
        wait_for_frames(vm, job, LATE, 2400)
        late = look(vm, who)
        wait_for_frames(vm, job, FRAMES, 600)
        job.kill(signal.SIGINT)
        job.wait(300)
    print(f"# early {early}\n# late {late}\n# {carried} bytes carried by calls of all during 300 frames\n"
          f"# {job.stdout.splitlines()[-1]}", flush=True)
    assert job.status == 0, job.stderr
    edge = edge_of(vm)
    assert edge["frames"] >= FRAMES and edge["copied_bytes"] == 0 and edge["heap"] != "memfd", edge
    check_growth(early, late)
    check_untouched(late, edge["buffers"])
    assert carried < 256 * 1024, f"{carried} bytes; a frame has {640 * 480 * 2}"
    check_nothing_left(vm)


def check_growth(early, late):
    assert early["dma_bufs"] == late["dma_bufs"], (early, late)
    for before, after in zip(early["of"], late["of"]):
        for what in ("fds", "maps", "buffers"):
            assert after[what] == before[what], (what, early, late)
        assert after["rss_kib"] <= before["rss_kib"] + 128, (early, late)


def check_untouched(seen, buffers):
    runner, *stages = seen["of"]
    assert runner["rights"] == [], seen
    for stage in stages:
        assert stage["rights"] in ([], ["---s"]), seen
        assert stage["buffers"] == stages[0]["buffers"] and len(stage["buffers"]) == buffers, seen
