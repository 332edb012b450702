#!/bin/sh
# SPDX-License-Identifier: MIT
# The main job on a real clip: demo.sh UMM [OPTIONS of umm run]. Decoded, composed and written by
# three processes.
set -eu
umm=$1
shift
cd "$(dirname "$0")/.."
out=demo/out
rm -rf "$out"
mkdir -p "$out"
set -x
"$umm" run "$@" file:demo/clip.mp4 compose:demo/logo.png "png:$out"
{ set +x; } 2>/dev/null
pictures=$(find "$out" -name '*.png' | wc -l)
echo
echo "$pictures pictures are in $out/; the first is $(find "$out" -name '*.png' | sort | head -n 1)"
