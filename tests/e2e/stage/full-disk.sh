#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that fills up, and one that cannot be written: one line, and no half picture is left.
self=$(realpath "$0")
. "$(dirname "$0")/lib.sh"
[ "${1:-}" = inside ] || {
	unshare -rm true 2>/dev/null || skip "no mount namespaces here"
	unshare -rm "$self" inside
	exit
}

mkdir small locked
trap 'cd / && umount "$scratch/small" "$scratch/locked" && rm -rf "$scratch"' EXIT
mount -t tmpfs -o size=96k none small || skip "no tmpfs in a namespace"
mount -t tmpfs -o ro none locked || fail "no read-only tmpfs"

run 1 --frames 100 test,size=640x360 png:small,compression=0
one_line "small/frame-000000.png: No space left on device"
[ "$(find small -type f | wc -l)" = 0 ] || fail "something half written is left"

run 1 --frames 3 test,size=640x360 png:locked
one_line "locked/frame-000000.png: Read-only file system"

run 1 --frames 3000 test,size=64x64 framemd5:small/out.md5
one_line "small/out.md5: No space left on device"
[ "$(find small -type f | wc -l)" = 0 ] || fail "a half written list is left"
