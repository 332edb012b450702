#!/bin/sh
# SPDX-License-Identifier: MIT
# framemd5.sh KIND: what umm decodes is what ffmpeg decodes, frame by frame, times included.
. "$(dirname "$0")/lib.sh"
need ffmpeg

source_of() {
	echo "testsrc2=s=$1:r=$2:d=$3"
}

case $1 in
h264) make_clip -f lavfi -i "$(source_of 1920x1080 25 2)" -c:v libx264 -preset veryfast -bf 0 \
	-pix_fmt yuv420p clip.mp4 && clip=clip.mp4 ;;
h264-odd-size) make_clip -f lavfi -i "$(source_of 638x358 30 2)" -c:v libx264 -pix_fmt yuv420p \
	clip.mp4 && clip=clip.mp4 ;;
h264-b-frames) make_clip -f lavfi -i "$(source_of 640x360 30000/1001 3)" -c:v libx264 -bf 5 -refs 6 \
	-b-pyramid normal -g 30 -pix_fmt yuv420p clip.mkv && clip=clip.mkv ;;
h264-ts) make_clip -f lavfi -i "$(source_of 640x360 25 2)" -c:v libx264 -bf 3 -pix_fmt yuv420p \
	clip.ts && clip=clip.ts ;;
h264-elementary) make_clip -f lavfi -i "$(source_of 352x288 30 2)" -c:v libx264 -pix_fmt yuv420p \
	clip.h264 && clip=clip.h264 ;;
h264-interlaced) make_clip -f lavfi -i "$(source_of 720x576 25 2)" -c:v libx264 -flags +ilme+ildct \
	-x264opts tff=1 -pix_fmt yuv420p clip.mp4 && clip=clip.mp4 ;;
h264-422) make_clip -f lavfi -i "$(source_of 640x360 30 1)" -c:v libx264 -pix_fmt yuv422p clip.mkv &&
	clip=clip.mkv ;;
h264-444) make_clip -f lavfi -i "$(source_of 640x360 30 1)" -c:v libx264 -pix_fmt yuv444p clip.mkv &&
	clip=clip.mkv ;;
h264-10-bit) make_clip -f lavfi -i "$(source_of 640x360 30 2)" -c:v libx264 -pix_fmt yuv420p10le \
	clip.mkv && clip=clip.mkv ;;
h264-sound-first) make_clip -f lavfi -i "$(source_of 320x240 25 2)" -f lavfi -i sine=d=2 -c:v libx264 \
	-bf 2 -pix_fmt yuv420p -c:a aac clip.mp4 && clip=clip.mp4 ;;
vp9) make_clip -f lavfi -i "$(source_of 638x358 30000/1001 2)" -c:v libvpx-vp9 -b:v 500k \
	-cpu-used 8 -auto-alt-ref 1 -lag-in-frames 10 clip.webm && clip=clip.webm ;;
vp8) make_clip -f lavfi -i "$(source_of 640x360 30 2)" -c:v libvpx -b:v 500k -cpu-used 8 clip.webm &&
	clip=clip.webm ;;
hevc) make_clip -f lavfi -i "$(source_of 638x358 30 2)" -c:v libx265 -preset ultrafast \
	-x265-params log-level=none -pix_fmt yuv420p clip.mp4 && clip=clip.mp4 ;;
mpeg2) make_clip -f lavfi -i "$(source_of 720x576 25 2)" -c:v mpeg2video -bf 2 -b:v 2M clip.mpg &&
	clip=clip.mpg ;;
mpeg4) make_clip -f lavfi -i "$(source_of 638x358 30 3)" -c:v mpeg4 -bf 2 -q:v 4 clip.mp4 &&
	clip=clip.mp4 ;;
mpeg4-avi) make_clip -f lavfi -i "$(source_of 640x360 30 3)" -c:v mpeg4 -bf 2 -q:v 4 clip.avi &&
	clip=clip.avi ;;
mjpeg) make_clip -f lavfi -i "$(source_of 638x358 30 2)" -c:v mjpeg -q:v 3 -pix_fmt yuvj420p clip.avi &&
	clip=clip.avi ;;
ffv1) make_clip -f lavfi -i "$(source_of 321x241 30 1)" -c:v ffv1 -pix_fmt yuv420p clip.mkv &&
	clip=clip.mkv ;;
threads) make_clip -f lavfi -i "$(source_of 1280x720 30 3)" -c:v libx264 -preset veryfast -bf 3 \
	-pix_fmt yuv420p clip.mp4 && clip=clip.mp4 ;;
demo) clip=$SOURCE/demo/clip.mp4 ;;
*) fail "no kind of clip called $1" ;;
esac
keys=
[ "$1" = threads ] && keys=,threads=4

ffmpeg -v error -nostdin -y -i "$clip" -map 0:v:0 -f framemd5 expected.md5 || fail "ffmpeg failed"
run 0 "file:$clip$keys" framemd5:out.md5
[ ! -s err.txt ] || { cat err.txt >&2; fail "it said something"; }

frames=$(grep -vc '^#' expected.md5)
[ "$frames" -gt 10 ] || fail "only $frames frames to compare"
for file in expected out; do
	grep -e '^#tb' -e '^#dimensions' -e '^#sar' -e '^#stream' -e '^[0-9]' $file.md5 >$file.lines
done
cmp -s expected.lines out.lines || {
	diff expected.lines out.lines | head -n 20 >&2
	fail "umm's frames differ from ffmpeg's"
}
echo "$frames frames are equal"
