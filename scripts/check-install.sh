#!/bin/sh
# SPDX-License-Identifier: MIT
# Install a build into an empty prefix, build the README's program against it with pkg-config alone,
# and run it: check-install.sh BUILD. The program is cut out of README.md, so the README cannot lie.
set -eu
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

prefix=$(meson introspect --buildoptions "$build" |
	python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
DESTDIR=$stage meson install --no-rebuild -C "$build" >"$stage/log" || {
	cat "$stage/log"
	exit 1
}

# pkg-config is told where things really are, as for any staged install.
pc=$(find "$stage" -name umm.pc)
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$stage"
libdir=$stage$(pkg-config --variable=libdir umm | sed "s|^$stage||")

sed -n '/^```c$/,/^```$/p' README.md | sed '/^```/d' >"$stage/client.c"
test -s "$stage/client.c"
# shellcheck disable=SC2046 # lists of words
${CC:-cc} -Wall -Wextra -Werror -o "$stage/client" "$stage/client.c" \
	$(pkg-config --cflags --libs umm)
LD_LIBRARY_PATH=$libdir "$stage/client" | tee "$stage/frames"
grep -qx 'frame 9' "$stage/frames"
lines=$(sed -n '/^int main/,$p' "$stage/client.c" | grep -c .)
[ "$lines" -le 20 ] || {
	echo "the README says that its program has 20 lines, and it has $lines"
	exit 1
}

"$stage$prefix/bin/umm" --version

# The tool finds its modules beside itself, not where they would be if this were no stage.
"$stage$prefix/bin/umm" run --quiet --frames 2 test null
"$stage$prefix/bin/umm" run --quiet --frames 2 file:demo/clip.mp4 null

if command -v scdoc >/dev/null; then
	for page in umm.1 umm-run.1 umm-probe.1 umm-solve.1 umm-bench.1 umm-constraints.5 libumm.3; do
		find "$stage" -name "$page*" | grep -q . || {
			echo "man page $page was not installed"
			exit 1
		}
	done
fi
