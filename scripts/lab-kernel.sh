#!/bin/sh
# SPDX-License-Identifier: MIT
# Build the purpose-built kernel of the lab from Debian's linux-source-6.12: lab-kernel.sh [--refresh]
#
# tests/vm/lab.config says what is in it. Nothing is installed and nothing is written into the tree:
# source, objects and the result live in the cache that tests/vm/kernel.py uses for the stock kernel
# too ($UMM_VM_CACHE, else $XDG_CACHE_HOME/umm/vm, else ~/.cache/umm/vm):
#
#	lab/linux-source-6.12/	the unpacked source; lab/source-version is written last: complete
#	lab/build/	objects: a build that was interrupted, or of another configuration, goes on here
#	lab/kernel/	vmlinuz, root/lib/modules, release, and key: moved here when complete
#
# The key is the hash of the configuration and the version of the source. While it fits, nothing is
# built; --refresh asks for a newer source. 12 to 20 minutes on two quiet processors, 2 GB.
set -eu
cd "$(dirname "$0")/.."

config=$PWD/tests/vm/lab.config
package=linux-source-6.12
lab=${UMM_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/umm/vm}/lab
source=$lab/$package build=$lab/build kernel=$lab/kernel log=$lab/build.log
# The same source makes the same kernel, whoever builds it.
export KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=umm KBUILD_BUILD_HOST=lab

say() {
	printf 'lab-kernel: %s\n' "$*"
}

die() {
	say "$*" >&2
	exit 1
}

version() {
	cat "$lab/source-version" 2>/dev/null || true
}

key() {
	printf '%s %s\n' "$(grep '^CONFIG_' "$config" | sha256sum | cut -d' ' -f1)" "$(version)"
}

is_built() {
	[ "$(cat "$kernel/key" 2>/dev/null)" = "$(key)" ]
}

offered() {
	apt-cache show --no-all-versions "$package" 2>/dev/null | sed -n 's/^Version: //p'
}

fetch_source() {
	[ -n "$(offered)" ] || apt-get update >/dev/null 2>&1 || true
	wanted=$(offered)
	[ -n "$wanted" ] || die "apt knows no $package"
	[ "$wanted" != "$(version)" ] || return 0
	say "fetching $package $wanted"
	rm -rf "$lab/source-version" "$source" "$lab/deb"
	mkdir "$lab/deb"
	(cd "$lab/deb" && apt-get download "$package=$wanted" >"$log" 2>&1) ||
		{ apt-get update >/dev/null 2>&1 && (cd "$lab/deb" && apt-get download "$package") >"$log" 2>&1; } ||
		{ tail -n 3 "$log" >&2; die "cannot fetch $package"; }
	say "unpacking it"
	dpkg-deb --fsys-tarfile "$lab"/deb/*.deb | tar -xO "./usr/src/$package.tar.xz" |
		tar -xJ -C "$lab"
	# After a refresh the older objects are of no use: they depend on every header.
	rm -rf "$lab/deb" "$build"
	printf '%s\n' "$wanted" >"$lab/source-version"
}

# Kconfig drops in silence what it does not know or what lacks something.
configure() {
	mkdir -p "$build"
	KCONFIG_ALLCONFIG=$config make -s -C "$source" O="$build" allnoconfig >"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "cannot configure"; }
	grep '^CONFIG_' "$config" | grep -vxFf "$build/.config" >"$lab/dropped" || return 0
	die "this source does not take: $(tr '\n' ' ' <"$lab/dropped")"
}

# compile GOALS...: says how far it is twice a minute.
compile() {
	nice make -C "$build" -j"${JOBS:-2}" "$@" >"$log" 2>&1 &
	make=$!
	trap 'kill "$make" 2>/dev/null' EXIT INT TERM
	start=$(date +%s) next=30
	while kill -0 "$make" 2>/dev/null; do
		sleep 1
		seconds=$(($(date +%s) - start))
		[ "$seconds" -ge "$next" ] || continue
		say "$(grep -c '^  CC' "$log") files compiled in $seconds s"
		next=$((seconds + 30))
	done
	trap - EXIT INT TERM
	wait "$make" || { grep -A5 'error:\|Error ' "$log" | tail -n 30 >&2; die "the build failed: $log"; }
}

install_kernel() {
	rm -rf "$kernel" "$kernel.new"
	mkdir -p "$kernel.new/root"
	cp "$build/arch/x86/boot/bzImage" "$kernel.new/vmlinuz"
	make -s -C "$build" INSTALL_MOD_PATH="$kernel.new/root" modules_install >>"$log" 2>&1 ||
		{ tail -n 20 "$log" >&2; die "cannot install the modules"; }
	rm -f "$kernel.new"/root/lib/modules/*/build
	make -s --no-print-directory -C "$build" kernelrelease >"$kernel.new/release"
	key >"$kernel.new/key"
	mv "$kernel.new" "$kernel"
}

[ "$(uname -m)" = x86_64 ] || die "the test machines are x86_64, this is $(uname -m)"
mkdir -p "$lab"
exec 9>"$lab.lock"
flock -n 9 || { say "somebody else builds it; waiting"; flock 9; }
if [ "${1:-}" = --refresh ] || [ -z "$(version)" ]; then
	fetch_source
fi
if ! is_built; then
	say "building $package $(version), 12 to 20 minutes on two quiet processors"
	configure
	compile bzImage modules
	install_kernel
fi
say "$(cat "$kernel/release") is in $kernel"
