#!/bin/sh
# SPDX-License-Identifier: MIT
# Every benchmark the tool knows: bench.sh UMM.
set -eu
umm=$1
"$umm" bench --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r name; do
	echo "== umm bench $name"
	"$umm" bench "$name"
	echo
done
