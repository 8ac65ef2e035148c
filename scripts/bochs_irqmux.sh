#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds Bochs 3.0 from the distribution's source, for the chipset block as a plugin:
# bochs_irqmux.sh STAMP
#
# Rule: one build per version, options and compiler, kept outside the tree
# (${XDG_CACHE_HOME:-~/.cache}/signalbox), put in its place by one rename. STAMP receives the
# directory that holds bin/, plugins/ and include/, and is touched only when that changes. Nothing
# is patched: the block is a plugin, built by emulators/bochs/bochs.mk.
#
# BOCHS_SOURCE=FILE  the tarball, where it cannot be fetched
set -eu
. "$(dirname "$0")/debian_source.sh"

stamp=$1
version=3.0
tarball=bochs_3.0+dfsg.orig.tar.xz
sha256=78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b
suite=trixie
flags="-O2 -g0 -pipe"
# The processor of the stock platform, corei7_skylake_x, wants AVX and EVEX. The speedups are the
# stock platform's too, not "all optimizations": with chained handlers time moves only where a run
# of instructions ends, so RDTSC jumps (by up to 31) and no event ever comes between two of them,
# not even in the window of R12.
options="--enable-plugins --enable-x86-64 --enable-cpu-level=6 \
--enable-vmx=2 --enable-avx --enable-evex --enable-pci
	--enable-repeat-speedups --enable-fast-function-calls --with-nogui --disable-docbook"
compile_steps=520 # about so many in the log
CC=${CC:-gcc} CXX=${CXX:-g++}

die() {
	printf 'bochs-irqmux: %s\n' "$@" >&2
	exit 1
}

compiler=$($CC -dumpfullversion -dumpversion) || die "no compiler: $CC"
made_by="$compiler $CC $CXX $($CXX -dumpfullversion -dumpversion)"
key=$(printf '%s' "$sha256 $flags $options $made_by" | sha256sum | cut -c 1-12)
. "$(dirname "$0")/cache.sh"
home=$cache/bochs-$version-$key
source=$cache/$tarball

mkdir -p "$(dirname "$stamp")"

is_the_source() {
	[ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = $sha256 ]
}

no_source() {
	if [ -s "$1" ]; then
		tail -n 5 "$1" | sed 's/^/  /' >&2
	fi
	die "the source of Bochs $version ($tarball, Debian $suite) cannot be had: $2" \
		"With the file at hand: make ... BOCHS_SOURCE=FILE. Its SHA256 is $sha256" \
		"Without it: PLATFORM=bochs runs the stock emulator, where chipset=auto \
takes pc"
}

get_source() {
	if [ -n "${BOCHS_SOURCE:-}" ]; then
		[ -f "$BOCHS_SOURCE" ] ||
			no_source /dev/null "there is no file $BOCHS_SOURCE (BOCHS_SOURCE)"
		is_the_source "$BOCHS_SOURCE" ||
			no_source /dev/null "$BOCHS_SOURCE is another file (BOCHS_SOURCE)"
		source=$BOCHS_SOURCE
		return
	fi
	is_the_source "$source" && return
	log=$cache/bochs-$version-source.log
	command -v apt-get >/dev/null 2>&1 || no_source /dev/null "no apt-get here"
	echo "  BOCHS   source of $version, through apt"
	: >"$log"
	# Mirrors of the archive, without those that have updates and security alone.
	for mirror in $(debian_places | sed -n 's/^\([^ ]*\) [^ -]*$/\1/p' | sort -u); do
		echo "$mirror $suite" | debian_lists >>"$log" 2>&1
		if debian_fetch bochs "$tarball" "$work" >>"$log" 2>&1 </dev/null &&
			is_the_source "$work/$tarball"; then
			mv "$work/$tarball" "$source"
			return
		fi
	done
	no_source "$log" "no mirror that apt knows here gave it ($log)"
}

# What runs: the program, its plugins; and what our plugin is built from: the headers as configured.
install_bochs() {
	mkdir -p "$1/bin" "$1/plugins" "$1/include"
	strip -o "$1/bin/bochs" bochs
	for plugin in $(find . -path '*/.libs/libbx_*.so'); do
		strip --strip-unneeded -o "$1/plugins/$(basename "$plugin")" "$plugin"
	done
	for tree in ../source .; do
		(cd "$tree" && find . -name '*.h' -print | tar -c -T -) | tar -C "$1/include" -x
	done
	cp ../source/COPYING "$1/"
	# Its build goes on where it finds that it cannot make shared libraries.
	[ -f "$1/plugins/libbx_nogui_gui.so" ] || { echo "no plugins were built" && return 1; }
}

build_bochs() {
	log=$home.log
	mkdir "$work/source" "$work/build"
	tar -C "$work/source" --strip-components=1 -xf "$source"
	unset MAKEFLAGS MFLAGS MAKELEVEL CPPFLAGS LDFLAGS
	(
		set -e
		cd "$work/build"
		../source/configure $options CC="$CC" CXX="$CXX" CFLAGS="$flags" CXXFLAGS="$flags"
		make -j"$(nproc)" bochs bochs_plugins
		install_bochs "$work/home"
	) >"$log" 2>&1 </dev/null &
	job=$!
	trap 'kill $job 2>/dev/null; exit 130' INT TERM HUP
	if ! cache_wait "BOCHS   $version" $compile_steps; then
		tail -n 20 "$log" >&2
		die "the build failed; its last lines are above, all of it is in $log" \
			"Without it: PLATFORM=bochs runs the stock emulator, where chipset=auto \
takes pc"
	fi
	printf '  BOCHS   built in %s s: %s\n' "$seconds" "$(cache_path "$home")"
	# Where two builds raced, the first stays.
	cache_keep "$work/home" "$home" || [ -x "$home/bin/bochs" ] || die "cannot write $home"
}

if [ ! -x "$home/bin/bochs" ]; then
	exec 9>"$cache/lock-bochs"
	if command -v flock >/dev/null 2>&1; then
		flock 9
	fi
	if [ ! -x "$home/bin/bochs" ]; then
		cache_work
		trap 'rm -rf "$work"' EXIT
		trap 'exit 130' INT TERM HUP
		get_source 9>&-
		echo "  BOCHS   $version (once, about three minutes)"
		build_bochs 9>&-
	fi
fi

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$home" ] || printf '%s\n' "$home" >"$stamp"
