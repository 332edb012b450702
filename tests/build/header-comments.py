#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every function of the library says in its header since which version it is there.

	header-comments.py MAP HEADER...

A comment belongs to what is declared right below it, up to the next empty line: several functions
may share one. The version is that of the map's node that lists the function.
"""
import re
import sys


def versions(path):
    """Name to version, from `UMM_0.1 {` and the names that it lists."""
    node, found = None, {}
    for line in open(path, encoding="utf-8"):
        if opened := re.match(r"UMM_([0-9.]+) \{", line):
            node = opened[1]
        elif listed := re.match(r"\s+(umm_\w+);", line):
            found[listed[1]] = node
    return found


def comments(path):
    """Pairs of a function and the words of the comment above it, "" for none."""
    for block in open(path, encoding="utf-8").read().split("\n\n"):
        # the last comment before the first declaration: members and parameters have their own
        head, *declared = re.split(r"^(?=UMM_API\b)", block, flags=re.MULTILINE)
        above = re.findall(r"^/\*\*(.*?)\*/", head, flags=re.MULTILINE | re.DOTALL)
        words = " ".join(re.sub(r"^ \*", "", above[-1], flags=re.MULTILINE).split()) if above else ""
        for declaration in declared:
            yield re.search(r"\b(umm_\w+)\(", declaration)[1], words


def main():
    listed, wrong = versions(sys.argv[1]), []
    said = {name: words for path in sys.argv[2:] for name, words in comments(path)}
    if not listed:
        sys.exit("no function in " + sys.argv[1])
    for name, version in sorted(listed.items()):
        if f"Since {version}." not in said.get(name, ""):
            wrong.append(f"{name}: its comment does not say Since {version}." if name in said
                         else f"{name}: in no header")
    sys.exit("\n".join(wrong) or None)


main()
