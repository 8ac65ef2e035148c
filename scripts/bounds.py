#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bounds: the worst wake-up of a VM of high priority, beside the worst that the lowest VM can
do and beside each command of the console, over as many wake-ups as WAKEUPS says.

Rule: times are instructions of Bochs, which do not depend on the host's load. A sample counts only
while its load lasts. The status is 1 if a wake-up is longer than the bound or a tick is lost.
"""

import argparse
import itertools
import json
import re
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from signalbox import Machine, Module, PlatformError, choose, find_records, parse_latencies
from signalbox.media import prune, spare
from signalbox.script import run_script

# Instructions from the edge to the first instruction of the handler, at most (docs/time.md).
BOUNDS = {"irqmux": 3000, "irqmux-1-bank": 3000, "pc": 4500, "apic": 4500}
ON = {"bochs-irqmux": ("irqmux", "irqmux-1-bank", "apic"), "bochs": ("pc",)}
WORDS = {
    "irqmux": "chipset=irqmux",
    "irqmux-1-bank": "chipset=irqmux banks=1",
    "pc": "chipset=pc",
    "apic": "chipset=apic",
}
# The guests' words: there pulse drives a local APIC.
GUESTS = {"apic": " apic=1"}
# Ticks a second. Each boot of a load has another rate, so that the ticks fall at other moments of
# the load. A period of the fastest rate, 4,762 instructions, is longer than each bound.
RATES = (4200, 3001, 3803, 3499, 2803, 4001, 3301, 3607)
SAMPLES, PROBES = 2500, 10  # of one boot; a load may end before the boot's last probe
OWN = "irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"
TYPED_MOST = 4000  # times in a boot
# A guest may ask its 8259s for what Bochs's do not have. Bochs then goes on.
BEYOND_BOCHS = {"panic": {"PIC": "report"}}
PULSE_DONE = "signalbox: vm pulse: done, status 0"
VANDAL_OVER = re.compile(r"^signalbox: vm vandal: (?:done|stopped)", re.M)


@dataclass(frozen=True)
class Load:
    """What goes on beside pulse: the neighbour's attack and options, and what somebody types again
    and again."""

    name: str
    does: str = "none"
    options: str = "mem=2M"
    typed: str = ""
    vmm: str = ""
    pulse: str = OWN
    times: int = TYPED_MOST

    @property
    def last(self):
        """The last command of what is typed: its echo says that all of it was taken."""
        return re.split(r"[\x00-\x1f]", self.typed)[-2] if self.typed else ""


def command(text, **options):
    return Load(f"> {text}", typed=text + "\r", **options)


# The longest line, changed at its beginning; completed, listed; earlier lines, one after the other.
EDITED = (
    "k" * 77
    + "\x01\x1b[3~xy\x05\x15"
    + "s\t\t\x15"
    + "vms\r"
    + "\x1b[A\x1b[B" * 4
    + "\x15lat\rversion\r"
)
HAS_COM2 = {"options": "mem=2M irq=3 io=0x2f8-0x2ff", "pulse": "irq=0 io=0x40-0x43,0x61"}
ENDLESS = "ops=4000000000"
LOADS = [
    Load("prints of 512 newlines", "prints"),
    Load("prints of a byte", "prints bytes=1"),
    Load("restarts of 128M", "restarts", "mem=128M onfault=restart"),
    Load("exits: CPUID", "cpuids"),
    Load("exits: denied port", "denied"),
    Load("exits: refused WRMSR", "msrs"),
    Load("exits: ports of its 8259s", f"ports {ENDLESS}"),
    Load("faults: absent memory", "faults pages=4000000000"),
    Load("#DB for ever", "debug"),
    Load("#AC for ever", "align"),
    Load("task switches by hardware", "taskstorm"),
    Load("initialisations", f"initialisations {ENDLESS}"),
    Load("line storm: levels", f"levels own=3 {ENDLESS}", **HAS_COM2),
    Load("line storm: a UART's edges", "stream n=4000000000 busy=1", **HAS_COM2),
    *map(command, ("help", "status", "vms", "lines", "exits", "lat", "trace", "log")),
    # Two answers take longer than the samples. The guest's text waits behind each answer.
    command("trace 4096", times=2),
    *map(command, ("version", "stay", "stay off", "stop vandla", "restart vandal")),
    Load("> restart vandal, 128M", options="mem=128M", typed="restart vandal\r"),
    Load("> stop vandal, start vandal", options="mem=24M", typed="stop vandal\rstart vandal\r"),
    command("nmi", vmm="nmi=log"),
    Load("> a line is edited", typed=EDITED),
]


@dataclass
class Row:
    """What was measured of a load, in one place."""

    platform: str
    chipset: str
    load: Load
    wakeups: int = 0
    typed: int = 0  # times that the typed text was taken
    medians: list = field(default_factory=list)
    worst: int = 0
    worst_in: str = ""
    wrong: list = field(default_factory=list)

    def __str__(self):
        return f"{self.platform}/{self.chipset}: {self.load.name}"

    @property
    def bound(self):
        return BOUNDS[self.chipset]

    @property
    def median(self):
        return round(statistics.median(self.medians)) if self.medians else 0


def machine_of(row, rate, args):
    load = row.load
    machine = Machine(
        vmm=f"console=com1 {WORDS[row.chipset]} {load.vmm}".strip(),
        platform=row.platform,
        memory=args.memory,
        build=args.build,
        log_actions=BEYOND_BOCHS,
    )
    samples = min(SAMPLES, args.wakeups)
    probes = ",".join(["wakeup"] * min(PROBES, -(-args.wakeups // samples)))
    machine.modules = [
        Module(
            "pulse",
            f"vm=pulse mem=16M prio=5 slice=5ms {load.pulse} -- {machine.unit} "
            f"hz={rate} n={samples} probes={probes}{GUESTS.get(row.chipset, '')}",
        ),
        Module(
            "vandal",
            f"vm=vandal prio=1 slice=5ms {load.options} -- do={load.does} seconds=100000",
        ),
    ]
    if load.typed:
        again = rf"^> {re.escape(load.last)}$"
        more = [(again, load.typed)] * (load.times - 1)
        machine.type_in = [(r"vandal: words", load.typed), *more]
    return machine


interrupted = threading.Event()  # by the user


class Watch:
    """Ends a boot when pulse is done: nothing that comes later is counted."""

    def __init__(self):
        self.tail, self.done = "", False

    def hear(self, text):
        self.tail = self.tail[-len(PULSE_DONE) :] + text
        self.done = self.done or PULSE_DONE in self.tail

    def is_over(self):
        return self.done or interrupted.is_set()


def judge(row, result, directory):
    """Adds one boot to a row: the samples that were taken while the load lasted."""
    over = None if row.load.typed else VANDAL_OVER.search(result.console)
    lasted = result.console[: over.start()] if over else result.console
    # The command log prints earlier results once more.
    found = [said for said in dict.fromkeys(parse_latencies(lasted)) if said.probe == "wakeup"]
    ticks = [r for r in find_records(result.console, "count") if r.get("line") == "0"]
    if PULSE_DONE not in result.console:
        row.wrong.append(result.explain(tail=5))
    if "knows no such attack" in result.console:
        row.wrong.append(f"vandal does not know do={row.load.does}")
    for count in ticks:
        lost = {key: count[key] for key in ("lost", "twice") if count[key] != "0"}
        if lost or int(count["handled"]) + int(count["merged"]) != int(count["expected"]):
            row.wrong.append(f"ticks are not whole: {count}: {directory / 'console.txt'}")
    for said in found:
        row.wakeups += said.n
        row.medians.append(said.median)
        if said.max > row.worst:
            row.worst, row.worst_in = said.max, str(directory / "console.txt")
    if row.load.typed:
        taken = result.console.count(f"\n> {row.load.last}\n")
        row.typed += taken
        if not taken:
            row.wrong.append(f"the console did not take '{row.load.last}'")
    if not found:
        row.wrong.append(f"the load ended before the first samples: {directory / 'console.txt'}")


def hold_bound(row):
    if row.worst > row.bound:
        row.wrong.append(f"worst wake-up {row.worst}, bound {row.bound}: {row.worst_in}")


def play(row, args):
    """Boots a load until so many wake-ups have been taken, each time with another rate."""
    for number in itertools.count():
        if interrupted.is_set():
            return row
        turn, of = divmod(number, len(RATES))
        name = re.sub(r"[^a-z0-9]+", "-", str(row).lower()).strip("-")
        directory = args.build / "bounds" / "runs" / f"{name}-{number}"
        watch, begun = Watch(), time.monotonic()
        machine = machine_of(row, RATES[of] - 13 * turn, args)
        result = machine.run(directory, timeout=args.timeout, stream=watch.hear, stop=watch.is_over)
        if interrupted.is_set():
            return row
        judge(row, result, directory)
        if not row.wrong:
            spare(directory)
        print(
            f"bounds: {row}: {min(row.wakeups, args.wakeups)} of {args.wakeups}, "
            f"worst {row.worst} ({time.monotonic() - begun:.0f} s)"
            + "".join(f"\n      {text}" for text in row.wrong),
            flush=True,
        )
        if row.wrong or row.wakeups >= args.wakeups:
            break
    hold_bound(row)
    return row


def table(rows):
    lines = [f"{'':44}{'wake-ups':>10}{'typed':>7}{'median':>8}{'worst':>7}{'bound':>7}"]
    for place, of_place in itertools.groupby(rows, lambda r: f"{r.platform}/{r.chipset}"):
        lines.append(place)
        for row in of_place:
            lines.append(
                f"  {row.load.name:42}{row.wakeups:10}{row.typed or '':>7}{row.median:8}"
                f"{row.worst:7}{row.bound:7}{'  WRONG' if row.wrong else ''}"
            )
    return "\n".join(lines)


def report(rows, args):
    wrong = [row for row in rows if row.wrong]
    print(f"\nInstructions of Bochs, from the edge to the handler's first.\n\n{table(rows)}\n")
    for row in wrong:
        print(f"bounds: WRONG: {row}: {'; '.join(row.wrong)}")
    path = args.build / "bounds" / "bounds.json"
    path.write_text(
        json.dumps(
            [
                {
                    "platform": row.platform,
                    "chipset": row.chipset,
                    "load": row.load.name,
                    "wakeups": row.wakeups,
                    "typed": row.typed,
                    "median": row.median,
                    "worst": row.worst,
                    "bound": row.bound,
                    "console": row.worst_in,
                    "wrong": row.wrong,
                }
                for row in rows
            ],
            indent=1,
        )
        + "\n"
    )
    print(f"bounds: {path}")
    return 1 if wrong or not rows else 0


def rows_of(args):
    platforms = list(ON) if args.platforms == "auto" else args.platforms.replace(",", " ").split()
    for platform in platforms:
        if platform not in ON:
            raise PlatformError(
                f"{platform}: only Bochs counts instructions; one of {', '.join(ON)}"
            )
        choose(platform)
    asked = args.loads.split(",") if args.loads else [""]
    rows = [
        Row(platform, chipset, load)
        for platform in platforms
        for chipset in ON[platform]
        for load in LOADS
        if any(text in load.name for text in asked)
        and (not args.chipsets or chipset in args.chipsets.split(","))
    ]
    if not rows:
        names = ", ".join(load.name for load in LOADS)
        raise PlatformError(
            f"no such load or chipset; chipsets: {', '.join(WORDS)}; loads: {names}"
        )
    return rows


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platforms", default="auto", help="bochs-irqmux, bochs; auto: both")
    parser.add_argument("--chipsets", default="", help="a list: irqmux,irqmux-1-bank,pc,apic")
    parser.add_argument("--loads", default="", help="parts of the names of loads, with commas")
    parser.add_argument("--list", action="store_true", help="say the loads, and play none")
    parser.add_argument("--wakeups", type=int, default=100_000, help="of each load")
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=1, help="how many loads run side by side")
    parser.add_argument(
        "--timeout", type=float, default=1200.0, help="seconds that a boot may take"
    )
    return parser.parse_args()


def main():
    args = arguments()
    rows = rows_of(args)
    if args.list:
        print("\n".join(map(str, rows)))
        return 0
    prune(args.build / "bounds" / "runs", keep=200)
    print(f"bounds: {len(rows)} loads, {args.wakeups} wake-ups each", flush=True)
    with ThreadPoolExecutor(max(1, args.jobs)) as pool:
        try:
            list(pool.map(lambda row: play(row, args), rows))
        except KeyboardInterrupt:
            interrupted.set()
    status = report([row for row in rows if row.wakeups or row.wrong], args)
    return 130 if interrupted.is_set() else status


if __name__ == "__main__":
    run_script("bounds", main)
