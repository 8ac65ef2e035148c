#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make run: boots a configuration and shows its console until the verdict.

Rule: the exit status is 0 only when the console's verdict is status 0.
"""

import argparse
import sys
import termios
import tty
from pathlib import Path

from signalbox import ConfigError, Machine, Module, PlatformError, choose, load_config
from signalbox.bochs import BochsError
from signalbox.media import MediaError
from signalbox.qemu import TICKS_PER_INSTRUCTION, QemuError
from signalbox.session import ends_on_signals


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto")
    parser.add_argument("--board", default="pc")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--config", type=Path, default=Path("scripts/configs/default.cfg"))
    parser.add_argument("--seconds", default="", help="how long the guests work, in the machine's time")
    parser.add_argument("--timeout", default="", help="seconds of real time")
    return parser.parse_args()


def with_guest_words(modules, words):
    """The modules with more words for the guests themselves: those stand after "--"."""
    return [Module(m.image, f"{m.line} {words}" if "--" in m.line.split() else f"{m.line} -- {words}") for m in modules]


def pace(machine):
    """In QEMU, what the machine's time is."""
    if machine.platform not in ("qemu", "qemu-irqmux"):
        return ""
    return f"; an instruction takes {TICKS_PER_INSTRUCTION} ns of its time" if machine.counted else "; in real time"


def show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def run_interactively(machine, timeout):
    """Keys go to the VMM's console; Ctrl-C stays ours."""
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    print("run: keys go to the VMM's console: help and Enter lists its commands, quit and Enter ends; so does Ctrl-C")
    try:
        tty.setcbreak(keyboard)
        return machine.run(timeout=timeout, stream=show, keyboard=keyboard, paced=True)
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def main():
    args = arguments()
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    platform, reason = choose(args.platform, args.board)
    image, vmm, modules = load_config(args.config)
    if args.seconds:
        modules = with_guest_words(modules, f"seconds={args.seconds}")
    machine = Machine(vmm=vmm, modules=modules, vmm_image=image, platform=platform,
                      board=args.board, ips=args.ips, memory=args.memory, build=args.build)
    print(f"run: {reason}{pace(machine)}", flush=True)
    if machine.counted:
        machine.modules = with_guest_words(modules, machine.unit)
    if interactive:
        result = run_interactively(machine, float(args.timeout or 24 * 3600))
    else:
        result = machine.run(timeout=float(args.timeout or 600), stream=show)
    if not result.console.endswith("\n"):
        print()
    print(f"run: {result.explain(tail=0)}", flush=True)  # the console has been shown
    if not result.ok and result.end != "interrupted":
        print(f"run: logs are in {result.directory}", flush=True)
    return 0 if result.ok else 130 if result.end == "interrupted" else 1


if __name__ == "__main__":
    ends_on_signals()
    try:
        sys.exit(main())
    except (BochsError, ConfigError, MediaError, PlatformError, QemuError) as problem:
        sys.exit(f"run: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
