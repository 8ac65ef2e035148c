# SPDX-License-Identifier: BSD-2-Clause
"""The latencies of each line as QEMU's plugin lines.so has seen them (emulators/qemu/lines.c).

Rule: the guest knows nothing of the measurement. A run that the plugin has not finished has no
figures.
"""

from dataclasses import dataclass, field
from pathlib import Path

from .histogram import Histogram
from .moments import KINDS
from .qemu import QemuError, option
from .records import split_words

PLUGIN = Path("emulators/qemu/lines.so")
FILE = "lines.txt"
STATES = ("running", "waiting", "served", "handled")


@dataclass
class LineLatency:
    """The samples of a line of a VM in a state of STATES (docs/measuring-your-guest.md)."""

    vm: str
    line: int
    state: str
    histogram: Histogram
    exits: int = 0  # of the VM, from the edge to the EOI, of all interrupts
    merged: int = 0
    unmatched: int = 0
    # Of the longest sample: (ns from the sample's beginning, event, VM's number, line or code).
    worst: list = field(default_factory=list)
    worst_is_whole: bool = True


def plugin_words(build, directory, ticks, samples, lines, milliseconds):
    """The words of QEMU's command line."""
    path = Path(build).resolve() / PLUGIN
    if not path.exists():
        raise QemuError(f"no {path}: make {Path(build) / PLUGIN} builds it")
    words = f"{option(path)},out={option(Path(directory).resolve() / FILE)},ticks={ticks}"
    words += f",lines={sum(1 << line for line in lines):#x},samples={samples},ms={milliseconds}"
    return ["-plugin", words]


def moments_of(words):
    """The moments of a `worst` line, in the order of time."""
    found = []
    for text in filter(None, words["moments"].split(",")):
        kind, vm, number, ns = text.split(":")
        found.append((int(ns), KINDS[int(kind)], vm, int(number, 16)))
    return sorted(found, key=lambda moment: moment[0])


def parse(text):
    """(list of LineLatency, why the run ended: "guest", "limit" or None where the text is cut
    short)."""
    found, taken, worst, reason = [], {}, {}, None
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        words = split_words(rest)
        if kind == "end":
            reason = words.get("reason")
        elif kind == "taken":
            taken[words["vm"], int(words["line"])] = words
        elif kind == "worst":
            worst[words["vm"], int(words["line"]), words["state"]] = words
        elif kind == "sample":
            counts = dict(pair.split(":") for pair in words["counts"].split(","))
            numbers = (int(words[key]) for key in ("n", "sum", "min", "max"))
            histogram = Histogram.of_counts(counts, *numbers)
            found.append(LineLatency(words["vm"], int(words["line"]), words["state"], histogram))
    for one in found:
        words = taken.get((one.vm, one.line), {})
        one.merged, one.unmatched = int(words.get("merged", 0)), int(words.get("unmatched", 0))
        one.exits = int(words.get("exits", 0))
        longest = worst.get((one.vm, one.line, one.state))
        if longest:
            one.worst, one.worst_is_whole = moments_of(longest), longest["all"] == "1"
    return found, reason


def read(directory):
    """parse() of a run's directory; nothing where the emulator wrote no file."""
    try:
        return parse((Path(directory) / FILE).read_text())
    except OSError:
        return [], None
