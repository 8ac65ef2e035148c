#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Breaks the driver of the Verilated block, the emulators' part of the driver and the
co-simulation, a line for each mutant, and says which test notices.

Rule: the emulators drive the block by the same driver (tests/rtl/device.cc, and
emulators/hardware_rtl.cc above the driver). A mutant that no test notices ends this with an error.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys

DEVICE, COSIM = "tests/rtl/device.cc", "tests/rtl/cosim.cc"
HARDWARE, CALLS = "emulators/hardware_rtl.cc", "tests/rtl/hardware.cc"
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
    ("no pulse of NMI is waited for", HARDWARE, "!rtl.peek_nmi()", "true"),
    ("a line that does not exist is line 0", HARDWARE, "line >= LINES || ", ""),
    ("there is a line 2", HARDWARE, "LINE_ABSENT = 2", "LINE_ABSENT = 3"),
    (
        "a line has no clocks to come through",
        HARDWARE,
        "(lines ^ bit));\n\trtl.settle();",
        "(lines ^ bit));",
    ),
    ("the button stays down", HARDWARE, "{ true, false }", "{ true }"),
    ("a spurious INTA stays", HARDWARE, "!= before[word]", "!= rtl.state_word(bank, word)"),
    (
        "a spurious INTA puts another bank back",
        HARDWARE,
        "WINDOW_STATE_STRIDE * bank",
        "WINDOW_STATE_STRIDE * (bank ^ 1)",
    ),
    ("a reset of the machine is no reset", HARDWARE, "hardware->rtl.reset();", ""),
    (
        "a read beyond the window is a read of the window",
        HARDWARE,
        "if (offset >= WINDOW_BYTES)\n\t\treturn 0;",
        "",
    ),
    (
        "a write beyond the window is a write of the window",
        HARDWARE,
        "if (offset >= WINDOW_BYTES)\n\t\treturn;",
        "",
    ),
    ("a size above 8 is cut", HARDWARE, "size <= WIDEST ? size : 0", "size"),
    (
        "a write leaves a pulse of NMI behind",
        HARDWARE,
        "bus_size(size), value);\n\tfinish_pulses(hardware);",
        "bus_size(size), value);",
    ),
    ("a state is saved without room", HARDWARE, "if (saved.size() <= room)\n", ""),
    (
        "a state of another build is taken",
        HARDWARE,
        ") != 0)\n\t\treturn false;",
        ") == 2)\n\t\treturn false;",
    ),
    ("a state of another size is taken", HARDWARE, "bytes != now.size() || ", ""),
    ("a state is not restored", HARDWARE, "loaded >> hardware->rtl.top();", ""),
    ("no waveform is written", HARDWARE, "if (hardware->wave)", "if (false)"),
    (
        "a waveform does not end",
        HARDWARE,
        "++hardware->recorded == RECORDED_INTERRUPTS",
        "false",
    ),
)
# The sources of each program, and the arguments.
PROGRAMS = {
    "cosim": ((DEVICE, COSIM), ["--count", "100000"]),
    "hardware": ((DEVICE, HARDWARE, CALLS), ["50000", "1"]),
}
RECORDED_INTERRUPTS = 100


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def stale():
    """A line for each mutant whose text is not in its file."""
    for title, path, old, _ in MUTANTS:
        if old not in read(path):
            yield "mutants: %s: %s does not have this: %s" % (title, path, old)


def is_waveform(path, clocks):
    """Whether the file is a waveform of the first interrupts, and of no more."""
    if not os.path.exists(path):
        return False
    text = read(path)
    signal = re.search(r"^\s*\$var wire +1 (\S+) inta \$end", text, re.M)
    moments = re.findall(r"^#(\d+)$", text, re.M)
    return (
        signal is not None
        and text.count("\n1%s\n" % signal[1]) >= RECORDED_INTERRUPTS
        and int(moments[-1]) < clocks  # a clock has two moments: less than half of the run
    )


def passes(program, build, expected):
    """Whether a program has no objection: cosim ends well, hardware says what the model says."""
    wave = os.path.join(build, "wave.vcd")
    if os.path.exists(wave):
        os.remove(wave)
    done = subprocess.run(
        [os.path.join(build, program), *PROGRAMS[program][1]],
        env={**os.environ, "IRQMUX_WAVE": wave},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if program == "cosim" or done.returncode:
        return done.returncode == 0
    clocks = re.search(r"after (\d+) clocks", done.stderr)
    return done.stdout == expected and clocks and is_waveform(wave, int(clocks[1]))


def compile_with(options, program, path="", old="", new=""):
    """Compiles a program, one of whose sources has the new text in the old text's place."""
    sources = []
    for name in PROGRAMS[program][0]:
        text = read(name)
        sources.append(os.path.join(options.build, os.path.basename(name)))
        with open(sources[-1], "w", encoding="utf-8") as file:
            file.write(text.replace(old, new) if name == path else text)
    command = shlex.split(options.compiler) + ["-o", os.path.join(options.build, program)]
    command += sources + shlex.split(getattr(options, program))
    subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="look whether each text is there")
    parser.add_argument("--build", help="where the broken programs go")
    parser.add_argument("--compiler", help="the compiler with its flags")
    parser.add_argument("--cosim", help="flags and libraries of the co-simulation")
    parser.add_argument("--hardware", help="flags and libraries of the device's block")
    parser.add_argument("--model", help="the program hardware with the C model")
    options = parser.parse_args()
    found = list(stale())
    print("\n".join(found), end="\n" if found else "")
    if options.check or found:
        return 1 if found else 0
    os.makedirs(options.build, exist_ok=True)
    expected = subprocess.run(
        [options.model, *PROGRAMS["hardware"][1]], capture_output=True, text=True, check=True
    ).stdout
    for program in PROGRAMS:
        compile_with(options, program)
        if not passes(program, options.build, expected):
            sys.exit("mutants: %s fails on the driver as it is" % program)
    failed = 0
    for title, path, old, new in MUTANTS:
        program = "hardware" if path == HARDWARE else "cosim"
        compile_with(options, program, path, old, new)
        noticed = not passes(program, options.build, expected)
        failed += not noticed
        print(
            "R07 rtl driver, %s: noticed by %s ... %s"
            % (title, program if noticed else "nothing", "ok" if noticed else "FAILED"),
            flush=True,
        )
    print("mutants: %d of %d noticed" % (len(MUTANTS) - failed, len(MUTANTS)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
