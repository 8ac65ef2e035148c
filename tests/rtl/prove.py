#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Proves the rules in tests/rtl/rules_*.sv for sequences of any length.

Rule: yosys makes an and-inverter graph of the module and its assertions, and property-directed
reachability (pdr, in yosys-abc) looks for an inductive invariant. For each module some broken
copies have to be refuted, so that no proof is empty.
"""

import argparse
import os
import subprocess
import sys

SOURCE = "chipset/rtl"
PAIR = ("block_types", "resolver", "i8259", "pair")

# The module of the rules, the files that the rules speak of, and what a broken copy has: a file,
# the text that is there, the text instead.
RULES = (
    (
        "mux",
        ("mux",),
        (
            ("mux", "(rises && heard) ||", "(rises && heard && !level) ||"),
            ("mux", "stands = level && line && heard;", "stands = 1'b0;"),
            ("mux", "hold = at(next_controller_input, moved && !line);", "hold = 16'd0;"),
            ("mux", "!(moved && !next_share) &&", "!moved &&"),
        ),
    ),
    (
        "vmm_block",
        ("vmm_block",),
        (
            ("vmm_block", "owed <= owed || pulse;", "owed <= owed;"),
            ("vmm_block", "nmi <= left > HIGH;", "nmi <= left >= HIGH;"),
            ("vmm_block", "(next_out && !out) ||", "next_out ||"),
        ),
    ),
    (
        "pair",
        PAIR,
        (
            ("resolver", "turned(irr & ~chip.imr, first)", "turned(irr, first)"),
            ("pair", "modes[18:16], modes[12:0]", "3'd7, modes[12:0]"),
            ("i8259", "next.edges = word[7:0] & word[31:24];", "next.edges = word[7:0];"),
            ("i8259", "next.held = after_pins.held;", "next.held = after_pins.held & pins;"),
        ),
    ),
)
GRAPH = (
    "prep -flatten -top {top}; async2sync; dffunmap; setundef -undriven -anyseq; opt -full; "
    "techmap; opt -fast; dffunmap; abc -g AND -fast; opt_clean; write_aiger -zinit {graph}"
)


def tool(command):
    """The output of a program that has to end well."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True
    )
    if done.returncode:
        sys.exit("rtl: %s fails:\n%s" % (command[0], done.stdout))
    return done.stdout


def proves(build, name, files, broken=None):
    """Whether all assertions of the rules hold; broken: a text of a file and the text instead."""
    texts = []
    for file in files:
        with open(os.path.join(SOURCE, file + ".sv"), encoding="utf-8") as source:
            text = source.read()
        if broken and broken[0] == file:
            if text.count(broken[1]) != 1:
                sys.exit("rtl: %s.sv does not have this once: %s" % (file, broken[1]))
            text = text.replace(broken[1], broken[2])
        texts.append(os.path.join(build, file + ".sv"))
        with open(texts[-1], "w", encoding="utf-8") as copy:
            copy.write(text)
    graph = os.path.join(build, name + ".aig")
    reading = "read_verilog -formal -sv %s tests/rtl/rules_%s.sv; " % (" ".join(texts), name)
    tool(["yosys", "-q", "-p", reading + GRAPH.format(top="rules_" + name, graph=graph)])
    output = tool(["yosys-abc", "-c", "read_aiger %s; fold; orpos; strash; pdr" % graph])
    proved, refuted = "Property proved" in output, "was asserted in frame" in output
    if proved == refuted:
        sys.exit("rtl: yosys-abc says neither proved nor refuted:\n" + output)
    return proved


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/rtl/prove")
    parser.add_argument("--only", help="the module of one file of rules")
    options = parser.parse_args()
    os.makedirs(options.build, exist_ok=True)
    failed = 0
    for name, files, copies in RULES:
        if options.only not in (None, name):
            continue
        with open("tests/rtl/rules_%s.sv" % name, encoding="utf-8") as file:
            count = file.read().count("assert (")
        good = proves(options.build, name, files)
        refuted = sum(not proves(options.build, name, files, broken) for broken in copies)
        good = good and refuted == len(copies)
        failed += not good
        print(
            "R08 rtl: %s: %d assertions hold for sequences of any length, "
            "%d of %d broken copies refuted ... %s"
            % (name, count, refuted, len(copies), "ok" if good else "FAILED"),
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
