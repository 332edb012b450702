#!/bin/sh
# SPDX-License-Identifier: MIT
# The library exports what libumm.map lists, and every name is declared in a public header; so does
# the tool, of whose own names ($ONLY, a pattern) the module of the stages uses some:
# exported-symbols.sh LIBRARY MAP HEADER...
set -u
library=$1
map=$2
shift 2
command -v nm >/dev/null || {
	echo "SKIP: no nm here"
	exit 77
}
listed=$(sed -n 's/^[[:space:]]*\([a-z_0-9]*\);$/\1/p' "$map" | sort)
exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | grep "${ONLY:-.}" | sort)
[ -n "$listed" ] || exit 1

status=0
if [ "$listed" != "$exported" ]; then
	echo "libumm.map lists:"
	echo "$listed"
	echo "the library exports:"
	echo "$exported"
	status=1
fi
for symbol in $listed; do
	grep -qw "$symbol" "$@" || {
		echo "$symbol is exported and in no public header"
		status=1
	}
done
# What is declared must be there as well, or a client would not link.
for symbol in $(cat "$@" | tr '\n' ' ' | sed 's/UMM_API/\n&/g' |
	sed -n 's/^UMM_API[^;(]*[ *]\(umm_[a-z_0-9]*\)(.*/\1/p' | sort -u); do
	echo "$listed" | grep -qx "$symbol" || {
		echo "$symbol is declared and not exported"
		status=1
	}
done
exit $status
