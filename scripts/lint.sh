#!/bin/sh
# SPDX-License-Identifier: MIT
# What tools say about the sources: lint.sh format | names | tidy BUILD | all BUILD.
#
#	format	clang-format finds nothing to change; seconds, and so a part of `make check`
#	names	pyflakes finds no name in the Python files that nobody defines, or uses; likewise: some
#		of those files run in `make check-lab` alone
#	tidy	clang-tidy with .clang-tidy finds nothing, in every C file that BUILD compiles and in
#		fuzz/; about 5 s a file, and so a command of its own, `make lint`
#
# JOBS processes; exit status 77 where a tool is missing or another version, whose opinion differs.
set -u
cd "$(dirname "$0")/.."
jobs=${JOBS:-2}
version=14 # of Debian 12

have() {
	"$1" --version 2>/dev/null | grep -q "version $version\." && return
	echo "SKIP: $1 $version is not installed"
	exit 77
}

sources() {
	git ls-files '*.c' '*.h' 2>/dev/null | grep . || find . -name '*.[ch]' -not -path './build*'
}

format() {
	have clang-format
	sources | xargs clang-format --dry-run -Werror
}

programs() {
	git grep -lI '^#!.*python' 2>/dev/null | grep . || grep -rlI '^#!.*python' --exclude-dir='build*' .
	git ls-files '*.py' 2>/dev/null | grep . || find . -name '*.py' -not -path './build*'
}

names() {
	command -v pyflakes3 >/dev/null || {
		echo "SKIP: pyflakes3 is not installed"
		exit 77
	}
	programs | sort -u | xargs pyflakes3
}

# One file at a time: clang-tidy 14 mistakes a second va_list for the first one's.
tidy() {
	have clang-tidy
	build=$1
	[ -f "$build/compile_commands.json" ] || {
		echo "there is no build in $build" >&2
		return 1
	}
	sources | grep '\.c$' | while read -r file; do
		case $file in
		fuzz/*) echo "$file" ;; # clang-tidy takes the flags of a file that BUILD has
		*) grep -q "/$file\"" "$build/compile_commands.json" && echo "$file" ;;
		esac
	done | nice xargs -P "$jobs" -n 1 clang-tidy -p "$build" --quiet --warnings-as-errors='*' 2>&1 |
		{
			# the counts of what was suppressed are no finding
			found=$(grep -v '^[0-9]* warnings\{0,1\} \(generated\|treated as errors\)')
			[ -z "$found" ] && return
			printf '%s\n' "$found"
			return 1
		}
}

case ${1-} in
format) format ;;
names) names ;;
tidy) tidy "$2" ;;
all) format && names && tidy "$2" ;;
*)
	echo "lint.sh format | names | tidy BUILD | all BUILD" >&2
	exit 2
	;;
esac
