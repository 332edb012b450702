#!/bin/sh
# SPDX-License-Identifier: MIT
# A short run of a libFuzzer target, as an ordinary test: what it finds new is kept nowhere.
#
#	fuzz/short-run.sh TARGET DICTIONARY CORPUS SECONDS
set -eu
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$1" -dict="$2" -max_total_time="$4" -max_len=8192 -timeout=20 -rss_limit_mb=2048 \
	-artifact_prefix="$found/" "$found" "$3" 2>"$found.log" || {
	status=$?
	tail -n 60 "$found.log"
	rm -f "$found.log"
	exit $status
}
grep -E 'Done|DONE' "$found.log" || true
rm -f "$found.log"
