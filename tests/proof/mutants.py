#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks copies of the chipset block's model, one line each, and says which of the tests and
proofs notice.

Rule: a mutant that nothing notices is a hole in the tests, a test that notices no mutant is one
that may not be able to fail; both end this with an error. --prove asks the claims too, which
takes minutes.
"""

import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys

FILES = ("i8259.c", "pair.c", "block.c", "window.c")
UNIT_TESTS = ("i8259", "i8259_ocw", "pair", "block", "figure3", "window", "state")
SEARCHES = (("master", "100000"), ("level", "100000"), ("slave", "20000"), ("banks", "20000"))
CLAIMS = ("claims_8259", "claims_block", "claims_state")

# What is broken, in which file, and how: the text that is there, and the text instead.
MUTANTS = (
    ("an edge is not taken back when its input falls", "i8259.c", "chip->edges &= pins;", ""),
    (
        "the mask does not mask",
        "i8259.c",
        "i8259_irr(chip) & (uint8_t)~chip->imr);",
        "i8259_irr(chip));",
    ),
    (
        "a level holds back equal ones no longer",
        "i8259.c",
        "rank(chip, asked) < rank(chip, serving)",
        "rank(chip, asked) <= rank(chip, serving)",
    ),
    (
        "special fully nested mode for every input",
        "i8259.c",
        " &&\n\t             i8259_slaves(chip) & bit((unsigned)asked);",
        ";",
    ),
    (
        "ICW1 keeps latched edges",
        "i8259.c",
        "chip->edges = chip->held = chip->isr = chip->imr = 0;",
        "chip->held = chip->isr = chip->imr = 0;",
    ),
    ("an acknowledge leaves a held request", "i8259.c", "chip->held &= (uint8_t)~mine;", ""),
    (
        "a non-specific EOI ends masked levels in special mask mode",
        "i8259.c",
        "uint8_t ended = chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr;",
        "uint8_t ended = chip->isr;",
    ),
    (
        "no rotation in automatic EOI mode",
        "i8259.c",
        "else if (chip->rotate_auto)",
        "else if (false)",
    ),
    ("MCS-80 vectors at interval 4 always", "i8259.c", "chip->icw1 & ICW1_ADI ?", "true ?"),
    (
        "the slave's INT does not fall at its acknowledge",
        "pair.c",
        "\ti8259_set_pins(master, master->pins & (uint8_t)~CASCADE_BIT);\n\treturn i8259_vector",
        "\treturn i8259_vector",
    ),
    (
        "a slave answers that is not called",
        "pair.c",
        " &&\n\t               slave->icw3 == identity;",
        ";",
    ),
    (
        "the state words forget held requests",
        "pair.c",
        "chip->held = (uint8_t)(word >> 32);",
        "chip->held = 0;",
    ),
    (
        "the state words forget the poll command",
        "pair.c",
        "chip->poll = modes >> 21 & 1;",
        "chip->poll = false;",
    ),
    (
        "a masked edge is not latched",
        "block.c",
        "if (high && heard(block) & bit)",
        "if (high && heard(block) & bit & ~block->mask)",
    ),
    (
        "a shared line is not latched",
        "block.c",
        "return (uint16_t)~block->routed | block->share;",
        "return (uint16_t)~block->routed;",
    ),
    ("what is latched does not become a request", "block.c", "if (fallen)", "if (false)"),
    (
        "a line that is high comes back without its edge",
        "block.c",
        "follow(block, moved & block->lines);",
        "follow(block, 0);",
    ),
    (
        "a write to mask or status tells nothing again",
        "block.c",
        "(told && (out || block->external))",
        "false",
    ),
    ("a second edge at a high input is lost", "block.c", "\tif (risen)\n", "\tif (false)\n"),
    (
        "a level-triggered latch can be cleared",
        "block.c",
        " | (block->level & block->lines & heard(block));",
        ";",
    ),
    ("unrouted inputs fall", "block.c", "(pair_pins(pair) & (uint16_t)~driven) | high", "high"),
    (
        "a bank that is not there is connected as the first",
        "block.c",
        "block->route = exists ? route : 0;",
        "block->route = route;",
    ),
    ("SELECT tells nothing of its mask", "window.c", "bytes & 0xffff0000);", "false);"),
    (
        "pulses are cleared by any read of STATUS",
        "window.c",
        "if (bytes >> 8 * STATUS_CLEARS_PULSES & 1)",
        "if (bytes)",
    ),
    (
        "a narrow write zeroes its neighbours",
        "window.c",
        "return (old & ~bytes) | (value & bytes);",
        "return value & bytes;",
    ),
)


class Workshop:
    """The objects of the tests, compiled once."""

    def __init__(self, build, compiler):
        self.build = build
        self.compiler = compiler.split() + [
            "-std=c11",
            "-D_POSIX_C_SOURCE=200809L",
            "-O1",
            "-I.",
            "-w",
        ]
        self.programs = {
            "test_" + name: (["test_" + name], ["-lcmocka"], []) for name in UNIT_TESTS
        }
        self.programs["test_state"][0].append("block_ops")
        self.programs["oracle"] = (["fuzz_block", "block_ops", "naive_8259", "naive_block"], [], [])
        for name, states in SEARCHES:
            self.programs["search " + name] = (["search", "ghost"], [], [name, states])
        os.makedirs(build, exist_ok=True)
        names = {name for objects, _, _ in self.programs.values() for name in objects}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(
                pool.map(
                    lambda name: self.compile(self.source(name), self.object(name)), sorted(names)
                )
            )

    @staticmethod
    def source(name):
        return "tests/%s/%s.c" % ("proof" if name in ("search", "ghost") else "unit", name)

    def object(self, name):
        return os.path.join(self.build, name + ".o")

    def compile(self, source, output):
        subprocess.run([*self.compiler, "-c", source, "-o", output], check=True)

    def notices(self, directory, prove):
        """The programs that fail with the model in this directory."""
        model = []
        for name in FILES:
            model.append(os.path.join(directory, name + ".o"))
            self.compile(os.path.join(directory, name), model[-1])
        found = []
        linked = {}
        for name, (objects, libraries, arguments) in self.programs.items():
            program = linked.get(tuple(objects))
            if program is None:
                program = linked[tuple(objects)] = os.path.join(directory, name.split(" ")[0])
                parts = [self.object(part) for part in objects]
                subprocess.run(
                    [*self.compiler, "-o", program, *parts, *model, *libraries], check=True
                )
            if fails([program, *arguments]):
                found.append(name)
        for name in CLAIMS if prove else ():
            command = [
                sys.executable,
                "tests/proof/prove.py",
                "--build",
                os.path.join(directory, "prove"),
                "--model",
                directory,
            ]
            if fails([*command, "tests/proof/%s.c" % name], 1800):
                found.append(name)
        return found


def fails(command, seconds=120):
    try:
        return (
            subprocess.run(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            ).returncode
            != 0
        )
    except subprocess.TimeoutExpired:
        return True


def prepare(build, number):
    """A copy of the model, broken; number 0 is whole."""
    directory = os.path.join(build, "mutant%d" % number)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    for name in FILES:
        with open(os.path.join("chipset/block", name), encoding="utf-8") as file:
            text = file.read()
        if number and MUTANTS[number - 1][1] == name:
            _, _, old, new = MUTANTS[number - 1]
            if text.count(old) != 1:
                sys.exit("mutants: %s does not have this once any more: %s" % (name, old.strip()))
            text = text.replace(old, new)
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
    return directory


def stale():
    """A line for each mutant whose text is not in its file exactly once."""
    for title, name, old, _ in MUTANTS:
        with open(os.path.join("chipset/block", name), encoding="utf-8") as file:
            times = file.read().count(old)
        if times != 1:
            yield "mutants: %s: %s has this %d times, not once: %s" % (title, name, times, old)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/proof")
    parser.add_argument("--check", action="store_true", help="look whether each line is there")
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--prove", action="store_true")
    options = parser.parse_args()
    if options.check:
        found = list(stale())
        print("\n".join(found), end="\n" if found else "")
        return 1 if found else 0
    workshop = Workshop(options.build, options.cc)
    directories = [prepare(options.build, number) for number in range(len(MUTANTS) + 1)]
    failed = 0
    silent = set(workshop.programs) | (set(CLAIMS) if options.prove else set())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(
            lambda directory: workshop.notices(directory, options.prove), directories
        )
        for number, found in enumerate(results):
            if number == 0:
                if found:
                    sys.exit("mutants: the model as it is fails: " + ", ".join(found))
                continue
            silent -= set(found)
            failed += not found
            print(
                "R07 mutant %d, %s: noticed by %s ... %s"
                % (
                    number,
                    MUTANTS[number - 1][0],
                    ", ".join(found) or "nothing",
                    "ok" if found else "FAILED",
                ),
                flush=True,
            )
    for name in sorted(silent):
        print("R07 mutants: %s notices none of them ... FAILED" % name)
    print("mutants: %d of %d noticed" % (len(MUTANTS) - failed, len(MUTANTS)))
    return 1 if failed or silent else 0


if __name__ == "__main__":
    sys.exit(main())
