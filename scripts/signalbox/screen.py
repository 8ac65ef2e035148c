# SPDX-License-Identifier: BSD-2-Clause
"""A terminal's second screen, drawn in place; and its keys.

Rule: whatever ends the context, the terminal is as it was before.
"""

import os
import select
import sys
import termios

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[0m\x1b[?25h\x1b[?1049l"
STYLES = {"title": "\x1b[1m", "wrong": "\x1b[31m"}


def can_draw(environment=os.environ):
    """Whether input and output are a terminal that obeys the common sequences."""
    terminal = environment.get("TERM", "dumb") not in ("", "dumb", "unknown")
    return terminal and sys.stdin.isatty() and sys.stdout.isatty()


class Screen:
    """with Screen() as screen: screen.draw(lines); screen.keys(0.2)."""

    def __init__(self):
        self._keyboard = sys.stdin.fileno()
        self._styles = {} if os.environ.get("NO_COLOR") else STYLES
        self._size = None
        self._shown = []

    def __enter__(self):
        self._before = termios.tcgetattr(self._keyboard)
        mode = termios.tcgetattr(self._keyboard)
        # Ctrl-C is a key here: the signal would reach make as well, which would see an error.
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        try:
            termios.tcsetattr(self._keyboard, termios.TCSAFLUSH, mode)
            self._write(ENTER)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_):
        self._leave()

    def _leave(self):
        try:
            self._write(LEAVE)
        finally:
            termios.tcsetattr(self._keyboard, termios.TCSAFLUSH, self._before)

    def _write(self, text):
        sys.stdout.write(text)
        sys.stdout.flush()

    @staticmethod
    def size():
        """(columns, rows) now."""
        try:
            return os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return os.terminal_size((80, 24))

    def draw(self, lines):
        """Lines with text and style, for the size that is now; only what has changed is written."""
        if self._size != self.size():
            self._size, self._shown = self.size(), []
            self._write("\x1b[1;1H\x1b[J")
        texts = [(line.text, self._styles.get(line.style, "")) for line in lines]
        out = []
        for row in range(max(len(texts), len(self._shown))):
            text, style = texts[row] if row < len(texts) else ("", "")
            if row < len(self._shown) and self._shown[row] == (text, style):
                continue
            # Erased first: after a character in the last column the cursor is still there.
            end = "\x1b[0m" if style else ""
            out.append(f"\x1b[{row + 1};1H\x1b[K{style}{text}{end}")
        self._shown = texts
        if out:
            self._write("".join(out))

    def keys(self, seconds):
        """What is typed within that time; "\\x04" when the terminal is gone."""
        if not select.select([self._keyboard], [], [], seconds)[0]:
            return ""
        try:
            data = os.read(self._keyboard, 1024)
        except OSError:
            data = b""
        return data.decode(errors="replace") or "\x04"
