#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the RTL can be read beside the C model: the same names, the same order, the same sections
of the datasheet.

Rule: a part of a module is headed by the functions of the model that the part stands for, as in
`// ---- heard() ----`. Each function of the model is named in the module's files, or has a reason
below. A name in quotes in a comment of the RTL, such as "Poll command", is in the model's comments,
too.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A file of the model, and the files of the RTL that stand beside the file.
BESIDE = {
    "i8259": ("resolver", "i8259"),
    "pair": ("pair",),
    "block": ("mux", "vmm_block", "block"),
    "window": ("window",),
}
# Functions that only the C language asks for, and what the RTL has in their place.
ELSEWHERE = {
    "i8259_reset": "block_types::CHIP_RESET",
    "bit": "one() of i8259.sv",
    "i8259_int": "the output asked of resolver.sv",
    "write_command": "the branches of `next` in i8259.sv",
    "i8259_write": "the input write of i8259.sv",
    "pair_reset": "the reset of a bank in block.sv",
    "pair_intr": "the output intr of pair.sv",
    "acknowledge_slave": "asks_slave in pair.sv",
    "set_chip_word": "set_word of i8259.sv",
    "set_chip_modes": "set_modes of i8259.sv",
    "pair_set_word": "the input set_word of pair.sv",
    "block_reset": "the resets of all modules",
    "input_of": "controller_input and block_input of mux.sv",
    "connected": "the register connected of block.sv",
    "block_intr": "the output intr of block.sv",
    "block_acknowledge": "the access INTA of block.sv",
    "block_port_read": "the access PORT of block.sv",
    "block_port_write": "the access PORT of block.sv",
    "read_state": "word of pair.sv",
}
FUNCTION = re.compile(r"^(?!enum|struct \w+ \{)[a-z][\w \*]*?\b(\w+)\([^;{]*\)\n\{", re.M)
HEADING = re.compile(r"^\t+// ---- (\w+\(\)(?:, \w+\(\))*) ----$", re.M)
SECTION = re.compile(r'"([A-Z][^"]*)"')


def comments(text, pattern):
    """All comments as one text without the marks of lines."""
    return re.sub(r"\s+(?:\* |// )?\s*", " ", " ".join(re.findall(pattern, text, re.S | re.M)))


def faults(name, modules):
    """A line for each difference between a file of the model and the modules beside the file."""
    model = (ROOT / f"chipset/block/{name}.c").read_text()
    order = FUNCTION.findall(model)
    said = comments(model, r"/\*.*?\*/")
    named, last = set(), ""
    for module in modules:
        text = (ROOT / f"chipset/rtl/{module}.sv").read_text()
        if module in ("mux", "vmm_block", "block"):
            last = ""  # three modules share block.c
        notes = comments(text, r"//.*?$")
        named |= set(re.findall(r"\b(\w+)\(\)", notes))
        for heading in HEADING.findall(text):
            for function in re.findall(r"\w+", heading):
                if function not in order:
                    yield f"{module}.sv: {name}.c has no function {function}()"
                elif last and order.index(function) < order.index(last):
                    yield f"{module}.sv: {function}() is behind {last}(), in {name}.c before"
                else:
                    last = function
        for section in SECTION.findall(notes):
            if section not in said:
                yield f'{module}.sv: {name}.c does not name the section "{section}"'
    for function in order:
        if function not in named and function not in ELSEWHERE:
            yield f"{name}.c: {function}() is named in none of {', '.join(modules)}"


def main():
    found = [fault for name, modules in BESIDE.items() for fault in faults(name, modules)]
    print("\n".join(found) or "R07 rtl: the model's names, order and sections ... ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
