#!/bin/sh
# SPDX-License-Identifier: MIT
# Compare many random documents in steps that survive an interruption: each finished step is a line
# of LOG, and a second run of the same command goes on behind them. Several may run side by side,
# each with a range and a LOG of its own.
#
#	tests/reference/compare-range.sh [--permutations] SOLVE_COMPARE LOG FIRST LAST [STEP]
#	tests/reference/compare-range.sh --sum LOG...
set -eu

if [ "$1" = --sum ]; then
	shift
	exec awk '{ n += $2; ok += $4; conflict += $6; invalid += $8; wrong += $10
		orders += $12; left += $14 }
		END { printf "%d documents: %d ok, %d conflict, %d invalid; %d disagreements",
			n, ok, conflict, invalid, wrong
			if (orders > 0)
				printf "; %d orders, %d documents left out", orders, left
			print ""; exit wrong > 0 }' "$@"
fi

permutations=
if [ "$1" = --permutations ]; then
	permutations="--permutations all"
	shift
fi

compare=$1 log=$2 first=$3 last=$4 step=${5:-5000}
touch "$log"
seed=$first
while [ "$seed" -le "$last" ]; do
	count=$step
	[ $((seed + count - 1)) -le "$last" ] || count=$((last - seed + 1))
	if ! grep -q "^$seed: " "$log"; then
		# shellcheck disable=SC2086 # two words, or none
		"$compare" $permutations --seed "$seed" --count "$count" >"$log.now" 2>&1 || cat "$log.now" >>"$log.wrong"
		echo "$seed: $(tail -n 1 "$log.now" | sed 's/ documents:/ documents/; s/[,;]//g')" >>"$log"
	fi
	seed=$((seed + count))
done
rm -f "$log.now"
