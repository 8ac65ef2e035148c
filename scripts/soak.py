#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make soak: the stress in which nothing may be lost, over and over with random seeds, on every
platform of this machine.

Rule: a run is named by platform, chipset, kind, pace and seed, and that name repeats it
(--repeat). Each device's own count is compared with what its guest handled. What an emulator is
known to do itself is counted, and is no loss (docs/limits.md).
"""

import argparse
import json
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from signalbox import Machine, Module, PlatformError, choose, find_records, parse_exits
from signalbox.media import prune, spare
from signalbox.platforms import MODEL, ON_KVM
from signalbox.script import run_script

PULSE = "vm=pulse mem=16M prio={prio} slice=5ms irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff -- {words}"
SCRIBE = (
    "vm=scribe mem=16M prio={prio} slice=5ms irq=8,15 io=0x70-0x71,0x170-0x177,0x376 -- {words}"
)
CHIPSETS = {
    "pc": "chipset=pc",
    "irqmux": "chipset=irqmux",
    "irqmux-1-bank": "chipset=irqmux banks=1",
    "soft": "chipset=soft",
    "apic": "chipset=apic",
}
# Kinds of stress: the priorities of pulse and scribe, and whether each has other vectors than on a
# PC.
KINDS = {"plain": (1, 1, False), "bases": (1, 1, True), "priorities": (1, 2, False)}
# Where the 16 vectors of a pair may begin, in the kind bases: the seed chooses two.
BASES = range(0x20, 0xF0, 0x10)
PACES = ("exact", "real")
STOCK, BLOCK = ("pc", "soft"), ("irqmux", "irqmux-1-bank")
# QEMU plays soft by REPEAT alone: a counted run of `priorities` was seen not to end there
# (docs/measuring.md).
ON = {
    "bochs": STOCK,
    "bochs-irqmux": (*BLOCK, "apic"),
    "qemu": ("pc",),
    "qemu-irqmux": BLOCK,
    "kvm": STOCK,
    "kvm-irqmux": BLOCK,
}
ON |= {rtl: BLOCK for rtl in MODEL}
AUTO = ("bochs", "bochs-irqmux", "qemu", "qemu-irqmux")
LINES = (0, 3, 8, 15)
DISK = 15
COUNTS = ("taken", "lost", "twice", "without_cause", "merged", "late", "spurious", "unattributed")
# Interrupts without a cause that soft may tell on a line, in a run on QEMU: edges whose line has
# fallen, which QEMU's 8259s keep (docs/limits.md).
IN_VAIN_OF_SOFT = 5


@dataclass(frozen=True)
class Run:
    platform: str
    board: str
    chipset: str
    kind: str
    exact: bool
    seed: int

    def __str__(self):
        clock = "exact" if self.exact else "real"
        return f"{self.platform}/{self.board}/{self.chipset}/{self.kind}/{clock}/{self.seed}"

    @property
    def counted(self):
        return self.platform.startswith("bochs") or self.exact

    @property
    def on_qemu(self):
        return self.platform.startswith("qemu")

    def in_vain_most(self, injected):
        """Interrupts without a cause that a run may have on a line: on QEMU alone. Each request
        that a replay of pc's ICW1 has cost its line, and that was injected, may be latched once
        more. In 200 runs of bases on pc, half of them in real time, there was none."""
        if not self.on_qemu or self.chipset not in STOCK:
            return 0
        if self.chipset == "soft":
            return IN_VAIN_OF_SOFT
        return injected


def parse_run(text):
    try:
        platform, board, chipset, kind, pace, seed = text.split("/")
        if chipset in (*ON[platform], "soft") and kind in KINDS and pace in PACES:
            return Run(platform, board, chipset, kind, pace == "exact", int(seed))
    except (KeyError, ValueError):
        pass
    raise PlatformError(f"{text}: no such run; its form: qemu/pc/pc/plain/exact/7")


def machine_of(run, args):
    prio_of_pulse, prio_of_scribe, other_bases = KINDS[run.kind]
    bases = random.Random(run.seed).sample(BASES, 2) if other_bases else []
    of_pulse, of_scribe = [f"base={base:#x}" for base in bases] or ["", ""]
    slow = run.chipset == "soft"  # it has no time for a guest at these rates (docs/measuring.md)
    machine = Machine(
        vmm=f"console=com1 {CHIPSETS[run.chipset]} jitter={run.seed}",
        platform=run.platform,
        board=run.board,
        exact=run.exact,
        ips=args.ips,
        memory=args.memory,
        build=args.build,
    )
    stress = args.interrupts // (4 if slow else 1)
    if run.chipset == "apic":  # both guests drive a local APIC
        of_pulse, of_scribe = f"{of_pulse} apic=1".strip(), f"{of_scribe} apic=1".strip()
    pulse = f"{machine.unit} stress={stress} {of_pulse} {'baud=28800' if slow else ''}"
    # A guest on QEMU's 8259s fails by no interrupt without a cause: judge() holds their number.
    in_vain = "idle=1" if run.on_qemu and run.chipset in STOCK else ""
    scribe = f"stress={stress * 3 // 4} rtc={1024 if slow else 8192} {of_scribe} {in_vain}"
    machine.modules = [
        Module("pulse", PULSE.format(prio=prio_of_pulse, words=pulse)),
        Module("scribe", SCRIBE.format(prio=prio_of_scribe, words=scribe)),
    ]
    return machine


def numbers(record):
    return {key: int(value) for key, value in record.items() if value.isdigit()}


def judge(run, result):
    """The run's counts over all lines; what is wrong, as texts."""
    counts = dict.fromkeys(COUNTS, 0)
    counts["worst"] = 0
    wrong = [] if result.end == "status" else [result.explain(tail=0)]
    found = {
        int(r["line"]): numbers(r) for r in find_records(result.console, "count") if "line" in r
    }
    missing = [line for line in LINES if line not in found]
    if missing:
        return counts, wrong + [f"no count of line {', '.join(map(str, missing))}"]
    lines = [r for r in find_records(result.console, "line") if "irq" in r]
    injected = {int(r["irq"]): int(r["injected"]) for r in lines}
    for line, count in found.items():
        came = count.get("expected", count.get("sent", 0))
        merged, in_vain = count.get("merged", 0), count.get("idle", 0)
        # The RTC's handler counts an interrupt without a cause beside the handled ones, the
        # disk's among them.
        caused = count["handled"] - (in_vain if line == DISK else 0)
        counts["taken"] += count["handled"]
        counts["merged"] += merged
        counts["lost"] += max(0, came - merged - caused)
        counts["twice"] += max(0, caused + merged - came)
        counts["without_cause"] += in_vain
        by_injection = injected.get(line, 0)
        if in_vain > run.in_vain_most(by_injection):
            wrong.append(f"line {line}: {in_vain} without a cause, {by_injection} injected")
        # A timer that runs in real time may itself be late; one that is counted may not.
        stalls = count.get("lost", 0)
        counts["late" if line == 0 and not run.counted else "lost"] += stalls
    counts["worst"] = found[0].get("worst", 0)
    for record in find_records(result.console, "count"):
        counts["spurious"] += int(record.get("spurious", 0))
    totals = [numbers(r) for r in find_records(result.console, "totals")]
    counts["unattributed"] = sum(r.get("external_nmis", 0) for r in totals)
    failed = [text for text in result.lines if " ... FAILED" in text]
    wrong += [f"{key} {counts[key]}" for key in ("lost", "twice") if counts[key]]
    wrong += failed
    if result.end == "status" and result.status != 0 and not failed:
        wrong.append(f"status {result.status}")
    return counts, wrong


def play(run, args):
    directory = args.build / "soak" / "runs" / str(run).replace("/", "-")
    started = time.monotonic()
    result = machine_of(run, args).run(directory, timeout=args.timeout)
    counts, wrong = judge(run, result)
    record = {
        **asdict(run),
        "name": str(run),
        "seconds": round(time.monotonic() - started, 1),
        **counts,
        "wrong": wrong,
        "exits": {e.vm: sum(e.counts.values()) for e in parse_exits(result.console)},
        "console": str(directory / "console.txt"),
    }
    if not wrong and not args.keep:
        spare(directory)
    return record


def is_asked(args, board, chipset, kind, exact):
    pace = "exact" if exact else "real"
    asked = (args.boards, board), (args.chipsets, chipset), (args.kinds, kind), (args.paces, pace)
    return all(not names or name in names.split(",") for names, name in asked)


def combinations(args):
    """Each platform that this machine has, each chipset and kind, and both paces on QEMU;
    without an end, in random order."""
    words = args.platforms.replace(",", " ").split() if args.platforms != "auto" else []
    kvm = args.platforms == "auto" and choose("auto")[0] == "kvm"
    platforms = words or [*AUTO, *(["kvm"] if kvm else [])]
    for platform in platforms:
        choose(platform)
    all_of_them = [
        (platform, board, chipset, kind, exact)
        for platform in platforms
        for board in (("pc", "q35") if platform == "qemu" else ("pc",))
        for chipset in ON[platform]
        for kind in KINDS
        for exact in ((True, False) if platform.startswith("qemu") else (platform not in ON_KVM,))
        if is_asked(args, board, chipset, kind, exact)
    ]
    if not all_of_them:
        raise PlatformError(
            f"no such run; boards: pc, q35; chipsets: {', '.join(CHIPSETS)}; kinds: "
            f"{', '.join(KINDS)}; paces: {', '.join(PACES)}"
        )
    generator = random.Random(args.seed)
    while True:
        generator.shuffle(all_of_them)
        for combination in all_of_them:
            yield Run(*combination, generator.randrange(1, 1 << 31))


def say(record, number):
    print(
        f"soak: {number:4} {record['name']:52} taken {record['taken']:7} lost {record['lost']} "
        f"twice {record['twice']} "
        f"late {record['late']} worst {record['worst']:9} ({record['seconds']} s)"
        + "".join(f"\n      {text}" for text in record["wrong"]),
        flush=True,
    )


def soak(args):
    """Runs until the time is over; all of the first round's platforms are begun in random order."""
    runs = iter([parse_run(args.repeat)]) if args.repeat else combinations(args)
    end, records = time.monotonic() + args.minutes * 60, []
    with ThreadPoolExecutor(args.jobs) as pool:

        def work():
            for run in iter(lambda: next(runs, None), None):
                if records and time.monotonic() > end or args.runs and begun[0] >= args.runs:
                    return
                begun[0] += 1
                record = play(run, args)
                records.append(record)
                say(record, len(records))

        begun = [0]
        for job in [pool.submit(work) for _ in range(args.jobs)]:
            job.result()
    return records


def report(records, args):
    sums = {key: sum(r[key] for r in records) for key in COUNTS}
    wrong = [r for r in records if r["wrong"]]
    print(
        f"\nsoak: seed {args.seed}: {len(records)} runs, "
        + ", ".join(f"{key} {n}" for key, n in sums.items())
    )
    for unit, of in (
        ("instructions", [r for r in records if r["exact"]]),
        ("cycles", [r for r in records if not r["exact"]]),
    ):
        if of:
            worst = max(of, key=lambda r: r["worst"])
            print(
                f"soak: the longest wait of a tick, {unit}: {worst['worst']} in {worst['name']}: "
                f"{worst['console']}"
            )
    for record in wrong:
        print(
            f"soak: WRONG: {record['name']}: {'; '.join(record['wrong'])}; once more: "
            f"make soak REPEAT={record['name']}"
        )
    path = args.build / "soak" / "soak.json"
    path.write_text(
        json.dumps(
            {"seed": args.seed, "minutes": args.minutes, "sums": sums, "runs": records}, indent=1
        )
        + "\n"
    )
    print(f"soak: {path}")
    return 1 if wrong or not records else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument(
        "--platforms",
        default="auto",
        help="a list: bochs bochs-irqmux bochs-rtl qemu qemu-irqmux qemu-rtl kvm kvm-irqmux; auto: "
        + " ".join(AUTO),
    )
    for option, names in (
        ("--boards", ("pc", "q35")),
        ("--chipsets", CHIPSETS),
        ("--kinds", KINDS),
        ("--paces", PACES),
    ):
        parser.add_argument(option, default="", help=f"a list: {','.join(names)} (default: all)")
    parser.add_argument("--minutes", type=float, default=10.0, help="no run begins later")
    parser.add_argument("--runs", type=int, default=0, help="so many runs at most; 0: any number")
    parser.add_argument("--interrupts", type=int, default=20000, help="of pulse in each run")
    parser.add_argument("--seed", type=int, default=0, help="of the whole; 0: another each time")
    parser.add_argument(
        "--repeat", default="", help="one run by its name, as a line of soak's shows it"
    )
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=float, default=240.0, help="seconds that a run may take")
    parser.add_argument("--keep", action="store_true", help="keep each run's disk as well")
    args = parser.parse_args()
    args.seed = args.seed or random.SystemRandom().randrange(1, 1 << 31)
    args.jobs = max(1, args.jobs)
    return args


def main():
    args = arguments()
    prune(args.build / "soak" / "runs", keep=100)
    print(
        f"soak: {args.repeat or f'{args.minutes:g} minutes'}, seed {args.seed}, "
        f"{args.jobs} side by side",
        flush=True,
    )
    return report(soak(args), args)


if __name__ == "__main__":
    run_script("soak", main)
