#!/bin/sh
# SPDX-License-Identifier: MIT
# Only a test in which LeakSanitizer fell over is run again, and once: again.sh SCRIPT
set -u
again=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0
mkdir -p "$dir/bin" "$dir/build/meson-logs"

# A meson whose tests end as $dir/next says, and that writes down what it was asked.
cat >"$dir/bin/meson" <<END
#!/bin/sh
echo "\$*" >>"$dir/calls"
cp "$dir/next" "$dir/build/meson-logs/testlog.json"
END
chmod +x "$dir/bin/meson"
PATH=$dir/bin:$PATH

fell='==7==LeakSanitizer has encountered a fatal error.'
line() {
	printf '{"name": "umm:e2e / %s", "result": "%s", "stderr": "%s"}\n' "$1" "$2" "$3"
}

# expect CALLS RESULTS: so often meson was called, and these are the results in the log now
expect() {
	python3 "$again" "$dir/build" "$dir/log" --some-option >"$dir/out"
	calls=$(wc -l <"$dir/calls")
	results=$(sed -n 's/.*"result": "\([A-Z]*\)".*/\1/p' "$dir/log" | tr '\n' ' ')
	[ "$calls" = "$1" ] && [ "$results" = "${2:+$2 }" ] || {
		echo "wanted $1 calls and '$2', got $calls and '$results'"
		status=1
	}
	: >"$dir/calls"
}
: >"$dir/calls"

# An accident of the sanitizer; the test passes alone.
line e@a OK "" >"$dir/log"
line e@b FAIL "$fell" >>"$dir/log"
line e@b OK "" >"$dir/next"
python3 "$again" "$dir/build" "$dir/log" --some-option >"$dir/out"
grep -q -- '--some-option e@b$' "$dir/calls" && grep -q 'fell over in umm:e2e / e@b; run again: OK' "$dir/out" || {
	echo "not run again by its name, or not told"
	status=1
}
: >"$dir/calls"
expect 0 "OK OK"

# It fails again: it stays failed.
line e@b FAIL "$fell" >"$dir/log"
line e@b FAIL "b.c:1: x == y" >"$dir/next"
expect 1 "FAIL"

# Other failures, torn lines, and many of them at once, are no accident.
line e@b FAIL "b.c:1: x == y" >"$dir/log"
expect 0 "FAIL"
for name in a b c d; do line "e@$name" FAIL "$fell"; done >"$dir/log"
expect 0 "FAIL FAIL FAIL FAIL"
printf 'not a log\n' >"$dir/log"
expect 0 ""
grep -q 'not a log' "$dir/log" || status=1
exit $status
