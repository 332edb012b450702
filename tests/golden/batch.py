#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`umm solve --batch` answers each line as `umm solve` answers it alone: UMM EXAMPLES."""
import json
import pathlib
import subprocess
import sys

umm, examples = sys.argv[1], pathlib.Path(sys.argv[2])
lines = [json.dumps(json.loads(path.read_text()))
         for path in sorted(examples.glob("*/document.json"))]
lines += ["{", "[]", '{"heaps":[],"heaps":[]}', '{"heaps":[],"participants":[]}']


def run(arguments, text):
    return subprocess.run([umm, "solve", *arguments], input=text, capture_output=True, text=True,
                          check=False).stdout


together = run(["--batch", "-"], "".join(line + "\n" for line in lines)).splitlines()
assert len(together) == len(lines), f"{len(lines)} documents, {len(together)} answers"
assert len(lines) > 6, "the examples were not found"
for line, answer in zip(lines, together):
    assert json.loads(run(["-"], line)) == json.loads(answer), line
