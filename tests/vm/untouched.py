# SPDX-License-Identifier: MIT
"""Proofs that no program touches a pixel, by others than umm's own counter.

Where nobody may (untouchable.c), who touches dies. Memory comes to a program by a mapping, of
which /proc tells how it may be used and strace whether one is opened; all other bytes come and go by
calls, which strace counts.
"""
import os
import re
import signal

from cases import Skip
from cases_v4l2 import wait_for_frames

CARRIERS = ("read,readv,pread64,preadv,preadv2,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,"
            "sendmmsg,recvfrom,recvmsg,recvmmsg,splice,tee,vmsplice,sendfile,copy_file_range,"
            "process_vm_readv,process_vm_writev")
MAPPERS = "mmap,mremap,mprotect,pkey_mprotect,remap_file_pages,shmat"


def need_strace(vm):
    if vm.run("command -v strace").status != 0:
        raise Skip("strace is not installed")


def untouchable(vm):
    """The environment of a pipeline that dies of a touch."""
    return {"LD_PRELOAD": os.path.join(vm.build, "tests", "vm", "untouchable.so")}


def frames_now(vm, job):
    """The last count that the runner has told."""
    vm.check("true")  # takes in what has come since
    counts = re.findall(r" s, (\d+) frames", job.stderr)
    return int(counts[-1]) if counts else 0


def trace(vm, job, who, frames):
    """The calls of these processes, during so many frames, that carry bytes or open mappings."""
    wanted = " ".join("-p " + pid for pid in who)
    with vm.started(f"exec strace -f -qq -e trace={CARRIERS},{MAPPERS} -o /tmp/trace {wanted}") as tracer:
        vm.wait_until(lambda: vm.run(f"grep -q 'TracerPid:.[1-9]' /proc/{who[-1]}/status").status == 0,
                      "strace is not there", 120)
        wait_for_frames(vm, job, frames_now(vm, job) + frames, 600)
        tracer.kill(signal.SIGINT)
        tracer.wait(60)
    return vm.check("cat /tmp/trace").stdout


def carried_bytes(traced):
    """What all the calls together have carried, pixels or not."""
    results = re.findall(r" (?!m|pkey|shm)\w+\(.*= (\d+)$", traced, re.MULTILINE)
    assert results, "it saw nothing"
    return sum(int(result) for result in results)


def opened(traced):
    """Mappings that were made, or made usable, but those of nobody's file."""
    calls = re.findall(r"^.*(?:mmap|mremap|mprotect|remap_file_pages|shmat)\(.*$", traced, re.MULTILINE)
    return [call for call in calls if "MAP_ANONYMOUS" not in call and "PROT_NONE" not in call]
