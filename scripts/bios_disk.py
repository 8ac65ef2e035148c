#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a disk that a PC's BIOS boots: GRUB with a menu, and the files that the menu names.

Rule: the image is grub-mkrescue's, which is a CD and a disk in one.
"""

import argparse
import sys
from pathlib import Path

from signalbox.media import MediaError, make_grub_disk


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--menu", type=Path, required=True, help="GRUB's grub.cfg")
    parser.add_argument("--output", type=Path, required=True, help="the disk's image")
    parser.add_argument("files", type=Path, nargs="*", help="files for /boot")
    args = parser.parse_args()
    for path in [args.menu, *args.files]:
        if not path.is_file():
            raise MediaError(f"{path}: no such file")
    make_grub_disk(args.menu.read_text(), args.files, args.output)


if __name__ == "__main__":
    try:
        main()
    except MediaError as problem:
        sys.exit(f"bios: {problem}")
