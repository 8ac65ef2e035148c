# SPDX-License-Identifier: BSD-2-Clause
"""The moments of a run: what the emulator saw, and the VMM's own trace, in the order of time.

Rule: the meaning of an event of the VMM's trace stands in vmm/core/trace_ring.h alone, and is read
from there. The file of records is that of emulators/timeline.c.
"""

import re
import struct
from pathlib import Path
from typing import NamedTuple

from .paths import symbols
from .qemu import QemuError
from .records import find_records

ROOT = Path(__file__).resolve().parents[2]
FILE = "moments.bin"
RING = "vmm/core/trace_ring.h"
RECORD = struct.Struct("<QIIQQ")
ENTRY = struct.Struct("<BBHI")  # event, VM, a, b
NO_VM = 0xFF
# enum timeline_kind (emulators/timeline.h).
KINDS = ("trace", "lost", "high", "low", "delivered", "eoi", "machine-entry", "machine-exit")
LEVELS = ("high", "low")
OF_LINES = (*LEVELS, "delivered", "eoi")
LINES = 16
# The lengths of the bare machine's and the VMM's numbers, where a VM has the address of its VMCB.
BARE, VMM = 0, (1 << 64) - 1
COM1_LINE = 4
# By the letter of an operand in TRACE_EVENTS: the field's name.
FIELDS = {
    "r": "reason",
    "l": "line",
    "v": "to",
    "m": "lines",
    "p": "port",
    "x": "value",
    "d": "number",
}


class Moment(NamedTuple):
    """time: ns of the machine's time. vm: a VM's name, or "" where the VMM or no one is meant."""

    time: int
    event: str
    vm: str
    fields: dict


class Events(NamedTuple):
    """What the sources say of the trace: by number (name, letters of a and b); exit reasons."""

    events: list
    reasons: list


def read_events(root=ROOT):
    trace = (root / RING).read_text()
    virt = (root / "arch/x86/virt/virt.h").read_text()
    found = re.findall(r'\bX\(\w+, "([\w-]+)", \'(.)\', \'(.)\'\)', trace)
    return Events(
        [(name, a + b) for name, a, b in found], re.findall(r'\bX\(\w+, "([\w-]+)"\)', virt)
    )


def ring_of(elf):
    """Where the trace of the VMM with these symbols lies in the machine's memory: (address, number
    of entries)."""
    found = symbols(elf).get("processor")
    entries = re.search(r"TRACE_ENTRIES = (\d+)", (ROOT / RING).read_text())
    if not found or not entries:
        raise QemuError(f"{elf}: the image has no processor: make all builds it anew")
    return found[0], int(entries[1])


# ---- Names ---------------------------------------------------------------------------------------


def vm_names(console, modules=()):
    """The names of the VMs by number: the VMM reports its VMs in that order. Where a run has no
    report: as configured."""
    reported = [r["vm"] for r in find_records(console, "exits") if r.get("vm")]
    names = list(dict.fromkeys(reported))
    return names or [name for name in modules if name]


class Names:
    """VMs by number, and by the address of a VMCB."""

    def __init__(self, names):
        self.names, self.by_vmcb = names, {}

    def of_number(self, number):
        if number == NO_VM:
            return ""
        return self.names[number] if number < len(self.names) else f"vm {number}"

    def of_vmcb(self, vmcb):
        if vmcb in (BARE, VMM):
            return ""
        return self.by_vmcb.get(vmcb, f"vmcb {vmcb:x}")


# ---- Records -------------------------------------------------------------------------------------


def read_records(path):
    """(time, kind, vm, number) of each record, ordered by time. A record that is cut short is
    left out."""
    data = Path(path).read_bytes()
    whole = len(data) - len(data) % RECORD.size
    records = [
        (time, KINDS[kind], vm, number)
        for time, kind, _, vm, number in RECORD.iter_unpack(data[:whole])
    ]
    lost = sum(number for _, kind, _, number in records if kind == "lost")
    return sorted((r for r in records if r[1] != "lost"), key=lambda r: r[0]), lost


def learn_vmcbs(records, names, exit_event):
    """The VMM's trace has an exit right after the machine's: so a VMCB's VM is known."""
    vmcb = None
    for _, kind, vm, _ in records:
        if kind == "machine-exit":
            vmcb = vm
        elif kind == "trace" and vmcb is not None:
            event, number, _, _ = ENTRY.unpack(struct.pack("<Q", vm))
            if event == exit_event:
                names.by_vmcb.setdefault(vmcb, names.of_number(number))
                vmcb = None


def operand(letter, value, names, events):
    if letter == "r":
        return events.reasons[value] if value < len(events.reasons) else str(value)
    if letter == "v":
        return names.of_number(value & 0xFF)
    return value


def moment_of_entry(time, word, names, events):
    event, vm, a, b = ENTRY.unpack(struct.pack("<Q", word))
    name, letters = events.events[event] if event < len(events.events) else ("none", "--")
    fields = {
        FIELDS[letter]: operand(letter, value, names, events)
        for letter, value in zip(letters, (a, b))
        if letter != "-"
    }
    return Moment(time, name, names.of_number(vm), fields)


def moment_of_machine(time, kind, vm, number, names):
    if kind in OF_LINES:
        fields = {"line": number}
    else:
        fields = {"code": number} if kind == "machine-exit" else {}
    return Moment(time, kind, names.of_vmcb(vm), fields)


def without_aborted(moments):
    """Leaves out each entry that the VMM took back: no VM was entered."""
    kept, entry = [], None
    for moment in moments:
        if moment.event == "exit" and moment.fields["reason"] == "aborted-entry" and entry:
            kept = [one for one in kept if one is not entry]
        if moment.event in ("entry", "exit"):
            entry = moment if moment.event == "entry" else None
        kept.append(moment)
    return kept


def with_turns(moments):
    """Adds who has the processor, where the emulator says nothing of exits and entries: behind
    the VMM's entry a VM runs, up to the next event of the VMM's trace. A line's moment gets the
    VM's name. Before the VMM's first event the interrupts are the firmware's, and stay out."""
    entries = {id(moment) for moment in without_aborted(moments) if moment.event == "entry"}
    found, running, begun = [], None, False
    for moment in moments:
        if moment.event in OF_LINES:
            if begun or moment.event in LEVELS:
                found.append(moment._replace(vm=running or ""))
            continue
        begun = True
        if running is not None:
            found.append(Moment(moment.time, "machine-exit", running, {}))
            running = None
        found.append(moment)
        if id(moment) in entries:
            running = moment.vm
            found.append(Moment(moment.time, "machine-entry", running, {}))
    return found


def read_moments(directory, names, tick=None):
    """(the moments of a run in the order of time, how many entries of the trace were lost). tick:
    where times are instructions, the ns of an instruction."""
    events = read_events()
    records, lost = read_records(Path(directory) / FILE)
    names = Names(names)
    learn_vmcbs(records, names, [name for name, _ in events.events].index("exit"))
    moments = [
        moment_of_entry(time * (tick or 1), vm, names, events)
        if kind == "trace"
        else moment_of_machine(time * (tick or 1), kind, vm, number, names)
        for time, kind, vm, number in records
    ]
    return with_turns(moments) if tick else moments, lost


# ---- Filters -------------------------------------------------------------------------------------

LINE_EVENTS = (*OF_LINES, "line", "held", "wake", "wake-up")
# What a stay of COM1's has in the VMM's trace, and nothing else.
COM1_STAY = {"machine-exit", "exit", "nmi", "line", "entry", "machine-entry"}


class FilterError(Exception):
    """A word of a filter means nothing."""


class Filter:
    """Which moments stay: of the words vm=NAME[,NAME...], line=N[,N...], event=NAME[,NAME...], the
    same with a minus in front, -com1, and stop=EVENT or stop=EVENT>N, behind which no moment stays.
    A word but stop= concerns moments that have such a thing."""

    def __init__(self, words, vms, events):
        self.com1, self.rules, self.stop = True, [], None
        known = {"vm": set(vms), "event": {*events, *KINDS} - {"trace", "lost"}}
        for word in words.split():
            name, separator, values = word.lstrip("-").partition("=")
            if word == "-com1":
                self.com1 = False
                continue
            if word.startswith("stop="):
                self.stop = self.condition(word, values, known)
                continue
            if name not in ("vm", "line", "event") or not separator:
                raise FilterError(
                    f"{word}: no such word; there are vm=, line=, event=, the same with a minus in"
                    " front, -com1, and stop="
                )
            chosen = values.split(",")
            for value in chosen:
                self.check(word, name, value, known)
            if name == "line":
                chosen = map(int, chosen)
            self.rules.append((name, set(chosen), not word.startswith("-")))

    def condition(self, word, text, known):
        """(event, the number that has to be exceeded, or None) of stop=EVENT>N."""
        event, separator, number = text.partition(">")
        self.check(word, "event", event, known)
        if separator and not number.isdecimal():
            raise FilterError(f"{word}: '{number}' is no number; stop={event}>2000 has one")
        return event, int(number) if separator else None

    def stops(self, moment):
        event, most = self.stop
        if moment.event != event:
            return False
        return most is None or moment.fields.get("number", -1) > most

    def until_the_stop(self, moments):
        for i, moment in enumerate(moments):
            if self.stops(moment):
                return moments[: i + 1]
        return moments

    @staticmethod
    def check(word, name, value, known):
        if name == "line" and not (value.isdecimal() and int(value) < LINES):
            raise FilterError(f"{word}: '{value}' is no number of a line: 0 to {LINES - 1}")
        if name in known and value not in known[name]:
            raise FilterError(
                f"{word}: no {name} is called '{value}'; there are: {' '.join(sorted(known[name]))}"
            )

    def keeps(self, moment):
        things = {"vm": moment.vm or None, "event": moment.event, "line": None}
        if moment.event in LINE_EVENTS:
            things["line"] = moment.fields["line"]
        return all(
            things[name] is None or (things[name] in values) == kept
            for name, values, kept in self.rules
        )

    def apply(self, moments):
        if self.stop:
            moments = self.until_the_stop(moments)
        if not self.com1:
            moments = without_com1(moments)
        return [moment for moment in moments if self.keeps(moment)]


def is_com1(stay):
    """Whether the VMM left a VM for COM1 alone, and entered the same VM again."""
    lines = {m.fields["line"] for m in stay if m.event == "line"}
    return (
        lines == {COM1_LINE}
        and {m.event for m in stay if m.event not in OF_LINES} <= COM1_STAY
        and stay[0].vm == stay[-1].vm
    )


def without_com1(moments):
    """Leaves out the stays in the VMM for COM1's line alone, and all moments of that line."""
    kept, stay = [], []
    for moment in moments:
        if moment.event == "machine-exit":
            kept += stay
            stay = [moment]
        elif stay:
            stay.append(moment)
        else:
            kept.append(moment)
        if moment.event == "machine-entry" and stay:
            if is_com1(stay):
                stay = [m for m in stay if m.event in OF_LINES]
            kept += stay
            stay = []
    return [
        m
        for m in kept + stay
        if m.event not in LINE_EVENTS or m.event == "wake" or m.fields["line"] != COM1_LINE
    ]
