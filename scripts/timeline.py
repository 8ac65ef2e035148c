#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make trace: runs a configuration in an emulator, and writes the timeline of the run: JSON for
Perfetto and Chrome, and CTF for babeltrace2 and Trace Compass.

Rule: each run of this script has a directory of its own. What looks on in the emulator takes none
of the machine's time. The VMM's own trace costs the VMM time at each exit and entry
(docs/timeline.md).
"""

import argparse
import time
from pathlib import Path

from measure import link_latest, new_directory
from run import add_words, machine_of
from signalbox import (
    ConfigError,
    PlatformError,
    archive,
    beside,
    choose,
    find_records,
    lines,
    load_config,
)
from signalbox.archive import run_record, write_record
from signalbox.ctf import write_ctf
from signalbox.media import spare
from signalbox.moments import (
    FILE,
    Filter,
    FilterError,
    read_events,
    read_moments,
    ring_of,
    vm_names,
)
from signalbox.qemu import option
from signalbox.report_timeline import store
from signalbox.script import run_script
from signalbox.timeline import Timeline, order, write_json

COUNTED = ("qemu", "qemu-irqmux", "qemu-rtl")
# Here the block's own device looks on (emulators/bochs/timeline.cc).
BY_DEVICE = "bochs-irqmux"
SECOND = 1_000_000_000  # ns


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto", help=" ".join((*COUNTED, BY_DEVICE)))
    parser.add_argument("--board", default="pc")
    parser.add_argument("--iommu", default="", help="QEMU's q35: intel or amd")
    parser.add_argument("--firmware", default="bios", help="QEMU: bios or uefi")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--config", type=Path, default=Path("scripts/configs/default.cfg"))
    parser.add_argument("--chipset", default="", help="in the place of the configuration's word")
    parser.add_argument("--seconds", default="", help="how long the guests work")
    parser.add_argument("--timeout", default="", help="seconds of real time")
    parser.add_argument(
        "--disk", default="", help="a file whose copy is the disk of the second IDE channel"
    )
    parser.add_argument(
        "--filter",
        default="",
        help="which moments to write: vm=NAMES line=NUMBERS event=NAMES, each also with a minus in"
        " front (--filter='-event=port'), and -com1",
    )
    return parser.parse_args()


def platform_of(args):
    """auto is QEMU, whose plugin sees most of the machine."""
    if args.platform == "auto":
        return "qemu"
    platform, _ = choose(args.platform, args.board, args.iommu, args.firmware)
    if platform not in (*COUNTED, BY_DEVICE):
        raise PlatformError(
            f"PLATFORM={platform}: the timeline is seen by a plugin of QEMU without KVM, or by the "
            f"chipset block of Bochs: PLATFORM={' or '.join((*COUNTED, BY_DEVICE))}"
        )
    return platform


def traced_machine(args, directory):
    machine = machine_of(args, platform_of(args))
    if machine.vmm is None:
        raise ConfigError(f"{args.config}: a bare machine has no VMM whose trace could be drained")
    machine.vmm = f"{machine.vmm} trace=on".strip()
    add_words(machine, machine.unit)
    address, entries = ring_of(machine.symbols)
    if machine.platform == BY_DEVICE:
        machine.environment["IRQMUX_TIMELINE"] = str(directory / FILE)
        machine.environment["IRQMUX_TRACE"] = f"{address:#x}:{entries}"
        return machine
    words = lines.plugin_words(args.build, directory, 1 << machine.shift, 0, (), 0)
    words[1] += f",timeline={option(directory / FILE)},ring={address:#x},entries={entries}"
    machine.extra = words
    return machine


def tick_of(machine):
    """The ns of an instruction, where the file has instructions for ns."""
    return SECOND // machine.ips if machine.platform == BY_DEVICE else None


def owners_of(console):
    """By line, the names of the VMs that own it, as the VMM reports them."""
    return {
        int(r["irq"]): r["owner"].split("+")
        for r in find_records(console, "line")
        if r["owner"] not in ("-", "vmm")
    }


def summary(timeline):
    """Lines of text: each row with its intervals and marks."""
    return [
        f"  {row.name:24} {len(row.intervals):9,} {len(row.marks):9,}"
        for row in sorted(timeline.shown(), key=order)
    ]


def write_files(moments, timeline, directory, about):
    write_ctf(moments, directory / "ctf", about)
    write_json(timeline, directory / "timeline.json", about)


def about(args, machine, result):
    tree = archive.describe()
    return {
        "signalbox": tree["version"],
        "commit": tree["commit"],
        "emulator": archive.version_of_emulator(machine, result),
        "platform": machine.platform,
        "configuration": str(args.config),
        "vmm": machine.vmm,
    }


def filter_of(args, names=None):
    """The filter of the words. Before the run, the names of the VMs are those of the file."""
    if names is None:
        _, _, modules = load_config(args.config)
        names = filter(None, map(beside.name_of, modules))
    events = [name for name, _ in read_events().events]
    try:
        return Filter(args.filter, names, events)
    except FilterError as problem:
        raise ConfigError(f"FILTER: {problem}") from problem


def main():
    args = arguments()
    filter_of(args)
    directory = new_directory(args.build / "trace", args.config.stem, time.gmtime()).resolve()
    machine = traced_machine(args, directory)
    print(f"trace: {args.config} on {machine.platform}", flush=True)
    result = machine.run(directory, timeout=float(args.timeout or 600))
    print(f"trace: {result.explain()}", flush=True)
    names = vm_names(result.console, map(beside.name_of, machine.modules))
    moments, lost = read_moments(directory, names, tick_of(machine))
    moments = filter_of(args, names).apply(moments)
    timeline = Timeline(owners_of(result.console)).take(moments)
    kept = store(timeline, sorted(timeline.shown(), key=order))
    run = run_record(machine.platform, machine, result, timeline=kept)
    record = write_record(args.build, "run", [run])
    write_files(moments, timeline, directory, about(args, machine, result))
    spare(directory)
    (directory / FILE).unlink()
    link_latest(directory)
    print(f"  {'row':24} {'intervals':>9} {'marks':>9}")
    print("\n".join(summary(timeline)))
    if lost:
        print(f"trace: {lost} entries of the VMM's trace were overwritten before they were read")
    print(f"trace: {len(moments):,} moments in {directory}: timeline.json ctf", flush=True)
    print(f"trace: {record}: make report makes a page of the record", flush=True)
    return 0 if result.ok else 1


if __name__ == "__main__":
    run_script("trace", main)
