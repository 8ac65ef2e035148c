# SPDX-License-Identifier: BSD-2-Clause
"""A PC in QEMU as somebody sees it who has its screen and its keyboard, and no serial cable.

Rule: what the screen shows is read from video memory at the CRT controller's start address, as the
hardware reads it; keys go through the keyboard controller. The machine stands still while its
screen is read. Where the firmware is UEFI, the pixels are read back as characters.
"""

import re
import subprocess
import time

from font import COLUMNS as GLYPH_COLUMNS
from font import FIRST, LAST, load, pack
from font import ROWS as GLYPH_ROWS

from .qemu import MONITOR, Monitor, QemuError
from .session import tied_to_us

ROWS, COLUMNS = 25, 80
VIDEO, VIDEO_BYTES = 0xB8000, 32768
CRTC_INDEX, CRTC_DATA, CRTC_START = 0x3D4, 0x3D5, 0x0C
LOOK_SECONDS = 0.2
DUMP = "video.bin"
PIXELS = "screen.ppm"
# How often a pixel of the font is drawn in both directions (arch/x86/machine/framebuffer.c).
SCALE = 2

# QEMU's names of keys whose character is not their name; and of those that need Shift.
NAMES = {
    " ": "spc",
    "\n": "ret",
    "\r": "ret",
    "-": "minus",
    "=": "equal",
    ".": "dot",
    ",": "comma",
    "/": "slash",
}
SHIFTED = {"_": "minus", "+": "equal", ":": "semicolon", "?": "slash", "!": "1", "|": "backslash"}


def key_name(character):
    if character in SHIFTED:
        return f"shift-{SHIFTED[character]}"
    if character.isupper():
        return f"shift-{character.lower()}"
    return NAMES.get(character, character)


def glyphs():
    """Characters by their pixels; one in reverse is the same character."""
    font, whole = load(), (1 << GLYPH_COLUMNS * GLYPH_ROWS) - 1
    by_pixels = {}
    for code in range(FIRST, LAST + 1):
        by_pixels[pack(font, code)] = by_pixels[pack(font, code) ^ whole] = chr(code)
    return by_pixels


def read_pixels(ppm, by_pixels):
    """The rows of text of a picture; a cell that holds no character of the font is a "?"."""
    _, width, height = ppm.split(maxsplit=3)[:3]
    stride = int(width) * 3
    pixels = ppm[-stride * int(height) :]
    rows = []
    for row in range(ROWS):
        text = ""
        for column in range(COLUMNS):
            bits = 0
            for y in range(GLYPH_ROWS):
                at = (row * GLYPH_ROWS + y) * SCALE * stride + column * GLYPH_COLUMNS * SCALE * 3
                for x in range(GLYPH_COLUMNS):
                    bits |= (pixels[at + x * SCALE * 3] != 0) << (y * GLYPH_COLUMNS + x)
            text += by_pixels.get(bits, "?")
        rows.append(text.rstrip())
    return rows


class Screen:
    """The machine, running from __enter__ to __exit__ at the latest."""

    def __init__(self, machine, directory):
        machine.extra = [*machine.extra, "-qmp", f"unix:{MONITOR},server=on,wait=off"]
        emulator, self.directory, iso, disk = machine.prepare(directory)
        self.command, self.environment = emulator.configure(
            machine, self.directory, iso, disk, None
        )
        self.process = self.monitor = None
        self.glyphs = glyphs() if machine.firmware == "uefi" else None
        self.seen = ""  # all screens that wait_for() has looked at, for a message

    def __enter__(self):
        com1, errors = self.directory / "com1.txt", self.directory / "emulator.txt"
        with open(com1, "wb") as output, open(errors, "wb") as said:
            self.process = subprocess.Popen(
                tied_to_us(self.command),
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=said,
            )
        try:
            self.monitor = Monitor(self.process.pid)
        except QemuError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        if self.monitor:
            self.monitor.close()

    def human(self, line):
        return self.monitor.do("human-monitor-command", **{"command-line": line})

    def port(self, number):
        return int(self.human(f"i /b {number:#x}").split("=")[1], 0)

    def start_address(self):
        """Of the screen, in cells; the controller's index is as before."""
        before, value = self.port(CRTC_INDEX), 0
        for index in (CRTC_START, CRTC_START + 1):
            self.human(f"o /b {CRTC_INDEX:#x} {index:#x}")
            value = value << 8 | self.port(CRTC_DATA)
        self.human(f"o /b {CRTC_INDEX:#x} {before:#x}")
        return value

    def rows(self):
        """The screen's rows as text, without the blanks at their ends."""
        if self.glyphs:  # QEMU 7.2 may wait for ever for a picture of a machine that stands still
            self.monitor.do("screendump", filename=PIXELS)
            return read_pixels((self.directory / PIXELS).read_bytes(), self.glyphs)
        self.monitor.do("stop")
        self.monitor.do("pmemsave", val=VIDEO, size=VIDEO_BYTES, filename=DUMP)
        start = self.start_address()
        self.monitor.do("cont")
        cells = (self.directory / DUMP).read_bytes()[2 * start :: 2].decode("cp437")
        return [cells[n * COLUMNS : (n + 1) * COLUMNS].rstrip() for n in range(ROWS)]

    def text(self):
        return "\n".join(self.rows())

    def ended(self):
        return self.process.poll() is not None

    def wait_for(self, pattern, seconds=60):
        """The screen's text when the pattern matches it."""
        deadline = time.monotonic() + seconds
        while not self.ended():
            try:
                text = self.text()
            except QemuError:
                continue  # it has just ended
            if text not in self.seen:
                self.seen += f"{text}\n{'-' * COLUMNS}\n"
            if re.search(pattern, text, re.M):
                return text
            assert (
                time.monotonic() < deadline
            ), f"no '{pattern}' within {seconds} s; the screens:\n{self.seen}"
            time.sleep(LOOK_SECONDS * (5 if self.glyphs else 1))
        raise AssertionError(f"the machine ended with no '{pattern}'; the screens:\n{self.seen}")

    def press(self, *names):
        """Keys one after the other, by QEMU's names, such as shift-pgup."""
        for name in names:
            self.human(f"sendkey {name} 20")
            time.sleep(0.06)

    def type(self, text):
        self.press(*map(key_name, text))

    def wait_for_end(self, seconds=60):
        """The emulator's exit status, when the machine has switched itself off."""
        return self.process.wait(seconds)
