#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make legs: the system tests of each leg, TIMES times, and a table of the tests that are flaky.

Rule: a run is a `make system` of its own, so nothing is kept from the run before. The runs of one
version of the tree add up over several calls (BUILD/legs/legs.json). A test is flaky where it both
passed and failed in the runs of one leg. The status is 1 while a test has failed in any of them.
"""

import argparse
import json
import os
import subprocess
import time
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

from signalbox.script import run_script

# Platform and board of each leg that an ordinary machine can play (docs/testing.md).
LEGS = ("bochs/pc", "bochs-irqmux/pc", "qemu/pc", "qemu/q35", "qemu-irqmux/pc")
# What make gives to its children, and would change a make of theirs.
OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "PLATFORM", "BOARD", "TESTS")


def version():
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return said.stdout.strip() or "no git"


def outcomes(path):
    """By test: passed, failed or skipped, of pytest's report; {} where the run left none."""
    try:
        cases = xml.parse(path).getroot().iter("testcase")
    except (OSError, xml.ParseError):
        return {}
    found = {}
    for case in cases:
        kinds = {child.tag for child in case}
        name = f"{case.get('classname')}::{case.get('name')}"
        failed = kinds & {"failure", "error"}
        found[name] = "failed" if failed else "skipped" if "skipped" in kinds else "passed"
    return found


def play(leg, number, args):
    """One run of a leg, as a record."""
    platform, board = leg.split("/")
    directory = (args.build / "legs" / leg.replace("/", "-")).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    report, log = directory / f"{number}.xml", directory / f"{number}.txt"
    report.unlink(missing_ok=True)
    command = ["make", "system", f"PLATFORM={platform}", f"BOARD={board}", f"BUILD={args.build}"]
    command += [f"JOBS={args.jobs}", f"TESTS={args.tests} --junitxml='{report}'"]
    environment = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    begun = time.monotonic()
    with open(log, "wb") as out:
        done = subprocess.run(
            command, env=environment, stdout=out, stderr=subprocess.STDOUT, check=False
        )
    found = outcomes(report)
    failed = sorted(name for name, how in found.items() if how == "failed")
    if not found or (done.returncode != 0 and not failed):
        failed.append(f"make system: status {done.returncode}: {log}")
    return {
        "leg": leg,
        "version": args.version,
        "tests": args.tests,
        "seconds": round(time.monotonic() - begun),
        "passed": sorted(name for name, how in found.items() if how == "passed"),
        "skipped": sum(how == "skipped" for how in found.values()),
        "failed": failed,
    }


def table(records):
    """Lines of text: a row for each leg, and a row for each test that failed."""
    lines = [f"{'leg':20}{'runs':>6}{'green':>7}{'tests':>7}{'skipped':>9}  failed, of its runs"]
    for leg in dict.fromkeys(record["leg"] for record in records):
        runs = [record for record in records if record["leg"] == leg]
        green = sum(not run["failed"] for run in runs)
        most = max(len(run["passed"]) + len(run["failed"]) + run["skipped"] for run in runs)
        skipped = max(run["skipped"] for run in runs)
        lines.append(f"{leg:20}{len(runs):6}{green:7}{most:7}{skipped:9}")
        failed = Counter(name for run in runs for name in run["failed"])
        passed = Counter(name for run in runs for name in run["passed"])
        for name, times in sorted(failed.items()):
            kind = "flaky" if passed[name] else "fails"
            lines.append(f"  {kind}: {name}: {times} of {times + passed[name]}")
    return lines


def report(records, args):
    mine = [record for record in records if record["version"] == args.version]
    print(f"\nlegs: {args.version}\n" + "\n".join(table(mine)))
    return 1 if not mine or any(record["failed"] for record in mine) else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument(
        "--legs",
        default="auto",
        help=f"a list of PLATFORM or PLATFORM/BOARD; auto: {' '.join(LEGS)}",
    )
    parser.add_argument(
        "--times", type=int, default=10, help="runs of each leg; 0: the table alone"
    )
    parser.add_argument("--tests", default="tests/system", help="as for make system")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    names = args.legs.replace(",", " ").split()
    args.legs = LEGS if args.legs == "auto" else [n if "/" in n else f"{n}/pc" for n in names]
    args.version = version()
    return args


def main():
    args = arguments()
    path = args.build / "legs" / "legs.json"
    records = json.loads(path.read_text()) if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(args.times):
        for leg in args.legs:
            number = sum(record["leg"] == leg for record in records) + 1
            records.append(play(leg, number, args))
            path.write_text(json.dumps(records, indent=1) + "\n")
            last = records[-1]
            print(
                f"legs: {leg}, run {number}: {len(last['passed'])} passed, "
                f"{last['skipped']} skipped, {len(last['failed'])} failed ({last['seconds']} s)"
                + "".join(f"\n      {name}" for name in last["failed"]),
                flush=True,
            )
    return report(records, args)


if __name__ == "__main__":
    run_script("legs", main)
