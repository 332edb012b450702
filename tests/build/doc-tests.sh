#!/bin/sh
# Tables of the documentation name tests: those of the unit tests must exist.
#	doc-tests.sh SOURCE_ROOT DOCUMENT...
set -eu
root=$1
shift
names=$(grep -oh '`[a-z_]*@[a-z0-9-]*`' "$@" | tr -d '`' | sort -u)
[ -n "$names" ] || { echo "no names in $*" >&2; exit 1; }
missing=0
for name in $names; do
	file=$root/tests/unit/${name%%@*}.c
	test=$(printf '%s' "${name#*@}" | tr - _)
	case $name in
	docs@*) continue ;;
	esac
	grep -q "^TEST($test)" "$file" 2>/dev/null || { echo "there is no test $name"; missing=1; }
done
exit $missing
