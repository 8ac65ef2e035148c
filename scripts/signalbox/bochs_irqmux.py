# SPDX-License-Identifier: BSD-2-Clause
"""Bochs 3.0 with the chipset block in the place of its 8259s: the seed's hardware.

Rule: the machine is the stock platform's, line for line; only the program, its plugins and its
display differ. The emulator comes from the cache (scripts/bochs_irqmux.sh), the plugin from the
build directory (emulators/bochs). The platform bochs-rtl has the same emulator, and a plugin with
the block as RTL (emulators/bochs-rtl).
"""

import os
from pathlib import Path

from . import bochs
from .bochs import BochsError, read_log  # noqa: F401: read_log is what every emulator's module has

CONSOLE_ON_STDIO = False
PLUGINS = {
    "bochs-irqmux": Path("emulators/bochs/libbx_pic.so"),
    "bochs-rtl": Path("emulators/bochs-rtl/libbx_pic.so"),
}
HOME = Path("emulators/bochs/home")


def places(build, platform="bochs-irqmux"):
    """(directory of the emulator, directory of the plugin)."""
    build = Path(build).resolve()
    plugin = build / PLUGINS[platform]
    try:
        home = Path((build / HOME).read_text().strip())
    except OSError:
        home = None
    if not home or not plugin.exists() or not os.access(home / "bin/bochs", os.X_OK):
        raise BochsError(
            f"no Bochs with the chipset block in {build}: make {platform} builds it;"
            " PLATFORM=bochs does without"
        )
    return home, plugin.parent


def configure(machine, directory, iso, disk, serial_device):
    """Write the configuration into directory; the command that runs it there, and its
    environment."""
    home, plugin = places(machine.build, machine.platform)
    bochs.write_configuration(
        machine, directory, iso, disk, serial_device, ["display_library: nogui"]
    )
    environment = bochs.environment()
    # Ours first: there is a stock plugin of the same name.
    environment.update(LTDL_LIBRARY_PATH=f"{plugin}:{home / 'plugins'}", BXSHARE="/usr/share/bochs")
    return [str(home / "bin/bochs"), "-q", "-f", "bochsrc"], environment
