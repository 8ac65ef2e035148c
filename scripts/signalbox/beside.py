# SPDX-License-Identifier: BSD-2-Clause
"""A Linux, and beside it pulse, of higher priority: pulse's latencies by what Linux does meanwhile,
and Linux's count of its interrupts beside the VMM's.

Rule: a lap of pulse counts for a load of Linux only when the whole lap lies within the load. The
two have one moment in common: pulse's last lap before the line that says that Linux's VM is done.
"""

import os
import re
from dataclasses import dataclass, field, replace
from statistics import median

from .demo import with_guest_words
from .machine import Module
from .records import find_records, read_record
from .view import WIDTH, Line, count

LOADS = ("idle", "compute", "memory")
SECONDS = 3  # for each load
BARE_SAMPLES = 1000
LABEL, CELL = 20, 12
TITLE = "Signalbox: pulse (a tick each millisecond, higher priority) beside Linux"
LEGEND = (
    "wakeup  from the timer's edge to the first instruction of pulse's handler, while",
    "        Linux runs; bare: pulse alone on the bare machine",
    "boot    before Linux's first program; the loads are Linux's, one after the other",
    "handled interrupts by the guest's own count; the other columns are the VMM's:",
    "held    assertions that waited because the VM that owns the line did not run",
)
MARK = re.compile(r"^init: load (\w+) (begins|ends) at (\d+\.\d+)$", re.MULTILINE)
END = re.compile(r"^init: a second before the end at (\d+\.\d+)$", re.MULTILINE)
AFTER_END = 1.0  # seconds from that line to the VM's end
IN_INTERRUPTS = re.compile(r"^ +(\d+): +(\d+) +XT-PIC +(\S+)$", re.MULTILINE)


# ---- The machines --------------------------------------------------------------------------------


def name_of(module):
    names = [word for word in module.line.split(" -- ")[0].split() if word.startswith("vm=")]
    return names[0].removeprefix("vm=") if names else ""


def memory_of(module):
    """MiB of a VM by its word mem=; 0 where the module is no VM, or the VMM refuses the word."""
    words = module.line.split(" -- ")[0].split()
    sizes = [word.removeprefix("mem=") for word in words if word.startswith("mem=")]
    if any(word.startswith("of=") for word in words):
        return 0
    found = re.fullmatch(r"(\d+)([MG])", sizes[-1]) if sizes else re.fullmatch("(16)(M)", "16M")
    return int(found[1]) << (10 if found[2] == "G" else 0) if found else 0


def is_linux(module):
    return "type=linux" in module.line.split(" -- ")[0].split()


def find_pair(modules):
    """(Linux's module, pulse's), where a configuration has both; else None."""
    linux = next(filter(is_linux, modules), None)
    pulse = next((m for m in modules if m.image.rsplit("/")[-1] == "pulse"), None)
    return (linux, pulse) if linux and pulse and "laps=1" in pulse.line.split() else None


def with_loads(modules, loads, seconds, unit):
    """The modules with Linux's loads, and with pulse's unit."""
    words = {True: f"load={','.join(loads)} seconds={seconds}", False: unit}
    return [with_guest_words([m], words[is_linux(m)])[0] if name_of(m) else m for m in modules]


def bare(machine, pulse):
    """Pulse alone on the bare machine."""
    words = f"probes=wakeup n={BARE_SAMPLES} {machine.unit}"
    return replace(machine, vmm=None, modules=[Module(pulse.image, words)], type_in=[])


def is_over(name):
    """The pattern of the line after which the run has nothing more to wait for."""
    ends = "done|stopped|image refused|not started"
    return rf"^signalbox: (?:vm {name}: (?:{ends})|module \d+ \({name}\): )"


class Quit:
    """Ends the run when Linux's VM has ended: types the VMM's command on a pipe."""

    def __init__(self, name, show):
        self._over = re.compile(is_over(name), re.MULTILINE)
        self._show = show
        self._seen = ""
        self.keyboard, self._keys = os.pipe()

    def hear(self, text):
        self._show(text)
        if self._keys is None:
            return
        self._seen = (self._seen + text)[-4096:]
        if self._over.search(self._seen):
            os.write(self._keys, b"quit\r")
            os.close(self._keys)
            self._keys = None


# ---- The figures ---------------------------------------------------------------------------------


@dataclass
class Lap:
    begin: int  # ms of pulse's clock
    end: int
    words: dict  # of its record "lat"


@dataclass
class Column:
    name: str
    laps: list = field(default_factory=list)

    def figures(self):
        """(median of the medians, longest 99 of 100, longest, samples, exits per interrupt)."""
        if not self.laps:
            return ("-",) * 5
        of = {key: [int(lap.words[key]) for lap in self.laps] for key in ("median", "p99", "max")}
        n, interrupts, exits = (
            sum(int(lap.words[key]) for lap in self.laps) for key in ("n", "interrupts", "exits")
        )
        ratio = f"{exits / interrupts:.3f}" if interrupts else "-"
        longest = (count(round(median(of["median"]))), count(max(of["p99"])), count(max(of["max"])))
        return (*longest, count(n), ratio)


def read_laps(console, pulse, linux):
    """Pulse's laps up to the end of Linux's VM."""
    over = re.search(is_over(linux), console, re.MULTILINE)
    laps, words, before = [], None, 0
    for line in console[: over.start() if over else len(console)].splitlines():
        vm, kind, found = read_record(line) or ("", "", {})
        if vm != pulse:
            continue
        if kind == "lat":
            words = found
        elif kind == "lap" and words and found.get("ms", "").isdigit():
            laps.append(Lap(before, int(found["ms"]), words))
            before, words = laps[-1].end, None
    return laps


def columns(console, com2, pulse, linux):
    """The columns of the table: Linux's boot, and each load that Linux has named."""
    laps = read_laps(console, pulse, linux)
    marks = [(name, what, float(at) * 1000) for name, what, at in MARK.findall(com2)]
    end = END.search(com2)
    if not laps or not marks or not end:
        return [Column("all", laps)]
    longest = max(lap.end - lap.begin for lap in laps)
    # The last lap ended before Linux did, by one lap at most: Linux's time is `to_linux` more than
    # pulse's, or up to `longest` less than that.
    to_linux = (float(end[1]) + AFTER_END) * 1000 - laps[-1].end
    found = [Column("boot", [lap for lap in laps if lap.end + to_linux < marks[0][2]])]
    for (name, _, begin), (_, _, stop) in zip(marks[::2], marks[1::2]):
        within = [
            lap
            for lap in laps
            if lap.begin + to_linux - longest >= begin and lap.end + to_linux <= stop
        ]
        found.append(Column(name, within))
    return found


# ---- The table -----------------------------------------------------------------------------------


def row(label, cells):
    return f"{label:<{LABEL}}" + "".join(f"{cell:>{CELL}}" for cell in cells)


def latency_rows(shown, unit):
    figures = [column.figures() for column in shown]
    labels = ("wakeup, median", "99 of 100", "worst", "samples", "exits per interrupt")
    yield row(f"in {unit}", [column.name for column in shown])
    for number, label in enumerate(labels):
        yield row(label, [each[number] for each in figures])


def line_rows(console, com2, pulse):
    """Each line: what Linux (or pulse) counted, and what the VMM counted for it."""
    lines = {r["irq"]: r for r in find_records(console, "line") if "irq" in r}
    ticks = [r for r in find_records(console, "count") if r["vm"] == pulse and r.get("line") == "0"]
    keys = ("held", "injected", "wakeups", "exits")
    yield row("line", ("handled", "held", "injected", "wake-ups", "exits"))
    for line, handled, device in IN_INTERRUPTS.findall(com2):
        if line in lines:
            both = ", both VMs" if line == "0" and ticks else ""
            vmm = [count(int(lines[line][key])) for key in keys]
            yield row(f"{line} {device}{both}", (count(int(handled)), *vmm))
    for last in ticks[-1:]:
        yield row("0 pulse's ticks", (count(int(last["handled"])),))
        merged, twice, lost = (int(last[key]) for key in ("merged", "twice", "lost"))
        yield f"Of pulse's ticks: merged {merged:,}, twice {twice:,}, lost {lost:,}"


def render(bare_result, result, pulse, linux):
    """The table's lines, none longer than WIDTH."""
    com2 = result.com2.decode(errors="replace").replace("\r", "")
    alone = [r for r in find_records(bare_result.console, "lat") if r.get("probe") == "wakeup"]
    shown = [Column("bare", [Lap(0, 0, r) for r in alone])]
    shown += columns(result.console, com2, pulse, linux)
    unit = next((lap.words["unit"] for c in shown for lap in c.laps), "cycles")
    lines = [Line(TITLE, "title"), *map(Line, latency_rows(shown, unit)), Line("")]
    lines += [*map(Line, line_rows(result.console, com2, pulse)), Line(""), *map(Line, LEGEND)]
    return [replace(line, text=line.text[:WIDTH].rstrip()) for line in lines]


def is_good(result, pulse, linux):
    """Linux's VM ended well and no tick of pulse's was lost, in a run that was told to quit."""
    last = [r for r in find_records(result.console, "count") if r["vm"] == pulse][-1:]
    done = re.search(
        rf"^signalbox: vm {linux}: done, (?:status 0|switched off)", result.console, re.M
    )
    return bool(result.ok and done and last and int(last[0]["lost"]) == 0)
