# SPDX-License-Identifier: BSD-2-Clause
#
# Sources of Debian's packages, for the scripts that build from them: . scripts/debian_source.sh
#
# Rule: what is fetched is what a list names that the archive has signed, by its checksum. Lists and
# cache are in $work, a directory of the caller's own: nothing of the machine's apt changes.

# Places that this machine's own configuration takes its packages from, a line "SITE RELEASE" for
# each.
debian_places() {
	apt-get indextargets --format '$(CREATED_BY)|$(COMPONENT)|$(SITE) $(RELEASE)' 2>/dev/null |
		sed -n 's/^Packages|main|//p' | sort -u
}

# Run apt's program $1 within $work.
debian_apt() {
	program=$1
	shift
	"$program" -q -o Dir::Etc::SourceList="$work/source.sources" \
		-o Dir::Etc::SourceParts="$work/parts" \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o Dir::Cache::pkgcache= \
		-o Dir::Cache::srcpkgcache= \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
		-o Acquire::Retries=2 "$@"
}

# Fetch the lists of sources (or of the type $1: deb) of the places on the standard input; of those
# that Debian has not signed none comes.
debian_lists() {
	type=${1:-deb-src}
	mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/parts"
	while read -r site release; do
		printf 'Types: %s\nURIs: %s\nSuites: %s\n' "$type" "$site" "$release"
		printf 'Components: main\n'
		printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n'
	done >"$work/source.sources"
	debian_apt apt-get update || echo "apt-get update: status $?"
}

# Fetch the files of the source package $1 (NAME or NAME=VERSION) whose names match the pattern $2
# into the directory $3; 1: the lists have none, or it did not come.
debian_fetch() {
	debian_apt apt-get source --print-uris --only-source "$1" |
		sed -n "s/^'\([^']*\)' \([^ ]*\) [0-9]* \(SHA256:[0-9a-f]*\)\$/\1 \2 \3/p" \
			>"$work/files"
	none=1
	while read -r uri name sum; do
		case $name in
		$2) ;;
		*) continue ;;
		esac
		debian_apt /usr/lib/apt/apt-helper download-file "$uri" "$3/$name" "$sum" ||
			return 1
		none=0
	done <"$work/files"
	return $none
}
