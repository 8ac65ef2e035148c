#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make debug: the machine stops before the VMM's first C function, with symbols loaded.

QEMU: it waits for gdb, which is started on the VMM's 64-bit image, and knows the symbols of the
guests. Bochs has no gdb stub in Debian's build: its own debugger comes up on this terminal, with
the VMM's symbols and a breakpoint.
"""

import argparse
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from signalbox import (
    ConfigError,
    Machine,
    PlatformError,
    beside,
    bochs,
    choose,
    load_config,
    qemu,
    qemu_irqmux,
)
from signalbox.media import MediaError, find_image
from signalbox.platforms import ON_KVM, ON_QEMU
from signalbox.script import run_script

BREAKPOINT = "vmm_main"
COMMANDS = Path(__file__).resolve().with_name("gdb_signalbox.py")
# The plugin with which a debugger sees a guest's memory.
GUEST_VIEW = Path("emulators/qemu/guest_view.so")
# A guest's first function in C, by the names that are usual. Another guest stops at its entry.
FIRST = ("guest_main", "kernel_main", "kmain", "start_kernel", "main")


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
        "--guest", default="", help="a VM's name: the machine stops in that VM's guest first"
    )
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


# ---- The guests' symbols -------------------------------------------------------------------------


def file_with_symbols(image, build):
    """The file with the symbols of a guest's image: NAME.elf beside the image, or the image itself;
    None where neither is an ELF file with symbols."""
    path = find_image(image, build).resolve()
    for one in (path.with_name(path.name + ".elf"), path):
        if one.is_file() and one.open("rb").read(4) == b"\x7fELF" and symbols(one):
            return one
    return None


def guests_of(modules, build):
    """By VM: the file with the symbols of its guest."""
    found = {}
    for module in modules:
        name = beside.name_of(module)
        path = file_with_symbols(module.image, build) if name else None
        if path:
            found[name] = path
    return found


def first_place(path):
    """Where a guest begins, as a breakpoint's place."""
    names = {name for _, name in symbols(path)}
    for name in FIRST:
        if name in names:
            return name
    header = path.open("rb").read(32)
    wide = header[4] == 2  # ELFCLASS64
    return f"*{int.from_bytes(header[24 : 32 if wide else 28], 'little'):#x}"


def words_of_guests(guests, name):
    """gdb's commands for the guests' symbols and for the first breakpoint: in the guest that is
    named, else in the VMM."""
    known = [f'guest-symbols {vm} "{path}"' for vm, path in guests.items()]
    first = f"guest-break {name} {first_place(guests[name])}" if name else f"hbreak {BREAKPOINT}"
    return [*known, first]


def check_guest(name, modules, guests):
    """ConfigError: no VM has the name, or the guest has no symbols."""
    vms = [vm for vm in map(beside.name_of, modules) if vm]
    if name and name not in vms:
        raise ConfigError(f"GUEST={name}: no VM has that name; there are: {' '.join(vms)}")
    if name and name not in guests:
        raise ConfigError(
            f"GUEST={name}: the guest's image has no symbols, and there is no IMAGE.elf beside the"
            f" image. In gdb, guest-symbols {name} FILE names a file"
        )


# ---- The debuggers -------------------------------------------------------------------------------


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


def qemu_command(machine, directory, iso, disk):
    """QEMU's command, with the block where the platform has the block, and its environment."""
    if machine.platform in qemu_irqmux.PLUGINS:
        command, environment = qemu_irqmux.configure(machine, directory, iso, disk, None)
    else:
        command, environment = qemu.command_line(machine, directory, iso, disk), None
    if machine.platform not in ON_KVM:
        command += ["-plugin", qemu.option((machine.build / GUEST_VIEW).resolve())]
    command[command.index("stdio")] = f"file:{directory / 'com1.txt'}"
    return command, environment


def debug_in_qemu(machine, directory, iso, disk, elf, in_guests):
    """in_guests: gdb's commands of words_of_guests()."""
    port = free_port()
    command, environment = qemu_command(machine, directory, iso, disk)
    command += ["-gdb", f"tcp:127.0.0.1:{port}", "-S"]
    print(f"debug: QEMU waits; the console goes to {directory}/com1.txt", flush=True)
    machine_process = subprocess.Popen(
        command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    print(
        "debug: beside gdb's own commands there are vms, lines, trace N, vmm-log, guest-symbols and"
        " guest-break",
        flush=True,
    )
    # A hardware breakpoint: the image is loaded over whatever a software one would write now.
    words = ["set architecture i386:x86-64", f"target remote 127.0.0.1:{port}"]
    words += [*in_guests, "continue"]
    try:
        options = [option for word in words for option in ("-ex", word)]
        return subprocess.call(["gdb", "-q", "--readnow", str(elf), "-x", str(COMMANDS), *options])
    finally:
        machine_process.kill()
        machine_process.wait()


def main():
    args = arguments()
    platform, reason = choose(args.platform, args.board, args.iommu, args.firmware)
    if platform.startswith("bochs-"):
        raise PlatformError(
            f"PLATFORM={platform}: that Bochs is built without a debugger. PLATFORM=qemu-irqmux and"
            " qemu-rtl have the block and gdb; PLATFORM=bochs has Bochs's own debugger"
        )
    image, vmm, modules = load_config(args.config)
    guests = guests_of(modules, args.build)
    check_guest(args.guest, modules, guests)
    if args.guest and platform not in ON_QEMU:
        raise PlatformError(
            f"GUEST={args.guest}: Bochs's debugger knows the VMM's symbols alone. PLATFORM=qemu has"
            " gdb"
        )
    print(f"debug: {reason}")
    machine = Machine(
        vmm=vmm,
        modules=modules,
        vmm_image=image,
        platform=platform,
        board=args.board,
        iommu=args.iommu,
        firmware=args.firmware,
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
    elf = machine.symbols.resolve()
    if platform in ON_QEMU:
        in_guests = words_of_guests(guests, args.guest)
        return debug_in_qemu(machine, directory, iso, disk, elf, in_guests)
    return debug_in_bochs(machine, directory, iso, disk, elf)


if __name__ == "__main__":
    run_script("debug", main)
