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

# Wait for the process $job, whose output goes to $log. Sets $seconds; returns the job's status. On
# a terminal $1 and the time stand in one row meanwhile, and the steps where $2 is their number.
cache_wait() {
	start=$(date +%s)
	seconds=0
	while kill -0 $job 2>/dev/null; do
		if [ -t 1 ]; then
			steps=
			[ -z "${2:-}" ] || steps="$(cache_steps) of about $2 steps, "
			printf '\r  %s: %s%s s\033[K' "$1" "$steps" $seconds
		fi
		sleep 1
		seconds=$(($(date +%s) - start))
	done
	[ ! -t 1 ] || printf '\r\033[K'
	wait $job
}

# Print how many files $log says are compiled. Automake's newer Makefiles name a file alone.
cache_steps() {
	grep -cE ' -c |^  (CC|CPPAS|CXX)  ' "$log" || true
}

# Print the path $1 as a person reads a path: the home directory is ~.
cache_path() {
	case $1 in
	"${HOME:-/}"/*) printf '~/%s' "${1#"$HOME"/}" ;;
	*) printf '%s' "$1" ;;
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
