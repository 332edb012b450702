#!/bin/sh
# SPDX-License-Identifier: MIT
# Where no test machine can run, each of its cases is skipped with the reason, and counted so:
# vm-skips.sh SUITE SUM_TESTS
#
# PATH is a directory of our own: a host that has all there is, is one that has next to nothing.
set -eu
suite=$1 sum=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin" "$dir/cache"
ln -s "$(python3 -c "import sys; print(sys.executable)")" "$dir/bin/python3"

# expect REASON BOOT: no case of that boot runs.
expect() {
	env PATH="$dir/bin" UMM_VM_CACHE="$dir/cache" python3 "$suite" --build "$dir" "$2" >"$dir/said"
	n=$(sed -n 's/^1\.\.//p' "$dir/said")
	skipped=$(grep -c "^ok [0-9]* - .* # SKIP $1\$" "$dir/said" || true)
	[ "$n" -gt 0 ] && [ "$skipped" = "$n" ] || {
		echo "$skipped of $n cases of $2 were skipped because '$1':"
		cat "$dir/said"
		exit 1
	}
	python3 -c 'import json, sys
print(json.dumps({"name": "vm", "result": "OK", "stdout": sys.stdin.read()}))' \
		<"$dir/said" >"$dir/log.json"
	python3 "$sum" "$dir/log.json" >"$dir/sum" || true # that nothing ran at all is no success
	grep -qx "skipped, $1:" "$dir/sum" && grep -qx "0 passed, 0 failed, $n skipped" "$dir/sum" || {
		cat "$dir/sum"
		exit 1
	}
}

machine=$(python3 -c 'import os; print(os.uname().machine)')
if [ "$machine" != x86_64 ]; then
	expect "the test machines are x86_64, this is $machine" cirrus
	exit 0
fi
expect "qemu-system-x86_64 is not installed" cirrus

# All programs are there, the kernel is not.
for name in qemu-system-x86_64 setpriv modprobe; do
	ln -s /bin/false "$dir/bin/$name"
done
if ! [ -x /usr/lib/qemu/virtiofsd ] && ! [ -x /usr/libexec/virtiofsd ]; then
	expect "virtiofsd is not installed (qemu-system-common)" lab
elif [ "$(id -u)" != 0 ]; then
	expect "virtiofsd can serve the root file system to root only" lab
else
	expect "the lab kernel is not built: make lab-kernel, 12 to 20 minutes" lab
	expect "apt-get is not installed" cirrus
fi
