#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Run one host test or fuzzer: a line for each test in the form that guests and system tests print
# too, then the count; all of the output when something failed.
#
# Rule: the status is the program's; 120 seconds of processor time are a hang, and so is half an
# hour. A busy machine makes a test long, and no test fails for that.

program=$1
shift
log=$program.log
name=${program##*/}

timeout 1800 sh -c 'ulimit -S -t 120 && exec "$@"' sh "$program" "$@" >"$log" 2>&1
status=$?
if [ "$status" -ne 0 ]; then
	cat "$log"
	case $status in 124 | 152) echo "$name: hangs" ;; esac # 152: SIGXCPU
	echo "$name: failed, status $status"
	exit "$status"
fi
case $name in
fuzz_*)
	# libFuzzer: "Done 790508 runs in 21 second(s)"
	runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1 inputs of libFuzzer/p' "$log")
	sed -n 's/\(.* \.\.\. ok\)$/'"$name"': \1/p' "$log"
	[ -n "$runs" ] && echo "$name: $runs ... ok"
	;;
*)
	sed -n 's/^\[ *OK \] //p' "$log" | sed -e 's/_/ /g' -e 's/$/ ... ok/'
	sed -n "s/^\[ *PASSED *\] \(.*\)\./$name: \1 passed/p" "$log"
	;;
esac
exit 0
