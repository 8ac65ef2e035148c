#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The initial root file system of the Linux guest (scripts/linux/linux.mk)."""

import argparse
from pathlib import Path

from signalbox.linux import make_initrd


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--busybox", type=Path, required=True)
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--program", type=Path, action="append", default=[])
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    make_initrd(args.busybox, args.init, args.program, args.output)


if __name__ == "__main__":
    main()
