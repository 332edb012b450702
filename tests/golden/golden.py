#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run a worked example and compare what the tool says with what the documentation shows.

    golden.py UMM DIRECTORY            compare; exit status 0 or 1
    golden.py --refresh UMM DIRECTORY  write what the tool says; look at the difference before
                                       you commit it: the contract decides, not the tool

A directory holds `command` (the command line, then "exit N") and the expected output: answer.json
where that is JSON, compared as JSON, so that indentation and the order of keys do not matter;
explain.txt otherwise, compared byte by byte. What an example is not about may be left out: "..."
as a value stands for any value, "..." as the last line for any further lines.
"""
import difflib
import json
import os
import shlex
import subprocess
import sys


def read_command(directory):
    with open(os.path.join(directory, "command")) as file:
        line, status = file.read().splitlines()
    words = shlex.split(line)
    if words[0] != "umm" or not status.startswith("exit "):
        sys.exit(f"{directory}/command: not 'umm ...' and 'exit N'")
    return words[1:], int(status.split()[1])


def run(umm, directory, arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("UMM_")}
    done = subprocess.run([umm] + arguments, cwd=directory, env=environment, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.stderr:
        print("stderr:", done.stderr, end="")
    return done.stdout, done.returncode


def elide(want, have):
    """have, with "..." wherever want says so."""
    if want == "...":
        return want
    if isinstance(want, dict) and isinstance(have, dict):
        return {key: elide(want.get(key), value) for key, value in have.items()}
    if isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        return [elide(w, h) for w, h in zip(want, have)]
    return have


def comparable_json(want, have):
    try:
        want, have = json.loads(want), json.loads(have)
    except ValueError as fault:
        return want, f"not JSON ({fault}):\n{have}"
    return tuple(json.dumps(value, indent=2, sort_keys=True) + "\n"
                 for value in (want, elide(want, have)))


def comparable_text(want, have):
    lines = want.splitlines(True)
    if lines and lines[-1].strip() == "...":
        have = "".join(have.splitlines(True)[:len(lines) - 1]) + lines[-1]
    return want, have


def expected_name(arguments):
    return "answer.json" if arguments[0] == "solve" or "--json" in arguments else "explain.txt"


def pretty(value, indent=""):
    """JSON for people: what fits into a line is one line."""
    line = json.dumps(value)
    if len(indent) + len(line) <= 100 or not isinstance(value, (dict, list)) or not value:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {pretty(item, inner)}" for key, item in value.items()]
    else:
        parts = [pretty(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + inner + (",\n" + inner).join(parts) + "\n" + indent + closing


def refresh(path, output):
    """What was left out stays left out."""
    want = ""
    if os.path.exists(path):
        with open(path) as file:
            want = file.read()
    if path.endswith(".json"):
        have = json.loads(output)
        output = pretty(elide(json.loads(want), have) if want else have) + "\n"
    else:
        output = comparable_text(want, output)[1]
    with open(path, "w") as file:
        file.write(output)


def compare(path, output):
    with open(path) as file:
        want = file.read()
    comparable = comparable_json if path.endswith(".json") else comparable_text
    want, have = comparable(want, output)
    sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), have.splitlines(True), path,
                                               "what the tool says"))
    return want == have


def main():
    arguments = sys.argv[1:]
    writing = arguments[:1] == ["--refresh"]
    umm, directory = arguments[writing:]
    command, want_status = read_command(directory)
    output, status = run(os.path.abspath(umm), directory, command)
    path = os.path.join(directory, expected_name(command))
    if status != want_status:
        print(f"exit status {status}, expected {want_status}")
        sys.stdout.write(output)
        return 1
    if writing:
        refresh(path, output)
        return 0
    return 0 if compare(path, output) else 1


sys.exit(main())
