#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: the latencies and exits of pulse, on the bare machine and under Signalbox, side by side.

Rule: every figure in the table was reported by the machine in this very run; a probe that is missing is an error.
"""

import argparse
import csv
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import plot
from signalbox import (Machine, Module, PlatformError, Result, choose, parse_exits, parse_histograms, parse_latencies)
from signalbox.bochs import BochsError
from signalbox.media import MediaError
from signalbox.qemu import QemuError
from signalbox.session import ends_on_signals

SAMPLES = 1000
# What can be measured where: the wake-up and the switch need another VM that runs.
BARE_PROBES = ("uart", "pit", "cpuid", "mask")
VM_PROBES = ("uart", "pit", "cpuid", "mask", "dispatch")
BESIDE_PROBES = VM_PROBES + ("wakeup", "switch")

PULSE = "vm=pulse mem=16M prio=2 slice=5ms irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"
SCRIBE = "vm=scribe mem=16M prio=1 slice=5ms irq=8,15 io=0x70-0x71,0x170-0x177,0x376 --"

KEYS = ("platform", "chipset", "load", "probe", "unit", "n", "min", "median", "p99", "max", "exits_per_interrupt")


@dataclass(frozen=True)
class Combo:
    platform: str
    chipset: str
    load: str

    def __str__(self):
        return f"{self.platform}/{self.chipset}/{self.load}"

    @property
    def probes(self):
        if self.chipset == "bare":
            return BARE_PROBES
        return BESIDE_PROBES if self.load == "beside" else VM_PROBES

    def machine(self, args):
        unit = "cycles" if self.platform == "kvm" else "instructions"
        words = f"unit={unit} probes={','.join(self.probes)} n={SAMPLES}"
        common = dict(platform=self.platform, ips=args.ips, memory=args.memory, build=args.build)
        if self.chipset == "bare":
            return Machine(vmm=None, modules=[Module("pulse", words)], **common)
        modules = [Module("pulse", f"{PULSE} -- {words}")]
        if self.load == "beside":
            modules.append(Module("scribe", SCRIBE))
        return Machine(vmm=f"console=com1 chipset={self.chipset} status=0", modules=modules, **common)


@dataclass
class Measured:
    combo: Combo
    result: Result
    latencies: dict   # by probe
    histograms: dict  # by probe
    exits: list

    def missing(self):
        return [probe for probe in self.combo.probes if probe not in self.latencies]


def measure(combo, args):
    directory = args.build / "bench" / "runs" / str(combo).replace("/", "-")
    result = combo.machine(args).run(directory, timeout=args.timeout)
    (directory / "console.txt").write_text(result.console)
    pulse = ("", "pulse")
    return Measured(
        combo, result,
        {r.probe: r for r in parse_latencies(result.console) if r.vm in pulse},
        {h.probe: h.counts for h in parse_histograms(result.console) if h.vm in pulse},
        parse_exits(result.console),
    )


def records(measured):
    """The flat list that bench.json and bench.csv hold."""
    rows = []
    for m in measured:
        for r in m.latencies.values():
            values = (m.combo.platform, m.combo.chipset, m.combo.load, r.probe, r.unit, r.n, r.min, r.median, r.p99,
                      r.max, round(r.exits_per_interrupt, 3))
            rows.append(dict(zip(KEYS, values)))
    return rows


def table(rows):
    """Lines of text: a group for each probe, a row for each combination."""
    head = ("probe", "chipset", "load", "platform", "n", "min", "median", "p99", "max", "unit", "exits/interrupt")
    body = []
    probes = sorted({r["probe"] for r in rows}, key=lambda p: BESIDE_PROBES.index(p) if p in BESIDE_PROBES else 99)
    for probe in probes:
        for i, r in enumerate([r for r in rows if r["probe"] == probe]):
            body.append((probe if i == 0 else "", r["chipset"], r["load"], r["platform"], str(r["n"]), str(r["min"]),
                         str(r["median"]), str(r["p99"]), str(r["max"]), r["unit"],
                         f"{r['exits_per_interrupt']:.3f}"))
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    right = {4, 5, 6, 7, 8, 10}

    def line(row):
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    lines = [line(head), "  ".join("-" * w for w in widths)]
    for i, row in enumerate(body):
        if i and row[0]:
            lines.append("")
        lines.append(line(row))
    return lines


def exit_lines(measured):
    lines = []
    for m in measured:
        for exits in m.exits:
            counts = ", ".join(f"{reason} {n}" for reason, n in sorted(exits.counts.items(), key=lambda x: -x[1]) if n)
            lines.append(f"  {m.combo}  {exits.vm}: {counts or 'none'}")
    return ["exits of the whole run, by reason:", *lines] if lines else []


def write_files(measured, rows, directory):
    (directory / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    with open(directory / "bench.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, KEYS)
        writer.writeheader()
        writer.writerows(rows)
    histograms = {}
    for m in measured:
        for probe, counts in m.histograms.items():
            histograms.setdefault(probe, []).append((str(m.combo), counts))
    units = {row["probe"]: row["unit"] for row in rows}
    exits = [(f"{m.combo} {e.vm}", e.counts) for m in measured for e in m.exits]
    return plot.draw(directory, histograms, units, exits)


def chosen_combos(platform, wanted):
    known = [Combo(platform, chipset, load) for chipset, load in (("bare", "alone"), ("pc", "alone"), ("pc", "beside"))]
    if not wanted:
        return known
    names = wanted.replace(",", " ").split()
    unknown = [name for name in names if name not in map(str, known)]
    if unknown:
        raise PlatformError(f"COMBOS: no such combination: {' '.join(unknown)}; there are: {' '.join(map(str, known))}")
    return [combo for combo in known if str(combo) in names]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--combos", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=300.0)
    return parser.parse_args()


def main():
    args = arguments()
    platform, reason = choose(args.platform)
    print(f"bench: {reason}", flush=True)
    combos = chosen_combos(platform, args.combos)
    measured = []
    with ThreadPoolExecutor(max(1, args.jobs)) as pool:
        for m in pool.map(lambda combo: measure(combo, args), combos):
            print(f"bench: {m.combo}: {m.result.explain()}", flush=True)
            measured.append(m)
    rows = records(measured)
    print()
    print("\n".join(table(rows)))
    print()
    print("\n".join(exit_lines(measured)))
    directory = args.build / "bench"
    files = ["bench.json", "bench.csv", *write_files(measured, rows, directory)]
    print(f"bench: in {directory}: {' '.join(files)}")
    failed = [str(m.combo) for m in measured if not m.result.ok]
    missing = [f"{m.combo}: {probe}" for m in measured for probe in m.missing()]
    if failed:
        print(f"bench: did not end well: {', '.join(failed)}")
    if missing:
        print(f"bench: probes that reported nothing: {', '.join(missing)}")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    ends_on_signals()
    try:
        sys.exit(main())
    except (BochsError, MediaError, PlatformError, QemuError) as problem:
        sys.exit(f"bench: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
