#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make campaign: random guests that do anything at all (guests/vandal/campaign.c), beside a
victim that has to be as when alone.

Rule: a run is named by platform, chipset, seed and operations, and that name repeats it
(--repeat). What the victim printed has to be the same to the byte, but for what counts time; the
attacker has to come to its own end.
"""

import argparse
import json
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from signalbox import Machine, Module, PlatformError, choose
from signalbox.media import prune, spare
from signalbox.platforms import MODEL
from signalbox.script import run_script

SCRIBE = (
    "vm=scribe mem=16M prio=1 slice=5ms irq=8,15 io=0x70-0x71,0x170-0x177,0x376 -- rounds={rounds}"
)
VANDAL = "vm=vandal mem=4M prio=1 slice=20ms -- do=campaign seed={seed} ops={ops}"
CHIPSETS = {
    "pc": "chipset=pc",
    "irqmux": "chipset=irqmux",
    "irqmux-1-bank": "chipset=irqmux banks=1",
    "soft": "chipset=soft",
    "soft-1-bank": "chipset=soft banks=1",
    "apic": "chipset=apic",
}
ON = {
    "bochs": ("pc", "soft", "soft-1-bank"),
    "bochs-irqmux": ("irqmux", "irqmux-1-bank", "apic"),
    "qemu": ("pc",),
    "qemu-irqmux": ("irqmux", "irqmux-1-bank"),
    "kvm": ("pc", "soft"),
    "kvm-irqmux": ("irqmux", "irqmux-1-bank"),
}
ON |= {rtl: ("irqmux", "irqmux-1-bank") for rtl in MODEL}
AUTO = ("bochs", "bochs-irqmux", "qemu", "qemu-irqmux")
# scribe works as long as the campaign goes on: so many operations fit beside a round of scribe's.
OPS_PER_ROUND = 2400
# Bochs's 8259 stops the emulator for modes that it does not have, which are a guest's good right.
REPORT = {"panic": {"PIC": "report"}}
# What a victim prints of time, by which the RTC's periods are merged.
OF_TIME = re.compile(r"^count line=8 |^R08 the RTC|^scribe: words: ")
VERDICT = re.compile(
    r"do=campaign: seed \d+: "
    r"(\d+) operations, (\d+) exceptions, digest ([0-9a-f]+), 0 words wrong \.\.\. ok"
)


@dataclass(frozen=True)
class Run:
    platform: str
    chipset: str
    seed: int
    ops: int

    def __str__(self):
        return f"{self.platform}/{self.chipset}/{self.seed}/{self.ops}"


def parse_run(text):
    try:
        platform, chipset, seed, ops = text.split("/")
        if chipset in ON[platform]:
            return Run(platform, chipset, int(seed), int(ops))
    except (KeyError, ValueError):
        pass
    raise PlatformError(f"{text}: no such run; its form: bochs/pc/7/1000000")


def machine_of(run, args, beside=True):
    machine = Machine(
        vmm=f"console=com1 {CHIPSETS[run.chipset]}",
        platform=run.platform,
        ips=args.ips,
        memory=args.memory,
        build=args.build,
        log_actions=REPORT,
    )
    scribe = SCRIBE.format(rounds=max(40, run.ops // OPS_PER_ROUND))
    if (
        run.platform == "qemu"
    ):  # its 8259 tells again what a replay of its state has dropped (docs/limits.md)
        scribe += " idle=1"
    if run.chipset == "apic":
        scribe += " apic=1"
    vandal = VANDAL.format(seed=run.seed, ops=run.ops) + (
        " gentle=1" if run.platform.startswith("qemu") else ""
    )
    machine.modules = [Module("scribe", scribe)] + ([Module("vandal", vandal)] if beside else [])
    return machine


def of_scribe(result):
    """What the victim printed that is not of time. Where it may find an interrupt without a
    cause (idle=1: pc on QEMU, whose 8259 tells again what a replay has dropped), that may be a
    spurious one as well (docs/limits.md)."""
    texts = [line[len("[scribe] ") :] for line in result.lines if line.startswith("[scribe] ")]
    lenient = any(text.startswith("scribe: words: ") and "idle=1" in text for text in texts)
    return [
        text
        for text in texts
        if not OF_TIME.match(text) and not (lenient and text.startswith("count spurious="))
    ]


def judge(result, alone):
    """(operations, exceptions, digest), and what is wrong, as texts."""
    verdict = next((m.groups() for m in map(VERDICT.search, result.lines) if m), None)
    wrong = [] if result.end == "status" else [result.explain(tail=3)]
    if verdict is None:
        wrong.append("the campaign did not come to its end")
    if of_scribe(result) != alone:
        first = next(
            (pair for pair in zip(of_scribe(result), alone) if pair[0] != pair[1]),
            ("less", "than alone"),
        )
        wrong.append(f"scribe printed '{first[0]}', alone '{first[1]}'")
    bad = ("panic", "external NMI", "unattributed NMI", " ... FAILED")
    wrong += [line for line in result.lines if any(text in line for text in bad)][:3]
    if result.end == "status" and result.status != 0 and not wrong:
        wrong.append(f"status {result.status}")
    return verdict or ("0", "0", ""), wrong


def play(run, alone, args):
    directory = args.build / "campaign" / "runs" / str(run).replace("/", "-")
    started = time.monotonic()
    result = machine_of(run, args).run(directory, timeout=args.timeout)
    (ops, exceptions, digest), wrong = judge(result, alone)
    if not wrong:
        spare(directory)
    return {
        **asdict(run),
        "name": str(run),
        "seconds": round(time.monotonic() - started, 1),
        "done": int(ops),
        "exceptions": int(exceptions),
        "digest": digest,
        "wrong": wrong,
        "console": str(directory / "console.txt"),
    }


def combinations(args):
    """Without an end: each platform and chipset in turn, with seed, seed + 1, ..."""
    platforms = AUTO if args.platforms == "auto" else args.platforms.replace(",", " ").split()
    for platform in platforms:
        choose(platform)
    seed = args.seed
    while True:
        for platform in platforms:
            for chipset in ON[platform]:
                yield Run(platform, chipset, seed, args.ops)
                seed += 1


def campaign(args):
    """Runs until the time is over; the victim alone once for each platform and chipset."""
    runs = iter([parse_run(args.repeat)]) if args.repeat else combinations(args)
    end, records, alone = time.monotonic() + args.minutes * 60, [], {}
    with ThreadPoolExecutor(args.jobs) as pool:

        def work():
            for run in iter(lambda: next(runs, None), None):
                if records and (time.monotonic() > end or args.runs and len(records) >= args.runs):
                    return
                key = (run.platform, run.chipset, run.ops)
                if key not in alone:
                    directory = (
                        args.build / "campaign" / "runs" / f"alone-{run.platform}-{run.chipset}"
                    )
                    alone[key] = of_scribe(
                        machine_of(run, args, beside=False).run(directory, timeout=args.timeout)
                    )
                record = play(run, alone[key], args)
                records.append(record)
                print(
                    f"campaign: {len(records):4} {record['name']:44} {record['exceptions']:8} "
                    f"exceptions, digest "
                    f"{record['digest']} ({record['seconds']} s)"
                    + "".join(f"\n      {w}" for w in record["wrong"]),
                    flush=True,
                )

        for job in [pool.submit(work) for _ in range(args.jobs)]:
            job.result()
    return records


def report(records, args):
    wrong = [record for record in records if record["wrong"]]
    done = sum(record["done"] for record in records)
    print(
        f"\ncampaign: seed {args.seed}: {len(records)} runs, {done} operations, "
        f"{sum(record['exceptions'] for record in records)} exceptions, {len(wrong)} runs wrong"
    )
    for record in wrong:
        print(
            f"campaign: WRONG: seed {record['seed']}: {'; '.join(record['wrong'])}\n"
            f"campaign: once more: make campaign REPEAT={record['name']}; its console: "
            f"{record['console']}"
        )
    path = args.build / "campaign" / "campaign.json"
    path.write_text(
        json.dumps(
            {"seed": args.seed, "minutes": args.minutes, "operations": done, "runs": records},
            indent=1,
        )
        + "\n"
    )
    print(f"campaign: {path}")
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
    parser.add_argument("--minutes", type=float, default=10.0, help="no run begins later")
    parser.add_argument("--runs", type=int, default=0, help="so many runs at most; 0: any number")
    parser.add_argument("--ops", type=int, default=1_000_000, help="operations of a run")
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of the first run, the next ones count on; 0: another each time",
    )
    parser.add_argument(
        "--repeat", default="", help="one run by its name, as a line of this script shows it"
    )
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds that a run may take")
    args = parser.parse_args()
    args.seed = args.seed or random.SystemRandom().randrange(1, 1 << 31)
    args.jobs = max(1, args.jobs)
    return args


def main():
    args = arguments()
    prune(args.build / "campaign" / "runs", keep=100)
    print(
        f"campaign: {args.repeat or f'{args.minutes:g} minutes'}, seed {args.seed}, "
        f"{args.jobs} side by side",
        flush=True,
    )
    return report(campaign(args), args)


if __name__ == "__main__":
    run_script("campaign", main)
