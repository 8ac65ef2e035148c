# SPDX-License-Identifier: BSD-2-Clause
"""Stock Bochs: its configuration, and how it is made to run without a screen and the same way
each time.

Rule: one instruction is one TSC tick, and a run repeats to the byte. The debugger is on: some
builds of Bochs execute runs of instructions at once, and the debugger alone makes them stop after
each instruction. Bochs scales the PIT's timer by the host's clock, so that clock stands still
(libfaketime); no display port is opened, the text display goes to a terminal of our own.
"""

import functools
import glob
import os
import re
import subprocess
from pathlib import Path

from .media import DISK_HEADS, DISK_SECTORS, disk_cylinders

CONSOLE_ON_STDIO = False
TIME0 = 946684800  # 2000-01-01, the RTC's start
# Debian's directory, Fedora's, Arch's.
LIBFAKETIME = [f"/usr/{place}/faketime/libfaketime.so.1" for place in ("lib/*", "lib64", "lib")]

# The distribution's build has sound.
STOCK = ["sound: driver=dummy"]

# Ways to power off that Bochs reports as a panic.
POWER_OFF = re.compile(r"Shutdown port: shutdown requested|soft power off")

ROMS = [
    ("/usr/share/bochs/BIOS-bochs-latest", "bochsbios"),
    ("/usr/share/bochs/VGABIOS-lgpl-latest", "vgabios"),
]


class BochsError(Exception):
    """Bochs cannot be used here."""


def executable():
    for directory in os.environ.get("PATH", "/usr/bin").split(os.pathsep):
        for name in ("bochs-bin", "bochs"):
            path = Path(directory) / name
            if os.access(path, os.X_OK):
                return str(path)
    raise BochsError("no Bochs: the package bochs is missing (make setup)")


@functools.cache
def debugger_option(program):
    """The words that switch the debugger of this Bochs on. Bochs 2.7 with a debugger has no such
    word: its debugger is always on. A Bochs with no debugger has none either."""
    said = subprocess.run(
        [program, "--help"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    ).stdout
    return ["-debugger"] if re.search(r"^\s+-debugger\s", said, re.M) else []


def command():
    """The command that runs Bochs in a directory with the files bochsrc and debugger.rc: the
    debugger executes the commands of debugger.rc first."""
    program = executable()
    return [program, *debugger_option(program), "-q", "-f", "bochsrc", "-rc", "debugger.rc"]


def log_lines(actions):
    """Log actions: what a device's event does. Defaults first, then the devices that a test
    treats on its own."""
    lines = []
    for event, default in (
        ("panic", "fatal"),
        ("error", "ignore"),
        ("info", "ignore"),
        ("debug", "ignore"),
    ):
        own = dict(actions.get(event, {}))
        words = [f"action={own.pop('all', default)}"] + [
            f"{device.lower()}={what}" for device, what in own.items()
        ]
        lines.append(f"{event}: " + ", ".join(words))
    return lines


def quoted(path):
    """A path as the configuration takes it: quotes keep its blanks and commas; a quote of its
    own cannot be said."""
    if '"' in str(path):
        raise BochsError(f"{path}: Bochs takes no path with a double quote")
    return f'"{path}"'


def configuration(machine, iso, disk, serial_device, own):
    """own: lines that this build of the emulator understands, its display's for one."""
    com1 = f"mode=term, dev={serial_device}" if serial_device else "mode=file, dev=com1.txt"
    lines = [
        f"romimage: file={ROMS[0][0]}, options=fastboot",
        f"vgaromimage: file={ROMS[1][0]}",
        f"megs: {machine.memory}",
        "boot: cdrom",
        "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
        f"ata0-master: type=cdrom, path={quoted(iso)}, status=inserted",
        "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15",
        f"cpu: model={machine.cpu}, count=1, ips={machine.ips}, reset_on_triple_fault=0",
        f"clock: sync=none, time0={TIME0}",
        f"com1: enabled=1, {com1}",
        "com2: enabled=1, mode=file, dev=com2.bin",
        "vga: extension=vbe, update_freq=5, realtime=0",
        "speaker: enabled=0",
        "log: bochs.log",
        "port_e9_hack: enabled=1",
    ]
    if machine.com4:
        lines.append("com4: enabled=1, mode=null")
    if disk:
        lines.append(
            f"ata1-master: type=disk, path={quoted(disk)}, mode=flat, "
            f"cylinders={disk_cylinders(disk)}, heads={DISK_HEADS}, spt={DISK_SECTORS}"
        )
    return "\n".join(lines + own + log_lines(machine.log_actions) + machine.extra) + "\n"


def environment(terminal="xterm"):
    env = dict(os.environ, TERM=terminal, LINES="25", COLUMNS="80")
    frozen = [path for pattern in LIBFAKETIME for path in glob.glob(pattern)]
    if frozen:
        env.update(LD_PRELOAD=frozen[0], FAKETIME="2000-01-01 00:00:00", TZ="UTC")
    return env


def write_configuration(machine, directory, iso, disk, serial_device, own):
    for rom, package in ROMS:
        if not os.path.exists(rom):
            raise BochsError(f"no {rom}: the package {package} is missing (make setup)")
    (directory / "bochsrc").write_text(configuration(machine, iso, disk, serial_device, own))


def configure(machine, directory, iso, disk, serial_device):
    """Write the configuration into directory; the command that runs it there, and its
    environment."""
    write_configuration(
        machine, directory, iso, disk, serial_device, ["display_library: term", *STOCK]
    )
    # The debugger waits for a command: continue, and quit where it stops.
    (directory / "debugger.rc").write_text("c\nq\n")
    return command(), environment()


def read_log(directory):
    """(panics, the log's text)."""
    try:
        log = (directory / "bochs.log").read_text(errors="replace")
    except OSError:
        return [], ""
    panics = [
        line for line in log.splitlines() if ">>PANIC<<" in line and not POWER_OFF.search(line)
    ]
    return panics, log
