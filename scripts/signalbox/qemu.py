# SPDX-License-Identifier: BSD-2-Clause
"""Stock QEMU: with KVM where the host nests VMX; without KVM only for guests on the bare machine, for TCG has no VMX.

Rule: the verdict is the console's line. How QEMU itself ends says nothing.
"""

import os
import shutil

CONSOLE_ON_STDIO = True
EXIT_PORT = 0xF4


class QemuError(Exception):
    """QEMU cannot be used here."""


def executable():
    path = shutil.which("qemu-system-x86_64")
    if not path:
        raise QemuError("no qemu-system-x86_64: the package qemu-system-x86 is missing (make setup PLATFORM=kvm)")
    return path


def command_line(machine, directory, iso, disk):
    accelerator = ["-enable-kvm", "-cpu", "host"] if machine.platform == "kvm" else ["-accel", "tcg", "-cpu", "max"]
    command = [executable(), *accelerator, "-machine", "pc", "-smp", "1", "-m", str(machine.memory)]
    command += ["-display", "none", "-no-reboot", "-boot", "d", "-rtc", "base=2000-01-01T00:00:00"]
    command += ["-drive", f"file={iso},if=ide,index=0,media=cdrom,format=raw,readonly=on"]
    if disk:
        command += ["-drive", f"file={disk},if=ide,index=2,media=disk,format=raw"]
    command += ["-serial", "stdio", "-serial", f"file:{directory / 'com2.bin'}", "-monitor", "none", "-nic", "none"]
    command += ["-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=0x04"]
    return command + machine.extra


def configure(machine, directory, iso, disk, _serial_device):
    """The command and its environment; QEMU needs no configuration file."""
    return command_line(machine, directory, iso, disk), dict(os.environ)


def read_log(directory):
    """(panics, what QEMU itself said)."""
    try:
        return [], (directory / "emulator.txt").read_text(errors="replace")
    except OSError:
        return [], ""
