#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks the RTL, one expression for each mutant, and says whether the co-simulation or the tests
of single clocks notice.

Rule: all mutants are in one Verilated block. Each broken expression is chosen by a number, and
MUTANT in the environment has the number, so that nothing is built anew. Number 0 is whole. A
mutant that nothing notices is a hole in the tests, and ends this with an error.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys

FILES = ("block_types", "resolver", "i8259", "pair", "mux", "vmm_block", "window")
FILES += ("synchroniser", "block", "wishbone")
SOURCE = "chipset/rtl"
# The programs, in the order of their turns.
PROGRAMS = (("cosim", ["--count", "400000"]), ("signals", []), ("wishbone", []))

# What is broken, in which file, and how: the text that is there, and the text instead. A text is an
# expression, an assignment, or the connection of a port.
MUTANTS = (
    ("the mask does not mask", "resolver", "irr & ~chip.imr", "irr"),
    (
        "LTIM counts for nothing",
        "resolver",
        "chip.icw1[block_types::LTIM] ? 8'hff : chip.elcr",
        "chip.elcr",
    ),
    (
        "a level in service holds back all others",
        "resolver",
        "(~serving & (serving - 8'd1))",
        "{8{serving == 8'd0}}",
    ),
    (
        "special mask mode counts for nothing",
        "resolver",
        "chip.special_mask ? chip.isr & ~chip.imr : chip.isr",
        "chip.isr",
    ),
    (
        "special fully nested mode counts for nothing",
        "resolver",
        "(serving & (~serving + 8'd1) & slaves)",
        "8'd0",
    ),
    ("an uninitialised chip asks", "resolver", "chip.step == block_types::READY", "1'b1"),
    ("no rotation", "resolver", "chip.lowest + 3'd1", "3'd0"),
    (
        "an edge stays when its input falls",
        "i8259",
        "(after_first.edges | (pins & ~first_pins)) & pins",
        "(after_first.edges | (pins & ~first_pins))",
    ),
    (
        "a second edge at a high input is lost",
        "i8259",
        "after_pins.edges | (pulse & pins)",
        "after_pins.edges",
    ),
    ("an acknowledge leaves a held request", "i8259", "chip.held & ~one(level)", "chip.held"),
    ("automatic EOI counts for nothing", "i8259", "!chip.icw4[block_types::AEOI]", "1'b1"),
    ("MCS-80 vectors at interval 4 always", "i8259", "chip.icw1[block_types::ADI]", "1'b1"),
    ("a poll stays", "i8259", "(read)", "(1'b0)"),
    ("ICW1 keeps held requests", "i8259", "next.held = 8'd0", "next.held = chip.held"),
    (
        "a non-specific EOI ends masked levels in special mask mode",
        "i8259",
        "ended = chip.special_mask ? chip.isr & ~chip.imr : chip.isr",
        "ended = chip.isr",
    ),
    ("a single chip expects ICW3", "i8259", "chip.icw1[block_types::SNGL]", "1'b0"),
    (
        "a step above 4 stays",
        "i8259",
        "modes[22:20] > block_types::ICW4",
        "modes[22:20] == 3'd7",
    ),
    (
        "a slave answers that is not called",
        "pair",
        "pair.slave.icw3 == {5'd0, master_level}",
        "1'b1",
    ),
    (
        "the slave's INT does not fall at its acknowledge",
        "pair",
        "!pair.master.pins[block_types::CASCADE] || asks_slave",
        "!pair.master.pins[block_types::CASCADE]",
    ),
    ("an INT that falls within a step is not seen", "pair", "!slave_pins", "1'b0"),
    (
        "lines fall in a step without a line that falls",
        "pair",
        "first_pins = first ? (levels & ~first_driven) | first_high : levels",
        "first_pins = (levels & ~first_driven) | first_high",
    ),
    ("a line that falls first is not seen", "pair", "(first && !slave_first)", "1'b0"),
    ("no edge sets a latch", "mux", "(rises && heard)", "1'b0"),
    ("a shared line is not latched", "mux", "!routed || share", "!routed"),
    ("a latch under a level can be cleared", "mux", "level && line && heard", "1'b0"),
    ("a latch does not go with its line", "mux", "!(moved && !next_share)", "1'b1"),
    (
        "a line that is low comes back without its request",
        "mux",
        "hold = at(next_controller_input, moved && !line)",
        "hold = 16'd0",
    ),
    ("a line has the input 2", "mux", "next_controller_input != ABSENT", "1'b1"),
    (
        "a write to MASK or STATUS tells nothing again",
        "vmm_block",
        "(told && (next_out || next_external))",
        "1'b0",
    ),
    ("the count of pulses wraps", "vmm_block", "counted[8]", "1'b0"),
    ("a cause during a pulse is lost", "vmm_block", "pending || pulse", "pending"),
    ("a pulse of NMI is longer", "vmm_block", "left > HIGH", "left >= HIGH"),
    ("a misaligned access counts", "window", "address[1:0] != 2'd0", "1'b0"),
    ("a narrow write zeroes its neighbours", "window", "(old & ~which)", "64'd0"),
    (
        "any read of STATUS clears the pulses",
        "window",
        "slot == STATUS && lanes[3]",
        "slot == STATUS",
    ),
    ("SELECT always tells", "window", "lanes[3:2] != 2'd0", "1'b1"),
    (
        "banks beyond the last have a state",
        "window",
        "STATE + 9'(4 * BANKS)",
        "STATE + 9'(8 * BANKS)",
    ),
    ("a bank that does not exist is connected", "block", "new_bank < 16'(BANKS)", "1'b1"),
    (
        "lines change in the clock of an access",
        "block",
        ".step_lines(!step)",
        ".step_lines(1'b1)",
    ),
    ("a strobe waits for ever", "block", "(strobes & passed_over) != 3'd0", "1'b0"),
    ("the acknowledge is early", "block", "phase == SETTLE", "phase == STEP"),
    (
        "the bus acknowledges a cycle that was given up",
        "wishbone",
        "given_up || !asks ? IDLE : ANSWER",
        "ANSWER",
    ),
    ("the bus moves no lane of a write", "wishbone", "data >> shift", "data"),
    ("the bus moves no lane of a read", "wishbone", "window_data << shift", "window_data"),
    ("the bus reads one port of several", "wishbone", "kind[PORT] && others == 8'd0", "kind[PORT]"),
    ("the bus takes a write of INTA", "wishbone", "(tgc_i == 3'b100 && !we_i)", "tgc_i == 3'b100"),
    ("a read has bytes of the master's in it", "wishbone", "we_i ? dat_i : 64'd0", "dat_i"),
    (
        "a clock with an answer takes the next cycle",
        "wishbone",
        "state == IDLE",
        "(state == IDLE || state == ANSWER)",
    ),
)

# The number of the mutant, for all modules.
NUMBER = """package mutation;
import "DPI-C" function int mutant_number();
int number;
endpackage
"""


def read(name):
    with open(os.path.join(SOURCE, name + ".sv"), encoding="utf-8") as file:
        return file.read()


def stale():
    """A line for each mutant whose text is not in its file exactly once."""
    for title, name, old, _ in MUTANTS:
        times = read(name).count(old)
        if times != 1:
            yield "mutants: %s: %s.sv has this %d times, not once: %s" % (title, name, times, old)


def choice(number, old, new):
    """The text with both expressions, for the number to choose from."""
    head, tail = "", ""
    if old.startswith("."):
        head, tail = old[: old.index("(") + 1], ")"
    elif " = " in old:
        head = old[: old.index(" = ") + 3]
    old, new = (text[len(head) : len(text) - len(tail)] for text in (old, new))
    return "%s(mutation::number == %d ? (%s) : (%s))%s" % (head, number, new, old, tail)


def write_copy(directory):
    """A copy of the RTL with all mutants in it; returns the files in order."""
    os.makedirs(directory, exist_ok=True)
    texts = {name: read(name) for name in FILES}
    for number, (_, name, old, new) in enumerate(MUTANTS, 1):
        texts[name] = texts[name].replace(old, choice(number, old, new))
    start = "\tinitial mutation::number = mutation::mutant_number();\nendmodule"
    texts["block"] = texts["block"].replace("endmodule", start)
    texts["block_types"] = NUMBER + texts["block_types"]
    paths = []
    for name in FILES:
        paths.append(os.path.join(directory, name + ".sv"))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(texts[name])
    return paths


def status_of(program, arguments, number):
    """How a program ends with this mutant; None: not in time."""
    try:
        return subprocess.run(
            [program, *arguments],
            env={**os.environ, "MUTANT": str(number)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=600,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look whether each text is there")
    parser.add_argument("--copy", metavar="DIRECTORY", help="write the RTL with all mutants")
    parser.add_argument("--programs", metavar="DIRECTORY", help="play all mutants with these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    found = list(stale())
    print("\n".join(found), end="\n" if found else "")
    if options.copy and not found:
        write_copy(options.copy)
    if found or not options.programs:
        return 1 if found else 0

    def notices(number):
        for name, arguments in PROGRAMS:
            if status_of(os.path.join(options.programs, name), arguments, number) != 0:
                return name
        return None

    if notices(0):
        sys.exit("mutants: %s fails on the RTL as it is" % notices(0))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(notices, range(1, len(MUTANTS) + 1))
        for number, program in enumerate(results, 1):
            failed += not program
            print(
                "R07 rtl mutant %d, %s: noticed by %s ... %s"
                % (
                    number,
                    MUTANTS[number - 1][0],
                    program or "nothing",
                    "ok" if program else "FAILED",
                ),
                flush=True,
            )
    print("mutants: %d of %d noticed" % (len(MUTANTS) - failed, len(MUTANTS)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
