#!/bin/sh
# SPDX-License-Identifier: MIT
# A clip whose picture changes its size in the middle: all frames before that arrive, then it ends
# with one line that says so.
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip -f lavfi -i testsrc2=s=640x360:r=30:d=1 -c:v libx264 -bf 3 -pix_fmt yuv420p a.h264
make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v libx264 -bf 3 -pix_fmt yuv420p b.h264
cat a.h264 b.h264 >clip.h264
ffmpeg -v error -nostdin -y -i a.h264 -f framemd5 expected.md5 || fail "ffmpeg failed"

run 1 file:clip.h264 framemd5:out.md5
one_line "changes from 640x360 yuv420p to 320x240 yuv420p"
grep '^[0-9]' expected.md5 >expected.lines
grep '^[0-9]' out.md5 >out.lines
cmp expected.lines out.lines || fail "the frames before the change are not all there"
