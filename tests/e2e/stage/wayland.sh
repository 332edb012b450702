#!/bin/sh
# SPDX-License-Identifier: MIT
# A window under a headless weston: the screen shows, pixel by pixel, a frame of the stream; nothing
# was copied; the end of the compositor is a message and not a crash, and one that hangs keeps nobody.
. "$(dirname "$0")/lib.sh"
need weston
need weston-screenshooter
need ffmpeg

export XDG_RUNTIME_DIR="$scratch/run" WAYLAND_DISPLAY=umm-test
mkdir -m 700 "$XDG_RUNTIME_DIR"
unset WAYLAND_SOCKET

run 1 --frames 3 test wayland
one_line "no Wayland compositor answers"

# No panel: a window of the screen's size covers all of it.
cat >weston.ini <<'END'
[shell]
panel-position=none
animation=none
startup-animation=none
close-animation=none
END

# weston in the background; its process is in $weston.
start_weston() {
	weston --backend=headless-backend.so --use-pixman --config="$scratch/weston.ini" --idle-time=0 \
		--width=640 --height=480 --socket="$WAYLAND_DISPLAY" --debug >weston.log 2>&1 &
	weston=$!
	tries=0
	until [ -S "$XDG_RUNTIME_DIR/$WAYLAND_DISPLAY" ]; do
		tries=$((tries + 1))
		kill -0 "$weston" 2>/dev/null && [ "$tries" -lt 100 ] ||
			skip "weston does not start here: $(tail -n 1 weston.log)"
		sleep 0.1
	done
}
trap 'kill -CONT "$weston" 2>/dev/null; kill "$weston" 2>/dev/null; rm -rf "$scratch"' EXIT

pixels() {
	ffmpeg -v error -nostdin -i "$1" -pix_fmt rgb24 -f md5 -
}

start_weston
timeout 60 "$UMM" run --quiet --json=result.json --frames 120 test,size=640x480,rate=20 wayland 2>err.txt \
	</dev/null &
pipeline=$!
number=
for try in 1 2 3 4 5; do
	sleep 1
	rm -f wayland-screenshot*.png
	weston-screenshooter >shooter.log 2>&1 || fail "no screenshot: $(cat shooter.log)"
	mv wayland-screenshot*.png screen.png
	number=$("$TOOLS/read-code" screen.png) && [ "$number" -gt 0 ] && break
done
[ -n "$number" ] || fail "the screen shows no frame"
wait "$pipeline" || fail "umm run: $(cat err.txt)"
[ ! -s err.txt ] || fail "it said: $(cat err.txt)"
[ "$(json copied_bytes)" = 0 ] || fail "copied_bytes is $(json copied_bytes)"
[ "$(json frames)" = 120 ] || fail "frames is $(json frames)"

run 0 --frames $((number + 1)) test,size=640x480,format=XR24 "png:drawn.png"
[ "$(pixels drawn.png)" = "$(pixels screen.png)" ] || fail "the screen does not show frame $number as drawn"

# gone WHAT STATUS TEXT PID...: the pipeline and these processes end within two seconds, however
# frozen the compositor is, with a line that says so.
gone() {
	what=$1 expected=$2 text=$3
	shift 3
	tries=0
	while [ "$tries" -lt 20 ]; do
		left=
		for pid in "$pipeline" "$@"; do
			case $(ps -o stat= -p "$pid") in
			'' | Z*) ;;
			*) left="$left $pid" ;;
			esac
		done
		[ -z "$left" ] && break
		tries=$((tries + 1))
		sleep 0.1
	done
	[ -z "$left" ] || fail "$what: left after two seconds:$left"
	wait "$pipeline"
	status=$?
	[ "$status" = "$expected" ] || fail "$what: status $status"
	[ -z "$text" ] || grep -qF "$text" err.txt || fail "$what: no word of \"$text\": $(cat err.txt)"
}

# frozen SIGNAL WHOM STATUS TEXT: send a signal to the runner, source or sink of a pipeline whose
# compositor has stopped to answer.
frozen() {
	"$UMM" run --quiet test,size=640x480,rate=50 wayland 2>err.txt </dev/null &
	pipeline=$!
	sleep 1.5
	kill -STOP "$weston"
	sleep 0.3
	# shellcheck disable=SC2046 # a list of words
	set -- "$@" $(cat "/proc/$pipeline/task/$pipeline/children")
	case $2 in
	runner) kill "-$1" "$pipeline" ;;
	source) kill "-$1" "$5" ;;
	sink) kill "-$1" "$6" ;;
	esac
	gone "SIG$1 to the $2" "$3" "$4" "$5" "$6"
	kill -CONT "$weston"
}
command -v ps >/dev/null && {
	frozen KILL source 1 "was killed by signal 9"
	frozen KILL runner 137 "the runner has died"
	frozen TERM sink 1 "was killed by signal 15"
	frozen INT runner 0 ""
}

timeout 60 "$UMM" run --quiet --frames 1000 test,size=640x480,rate=20 wayland 2>err.txt </dev/null &
pipeline=$!
sleep 1.5
kill -9 "$weston"
wait "$pipeline"
status=$?
[ "$status" = 1 ] || fail "status $status when the compositor died"
one_line "the compositor is gone"
echo "frame $number was on the screen"
