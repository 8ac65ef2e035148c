#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The framebuffer console's font: a header with the printable ASCII glyphs of X's font 5x8.

Rule: the font comes from the distribution's package and is no part of the sources. X's misc-fixed
fonts are in the public domain.

A glyph has 5 columns and 8 rows, so 40 bits: bit 5 * row + column, the left column first.
"""

import argparse
import gzip
import struct
import sys
from pathlib import Path

# Debian's place, Fedora's and Arch's.
PLACES = (
    "/usr/share/fonts/X11/misc",
    "/usr/share/X11/fonts/misc",
    "/usr/share/fonts/misc",
)
FILE = "5x8-ISO8859-1.pcf.gz"
COLUMNS, ROWS = 5, 8
FIRST, LAST = 0x20, 0x7E
# Tables of a PCF file, and bits of a table's format.
METRICS, BITMAPS, ENCODINGS = 1 << 2, 1 << 3, 1 << 5
COMPRESSED, MSB_BYTES, MSB_BITS, PAD = 0x100, 1 << 2, 1 << 3, 3


class FontError(Exception):
    """There is no such font, or it is of another kind."""


def find_font():
    for place in PLACES:
        path = Path(place) / FILE
        if path.exists():
            return path
    raise FontError(f"no {FILE}: the package xfonts-base is missing (make setup)")


class Pcf:
    """A font in X's portable compiled format."""

    def __init__(self, data):
        if data[:4] != b"\x01fcp":
            raise FontError(f"{FILE} is no PCF font")
        (count,) = struct.unpack_from("<I", data, 4)
        entries = [struct.unpack_from("<4I", data, 8 + 16 * n) for n in range(count)]
        self.data = data
        self.tables = {entry[0]: entry[3] for entry in entries}

    def table(self, kind):
        """(byte order, format, offset behind the format)."""
        at = self.tables[kind]
        (form,) = struct.unpack_from("<I", self.data, at)
        return ">" if form & MSB_BYTES else "<", form, at + 4

    def index(self, code):
        """The glyph of a character of one byte."""
        order, _, at = self.table(ENCODINGS)
        first, last, _, _, _ = struct.unpack_from(order + "5h", self.data, at)
        if not first <= code <= last:
            raise FontError(f"{FILE} has no character {code:#x}")
        return struct.unpack_from(order + "H", self.data, at + 10 + 2 * (code - first))[0]

    def metrics(self, index):
        """(left, right, ascent, descent)."""
        order, form, at = self.table(METRICS)
        if form & COMPRESSED:
            values = struct.unpack_from("5B", self.data, at + 2 + 5 * index)
            left, right, _, ascent, descent = (value - 0x80 for value in values)
        else:
            left, right, _, ascent, descent, _ = struct.unpack_from(
                order + "5hH", self.data, at + 4 + 12 * index
            )
        return left, right, ascent, descent

    def rows(self, index):
        """The rows of a glyph, each a list of pixels from the left."""
        order, form, at = self.table(BITMAPS)
        left, right, ascent, descent = self.metrics(index)
        (count,) = struct.unpack_from(order + "I", self.data, at)
        (offset,) = struct.unpack_from(order + "I", self.data, at + 4 + 4 * index)
        bits = at + 4 + 4 * count + 16 + offset
        pad = 1 << (form & PAD)
        stride = -(-(right - left) // (8 * pad)) * pad
        for row in range(ascent + descent):
            byte = self.data[bits + row * stride]
            if not form & MSB_BITS:
                byte = int(f"{byte:08b}"[::-1], 2)
            yield [byte >> (7 - column) & 1 for column in range(right - left)]


def pack(font, code):
    """A glyph as a number of 40 bits."""
    index = font.index(code)
    left, right, ascent, _ = font.metrics(index)
    top = ROWS - 1 - ascent  # the base line lies above the last row
    packed = 0
    for row, pixels in enumerate(font.rows(index)):
        for column, pixel in enumerate(pixels):
            if not (0 <= left and right <= COLUMNS and 0 <= top + row < ROWS):
                raise FontError(f"{FILE}: character {code:#x} is larger than 5x8")
            packed |= pixel << (COLUMNS * (top + row) + left + column)
    return packed


def load():
    """The font of the package."""
    return Pcf(gzip.decompress(find_font().read_bytes()))


def header(font):
    """The text of the header."""
    lines = [f"/* Made by scripts/font.py of {FILE}. */", "static const uint8_t font[] = {"]
    for code in range(FIRST, LAST + 1):
        glyph = pack(font, code).to_bytes(5, "little")
        lines.append("\t" + "".join(f"{byte:#04x}, " for byte in glyph) + f"/* {code:#x} */")
    # A glyph is read as a word of 8 bytes.
    return "\n".join([*lines, "\t0, 0, 0,", "};", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(header(load()))


if __name__ == "__main__":
    try:
        main()
    except FontError as problem:
        sys.exit(f"font: {problem}")
