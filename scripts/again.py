#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run again, once, the tests in which LeakSanitizer itself fell over.

again.py BUILD LOG [MESON TEST OPTIONS...]     LOG is a copy of BUILD's testlog.json, and is changed

Its tracer stops the process that ends and reads its memory; clang 14's crashes doing so once in
some ten thousand ends, of programs without a thread too, and then says "LeakSanitizer has
encountered a fatal error". That tells nothing about the test, which is run again, by itself, and
must pass then. Any other failure stays one.
"""
import json
import os
import subprocess
import sys

FELL_OVER = "LeakSanitizer has encountered a fatal error"
MOST = 3  # more are no accident


def read(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        return [parse(line) for line in log if line.strip()]


def parse(line):
    """A line that is torn stays as it is: whoever sums up counts it as a failure."""
    try:
        test = json.loads(line)
        return test if "name" in test and "result" in test else {"torn": line}
    except (ValueError, TypeError):
        return {"torn": line}


def fell_over(test):
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    return test.get("result", "OK") not in {"OK", "SKIP"} and FELL_OVER in text


def run_again(build, tests, options):
    names = [test["name"].rpartition(" / ")[2] for test in tests]
    own_log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(own_log):
        os.remove(own_log)
    subprocess.run(["meson", "test", "-C", build, "--no-rebuild", *options, *names], check=False,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if not os.path.exists(own_log):
        return {}
    return {test["name"]: test for test in read(own_log) if "torn" not in test}


def main(build, log, *options):
    tests = read(log)
    fallen = [test for test in tests if fell_over(test)]
    if not 0 < len(fallen) <= MOST:
        return
    again = run_again(build, fallen, options)
    for test in fallen:
        result = again.get(test["name"], test)["result"]
        print(f"   LeakSanitizer fell over in {test['name']}; run again: {result}", flush=True)
    with open(log, "w", encoding="utf-8") as out:
        for test in tests:
            chosen = again.get(test["name"], test) if test in fallen else test
            out.write(chosen.get("torn") or json.dumps(chosen) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
