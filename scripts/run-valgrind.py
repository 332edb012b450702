#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run every unit test executable of a build once under valgrind: BUILD LOG JOBS.

One valgrind per executable and not per test, because its start takes longer than most tests; an
executable whose tests are long (their priority says so) is taken apart, and those begin first. The
harness forks each test, valgrind follows, and a test with an error of memory or a lost fd exits
with 99, which the harness prints as FAIL. Tests in suite "no-valgrind" are left out: those that
count system calls or faults, race against the clock, or ask what valgrind has no part in. The log
has the form of testlog.json.
"""
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import time

VALGRIND = ["valgrind", "--quiet", "--track-fds=yes", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--error-exitcode=99"]
TIME_LIMIT_S = 900
LONG = 8  # of meson's priority, which is about seconds: long_tests in tests/meson.build
RESULTS = {"ok": "OK", "FAIL": "FAIL", "skip": "SKIP"}


def unit_tests(build):
    """(executable, names of tests) for each valgrind, the longest first."""
    text = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                          capture_output=True, text=True).stdout
    found = collections.defaultdict(list)
    for test in json.loads(text):
        suites = {suite.rpartition(":")[2] for suite in test["suite"]}
        if "unit" in suites and "no-valgrind" not in suites and len(test["cmd"]) == 2:
            priority = test.get("priority", 0)
            alone = test["cmd"][1] if priority >= LONG else None
            found[-priority, test["cmd"][0], alone].append(test["cmd"][1])
    ordered = sorted(found.items(), key=lambda item: (item[0][0], -len(item[1])))
    return [(executable, names) for (_, executable, _), names in ordered]


def run(executable, names):
    environment = dict(os.environ, UMM_TEST_TIMEOUT="300")
    begun = time.monotonic()
    try:
        done = subprocess.run(VALGRIND + [executable] + names, env=environment, text=True,
                              errors="replace", capture_output=True, timeout=TIME_LIMIT_S,
                              stdin=subprocess.DEVNULL)
        output, errors = done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        output, errors = "", f"no end after {TIME_LIMIT_S} s"
    took = time.monotonic() - begun
    seen = {}
    reason = ""
    for line in output.splitlines():
        word, _, name = line.partition(" ")
        if word == "SKIP:":
            reason = line
        elif word in RESULTS:
            seen[name.strip()] = (RESULTS[word], reason)
            reason = ""
    file = os.path.basename(executable).removeprefix("unit-")
    for name in names:
        result, why = seen.get(name, ("FAIL", "it did not report"))
        yield {"name": f"{file}@{name.replace('_', '-')}", "result": result,
               "stdout": why, "stderr": errors if result == "FAIL" else "", "suite": ["valgrind"],
               "duration": took}


def main(build, log, jobs):
    tests = unit_tests(build)
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool, open(log, "w") as out:
        for lines in pool.map(lambda item: list(run(*item)), tests):
            for line in lines:
                print(json.dumps(line), file=out)


if __name__ == "__main__":
    main(*sys.argv[1:])
