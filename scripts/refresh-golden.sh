#!/bin/sh
# SPDX-License-Identifier: MIT
# Write the expected output of all worked examples anew, then show what has changed. Each change is
# a claim about the contract: check it by hand before you commit it.
#
#	scripts/refresh-golden.sh [UMM]
set -eu
cd "$(dirname "$0")/.."
umm=${1:-build/cli/umm}
for example in docs/examples/*/; do
	tests/golden/golden.py --refresh "$umm" "${example%/}"
done
git --no-pager diff --stat -- docs/examples
