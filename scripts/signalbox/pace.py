# SPDX-License-Identifier: BSD-2-Clause
"""Lets the time of a machine go no faster than that of whoever looks at it.

An emulator that counts time by instructions runs as fast as the host can, and its time jumps where
the machine's processor idles. So status lines would rush by, and a machine that has nothing to do
would be at its end before a command is typed. The machine stands while its time is ahead. A key
lets it go on for a moment, so that keys are answered at once.

Rule: standing takes none of the machine's time, so no figure depends on it.
"""

import re

# What tells a machine's time: the VMM's status line, and pulse's laps on the bare machine. A guest
# under the VMM cannot print such a line: its lines have its name before them.
TIME = re.compile(r"^(?:\[ *(?P<s>\d+\.\d)s\] .*|lap lap=\d+ ms=(?P<ms>\d+))$", re.MULTILINE)
KEY_SECONDS = 0.15
# A machine in which nothing happens may jump by hours; whoever looks does not wait for that.
MOST_SECONDS = 2.0


class Pace:
    """Reads a console's text and says whether the machine is ahead."""

    def __init__(self):
        self._looked = 0  # up to where the text is known
        self._machine = None  # the last time that the machine told
        self._begin = None  # the moment of our time at which the machine's time would have been 0
        self._awake = 0.0

    def read(self, console, now):
        """Take what the console has since the last call, whole lines alone."""
        end = console.rfind("\n") + 1
        for match in TIME.finditer(console, self._looked, end):
            self._tell(float(match["s"]) if match["s"] else int(match["ms"]) / 1000, now)
        self._looked = max(self._looked, end)

    def _tell(self, machine, now):
        """A machine that is behind does not hurry later."""
        ahead = 0.0 if self._begin is None else machine - (now - self._begin)
        self._machine = machine
        self._begin = now - machine + min(max(ahead, 0.0), MOST_SECONDS)

    def key(self, now):
        """A key was pressed."""
        self._awake = now + KEY_SECONDS

    def ahead(self, now):
        """Whether the machine has to stand now."""
        if self._machine is None or now < self._awake:
            return False
        return now - self._begin < self._machine
