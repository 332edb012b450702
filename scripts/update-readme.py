#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the demo and put its table into README.md, as it was measured: update-readme.py UMM."""
import pathlib
import re
import subprocess
import sys

START, END = "<!-- demo-output -->", "<!-- end of demo-output -->"
root = pathlib.Path(__file__).resolve().parent.parent
done = subprocess.run([root / "scripts/demo.sh", pathlib.Path(sys.argv[1]).resolve()], check=True,
                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
readme = root / "README.md"
text = re.sub(f"{START}(.*?{END})?", f"{START}\n```\n{done.stdout.rstrip()}\n```\n{END}".replace("\\", "\\\\"),
              readme.read_text(), count=1, flags=re.DOTALL)
readme.write_text(text)
