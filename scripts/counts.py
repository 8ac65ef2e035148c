#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Accesses per path: what the VMM does from a VM exit to the next VM entry, and what it would cost.

Rule: a count is what the emulator executed in this very run. All costs are in one table
(signalbox/costs.py).
"""

import argparse
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from signalbox import Machine, Module, PlatformError, costs
from signalbox.paths import LONGEST, MASK_PORTS, read_paths, trace_paths
from signalbox.script import run_script

PULSE = (
    "vm=pulse mem={mem} prio={prio} slice=5ms irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff -- "
    "{unit} {words}"
)
SCRIBE = (
    "vm=scribe mem={mem} prio=1 slice=5ms irq=8,15 io=0x70-0x71,0x170-0x177,0x376 -- "
    "busy=1 rounds={rounds}{idle}"
)
PARTNER = "vm=partner mem={mem} prio=1 slice=5ms -- do={attack}"
CHIPSETS = {
    "pc": "chipset=pc",
    "soft": "chipset=soft",
    "irqmux": "chipset=irqmux banks=1",
    "irqmux-banks": "chipset=irqmux",
}
# By platform: what is counted there. Of the two Bochs the stock one has a debugger, so that irqmux
# is counted on SVM alone. soft is counted on QEMU, where a run is quick enough for all its exits.
WHERE = {"bochs": ("pc",), "qemu": ("pc", "soft"), "qemu-irqmux": ("irqmux", "irqmux-banks")}
TIMEOUT = 600.0  # seconds of the host's time: a machine that takes longer hangs
TRIPS = {"bochs": "vmx trip", "qemu": "svm trip", "qemu-irqmux": "svm trip", "qemu-rtl": "svm trip"}


@dataclass(frozen=True)
class Stage:
    """One boot: the kinds of path that it is there for, pulse's words, and who is beside.

    n       of each probe: on QEMU, and on Bochs
    partner what a VM without lines does beside; "": there is no such VM
    traced  how many paths are traced on Bochs, from the first exit on; 0: Bochs has no such stage
    alike   the name that a kind has in this stage, if another stage has the kind too
    longest what is no path on Bochs, but the run's end
    """

    kinds: tuple[str, ...]
    words: str
    n: tuple[int, int]
    prio: int = 1
    rounds: int = 0
    partner: str = ""
    traced: int = 600
    alike: str = "{}"
    longest: int = LONGEST


STAGES = {
    "trips": Stage(
        ("cpuid", "mask write", "interrupt"), "probes=cpuid,mask", (2000, 200), traced=800
    ),
    "dispatch": Stage(
        ("dispatch", "slice end"),
        "probes=dispatch seconds=4",
        (300, 300),
        rounds=2400,
        traced=800,
    ),
    "wake-up": Stage(("wake-up", "sleep"), "probes=uart,wakeup", (1000, 300), prio=2, rounds=1500),
    # Two VMs share the time, and a start has slices of 5 ms: paths of 100,000 instructions.
    "switch": Stage(
        ("switch",), "probes=uart,switch", (300, 300), partner="yield", longest=300_000
    ),
    # No VM has a line of the slave.
    "master": Stage(
        ("wake-up", "sleep"),
        "probes=uart,wakeup",
        (1000, 300),
        prio=2,
        partner="cpuid",
        alike="{}, master",
        traced=0,
    ),
}
KINDS = (
    "cpuid",
    "mask write",
    "interrupt",
    "dispatch",
    "wake-up",
    "wake-up, master",
    "switch",
    "sleep",
    "sleep, master",
    "slice end",
)
# By (exit, whether another VM was entered).
BY_EXIT = {
    ("cpuid", False): "cpuid",
    ("intr", False): "interrupt",
    ("nmi", False): "dispatch",
    ("nmi", True): "wake-up",
    ("call", True): "switch",
    ("hlt", True): "sleep",
    ("intr", True): "slice end",
    ("timer", True): "slice end",
}
# The table's columns: the sums of these counters.
COLUMNS = {
    "instr": ("instructions",),
    "VMREAD": ("vmread",),
    "VMWRITE": ("vmwrite",),
    "unshadowed": ("unshadowed",),
    "VMPTRLD": ("vmptrld",),
    "VMLOAD": ("vmload",),
    "VMSAVE": ("vmsave",),
    "ports": ("in", "out"),
    "I/O APIC": ("ioapic_read", "ioapic_write"),
    "HPET": ("hpet_read", "hpet_write"),
    "block": ("window_read", "window_write"),
    "RDTSC": ("rdtsc",),
    "FPU": ("fxsave", "fxrstor", "xsave", "xrstor"),
    "CR2": ("cr2",),
    "IRET": ("iret",),
}


@dataclass
class Counted:
    """The paths of one kind; terminal: further ones that served the VMM's terminal as well."""

    platform: str
    chipset: str
    kind: str
    paths: list
    terminal: int

    def spread(self, value):
        """(median, worst) of a figure of each path."""
        return self.share(value, 50), self.share(value, 100)

    def share(self, value, percent):
        """What a figure of so many of 100 paths does not exceed."""
        values = sorted(map(value, self.paths))
        return values[max(0, -(-len(values) * percent // 100) - 1)]

    def counter(self, *names):
        return self.spread(lambda path: sum(path.counts.get(name, 0) for name in names))

    def cycles(self, model):
        """(median, worst), or None where the model has no such machine."""
        trip = TRIPS[self.platform]
        if any(costs.cycles(path.counts, trip)[model] is None for path in self.paths):
            return None
        return self.spread(lambda path: costs.cycles(path.counts, trip)[model])

    def record(self):
        """What bench.json holds."""
        names = sorted({name for path in self.paths for name in path.counts} - set(costs.FREE))
        found = {model: self.cycles(model) for model in costs.MODELS}

        def both(pair):
            return pair and dict(zip(("median", "worst"), pair))

        return {
            "platform": self.platform,
            "chipset": self.chipset,
            "load": "paths",
            "path": self.kind,
            "n": len(self.paths),
            "terminal": self.terminal,
            "accesses": {name: both(self.counter(name)) for name in names},
            "cycles": {model: both(pair) for model, pair in found.items()},
        }


def asks_the_timer(path):
    """Whether no line explained an NMI, so that the VMM asked the slice timer: the timer is then
    read before it is armed. A path that only arms the timer reads the timer once."""
    return path.counts.get("hpet_read", 0) > 1


def kind_of(path):
    """What a person calls it, or None. On SVM the end of a slice is an NMI too. Such an end is no
    dispatcher pass: a switch that waits for an EOI costs 19 accesses to ports, and how many slices
    end in a handler depends on each instruction of the image."""
    if (path.reason, path.switched) == ("nmi", False) and asks_the_timer(path):
        return "slice end"
    if path.reason == "io":
        return "mask write" if path.port in MASK_PORTS and not path.switched else None
    return BY_EXIT.get((path.reason, path.switched))


def machine(platform, chipset, stage, build, part=1):
    made = Machine(
        vmm=f"console=com1 status=0 {CHIPSETS[chipset]}",
        platform=platform,
        build=build,
        paths=platform != "bochs",
    )
    # The debugger shows each iteration of the instruction that clears a VM's memory.
    mem = "2M" if platform == "bochs" else "16M"
    words = f"{stage.words} n={stage.n[platform == 'bochs'] // part}"
    pulse = PULSE.format(mem=mem, prio=stage.prio, unit=made.unit, words=words)
    made.modules = [Module("pulse", pulse)]
    if stage.rounds:  # QEMU's 8259s tell soft what a device took back (docs/limits.md)
        idle = " idle=1" if made.counted and chipset == "soft" else ""
        scribe = SCRIBE.format(mem=mem, rounds=stage.rounds // part, idle=idle)
        made.modules.append(Module("scribe", scribe))
    if stage.partner:
        made.modules.append(Module("vandal", PARTNER.format(mem=mem, attack=stage.partner)))
    return made


def stages(platform):
    """The names of the stages that a platform plays."""
    return [name for name, stage in STAGES.items() if stage.traced or platform != "bochs"]


def run_stage(platform, chipset, name, build=Path("build"), directory=None, part=1):
    """One boot: a list of Counted, for each kind that the stage is there for and that was seen.
    part: so many times fewer paths."""
    stage = STAGES[name]
    own = Path(build) / "bench" / "paths" / f"{platform}-{chipset}-{name}"
    directory = Path(directory or own).resolve()
    made = machine(platform, chipset, stage, Path(build), part)
    if platform == "bochs":
        directory.mkdir(parents=True, exist_ok=True)
        paths = trace_paths(made, directory, stage.traced // part, TIMEOUT, stage.longest)
    else:
        result = made.run(directory, timeout=TIMEOUT)
        if not result.ok:
            raise PlatformError(f"{platform}/{chipset}: {name}: {result.explain()}")
        paths = read_paths(directory)
    found = {
        kind: Counted(platform, chipset, stage.alike.format(kind), [], 0) for kind in stage.kinds
    }
    for path in paths:
        counted = found.get(kind_of(path))
        if counted and path.console:
            counted.terminal += 1
        elif counted:
            counted.paths.append(path)
    return [counted for counted in found.values() if counted.paths]


def run_all(platforms, build, jobs, say=print):
    """All that is counted on these platforms, in the table's order."""
    todo = [
        (platform, chipset, name, build)
        for platform in platforms
        for chipset in WHERE[platform]
        for name in stages(platform)
    ]
    counted = []
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for job, found in zip(todo, pool.map(lambda job: run_stage(*job), todo)):
            seen = ", ".join(f"{one.kind} {len(one.paths)}" for one in found) or "none"
            say(f"counts: {job[0]}/{job[1]}/{job[2]}: paths seen: {seen}")
            counted += found
    order = {place: i for i, place in enumerate((p, c) for p in WHERE for c in WHERE[p])}
    return sorted(counted, key=lambda c: (KINDS.index(c.kind), order[c.platform, c.chipset]))


def cell(pair):
    """median, and worst where that is another."""
    if pair is None or pair[1] == 0:
        return "-"
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}/{pair[1]}"


def layout(head, body, left):
    """Lines of a table whose first columns are text."""
    widths = [max(len(row[i]) for row in [head, *body]) for i in range(len(head))]
    lines = []
    for i, row in enumerate([head, ["-" * width for width in widths], *body]):
        if i > 2 and row[0]:
            lines.append("")
        cells = [
            text.ljust(width) if n < left else text.rjust(width)
            for n, (text, width) in enumerate(zip(row, widths))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def tables(counted):
    """Lines of text: what each path does, and what it would cost."""
    what, cost = [], []
    for i, one in enumerate(counted):
        first = i == 0 or counted[i - 1].kind != one.kind
        place = [one.kind if first else "", one.chipset, one.platform]
        what.append(
            [
                *place,
                str(len(one.paths)),
                str(one.terminal) if one.terminal else "-",
                *(cell(one.counter(*names)) for names in COLUMNS.values()),
            ]
        )
        cost.append([*place, *(cell(one.cycles(model)) for model in costs.MODELS)])
    head = ["path", "chipset", "platform"]
    return [
        "accesses per path, from a VM exit to the next VM entry: median/worst",
        *layout([*head, "seen", "terminal", *COLUMNS], what, 3),
        "(terminal: further ones, left out because they served the VMM's terminal as well)",
        "",
        "cycles per path by a model of costs, most of it assumed (scripts/signalbox/costs.py): "
        "median/worst",
        *layout([*head, *costs.TITLES.values()], cost, 3),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platforms", default=",".join(WHERE))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    counted = run_all(args.platforms.split(","), args.build, args.jobs)
    print("\n".join(tables(counted)))
    if args.json:
        args.json.write_text(json.dumps([one.record() for one in counted], indent=1) + "\n")


if __name__ == "__main__":
    run_script("counts", main)
