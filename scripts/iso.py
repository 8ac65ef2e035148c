#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make iso: the bootable image with a menu, for CD or USB stick, by BIOS and by UEFI."""

import argparse
import sys
from pathlib import Path

from signalbox.config import ConfigError, load_entries
from signalbox.media import (
    GRUB_UEFI_PACKAGE,
    MediaError,
    by_multiboot2,
    grub_directory,
    write_iso,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--menu", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    if not grub_directory("uefi"):  # grub-mkrescue leaves out what is not installed
        print(
            f"iso: no GRUB for UEFI: the package {GRUB_UEFI_PACKAGE} is missing (make setup);"
            " the image boots by BIOS alone",
            file=sys.stderr,
        )
    # Multiboot 2, as multiboot 1 hands over no ACPI where the firmware is UEFI. The guests on the
    # bare machine know multiboot 1 alone.
    entries = [
        (title, by_multiboot2(lines) if Path(lines[0][1]).name == "signalbox" else lines)
        for title, lines in load_entries(args.menu)
    ]
    # All of GRUB's modules: this image boots on machines that nobody here has seen.
    write_iso(entries, args.output, args.build, timeout=5, modules=None)


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, MediaError) as problem:
        sys.exit(f"iso: {problem}")
