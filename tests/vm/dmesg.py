# SPDX-License-Identifier: MIT
"""The kernel's log: what is new in it, and what in it is bad news."""
import re

BAD = re.compile(r"WARNING:|BUG:|\bOops\b|general protection|Call Trace|KASAN|UBSAN|refcount_t|"
                 r"DMAR:.*(fault|Fault)|INFO: task .* blocked|Kernel panic|list_(add|del) corruption|"
                 r"possible recursive locking|circular locking")

# vivid (6.12) computes when its next frame is due and says so with a backtrace when that is over
# already: what a busy host makes of an emulated machine, and nobody's fault.
HARMLESS = re.compile(r"schedule_timeout: wrong timeout value")


def without_harmless(lines):
    """All but the backtraces of what is harmless."""
    inside = False
    for line in lines:
        inside = inside or bool(HARMLESS.search(line))
        if not inside:
            yield line
        inside = inside and "</TASK>" not in line


class Log:
    def __init__(self):
        self.lines = []

    def add(self, text):
        """Take dmesg's whole output; returns the lines that were not there before."""
        lines = text.splitlines(True)
        fresh = lines[len(self.lines):]
        self.lines = lines
        return fresh


def bad_news(lines, expected=()):
    """Lines that tell of a fault, without those that match one of `expected`."""
    return [line for line in without_harmless(lines)
            if BAD.search(line) and not any(re.search(pattern, line) for pattern in expected)]
