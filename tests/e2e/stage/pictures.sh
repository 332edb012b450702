#!/bin/sh
# SPDX-License-Identifier: MIT
# pictures.sh FORMAT: the number of every frame can be read in the pictures at the end of a pipeline
# that draws in FORMAT, scales, converts, overlays and saves.
. "$(dirname "$0")/lib.sh"

check() {
	n=0
	for picture in "$1"/*.png; do
		number=$("$TOOLS/read-code" "$picture") || fail "$picture has no code"
		[ "$number" = "$n" ] || fail "$picture shows frame $number"
		n=$((n + $2))
	done
	[ "$n" = "$3" ] || fail "$1 ends with frame $n"
}

run 0 --frames 5 "test,size=640x360,format=$1" png:direct
check direct 1 5
run 0 --frames 12 "test,size=640x360,format=$1" \
	"compose:$SOURCE/demo/logo.png,size=960x540,x=600,y=420,opacity=80" png:composed,every=4
check composed 4 12
