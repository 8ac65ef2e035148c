#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The part of CI that a user without rights plays, in a path with blanks: user.sh
#
# Rule: needs no network, as newlib and the parts of the emulators come from the caller's cache, and
# packages are there already; ends within a time limit; leaves nothing behind. Its user is a number
# that has no name, so no account is made, and two runs at once do not meet.
set -eu
cd "$(dirname "$0")/.."

limit=600
tests="tests/system/test_setup.py tests/system/test_bare.py tests/system/test_terminal.py"
platforms="qemu qemu-irqmux bochs bochs-irqmux"

say() {
	printf 'ci: %s\n' "$*"
}

if [ "$(id -u)" -ne 0 ]; then
	say "the leg of a user without rights is left out: only root can become another user"
	exit 0
fi

# A number that nobody has.
number=$((61000 + $$ % 3000))
while getent passwd $number >/dev/null; do
	number=$((number + 1))
done

place=$(mktemp -d /tmp/signalbox-ci.XXXXXX)
trap 'rm -rf "$place"' EXIT
job=
trap '[ -z "$job" ] || { kill $job && wait $job; }; exit 130' INT TERM HUP
home="$place/a user"
tree="$home/signal box"
mkdir -p "$tree" "$home/.cache/signalbox" "$home/tmp"
git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -C "$tree" -x
cache=${XDG_CACHE_HOME:-$HOME/.cache}/signalbox
for entry in newlib bochs qemu-headers; do
	cp -R "$cache/$entry"-[0-9]*-????????????/ "$home/.cache/signalbox"
done
chown -R $number:$number "$home"
chmod 755 "$place"

say "a user without rights (number $number) in '$tree'"
began=$(date +%s)
status=0
timeout --kill-after=10 $limit \
	setpriv --reuid=$number --regid=$number --clear-groups --no-new-privs --inh-caps=-all \
	--bounding-set=-all env -i PATH="$PATH" HOME="$home" USER=user LOGNAME=user CI=true \
	TMPDIR="$home/tmp" TERM=dumb LC_ALL=C.UTF-8 PYTHONUNBUFFERED=1 TESTS="$tests" \
	sh -euc 'cd "$1"
		make -j2 all
		for platform in $2; do make run PLATFORM="$platform" SECONDS=1; done
		make system PLATFORM=qemu' sh "$tree" "$platforms" </dev/null &
job=$!
wait $job || status=$?
job=
[ $status -ne 124 ] || say "the user's leg did not end within $limit s"
say "the user's leg: status $status, $(($(date +%s) - began)) s"
exit $status
