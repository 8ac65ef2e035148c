#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Installs the Debian packages that a target needs and that are missing: setup.sh GROUP...
#
# Rule: says what is missing and why, all of it in one message. With root's rights, or sudo's, the
# packages are then installed; otherwise the message ends with what to run once as root. Nothing is
# asked, and nothing is said when nothing is missing. On other distributions it only names packages.
set -eu

# group|package|what it is for
packages='
build|gcc|compiles the VMM, the guests and the host tests
build|libc6-dev|headers and start files for programs of the host
build|binutils|assembles, links and converts the images
build|make|runs the Makefile
build|xz-utils|unpacks the source of newlib
build|newlib-source|the C library of the VMM and the guests
build|python3|makes the font of the screen
build|xfonts-base|has the font of the screen
iso|grub-common|makes the bootable images (grub-mkrescue)
iso|grub-pc-bin|GRUB for PC BIOS machines
iso|xorriso|writes the ISO file system
iso|mtools|needed by grub-mkrescue
hybrid|grub-efi-amd64-bin|GRUB for UEFI machines
uefi|grub-efi-amd64-bin|GRUB for UEFI machines
uefi|ovmf|the UEFI firmware of a machine in QEMU
python|python3|runs the scripts
bios|seabios|the firmware of a VM with type=bios
bochs|bochs|the emulator with VMX
bochs|bochs-term|its text display, which needs no screen
bochs|bochsbios|its BIOS
bochs|vgabios|its VGA BIOS
bochs|faketime|holds the emulator'\''s host clock: runs repeat exactly
irqmux|g++|compiles the emulator that has the chipset block
irqmux|libltdl-dev|loads its plugins
irqmux|file|tells its build what a shared library is
irqmux|xz-utils|unpacks its source
qemu|qemu-system-x86|the emulator with SVM, and with KVM that nests
qemu-irqmux|dpkg-dev|unpacks QEMU'\''s source, whose headers the block needs
qemu-irqmux|xz-utils|unpacks it too
qemu-irqmux|meson|configures it
qemu-irqmux|ninja-build|makes the headers that are generated
qemu-irqmux|pkg-config|finds the libraries that they name
qemu-irqmux|python3-venv|QEMU 10'\''s configure wants it
qemu-irqmux|libglib2.0-dev|one of these libraries, which the block uses
qemu-irqmux|libpixman-1-dev|one of these libraries
qemu-irqmux|libfdt-dev|one of these libraries
check|clang-format|checks the layout of the sources
check|cppcheck|static analysis
check|libcmocka-dev|unit tests on the host
test|python3-pytest|runs the system tests
test|python3-pytest-xdist|runs them side by side
test|qemu-system-x86|its 8259s are compared with ours
test|babeltrace2|reads the traces of make trace
proof|clang|compiles the fuzzers and what the proofs look at
proof|llvm|prepares its code for the proofs
proof|python3-z3|the solver behind the proofs
verilated|g++|compiles the Verilated block
verilated|verilator|makes a program of the hardware description
rtl|g++|compiles the Verilated block and its tests
rtl|verilator|makes a program of the hardware description
rtl|yosys|checks the hardware description, and proves its rules
synth|nextpnr-ice40|places and routes the block on an FPGA
bench|gnuplot-nox|draws the measurements
report|libjs-d3|draws the histograms in the page of make report
browser|chromium|shows that page in a test; 375 MB, libraries included
debug|gdb|debugs the VMM in QEMU
drawings|graphviz|draws the pictures of the documents
'

# Debian's package|Fedora's|Arch's|what shows that it is there: commands, a path, Python's module
# "-": no such package. On Debian the package itself is looked for.
elsewhere='
gcc|gcc|gcc|gcc
libc6-dev|glibc-devel|glibc|/usr/include/stdio.h
binutils|binutils|binutils|ld
make|make|make|make
xz-utils|xz|xz|xz
newlib-source|-|-|/usr/src/newlib/newlib-*
xfonts-base|xorg-x11-fonts-misc|xorg-fonts-misc|/usr/share/fonts/misc/5x8* /usr/share/X11/*/misc
grub-common|grub2-tools-extra|grub|grub-mkrescue grub2-mkrescue
grub-pc-bin|grub2-pc-modules|grub|/usr/lib/grub/i386-pc/multiboot.mod
grub-efi-amd64-bin|grub2-efi-x64-modules|grub|/usr/lib/grub/x86_64-efi/multiboot2.mod
ovmf|edk2-ovmf|edk2-ovmf|/usr/share/edk2/ovmf/OVMF_CODE.fd /usr/share/edk2/x64/OVMF_CODE.4m.fd
xorriso|xorriso|libisoburn|xorriso
mtools|mtools|mtools|mformat
python3|python3|python|python3
bochs|bochs|bochs|bochs bochs-bin
bochs-term|bochs|bochs|bochs bochs-bin
bochsbios|bochs-bios|bochs|/usr/share/bochs/BIOS-bochs-latest
vgabios|vgabios|bochs|/usr/share/bochs/VGABIOS-lgpl-latest
faketime|libfaketime|libfaketime|faketime
g++|gcc-c++|gcc|g++
libltdl-dev|libtool-ltdl-devel|libtool|/usr/include/ltdl.h
file|file|file|file
qemu-system-x86|qemu-system-x86-core|qemu-system-x86|qemu-system-x86_64
babeltrace2|babeltrace2|babeltrace2|babeltrace2
dpkg-dev|dpkg-dev|dpkg|dpkg-source
meson|meson|meson|meson
ninja-build|ninja-build|ninja|ninja
pkg-config|pkgconf-pkg-config|pkgconf|pkg-config
python3-venv|python3|python|python:ensurepip
libglib2.0-dev|glib2-devel|glib2|/usr/include/glib-2.0/glib.h
libpixman-1-dev|pixman-devel|pixman|/usr/include/pixman-1/pixman.h
libfdt-dev|libfdt-devel|dtc|/usr/include/libfdt.h
clang-format|clang-tools-extra|clang|clang-format
cppcheck|cppcheck|cppcheck|cppcheck
libcmocka-dev|libcmocka-devel|cmocka|/usr/include/cmocka.h
python3-pytest|python3-pytest|python-pytest|python:pytest
python3-pytest-xdist|python3-pytest-xdist|python-pytest-xdist|python:xdist
clang|clang|clang|clang
llvm|llvm|llvm|opt
python3-z3|python3-z3|python-z3-solver|python:z3
verilator|verilator|verilator|verilator
yosys|yosys|yosys|yosys
nextpnr-ice40|nextpnr|nextpnr|nextpnr-ice40
gnuplot-nox|gnuplot|gnuplot|gnuplot
libjs-d3|-|-|/usr/share/javascript/d3/d3.min.js
chromium|chromium|chromium|chromium
gdb|gdb|gdb|gdb
graphviz|graphviz|graphviz|dot
'

# Print field $2 of the row of $elsewhere that begins with the package $1.
column() {
	printf '%s' "$elsewhere" | awk -F '|' -v name="$1" -v n="$2" '$1 == name { print $n }'
}

# Print what the package $1 is for.
purpose() {
	printf '%s' "$packages" | awk -F '|' -v name="$1" '$2 == name { print $3; exit }'
}

# Whether one of the things of $1 ($elsewhere, last field) is there. SETUP_ROOT is for tests.
found() {
	for thing in $1; do
		case $thing in
		python:*)
			"${PYTHON:-python3}" -c "import ${thing#python:}" 2>/dev/null && return 0
			;;
		/*) [ -e "${SETUP_ROOT:-}$thing" ] && return 0 ;;
		*) command -v "$thing" >/dev/null 2>&1 && return 0 ;;
		esac
	done
	return 1
}

# Whether something that is no package of Debian does as well: a tool of one's own, another newlib.
provided() {
	case $1 in
	gcc | g++ | make | cppcheck | clang | clang-format | gdb | graphviz | llvm | \
		gnuplot-nox | qemu-system-x86)
		found "$(column "$1" 4)"
		;;
	newlib-source) [ -n "${NEWLIB_SOURCE:-}" ] ;;
	*) return 1 ;;
	esac
}

# Set $missing to the Debian names of what the groups need and this machine has not.
find_missing() {
	wanted=$(printf '%s' "$packages" | awk -F '|' -v groups=" $* " \
		'index(groups, " " $1 " ") && !seen[$2]++ { print $2 }')
	installed=
	if [ "$manager" = apt-get ]; then
		# shellcheck disable=SC2086 # one word for each package
		installed=$(
			dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
			sed -n 's/^installed //p' | tr '\n' ' ') || true
	fi
	missing=
	for package in $wanted; do
		case " $installed " in
		*" $package "*) continue ;;
		esac
		provided "$package" && continue
		[ "$manager" != apt-get ] && found "$(column "$package" 4)" && continue
		missing="$missing $package"
	done
}

die() {
	printf 'setup: %s\n' "$@" >&2
	exit 1
}

# A line for each missing package: its name in column $1 of the table, and what it is for.
explain() {
	for package in $missing; do
		name=$(column "$package" "$1")
		[ "$name" = - ] && name="$package (Debian's name)"
		printf '  %-20s  %s\n' "$name" "$(purpose "$package")"
	done
}

# Print a command of the words $2, which a person may copy, $1 before them; no row is wider than 76.
show_command() {
	printf '%s' "$2" | tr -s ' ' '\n' | awk -v row="$1" '
		{ if (length(row) + length($0) > 73) { print row " \\"; row = "       " }
		row = row " " $0 }
		END { print row }'
}

# Print the MB that apt would fetch for the packages $1, with what they need themselves; needs no
# rights. Further words are options of apt's. Fails where apt's lists do not name all packages.
apt_size() {
	names=$1
	shift
	# shellcheck disable=SC2086
	uris=$(LC_ALL=C apt-get -qq --print-uris -y -o Debug::NoLocking=1 "$@" \
		install --no-install-recommends $names 2>/dev/null) || return 1
	printf '%s\n' "$uris" |
		awk '$3 ~ /^[0-9]+$/ { sum += $3 / 1000000 } END { printf "%.1f", sum }'
}

# Print the size of the download for $missing, in words. Where the machine has no lists, lists of
# this script's own are fetched for the answer, which needs no rights either.
download_size() {
	if size=$(apt_size "$missing") || size=$(private_size); then
		echo "download: $size MB, with what they need themselves"
	else
		echo "download: size unknown, because no source of apt's names all of them here"
	fi
}

# apt_size of $missing by lists in a directory that goes away.
private_size() {
	echo "setup: apt has no lists here: fetching some, to know the size of the download" >&2
	lists=$(mktemp -d)
	set -- -o Dir::State::Lists="$lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o Acquire::Languages=none -o Acquire::GzipIndexes=true
	status=1
	if mkdir "$lists/partial" && timeout 60 apt-get -qq "$@" update >/dev/null 2>&1; then
		status=0
		apt_size "$missing" "$@" || status=$?
	fi
	rm -rf "$lists"
	return $status
}

# What to do on a distribution that is not Debian's. Not tried there.
name_packages() {
	case $manager in
	dnf) field=2 install="dnf install" known="Fedora's names" ;;
	pacman) field=3 install="pacman -S --needed" known="Arch's names" ;;
	*) field=1 install= known="Debian's names" ;;
	esac
	names=$(for package in $missing; do column "$package" $field; done |
		grep -vx -e - | sort -u |
		tr '\n' ' ')
	{
		echo "setup: this is no Debian system, so nothing is installed for you"
		echo "setup: missing ($known; not tried):"
		explain $field
		if [ -n "$names" ] && [ -n "$install" ]; then
			echo "setup: as root:"
			show_command "    $install" "${names% }"
		fi
		case " $missing " in
		*" newlib-source "*)
			echo "setup: newlib: make NEWLIB_SOURCE=FILE, a tarball of newlib's source"
			;;
		esac
		echo "setup: PLATFORM=qemu needs least. With NO_SETUP=1 make looks for no package"
	} >&2
	exit 1
}

# Set $as_root to what gives a command root's rights here, or $refused to why nothing does.
find_rights() {
	as_root='' refused=''
	[ "$(id -u)" -eq 0 ] && return
	if ! command -v sudo >/dev/null 2>&1; then
		refused="you are not root, and there is no sudo here"
	elif sudo -n true >/dev/null 2>&1; then
		as_root="sudo -n"
	elif { [ -t 0 ] || [ -t 1 ] || [ -t 2 ]; } && (: </dev/tty) 2>/dev/null; then
		as_root=sudo
	else
		refused="you are not root, and sudo wants a password, which nobody can type here"
	fi
}

# All that is missing; the first line has the size of the download.
list_missing() {
	# shellcheck disable=SC2086 # one word for each package
	count=$(set -- $missing && echo $#)
	echo "setup: missing packages: $count; $(download_size)"
	explain 1
}

# What a person with root's rights has to do, once.
say_what_to_do() {
	cat <<-END
	setup: $refused. Run once as root, here:
	    make setup
	which installs the packages of all targets; or, for this target alone:
	    apt-get update
	$(show_command "    apt-get install --no-install-recommends" "${missing# }")
	Then run make again. With NO_SETUP=1 make looks for no package.
	END
}

[ -n "${SIGNALBOX_NO_SETUP:-}" ] && exit 0
if [ $# -eq 0 ]; then
	set -- build iso hybrid uefi python bios bochs irqmux qemu qemu-irqmux check test proof \
		rtl synth bench report browser debug drawings
fi

manager=none
for tool in dnf pacman apt-get; do # the last that is there counts
	! command -v $tool >/dev/null 2>&1 || manager=$tool
done
[ "$manager" != apt-get ] || command -v dpkg-query >/dev/null 2>&1 || manager=none

find_missing "$@"
[ -z "$missing" ] && exit 0
[ "$manager" = apt-get ] || name_packages

# Several targets of a parallel make may come here at once: one installs, the others look again.
if command -v flock >/dev/null 2>&1; then
	exec 9>"${TMPDIR:-/tmp}/signalbox-setup.$(id -u).lock"
	flock 9
	find_missing "$@"
	[ -z "$missing" ] && exit 0
fi

log=$(mktemp)
trap 'rm -f "$log" "$log.status"' EXIT

# Run apt-get with these words. A terminal shows apt's progress; elsewhere each phase is a line.
apt() {
	[ -t 1 ] || set -- -q "$@"
	set -- $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
		apt-get -y -o DPkg::Lock::Timeout=300 "$@"
	if [ -t 1 ]; then
		"$@" 9>&-
		return
	fi
	{
		status=0
		"$@" 2>&1 9>&- </dev/null || status=$?
		echo $status >"$log.status"
	} | tee "$log" | awk '
		function say(what) { if (!said[what]++) { print "setup: " what; fflush() } }
		/^Get:[0-9]/ { say("fetching") }
		/^Unpacking / { say("unpacking") }
		/^Setting up / { say("configuring") }'
	return "$(cat "$log.status")"
}

update_lists() {
	echo "setup: apt-get update"
	apt update || {
		tail -n 15 "$log" >&2
		die "apt-get update failed: is there a network, and a source in /etc/apt?"
	}
}

install_missing() {
	echo "setup: apt-get install"
	# shellcheck disable=SC2086
	apt install --no-install-recommends $missing
}

find_rights
if [ -n "$refused" ]; then
	{ list_missing && say_what_to_do; } >&2
	exit 1
fi
[ "$as_root" != sudo ] || echo "setup: sudo may ask for your password"

# Lists are fetched where there are none, and again where what they name is no longer there.
fresh=no
if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' 2>/dev/null | head -n 1)" ]; then
	update_lists
	fresh=yes
fi
list_missing
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
