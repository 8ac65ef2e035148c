#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make debug: the machine stops before the VMM's first C function, with symbols loaded.

QEMU: it waits for gdb, which is started on the VMM's 64-bit image. Bochs has no gdb stub in
Debian's build: its own debugger comes up on this terminal, with the VMM's symbols and a
breakpoint.
"""

import argparse
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from signalbox import Machine, PlatformError, bochs, choose, load_config
from signalbox.media import MediaError
from signalbox.qemu import command_line
from signalbox.script import run_script

BREAKPOINT = "vmm_main"
COMMANDS = Path(__file__).resolve().with_name("gdb_signalbox.py")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--platform", default="auto")
    parser.add_argument("--board", default="pc")
    parser.add_argument("--ips", type=int, default=20_000_000)
    parser.add_argument("--memory", type=int, default=256)
    parser.add_argument("--config", type=Path, default=Path("scripts/configs/default.cfg"))
    return parser.parse_args()


def symbols(image):
    """(address, name) of every symbol of an image's text and data, by nm."""
    done = subprocess.run(
        ["nm", "--defined-only", str(image)], stdout=subprocess.PIPE, text=True, check=True
    )
    found = (line.split() for line in done.stdout.splitlines())
    return [
        (int(words[0], 16), words[2])
        for words in found
        if len(words) == 3 and words[1] in "TtDdBbRr"
    ]


def debug_in_bochs(machine, directory, iso, disk, elf):
    table = symbols(elf)
    start = dict((name, address) for address, name in table).get(BREAKPOINT)
    if start is None:
        raise MediaError(f"no symbol {BREAKPOINT} in {elf}")
    (directory / "symbols.txt").write_text(
        "".join(f"{address:x} {name}\n" for address, name in table)
    )
    (directory / "debugger.rc").write_text(f'ldsym global "symbols.txt"\nlb 0x{start:x}\nc\n')
    text = bochs.configuration(
        machine, iso, disk, None, ['display_library: rfb, options="timeout=0"', *bochs.STOCK]
    )
    (directory / "bochsrc").write_text(text)
    print(
        f"debug: Bochs's debugger; it stops at {BREAKPOINT}. help lists its commands; bt, r, s, n,"
        " c, u, x /8gx ADDRESS,"
    )
    print(
        'debug: b "SYMBOL"; Ctrl-C stops the machine, q ends. The console goes to'
        f" {directory}/com1.txt"
    )
    print("debug: (tail -f it in a second terminal)", flush=True)
    return subprocess.call(
        bochs.command(), cwd=directory, env=bochs.environment(os.environ.get("TERM", "xterm"))
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def debug_in_qemu(machine, directory, iso, disk, elf):
    port = free_port()
    command = command_line(machine, directory, iso, disk) + ["-gdb", f"tcp:127.0.0.1:{port}", "-S"]
    command[command.index("stdio")] = f"file:{directory / 'com1.txt'}"
    print(f"debug: QEMU waits; the console goes to {directory}/com1.txt", flush=True)
    machine_process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        # A hardware breakpoint: the image is loaded over whatever a software one would write now.
        print(
            "debug: beside gdb's own commands there are vms, lines, trace N and vmm-log", flush=True
        )
        return subprocess.call(
            [
                "gdb",
                "-q",
                str(elf),
                "-x",
                str(COMMANDS),
                "-ex",
                "set architecture i386:x86-64",
                "-ex",
                f"target remote 127.0.0.1:{port}",
                "-ex",
                f"hbreak {BREAKPOINT}",
                "-ex",
                "continue",
            ]
        )
    finally:
        machine_process.kill()
        machine_process.wait()


def main():
    args = arguments()
    platform, reason = choose(args.platform, args.board)
    if platform.endswith(("-irqmux", "-rtl")):
        raise PlatformError(
            f"PLATFORM={platform}: no debugger is at hand there. Use PLATFORM=bochs, qemu or kvm"
        )
    print(f"debug: {reason}")
    image, vmm, modules = load_config(args.config)
    machine = Machine(
        vmm=vmm,
        modules=modules,
        vmm_image=image,
        platform=platform,
        board=args.board,
        exact=False,
        ips=args.ips,
        memory=args.memory,
        build=args.build,
    )
    runs = args.build / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    _, directory, iso, disk = machine.prepare(tempfile.mkdtemp(prefix="debug-", dir=runs))
    # Ctrl-C is the debugger's: it stops the machine.
    signal.signal(signal.SIGINT, lambda *_: None)
    debug = debug_in_qemu if platform in ("kvm", "qemu") else debug_in_bochs
    return debug(machine, directory, iso, disk, (args.build / "signalbox.elf").resolve())


if __name__ == "__main__":
    run_script("debug", main)
