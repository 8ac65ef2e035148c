# SPDX-License-Identifier: BSD-2-Clause
"""Transcripts of picprobe: what a pair of 8259As answered, program by program
(docs/differential.md).

Rule: an answer is a value read or a vector taken; a program asks the same questions of every
controller, so two lists of answers can be laid side by side.
"""

import re
import subprocess
from pathlib import Path

# What is compared by default: the recorded programs, and so many random ones.
WORDS = "seed=1 count=400"

# How an emulator's 8259 differs from the model, by the rules of tests/unit/ruled8259.h; each has
# its row in the docs.
DIFFERENCES = {
    "qemu": [
        "edge-stays",
        "level-stored",
        "ltim-ignored",
        "int-later",
        "int-in-init",
        "cascade-fixed",
        "cascade-no-edge",
        "sfnm-lower",
        "eoi-ends-masked",
        "poll-stays",
        "mcs80-ignored",
        "init-forgets",
        "init-no-base",
    ],
    "bochs": [
        "level-stored",
        "ltim-ignored",
        "int-latched",
        "int-in-init",
        "cascade-fixed",
        "sfnm-none",
        "rotate-by-one",
        "smm-all",
        "eoi-ends-masked",
        "ocw2-listed",
        "poll-ends",
        "poll-stays",
        "poll-alone",
        "mcs80-ignored",
        "sngl-ignored",
        "init-keeps",
        "init-drops-level",
        "init-leaves-master",
    ],
}

# What a Machine needs beside the module. Bochs: its 8259 panics at what it does not know and does
# as if nothing had been written.
OPTIONS = {
    "qemu": {},
    "bochs": {"log_actions": {"panic": {"PIC": "report"}}},
    "bochs-irqmux": {},
    "qemu-irqmux": {},
    "bochs-rtl": {},
    "qemu-rtl": {},
}

PROGRAM = re.compile(r"^(?:\[\S+\] )?(program \S+|random \S+)$")
ANSWERS = re.compile(r"^(?:\[\S+\] )? ((?:[0-9a-f]+=[0-9a-f]{2}|i[0-9a-f]{2}|i--)(?: .*)?)$")
SUM = re.compile(r"^(?:\[\S+\] )? sum [0-9a-f]{8}$")
LAST = re.compile(
    r"^(?:\[\S+\] )?picprobe: (\d+) programs, (\d+) operations, transcript [0-9a-f]{8}$",
    re.MULTILINE,
)


class TranscriptError(Exception):
    """A text that is no whole transcript."""


def parse_transcript(console):
    """Dictionary of program to list of answers; everything else on the console is skipped."""
    programs, answers = {}, None
    for line in console.splitlines():
        if match := PROGRAM.match(line):
            answers = programs.setdefault(match[1], [])
        elif SUM.match(line):
            answers = None
        elif answers is not None and (match := ANSWERS.match(line)):
            answers += match[1].split()
    last = LAST.search(console)
    if not last or int(last[1]) != len(programs) or answers is not None:
        raise TranscriptError(
            f"{len(programs)} programs, and the last line says {last[1] if last else 'nothing'}"
        )
    return programs


def play_on_host(build, words, rules=None):
    """The same programs on the model (rules is None), or on the pair with these rules."""
    command = [str(Path(build) / "unit/picprobe_host"), words]
    command += ["model"] if rules is None else ["rules", ",".join(rules)]
    return parse_transcript(
        subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    )


def count_answers(transcript):
    return sum(map(len, transcript.values()))


def differences(one, other):
    """Answers that differ, as (program, number of the answer, one's, the other's)."""
    found = []
    for program in one:
        if len(one[program]) != len(other.get(program, [])):
            raise TranscriptError(
                f"{program}: {len(one[program])} answers against {len(other.get(program, []))}"
            )
        found += [
            (program, i, a, b)
            for i, (a, b) in enumerate(zip(one[program], other[program]))
            if a != b
        ]
    return found
