#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds newlib from Debian's newlib-source package: newlib.sh STAMP
#
# Rule: one build per version, options and compiler, kept outside the tree
# (${XDG_CACHE_HOME:-~/.cache}/signalbox), put in its place by one rename. STAMP receives the
# directory that holds include/ and lib/, and is touched only when that changes.
#
# NEWLIB_SOURCE=FILE  a tarball of newlib's source, where there is no package newlib-source
#
# lib/libc.a is for the guests. lib/libgeneral.a is for the VMM, which links libgeneral.a first: the
# functions that format text, compiled with general registers only, so that no function of the VMM
# reaches a guest's vector registers. The VMM's image has a limit. So libgeneral.a is made small,
# and holds the functions of strings as well: newlib's fast forms take eight times the bytes.
set -eu

stamp=$1
target=x86_64-elf
flags="-O2 -g0 -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
-fcf-protection=none -mno-red-zone"
flags="$flags -U_FORTIFY_SOURCE -fno-tree-vectorize \
-fno-tree-slp-vectorize -ffunction-sections -fdata-sections"
flags="$flags -fno-asynchronous-unwind-tables"
options="--target=$target --disable-multilib --disable-newlib-supplied-syscalls --disable-libgloss
	--enable-newlib-reent-small --enable-newlib-nano-formatted-io \
--disable-nls --disable-shared"

die() {
	printf 'newlib: %s\n' "$@" >&2
	exit 1
}

# Check that $NEWLIB_SOURCE is a source of newlib. Sets $source, $given, and $version by its word.
take_given() {
	source=$NEWLIB_SOURCE
	[ -f "$source" ] || die "there is no file $source (NEWLIB_SOURCE)"
	given=$(sha256sum <"$source" | cut -d ' ' -f 1)
	known=$cache/newlib-source-$given
	if [ ! -f "$known" ]; then
		member=$(tar -tf "$source" 2>/dev/null |
			grep -E -m 1 '^(\./)?[^/]+/newlib/configure$') || true
		[ -n "$member" ] ||
			die "$source is no tarball of newlib's source (NEWLIB_SOURCE):" \
			"it holds no file DIRECTORY/newlib/configure"
		tar -xOf "$source" "$member" |
			sed -n "s/^PACKAGE_VERSION='\([0-9.]*\)'\$/\1/p" >"$known.$$"
		if [ ! -s "$known.$$" ]; then
			rm -f "$known.$$"
			die "$source names no version of newlib"
		fi
		mv "$known.$$" "$known"
	fi
	version=$(cat "$known")
}

. "$(dirname "$0")/cache.sh"
mkdir -p "$(dirname "$stamp")"
given=
if [ -n "${NEWLIB_SOURCE:-}" ]; then
	take_given
else
	source=$(ls /usr/src/newlib/newlib-*.tar.* 2>/dev/null | sort -V | tail -n 1)
	[ -n "$source" ] ||
		die "no /usr/src/newlib/newlib-*.tar.*: the package newlib-source is missing" \
			"make setup installs it; \
NEWLIB_SOURCE=FILE names a tarball of newlib's source"
	version=$(basename "$source" | sed 's/^newlib-//; s/\.tar\..*//')
fi
compiler=$(${CC:-gcc} -dumpfullversion -dumpversion 2>/dev/null) ||
	die "no compiler: ${CC:-gcc}" "install gcc, or set CC="
# What libgeneral.a holds, by the folder of newlib's libc. The linker names a function that is
# missing here.
general="stdio/snprintf stdio/vsnprintf stdio/nano-svfprintf stdio/nano-vfprintf_i"
for function in memchr memcmp strchr strcmp strcpy strcspn strlen strncmp strspn; do
	general="$general string/$function"
done
general_flags="$flags -Os -mgeneral-regs-only -DNO_FLOATING_POINT -DPREFER_SIZE_OVER_SPEED"
key=$(printf '%s' "$flags $options $general $general_flags $compiler ${CC:-gcc}$given" |
	sha256sum | cut -c 1-12)
home=$cache/newlib-$version-$key

# In newlib's build directory: the members of libgeneral.a are built once more, with general
# registers only. Up to newlib 4.2 each folder has a Makefile; later the top has the only one.
build_general() {
	for member in $general; do
		folder=$target/newlib/libc/${member%/*} object=lib_a-${member#*/}.o
		if [ ! -f "$folder/Makefile" ]; then
			folder=$target/newlib object=libc/${member%/*}/libc_a-${member#*/}.o
		fi
		rm -f "$folder/$object"
		make -C "$folder" CFLAGS="$general_flags" "$object"
		ar rcs "$work/prefix/$target/lib/libgeneral.a" "$folder/$object"
	done
}

# About how many files the build compiles, for the person who watches.
compile_steps=975

build_newlib() {
	cache_work
	log=$home.log
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP

	mkdir "$work/source" "$work/build"
	tar -C "$work/source" --strip-components=1 -xf "$source"
	export CC_FOR_TARGET="${CC:-gcc}" AR_FOR_TARGET=ar AS_FOR_TARGET=as
	export LD_FOR_TARGET=ld NM_FOR_TARGET=nm
	export RANLIB_FOR_TARGET=ranlib CFLAGS_FOR_TARGET="$flags"
	unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS
	(
		cd "$work/build"
		../source/configure --prefix="$work/prefix" $options
		make -j"$(nproc)" all-target-newlib
		make install-target-newlib
		build_general
	) >"$log" 2>&1 </dev/null &
	job=$!
	trap 'kill $job 2>/dev/null; exit 130' INT TERM HUP
	if ! cache_wait "NEWLIB  $version" $compile_steps; then
		tail -n 20 "$log" >&2
		die "the build failed; its last lines are above, all of it is in $log"
	fi
	printf '  NEWLIB  built in %s s: %s\n' "$seconds" "$(cache_path "$home")"
	# Where two builds raced, the first stays.
	cache_keep "$work/prefix/$target" "$home" || [ -f "$home/lib/libgeneral.a" ] ||
		die "cannot write $home"
}

if [ ! -f "$home/lib/libgeneral.a" ]; then
	exec 9>"$cache/lock"
	if command -v flock >/dev/null 2>&1; then
		flock 9
	fi
	if [ ! -f "$home/lib/libgeneral.a" ]; then
		echo "  NEWLIB  $version (once, about a minute)"
		build_newlib 9>&-
	fi
fi

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$home" ] || printf '%s\n' "$home" >"$stamp"
