#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks copies of the RTL, one line each, and says whether the co-simulation or the tests of
single clocks notice.

Rule: a mutant that nothing notices is a hole in the tests, and ends this with an error. So does
the whole RTL, if a test fails on the whole RTL.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

FILES = ("block_types", "resolver", "i8259", "pair", "mux", "vmm_block", "window")
FILES += ("synchroniser", "block")
SOURCE = "chipset/rtl"
BANKS = 2
# The programs, in the order of their turns, and the length of a pulse of NMI that each wants.
PROGRAMS = (("cosim", 1, ["--count", "60000"]), ("signals", 4, []))

# What is broken, in which file, and how: the text that is there, and the text instead.
MUTANTS = (
    ("the mask does not mask", "resolver", "turned(irr & ~chip.imr, first)", "turned(irr, first)"),
    ("LTIM counts for nothing", "resolver", "chip.icw1[block_types::LTIM] ? 8'hff : ", ""),
    (
        "a level in service holds back all others",
        "resolver",
        "(~serving & (serving - 8'd1))",
        "{8{serving == 8'd0}}",
    ),
    (
        "special mask mode counts for nothing",
        "resolver",
        "turned(chip.special_mask ? chip.isr & ~chip.imr : chip.isr, first)",
        "turned(chip.isr, first)",
    ),
    (
        "special fully nested mode counts for nothing",
        "resolver",
        "(serving & (~serving + 8'd1) & slaves)",
        "8'd0",
    ),
    ("an uninitialised chip asks", "resolver", " && chip.step == block_types::READY", ""),
    ("no rotation", "resolver", "first = chip.lowest + 3'd1", "first = 3'd0"),
    (
        "an edge stays when its input falls",
        "i8259",
        "after_pins.edges = (after_first.edges | (pins & ~first_pins)) & pins;",
        "after_pins.edges = after_first.edges | (pins & ~first_pins);",
    ),
    (
        "a second edge at a high input is lost",
        "i8259",
        "next.edges = after_pins.edges | (pulse & pins);",
        "next.edges = after_pins.edges;",
    ),
    (
        "an acknowledge leaves a held request",
        "i8259",
        "next.held = chip.held & ~one(level);",
        "next.held = chip.held;",
    ),
    (
        "automatic EOI counts for nothing",
        "i8259",
        "if (!chip.icw4[block_types::AEOI])",
        "if (1'b1)",
    ),
    (
        "MCS-80 vectors at interval 4 always",
        "i8259",
        "chip.icw1[block_types::ADI] ?",
        "1'b1 ?",
    ),
    (
        "a poll stays",
        "i8259",
        "if (read)\n\t\t\tnext.poll = 1'b0;",
        "if (read)\n\t\t\tnext.poll = chip.poll;",
    ),
    ("ICW1 keeps held requests", "i8259", "\t\t\tnext.held = 8'd0;\n", ""),
    (
        "a non-specific EOI ends masked levels in special mask mode",
        "i8259",
        "ended = chip.special_mask ? chip.isr & ~chip.imr : chip.isr;",
        "ended = chip.isr;",
    ),
    (
        "a single chip expects ICW3",
        "i8259",
        "? last : block_types::ICW3;",
        "? block_types::ICW3 : block_types::ICW3;",
    ),
    (
        "a step above 4 stays",
        "i8259",
        "modes[22:20] > block_types::ICW4 ? block_types::READY",
        "modes[22:20] == 3'd7 ? block_types::READY",
    ),
    (
        "a slave answers that is not called",
        "pair",
        "pair.slave.icw3 == {5'd0, master_level};",
        "1'b1;",
    ),
    (
        "the slave's INT does not fall at its acknowledge",
        "pair",
        "!pair.master.pins[block_types::CASCADE] || asks_slave ||",
        "!pair.master.pins[block_types::CASCADE] ||",
    ),
    ("an INT that falls within a step is not seen", "pair", " || !slave_pins));", "));"),
    ("a held request brings no edge to the master", "pair", "(first && !slave_first)", "1'b0"),
    ("no edge sets a latch", "mux", "(rises && heard) ||", "1'b0 ||"),
    ("a shared line is not latched", "mux", "heard = !routed || share;", "heard = !routed;"),
    (
        "a latch under a level can be cleared",
        "mux",
        "stands = level && line && heard;",
        "stands = 1'b0;",
    ),
    ("a latch does not go with its line", "mux", "!(moved && !next_share) &&", "1'b1 &&"),
    (
        "a line that is low comes back without its request",
        "mux",
        "assign hold = at(next_controller_input, moved && !line);",
        "assign hold = at(next_controller_input, 1'b0);",
    ),
    (
        "a line has the input 2",
        "mux",
        "\n\t                     next_controller_input != ABSENT;",
        "\n\t                     1'b1;",
    ),
    (
        "a write to MASK or STATUS tells nothing again",
        "vmm_block",
        "(told && (next_out || next_external))",
        "1'b0",
    ),
    ("the count of pulses wraps", "vmm_block", "counted[8] ? 8'hff : counted[7:0]", "counted[7:0]"),
    ("a cause during a pulse is lost", "vmm_block", "owed <= owed || pulse;", "owed <= owed;"),
    ("a pulse of NMI is longer", "vmm_block", "nmi <= left > HIGH;", "nmi <= left >= HIGH;"),
    ("a misaligned access counts", "window", "address[1:0] != 2'd0 ? 8'd0 : 8'h0f", "8'h0f"),
    ("a narrow write zeroes its neighbours", "window", "merge = (old & ~which) |", "merge ="),
    (
        "any read of STATUS clears the pulses",
        "window",
        "slot == STATUS && lanes[3];",
        "slot == STATUS;",
    ),
    (
        "SELECT always tells",
        "window",
        "(select && lanes[3:2] != 2'd0)",
        "select",
    ),
    (
        "banks beyond the last have a state",
        "window",
        "STATE + 9'(4 * BANKS)",
        "STATE + 9'(8 * BANKS)",
    ),
    (
        "a bank that does not exist is connected",
        "block",
        "exists = new_bank < 16'(BANKS);",
        "exists = 1'b1;",
    ),
    ("lines change in the clock of an access", "block", ".step_lines(!step)", ".step_lines(1'b1)"),
    ("a strobe waits for ever", "block", "(strobes & passed_over) != 3'd0 ?", "1'b0 ?"),
    ("the acknowledge is early", "block", "phase == SETTLE ? access", "phase == STEP ? access"),
)


def read(name):
    with open(os.path.join(SOURCE, name + ".sv"), encoding="utf-8") as file:
        return file.read()


def stale():
    """A line for each mutant whose text is not in its file exactly once."""
    for title, name, old, _ in MUTANTS:
        times = read(name).count(old)
        if times != 1:
            yield "mutants: %s: %s.sv has this %d times, not once: %s" % (title, name, times, old)


def run(command, seconds=300):
    """The status and the output of a command; no status where it took too long."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return None, "takes too long"
    return done.returncode, done.stdout


class Workshop:
    """What does not depend on the mutant: the model, the programs, the Verilated runtime."""

    def __init__(self, build, objects):
        self.build = build
        self.objects = objects
        status, root = run(["verilator", "--getenv", "VERILATOR_ROOT"])
        if status != 0:
            sys.exit("mutants: verilator is missing: make setup")
        self.include = os.path.join(root.strip(), "include")

    def compile(self, directory, source, output):
        command = ["g++", "-std=c++20", "-O1", "-w", "-DVM_COVERAGE=0", "-I", directory]
        command += ["-I", os.path.join(self.objects, "model"), "-I.", "-I", self.include]
        command += ["-I", os.path.join(self.include, "vltstd"), "-c", source, "-o", output]
        self.must(command)

    def prepare(self, number):
        """A copy of the RTL, broken; number 0 is whole."""
        directory = os.path.join(self.build, "mutant%d" % number)
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        for name in FILES:
            text = read(name)
            if number and MUTANTS[number - 1][1] == name:
                text = text.replace(MUTANTS[number - 1][2], MUTANTS[number - 1][3])
            with open(os.path.join(directory, name + ".sv"), "w", encoding="utf-8") as file:
                file.write(text)
        return directory

    def notices(self, number):
        """The first program that fails with this mutant; None: no program fails."""
        directory = self.prepare(number)
        for program, clocks, arguments in PROGRAMS:
            path = self.make(directory, program, clocks)
            if run([path, *arguments])[0] != 0:
                return program
        return None

    def make(self, directory, program, clocks):
        verilated = os.path.join(directory, program)
        command = ["verilator", "--cc", "--build", "-O3", "--x-assign", "fast", "--noassert"]
        command += ["-Wno-fatal", "-Wno-lint", "--top", "block", "-GNMI_CLOCKS=%d" % clocks]
        command += ["-GLINES=16", "-GBANKS=%d" % BANKS, "--Mdir", verilated, "-CFLAGS", "-O1"]
        command += ["tests/rtl/block.vlt"]
        command += [os.path.join(directory, name + ".sv") for name in FILES]
        self.must(command)
        parts = []
        for source in (program, "device"):
            parts.append(os.path.join(verilated, source + ".o"))
            self.compile(verilated, "tests/rtl/%s.cc" % source, parts[-1])
        runtime = os.path.join(os.path.dirname(self.objects), "runtime")
        for name in ("verilated", "verilated_threads"):
            parts.append(os.path.join(runtime, name + ".o"))
        path = os.path.join(verilated, "program")
        parts.append(os.path.join(verilated, "Vblock__ALL.a"))
        parts.append(os.path.join(self.objects, "model.a"))
        self.must(["g++", "-o", path, *parts, "-pthread"])
        return path

    @staticmethod
    def must(command):
        """A mutant that does not build proves nothing."""
        status, output = run(command)
        if status != 0:
            sys.exit("mutants: %s fails:\n%s" % (" ".join(command), output))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/rtl/mutants")
    parser.add_argument("--objects", default="build/rtl/16-2", help="with model.a of two banks")
    parser.add_argument("--check", action="store_true", help="look whether each line is there")
    parser.add_argument("--only", help="mutants whose title fits this expression")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    found = list(stale())
    if found or options.check:
        print("\n".join(found), end="\n" if found else "")
        return 1 if found else 0
    workshop = Workshop(options.build, options.objects)
    chosen = [0]
    for number, mutant in enumerate(MUTANTS, 1):
        if not options.only or re.search(options.only, mutant[0]):
            chosen.append(number)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for number, program in zip(chosen, pool.map(workshop.notices, chosen)):
            if number == 0:
                if program:
                    sys.exit("mutants: %s fails on the RTL as it is" % program)
                continue
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
    print("mutants: %d of %d noticed" % (len(chosen) - 1 - failed, len(chosen) - 1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
