# SPDX-License-Identifier: BSD-2-Clause
"""How far apart the VMM's looks at its NMI count lie, by a plugin (emulators/qemu/looks.c).

Rule: a look is an instruction that the VMM acts on: the run loop, the entry, a halt, the end of a
hold of the background work. An NMI that comes behind it waits for the next one. What else reads the
count (the account of a switch on pc, for one) is no look.
"""

import bisect
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .images import file_with_symbols
from .qemu import option

PLUGIN = Path("emulators/qemu/looks.so")
FILE = "looks.txt"
# Functions whose reads of nmi_count are looks; after link-time optimisation, with their callees.
LOOKING = re.compile(
    r"(?:dispatch_counted|take_turn|work_release|work_window_begin|nmi_halt|interrupts_halt|svm_run"
    r"|vmx_resume|vmx_launch|task_go_on)(?:\.\w+)*"
)
FUNCTION = re.compile(r"^[0-9a-f]+ <(\S+)>:$")
TOUCHES = re.compile(r"^\s*([0-9a-f]+):\s.*?\t(\w+)\s+(\S+)\s+# [0-9a-f]+ <(nmi_count|work_open)>$")


# What finds out how long an instruction of the guest is, where the processor does not say so.
DECODES = re.compile(
    r"(?:walk|translate|svm_decode|svm_mode|skip_decoded|guest_fetch|guest_in_long_mode|byte_copy"
    r"|next|opcode_form)(?:\.\w+)*"
)
STEP = 64  # the plugin notes the place of so many instructions


@dataclass(frozen=True)
class Distance:
    """The longest that ended at one look. places: the functions on the way, one for STEP
    instructions."""

    instructions: int
    begin: str
    end: str
    places: tuple

    @property
    def decoding(self):
        """How many of the instructions decode the guest's instruction; STEP too many at most."""
        return STEP * sum(bool(DECODES.fullmatch(place)) for place in self.places)

    def __str__(self):
        way = " ".join(dict.fromkeys(self.places))
        return f"{self.instructions} instructions from {self.begin} to {self.end}: {way}"


def said_by(*command):
    """Lines of text."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def sites(elf):
    """{"looks": [addresses], "opens": ..., "closes": ...} of a linked VMM."""
    found = {"looks": [], "opens": [], "closes": []}
    function = ""
    for text in said_by("objdump", "-d", str(elf)):
        if begins := FUNCTION.match(text):
            function = begins[1]
        elif touches := TOUCHES.match(text):
            address, name, operands, what = touches.groups()
            if what == "nmi_count" and LOOKING.fullmatch(function):
                found["looks"].append(address)
            elif what == "work_open" and name == "movb":
                found["opens" if operands.startswith("$0x1,") else "closes"].append(address)
    return found


def words(build):
    """For QEMU's command line. FILE is in the run's directory, where QEMU runs."""
    lists = ",".join(f"{name}={'+'.join(at)}" for name, at in sites(elf_of(build)).items())
    return ["-plugin", f"{option(Path(build).resolve() / PLUGIN)},out={FILE},{lists}"]


def elf_of(build):
    return file_with_symbols(build)


def namer(elf):
    """A function: the symbol that an address of a linked VMM lies behind."""
    symbols = sorted(
        (int(text.split()[0], 16), text.split()[2])
        for text in said_by("nm", str(elf))
        if text.split()[1] in "tT"
    )
    starts = [address for address, _ in symbols]
    return lambda address: symbols[max(0, bisect.bisect_right(starts, address) - 1)][1]


def read(build, directory):
    """The distances of a run, the longest first."""
    name = namer(elf_of(build))
    found = []
    for text in (Path(directory) / FILE).read_text().splitlines():
        n, *addresses = text.split()
        begin, end, *places = (name(int(address, 16)) for address in addresses)
        found.append(Distance(int(n), begin, end, tuple(places)))
    return sorted(found, key=lambda d: -d.instructions)
