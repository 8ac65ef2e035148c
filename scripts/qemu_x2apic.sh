#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A QEMU whose emulated processor has x2APIC: qemu_x2apic.sh STAMP [optional]
#
# Rule: STAMP receives the path of the program. From version 10 on that is the QEMU which is
# installed; else a program of the cache (${XDG_CACHE_HOME:-~/.cache}/signalbox): QEMU's packages of
# Debian 13 and their libraries, unpacked and not installed. apt fetches the packages from where
# this machine has its own, and checks the packages against lists that Debian has signed.
#
# optional  where there is none STAMP receives "none: REASON", and the status is 0
set -eu
. "$(dirname "$0")/debian_source.sh"

stamp=$1
optional=${2:-}
release=trixie
first_version=10

# Write $1 to the stamp, unless the stamp says so already.
say() {
	mkdir -p "$(dirname "$stamp")"
	[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$1" ] || printf '%s\n' "$1" >"$stamp"
}

die() {
	printf 'qemu-x2apic: %s\n' "$@" >&2
	[ -n "$optional" ] || exit 1
	say "none: $1"
	exit 0
}

installed=$(command -v qemu-system-x86_64) || installed=
if [ -n "$installed" ]; then
	version=$("$installed" --version | sed -n '1s/^QEMU emulator version \([0-9]*\)\..*/\1/p')
	if [ "${version:-0}" -ge $first_version ]; then
		say "$installed"
		exit 0
	fi
fi

# This script decides what is in the set, so it is part of the key.
key=$(sha256sum <"$0" | cut -c 1-12)
. "$(dirname "$0")/cache.sh"
home=$cache/qemu-x2apic-$key
qemu=$home/qemu-system-x86_64

no_packages() {
	if [ -s "${log:-}" ]; then
		tail -n 3 "$log" | sed 's/^/  /' >&2
	fi
	die "QEMU $first_version cannot be had: $1" \
		"PLATFORM=qemu-x2apic takes an installed QEMU from version $first_version on, or \
Debian 13's packages, through apt" \
		"Without it: PLATFORM=bochs and bochs-irqmux have x2APIC, with VMX"
}

# QEMU's dependencies have programs for an installed system, too. What runs QEMU is libraries alone.
is_needed() {
	case $1 in
	libpam* | libasound2-data* | libaudit-common* | libsemanage* | libdebconf*) return 1 ;;
	lib* | qemu-system-* | seabios_* | zlib1g_*) return 0 ;;
	esac
	return 1
}

# Name what apt would install on a machine with no package, a line "URI NAME BYTES SUM" for each.
find_packages() {
	: >"$work/status"
	debian_places | sed -n '/-security$\|-updates$\|-backports$/!s/ .*//p' | sort -u |
		sed "s/\$/ $release/" | debian_lists deb >"$log" 2>&1
	debian_apt apt-get --print-uris -y --no-install-recommends \
		-o Dir::State::status="$work/status" \
		-o Acquire::ForceHash=SHA256 install qemu-system-x86 2>>"$log" |
		sed -n "s/^'\([^']*\)' \([^ ]*\) \([0-9]*\) \(SHA256:[0-9a-f]*\)\$/\1 \2 \3 \4/p" |
		while read -r uri name bytes sum; do
			! is_needed "$name" || printf '%s %s %s %s\n' "$uri" "$name" "$bytes" "$sum"
		done >"$work/packages"
	[ -s "$work/packages" ] || no_packages "apt finds no package of Debian 13"
}

fetch_packages() {
	mkdir "$work/set"
	while read -r uri name bytes sum; do
		debian_apt /usr/lib/apt/apt-helper download-file "$uri" "$work/$name" "$sum" \
			>>"$log" 2>&1 </dev/null || no_packages "$name did not come"
		dpkg-deb -x "$work/$name" "$work/set" >>"$log" 2>&1 ||
			no_packages "$name cannot be unpacked"
	done <"$work/packages"
}

# The loader of the same packages starts QEMU. QEMU looks for its files in a directory qemu-bundle
# beside the program that runs, which is the loader.
write_program() {
	cp "$work/set/usr/lib64/ld-linux-x86-64.so.2" "$work/set/usr/bin/load-qemu"
	ln -s ../.. "$work/set/usr/bin/qemu-bundle"
	cat >"$work/set/qemu-system-x86_64" <<-'END'
	#!/bin/sh
	home=$(dirname "$0")/usr
	exec "$home/bin/load-qemu" --library-path "$home/lib/x86_64-linux-gnu" \
		"$home/bin/qemu-system-x86_64" "$@"
	END
	chmod 755 "$work/set/qemu-system-x86_64"
	"$work/set/qemu-system-x86_64" --version >>"$log" 2>&1 || no_packages "it does not start"
}

make_set() {
	log=$cache/qemu-x2apic.log
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
		no_packages "no apt-get or dpkg-deb here"
	cache_work
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP
	echo "  FETCH   the lists of Debian 13 (10 MB, once)"
	find_packages
	awk '{ bytes += $3 } END {
		printf "  FETCH   QEMU of Debian 13: %d packages, %d MB, once, under a minute\n",
			NR, bytes / 1e6 }' "$work/packages"
	fetch_packages
	write_program
	cache_keep "$work/set" "$home" || [ -x "$qemu" ] || die "cannot write $home"
}

if [ ! -x "$qemu" ]; then
	exec 9>"$cache/lock-qemu-x2apic"
	if command -v flock >/dev/null 2>&1; then
		flock 9
	fi
	[ -x "$qemu" ] || make_set 9>&-
fi
say "$qemu"
