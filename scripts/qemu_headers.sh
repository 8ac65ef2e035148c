#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The headers of the QEMU that is installed, for the chipset block as a plugin: qemu_headers.sh
# STAMP
#
# Rule: headers are those of the binary's very version, made from the distribution's source of it.
# One set per version and recipe, kept outside the tree (${XDG_CACHE_HOME:-~/.cache}/signalbox), put
# in its place by one rename. STAMP receives the directory that holds include/, target/ and build/,
# and is touched only when that changes. Nothing of QEMU is compiled.
#
# QEMU_SOURCE=FILE  the source package's .dsc, with its other files beside it, where it cannot be
#                   fetched
set -eu
. "$(dirname "$0")/debian_source.sh"

stamp=$1
emulator=qemu-system-x86_64
package=qemu-system-x86
written_for='7.2 10.0'
# Debian's source has no firmware in binary form: --disable-install-blobs, as Debian's own build
# has.
options="--target-list=x86_64-softmmu --without-default-features --enable-system \
--enable-tcg --enable-plugins
	--disable-werror --disable-install-blobs"
CC=${CC:-gcc}

die() {
	printf 'qemu-irqmux: %s\n' "$@" >&2
	exit 1
}

# What the binary says of itself, and what the package is that it came from.
binary=$(command -v $emulator) || die "no $emulator: the package $package is missing (make setup)"
said=$("$binary" --version | sed -n '1s/^QEMU emulator version //p')
release=${said%% *}
version=$(printf '%s\n' "$said" | sed -n 's/^[^ ]* (Debian \(.*\))$/\1/p')
[ -n "$version" ] ||
	die "$binary is QEMU ${said:-without a version}, and not Debian's: headers are made \
from Debian's source" \
		"PLATFORM=qemu runs any QEMU; docs/emulators.md says how the device is built \
into one of your own"
case " $written_for " in
*" $(printf '%s\n' "$release" | cut -d . -f 1,2) "*) ;;
*)
	all=$(echo "$written_for" | sed 's/ / and /g')
	die "$binary is QEMU $release, and the device is written for $all" \
		"Without it: PLATFORM=qemu runs the stock emulator, where chipset=auto takes pc"
	;;
esac
installed=$(dpkg-query -W -f '${Version}' $package 2>/dev/null) || installed="not installed"
[ "$installed" = "$version" ] ||
	die "$binary is of version $version, and the package $package is $installed"
source_version=$(dpkg-query -W -f '${source:Version}' $package)

# This script decides what is in the set, so it is part of the key.
key=$(printf '%s' "$version $CC" | cat - "$0" | sha256sum | cut -c 1-12)
. "$(dirname "$0")/cache.sh"
home=$cache/qemu-headers-${version#*:}-$key
dsc=qemu_${source_version#*:}.dsc

mkdir -p "$(dirname "$stamp")"

no_source() {
	if [ -s "$1" ]; then
		tail -n 5 "$1" | sed 's/^/  /' >&2
	fi
	die "the source of QEMU $source_version ($dsc) cannot be had: $2" \
		"Mirrors keep the newest alone: apt-get install $package may bring one \
whose source they have" \
		"With it at hand: make ... QEMU_SOURCE=FILE.dsc, with its other files beside it" \
		"Without it: PLATFORM=qemu runs the stock emulator, where chipset=auto takes pc"
}

# Sets $source, the .dsc; the files that it names are beside it.
get_source() {
	if [ -n "${QEMU_SOURCE:-}" ]; then
		[ -f "$QEMU_SOURCE" ] ||
			no_source /dev/null "there is no file $QEMU_SOURCE (QEMU_SOURCE)"
		grep -qxF "Source: qemu" "$QEMU_SOURCE" &&
			grep -qxF "Version: $source_version" "$QEMU_SOURCE" ||
			no_source /dev/null "$QEMU_SOURCE is another file (QEMU_SOURCE)"
		source=$QEMU_SOURCE
		return
	fi
	log=$cache/qemu-source.log
	command -v apt-get >/dev/null 2>&1 || no_source /dev/null "no apt-get here"
	echo "  QEMU    source of $source_version, through apt"
	debian_places | debian_lists >"$log" 2>&1
	debian_fetch "qemu=$source_version" 'qemu_*' "$work" >>"$log" 2>&1 </dev/null ||
		no_source "$log" "no mirror that apt knows here gave it ($log)"
	source=$work/$dsc
}

# What a device's source includes, and no more.
install_headers() {
	mkdir -p "$1/build"
	(cd ../source && find include target/i386 -name '*.h' -o -name '*.inc' | tar -c -T -) |
		tar -C "$1" -x
	(find ./*.h qapi -name '*.h' | tar -c -T -) | tar -C "$1/build" -x
	cp ../source/COPYING "$1/"
	# The emulator is asked for these very words when the plugin is loaded.
	grep -qxF "#define QEMU_FULL_VERSION \"$said\"" "$1/build/qemu-version.h" || {
		echo "the source does not give QEMU $said:" && cat "$1/build/qemu-version.h"
		return 1
	}
}

make_headers() {
	log=$home.log
	mkdir "$work/build"
	unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS
	# The system's Python is the one that meson was installed for.
	(
		set -e
		dpkg-source -x "$source" "$work/source"
		cd "$work/build"
		PATH=/usr/bin:/bin:$PATH ../source/configure $options --cc="$CC" \
			--with-pkgversion="Debian $version"
		ninja qemu-version.h qapi/qapi-types-error.h
		install_headers "$work/home"
	) >"$log" 2>&1 </dev/null &
	job=$!
	trap 'kill $job 2>/dev/null; exit 130' INT TERM HUP
	if ! cache_wait "QEMU    headers of $version"; then
		tail -n 20 "$log" >&2
		die "the headers could not be made; the last lines are above, all are in $log" \
			"Without them: PLATFORM=qemu runs the stock emulator, where chipset=auto \
takes pc"
	fi
	printf '  QEMU    headers made in %s s: %s\n' "$seconds" "$(cache_path "$home")"
	# Where two of us raced, the first stays.
	cache_keep "$work/home" "$home" || [ -d "$home/include" ] || die "cannot write $home"
}

if [ ! -d "$home/include" ]; then
	exec 9>"$cache/lock-qemu"
	if command -v flock >/dev/null 2>&1; then
		flock 9
	fi
	if [ ! -d "$home/include" ]; then
		cache_work
		trap 'rm -rf "$work"' EXIT
		trap 'exit 130' INT TERM HUP
		get_source 9>&-
		echo "  QEMU    headers of $version (once, under a minute)"
		make_headers 9>&-
	fi
fi

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$home" ] || printf '%s\n' "$home" >"$stamp"
