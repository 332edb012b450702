#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`umm solve --batch` answers each line as `umm solve` answers it alone, and at once; and whatever
there is to be read, it ends and says so: UMM EXAMPLES."""
import json
import os
import pathlib
import select
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

# Who asks over a pipe gets each answer before the next question.
with subprocess.Popen([umm, "solve", "--batch", "-"], text=True, stdin=subprocess.PIPE,
                      stdout=subprocess.PIPE) as process:
    for line, answer in zip(lines, together):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], 60)[0], "no answer"
        assert process.stdout.readline().rstrip("\n") == answer, line
    process.stdin.close()
    assert process.wait(timeout=60) == 2


def limited(arguments, **streams):
    """Its output, exit status and the most memory it had, in KiB."""
    with subprocess.Popen([umm, "solve", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, **streams) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return output, process.returncode, usage.ru_maxrss


# Of input that is far too long no more is kept than shows that it is, and one such line of a batch
# spoils no other.
for arguments, then in ((["-"], 0), (["--batch", "-"], 1)):
    with subprocess.Popen(["sh", "-c", "head -c 300000000 /dev/zero; echo; echo '{'"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as endless:
        output, status, most = limited(arguments, stdin=endless.stdout)
        endless.stdout.close()
    assert status == 2 and "longer than 16 MiB" in output and output.count("\n") == 1 + then, output
    assert most < 200_000, most

# What cannot be read is an answer, too.
for arguments in (["/"], ["--batch", "/"], ["no-such-file"]):
    output, status, _ = limited(arguments)
    assert status == 2 and json.loads(output)["errors"][0]["message"].startswith("cannot be read")
