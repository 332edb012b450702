#!/bin/sh
# SPDX-License-Identifier: MIT
# Make clip.mp4 and logo.png again, with ffmpeg's own generators: nothing in them is anybody else's.
# make-clip.sh [DIRECTORY], default: where this script is.
set -eu
cd "${1:-$(dirname "$0")}"

# H.264 with B-frames and several references, the way cameras and phones write it: a slow zoom into
# the Mandelbrot set, a colour that wanders, and the time as a bar at the lower edge.
ffmpeg -v error -y \
	-f lavfi -i "mandelbrot=s=1280x720:r=30:start_scale=1.0:end_scale=0.004:end_pts=150:inner=black:maxiter=400" \
	-f lavfi -i "color=c=white@0.8:s=1280x6:r=30,format=rgba" \
	-filter_complex "[0]gblur=sigma=0.8,hue=h=200+12*t:s=0.75[set];[set][1]overlay=x='-W+W*t/5':y=H-6,format=yuv420p" \
	-t 5 -c:v libx264 -preset veryslow -crf 36 -bf 3 -refs 4 -g 60 -threads 2 \
	-map_metadata -1 -fflags +bitexact -flags:v +bitexact -movflags +faststart clip.mp4

# The letters u, m, m as strokes with round ends: every pixel's opacity is its distance from the
# nearest stroke. bar X Y0 Y1: vertical; cup and arch X Y: half circles of the stroke.
bar() { echo "hypot(X-$1,Y-clip(Y,$2,$3))-7"; }
cup() { echo "if(gte(Y,$2),abs(hypot(X-$1,Y-$2)-18)-7,99)"; }
arch() { echo "if(lte(Y,$2),abs(hypot(X-$1,Y-$2)-18)-7,99)"; }
nearest() {
	expression=99
	for stroke; do
		expression="min($expression,$stroke)"
	done
	echo "clip(0.5-($expression),0,1)"
}
u=$(nearest "$(bar 40 38 58)" "$(bar 76 38 58)" "$(cup 58 58)")
mm=$(nearest "$(bar 112 56 76)" "$(bar 148 56 76)" "$(bar 184 56 76)" "$(arch 130 56)" "$(arch 166 56)" \
	"$(bar 220 56 76)" "$(bar 256 56 76)" "$(bar 292 56 76)" "$(arch 238 56)" "$(arch 274 56)")
plate="clip(24.5-hypot(max(abs(X-166)-142,0),max(abs(Y-56)-32,0)),0,1)"
ffmpeg -v error -y -f lavfi -i "color=c=black:s=332x112,format=rgba" -frames:v 1 -vf "geq=\
r='max(255*$mm,max(255*$u,18))':\
g='max(255*$mm,max(176*$u,24))':\
b='max(255*$mm,max(64*$u,38))':\
a='255*max(max($mm,$u),0.62*$plate)'" -bitexact logo.png
