#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make test-nested: Signalbox as a guest of a nesting KVM, on emulated SVM and VMX.

Rule: the exit status is 0 only when every run of every vendor was judged good.
"""

import argparse
import sys
import time
from pathlib import Path

from signalbox.nested import FULL, QUICK, VENDORS, outer_machine, problems, table
from signalbox.script import run_script

# Seconds of the user's time: until the machine is given up, and between two signs of life.
TIMEOUT, SIGN = 3600.0, 15.0


class Progress:
    """Shows what the machine says of its runs, and now and then the last line of a run."""

    def __init__(self, vendor):
        self.vendor = vendor
        self.began = self.shown = time.monotonic()
        self.rest = ""
        self.last = "the machine boots"

    def say(self, text):
        self.shown = time.monotonic()
        print(f"  {self.shown - self.began:4.0f} s  {self.vendor}: {text}", flush=True)

    def stream(self, text):
        *lines, self.rest = (self.rest + text).split("\n")
        for line in map(str.strip, lines):
            if line.startswith("nested: "):
                self.say(line.removeprefix("nested: "))
            if line and not line.endswith("|"):
                self.last = line

    def look(self):
        """Never ends the run; called all the time."""
        if time.monotonic() - self.shown > SIGN:
            self.say(f"... {self.last}")
        return False


def play(vendor, runs, args):
    """All runs on one vendor's machine; what is wrong with them."""
    directory = (args.build / "nested" / vendor).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    packages = (args.build / "nested").resolve()
    machine = outer_machine(runs, vendor, packages, args.build, directory)
    progress = Progress(vendor)
    result = machine.run(
        directory, timeout=args.timeout, stream=progress.stream, stop=progress.look
    )
    print(f"\n{table(result.console)}\n", flush=True)
    found = [] if result.ok else [result.explain()]
    found += problems(result.console, runs, vendor)
    for problem in found:
        print(f"nested: {vendor}: {problem}", flush=True)
    what = f"{len(found)} wrong" if found else "all as it has to be"
    print(f"nested: {vendor}: {len(runs)} runs, {what}; {directory}/console.txt", flush=True)
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--vendors", default=" ".join(VENDORS))
    parser.add_argument("--runs", default="", help=f"some of: {' '.join(FULL)} (default: all)")
    parser.add_argument("--quick", action="store_true", help=f"the runs {' '.join(QUICK)} alone")
    parser.add_argument("--timeout", type=float, default=TIMEOUT)
    return parser.parse_args()


def main():
    args = arguments()
    runs = QUICK if args.quick else FULL
    wanted = args.runs.split()
    unknown = [name for name in wanted if name not in FULL]
    unknown += [name for name in args.vendors.split() if name not in VENDORS]
    if unknown:
        sys.exit(
            f"nested: {unknown[0]}: no such run or vendor; there are the runs {', '.join(FULL)},"
            f" and the vendors {', '.join(VENDORS)}"
        )
    if wanted:
        runs = {name: FULL[name] for name in wanted}
    wrong = [play(vendor, runs, args) for vendor in args.vendors.split()]
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    run_script("nested", main)
