#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: the latencies and exits of pulse, on the bare machine and under each chipset
realisation, side by side.

Rule: every figure in the table was reported by the machine in this very run; a probe that is
missing is an error.
"""

import argparse
import csv
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import counts
import plot
from bench_stages import LOADS, PULSE, SAMPLES, TIMER, Stage
from signalbox import (
    Machine,
    Module,
    PlatformError,
    Result,
    choose,
    parse_exits,
    parse_histograms,
    parse_latencies,
)
from signalbox.archive import run_record, write_record
from signalbox.config import ConfigError
from signalbox.media import spare
from signalbox.platforms import MODEL
from signalbox.qemu import QemuError
from signalbox.script import run_script

FEWEST = 10  # of each probe: a median of fewer says nothing
# The probes that are about interrupts; the others are round trips.
INTERRUPTS = ("uart", "served", "masked", "pit", "timer", "wakeup")
DONE = re.compile(r"signalbox: vm \S+: done, status ")
# In the order of the tables: what comes at any moment first, then what a guest does itself.
PROBES = (
    *("wakeup", "switch", "dispatch", "pit", "timer", "uart", "served", "masked"),
    *("eoi", "cpuid", "mask"),
)
KEYS = (
    "platform",
    "chipset",
    "load",
    "probe",
    "unit",
    "n",
    "min",
    "median",
    "p99",
    "max",
    "exits_per_interrupt",
)

# By chipset, as the table names it: the VMM's words.
CHIPSETS = {
    "irqmux": "chipset=irqmux banks=1",
    "irqmux-banks": "chipset=irqmux",
    "pc": "chipset=pc",
    "soft": "chipset=soft",
    "apic": "chipset=apic",
}
# The guests' words by the table's name: there they drive a local APIC.
GUESTS = {"apic": "apic=1", "bare-apic": "apic=1"}
BARE = ("bare", "bare-apic")
COLUMNS = ("bare", *list(CHIPSETS)[:-1], "bare-apic", "apic")
STOCK = ["pc", "soft"]
BLOCK = ["irqmux", "irqmux-banks", *STOCK]
APIC = ["bare-apic", "apic"]  # where VMX or SVM comes with x2APIC
ON = {
    "bochs-irqmux": [*BLOCK, *APIC],
    "bochs": [*STOCK, *APIC],
    "kvm": STOCK,
    "kvm-irqmux": BLOCK,
    "qemu": STOCK,
    "qemu-irqmux": BLOCK,
}
# The RTL is the block's; a guest of the local APIC's does not reach the block.
ON |= {rtl: BLOCK for rtl in MODEL}
# What is measured by default, side by side: each emulator's bare machine and every realisation, on
# the stock one where that has it.
BOTH = {
    "bochs-irqmux": ["bare", *BLOCK, *APIC],
    "qemu": ["bare", *STOCK],
    "qemu-irqmux": ["irqmux", "irqmux-banks"],
}
EMULATORS = {
    "bochs": "Bochs",
    "bochs-irqmux": "Bochs",
    "qemu": "QEMU",
    "qemu-irqmux": "QEMU",
    "kvm": "KVM",
    "kvm-irqmux": "KVM",
}
EMULATORS |= {rtl: EMULATORS[model] for rtl, model in MODEL.items()}


@dataclass(frozen=True)
class Combo:
    platform: str
    chipset: str
    load: str

    def __str__(self):
        return f"{self.platform}/{self.chipset}/{self.load}"

    @property
    def stages(self):
        """A guest of the local APIC's writes no mask of an 8259, and has a timer more."""
        stages = LOADS[self.load]
        if self.chipset in GUESTS:
            stages = [
                replace(stage, counted=tuple(p for p in stage.counted if p != "mask"))
                for stage in stages
            ]
            stages += [TIMER] if self.load == "alone" else []
        return stages

    @property
    def emulator(self):
        return EMULATORS[self.platform]

    def machine(self, stage, args):
        machine = Machine(
            vmm=None,
            platform=self.platform,
            board=args.board,
            ips=args.ips,
            memory=args.memory,
            build=args.build,
        )
        probes = ",".join(stage.run or stage.counted)
        more = stage.words.format(seconds=4 if machine.counted else 12)
        number = min(stage.n, args.samples)
        drives = GUESTS.get(self.chipset, "")
        words = f"{machine.unit} probes={probes} n={number} {more} {drives}".strip()
        if self.chipset in BARE:
            machine.modules = [Module("pulse", words)]
        else:
            machine.vmm = f"console=com1 {CHIPSETS[self.chipset]} {stage.vmm}".strip()
            storm = 1 + number // SAMPLES
            machine.modules = [
                Module("pulse", PULSE.format(prio=stage.prio, words=words)),
                *(
                    Module(m.image, f"{m.line.format(storm=storm)} {drives}".strip())
                    for m in stage.beside
                ),
            ]
            if (
                machine.counted and self.chipset == "soft"
            ):  # QEMU's 8259s tell what a device took back (docs/limits.md)
                machine.modules[1:] = [Module(m.image, f"{m.line} idle=1") for m in stage.beside]
        return machine


@dataclass
class Measured:
    """What one boot gave."""

    combo: Combo
    stage: Stage
    machine: Machine
    result: Result
    latencies: dict  # by probe
    histograms: dict  # by probe
    exits: list

    def __str__(self):
        return f"{self.combo} ({self.stage.attack or ', '.join(self.stage.counted)})"

    @property
    def ok(self):
        """Whether the run ended well; of a hostile guest nobody asks that."""
        if not self.stage.attack:
            return self.result.ok
        return (
            self.result.end == "status"
            and "signalbox: vm pulse: done, status 0" in self.result.lines
        )

    def missing(self):
        return [probe for probe in self.stage.counted if probe not in self.latencies]

    def outlasted(self):
        """VMs beside pulse that were done before it: what they should have disturbed ran alone."""
        done = [line.split()[2].rstrip(":") for line in self.result.lines if DONE.match(line)]
        return done[: done.index("pulse")] if "pulse" in done and not self.stage.attack else []


def measure(combo, stage, args):
    directory = (
        args.build
        / "bench"
        / "runs"
        / f"{combo}-{stage.attack or stage.counted[0]}".replace("/", "-")
    )
    machine = combo.machine(stage, args)
    result = machine.run(directory, timeout=args.timeout)
    if result.ok:
        spare(directory)
    pulse = ("", "pulse")
    return Measured(
        combo,
        stage,
        machine,
        result,
        {
            r.probe: r
            for r in parse_latencies(result.console)
            if r.vm in pulse and r.probe in stage.counted
        },
        {
            h.probe: h.counts
            for h in parse_histograms(result.console)
            if h.vm in pulse and h.probe in stage.counted
        },
        parse_exits(result.console),
    )


def records(measured):
    """The flat list that bench.json and bench.csv hold."""
    rows = []
    for m in measured:
        # The VMM counts no access to the I/O APIC as an interrupt's exit, and masks are there.
        told = INTERRUPTS if m.combo.chipset != "apic" else set(INTERRUPTS) - {"masked"}
        for r in m.latencies.values():
            values = (
                m.combo.platform,
                m.combo.chipset,
                m.stage.load(m.combo.load),
                r.probe,
                r.unit,
                r.n,
                r.min,
                r.median,
                r.p99,
                r.max,
                round(r.exits_per_interrupt, 4) if r.probe in told else None,
            )
            rows.append(dict(zip(KEYS, values)))
    return rows


def exits_text(row):
    return "-" if row["exits_per_interrupt"] is None else f"{row['exits_per_interrupt']:.3f}"


def overview(rows):
    """Lines of text: median and worst, a column for each chipset, with the exits that an
    interrupt costs. The emulators stand one below the other."""
    columns = [name for name in COLUMNS if any(r["chipset"] == name for r in rows)]
    emulators = list(dict.fromkeys(EMULATORS[r["platform"]] for r in rows))
    lines = [
        f"{'median / max':12} {'load':16} {'on':6}" + "".join(f"{name:>24}" for name in columns)
    ]
    for probe in PROBES:
        for load in dict.fromkeys(r["load"] for r in rows if r["probe"] == probe):
            for emulator in emulators:
                here = [
                    r for r in rows if r["probe"] == probe and EMULATORS[r["platform"]] == emulator
                ]
                cells = "".join(f"{cell(here, name, load):>24}" for name in columns)
                lines.append(f"{probe:12} {load:16} {emulator:6}{cells}")
    lines += worst_of_all(rows, columns, emulators)
    return [*lines, "(in brackets: exits per interrupt; -: it does not happen there)"]


def worst_of_all(rows, columns, emulators):
    """Lines of text: the longest wake-up of all that is hostile."""
    rows = [
        r for r in rows if r["probe"] == "wakeup" and r["n"] and r["load"].startswith("hostile/")
    ]
    lines = []
    for emulator in emulators:
        cells = [
            [
                r["max"]
                for r in rows
                if r["chipset"] == column and EMULATORS[r["platform"]] == emulator
            ]
            for column in columns
        ]
        if any(cells):
            text = "".join(f"{'max ' + str(max(found)) if found else '-':>24}" for found in cells)
            lines.append(f"{'wakeup':12} {'hostile, of all':16} {emulator:6}{text}")
    return lines


def cell(rows, chipset, load):
    """One cell; the bare machine has nobody beside."""
    at = [r for r in rows if r["chipset"] == chipset and (r["load"] == load or chipset in BARE)]
    text = "-" if not at or not at[0]["n"] else f"{at[0]['median']} / {at[0]['max']}"
    return (
        text if not at or at[0]["exits_per_interrupt"] is None else f"{text} ({exits_text(at[0])})"
    )


def table(rows):
    """Lines of text: a group for each probe, a row for each combination."""
    head = (
        "probe",
        "chipset",
        "load",
        "platform",
        "n",
        "min",
        "median",
        "p99",
        "max",
        "unit",
        "exits/interrupt",
    )
    body = []
    probes = [probe for probe in PROBES if any(r["probe"] == probe for r in rows)]
    for probe in probes:
        for i, r in enumerate([r for r in rows if r["probe"] == probe]):
            values = [str(r[key]) if r["n"] else "-" for key in ("min", "median", "p99", "max")]
            body.append(
                (
                    probe if i == 0 else "",
                    r["chipset"],
                    r["load"],
                    r["platform"],
                    str(r["n"]),
                    *values,
                    r["unit"],
                    exits_text(r),
                )
            )
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    right = {4, 5, 6, 7, 8, 10}

    def line(row):
        cells = [
            c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))
        ]
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
            counts = ", ".join(
                f"{reason} {n}"
                for reason, n in sorted(exits.counts.items(), key=lambda x: -x[1])
                if n
            )
            lines.append(f"  {m}  {exits.vm}: {counts or 'none'}")
    return ["exits of the whole run, by reason:", *lines] if lines else []


def record_of(m):
    """The run as the bench's record holds it."""
    load = m.stage.load(m.combo.load)
    return run_record(str(m), m.machine, m.result, m.combo.chipset, load, m.stage.counted)


def write_json(rows, directory):
    (directory / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")


def write_files(measured, rows, directory):
    write_json(rows, directory)
    with open(directory / "bench.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, KEYS)
        writer.writeheader()
        writer.writerows(rows)
    panels = {}
    for m in measured:
        for probe, counts in (
            {} if m.stage.attack else m.histograms
        ).items():  # a storm's worst would flatten the panel
            panels.setdefault((probe, m.combo.emulator), []).append(
                (f"{m.combo.chipset}/{m.stage.load(m.combo.load)}", counts)
            )
    histograms = {
        f"{probe} {emulator}": panels[probe, emulator]
        for probe in PROBES
        for emulator in dict.fromkeys(EMULATORS.values())
        if (probe, emulator) in panels
    }
    units = {f"{row['probe']} {EMULATORS[row['platform']]}": row["unit"] for row in rows}
    exits = [
        (f"{m.combo} {m.stage.attack or m.stage.counted[0]} {e.vm}", e.counts)
        for m in measured
        for e in m.exits
    ]
    return plot.draw(directory, histograms, units, exits)


def chosen_combos(where, wanted):
    """where: lists of chipsets by platform; wanted: names of combinations, or nothing for all of
    them."""
    known = [
        Combo(platform, chipset, load)
        for platform, chipsets in where.items()
        for load in LOADS
        for chipset in chipsets
        if chipset not in BARE or load == "alone"
    ]
    if not wanted:
        return known
    names = wanted.replace(",", " ").split()
    unknown = [name for name in names if name not in map(str, known)]
    if unknown:
        raise PlatformError(
            f"COMBOS: no such combination: {' '.join(unknown)}; there are:"
            f" {' '.join(map(str, known))}"
        )
    return [combo for combo in known if str(combo) in names]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto")
    parser.add_argument("--board", default="pc")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--combos", default="")
    parser.add_argument("--samples", default="", help="of each probe")
    parser.add_argument("--counts", default="1", help="0: no accesses per path")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=120.0)
    args = parser.parse_args()
    args.samples = number_of_samples(args.samples)
    return args


def number_of_samples(word):
    """The greatest number of samples of a probe that SAMPLES= asks for."""
    if word and not (word.isdecimal() and FEWEST <= int(word) <= SAMPLES):
        raise ConfigError(
            f"SAMPLES={word}: a whole number from {FEWEST} to {SAMPLES}; with CONFIG=, more"
        )
    return int(word or SAMPLES)


def main():
    args = arguments()
    if args.platform == "auto":
        where, reason = (
            BOTH,
            "platforms " + ", ".join(BOTH) + ": they count instructions; one alone: PLATFORM=",
        )
    else:
        platform, reason = choose(args.platform, args.board)
        where = {platform: ["bare", *ON[platform]]}
    print(f"bench: {reason}", flush=True)
    combos = chosen_combos(where, args.combos)
    measured = []
    with ThreadPoolExecutor(max(1, args.jobs)) as pool:
        for m in pool.map(
            lambda job: measure(*job, args), [(c, stage) for c in combos for stage in c.stages]
        ):
            print(f"bench: {m}: {m.result.explain()}", flush=True)
            measured.append(m)
    rows = records(measured)
    print()
    print("\n".join(table(rows)))
    print()
    print("\n".join(overview(rows)))
    print()
    print("\n".join(exit_lines(measured)))
    directory = args.build / "bench"
    files = ["bench.json", "bench.csv", *write_files(measured, rows, directory)]
    rows += mitigation_cost(args, next(iter(where)))
    write_json(rows + accesses(args), directory)  # what is measured is kept where counting fails
    print(f"bench: in {directory}: {' '.join(files)}")
    record = write_record(args.build, "bench", [record_of(m) for m in measured])
    print(f"bench: make report makes a page of {record}")
    return report_problems(measured)


def mitigation_cost(args, platform):
    """Print what a switch of VMs costs with mitigations and without; the record for bench.json.
    In Bochs on a model that offers some; elsewhere on the processor that is there."""
    if args.combos:
        return []
    switch = next(stage for stage in BESIDE if "switch" in stage.counted)
    machine = Combo(platform, "pc", "beside").machine(switch, args)
    machine.cpu = "corei7_icelake_u"
    vmm, medians = machine.vmm, {}
    for word in ("auto", "off"):
        machine.vmm = f"{vmm} mitigations={word}"
        result = machine.run(
            args.build / "bench" / "runs" / f"{platform}-mitigations-{word}", timeout=args.timeout
        )
        medians[word] = next(
            (
                r.median
                for r in parse_latencies(result.console)
                if r.probe == "switch" and r.vm == "pulse"
            ),
            None,
        )
        chosen = re.search(r"^signalbox: mitigations: (.*)$", result.console, re.M)
        said = chosen[1] if chosen and word == "auto" else said if word == "off" else ""
    print(
        f"\nmitigations, {platform}: {said}\n  a switch: median {medians['auto']}, with"
        f" mitigations=off {medians['off']}"
    )
    return [
        {"load": "mitigations", "platform": platform, "probe": "switch", "chosen": said, **medians}
    ]


def accesses(args):
    """Print what each path of the VMM does; its records for bench.json. A part of the
    combinations has none."""
    platforms = [name for name in counts.WHERE if args.platform in ("auto", name)]
    if args.counts == "0" or args.combos or not platforms:
        return []
    try:
        counted = counts.run_all(platforms, args.build, args.jobs)
    except QemuError as problem:
        print(f"bench: accesses per path are left out: {problem}")
        return []
    print("\n" + "\n".join(counts.tables(counted)))
    return [one.record() for one in counted]


def report_problems(measured):
    """Say what makes the table incomplete or untrue; the exit status."""
    problems = [f"{m}: did not end well" for m in measured if not m.ok]
    problems += [f"{m}: {probe} reported nothing" for m in measured for probe in m.missing()]
    problems += [f"{m}: {name} was done before pulse" for m in measured for name in m.outlasted()]
    for problem in problems:
        print(f"bench: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_script("bench", main)
