#!/bin/sh
# SPDX-License-Identifier: MIT
# Build several times, run every test, and end with one line: N passed, M failed, K skipped.
#
#	scripts/check.sh [PASS...]	all passes, or those named
#
# Every pass leaves a log in the form of meson's testlog.json under build-check/logs; the last line
# is summed over all of them by scripts/sum-tests.py, which also prints failures and the reasons of
# skips. A build that breaks counts as one failed test, so nothing is lost in silence.
#
#	format    clang-format finds nothing to change, pyflakes nothing in the Python files (clang-tidy
#	          takes long: make lint)
#	gcc       debugoptimized: all tests
#	clang     AddressSanitizer + UndefinedBehaviorSanitizer, fuzzers: all tests of code, the
#	          random ones shorter
#	tsan      ThreadSanitizer: what is shared or threaded
#	valgrind  --track-fds, leak check, uninitialised memory: the unit tests, the random ones shorter
#	vm        the gcc build on a real kernel in QEMU, when nothing else needs the processors
#	lab       the same on a kernel built for it; only by its name, the kernel takes 12-20 minutes
#	release   without assertions and tests: must compile without a warning
#	install   into an empty prefix, then a client built with pkg-config against it
#	cross     the core and the modelled machine for 32-bit x86, arm64 and RISC-V, and their tests,
#	          under qemu-user where this machine cannot run them
#
# The gcc pass runs every test in full. What a later pass looks for (a wrong access, a race, another
# machine's numbers) is in the way of every random step, so it takes fewer of them: UMM_TEST_LONG,
# MUTANT_STEP, counts in tests/reference/meson.build. tsan takes all of them: it looks for rare moments.
set -u
cd "$(dirname "$0")/.."

base=build-check
log=
logs=$PWD/$base/logs
jobs=${JOBS:-2}
tsan_suites="queue queue_death queue_fd queue_threads watch ring broker broker_death timeline iova_threads region_threads dma_threads
	arena_threads movable movable_members"
rm -rf "$logs"
mkdir -p "$logs"

say() {
	printf '== %s\n' "$*"
}

# note NAME RESULT TEXT: a test of this script itself, in the form of meson's log.
note() {
	python3 -c 'import json, sys
print(json.dumps({"name": sys.argv[1], "result": sys.argv[2], "stdout": sys.argv[3], "suite": []}))' \
		"$1" "$2" "$3" >>"$logs/checks.json"
}

# Randomised mappings of 32 bits are more than clang 14's sanitizers can bear.
wrapper=
if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)" -gt 28 ] &&
	setarch -R true 2>/dev/null; then
	wrapper="setarch -R"
fi

# build NAME [MESON OPTIONS...]
build() {
	name=$1
	shift
	say "building $name"
	if [ ! -f "$base/$name/build.ninja" ]; then
		rm -rf "${base:?}/$name"
		meson setup "$base/$name" "$@" >"$logs/$name-setup.txt" 2>&1 || {
			tail -n 20 "$logs/$name-setup.txt"
			note "build of $name" FAIL "meson setup failed"
			return 1
		}
	fi
	ninja -j"$jobs" -C "$base/$name" >"$logs/$name-build.txt" 2>&1 || {
		tail -n 40 "$logs/$name-build.txt"
		note "build of $name" FAIL "ninja failed"
		return 1
	}
	if grep -q 'warning: ' "$logs/$name-build.txt"; then
		grep -A5 'warning: ' "$logs/$name-build.txt" | head -n 40
		note "no warnings from $name" FAIL "the compiler warned"
	fi
}

# run NAME [MESON TEST OPTIONS...]: the tests of a build; $log names the log where it is another.
run() {
	name=$1
	log=${log:-$name}
	shift
	say "testing $log"
	# With a wrapper meson adds its name to that of the log.
	rm -f "$base/$name"/meson-logs/testlog*.json
	# One process more than processors: some tests sleep, for a time limit or for each other.
	meson test -C "$base/$name" --no-rebuild --num-processes $((jobs + 1)) "$@" >"$logs/$log-test.txt" \
		2>&1 </dev/null
	if cp "$base/$name"/meson-logs/testlog*.json "$logs/$log.json" 2>/dev/null; then
		python3 scripts/sum-tests.py --one "$log" "$logs/$log.json"
	else
		tail -n 20 "$logs/$log-test.txt"
		note "tests of $log" FAIL "meson test left no log"
	fi
	log=
}

look_at() { # what lint.sh calls it, what is found then
	scripts/lint.sh "$1" >"$logs/$1.txt" 2>&1
	case $? in
	0) note "$1: $2" OK "" ;;
	77) note "$1: $2" SKIP "$(tail -n 1 "$logs/$1.txt")" ;;
	*) note "$1: $2" FAIL "$(head -n 15 "$logs/$1.txt")" ;;
	esac
}

check_format() {
	say "looking at the sources"
	look_at format "clang-format finds nothing to change"
	look_at names "pyflakes finds nothing in the Python files"
}

check_gcc() {
	build gcc --buildtype=debugoptimized && run gcc --no-suite vm --no-suite lab
}

check_clang() {
	CC=clang CXX=clang++ build clang --buildtype=debugoptimized \
		-Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true -Dman=disabled || return
	# intercept_tls_get_addr: clang 14 believes what it finds before the thread-local memory of a
	# library that was opened later to be its size, and its leak checker reads anywhere.
	asan=detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0
	export ASAN_OPTIONS=$asan:intercept_tls_get_addr=0
	export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	export UMM_TEST_TIMEOUT=240 UMM_TEST_LONG=0.2
	# Not the models and scripts that have nothing of this build in them.
	# shellcheck disable=SC2086 # two words or none
	run clang ${wrapper:+--wrapper "$wrapper"} --timeout-multiplier 4 --no-suite spin \
		--no-suite build --no-suite vm --no-suite lab
	unset ASAN_OPTIONS UBSAN_OPTIONS UMM_TEST_TIMEOUT UMM_TEST_LONG
}

check_tsan() {
	CC=clang CXX=clang++ build tsan --buildtype=debugoptimized \
		-Db_sanitize=thread -Db_lundef=false -Dman=disabled || return
	suites=
	for suite in $tsan_suites; do
		suites="$suites --suite $suite"
	done
	export TSAN_OPTIONS=halt_on_error=1:die_after_fork=0
	export UMM_TEST_TIMEOUT=600
	# shellcheck disable=SC2086 # lists of words
	run tsan ${wrapper:+--wrapper "$wrapper"} --timeout-multiplier 10 $suites
	unset TSAN_OPTIONS UMM_TEST_TIMEOUT
}

check_valgrind() {
	if ! command -v valgrind >/dev/null; then
		note "valgrind" SKIP "SKIP: valgrind is not installed"
		return
	fi
	say "testing valgrind"
	export UMM_TEST_LONG=0.1
	python3 scripts/run-valgrind.py "$base/gcc" "$logs/valgrind.json" "$jobs"
	unset UMM_TEST_LONG
	python3 scripts/sum-tests.py --one valgrind "$logs/valgrind.json"
}

check_vm() {
	build gcc --buildtype=debugoptimized || return
	log=vm
	run gcc --suite vm --num-processes "$jobs" # a machine sleeps little
}

check_lab() {
	JOBS=$jobs scripts/lab-kernel.sh || {
		note "build of the lab kernel" FAIL "scripts/lab-kernel.sh failed"
		return
	}
	build gcc --buildtype=debugoptimized || return
	log=lab
	run gcc --suite lab --num-processes "$jobs"
}

# Asserts that compile to nothing leave variables behind that nobody uses.
check_release() {
	build release --buildtype=release -Db_ndebug=true -Dtests=false -Dman=disabled
}

check_install() {
	say "testing install"
	if scripts/check-install.sh "$base/gcc" >"$logs/install.txt" 2>&1; then
		note "install: a client builds with pkg-config and runs" OK ""
	else
		note "install: a client builds with pkg-config and runs" FAIL "$(tail -n 15 "$logs/install.txt")"
	fi
}

# Can a program for this machine be made and run? Says why not.
can_run() {
	program=$base/can-run-$1
	printf 'int main(void) { return 0; }\n' >"$program.c"
	case $1 in
	m32) set -- "$1" "" gcc -m32 ;;
	*) set -- "$1" "qemu-$1" "$1-linux-gnu-gcc" ;;
	esac
	machine=$1 emulator=$2
	shift 2
	"$@" -static -o "$program" "$program.c" 2>/dev/null || {
		echo "no compiler: $* (scripts/packages-cross.txt)"
		return 1
	}
	$emulator "$program" 2>/dev/null || {
		echo "$machine programs do not run here, not even by ${emulator:-themselves}"
		return 1
	}
}

check_cross() {
	for machine in m32 aarch64 riscv64; do
		if ! why=$(can_run "$machine"); then
			note "core on $machine" SKIP "SKIP: $why"
			continue
		fi
		build "$machine" --cross-file "scripts/cross/$machine.ini" -Dcore_only=true \
			--buildtype=plain -Doptimization=2 || continue
		export UMM_TEST_LONG=0.1
		run "$machine" --timeout-multiplier 2
		unset UMM_TEST_LONG
	done
}

# cpu: what the shell's times said, as seconds of processor time of all children so far.
cpu() {
	awk 'NR == 2 { split($0, part, /[ms ]+/); print int((part[1] + part[3]) * 60 + part[2] + part[4]) }'
}

start=$(date +%s)
for pass in ${*:-format gcc clang tsan valgrind vm release install cross}; do
	begun=$(date +%s)
	times >"$logs/times.txt"
	used=$(cpu <"$logs/times.txt")
	"check_$pass"
	times >"$logs/times.txt"
	say "$pass took $(($(date +%s) - begun)) s, $(($(cpu <"$logs/times.txt") - used)) s of processor time"
done
say "all took $(($(date +%s) - start)) s"
exec python3 scripts/sum-tests.py "$logs"/*.json
