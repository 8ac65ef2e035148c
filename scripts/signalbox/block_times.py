# SPDX-License-Identifier: BSD-2-Clause
"""The latencies of each line as the chipset block itself has kept them (docs/register-window.md,
section 7).

    times line=0 to=inta n=418 sum=3065 min=0 max=542 merged=0 unmatched=0 hz=20000000 now=87184
    buckets line=0 to=inta 0:77 21:341

Rule: the VMM prints these lines at the end, and the emulator's device writes the same lines to a
file, whatever runs and however the run ends. The file comes first.
"""

import re
from dataclasses import dataclass

from .histogram import Histogram
from .platforms import ON_QEMU
from .records import find_lines, split_words

VARIABLE = "IRQMUX_TIMES"
FILE = "times.txt"
# By the event that ends a sample: the probe's name.
NAMES = {"inta": "acknowledged", "eoi": "in service"}
NUMBERS = ("line", "n", "sum", "min", "max", "merged", "unmatched", "hz")
NANOSECONDS = 1_000_000_000


@dataclass
class BlockTimes:
    """The samples of a line: from the edge to INTA, or from INTA to the EOI."""

    line: int
    name: str
    unit: str
    histogram: Histogram
    merged: int
    unmatched: int


def shift_of(machine, hz):
    """(the unit, by how many bits a time is more than the unit)."""
    if machine.platform not in ON_QEMU:
        return "instructions", 0
    if machine.counted and hz == NANOSECONDS:
        return "instructions", machine.shift
    return "ns", 0


def parse(text, machine):
    """The BlockTimes of a text. Lines that are cut short, and lines of guests, do not count. Of a
    line that comes twice, the last counts."""
    buckets = {}
    for vm, words in find_lines(text, "buckets"):
        if vm:
            continue
        values = split_words(words)
        pairs = re.findall(r"(?:^|\s)(\d+):(\d+)", words)
        buckets[values.get("line"), values.get("to")] = {int(v): int(c) for v, c in pairs}
    found = {}
    for vm, words in find_lines(text, "times"):
        if vm:
            continue
        values = split_words(words)
        try:
            number = {name: int(values[name]) for name in NUMBERS}
            to = NAMES[values["to"]]
        except (KeyError, ValueError):
            continue
        unit, shift = shift_of(machine, number["hz"])
        counts = {}
        for value, count in buckets.get((values["line"], values["to"]), {}).items():
            counts[value >> shift] = counts.get(value >> shift, 0) + count
        low, high = (number["min"] >> shift, number["max"] >> shift)
        histogram = Histogram.of_counts(
            counts, number["n"], number["sum"] >> shift, low if number["n"] else None, high
        )
        found[values["line"], to] = BlockTimes(
            number["line"], to, unit, histogram, number["merged"], number["unmatched"]
        )
    return list(found.values())


def read(directory, console, machine):
    """The figures of a run: of the device's file, else of the VMM's lines on the console."""
    try:
        text = (directory / FILE).read_text()
    except OSError:
        text = ""
    return parse(text or console, machine)
