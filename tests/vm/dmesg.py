# SPDX-License-Identifier: MIT
"""The kernel's log: what is new in it, and what in it is bad news."""
import re

BAD = re.compile(r"WARNING:|BUG:|\bOops\b|general protection|Call Trace|KASAN|UBSAN|refcount_t|"
                 r"DMAR:.*(fault|Fault)|INFO: task .* blocked|Kernel panic|list_(add|del) corruption|"
                 r"possible recursive locking|circular locking")


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
    return [line for line in lines
            if BAD.search(line) and not any(re.search(pattern, line) for pattern in expected)]
