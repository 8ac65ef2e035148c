# SPDX-License-Identifier: BSD-2-Clause
"""The figures of one machine of the demonstration, as its console tells them.

Rule: every figure is from a record of the guests or from the VMM's lines. What no line has told yet
is None.
"""

import re
from dataclasses import dataclass

from .records import read_record
from .session import CONTROL

STATUS = re.compile(r"^\[ *(\d+\.\d)s\] .*?(?: \| held (\d+)(?:, unexplained NMIs (\d+))?)?$")
SAYS = {
    "ticks": re.compile(r" ticks (\d+)\+(\d+)"),
    "com2": re.compile(r" com2 (\d+)"),
    "rounds": re.compile(r" round (\d+)"),
}
ROUNDS = re.compile(r"^\[\S+\] scribe: (\d+) rounds of ")
END = re.compile(r"^(?:signalbox: )?end: status (\d+)$")
TIMER, UART, RTC, DISK = 0, 3, 8, 15


@dataclass
class Probe:
    """Of the samples of all laps: how many, the last lap's median, the longest."""

    n: int
    median: int
    max: int


class Figures:
    """Takes the console's text as it comes."""

    def __init__(self):
        self.seconds = None  # the machine's time
        self.unit = None
        self.probes = {}
        self.interrupts = self.exits = 0  # of the probes of interrupts: taken, and exits for them
        self.counts = {}  # by line: the last record of it
        self.rounds = None
        self.held = None
        self.external = None
        self.failed = []  # the guests' verdicts that are not ok
        self.status = None
        self._com2 = 0
        self._held = {}
        self._carry = ""

    def feed(self, text):
        *lines, self._carry = (self._carry + text).split("\n")
        for line in lines:
            # A line that the console has drawn anew counts as it stands at the end.
            parts = [part for part in CONTROL.sub("", line).split("\r") if part]
            if parts:
                self._take(parts[-1])

    def _take(self, line):
        if match := STATUS.match(line):
            self._take_status(line, *match.groups())
        elif match := END.match(line):
            self.status = int(match[1])
        elif match := ROUNDS.match(line):
            self.rounds = int(match[1])
        elif " ... FAILED" in line:
            self.failed.append(line)
        elif record := read_record(line):
            self._take_record(*record)

    def _take_status(self, line, seconds, held, external):
        self.seconds = float(seconds)
        self.held, self.external = int(held or 0), int(external or 0)
        if match := SAYS["ticks"].search(line):
            self._count(TIMER, {"handled": int(match[1]), "merged": int(match[2])})
        if match := SAYS["com2"].search(line):
            self._com2 = int(match[1])
        if match := SAYS["rounds"].search(line):
            self.rounds = int(match[1])

    def _count(self, line, values):
        """Counts never go back: a status line may be older than a record."""
        known = self.counts.setdefault(line, {})
        for key, value in values.items():
            known[key] = max(value, known.get(key, 0))

    def _take_record(self, vm, kind, words):
        numbers = {key: int(value) for key, value in words.items() if value.isdigit()}
        if kind == "lat":
            self._take_latency(words, numbers)
        elif kind == "count" and "line" in numbers:
            self._count(numbers.pop("line"), numbers)
        elif kind == "lap" and not vm and "ms" in numbers:
            self.seconds = numbers["ms"] / 1000
        elif kind == "line" and not vm and "irq" in numbers:
            self._held[numbers["irq"]] = numbers.get("held", 0)
            self.held = max(self.held or 0, sum(self._held.values()))
        elif kind == "totals" and not vm:
            self.external = numbers.get("external_nmis", self.external)

    def _take_latency(self, words, numbers):
        try:
            n, median, longest = (numbers[key] for key in ("n", "median", "max"))
            name, self.unit = words["probe"], words["unit"]
            self.interrupts += numbers["interrupts"]
            self.exits += numbers["exits"]
        except KeyError:  # a line that is cut short
            return
        before = self.probes.get(name)
        self.probes[name] = (
            Probe(n, median, longest)
            if before is None
            else Probe(before.n + n, median, max(longest, before.max))
        )

    # ---- Sums ------------------------------------------------------------------------------------

    @property
    def exits_per_interrupt(self):
        return self.exits / self.interrupts if self.interrupts else None

    def _sum(self, key, lines):
        values = [self.counts[line][key] for line in lines if key in self.counts.get(line, {})]
        return sum(values) if values else None

    @property
    def taken(self):
        """Interrupts of all lines. COM2's are in the status line; a sample of uart is one too."""
        uart = self.probes.get("uart")
        com2 = max(self._com2, uart.n if uart else 0, self.counts.get(UART, {}).get("handled", 0))
        others = self._sum("handled", (TIMER, RTC, DISK))
        return com2 + others if others is not None else com2 or None

    @property
    def lost(self):
        return self._sum("lost", (TIMER, UART, RTC, DISK))

    @property
    def merged(self):
        """(pulse's ticks, scribe's)."""
        return self._sum("merged", (TIMER,)), self._sum("merged", (RTC,))
