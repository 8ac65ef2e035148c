#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs the Debian packages that a step needs and that are missing: setup.sh GROUP...
#
# Rule: says what it installs and why before it does, asks for nothing, and is quick and silent when nothing is missing.
set -eu

# group|package|what it is for
packages='
build|gcc|compiles the VMM, the guests and the host tests
build|libc6-dev|headers and start files for programs of the host
build|binutils|assembles, links and converts the images
build|make|runs the Makefile
build|xz-utils|unpacks the source of newlib
build|newlib-source|the C library of the VMM and the guests
iso|grub-common|makes the bootable images (grub-mkrescue, grub-mkimage)
iso|grub-pc-bin|GRUB for PC BIOS machines
iso|xorriso|writes the ISO file system
iso|mtools|needed by grub-mkrescue
python|python3|runs the scripts
bochs|bochs|the emulator with VMX, used where there is no nested KVM
bochs|bochs-term|its text display, which needs no screen
bochs|bochsbios|its BIOS
bochs|vgabios|its VGA BIOS
bochs|faketime|holds the emulator'\''s host clock, so that runs repeat exactly
irqmux|g++|compiles the emulator that has the chipset block (PLATFORM=bochs-irqmux)
irqmux|libltdl-dev|loads its plugins
irqmux|file|tells its build what a shared library is
irqmux|xz-utils|unpacks its source
qemu|qemu-system-x86|the emulator with SVM, and the one for machines that offer nested virtualisation
qemu-irqmux|dpkg-dev|unpacks QEMU'\''s source, whose headers the chipset block needs (PLATFORM=qemu-irqmux)
qemu-irqmux|xz-utils|unpacks it too
qemu-irqmux|meson|configures it
qemu-irqmux|ninja-build|makes the headers that are generated
qemu-irqmux|pkg-config|finds the libraries that they name
qemu-irqmux|libglib2.0-dev|one of these libraries, which the block uses
qemu-irqmux|libpixman-1-dev|one of these libraries
qemu-irqmux|libfdt-dev|one of these libraries
check|clang-format|checks the layout of the sources
check|cppcheck|static analysis
check|libcmocka-dev|unit tests on the host
test|python3-pytest|runs the system tests
test|python3-pytest-xdist|runs them side by side
test|clang|compiles the fuzzers and what the proofs look at
test|llvm|prepares its code for the proofs
test|python3-z3|the solver behind the proofs
test|qemu-system-x86|its 8259s are compared with ours
bench|gnuplot-nox|draws the measurements
debug|gdb|debugs the VMM in QEMU
'

# Another package, or a build of one'\''s own, that does as well: a command to look for before asking for the package.
provided_by_command() {
	case $1 in
	gcc | g++ | make | cppcheck | clang | clang-format | gdb) command -v "$1" >/dev/null 2>&1 ;;
	llvm) command -v opt >/dev/null 2>&1 ;;
	gnuplot-nox) command -v gnuplot >/dev/null 2>&1 ;;
	qemu-system-x86) command -v qemu-system-x86_64 >/dev/null 2>&1 ;;
	*) return 1 ;;
	esac
}

find_missing() {
	wanted=
	for group in "$@"; do
		wanted="$wanted $(printf '%s' "$packages" | sed -n "s/^$group|\([^|]*\)|.*/\1/p")"
	done
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p') || true
	missing=
	for package in $wanted; do
		case "
$installed
" in
		*"
$package
"*) ;;
		*) provided_by_command "$package" || missing="$missing $package" ;;
		esac
	done
}

die() {
	printf 'setup: %s\n' "$@" >&2
	exit 1
}

if [ $# -eq 0 ]; then
	set -- build iso python bochs irqmux qemu qemu-irqmux check test bench
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
	[ -n "${SIGNALBOX_NO_SETUP:-}" ] && exit 0
	die "this is no Debian system, so nothing can be installed for you. Install what these packages hold:" \
		"$(printf '%s' "$packages" | cut -d '|' -f 2 | tr '\n' ' ')" \
		"then run again with SIGNALBOX_NO_SETUP=1."
fi

[ -n "${SIGNALBOX_NO_SETUP:-}" ] && exit 0
find_missing "$@"
[ -z "$missing" ] && exit 0

# Several targets of a parallel make may come here at once: one installs, the others look again.
if command -v flock >/dev/null 2>&1; then
	exec 9>"${TMPDIR:-/tmp}/signalbox-setup.$(id -u).lock"
	flock 9
	find_missing "$@"
	[ -z "$missing" ] && exit 0
fi

echo "setup: packages to install:"
for package in $missing; do
	printf '%s' "$packages" | sed -n "s/^[^|]*|$package|\(.*\)/  $package: \1/p" | head -n 1
done

if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null 2>&1; then
	as_root=sudo
else
	die "not root and no sudo here. As root, run:" "  apt-get install --no-install-recommends$missing"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

update_lists() {
	echo "setup: apt-get update"
	if ! $as_root apt-get -qq update >"$log" 2>&1 9>&-; then
		tail -n 15 "$log" >&2
		die "apt-get update failed: is there a network, and a source in /etc/apt?"
	fi
}

install_missing() {
	echo "setup: apt-get install"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends $missing >"$log" 2>&1 9>&-
}

# Lists are fetched where there are none, and again where what they name is no longer there.
fresh=no
if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' 2>/dev/null | head -n 1)" ]; then
	update_lists
	fresh=yes
fi
if ! install_missing; then
	if [ $fresh = no ]; then
		update_lists
	fi
	if [ $fresh = yes ] || ! install_missing; then
		tail -n 15 "$log" >&2
		die "apt-get could not install:$missing (its last lines are above)"
	fi
fi
find_missing "$@"
[ -z "$missing" ] || die "still missing after the installation:$missing"
echo "setup: done"
