#!/bin/sh
# SPDX-License-Identifier: MIT
# Whatever is wrong from outside ends with status 1 or 2 and one line that says what and where.
. "$(dirname "$0")/lib.sh"
need ffmpeg

make_clip -f lavfi -i testsrc2=s=320x240:r=30:d=1 -c:v libx264 -pix_fmt yuv420p good.mp4

# refused TEXT ARGUMENTS...: 2 is for what the command line alone shows to be wrong.
refused() {
	text=$1
	shift
	run "1 2" "$@"
	one_line "$text"
}

# files
refused "missing.mp4: No such file" file:missing.mp4 null
: >empty.mp4
refused "empty.mp4" file:empty.mp4 null
echo "This is not a film." >text.txt
refused "text.txt" file:text.txt null
cp text.txt text.mp4
refused "text.mp4" file:text.mp4 null
head -c 3000 good.mp4 >cut.mp4
refused "cut.mp4" file:cut.mp4 null
mkdir directory
refused "directory" file:directory null
make_clip -f lavfi -i sine=d=1 sound.wav
refused "no video" file:sound.wav null
echo "not a PNG" >logo.png
refused "logo.png" test compose:logo.png null

# what is said on the command line
refused "there is no stage \"nul\"" test nul
refused "does not know the key \"sice\"" test,sice=1x1 null
for size in 0x0 100000x100000; do
	refused "size=$size" "test,size=$size" null
	refused "size=$size" test "compose,size=$size" null
done

# what cannot be written
refused "No space left on device" --frames 3 test framemd5:/dev/full
refused "missing/out.md5: No such file" --frames 3 test framemd5:missing/out.md5
refused "/proc/nothing" --frames 3 test png:/proc/nothing
[ ! -e out.md5 ] || fail "out.md5 is there"
