#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench CONFIG=...: the latencies of the guest of a configuration, on the bare machine and
under each realisation, alone and beside the other VMs of the configuration.

Rule: each run of this script has a directory of its own, and no file of an earlier run changes.
The guest knows nothing of the measurement: where QEMU counts instructions, the emulator sees each
line's edge, delivery and EOI. Elsewhere the figures are the records that the guest prints.
"""

import argparse
import itertools
import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import plot_log
from bench import APIC, BOTH, CHIPSETS, ON
from signalbox import (
    ConfigError,
    Machine,
    Module,
    Result,
    beside,
    choose,
    load_config,
    parse_histograms,
    parse_latencies,
)
from signalbox import archive, block_times, lines
from signalbox.demo import with_guest_words
from signalbox.histogram import Histogram, histfile
from signalbox.images import is_vmm
from signalbox.media import spare
from signalbox.moments import OF_LINES
from signalbox.script import run_script

FORMAT = 1
# What CONFIG= takes by default: the emulator that counts and sees each line.
WITH_BLOCK = ("bochs-irqmux", "kvm-irqmux", "qemu-irqmux")
COUNTING = {name: chipsets for name, chipsets in BOTH.items() if name.startswith("qemu")}
SECONDS = 10
CHOICES = ("chipset=", "banks=")
STATE_ORDER = {state: i for i, state in enumerate(lines.STATES)}


# ---- The configuration ---------------------------------------------------------------------------


@dataclass
class Subject:
    """What is measured: the guest's VM of a configuration, and what stands beside it."""

    path: Path
    text: str
    guest: str
    vmm: str  # words of the VMM, without the choice of the realisation
    vmm_image: str
    alone: list  # modules of the guest's VM
    every: list  # all modules
    lines: list  # the interrupt lines that the guest owns
    bare: Module | None  # the image of the bare machine
    why_not_bare: str = ""
    by_apic: bool = False  # the guest drives a local APIC: the configuration says chipset=apic
    own_pit: bool = False  # the VMM makes ticks, whose edges the emulator does not see


def owned_lines(words):
    """The lines that irq= and pit name."""
    found = [0] if "pit" in words else []
    for word in words:
        for piece in word.removeprefix("irq=").split(",") if word.startswith("irq=") else []:
            first, _, last = piece.partition("-")
            if first.isdigit() and (last or first).isdigit():
                found += range(int(first), int(last or first) + 1)
    return [line for line in found if line < 16]


def belongs_to(module, guest):
    words = module.line.split(" -- ")[0].split()
    return beside.name_of(module) == guest or f"of={guest}" in words


def read_subject(path, guest=""):
    """The configuration's subject; guest: the VM's name, or nothing for the first VM."""
    image, words, modules = load_config(path)
    text = Path(path).read_text()
    if not modules and not is_vmm(image):
        module = Module(image, words)
        name = Path(image).name
        return Subject(path, text, name, "", "", [], [], list(range(16)), module)
    names = [name for name in map(beside.name_of, modules) if name]
    if not names:
        raise ConfigError(f"{path}: no VM to measure: a module line with vm=NAME is missing")
    if guest and guest not in names:
        raise ConfigError(f"{path}: GUEST={guest}: no such VM; there are: {' '.join(names)}")
    guest = guest or names[0]
    alone = [m for m in modules if belongs_to(m, guest)]
    own, _, guest_words = alone[0].line.partition(" --")
    subject = Subject(
        path,
        text,
        guest,
        " ".join(word for word in words.split() if not word.startswith(CHOICES)),
        image,
        alone,
        modules,
        owned_lines(own.split()),
        Module(alone[0].image, guest_words.strip()),
    )
    subject.own_pit = "pit" in own.split()
    subject.by_apic = "chipset=apic" in words.split()
    if beside.is_linux(alone[0]) or len(alone) > 1:
        subject.bare = None
        subject.why_not_bare = "its image is not one file that a multiboot loader boots"
    return subject


# ---- Runs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Combo:
    platform: str
    chipset: str
    load: str

    def __str__(self):
        return f"{self.platform}/{self.chipset}/{self.load}"


@dataclass
class Measured:
    combo: Combo
    result: Result
    rows: list = field(default_factory=list)
    reason: str | None = None  # why the plugin's part ended
    done: bool = False  # the guest's VM ended well
    emulator: str = ""

    @property
    def ok(self):
        """Whether the guest ended well, or a limit ended the run. Nobody asks the VMs beside."""
        return self.result.ok or self.reason == "limit" or self.done

    def explain(self):
        if self.reason == "limit":
            return "ended by SAMPLES or SECONDS"
        return "the guest ended well" if self.done else self.result.explain()


def combos_of(where, subject):
    """All combinations that make sense for the subject."""
    loads = ["alone", "beside"] if len(subject.every) > len(subject.alone) else ["alone"]
    return [
        Combo(name, chipset, load)
        for name, chipsets in where.items()
        for chipset in chipsets
        for load in (loads if chipset != "bare" else loads[:1])
        if (subject.bare if chipset == "bare" else subject.alone)
    ]


def machine_of(combo, subject, args):
    machine = Machine(
        vmm=None,
        platform=combo.platform,
        board=args.board,
        ips=args.ips,
        memory=args.memory,
        build=args.build,
    )
    unit = machine.unit if machine.counted else ""
    if combo.chipset == "bare":
        machine.modules = [Module(subject.bare.image, f"{subject.bare.line} {unit}".strip())]
        return machine
    machine.vmm = f"{subject.vmm} {CHIPSETS[combo.chipset]}".strip()
    if subject.own_pit:
        machine.vmm += f" seconds={args.seconds}"
    machine.vmm_image = subject.vmm_image
    modules = subject.alone if combo.load == "alone" else subject.every
    others = [m for m in modules if beside.name_of(m) and not beside.is_linux(m)]
    machine.modules = [
        with_guest_words([m], unit)[0] if unit and m in others else m for m in modules
    ]
    return machine


class Watch:
    """Ends a run when the guest has ended, while other VMs go on."""

    def __init__(self, guest):
        self._over = re.compile(beside.is_over(guest), re.MULTILINE)
        self._seen, self._process = "", None

    def started(self, process):
        self._process = process

    def hear(self, text):
        self._seen = (self._seen + text)[-4096:]
        if self._process and self._over.search(self._seen):
            os.kill(self._process, signal.SIGTERM)  # QEMU ends in order, and the plugin writes
            self._process = None


def measure(combo, subject, args):
    directory = args.directory / "runs" / str(combo).replace("/", "-")
    directory.mkdir(parents=True)
    machine = machine_of(combo, subject, args)
    options = {}
    if machine.platform in WITH_BLOCK:
        machine.environment[block_times.VARIABLE] = str((directory / block_times.FILE).resolve())
    if machine.counted:
        machine.extra = lines.plugin_words(
            args.build,
            directory,
            1 << machine.shift,
            args.samples,
            subject.lines,
            args.seconds * 1000,
        )
        if combo.load == "beside":
            watch = Watch(subject.guest)
            options = {"stream": watch.hear, "started": watch.started}
    result = machine.run(directory, timeout=args.timeout, **options)
    found, reason = lines.read(directory)
    well = rf"^signalbox: vm {re.escape(subject.guest)}: done, (?:status 0|switched off)"
    ended = re.search(well, result.console, re.MULTILINE)
    if result.ok:
        spare(directory)
    emulator = archive.version_of_emulator(machine, result)
    if subject.own_pit and result.end == "status":
        reason = "limit"
    measured = Measured(combo, result, reason=reason, done=bool(ended), emulator=emulator)
    measured.rows = rows_of_lines(combo, subject, found, machine)
    measured.rows += rows_of_block(combo, subject, machine, result)
    measured.rows += rows_of_records(combo, subject, result)
    return measured


# ---- Rows ----------------------------------------------------------------------------------------


def row(combo, probe, source, unit, histogram, exits=None, **more):
    return {
        "platform": combo.platform,
        "chipset": combo.chipset,
        "load": combo.load,
        "probe": probe,
        "source": source,
        "unit": unit,
        "n": histogram.n,
        "min": histogram.min,
        "median": histogram.median,
        "p99": histogram.p99,
        "max": histogram.max,
        "sum": histogram.total,
        "exits_per_interrupt": exits,
        **more,
        "counts": {str(value): n for value, n in sorted(histogram.counts.items())},
    }


def worst_of(one, machine):
    """What happened during the longest sample: moments with instructions from the beginning on."""
    found = []
    for ns, event, vm, number in one.worst:
        moment = {"at": ns >> machine.shift, "event": event}
        if event in OF_LINES:
            moment["line"] = number
        elif event == "machine-exit":
            moment["code"] = f"{number:#x}"
        if event in ("machine-exit", "machine-entry", "delivered", "eoi"):
            moment["vm"] = "guest" if vm == one.vm else "another"
        found.append(moment)
    return found


def rows_of_lines(combo, subject, found, machine):
    """The emulator's figures of the guest's own lines."""
    vms = {one.vm for one in found if one.line in subject.lines}
    rows = []
    for one in sorted(found, key=lambda one: (one.line, STATE_ORDER[one.state])):
        if one.line not in subject.lines or one.vm not in vms:
            continue
        served = one.state == "served"
        exits = round(one.exits / one.histogram.n, 4) if served else None
        rows.append(
            row(
                combo,
                f"line {one.line} {one.state}",
                "emulator",
                "instructions",
                one.histogram,
                exits,
                merged=one.merged,
                unmatched=one.unmatched,
                worst=worst_of(one, machine),
                worst_is_whole=one.worst_is_whole,
            )
        )
    return rows


def rows_of_block(combo, subject, machine, result):
    """The figures of the guest's own lines that the chipset block has kept. On soft the VMM takes
    each INTA itself, so that the block knows nothing of the guest's."""
    if combo.chipset == "soft":
        return []
    return [
        row(
            combo,
            f"line {one.line} {one.name}",
            "block",
            one.unit,
            one.histogram,
            merged=one.merged,
            unmatched=one.unmatched,
        )
        for one in block_times.read(result.directory, result.console, machine)
        if one.line in subject.lines and one.histogram.n
    ]


def rows_of_records(combo, subject, result):
    """The figures that the guest printed itself: lat and hist lines (docs/guest-abi.md)."""
    printed = {(h.vm, h.probe): h.counts for h in parse_histograms(result.console)}
    rows = {}
    for lat in parse_latencies(result.console):
        if lat.vm not in ("", subject.guest):
            continue
        counts = printed.get((lat.vm, lat.probe), {})
        total = sum(value * n for value, n in counts.items())
        histogram = Histogram.of_counts(counts, lat.n, total, lat.min, lat.max)
        found = row(
            combo, lat.probe, "guest", lat.unit, histogram, round(lat.exits_per_interrupt, 4)
        )
        rows[lat.probe] = {**found, "median": lat.median, "p99": lat.p99}
    return list(rows.values())


def table(rows):
    """Lines of text: a group for each probe, a row for each combination."""
    head = ("probe", "chipset", "load", "platform", "n", "min", "median", "p99", "max", "exits")
    body = []
    for probe in dict.fromkeys(r["probe"] for r in rows):
        for i, r in enumerate(r for r in rows if r["probe"] == probe):
            exits = r["exits_per_interrupt"]
            body.append(
                (probe if i == 0 else "", r["chipset"], r["load"], r["platform"])
                + tuple("-" if r[k] is None else f"{r[k]:,}" for k in head[4:9])
                + ("-" if exits is None else f"{exits:.3f}",)
            )
    widths = [max(len(cells[i]) for cells in [head, *body]) for i in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if i < 4 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths))
        ).rstrip()
        for cells in [head, *body]
    ]


# ---- The files -----------------------------------------------------------------------------------


def new_directory(root, name, now):
    """A directory that no run has used."""
    root.mkdir(parents=True, exist_ok=True)
    stem = f"{time.strftime('%Y-%m-%d-%H%M%S', now)}-{name}"
    for number in itertools.count(1):
        directory = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            directory.mkdir()
            return directory
        except FileExistsError:
            continue


def link_latest(directory):
    """Makes the link `latest` name the directory. There is a link at each moment."""
    link = directory.parent / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(directory.name)
    link.replace(directory.parent / "latest")


def result_of(subject, measured, args, now):
    tree = archive.describe()
    return {
        "format": FORMAT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
        "commit": tree["commit"],
        "versions": {
            "signalbox": tree["version"],
            "compiler": tree["compiler"],
            "python": tree["python"],
        },
        "configuration": {
            "path": str(subject.path),
            "text": subject.text,
            "guest": subject.guest,
            "samples": args.samples,
            "seconds": args.seconds,
            "board": args.board,
            "memory": args.memory,
            "ips": args.ips,
        },
        "host": {"system": tree["system"], "processor": tree["processor"]},
        "runs": [
            {
                "combo": str(m.combo),
                "emulator": m.emulator,
                "end": m.explain().splitlines()[0],
                "ok": m.ok,
                "status": m.result.status,
            }
            for m in measured
        ],
        "rows": [r for m in measured for r in m.rows],
    }


def histogram_of(one):
    return Histogram.of_counts(one["counts"], one["n"], one["sum"], one["min"], one["max"])


def write_files(result, directory):
    """result.json, a histfile for each probe, and the plot; the names of the files."""
    (directory / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    names, panels = ["result.json"], {}
    for r in result["rows"]:
        if r["counts"]:
            panels.setdefault(r["probe"], []).append((r, histogram_of(r)))
    for probe, series in panels.items():
        name = f"{probe.replace(' ', '-')}.hist"
        columns = [(f"{r['chipset']}/{r['load']}", h) for r, h in series]
        (directory / name).write_text(histfile(columns))
        names.append(name)
    drawn = {}
    for probe, series in panels.items():
        for r, h in series:
            loads = ("alone", "beside") if r["chipset"] == "bare" else (r["load"],)
            for load in loads:
                drawn.setdefault((probe, load), []).append((r["chipset"], h))
    units = sorted({r["unit"] for r in result["rows"]})
    return names + plot_log.draw(directory, drawn, ", ".join(units))


# ---- The way in ----------------------------------------------------------------------------------


def whole_number(name, word, default):
    if word == "":
        return default
    short = re.fullmatch(r"(\d+)e(\d{1,2})", word)
    if short:
        word = short[1] + "0" * int(short[2])
    if not word.isdecimal() or int(word) == 0:
        raise ConfigError(f"{name}={word}: a whole number from 1 on, such as 1000 or 1e6")
    return int(word)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto")
    parser.add_argument("--board", default="pc")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--guest", default="", help="the VM to measure (default: the first)")
    parser.add_argument("--samples", default="", help="interrupts of each line of the guest")
    parser.add_argument("--seconds", default="", help="the most of the machine's time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=300.0)
    return parser.parse_args()


def places(args, subject):
    """The chipsets by platform: those whose controller the guest drives."""
    if args.platform == "auto":
        return {"bochs": ["bare", "apic"]} if subject.by_apic else COUNTING
    platform, _ = choose(args.platform, args.board)
    if not subject.by_apic:
        return {platform: ["bare", *(name for name in ON[platform] if name not in APIC)]}
    if "apic" not in ON[platform]:
        places = ", ".join(name for name in ON if "apic" in ON[name])
        raise ConfigError(
            f"PLATFORM={platform}: chipset=apic in {subject.path} needs a processor with x2APIC: "
            f"{places}"
        )
    return {platform: ["bare", "apic"]}


def main():
    args = arguments()
    args.samples = whole_number("SAMPLES", args.samples, 0)
    args.seconds = whole_number("SECONDS", args.seconds, SECONDS)
    subject = read_subject(args.config, args.guest)
    where, now = places(args, subject), time.gmtime()
    args.directory = new_directory(args.build / "measure", args.config.stem, now)
    print(f"bench: {args.config}: the guest {subject.guest}, lines {subject.lines}", flush=True)
    if subject.why_not_bare:
        print(f"bench: not on the bare machine: {subject.why_not_bare}")
    measured = []
    with ThreadPoolExecutor(max(1, args.jobs)) as pool:
        for m in pool.map(lambda c: measure(c, subject, args), combos_of(where, subject)):
            print(f"bench: {m.combo}: {m.explain()}", flush=True)
            measured.append(m)
    result = result_of(subject, measured, args, now)
    names = write_files(result, args.directory)
    link_latest(args.directory)
    print()
    print("\n".join(table(result["rows"])))
    print(f"\nbench: in {args.directory}: {' '.join(names)}")
    problems = [f"{m.combo}: did not end well" for m in measured if not m.ok]
    problems += [
        f"{m.combo}: no figure: no interrupt of a line of the guest came, and the guest printed no"
        " lat record; is irq= in the guest's words, and is the run long enough (SECONDS=)?"
        for m in measured
        if not m.rows
    ]
    for problem in problems:
        print(f"bench: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    run_script("bench", main)
