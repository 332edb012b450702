#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make vm -- COMMAND`, `make vm CMD=LINE` and `make vm-shell`, each by a machine of its own: what is
said inside is said outside, and how it ends.

    front_door.py BUILD
"""
import os
import subprocess
import sys

import kernel
import machine
import options

EXIT_SKIP = 77
INSIDE = "cat /proc/1/comm"  # nowhere else is this the first process:
FIRST = "vm-init\n"


def make(*words, stdin=None):
    """As from a terminal: a make that runs this test has nothing to say to it."""
    strange = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CMD", "VM", "BUILD")
    environment = {name: value for name, value in os.environ.items() if name not in strange}
    return subprocess.run(["make", "BUILD=" + os.path.abspath(sys.argv[1]), *words], input=stdin,
                          capture_output=True, text=True, cwd=machine.Machine.source(),
                          env=environment, timeout=600, check=False)


def expect(done, status, out, err=""):
    if done.returncode != status or out not in done.stdout.replace("\r", "") or err not in done.stderr:
        sys.exit(f"{done.args}: wanted {status}, '{out}' and '{err}', got {done.returncode}, "
                 f"'{done.stdout}' and '{done.stderr}'")


def main():
    try:
        machine.check_host(options.Options())
        kernel.stock()
    except kernel.Unavailable as reason:
        print(f"SKIP: {reason}")
        return EXIT_SKIP
    done = make("vm", "--", "sh", "-c", f"{INSIDE}; echo a=b 'c  d'; echo no >&2; exit 3")
    expect(done, 2, FIRST + "a=b c  d\n", "no\n")  # make's own status is 2 for any failure
    expect(done, 2, "", "Error 3")
    expect(make("vm", f"CMD={INSIDE} | tr a-z A-Z; false; echo $? $(echo $HOME)"), 0,
           FIRST.upper() + "1 /tmp\n")
    expect(make("vm-shell", stdin=f"{INSIDE}; echo $((6 * 7))\nexit\n"), 0, FIRST + "42\n")
    return 0


sys.exit(main())
