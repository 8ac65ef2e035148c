#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Build a fuzzer: fuzz.sh COMPILER OUTPUT ARGUMENT... With libFuzzer where clang has the library;
# else by COMPILER, and the program has a random loop of its own.
#
# Rule: a program without libFuzzer is built only where clang or the library is absent, and one line
# names the package. An error of clang in the program itself is an error.
set -u

compiler=$1
output=$2
shift 2

# Print the package that is missing; nothing: clang builds with libFuzzer.
missing() {
	command -v clang >/dev/null || {
		echo clang
		return
	}
	echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' |
		clang -fsanitize=fuzzer,address,undefined -x c -o "$output.probe" - 2>/dev/null ||
		echo "libclang-rt-dev of clang's version"
	rm -f "$output.probe"
}

package=$(missing)
if [ -z "$package" ]; then
	exec clang -DWITH_LIBFUZZER -fsanitize=fuzzer -o "$output" "$@"
fi
echo "${output##*/}: built without libFuzzer: the package $package is missing"
# COMPILER may be a command with options.
# shellcheck disable=SC2086
exec $compiler -o "$output" "$@"
