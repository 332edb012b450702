#!/bin/sh
# SPDX-License-Identifier: MIT
# Decoders that cannot write into foreign buffers, that draw each picture over the last one, or that
# copy it from memory of their own: refused with the reason, unless copies are allowed; then they are
# counted to the byte, and the pictures are right.
. "$(dirname "$0")/lib.sh"
need ffmpeg

# check CLIP REASON BYTES: of one frame
check() {
	ffmpeg -v error -nostdin -y -i "$1" -f framemd5 expected.md5 || fail "ffmpeg failed"

	rm -f out.md5
	run 1 "file:$1" framemd5:out.md5
	one_line "--copies=allow"
	one_line "$2"
	[ ! -e out.md5 ] || fail "out.md5 is there"

	run 0 --copies=allow --json=result.json "file:$1" framemd5:out.md5
	copied=$(json copied_bytes)
	[ "$copied" = $((30 * $3)) ] || fail "$1: copied_bytes is \"$copied\""
	grep '^[0-9]' expected.md5 >expected.lines
	grep '^[0-9]' out.md5 >out.lines
	[ "$(wc -l <expected.lines)" = 30 ] || fail "$1 has not 30 frames"
	cmp expected.lines out.lines || fail "$1: the copies are not the pictures"
}

make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v rawvideo -pix_fmt yuv420p clip.avi
check clip.avi "cannot write into buffers of others" $((320 * 240 * 3 / 2))

make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v qtrle -pix_fmt rgb24 clip.mov
check clip.mov "draws each picture over the last one" $((320 * 240 * 3))

make_clip -f lavfi -i testsrc2=s=320x240:r=25:d=1.2 clip.gif
check clip.gif "draws each picture over the last one" $((320 * 240 * 4))

private="keeps its pictures in memory of its own"
make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v zmbv -pix_fmt bgr0 clip.avi
check clip.avi "$private" $((320 * 240 * 4))
make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v apng -pix_fmt rgba clip.apng
check clip.apng "$private" $((320 * 240 * 4))
make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v zlib -pix_fmt bgr24 clip.avi
check clip.avi "$private" $((320 * 240 * 3))
