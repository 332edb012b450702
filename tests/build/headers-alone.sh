#!/bin/sh
# SPDX-License-Identifier: MIT
# Every public header compiles alone: headers-alone.sh LANGUAGE COMPILER INCLUDE_DIR... -- HEADER...
set -u
language=$1
compiler=$2
shift 2
command -v "${compiler%% *}" >/dev/null || {
	echo "SKIP: no $compiler here"
	exit 77
}

includes=
while [ "$1" != -- ]; do
	includes="$includes -I$1"
	shift
done
shift
[ $# -gt 0 ] || exit 1

status=0
for path in "$@"; do
	header=umm/$(basename "$path" .in)
	# shellcheck disable=SC2086 # lists of words
	printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
		$compiler -x "$language" -Wall -Wextra -Wpedantic -Werror -fsyntax-only $includes - || {
		echo "$header does not compile alone as $language"
		status=1
	}
done
exit $status
