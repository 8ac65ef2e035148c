#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks the driver of the Verilated block and the co-simulation, a line for each mutant, and says
which test notices.

Rule: the emulators drive the block by the same driver (tests/rtl/device.cc). A mutant that no test
notices ends this with an error.
"""

import argparse
import os
import shlex
import subprocess
import sys

DEVICE, COSIM = "tests/rtl/device.cc", "tests/rtl/cosim.cc"
# What is broken, in which file, the text that is there, and the text instead.
MUTANTS = (
    ("a pulse of NMI is told twice", DEVICE, "nmi_risen = false;\n\treturn", "return"),
    ("a pulse of NMI is not seen", DEVICE, "nmi_risen |= block->nmi", "nmi_risen |= 0"),
    ("a chip is a bit shorter", DEVICE, "CHIP_BITS = 87", "CHIP_BITS = 86"),
    ("a word lacks its modes' lowest level", DEVICE, "bits(words, at + 13, 3) << 16 |", ""),
    ("a port's write is a read", DEVICE, "block->port_write = 1", "block->port_write = 0"),
    ("an access to the window has 8 bytes", DEVICE, "(CData)(size & 15)", "(CData)8"),
    ("lines get two clocks", DEVICE, "i < LINE_CLOCKS", "i < 2"),
    ("a reset is no reset", DEVICE, "block->reset = 1", "block->reset = 0"),
    ("several lines rise before others fall", COSIM, "now & ~lines & 1u << line", "false"),
    ("lines come first always", COSIM, "LINES_FIRST = 2", "LINES_FIRST = 0"),
)
PROGRAMS = (("cosim", ["--count", "100000"]),)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="where the broken programs go")
    parser.add_argument("--compiler", required=True, help="the compiler with its flags")
    parser.add_argument("--libraries", required=True, help="what the programs are linked with")
    options = parser.parse_args()
    os.makedirs(options.build, exist_ok=True)
    failed = 0
    for title, name, old, new in (("nothing", DEVICE, "", ""),) + MUTANTS:
        noticed = None
        for program, arguments in PROGRAMS:
            sources = []
            for path in (DEVICE, "tests/rtl/%s.cc" % program):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                if path == name and old:
                    if old not in text:
                        sys.exit("mutants: %s: %s does not have this: %s" % (title, path, old))
                    text = text.replace(old, new)
                sources.append(os.path.join(options.build, os.path.basename(path)))
                with open(sources[-1], "w", encoding="utf-8") as file:
                    file.write(text)
            output = os.path.join(options.build, program)
            compiler, libraries = shlex.split(options.compiler), shlex.split(options.libraries)
            subprocess.run(compiler + ["-o", output] + sources + libraries, check=True)
            done = subprocess.run(
                [output, *arguments],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=300,
                check=False,
            )
            if done.returncode:
                noticed = program
                break
        if not old:
            if noticed:
                sys.exit("mutants: %s fails on the driver as it is" % noticed)
            continue
        failed += not noticed
        print(
            "R07 rtl driver, %s: noticed by %s ... %s"
            % (title, noticed or "nothing", "ok" if noticed else "FAILED"),
            flush=True,
        )
    print("mutants: %d of %d noticed" % (len(MUTANTS) - failed, len(MUTANTS)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
