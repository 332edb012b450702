#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the packages of scripts/packages-LIST.txt that are missing: install-deps.sh LIST...
# Instant when nothing is. Uses sudo when not root. Without apt it says what would be needed and
# leaves the judgement to meson.
set -eu
cd "$(dirname "$0")"

wanted=$(for list in "$@"; do sed 's/#.*//' "packages-$list.txt"; done | tr -s ' \n' ' ')

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "umm: no apt here; what Debian calls these must be installed:$wanted" >&2
	exit 0
fi

# shellcheck disable=SC2086 # a list of words
present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
	sed -n 's/^installed //p' | tr '\n' ' ')
missing=
for package in $wanted; do
	case " $present" in
	*" $package "*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "umm: not root and no sudo; please install:$missing" >&2
		exit 1
	fi
	root=sudo
fi

echo "umm: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_them() {
	# shellcheck disable=SC2086 # a list of words
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing \
		>"$log" 2>&1 </dev/null
}
# Lists may be missing or old: refresh them only when it does not work without.
install_them || { $root apt-get update >/dev/null 2>&1 </dev/null && install_them; } || {
	tail -n 20 "$log" >&2
	echo "umm: apt-get could not install:$missing" >&2
	exit 1
}
