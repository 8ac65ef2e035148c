#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The checks that need no machine to run on: check.sh BUILD, check.sh --list-c, or
# check.sh --formatter
#
# Rule: every check runs, each says ok or what is wrong, and the last line counts.
set -u

# Files of the tree by pattern: tracked ones and new ones, as git sees them, or what is there
# without git.
list() {
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@"
	else
		for pattern in "$@"; do
			find . -name "$pattern" ! -path './build/*' | sed 's|^\./||'
		done
	fi | sort -u | while read -r file; do
		if [ -f "$file" ]; then
			echo "$file"
		fi
	done
}

if [ "${1:-}" = --list-c ]; then
	list '*.c' '*.cc' '*.h'
	exit 0
fi

# The layout is that of clang-format 14. Later versions put other blanks behind casts.
laid_out_by=14

# Print the command that lays the sources out, or say why there is none.
formatter() {
	for command in clang-format-$laid_out_by clang-format; do
		case $($command --version 2>/dev/null) in
		*" version $laid_out_by."*) echo $command && return ;;
		esac
	done
	echo "clang-format $laid_out_by lays the sources out; here is" \
		"$(clang-format --version 2>/dev/null || echo none)" >&2
	return 1
}

if [ "${1:-}" = --formatter ]; then
	formatter
	exit
fi

build=${1:-build}
mkdir -p "$build"
out=$build/check.txt
total=0
failed=0

verdict() {
	total=$((total + 1))
	if [ "$2" -eq 0 ]; then
		echo "check $1 ... ok"
	else
		failed=$((failed + 1))
		sed 's/^/    /' "$out" | head -n 40
		echo "check $1 ... FAILED"
	fi
}

layout() {
	list '*.c' '*.cc' '*.h' | xargs -r "$(formatter)" --dry-run -Werror 2>&1 |
		sed -n 's/^\([^ :]*:[0-9]*\):.*error.*/\1/p' | uniq | grep . &&
		echo "make format lays them out" && return 1
	return 0
}

style() {
	list '*.c' '*.cc' '*.h' '*.S' | xargs -r "${PYTHON:-python3}" scripts/style.py
}

static_analysis() {
	mkdir -p "$build/cppcheck"
	set -- --quiet --error-exitcode=1 --inline-suppr --std=c11 --platform=unix64 -I.
	set -- "$@" -j "$(nproc)"
	set -- "$@" --cppcheck-build-dir="$build/cppcheck" --enable=warning,performance,portability
	set -- "$@" --suppress=missingIncludeSystem --suppress=unusedFunction
	# Tables at fixed addresses, symbols that the linker script sets, registers bound to
	# variables and a register file indexed by the instruction's number are what a VMM is made
	# of, and look like mistakes elsewhere.
	set -- "$@" --suppress=intToPointerCast --suppress=nullPointer:boot/*
	set -- "$@" --suppress=comparePointers
	set -- "$@" --suppress=subtractPointers
	set -- "$@" --suppress=constStatement --suppress=objectIndex --max-configs=2
	# From 2.13 on each limit of the analysis is a message.
	set -- "$@" --suppress=normalCheckLevelMaxBranches
	set -- "$@" -D__x86_64__ -U__ASSEMBLER__
	# Version 2.17 cannot parse the __asm__("rdi") of a variable that is bound to a register.
	set -- "$@" '-D__asm__(...)='
	# The tests are left out: they run under the sanitizers.
	list '*.c' | grep -v '^tests/' >"$build/cppcheck.list"
	[ ! -s "$build/cppcheck.list" ] ||
		cppcheck "$@" --file-list="$build/cppcheck.list" || return 1
	# The emulator's devices, without the emulator's headers. Headers of two C programs may each
	# have a struct op: the programs are never linked together.
	list '*.cc' | xargs -r cppcheck --quiet --error-exitcode=1 --inline-suppr \
		--language=c++ --std=c++17 -I. --suppress=ctuOneDefinitionRuleViolation \
		--enable=warning,performance,portability
}

sizes() {
	list '*.c' '*.cc' '*.h' '*.S' '*.py' '*.sh' '*.ld' Makefile '*.mk' | xargs -r wc -l |
		awk '$2 != "total" && $1 > 600 {
			print $2 ": " $1 " lines; a file has 600 at most" }' |
		grep . && return 1
	return 0
}

# The SPDX line first (after a script's #!). What is made of an emulator's own classes is under that
# emulator's licence.
heads() {
	list '*.c' '*.cc' '*.h' '*.S' '*.py' '*.sh' '*.mk' '*.ld' Makefile | while read -r file; do
		[ -s "$file" ] || continue
		case $file in
		emulators/bochs/*) licence=LGPL-2.1-or-later ;;
		emulators/qemu/*) licence=GPL-2.0-or-later ;;
		*) licence=BSD-2-Clause ;;
		esac
		head -n 2 "$file" | grep -q "SPDX-License-Identifier: $licence\$" ||
			head -n 1 "$file" | grep -q "SPDX-License-Identifier: $licence \*/\$" ||
			echo "$file: no SPDX line for $licence at its head"
	done | grep . && return 1
	return 0
}

# A line ends at column 100, messages included. A message that is longer is one string of the
# language in two rows. A tab counts as 8 columns.
spaces() {
	list '*.c' '*.cc' '*.h' '*.S' '*.py' '*.sh' '*.md' '*.mk' '*.cfg' Makefile |
		xargs -r grep -nE '[ 	]+$' && return 1
	list '*.py' | xargs -r grep -nP '^ *\t' && return 1
	list '*.c' '*.cc' '*.h' '*.S' '*.py' '*.sh' | xargs -r awk '{
		while ((tab = index($0, "\t")) > 0)
			$0 = substr($0, 1, tab - 1) substr("        ", 1, 8 - (tab - 1) % 8) \
				substr($0, tab + 1)
		if (length($0) > 100)
			print FILENAME ":" FNR ": " length($0) " columns; 100 at most"
	}' | grep . && return 1
	return 0
}

unfinished() {
	list '*.c' '*.cc' '*.h' '*.S' '*.py' '*.sh' '*.mk' Makefile | grep -v '^scripts/check.sh$' |
		xargs -r grep -nwE 'T[O]DO|FIX[M]E|X[X]X|H[A]CK' && return 1
	return 0
}

python_syntax() {
	list '*.py' | xargs -r "${PYTHON:-python3}" -c '
import sys
for name in sys.argv[1:]:
    compile(open(name, encoding="utf-8").read(), name, "exec")'
}

shell_syntax() {
	list '*.sh' .ci/run | while read -r file; do
		sh -n "$file" || echo "$file: does not parse"
	done | grep . && return 1
	return 0
}

mutants() {
	"${PYTHON:-python3}" scripts/mutants.py --check &&
		"${PYTHON:-python3}" tests/proof/mutants.py --check
}

run() {
	name=$1
	shift
	"$@" >"$out" 2>&1
	verdict "$name" $?
}

if why=$(formatter 2>&1); then
	run "layout (clang-format)" layout
else
	echo "check layout (clang-format) ... left out: $why"
fi
run "layout (scripts/style.py)" style
run "static analysis (cppcheck)" static_analysis
run "the images leave vector registers alone" \
	"${PYTHON:-python3}" scripts/check_vectors.py "$build/signalbox.elf" \
	"$build/signalbox-apic.elf"
run "includes and calls run one way" "${PYTHON:-python3}" scripts/layers.py "$build"
run "no file over 600 lines" sizes
run "licence lines" heads
run "spaces and line lengths" spaces
run "nothing left unfinished" unfinished
run "what a document names is there" "${PYTHON:-python3}" scripts/check_docs.py
run "each mutant's line is there once" mutants
run "Python parses" python_syntax
run "shell parses" shell_syntax

if [ "$failed" -ne 0 ]; then
	echo "check: $failed of $total FAILED"
	exit 1
fi
echo "check: all $total passed"
