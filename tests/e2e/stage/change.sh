#!/bin/sh
# SPDX-License-Identifier: MIT
# A clip whose picture changes its size in the middle: all frames before that arrive, then it ends
# with one line that says so.
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip -f lavfi -i testsrc2=s=640x360:r=30:d=0.4 -c:v libx264 -bf 3 -pix_fmt yuv420p a.h264
make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v libx264 -bf 3 -pix_fmt yuv420p b.h264
cat a.h264 b.h264 >clip.h264
ffmpeg -v error -nostdin -y -i a.h264 -f framemd5 expected.md5 || fail "ffmpeg failed"

run 1 file:clip.h264 framemd5:out.md5
one_line "changes from 640x360 yuv420p to 320x240 yuv420p"
grep '^[0-9]' expected.md5 >expected.lines
grep '^[0-9]' out.md5 >out.lines
cmp expected.lines out.lines || fail "the frames before the change are not all there"

# A filter and a slow sink behind it still hold frames when the source has failed: they finish.
run 1 --json=result.json file:clip.h264 compose,size=1920x1080 png:pictures,compression=9
one_line "changes from 640x360 yuv420p to 320x240 yuv420p"
pictures=$(ls pictures | wc -l)
[ "$pictures" = "$(wc -l <expected.lines)" ] || fail "$pictures pictures came out"
for status in 1 0 0; do
	echo "$status"
done >expected.exits
sed 's/"exit"/\n&/g' result.json | sed -n 's/^"exit": *\(-\{0,1\}[0-9]*\).*/\1/p' >out.exits
cmp expected.exits out.exits || fail "the stages' exits are $(tr '\n' ' ' <out.exits)"
