#!/bin/sh
# deps.sh build|test|bench... - install what is missing of these package groups (Debian 12 names). Quick, and needs no
# network, when everything is there.
set -eu

build='gcc libc6-dev make pkg-config libuv1-dev libjansson-dev libsqlite3-dev libgcrypt20-dev libinih-dev'
bench='python3 valgrind'
test='clang libclang-rt-14-dev libcmocka-dev python3 python3-pytest python3-cryptography jq socat mandoc systemd tshark'

missing=
for group in "$@"; do
	case $group in
	build) packages=$build ;;
	test) packages=$test ;;
	bench) packages=$bench ;;
	*) echo "deps.sh: no package group '$group'; there are: build test bench" >&2; exit 2 ;;
	esac
	for package in $packages; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
	done
done
[ "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "Please install what corresponds to these Debian packages:$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	command -v sudo >/dev/null || { echo "Please install as root: apt-get install$missing" >&2; exit 1; }
fi
echo "Installing with ${sudo:+sudo }apt-get:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
}
# Lists that cannot be refreshed may still be good enough.
apt update || echo "apt-get update failed; going on with the lists that are here" >&2
# shellcheck disable=SC2086
apt install --no-install-recommends $missing
