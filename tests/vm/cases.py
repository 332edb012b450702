# SPDX-License-Identifier: MIT
"""What a file of cases needs: the mark @case, and Skip."""

CASES = []  # (boot, function), in the order of the files' names and lines


class Skip(Exception):
    """Raised by a case that cannot run here, with the reason."""


def case(*boots):
    """A function of one machine (machine.Machine) that runs once in each of these boots."""
    def mark(function):
        for boot in boots:
            CASES.append((boot, function))
        return function
    return mark
