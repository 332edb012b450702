#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hold the cost of hard documents: UMM.

Time depends on the machine and on who else is busy, instructions do not: callgrind counts those of the
library from the text to the answer, explanation included. A bound is about half above what was
counted when it was written (x86-64, gcc 12, -O2); who makes something slower by an order of magnitude
does not get past it. Memory is that of the whole process `umm solve`, and is held to 64 MiB; the kernel
counts from what this script had when it forked, so a dozen MiB are the least that can be seen.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HEAPS = [{"name": "system", "class": "memfd"},
         {"name": "cma", "class": "dma_heap", "contiguous": True, "address_max": 2**32 - 1}]
MOST_KIB = 64 * 1024


def primes(count):
    found = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def group(i, first, second):
    return {"name": f"g{i}", "one_of": [[{"name": f"a{i}", "usage": ["dma"], **first}],
                                        [{"name": f"b{i}", "usage": ["dma"], **second}]]}


def camping(count):
    return {"buffers": {"camping": count}}


def divisor(value, plane=None):
    entry = {"format": "NV12"}
    if plane is None:
        entry["stride"] = {"divisor_bytes": value}
    else:
        entry["planes"] = [{}, {"stride_divisor_bytes": value}]
    return {**camping(1), "formats": [entry]}


def only_heap(name):
    """Much is stated, and a heap that is not there."""
    return {"buffers": {"camping": 1, "shared_slack": 1, "min": 1, "max": 500},
            "memory": {"heaps": [name], "size_bytes": {"min": 100, "max": 10**12},
                       "address": {"align": 4096}, "pad_end_bytes": 64,
                       "coherency": ["cpu", "ram"]},
            "formats": [{"format": "NV12", "size": {"min": [16, 16], "max": [8192, 8192]},
                         "stride": {"min_bytes": 64, "divisor_bytes": 64}, "rows_align": 16,
                         "required_sizes": [[1920, 1080]], "pad_block": [16, 16]}]}


def nested(depth):
    inner = [{"name": "deep", "usage": ["dma"], **camping(1), "memory": {"heaps": ["nothing"]}}]
    for i in reversed(range(depth)):
        inner = [{"name": f"g{i}", "one_of": [
            [{"name": f"no{i}", "usage": ["dma"], "memory": {"heaps": ["nowhere"]}}], inner]}]
    return inner


def tuples(name, first):
    return {"name": name, "usage": ["gpu"], **camping(1), "formats": [
        {"format": "NV12", "modifier": f"0x3{first + i:014x}", "stride": {"divisor_bytes": 1 + i % 64},
         "required_sizes": [[64 + i % 7, 64]]} for i in range(4096)]}


def documents():
    prime = primes(128)
    sink = {"name": "sink", "usage": ["dma"], "buffers": {"max": 63}}
    return {
        "64 siblings above the budget of buffers":
            [sink] + [group(i, camping(2), camping(1)) for i in range(64)],
        "64 siblings that all want a heap of their own":
            [group(i, only_heap(f"n{i}"), only_heap(f"m{i}")) for i in range(64)],
        "64 siblings with a prime stride each":
            [group(i, divisor(prime[2 * i]), divisor(prime[2 * i + 1])) for i in range(64)],
        "64 siblings with a prime stride of the second plane each":
            [group(i, divisor(prime[2 * i], 1), divisor(prime[2 * i + 1], 1)) for i in range(64)],
        "63 nested groups without a way out": nested(63),
        "4,096 tuples against 4,096 with one in common": [tuples("gpu", 16), tuples("codec", 4111)],
        "4,096 tuples against 4,096 others": [tuples("gpu", 16), tuples("codec", 8192)],
    }


# Millions of instructions.
BOUNDS = {
    "64 siblings above the budget of buffers": 465,
    "64 siblings that all want a heap of their own": 170,
    "64 siblings with a prime stride each": 230,
    "64 siblings with a prime stride of the second plane each": 245,
    "63 nested groups without a way out": 350,
    "4,096 tuples against 4,096 with one in common": 610,
    "4,096 tuples against 4,096 others": 615,
}


def count_instructions(umm, path):
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                          "--toggle-collect=umm_answer_solve", umm, "solve", path],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    return int(found.group(1)) if found else 0


def most_memory(umm, path):
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execv(umm, [umm, "solve", path])
    return os.wait4(child, 0)[2].ru_maxrss  # KiB


def main():
    umm = sys.argv[1]
    if shutil.which("valgrind") is None:
        print("SKIP: valgrind is not installed")
        return 77
    failed = False
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        for name, participants in documents().items():
            file.seek(0)
            file.truncate()
            json.dump({"heaps": HEAPS, "participants": participants}, file)
            file.flush()
            instructions = count_instructions(umm, file.name)
            if instructions == 0:
                print("SKIP: this build does not show its functions to callgrind")
                return 77
            kib = most_memory(umm, file.name)
            wrong = instructions > BOUNDS[name] * 10**6 or kib > MOST_KIB
            failed |= wrong
            print(f"{'FAIL' if wrong else 'ok  '} {instructions / 1e6:8.1f} of {BOUNDS[name]} million "
                  f"instructions, {kib / 1024:5.1f} MiB: {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
