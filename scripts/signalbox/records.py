# SPDX-License-Identifier: BSD-2-Clause
"""What the machine reports on its console, as records.

    lat probe=uart unit=instructions n=1000 min=7 median=7 p99=7 max=7 interrupts=1000 exits=0
    hist probe=uart 7:1000
    exits vm=pulse total=19 nmi=12 slice=3 hlt=4
    line irq=0 owner=pulse exits=3 held=0 ...
                                     and more of the same form: find_records() takes any kind

Rule: a line counts wherever the VMM's prefix ("[pulse] ", "signalbox: ") puts it; a line that is
cut short does not.
"""

import re
from dataclasses import dataclass

LINE = re.compile(r"^(?:\[(?P<vm>[^\]\s]+)\] |signalbox: )?(?P<kind>[a-z]+) (?P<words>\S*[=:].*)$")
NUMBERS = ("n", "min", "median", "p99", "max", "interrupts", "exits")


@dataclass(frozen=True)
class Latency:
    """One probe's distribution; vm is "" on the bare machine."""

    vm: str
    probe: str
    unit: str
    n: int
    min: int
    median: int
    p99: int
    max: int
    interrupts: int
    exits: int

    @property
    def exits_per_interrupt(self):
        return self.exits / self.interrupts if self.interrupts else 0.0


@dataclass(frozen=True)
class Histogram:
    vm: str
    probe: str
    counts: dict


@dataclass(frozen=True)
class Exits:
    vm: str
    counts: dict


def split_words(words):
    return dict(word.split("=", 1) for word in words.split() if "=" in word)


def find_records(console, kind):
    """Lines of a kind as dictionaries of text; vm is the line's own word, or the VM that printed
    it, or ""."""
    return [{"vm": vm, **split_words(words)} for vm, words in find_lines(console, kind)]


def read_record(line):
    """One line: (VM that printed it or "", kind, words as a dictionary); None: it is no record."""
    match = LINE.match(line.strip())
    if not match:
        return None
    return match["vm"] or "", match["kind"], split_words(match["words"])


def find_lines(console, kind):
    for line in console.splitlines():
        match = LINE.match(line.strip())
        if match and match["kind"] == kind:
            yield match["vm"] or "", match["words"]


def parse_latencies(console):
    found = []
    for vm, words in find_lines(console, "lat"):
        values = split_words(words)
        try:
            numbers = {name: int(values[name]) for name in NUMBERS}
            found.append(
                Latency(
                    vm=values.get("vm", vm), probe=values["probe"], unit=values["unit"], **numbers
                )
            )
        except (KeyError, ValueError):
            continue
    return found


def parse_histograms(console):
    """Histograms; several lines of one probe and VM add up."""
    found = {}
    for vm, words in find_lines(console, "hist"):
        values = split_words(words)
        if "probe" not in values:
            continue
        histogram = found.setdefault((vm, values["probe"]), Histogram(vm, values["probe"], {}))
        for value, count in re.findall(r"(?:^|\s)(\d+):(\d+)", words):
            histogram.counts[int(value)] = histogram.counts.get(int(value), 0) + int(count)
    return list(found.values())


def parse_exits(console):
    """Exits by reason and VM, from the VMM's own lines; the last line of a VM counts."""
    found = {}
    for vm, words in find_lines(console, "exits"):
        values = split_words(words)
        if vm or "vm" not in values:
            continue
        name = values.pop("vm")
        values.pop("total", None)
        found[name] = Exits(name, {reason: int(n) for reason, n in values.items() if n.isdigit()})
    return list(found.values())
