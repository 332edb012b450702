#!/bin/sh
# SPDX-License-Identifier: MIT
# All consumers of one edge see the same frames, and a filter in between keeps count and time.
. "$(dirname "$0")/lib.sh"

run 0 --frames 40 test,size=320x180,format=XR24,rate=25 compose,format=XR24 framemd5:filtered.md5 + \
	framemd5:again.md5
run 0 --frames 40 test,size=320x180,format=XR24,rate=25 framemd5:plain.md5 + null,touch=1,delay_ms=5
cmp filtered.md5 again.md5 || fail "two consumers of one edge differ"
cmp filtered.md5 plain.md5 || fail "a filter that changes nothing changes something"
grep -q '^#tb 0: 1/25$' plain.md5 || fail "the time base is not that of the rate"
[ "$(grep -c '^0,' plain.md5)" = 40 ] || fail "not 40 frames"
[ "$(grep '^0,' plain.md5 | sort -u | wc -l)" = 40 ] || fail "frames are equal that should differ"
