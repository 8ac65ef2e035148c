#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Fetches packages of the distribution, and puts the files that are named out of them into a
# directory: packages.sh DIRECTORY PACKAGE=NAME=FILE...
# FILE is a path in the package, and may have wildcards; a file *.gz is unpacked. PACKAGE may be one
# that only depends on the package of the day.
#
# Rule: apt fetches the packages and checks them against its signed lists. The packages are unpacked
# and not installed. A package is kept outside the tree (${XDG_CACHE_HOME:-~/.cache}/signalbox). A
# file in DIRECTORY is written only when its contents change; NAME.version beside the file has the
# package's version. A package that cannot be fetched gets a line, and the others go on; the status
# is 1 then.
set -eu

directory=$1
shift

die() {
	printf 'foreign: %s\n' "$@" >&2
	exit 1
}

. "$(dirname "$0")/../cache.sh"

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
	die "no apt-get or dpkg-deb here: the systems are in Debian's packages"

# Print the package to fetch for $1: itself, or the one of the day that it depends on.
package_of() {
	case $1 in
	linux-image-*)
		apt-cache depends "$1" 2>/dev/null |
			sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
		;;
	*) echo "$1" ;;
	esac
}

# Print the version of $1 that apt would fetch.
version_of() {
	LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p'
}

# Fetch the package $1, and unpack its file $2 into the directory $3 of the cache.
take_package() {
	echo "  FETCH   $1"
	cache_work
	(
		cd "$work"
		apt-get -q -o APT::Sandbox::User="$(id -un)" download "$1" >>log 2>&1 || {
			tail -n 3 log | sed 's/^/  /' >&2
			exit 1
		}
		mkdir unpacked
		dpkg-deb --fsys-tarfile "$1"_*.deb | tar -xf - -C unpacked --wildcards "./$2"
	) && { cache_keep "$work/unpacked" "$3" || [ -d "$3" ]; }
	result=$?
	rm -rf "$work"
	return $result
}

# Copy the first file that the pattern $1 means to $2, unless the two are the same.
keep() {
	for found in $1; do
		[ -f "$found" ] || return 1
		case $found in
		*.gz) gzip -dc "$found" >"$2.$$" ;;
		*) cp "$found" "$2.$$" ;;
		esac
		if cmp -s "$2.$$" "$2"; then rm "$2.$$"; else mv "$2.$$" "$2"; fi
		return 0
	done
}

mkdir -p "$directory"
status=0
for wanted; do
	name=${wanted%%=*}
	file=${wanted#*=}
	package=$(package_of "$name")
	version=$([ -z "$package" ] || version_of "$package")
	home=$cache/foreign-$package-$(printf '%s' "$version" | tr -c 'A-Za-z0-9.+\n' '-')
	if [ -z "$version" ]; then
		echo "foreign: apt knows no package $name: apt-get update may help" >&2
		status=1
	elif ! [ -d "$home" ] && ! (take_package "$package" "${file#*=}" "$home"); then
		echo "foreign: the package $package, or ${file#*=} in it, cannot be had" >&2
		status=1
	elif ! keep "$home/${file#*=}" "$directory/${file%%=*}"; then
		echo "foreign: the package $package has no file ${file#*=}" >&2
		status=1
	else
		echo "$version" >"$directory/${file%%=*}.version"
	fi
done
exit $status
