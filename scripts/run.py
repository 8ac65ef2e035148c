#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make run, make demo: one machine with its console, or the demonstration's machines side by side.

Rule: the exit status is 0 only when every machine's verdict is status 0; or, where a key has ended
the demonstration, when no verdict of a guest has failed and nothing was lost.
"""

import argparse
import sys
import tempfile
import termios
import tty
from dataclasses import replace
from pathlib import Path

from signalbox import beside
from signalbox import ConfigError, Machine, Module, choose, load_config
from signalbox.archive import run_record, write_record
from signalbox.com2 import Com2, talker
from signalbox.demo import SECONDS, Demo, with_guest_words
from signalbox.images import is_vmm, with_chipset
from signalbox.media import prune
from signalbox.qemu import TICKS_PER_INSTRUCTION
from signalbox.screen import Screen, can_draw
from signalbox.script import run_script
from signalbox.texts import write_texts
from signalbox.view import record, render

DAY = 24 * 3600
# Memory below 1 MiB, the VMM's own, and what is lost where a VM begins at 2 MiB.
VMM_MIB = 8


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto")
    parser.add_argument("--board", default="pc")
    parser.add_argument("--iommu", default="", help="QEMU's q35: intel or amd")
    parser.add_argument("--firmware", default="bios", help="QEMU: bios or uefi")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--config", type=Path, default=Path("scripts/configs/default.cfg"))
    parser.add_argument(
        "--seconds", default="", help="how long the guests work, in the machine's time"
    )
    parser.add_argument("--loads", default="", help="Linux beside pulse: which loads of Linux")
    parser.add_argument("--timeout", default="", help="seconds of real time")
    parser.add_argument(
        "--disk", default="", help="a file whose copy is the disk of the second IDE channel"
    )
    parser.add_argument("--chipset", default="", help="in the place of the configuration's word")
    parser.add_argument("--view", choices=["0", "1"], default="0", help="1: the demonstration")
    return parser.parse_args()


def options(args):
    """What all machines have in common."""
    return {
        "board": args.board,
        "iommu": args.iommu,
        "firmware": args.firmware,
        "ips": args.ips,
        "memory": args.memory,
        "build": args.build,
    }


def pace(machine):
    """In QEMU, what the machine's time is."""
    if machine.platform not in ("qemu", "qemu-irqmux", "qemu-rtl", "qemu-x2apic"):
        return ""
    return (
        f"; an instruction takes {TICKS_PER_INSTRUCTION} ns of its time"
        if machine.counted
        else "; in real time"
    )


def show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


# ---- One machine ---------------------------------------------------------------------------------


def run_interactively(machine, timeout, com2):
    """Keys go to the VMM's console; Ctrl-C stays ours. com2: further arguments of the run."""
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    print(
        "run: keys go to the VMM's console: help and Enter lists its commands, quit and Enter ends;"
        " so does Ctrl-C"
    )
    try:
        tty.setcbreak(keyboard)
        return machine.run(timeout=timeout, stream=show, keyboard=keyboard, paced=True, **com2)
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def add_words(machine, words):
    """Gives every guest of the machine more words. On the bare machine the whole line is the
    guest's."""
    if machine.vmm is None:
        machine.modules = [replace(m, line=f"{m.line} {words}".strip()) for m in machine.modules]
    else:
        machine.modules = with_guest_words(machine.modules, words)


def check_memory(machine, config):
    """The VMs, their images and the VMM have to fit into the machine."""
    images = (Path(machine.build) / Path(m.image).name for m in machine.modules)
    files = [path if path.exists() else path.parent / "linux" / path.name for path in images]
    bytes_of_files = sum(path.stat().st_size for path in files if path.exists())
    needed = sum(map(beside.memory_of, machine.modules)) + -(-bytes_of_files >> 20) + VMM_MIB
    if needed > machine.memory:
        raise ConfigError(
            f"MEMORY={machine.memory}: the VMs of {config} and their images need {needed} MiB: "
            f"MEMORY={needed} does, or smaller mem= in a file of your own (CONFIG=)"
        )


def refuse_unused(args, demo):
    """A word that would do nothing is refused, so that nobody takes the run for another one."""
    if args.loads:
        raise ConfigError(
            f"LOADS={args.loads}: only Linux beside pulse has loads: make run GUESTS=linux+pulse"
        )
    if demo and args.chipset:
        raise ConfigError(
            f"CHIPSET={args.chipset}: the demonstration has each chipset, side by side; VIEW=0 "
            "runs one"
        )
    if demo and args.disk:
        raise ConfigError(
            f"DISK={args.disk}: the demonstration makes its own disk; GUESTS=bios and CONFIG= "
            "take one"
        )


def machine_of(args, platform):
    """The machine that the configuration describes. A first line that boots a guest, with no
    module after it, is a bare machine."""
    image, words, modules = load_config(args.config)
    boots = {"vmm": words, "modules": modules, "vmm_image": image}
    if not modules and not is_vmm(image):
        boots = {"vmm": None, "modules": [Module(image, words)]}
        if args.chipset:
            raise ConfigError(
                f"CHIPSET={args.chipset}: {args.config} boots a bare machine, which has no VMM"
            )
    elif args.chipset:
        boots["vmm"] = with_chipset(words, args.chipset)
    if args.disk:
        boots["disk"] = Path(args.disk)
    machine = Machine(platform=platform, **boots, **options(args))
    if machine.vmm is not None:
        check_memory(machine, args.config)
    if args.seconds and not beside.find_pair(machine.modules):
        add_words(machine, f"seconds={args.seconds}")
    return machine


def run_one(args, platform, reason):
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    machine = machine_of(args, platform)
    if machine.vmm is not None and beside.find_pair(machine.modules):
        return run_beside(args, platform, reason, machine)
    refuse_unused(args, demo=False)
    print(f"run: {reason}{pace(machine)}", flush=True)
    if machine.counted:
        add_words(machine, machine.unit)
    name = talker(machine.modules)
    tail = Com2(name, show)
    com2 = {"began": tail.began, "stop": tail.look} if name else {}
    if interactive:
        result = run_interactively(machine, float(args.timeout or DAY), com2)
    else:
        result = machine.run(timeout=float(args.timeout or 600), stream=show, **com2)
    tail.look()
    write_record(args.build, "run", [run_record(machine.platform, machine, result)])
    if not result.console.endswith("\n"):
        print()
    for file in write_texts(Path(args.build) / "run", result.console, machine.modules):
        print(f"run: the text of vm {file.stem} is in {file}")
    print(f"run: {result.explain(tail=0)}", flush=True)  # the console has been shown
    if not result.ok and result.end != "interrupted":
        print(f"run: logs are in {result.directory}", flush=True)
    return 0 if result.ok else 130 if result.end == "interrupted" else 1


# ---- Linux beside pulse --------------------------------------------------------------------------


def loads_of(args):
    """Which loads Linux has, one after the other."""
    loads = [load.strip() for load in args.loads.split(",")] if args.loads else beside.LOADS
    for load in loads:
        if load not in beside.LOADS:
            raise ConfigError(f"LOADS={args.loads}: allowed are {', '.join(beside.LOADS)}")
    return loads


def run_beside(args, platform, reason, machine):
    """pulse alone on the bare machine; then Linux with its loads, and pulse beside it. The table
    comes at the end."""
    linux, pulse = beside.find_pair(machine.modules)
    names = beside.name_of(pulse), beside.name_of(linux)
    loads, seconds = loads_of(args), args.seconds or str(beside.SECONDS)
    if not seconds.isdecimal() or seconds == "0":
        raise ConfigError(f"SECONDS={seconds}: a whole number from 1 on, how long each load lasts")
    timeout = float(args.timeout or DAY)
    print(f"run: {reason}{pace(machine)}", flush=True)
    print("run: pulse alone on the bare machine, for comparison", flush=True)
    alone_machine = beside.bare(machine, pulse)
    alone = alone_machine.run(timeout=timeout)
    if not alone.ok:
        print(f"run: {alone.explain()}", flush=True)
        return 1
    print(
        f"run: Linux beside pulse: its boot, then {seconds} s each of: {', '.join(loads)}",
        flush=True,
    )
    machine.modules = beside.with_loads(machine.modules, loads, seconds, machine.unit)
    tail = Com2(names[1], show)
    com2 = {"began": tail.began, "stop": tail.look}
    if sys.stdin.isatty() and sys.stdout.isatty():
        machine.type_in = [(beside.is_over(names[1]), "quit\r")]
        result = run_interactively(machine, timeout, com2)
    else:
        end = beside.Quit(names[1], show)
        result = machine.run(timeout=timeout, stream=end.hear, keyboard=end.keyboard, **com2)
    tail.look()
    write_record(
        args.build,
        "run",
        [run_record("pulse alone", alone_machine, alone), run_record("beside", machine, result)],
    )
    print("\n\n" + "\n".join(line.text for line in beside.render(alone, result, *names)))
    print(f"run: {result.explain(tail=0)}", flush=True)
    return 0 if beside.is_good(result, *names) else 130 if result.end == "interrupted" else 1


# ---- The demonstration ---------------------------------------------------------------------------


def seconds_of(args, drawn):
    """How long pulse measures; 0: until a key ends the run."""
    if not args.seconds:
        return 0 if drawn else SECONDS
    if not args.seconds.isdecimal() or (args.seconds == "0" and not drawn):
        wanted = "a whole number" if drawn else "a whole number from 1 on"
        raise ConfigError(f"SECONDS={args.seconds}: {wanted}, how long the guests work")
    return int(args.seconds)


def run_demo(args, platform, reason):
    """On a screen until a key or SECONDS end it; else for SECONDS, and the table at the end."""
    refuse_unused(args, demo=True)
    drawn = can_draw()
    seconds = seconds_of(args, drawn)
    timeout = float(args.timeout or (DAY if drawn else 600))
    runs = args.build / "runs"
    prune(runs, keep=20)
    directory = Path(tempfile.mkdtemp(prefix="demo-", dir=runs))
    demo = Demo(
        platform,
        directory,
        seconds,
        timeout,
        options(args),
        paced=drawn,
        stream=None if drawn else show,
    )
    print(f"run: {reason}", flush=True)
    with demo:
        if drawn:
            with Screen() as screen:
                demo.watch(screen)
        else:
            print("run: bare, irqmux, pc and soft side by side; the console of pc:", flush=True)
            demo.wait()
            print()
    write_record(
        args.build,
        "run",
        [
            run_record(runner.column.name, runner.machine, runner.result, runner.column.name)
            for runner in demo.runners
            if runner.result
        ],
    )
    print("\n".join(line.text for line in render(demo.columns)))
    print()
    if not drawn:
        print("\n".join(record(runner.column) for runner in demo.runners))
    for runner in demo.runners:
        print(f"run: {runner.explain()}")
    print(f"run: each machine's console is in {directory}/*/console.txt", flush=True)
    return 0 if demo.ok else 1


def main():
    args = arguments()
    platform, reason = choose(args.platform, args.board, args.iommu, args.firmware)
    return (run_demo if args.view == "1" else run_one)(args, platform, reason)


if __name__ == "__main__":
    run_script("run", main)
