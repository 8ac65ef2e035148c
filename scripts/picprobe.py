#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plays picprobe in the emulators and compares their 8259s with the model: picprobe.py [--words
WORDS] [PLATFORM...]

Rule: it prints what docs/differential.md and its test call the figures; the status is 0 when the
rules explain each answer that differs. Build the guests and picprobe-host first (make all
picprobe-host).
"""

import argparse
import sys
from pathlib import Path

from signalbox import Machine, Module
from signalbox.transcripts import (
    DIFFERENCES,
    OPTIONS,
    WORDS,
    TranscriptError,
    count_answers,
    differences,
    parse_transcript,
    play_on_host,
)


def show(found, limit=5):
    for program, number, one, other in found[:limit]:
        print(f"    {program}, answer {number}: {one}, and by the rules {other}")


def compare(platform, words, build):
    """Boot, and lay the transcript beside the model's and the rules'; how many answers nothing
    explains."""
    machine = Machine(
        vmm=None,
        modules=[Module("picprobe", words)],
        platform=platform,
        build=build,
        **OPTIONS[platform],
    )
    result = machine.run(timeout=900)
    if not result.ok:
        print(result.explain())
        return 1
    seen, model = parse_transcript(result.console), play_on_host(build, words)
    rules = DIFFERENCES.get(platform, [])
    unexplained = differences(seen, play_on_host(build, words, rules))
    apart = differences(seen, model)
    print(
        f"{platform}: {len(seen)} programs, {count_answers(seen)} answers; {len(apart)} are not the"
        f" model's, in {len({d[0] for d in apart})} programs; {len(unexplained)} are unexplained"
    )
    show(unexplained)
    for rule in rules:
        without = play_on_host(build, words, [r for r in rules if r != rule])
        print(f"  {rule:20} {len(differences(seen, without))}")
    return len(unexplained)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--words", default=WORDS)
    parser.add_argument(
        "platforms",
        nargs="*",
        default=["qemu", "bochs"],
        metavar="PLATFORM",
        help=", ".join(OPTIONS),
    )
    args = parser.parse_args()
    return (
        0
        if sum(compare(platform, args.words, args.build) for platform in args.platforms) == 0
        else 1
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (TranscriptError, KeyError) as problem:
        sys.exit(f"picprobe: {problem}")
