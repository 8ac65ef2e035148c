# SPDX-License-Identifier: BSD-2-Clause
"""The distances between two looks on VMX, in the debugger of stock Bochs.

Rule: the debugger stops at each look, at each write of work_open, and at each entry and exit. A
distance is the difference of the times that the debugger says: one instruction is one tick, and so
is each iteration of a repeated instruction. Boot is left out, and so is what does not end before
the run does.
"""

import contextlib
import re
import subprocess
import threading
from dataclasses import dataclass, field

from . import bochs
from .looks import Distance, elf_of, namer, sites
from .paths import STOP, entry_point, symbols

TIME = re.compile(r"Next at t=(\d+)")
# The debugger's lists of breakpoints: by physical address, by linear address, by CS:RIP. Bochs's
# config.h gives each list 16 places (BX_DBG_MAX_PHY_BPOINTS and its like).
LISTS, PLACES = ("pb {:#x}\n", "lb {:#x}\n", "vb 0x8:{:#x}\n"), 16
# The terminal of Bochs's display.
SCREEN = re.compile(r'connected to screen "(\S+)"')
# Where a halt goes on: the time of the halt belongs to no distance, because an NMI ends a halt.
WAKES = ("halt_window_out", "sti_hlt_window_out")


@dataclass
class Looker:
    """Takes the debugger's lines. longest: {address of a look: (instructions, address where the
    longest distance to the look began)}."""

    kinds: dict
    longest: dict = field(default_factory=dict)
    stops: int = 0
    time: int = 0
    began: tuple | None = None  # time and address of the last look; None: boot, or a guest runs
    entered: tuple | None = None  # the last entry: an NMI may have put the entry off
    open: bool = False

    def take(self, text):
        """Returns True where the debugger waits for a command."""
        if found := TIME.match(text):
            self.time = int(found[1])
        if found := STOP.match(text):
            self.stops += 1
            self.stop(int(found[1], 16))
        return found is not None

    def stop(self, at):
        kind, now = self.kinds.get(at), (self.time, at)
        if kind is None:  # a guest's own code, at the linear address of a look
            return
        self.began = self.began or (self.entered if kind != "exit" else None)
        if self.began and not self.open and kind not in ("exit", "wakes"):
            instructions = self.time - self.began[0]
            if instructions > self.longest.get(at, (0, 0))[0]:
                self.longest[at] = instructions, self.began[1]
        if kind == "entry":
            self.began, self.entered = None, now
        elif self.began or kind == "exit":
            self.began, self.entered = now, None
        self.open = kind == "opens" or (self.open and kind not in ("closes", "exit"))


def kinds_of(build):
    """{address: kind} of the places where the debugger stops."""
    names, found = symbols(elf_of(build)), sites(elf_of(build))
    kinds = {int(at, 16): kind for kind, places in found.items() for at in places}
    kinds |= {names[name][0]: "wakes" for name in WAKES}
    kinds |= {entry_point(names, kind): "entry" for kind in ("enter", "launch")}
    return kinds | {names["vmx_host_rip"][0]: "exit"}


def breakpoints(kinds):
    """The debugger's commands."""
    if len(kinds) > len(LISTS) * PLACES:
        raise bochs.BochsError(f"Bochs has no {len(kinds)} breakpoints")
    return "".join(LISTS[i // PLACES].format(at) for i, at in enumerate(sorted(kinds)))


def drain(said):
    """Reads what Bochs draws on its screen, a terminal that Bochs names in its messages (said).
    Each stop draws, and Bochs waits where nobody reads."""
    for text in said:
        if found := SCREEN.search(text):
            with open(found[1], "rb", buffering=0) as screen, contextlib.suppress(OSError):
                while screen.read(4096):
                    pass


def measure(machine, directory, timeout):
    """Boot in the debugger, to the run's end. Returns the distances, the longest first, and the
    console's text."""
    _, directory, iso, disk = machine.prepare(directory)
    command, environment = bochs.configure(machine, directory, iso, disk, None)
    looker = Looker(kinds_of(machine.build))
    (directory / "debugger.rc").write_text(breakpoints(looker.kinds) + "c\n")
    pipes = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    with subprocess.Popen(
        command, cwd=directory, env=environment, text=True, errors="replace", **pipes
    ) as process:
        threading.Thread(target=drain, args=(process.stderr,), daemon=True).start()
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        with contextlib.suppress(BrokenPipeError):
            for text in process.stdout:
                if looker.take(text):
                    process.stdin.write("c\n")
                    process.stdin.flush()
        timer.cancel()
        process.kill()
    name = namer(elf_of(machine.build))
    found = [Distance(n, name(began), name(at), ()) for at, (n, began) in looker.longest.items()]
    return sorted(found, key=lambda d: -d.instructions), (directory / "com1.txt").read_text()
