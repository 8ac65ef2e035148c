#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks that the VMM's image leaves the guests' vector and x87 registers alone:
check_vectors.py IMAGE.elf...

Rule: while a guest is away, its x87, MMX, SSE, AVX and mask registers stay in the processor.
Only the functions that move these registers for a guest may hold an instruction that touches
them. The linker's optimiser may put arch/x86/cpu/fpu.c into the functions that call it, in
arch/x86/virt/guest_state.c.
"""

import os
import re
import subprocess
import sys

ALLOWED = re.compile(r"(fpu_[a-z0-9_]+|guest_fpu_(load|release)|put_away)(\.[a-z0-9.]+)?")
# boot/entry.S begins with 32-bit code, before all guests. The disassembler takes the code for
# 64-bit code, so the bytes of an address may look like any instruction.
CODE_OF_32_BITS = ("entry",)
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(
    r"^ +[0-9a-f]+:\t(?:(?:lock|rep[nz]*|data16|addr32|rex[.A-Z]*|[cdefgs]s) )*(\S+)(.*)$"
)
REGISTER = re.compile(r"%([xyz]mm\d+|st\b|mm[0-7]|k[0-7]|bnd[0-3]|tmm\d)")
# Every mnemonic that begins with f is x87's or moves its state. The system's own instructions with
# a v are VMX's, VERR, VERW.
STATE = re.compile(r"f\w+|wait|x(save|rstor)\w*|emms|(ld|st)mxcsr|v(?!m[a-z]|err$|erw$)\w+")


def touching(text):
    """Lines of a disassembly that touch the registers outside the allowed functions: (function,
    instruction)."""
    function = "?"
    for line in text.splitlines():
        head = FUNCTION.match(line)
        if head:
            function = head.group(1)
            continue
        found = INSTRUCTION.match(line)
        if not found or ALLOWED.fullmatch(function) or function in CODE_OF_32_BITS:
            continue
        if STATE.fullmatch(found.group(1)) or REGISTER.search(found.group(2)):
            yield function, (found.group(1) + found.group(2)).strip()


def check(image):
    """Says what the image touches; returns 1 where there is such an instruction, else 0."""
    tool = os.environ.get("OBJDUMP", "objdump")
    command = [tool, "-d", "--no-show-raw-insn", "-w", image]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    if not any(FUNCTION.match(line) for line in text.splitlines()):
        print(
            f"{image}: no function in it; "
            f"the check needs the image with its symbols (signalbox.elf)"
        )
        return 1
    bad = list(touching(text))
    for function, instruction in bad:
        print(f"{function}: {instruction}")
    if bad:
        print(
            f"{image}: {len(bad)} instructions reach the guests' vector or x87 registers. "
            f"Compile with general registers only, or"
            " move the code into arch/x86/cpu/fpu.c"
        )
    return 1 if bad else 0


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if len(sys.argv) > 1 else 2
    return max(check(image) for image in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
