#!/bin/sh
# SPDX-License-Identifier: MIT
# mutants.sh KIND FROM TO: clips with flipped bits, holes and cuts, one for each seed, or for every
# $MUTANT_STEP-th. Each ends promptly with status 0 or 1, says at most one line (exactly one with
# status 1), and never dies of a signal. Whatever is decoded is read to its last pixel: by one seed
# in three as it lies there, by another byte by byte, padding and all, by the third through a scaler.
. "$(dirname "$0")/lib.sh"
need ffmpeg

source="testsrc2=s=176x144:r=30:d=0.5"
case $1 in
h264) make_clip -f lavfi -i $source -c:v libx264 -bf 2 -refs 3 -g 8 -pix_fmt yuv420p clip.mp4 && end=mp4 ;;
h264-elementary) make_clip -f lavfi -i $source -c:v libx264 -bf 2 -pix_fmt yuv420p clip.h264 && end=h264 ;;
vp9) make_clip -f lavfi -i $source -c:v libvpx-vp9 -cpu-used 8 -b:v 200k clip.webm && end=webm ;;
hevc) make_clip -f lavfi -i $source -c:v libx265 -preset ultrafast -x265-params log-level=none clip.mkv &&
	end=mkv ;;
mpeg4) make_clip -f lavfi -i $source -c:v mpeg4 -bf 2 clip.avi && end=avi ;;
mjpeg) make_clip -f lavfi -i $source -c:v mjpeg -pix_fmt yuvj420p clip.avi && end=avi ;;
*) fail "no kind of clip called $1" ;;
esac

# consume SEED: the stages behind the decoder.
consume() {
	case $(($1 % 3)) in
	0) set -- framemd5:out.md5 ;;
	1) set -- framemd5:out.md5 + null,touch=1 ;;
	2) set -- compose,size=80x60 framemd5:out.md5 ;;
	esac
	timeout 20 "$UMM" run --quiet "file:mutant.$end" "$@" >out.txt 2>err.txt </dev/null
}

fine=0 damaged=0 refused=0 pictures=0
seed=$2
while [ "$seed" -le "$3" ]; do
	"$TOOLS/mutate" clip.$end "mutant.$end" "$seed" || fail "no mutant"
	rm -f out.md5
	consume "$seed"
	status=$?
	lines=$(wc -l <err.txt)
	case $status/$lines in
	0/0) fine=$((fine + 1)) ;;
	0/1) damaged=$((damaged + 1)) ;;
	1/1)
		refused=$((refused + 1))
		: >>out.md5
		;;
	*)
		cat err.txt >&2
		fail "seed $seed: status $status, $lines lines"
		;;
	esac
	grep -q -v '^umm: ' err.txt && fail "seed $seed: a line that is not ours: $(cat err.txt)"
	pictures=$((pictures + $(grep -c '^0,' out.md5)))
	seed=$((seed + ${MUTANT_STEP:-1}))
done
[ "$pictures" -ge $((fine + damaged)) ] || fail "$pictures pictures were read from $fine + $damaged clips"
echo "$fine fine, $damaged damaged, $refused refused; $pictures pictures read"
