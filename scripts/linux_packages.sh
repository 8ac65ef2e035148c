#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Puts a kernel, its modules of KVM, and a static busybox of the distribution into a directory:
# linux_packages.sh DIRECTORY
#
# Rule: apt fetches the packages and checks them against its signed lists. The packages are unpacked
# and not installed. One set is kept outside the tree (${XDG_CACHE_HOME:-~/.cache}/signalbox). A
# file in DIRECTORY is written only when the contents change; DIRECTORY/stamp is the last.
#
# LINUX_KERNEL=FILE, BUSYBOX=FILE  files of one's own, in the place of the distribution's
set -eu

directory=$1
kernel_package=linux-image-cloud-amd64
busybox_package=busybox-static
own_files="LINUX_KERNEL=FILE names a kernel of your own (bzImage), BUSYBOX=FILE a static busybox"
# In the order of loading; a kernel may lack one or have it built in.
modules="irqbypass ccp kvm kvm-amd kvm-intel"

die() {
	printf 'linux: %s\n' "$@" >&2
	exit 1
}

# This script decides what is in the set, so it is part of the key.
key=$(sha256sum <"$0" | cut -c 1-12)
. "$(dirname "$0")/cache.sh"
home=$cache/linux-$key

# Fetch the package $1 into the working directory and unpack it.
take_package() {
	apt-get -q -o APT::Sandbox::User="$(id -un)" download "$1" >>log 2>&1 || {
		tail -n 3 log | sed 's/^/  /' >&2
		die "the package $1 cannot be fetched: apt-get update may help" \
			"$own_files"
	}
	for package in "$1"_*.deb; do
		dpkg-deb -x "$package" unpacked >>log 2>&1 || die "$package cannot be unpacked"
	done
}

# Newer packages have their modules compressed.
take_modules() {
	for module in $modules; do
		file=$(find unpacked -name "$module.ko" -o -name "$module.ko.xz" | head -n 1)
		case $file in
		*.xz) xz -dc "$file" >"set/$module.ko" ;;
		?*) cp "$file" "set/$module.ko" ;;
		esac
	done
}

make_set() {
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
		die "no apt-get or dpkg-deb here; Debian's packages have the kernel and busybox" \
			"$own_files"
	echo "  FETCH   $kernel_package $busybox_package (28 MB, once)"
	cache_work
	trap 'rm -rf "$work"' EXIT
	cd "$work"
	# The package of this name has no file but depends on the kernel of the day.
	image=$(apt-cache depends $kernel_package 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
	[ -n "$image" ] || die "apt knows no package $kernel_package: apt-get update may help" \
		"LINUX_KERNEL=FILE names a kernel of your own (bzImage)"
	take_package "$image"
	take_package $busybox_package
	mkdir set
	cp unpacked/boot/vmlinuz-* set/vmlinuz
	take_modules
	cp unpacked/bin/busybox set/busybox 2>/dev/null || cp unpacked/usr/bin/busybox set/busybox
	cd "$OLDPWD"
	cache_keep "$work/set" "$home" || [ -f "$home/busybox" ] || die "cannot write $home"
}

# Copy $1 to $2, unless the two are the same.
keep() {
	cmp -s "$1" "$2" || {
		cp "$1" "$2.$$" && mv "$2.$$" "$2"
	}
}

# The setup header's magic (Linux, boot.rst).
check_kernel() {
	[ -f "$1" ] || die "LINUX_KERNEL=$1: there is no such file"
	[ "$(dd if="$1" bs=1 skip=514 count=4 2>/dev/null | tr -d '\0')" = HdrS ] ||
		die "LINUX_KERNEL=$1: no bzImage; a kernel's package has one as boot/vmlinuz-*"
}

# A program that asks for no loader of libraries.
check_busybox() {
	[ -f "$1" ] || die "BUSYBOX=$1: there is no such file"
	LC_ALL=C readelf -h "$1" 2>/dev/null | grep -q 'X86-64' ||
		die "BUSYBOX=$1: no program for x86-64; the package busybox-static has one"
	! LC_ALL=C readelf -l "$1" | grep -q INTERP ||
		die "BUSYBOX=$1: not a static program; the package busybox-static has one"
}

[ -z "${LINUX_KERNEL:-}" ] || check_kernel "$LINUX_KERNEL"
[ -z "${BUSYBOX:-}" ] || check_busybox "$BUSYBOX"
if [ -z "${LINUX_KERNEL:-}" ] || [ -z "${BUSYBOX:-}" ]; then
	[ -f "$home/busybox" ] || (make_set)
fi
mkdir -p "$directory"
keep "${LINUX_KERNEL:-$home/vmlinuz}" "$directory/vmlinuz"
keep "${BUSYBOX:-$home/busybox}" "$directory/busybox"
if [ -z "${LINUX_KERNEL:-}" ]; then
	for file in "$home"/*.ko; do
		keep "$file" "$directory/$(basename "$file")"
	done
fi
touch "$directory/stamp"
