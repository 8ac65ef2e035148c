#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Proves the rules in tests/rtl/rules_*.sv for sequences of any length.

Rule: yosys makes an and-inverter graph of the module and its assertions. For a part of the block
property-directed reachability (pdr, in yosys-abc) looks for an inductive invariant. The whole block
is proven by induction over four clocks: each assertion alone, and together those that need each
other. For each module some broken copies have to be refuted, so that no proof is empty.
"""

import argparse
import os
import re
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
            ("vmm_block", "pending <= pending || pulse;", "pending <= pending;"),
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
            (
                "resolver",
                "turned(irr & ~chip.imr, first)",
                "turned(irr & ~(IS_SLAVE ? 8'd0 : chip.imr), first)",
            ),
            (
                "resolver",
                "turned(irr & ~chip.imr, first)",
                "turned(irr & ~(chip.icw4[block_types::AEOI] ? 8'd0 : chip.imr), first)",
            ),
            (
                "pair",
                "first ? (levels & ~first_driven) | first_high : levels",
                "(levels & ~first_driven) | first_high",
            ),
        ),
    ),
    (
        "wishbone",
        ("wishbone",),
        (
            ("wishbone", "given_up || !asks ? IDLE : ANSWER", "ANSWER"),
            ("wishbone", "to_window = state == BUSY &&", "to_window = state != IDLE &&"),
            ("wishbone", "lanes <= others;", "lanes <= 8'd0;"),
            ("wishbone", "refused <= !proper;", "refused <= 1'b0;"),
            ("wishbone", "kind[PORT] && others == 8'd0 &&", "kind[PORT] &&"),
        ),
    ),
    (
        "block",
        PAIR + ("mux", "vmm_block", "window", "synchroniser", "block"),
        (
            ("block", "in_state ? state_bank :", "in_state ? state_bank ^ 4'd1 :"),
            ("block", ".write_mask(select),", ".write_mask(select || (step && access[PORT])),"),
        ),
    ),
)
# The rules of these are a part of the module's file, so that the rules see the module's signals.
WHOLE = "block"
INSIDE = (WHOLE, "wishbone")
# What stands for the block behind the bus.
BESIDE = {"wishbone": ["tests/rtl/any_block.sv"]}
GRAPH = (
    "{size} prep -flatten -top {top}; delete -port o:*; async2sync; dffunmap; "
    "setundef -undriven -anyseq; opt -full; techmap; opt -fast; dffunmap; {map}; opt_clean; "
    "write_aiger -zinit {graph}"
)
# aigmap is quicker for the whole block; abc takes a part's undefined bits too.
MAP_WHOLE, MAP_PART = "aigmap", "abc -g AND -fast"
SIZE = "chparam -set BANKS 2 -set NMI_CLOCKS 2 block;"
# The first seven clocks refute a broken copy, and are the base of the induction. The numbers of
# seconds are far more than a search takes: a busy machine proves as much as an idle one.
READ = "read_aiger {graph}; fold; {part}strash; scleanup; {search}"
PDR, BASE, INDUCTION = "pdr", "bmc3 -F {clocks} -T 3600", "ind -F 4 -T {seconds}"
ALONE, TOGETHER = 120, 3600  # seconds
BASE_HOLDS = "No output asserted in {clocks} frames"
CLOCKS, CLOCKS_QUICK = 7, 5
PROVED, REFUTED = ("Property proved", "Networks are equivalent"), "was asserted in frame"


def tool(command):
    """The output of a program that has to end well."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True
    )
    if done.returncode:
        sys.exit("rtl: %s fails:\n%s" % (command[0], done.stdout))
    return done.stdout


def read(name, file, broken):
    """The text of a file of the RTL; broken: a file, a text of the file and the text instead."""
    with open(os.path.join(SOURCE, file + ".sv"), encoding="utf-8") as source:
        text = source.read()
    if broken and broken[0] == file:
        if text.count(broken[1]) != 1:
            sys.exit("rtl: %s.sv does not have this once: %s" % (file, broken[1]))
        text = text.replace(broken[1], broken[2])
    if file == name and name in INSIDE:
        with open("tests/rtl/rules_%s.sv" % name, encoding="utf-8") as rules:
            text = text.replace("endmodule", rules.read() + "endmodule")
    return text


def proves(build, name, files, broken=None, quick=False):
    """Whether all assertions of the rules hold; broken: see read(); quick: those of the whole block
    in its first clocks alone."""
    whole = name == WHOLE
    texts = []
    for file in files:
        texts.append(os.path.join(build, file + ".sv"))
        with open(texts[-1], "w", encoding="utf-8") as copy:
            copy.write(read(name, file, broken))
    texts += BESIDE.get(name, [])
    if name not in INSIDE:
        texts.append("tests/rtl/rules_%s.sv" % name)
    graph = os.path.join(build, name + ".aig")
    top = name if name in INSIDE else "rules_" + name
    size, mapping = (SIZE, MAP_WHOLE) if whole else ("", MAP_PART)
    making = GRAPH.format(top=top, graph=graph, size=size, map=mapping)
    tool(["yosys", "-q", "-p", "read_verilog -formal -sv %s; %s" % (" ".join(texts), making)])
    clocks = CLOCKS_QUICK if quick else CLOCKS
    output = search(graph, BASE.format(clocks=clocks) if whole else PDR)
    if REFUTED in output:
        return False
    if BASE_HOLDS.format(clocks=clocks) in output and (quick or holds_by_induction(graph)):
        return True
    if any(word in output for word in PROVED):
        return True
    sys.exit("rtl: yosys-abc says neither proved nor refuted:\n" + output)


def search(graph, command, part="orpos; "):
    """What yosys-abc says of a graph's assertions; part: makes one of them, or of some of them."""
    return tool(["yosys-abc", "-c", READ.format(graph=graph, part=part, search=command)])


def holds_by_induction(graph):
    """Whether the assertions that no clock of the base refutes hold for ever. Where assertions need
    others, the search takes more and more of their neighbours with them, at last all."""
    every = int(re.search(r"i/o = *\d+/ *(\d+)", search(graph, "print_stats", ""))[1])

    def holds(first, end, seconds):
        part = "cone -s -O %d -R %d; orpos; " % (first, end - first)
        output = search(graph, INDUCTION.format(seconds=seconds), part)
        return any(word in output for word in PROVED)

    rest = [one for one in range(every) if not holds(one, one + 1, ALONE)]
    if not rest:
        return True
    more = 0
    while True:
        first, end = max(0, rest[0] - more), min(every, rest[-1] + 1 + more)
        all_of_them = (first, end) == (0, every)
        if holds(first, end, TOGETHER if all_of_them else ALONE):
            return True
        if all_of_them:
            return False
        more = 2 * more + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/rtl/prove")
    parser.add_argument(
        "--quick", action="store_true", help="the whole block for some clocks, fewer broken copies"
    )
    parser.add_argument("--only", help="the module of one file of rules")
    options = parser.parse_args()
    os.makedirs(options.build, exist_ok=True)
    failed = 0
    for name, files, copies in RULES:
        if options.only not in (None, name):
            continue
        with open("tests/rtl/rules_%s.sv" % name, encoding="utf-8") as file:
            count = file.read().count("assert (")
        copies = copies[:1] if options.quick else copies
        good, *copies_hold = (
            proves(options.build, name, files, broken, options.quick) for broken in (None, *copies)
        )
        refuted = copies_hold.count(False)
        length = "for sequences of any length"
        if options.quick and name == WHOLE:
            length = f"for {CLOCKS_QUICK} clocks"
        good = good and refuted == len(copies)
        failed += not good
        print(
            "R08 rtl: %s: %d assertions hold %s, %d of %d broken copies refuted ... %s"
            % (
                name,
                count,
                length,
                refuted,
                len(copies),
                "ok" if good else "FAILED",
            ),
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
