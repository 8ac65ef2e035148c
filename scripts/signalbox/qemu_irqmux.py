# SPDX-License-Identifier: BSD-2-Clause
"""QEMU with the chipset block in the place of its 8259s: the seed's hardware.

Rule: the machine is the platform qemu's, word for word, and has one device more. That device is
a plugin of the stock binary, and comes from the build directory (emulators/qemu). The platform
qemu-rtl has the same device with the block as RTL (emulators/qemu-rtl).
"""

import os
from pathlib import Path

from . import qemu
from .qemu import QemuError, begun, read_log  # noqa: F401: an emulator's module has them

CONSOLE_ON_STDIO = qemu.CONSOLE_ON_STDIO
PLUGINS = {
    "kvm-irqmux": Path("emulators/qemu/irqmux.so"),
    "qemu-irqmux": Path("emulators/qemu/irqmux.so"),
    "qemu-rtl": Path("emulators/qemu-rtl/irqmux.so"),
}
# The block's settings as every emulator's run has them, and what the device calls them.
PROPERTIES = {
    "IRQMUX_NMI_US": "nmi-us",
    "IRQMUX_NMI_LINE": "nmi-line",
    "IRQMUX_NMI_EVERY": "nmi-every",
    "IRQMUX_PCI": "window",
    "IRQMUX_TIMES": "times",
}


def plugin(build, platform="qemu-irqmux"):
    path = Path(build).resolve() / PLUGINS[platform]
    if not path.exists():
        target = platform.replace("kvm", "qemu")
        raise QemuError(f"no {path}: make {target} builds it; PLATFORM=qemu does without")
    return path


def device(environment):
    """The device with its properties."""
    values = {name: environment[name] for name in PROPERTIES if environment.get(name)}
    if "IRQMUX_PCI" in values:
        values["IRQMUX_PCI"] = "off" if values["IRQMUX_PCI"] == "0" else "on"
    return ",".join(["irqmux", *(f"{PROPERTIES[name]}={value}" for name, value in values.items())])


def configure(machine, directory, iso, disk, _serial_device):
    """The command and its environment."""
    command = qemu.command_line(machine, directory, iso, disk)
    environment = dict(os.environ)
    # The plugin names a type, which -device then makes one of.
    own = [
        "-plugin",
        qemu.option(plugin(machine.build, machine.platform)),
        "-device",
        device({**environment, **machine.environment}),
    ]
    return command + own, environment
