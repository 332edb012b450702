#!/bin/sh
# SPDX-License-Identifier: MIT
# The last line of `make check` tells the truth: sum-tests.sh SCRIPT
set -u
sum=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0

# expect STATUS LAST_LINE LOG...
expect() {
	wanted=$1
	line=$2
	shift 2
	python3 "$sum" "$@" >"$dir/out"
	got=$?
	[ "$got" = "$wanted" ] && [ "$(tail -n 1 "$dir/out")" = "$line" ] || {
		echo "wanted status $wanted and '$line', got $got and '$(tail -n 1 "$dir/out")'"
		status=1
	}
}

printf '%s\n' '{"name": "a", "result": "OK", "stdout": ""}' >"$dir/good.json"
printf '%s\n' '{"name": "b", "result": "SKIP", "stdout": "SKIP: no card here\n"}' >"$dir/skip.json"
printf '%s\n' '{"name": "c", "result": "FAIL", "stderr": "c.c:1: x == y"}' >"$dir/bad.json"
printf '%s\n' '{"name": "d", "result": "TIMEOUT"}' >"$dir/late.json"
: >"$dir/empty.json"

expect 0 "1 passed, 0 failed, 0 skipped" "$dir/good.json"
expect 0 "1 passed, 0 failed, 1 skipped" "$dir/good.json" "$dir/skip.json"
grep -q 'no card here' "$dir/out" || status=1
expect 1 "1 passed, 2 failed, 0 skipped" "$dir/good.json" "$dir/bad.json" "$dir/late.json"
grep -q 'c.c:1: x == y' "$dir/out" || status=1
printf '%s\n' '{"name": "vm", "result": "FAIL", "stdout":
"1..3\nok 1 - here\nnot ok 2 - wrong\n#   y != z\nok 3 - gone # SKIP no disk\n"}' |
	tr -d '\n' >"$dir/parts.json"
expect 1 "1 passed, 1 failed, 1 skipped" "$dir/parts.json"
grep -q 'y != z' "$dir/out" && grep -q 'skipped, no disk' "$dir/out" || status=1
printf '%s\n' '{"name": "vm", "result": "TIMEOUT", "stdout": "1..2\nok 1 - here\n"}' >"$dir/cut.json"
expect 1 "1 passed, 1 failed, 0 skipped" "$dir/cut.json"
printf 'not a log\n' >"$dir/torn.json"
expect 1 "1 passed, 1 failed, 0 skipped" "$dir/good.json" "$dir/torn.json"
expect 1 "0 passed, 0 failed, 0 skipped" "$dir/empty.json"
expect 1 "0 passed, 0 failed, 1 skipped" "$dir/skip.json"
exit $status
