#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make test-foreign: the distribution's own systems, each on the bare machine and in a VM, and what
each says of itself on both (docs/foreign.md).

Rule: the exit status is 0 only when each system said the same on both. The texts stay in a
directory for each system.
"""

import argparse
import json
from pathlib import Path

from signalbox.foreign import (
    choose_platform,
    choose_systems,
    differences,
    fetch,
    play,
    version_of,
)
from signalbox.script import run_script


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto", help="of the VMM: auto or a QEMU without KVM")
    parser.add_argument("--systems", default="", help="names, all without")
    parser.add_argument("--timeout", default="", help="seconds of your time for each run")
    parser.add_argument("--fetch", action="store_true", help="fetch the packages, and end")
    return parser.parse_args()


def write_texts(directory, bare, guest):
    for name, played in (("bare", bare), ("guest", guest)):
        (directory / f"{name}.txt").write_text(played.text)


def play_both(system, args, platform):
    """The system's record, after two runs."""
    directory = args.build / "foreign" / "runs" / system.name
    timeout = float(args.timeout or 300)
    version = version_of(system, args.build)
    print(f"foreign: {system.name}: {system.title} {version}".rstrip(), flush=True)
    bare = play(system, args.build, None, directory / "bare", timeout)
    guest = play(system, args.build, platform, directory / "guest", timeout)
    write_texts(directory, bare, guest)
    found = differences(bare, guest)
    for line in [said for said in guest.said if said]:
        print(f"  says: {line[:72]}")
    for line in found:
        print(f"  differs: {line}")
    times = f"bare {bare.seconds:.0f} s, guest {guest.seconds:.0f} s"
    print(f"  {'differs' if found else 'the same'}; {times}", flush=True)
    return {
        "system": system.name,
        "title": system.title,
        "version": version,
        "platform": platform,
        "bare": bare.said,
        "guest": guest.said,
        "differences": found,
        "seconds": [round(bare.seconds, 1), round(guest.seconds, 1)],
    }


def main():
    args = arguments()
    systems = choose_systems(args.systems.replace(",", " ").split())
    whole = fetch(systems, args.build)
    if args.fetch or not whole:
        return 0 if whole else 1
    platform = choose_platform(args.platform)
    records = [play_both(system, args, platform) for system in systems]
    good = sum(not record["differences"] for record in records)
    (args.build / "foreign" / "foreign.json").write_text(json.dumps(records, indent=1) + "\n")
    print(f"foreign: {good} of {len(records)} said the same on {platform} as on the bare machine")
    print(f"foreign: {args.build}/foreign has foreign.json, and the whole texts in runs/")
    return 0 if good == len(records) else 1


if __name__ == "__main__":
    run_script("foreign", main)
