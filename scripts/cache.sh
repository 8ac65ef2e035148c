# SPDX-License-Identifier: BSD-2-Clause
#
# Where the scripts keep what is built once, whichever tree asks: . scripts/cache.sh
#
# Rule: an entry of the cache is made elsewhere and gets its name by one rename, so it is whole or
# absent. The caller has die().

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/signalbox
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] ||
	die "cannot write the directory $cache" \
		"XDG_CACHE_HOME=DIRECTORY names another place for it"

# Make the directory $work to build in. No configure script takes a blank in its path.
cache_work() {
	case $cache in
	*[[:space:]]*) work=$(mktemp -d /tmp/signalbox-build.XXXXXX) ;;
	*) work=$(mktemp -d "$cache/build.XXXXXX") ;;
	esac
}

# Move the directory $1 out of $work, to the name $2 in the cache. Fails where that name is taken.
cache_keep() {
	case $1 in
	"$cache"/*)
		mv -T "$1" "$2" 2>/dev/null
		;;
	*)
		copy=$(mktemp -d "$cache/build.XXXXXX")
		cp -R "$1/." "$copy/" && chmod 755 "$copy" && mv -T "$copy" "$2" 2>/dev/null || {
			rm -rf "$copy"
			return 1
		}
		;;
	esac
}
