# SPDX-License-Identifier: BSD-2-Clause
"""A pseudo terminal of 80x24 for a command, and a small emulation of what its screen shows.

Rule: the emulation knows the few sequences that Signalbox's scripts use, and fails at any other.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from conftest import OF_MAKE, ROOT, without

UNWANTED = (*OF_MAKE, "NO_COLOR", "COLUMNS", "LINES")
SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Screen:
    """What a terminal shows after some output."""

    def __init__(self, rows=24, columns=80):
        self.rows, self.columns = rows, columns
        self.alternate = False  # whether the second screen is shown
        self.cursor = True
        self.attributes = False  # whether anything has been coloured or made bold
        self._clear()

    def _clear(self):
        self._cells = [[" "] * self.columns for _ in range(self.rows)]
        self._row = self._column = 0

    @property
    def lines(self):
        return ["".join(row).rstrip() for row in self._cells]

    def feed(self, text):
        position = 0
        while position < len(text):
            if match := SEQUENCE.match(text, position):
                self._obey(*match.groups())
                position = match.end()
                continue
            self._put(text[position])
            position += 1

    def _obey(self, private, numbers, letter):
        if private:
            assert numbers in ("1049", "25") and letter in "hl", (numbers, letter)
            if numbers == "25":
                self.cursor = letter == "h"
            else:
                self.alternate = letter == "h"
                self._clear()
        elif letter == "m":
            self.attributes |= numbers not in ("", "0")
        elif letter == "H":
            row, column = (int(number or 1) for number in (numbers or "1;1").split(";"))
            self._row, self._column = row - 1, column - 1
        elif letter == "K":
            self._cells[self._row][self._column :] = [" "] * (self.columns - self._column)
        elif letter == "J":
            self._cells[self._row][self._column :] = [" "] * (self.columns - self._column)
            for row in range(self._row + 1, self.rows):
                self._cells[row] = [" "] * self.columns
        else:
            raise AssertionError(f"a sequence that is not known: {numbers}{letter}")

    def _put(self, character):
        if character == "\r":
            self._column = 0
        elif character == "\n":
            if self._row + 1 == self.rows:
                self._cells = [*self._cells[1:], [" "] * self.columns]
            else:
                self._row += 1
        else:
            assert character >= " ", repr(character)
            assert self._column < self.columns or not self.alternate, "a line is too long"
            if self._column < self.columns:
                self._cells[self._row][self._column] = character
            self._column += 1


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, command, environment=None, rows=24, columns=80):
        self._ours, self._theirs = pty.openpty()
        self.resize(rows, columns)
        self._before = termios.tcgetattr(self._theirs)
        self.raw = ""
        self.process = subprocess.Popen(
            ["setsid", "-c", "-w", *command],
            cwd=ROOT,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env={**without(UNWANTED), "TERM": "xterm", **(environment or {})},
        )

    def resize(self, rows, columns):
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def text(self):
        """What has come, line ends alone, without what a terminal obeys."""
        return SEQUENCE.sub("", self.raw).replace("\r", "")

    @property
    def restored(self):
        """Whether the terminal is as it was before the command."""
        return termios.tcgetattr(self._theirs) == self._before

    def children(self, number):
        """The processes that a process has started, and theirs."""
        found = []
        for task in Path(f"/proc/{number}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                found += [child, *self.children(child)]
        return found

    def child(self, word):
        """The process with this word in its command."""
        for number in self.children(self.process.pid):
            if word.encode() in Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0"):
                return number
        raise AssertionError(f"no process of {word}")

    def signal(self, number, sign):
        os.kill(number, sign)

    def take(self, seconds):
        """Whether something has come within that time."""
        if select.select([self._ours], [], [], seconds)[0]:
            self.raw += os.read(self._ours, 65536).decode(errors="replace")
            return True
        return False

    def wait_for(self, pattern, seconds=120, begin=0):
        """Until the text has a match, from there on."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text[begin:], re.MULTILINE):
            assert time.monotonic() < deadline, f"no '{pattern}'\n{self.text[-3000:]}"
            assert self.take(0.05) or self.process.poll() is None, f"ended\n{self.text[-3000:]}"

    def type(self, text):
        os.write(self._ours, text.encode())

    def wait(self, seconds=120):
        """Until the command has ended: its exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it goes on\n{self.text[-3000:]}"
            self.take(0.05)
        while self.take(0.05):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            for sign in (signal.SIGINT, signal.SIGKILL):
                try:
                    os.killpg(os.tcgetpgrp(self._ours), sign)
                    self.process.wait(10)
                    break
                except (OSError, subprocess.TimeoutExpired):
                    continue
        os.close(self._ours)
        os.close(self._theirs)
