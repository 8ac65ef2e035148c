# SPDX-License-Identifier: BSD-2-Clause
"""A QEMU whose emulated processor has x2APIC, beside SVM: for chipset=apic.

Rule: the machine is the platform qemu's, word for word. The program is QEMU from version 10 on:
the one that is installed, or Debian 13's in the cache (scripts/qemu_x2apic.sh).
"""

import os
from pathlib import Path

from . import qemu
from .qemu import QemuError, begun, read_log  # noqa: F401: an emulator's module has them

CONSOLE_ON_STDIO = qemu.CONSOLE_ON_STDIO
# The file that names the program.
PROGRAM = Path("emulators/qemu-x2apic/program")
NONE = "none: "


def why_none(build):
    """None where there is a program, else the reason."""
    path = Path(build).resolve() / PROGRAM
    try:
        said = path.read_text().strip()
    except OSError:
        return f"no {path}: make run PLATFORM=qemu-x2apic makes it"
    return said.removeprefix(NONE) if said.startswith(NONE) else None


def executable(build):
    reason = why_none(build)
    if reason:
        raise QemuError(f"PLATFORM=qemu-x2apic: {reason}")
    return (Path(build).resolve() / PROGRAM).read_text().strip()


def configure(machine, directory, iso, disk, _serial_device):
    """The command and its environment."""
    if machine.paths:
        raise QemuError("paths are counted on the installed QEMU: PLATFORM=qemu")
    program = executable(machine.build)
    return qemu.command_line(machine, directory, iso, disk, program), dict(os.environ)
