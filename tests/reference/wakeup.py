#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what lies between a wake-up and the frame in hand: UMM.

A consumer that slept finds neither code nor data in the caches: what a hand-off costs is how many
cache lines and pages it touches, which does not depend on the machine's speed, or on who else is busy.
valgrind's lackey tells every address that `umm bench handoff` touches. Counted is from the return of
the futex call in the consumer to its look at the clock, included, for our queue and for the bare ring,
whose own lines are those nobody can do without; the bounds are for what ours touches beyond them, about
half above what it was when they were written (x86-64, gcc 12, -O2).
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from bisect import bisect_right

LINE, PAGE = 64, 4096
BASES = (0x108000, 0x400000, 0)  # where valgrind puts programs, relocatable and not
SLEEPS = {"bare": ("wait_for", "bare_take"), "umm": ("umm_futex_wait",)}
BOUNDS = {"instructions": 270, "code lines": 15, "data lines": 13, "pages": 6}


class Symbols:
    def __init__(self, path):
        rows = (line.split() for line in subprocess.check_output(["nm", "-n", path], text=True).splitlines())
        table = [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tT"]
        self.starts = [start for start, _ in table]
        self.names = [name for _, name in table]

    def name(self, address):
        """"" for what is none of the program."""
        index = bisect_right(self.starts, address) - 1
        return self.names[index] if 0 <= index < len(self.names) - 1 else ""


def read_trace(path):
    """(kind, address, size) of every access; kind "I" is an instruction."""
    with open(path, errors="replace") as file:
        for line in file:
            kind, rest = line[:2].strip(), line[3:].strip()
            if kind in ("I", "L", "S", "M") and rest.count(",") == 1:
                address, size = rest.split(",")
                yield kind, int(address, 16), int(size)


def lines(accesses):
    return {at // LINE for _, address, size in accesses for at in (address, address + size - 1)}


def count(accesses):
    code = [access for access in accesses if access[0] == "I"]
    data = [access for access in accesses if access[0] != "I"]
    touched = lines(code), lines(data)
    return {"instructions": len(code), "code lines": len(touched[0]), "data lines": len(touched[1]),
            "pages": len({line * LINE // PAGE for line in touched[0] | touched[1]})}


def name_instructions(trace, symbols):
    """The function of each access that is an instruction, None for data; the program's base or none."""
    for base in BASES:
        names = [symbols.name(access[1] - base) if access[0] == "I" else None for access in trace]
        if "consume" in names and ("ours_take" in names or "bare_take" in names):
            return names
    return None


def wake_ups(names, who):
    """Where segments begin and end: from the return of the last call out of the program that a
    sleeper made, through the next one that consume() makes (the clock), to its return."""
    outside, begin = False, None
    for i, name in enumerate(names):
        if name is None:
            continue
        if name == "":
            outside = True
            continue
        if outside and name in SLEEPS[who]:
            begin = i
        if outside and name == "consume" and begin is not None:
            yield begin, i
            begin = None
        outside = False


def counts_of(path, symbols):
    trace = list(read_trace(path))
    names = name_instructions(trace, symbols)
    if names is None:
        return None, []
    who = "umm" if "ours_take" in names else "bare"
    return who, [count(trace[begin:end]) for begin, end in wake_ups(names, who)]


def measure(umm):
    """Medians over the wake-ups of each contender's consumer."""
    found = {}
    symbols = Symbols(umm)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["valgrind", "--tool=lackey", "--trace-mem=yes", f"--log-file={folder}/%p", umm, "bench",
                        "handoff", "--only=paced-60", "--watch=broker", "--rounds=1", "--frames=20"],
                       stdout=subprocess.DEVNULL, check=True)
        for entry in os.scandir(folder):
            who, counts = counts_of(entry.path, symbols)
            if counts:
                found[who] = {key: statistics.median(one[key] for one in counts) for key in BOUNDS}
    return found


def main():
    if shutil.which("valgrind") is None:
        print("SKIP: valgrind is not installed")
        return 77
    found = measure(sys.argv[1])
    if set(found) != {"umm", "bare"}:
        print("SKIP: this build does not show its functions to nm")
        return 77
    failed = False
    for key, bound in BOUNDS.items():
        more = found["umm"][key] - found["bare"][key]
        failed |= more > bound
        print(f"{key:13} bare {found['bare'][key]:4.0f}, umm {found['umm'][key]:4.0f}: {more:.0f} more"
              f"{f', and not at most {bound}' if more > bound else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
