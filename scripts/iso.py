#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make iso: the bootable image with a menu, for CD or USB stick, by BIOS and by UEFI."""

import argparse
import sys
from pathlib import Path

from signalbox.config import ConfigError, load_entries
from signalbox.media import GRUB_UEFI_PACKAGE, MediaError, grub_directory, write_iso


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
    # All of GRUB's modules: this image boots on machines that nobody here has seen.
    write_iso(load_entries(args.menu), args.output, args.build, timeout=5, modules=None)


if __name__ == "__main__":
    try:
        main()
    except (ConfigError, MediaError) as problem:
        sys.exit(f"iso: {problem}")
