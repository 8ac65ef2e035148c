# SPDX-License-Identifier: BSD-2-Clause
"""The figures of a report, taken from the consoles of a record.

Rule: a figure is a line's of the console, or a sum over lines of one kind. What no line tells is
None, and the page says so.
"""

from dataclasses import dataclass
from functools import cached_property

from .figures import Figures
from .records import find_records, parse_exits, parse_histograms, parse_latencies
from .report_timeline import Stored

# The chipsets in the order of all tables.
CHIPSETS = ("bare", "irqmux", "irqmux-banks", "pc", "soft", "bare-apic", "apic")
# The order of the probes: what comes at any moment first, then what a guest does itself.
PROBES = {
    "wakeup": "Wake-up: from the edge to the handler of a VM of higher priority",
    "switch": "Switch from one VM to another",
    "dispatch": "Another VM's event while this VM runs",
    "pit": "PIT interrupt: from the edge to the handler",
    "timer": "Interrupt of the local APIC's timer: from its end to the handler",
    "running": "PIT interrupt while the guest computes: from the edge to the handler",
    "uart": "UART interrupt: from the assertion to the handler",
    "served": "UART interrupt, served: from the assertion to the end of the handler",
    "masked": "The same, with the line masked each time as Linux does",
    "eoi": "An EOI with nothing in service",
    "cpuid": "CPUID",
    "mask": "A write of the 8259's mask",
}
# The probes that are about interrupts; only there exits per interrupt mean something.
INTERRUPTS = ("uart", "served", "masked", "pit", "timer", "running", "wakeup")
ABORTED = "aborted-entry"  # of the exits: an entry that was put off. No exit


@dataclass(frozen=True)
class Samples:
    """One probe of one VM in one run. counts: samples by value; {}: the console has no histogram,
    and the numbers are those of the last `lat` line."""

    vm: str
    probe: str
    unit: str
    n: int
    min: int
    median: int
    p99: int
    max: int
    exits_per_interrupt: float | None
    counts: dict


def at_rank(counts, rank):
    """The sample of this rank, from 0 on, in the order of the values."""
    for value in sorted(counts):
        rank -= counts[value]
        if rank < 0:
            return value
    return max(counts)


def numbers_of(counts, n):
    """min, median, p99 and max as the guests compute them: samples, at ranks."""
    return {
        "min": min(counts),
        "median": at_rank(counts, (n - 1) // 2),
        "p99": at_rank(counts, (n - 1) * 99 // 100),
        "max": max(counts),
    }


def join(laps, counts):
    """The samples of all laps of a probe."""
    last, n = laps[-1], sum(lap.n for lap in laps)
    interrupts, exits = (sum(getattr(lap, key) for lap in laps) for key in ("interrupts", "exits"))
    whole = n > 0 and sum(counts.values()) == n
    numbers = (
        numbers_of(counts, n)
        if whole
        else {"min": min(lap.min for lap in laps), "median": last.median}
        | {"p99": last.p99, "max": max(lap.max for lap in laps)}
    )
    ratio = exits / interrupts if interrupts and last.probe in INTERRUPTS else None
    return Samples(
        last.vm, last.probe, last.unit, n, **numbers, exits_per_interrupt=ratio, counts=counts
    )


class Run:
    """One run of a record."""

    def __init__(self, values, number):
        self.values, self.number = values, number
        self.console = values["console"]
        self.name = values["name"]

    @cached_property
    def timeline(self):
        """The timeline of the run; None: the run has none."""
        values = self.values.get("timeline")
        return Stored(values) if values else None

    @cached_property
    def figures(self):
        figures = Figures()
        figures.feed(self.console + "\n")
        return figures

    @cached_property
    def samples(self):
        """Of each probe that counts, in the order of PROBES."""
        laps = {}
        for latency in parse_latencies(self.console):
            laps.setdefault((latency.vm, latency.probe), []).append(latency)
        histograms = {(h.vm, h.probe): h.counts for h in parse_histograms(self.console)}
        wanted = self.values["probes"]
        found = [
            join(laps[key], histograms.get(key, {}))
            for key in laps
            if not wanted or key[1] in wanted
        ]
        order = list(PROBES)
        return sorted(found, key=lambda s: order.index(s.probe) if s.probe in order else 99)

    @property
    def problems(self):
        """What did not go as it should, as sentences."""
        found = []
        if self.values["end"] != "status":
            found.append(
                {"interrupted": "a person ended the run"}.get(
                    self.values["end"], f"the run has no verdict ({self.values['end']})"
                )
            )
        elif self.values["status"] != 0 and "hostile" not in self.values["load"]:
            found.append(f"the run ended with status {self.values['status']}")
        found += [f"a verdict is not ok: {line}" for line in self.figures.failed]
        if self.figures.lost:
            found.append(f"{self.figures.lost} interrupts were lost")
        return found

    @property
    def chipset(self):
        """The realisation by the table's name, or by the VMM's own words."""
        if self.values["chipset"]:
            return self.values["chipset"]
        return self.banner.get("chipset", "bare" if not self.totals else "")

    @cached_property
    def banner(self):
        """What the VMM says of the machine at boot, by the first word."""
        found = {}
        for line in self.console.splitlines():
            head, colon, text = line.strip().removeprefix("signalbox: ").partition(": ")
            if line.startswith("signalbox: ") and colon and " " not in head:
                found.setdefault(head, text)
        return found

    @cached_property
    def totals(self):
        """The VMM's sums of the run; {}: a bare machine, or a run without an end."""
        return numbers((find_records(self.console, "totals") or [{}])[-1])

    @cached_property
    def lines(self):
        """The VMM's counts of each line, at the end of the run."""
        last = {record["irq"]: record for record in find_records(self.console, "line")}
        return [{"owner": r.get("owner", ""), **numbers(r)} for r in last.values()]

    @cached_property
    def vms(self):
        last = {r["vm"]: r for r in find_records(self.console, "vm") if "run_ticks" in r}
        return [{"vm": name, **numbers(record)} for name, record in last.items()]

    @cached_property
    def exits(self):
        """VM to exits by reason."""
        return {e.vm: {k: n for k, n in e.counts.items() if n} for e in parse_exits(self.console)}

    def sum_of_lines(self, key, owner=None):
        """owner: "vmm" for the VMM's own lines; None: those of the VMs."""
        return sum(
            line.get(key, 0) for line in self.lines if (line["owner"] == "vmm") == (owner == "vmm")
        )

    def sum_of_exits(self, reason=None):
        """Of all VMs; None: all reasons, without the entries that were put off."""
        return sum(
            n
            for counts in self.exits.values()
            for name, n in counts.items()
            if (name == reason if reason else name != ABORTED)
        )


def numbers(record):
    return {key: int(value) for key, value in record.items() if str(value).isdigit()}


def runs_of(record):
    return [Run(values, number) for number, values in enumerate(record["runs"])]


# ---- Histograms, a panel for each probe ----------------------------------------------------------


def cell_name(run, sample, several):
    """What stands over one histogram."""
    return f"{run.chipset or run.name}{f' ({sample.vm})' if several and sample.vm else ''}"


def panels(runs):
    """The histograms: one panel for each probe and unit, a row for each load and emulator, a cell
    for each chipset. Loads that are hostile have a panel of their own."""
    found = {}
    for run in runs:
        probes = [sample.probe for sample in run.samples]
        for sample in run.samples:
            load = run.values["load"]
            hostile = load.startswith("hostile")
            panel = found.setdefault((sample.probe, sample.unit, hostile), {})
            # qemu and qemu-irqmux are one emulator: their chipsets stand side by side
            emulator = run.values["platform"].partition("-")[0]
            row = panel.setdefault((load, emulator), [])
            row.append((run, cell_name(run, sample, probes.count(sample.probe) > 1), sample))
    order = list(PROBES)
    keys = sorted(found, key=lambda k: (order.index(k[0]) if k[0] in order else 99, k[1], k[2]))
    return [panel_of(key, found[key]) for key in keys]


def panel_of(key, rows):
    probe, unit, hostile = key
    place = {name: i for i, name in enumerate(CHIPSETS)}
    made = []
    for (load, emulator), cells in rows.items():
        cells.sort(key=lambda cell: place.get(cell[0].chipset, 9))
        made.append(
            {
                "label": ", ".join(filter(None, (emulator, load))),
                "cells": [
                    {
                        "name": name,
                        "chipset": run.chipset,
                        "n": s.n,
                        "median": s.median,
                        "p99": s.p99,
                        "max": s.max,
                        "counts": sorted(s.counts.items()),
                    }
                    for run, name, s in cells
                ],
            }
        )
    made.sort(key=lambda row: row["label"])
    return {"probe": probe, "unit": unit, "hostile": hostile, "rows": made}
