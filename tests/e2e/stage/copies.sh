#!/bin/sh
# SPDX-License-Identifier: MIT
# A decoder that cannot write into foreign buffers: refused with the reason, unless copies are
# allowed; then they are counted to the byte, and the pictures are right.
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v rawvideo -pix_fmt yuv420p clip.avi
ffmpeg -v error -nostdin -y -i clip.avi -f framemd5 expected.md5 || fail "ffmpeg failed"

run 1 file:clip.avi framemd5:out.md5
one_line "--copies=allow"
[ ! -e out.md5 ] || fail "out.md5 is there"

run 0 --copies=allow --json=result.json file:clip.avi framemd5:out.md5
copied=$(json copied_bytes)
[ "$copied" = $((30 * 320 * 240 * 3 / 2)) ] || fail "copied_bytes is \"$copied\""
grep '^[0-9]' expected.md5 >expected.lines
grep '^[0-9]' out.md5 >out.lines
cmp expected.lines out.lines || fail "the copies are not the pictures"
