#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sum test logs in the form of meson's testlog.json (one object a line).

sum-tests.py LOG...            failures, reasons of skips, then one line; exit 1 on any failure,
                               or when no test ran at all
sum-tests.py --one NAME LOG    one short line about one log

A test that speaks the Test Anything Protocol counts as the tests it ran.
"""
import collections
import json
import os
import re
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
TAIL_LINES = 15


def parse(line):
    try:
        test = json.loads(line)
        return test if "result" in test and "name" in test else dict(test, name="?", result="?")
    except (ValueError, TypeError):
        return {"name": "a line of the log", "result": "UNREADABLE", "stdout": line}


def take_apart(test):
    """The parts of a test that speaks TAP; itself too when it failed otherwise than by a part."""
    lines = (test.get("stdout") or "").splitlines()
    if not any(re.fullmatch(r"1\.\.\d+", line) for line in lines):
        return [test]
    parts = []
    for line in lines:
        found = re.fullmatch(r"(not )?ok \d+ - (.*?)(?: # SKIP (.*))?", line)
        if found:
            result = "FAIL" if found[1] else "OK" if found[3] is None else "SKIP"
            text = f"SKIP: {found[3]}\n" if found[3] is not None else ""
            parts.append({"name": f"{test['name']} {found[2]}", "result": result, "stdout": text})
        elif parts and line.startswith("#"):
            parts[-1]["stdout"] += line.removeprefix("#").strip() + "\n"
    explained = test["result"] in PASSED | {"SKIP"} or any(p["result"] == "FAIL" for p in parts)
    return parts if explained and parts else parts + [test]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            if line.strip():
                for test in take_apart(parse(line)):
                    test["log"] = os.path.basename(path).removesuffix(".json")
                    yield test


def sort_out(tests):
    passed, failed, skipped = [], [], []
    for test in tests:
        if test["result"] in PASSED:
            passed.append(test)
        elif test["result"] == "SKIP":
            skipped.append(test)
        else:
            failed.append(test)
    return passed, failed, skipped


def reason(test):
    for line in (test.get("stdout") or "").splitlines():
        if line.startswith("SKIP:"):
            return line.removeprefix("SKIP:").strip()
    return "no reason given"


def print_failure(test):
    print(f"FAILED {test['name']} ({test['log']}, {test['result']})")
    text = (test.get("stdout") or "") + (test.get("stderr") or "")
    for line in text.splitlines()[-TAIL_LINES:]:
        print(f"    {line}")


def print_skips(skipped):
    by_reason = collections.defaultdict(list)
    for test in skipped:
        by_reason[reason(test)].append(f"{test['name']} ({test['log']})")
    for why, names in sorted(by_reason.items()):
        print(f"skipped, {why}:")
        for name in names:
            print(f"    {name}")


def print_one(name, path):
    passed, failed, skipped = sort_out(read(path))
    print(f"   {name}: {len(passed)} ok, {len(failed)} not ok, {len(skipped)} left out", flush=True)


def main(arguments):
    if arguments[:1] == ["--one"]:
        print_one(arguments[1], arguments[2])
        return 0
    passed, failed, skipped = sort_out(test for path in arguments for test in read(path))
    print_skips(skipped)
    for test in failed:
        print_failure(test)
    if not passed and not failed:
        print("no test ran")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
