# SPDX-License-Identifier: MIT
# What the stages' tests share. Sourced with UMM (the tool), TOOLS (directory of the test's helpers)
# in the environment; leaves the caller in a fresh directory that goes away at the end.
set -u

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# Exit status 77 is a skip for meson.
skip() {
	echo "SKIP: $*"
	exit 77
}

need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# make_clip NAME INPUT-OPTIONS... : ffmpeg, silent, repeatable.
make_clip() {
	ffmpeg -v error -nostdin -y "$@" || fail "ffmpeg could not make the clip"
}

# run STATUS ARGUMENTS...: umm run, which must end with STATUS (or one of several); what it says is
# in out.txt and err.txt.
run() {
	expected=$1
	shift
	timeout 60 "$UMM" run --quiet "$@" >out.txt 2>err.txt </dev/null
	status=$?
	case " $expected " in
	*" $status "*) ;;
	*)
		cat err.txt >&2
		fail "umm run $*: exit status $status, expected $expected"
		;;
	esac
}

# one_line TEXT: stderr has exactly one line, with TEXT in it.
one_line() {
	[ "$(wc -l <err.txt)" = 1 ] || {
		cat err.txt >&2
		fail "expected one line on stderr"
	}
	grep -qF -- "$1" err.txt || {
		cat err.txt >&2
		fail "expected \"$1\" in that line"
	}
}

# json FIELD: a number or string in result.json, by the name of its (first) key.
json() {
	sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p' result.json | head -n 1
}
