# SPDX-License-Identifier: BSD-2-Clause
"""What a guest sends on COM2, shown beside the VMM's console.

Rule: whole lines alone, each with the name of its VM, as the VMM shows what a VM prints.
"""

from pathlib import Path

FILE = "com2.bin"
COM2 = 0x2F8


def owns(words, port):
    """Whether a module's line gives the port to its VM."""
    for word in words:
        if not word.startswith("io="):
            continue
        for piece in word.removeprefix("io=").split(","):
            first, _, last = piece.partition("-")
            try:
                if int(first, 0) <= port <= int(last or first, 0):
                    return True
            except ValueError:  # the VMM refuses the word
                continue
    return False


def talker(modules):
    """The name of the VM that has a system of others and COM2 for its console, or None."""
    for module in modules:
        words = module.line.partition(" -- ")[0].split()
        names = [word.removeprefix("vm=") for word in words if word.startswith("vm=")]
        if {"type=linux", "type=bios"} & set(words) and names and owns(words, COM2):
            return names[0]
    return None


class Com2:
    """Shows the lines that come into a run's file of COM2."""

    def __init__(self, name, show):
        self._prefix = f"[{name}] "
        self._show = show
        self._path = None
        self._read = 0
        self._rest = b""

    def began(self, directory):
        """The run's directory is known."""
        self._path = Path(directory) / FILE

    def look(self):
        """Show the lines that have come since the last look. Returns False, so that a run that
        asks whether to stop goes on."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._read)
                data = file.read()
        except (OSError, TypeError):  # the machine has not begun
            return False
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            self._show(f"{self._prefix}{text}\n")
        return False
