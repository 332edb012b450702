#!/bin/sh
# SPDX-License-Identifier: MIT
# A clip played three times is the clip three times, and time goes on.
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v libx264 -bf 2 -pix_fmt yuv420p clip.mp4
run 0 file:clip.mp4 framemd5:once.md5
run 0 file:clip.mp4,loop=3 framemd5:thrice.md5
sums() {
	sed -n 's/^0,.*, //p' "$1"
}
sums once.md5 >once.sums
cat once.sums once.sums once.sums >expected.sums
sums thrice.md5 >thrice.sums
cmp expected.sums thrice.sums || fail "not the clip three times"
[ "$(sed -n 's/^0, *\([0-9]*\),.*/\1/p' thrice.md5 | tail -n 1)" = 89 ] || fail "time does not go on"
