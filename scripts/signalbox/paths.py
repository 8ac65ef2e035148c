# SPDX-License-Identifier: BSD-2-Clause
"""The paths of the VMM, each from a VM exit to the next VM entry: what it did.

QEMU emulates SVM. A plugin of QEMU counts (emulators/qemu/paths.c). Stock Bochs emulates VMX and
has a debugger. The debugger traces each path, and the trace is counted here.

Rule: a count is what the emulator executed. Nothing is worked out from the sources or the image.
"""

import os
import re
import subprocess
import threading
from dataclasses import dataclass

from . import bochs
from .qemu import PATHS

# Exits by what they are: SVM's codes (APM 2 appendix C), VMX's reasons (SDM 3D appendix C).
SVM_EXITS = {0x60: "intr", 0x61: "nmi", 0x72: "cpuid", 0x78: "hlt", 0x7B: "io", 0x81: "call"}
VMX_EXITS = {0: "nmi", 1: "intr", 10: "cpuid", 12: "hlt", 18: "call", 30: "io", 52: "timer"}
MASK_PORTS = (0x21, 0xA1)
VMX_REASON, VMX_QUALIFICATION = 0x4402, 0x6400

# Fields that nested KVM shadows: arch/x86/kvm/vmx/vmcs_shadow_fields.h, Linux commit 09878d15216e.
SHADOWED = {
    0x0810,
    0x0812,
    0x0C08,
    0x0C0A,
    0x2400,
    0x4002,
    0x4004,
    0x4016,
    0x4018,
    0x401A,
    0x401C,
    0x4402,
    0x4404,
    0x4406,
    0x4408,
    0x440A,
    0x440C,
    0x4816,
    0x4818,
    0x4824,
    0x482E,
    0x6000,
    0x6004,
    0x6006,
    0x6400,
    0x640A,
    0x6800,
    0x6802,
    0x6804,
    0x681C,
    0x681E,
    0x6820,
    0x6C06,
    0x6C08,
}
# Of the shadowed ones, those that are read without an exit and written with one.
READ_ONLY = {0x2400, 0x4402, 0x4404, 0x4406, 0x4408, 0x440A, 0x440C, 0x4816, 0x4818, 0x6400, 0x640A}


@dataclass(frozen=True)
class Path:
    """reason: the exit; port: of an access to one, else None; switched: another VM was entered."""

    reason: str
    port: int | None
    switched: bool
    counts: dict

    @property
    def console(self):
        """Whether the VMM served its terminal on the way: the path was not there for that."""
        return self.counts.get("console", 0) > 0

    @property
    def ports(self):
        return self.counts.get("in", 0) + self.counts.get("out", 0)

    @property
    def mmio(self):
        return sum(n for name, n in self.counts.items() if name.endswith(("_read", "_write")))


# ---- QEMU ----------------------------------------------------------------------------------------


def read_paths(directory):
    """What a run with Machine(paths=True) has left; the last line may be cut short."""
    lines = (directory / PATHS).read_text().splitlines()
    names = lines[0].split()
    for text in lines[1:]:
        words = text.split()
        if len(words) != len(names):
            continue
        code, info, before, after = (int(word, 16) for word in words[:4])
        reason = SVM_EXITS.get(code, f"{code:x}h")
        counts = {name: int(word) for name, word in zip(names[4:], words[4:]) if word != "0"}
        port = info >> 16 & 0xFFFF if reason == "io" else None
        yield Path(reason, port, before != after, counts)


# ---- Bochs ---------------------------------------------------------------------------------------

INSTRUCTION = re.compile(
    r"\(0\)\.\[\d+\] \[0x([0-9a-f]+)\] \S+ \(.*?\): " r"(?:rep\S* |lock )*(\w+)([^;]*)"
)
ACCESS = re.compile(
    r"\[CPU0 (RD|WR|RW)\]: (?:LIN \S+ )?PHY 0x([0-9a-f]+) \(len=\d+, \w+\):"
    r"((?: 0x[0-9A-F]+)*)(.*)"
)
STOP = re.compile(r"\(0\) \[0x([0-9a-f]+)\]")
# The first words of the emulator.
RELEASE = re.compile(r"\s+Bochs x86 Emulator (\d+)\.(\d+)")
PLAIN = {
    "in": "in",
    "out": "out",
    "rdtsc": "rdtsc",
    "rdtscp": "rdtsc",
    "fxsave": "fxsave",
    "fxrstor": "fxrstor",
    "xsave": "xsave",
    "xsavec": "xsave",
    "xsaveopt": "xsave",
    "xrstor": "xrstor",
    "iret": "iret",
    "iretq": "iret",
    "rdmsr": "msr",
    "wrmsr": "msr",
    "cpuid": "cpuid",
    "invlpg": "flush",
    "invept": "flush",
    "invvpid": "flush",
    "hlt": "hlt",
    "vmread": "vmread",
    "vmwrite": "vmwrite",
    "vmptrld": "vmptrld",
}
DEVICES = {0xFEC00: "ioapic", 0xFED00: "hpet", 0xFEE00: "lapic"}
# A path of so many instructions is the last one: the VMM empties its terminal and powers off.
LONGEST = 100_000
TERMINAL = ("uart_", "vga_", "console_interrupt", "console_write", "console_flush")


def symbols(elf):
    """By name: (address, size) of what the linked VMM has."""
    listed = subprocess.run(["nm", "-S", str(elf)], stdout=subprocess.PIPE, text=True, check=True)
    found = {}
    for words in map(str.split, listed.stdout.splitlines()):
        if len(words) >= 3:
            found[words[-1]] = (int(words[0], 16), int(words[1], 16) if len(words) == 4 else 0)
    return found


# Bochs 3.0: fields of each of the four types, by width (16 bits, 64 bits, 32 bits, natural).
FIELDS_OF_TYPE = (0x20, 0x50, 0x30, 0x30)


def field_at(address, release):
    """The VMCS field that this release of Bochs keeps there. Bochs 2.7: 256 bytes for a width and
    type, 8 for each field. Bochs 3.0: widths and types lie behind each other, 4 bytes for each
    field."""
    if release < (3, 0):
        group, place = address >> 8 & 0xF, address & 0xFF
        return group >> 2 << 13 | (group & 3) << 10 | (place - 0x10) // 8 * 2
    place = ((address & 0xFFF) - 0x10) // 4
    for width, fields in enumerate(FIELDS_OF_TYPE):
        if place < 4 * fields:
            return width << 13 | place // fields << 10 | place % fields
        place -= 4 * fields
    return None


class Trace:
    """Takes the debugger's lines, says what to do at each stop, and has the paths in the end.

    The guest is not traced. An NMI that comes right at the entry leads to the entry again. What the
    VMM does between those two stops is not traced, and so that path is left out.
    """

    def __init__(self, names, longest=LONGEST):
        self.longest = longest
        self.exit = names["vmx_host_rip"][0]
        self.entries = {entry_point(names, kind) for kind in ("enter", "launch")}
        self.terminal = [
            range(at, at + size) for name, (at, size) in names.items() if name.startswith(TERMINAL)
        ]
        self.paths = []
        self.counts = None
        self.at_entry = False
        self.last = ""
        self.release = (2, 7)

    def take(self, text):
        if text.startswith("(0) ["):
            return self.stop(int(STOP.match(text)[1], 16))
        if self.counts is None:
            if found := RELEASE.match(text):
                self.release = int(found[1]), int(found[2])
            return None
        if text.startswith("(0)."):
            self.instruction(INSTRUCTION.match(text))
        elif text.startswith("[CPU0 "):
            self.access(ACCESS.match(text))
        return None

    def add(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def stop(self, address):
        """At an exit: trace; at an entry: no more. A stop that is neither says nothing."""
        if address == self.exit:
            self.counts, self.reason, self.qualification, self.last = {}, None, 0, ""
            self.at_entry = False
            return "trace on\ntrace-mem on\nc\n"
        if address not in self.entries:
            return None
        if self.counts is not None:
            self.paths.append(self.path())
        elif self.at_entry and self.paths:
            self.paths.pop()
            self.at_entry = False
        self.at_entry = self.counts is not None
        self.counts = None
        return "trace off\ntrace-mem off\nc\n"

    @property
    def over(self):
        return self.counts is not None and self.counts.get("instructions", 0) > self.longest

    def path(self):
        self.add("instructions")  # the entry itself, before which the debugger stops
        reason = VMX_EXITS.get(self.reason, f"reason {self.reason}")
        port = self.qualification >> 16 & 0xFFFF if reason == "io" else None
        return Path(reason, port, self.counts.get("vmptrld", 0) > 0, self.counts)

    def instruction(self, match):
        if match is None:  # a jump into a guest, or out of the machine
            return
        name, operands = match[2], match[3]
        self.last = name
        self.add("instructions")
        if name in PLAIN:
            self.add(PLAIN[name])
        elif name == "mov" and re.search(r"\bcr\d", operands):
            self.add("cr2" if "cr2" in operands else "cr")
        address = int(match[1], 16)
        if any(address in place for place in self.terminal):
            self.add("console")

    def access(self, match):
        kind, address, values, note = match[1], int(match[2], 16), match[3], match[4]
        if "VMCS" in note:
            self.field(field_at(address, self.release), values)
        elif 0xA0000 <= address < 0xC0000:
            self.add("vga_read" if kind == "RD" else "vga_write")
            self.add("console")
        elif address >= 0xC0000000:
            device = DEVICES.get(address >> 12, "window")
            self.add(f"{device}_{'read' if kind == 'RD' else 'write'}")

    def field(self, field, values):
        """Of a VMREAD or VMWRITE; an exit and an entry reach further ones by themselves."""
        if self.last not in ("vmread", "vmwrite"):
            return
        if field not in SHADOWED or (self.last == "vmwrite" and field in READ_ONLY):
            self.add("unshadowed")
        if self.last == "vmread" and field in (VMX_REASON, VMX_QUALIFICATION):
            value = int("".join(word[2:] for word in values.split()), 16)
            if field == VMX_QUALIFICATION:
                self.qualification = value
            elif self.reason is None:
                self.reason = value & 0xFFFF


def entry_point(names, kind):
    """VMRESUME or VMLAUNCH: behind the jump of 2 bytes that begins its window (vmx/enter.S)."""
    return names[f"{kind}_window_begin"][0] + 2


def trace_paths(machine, directory, count, timeout, longest=LONGEST):
    """Boot in the debugger; the first paths up to that count, or fewer where the run ends. longest:
    the instructions of a path that is taken for the run's end."""
    _, directory, iso, disk = machine.prepare(directory)
    command, environment = bochs.configure(machine, directory, iso, disk, None)
    trace = Trace(symbols(machine.symbols), longest)
    points = [trace.exit, *sorted(trace.entries)]
    breakpoints = "".join(f"pb {point:#x}\n" for point in points)
    (directory / "debugger.rc").write_text(breakpoints + "c\n")
    with open(directory / "emulator.txt", "wb") as log, subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        text=True,
        errors="replace",
    ) as process:
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        try:
            for text in process.stdout:
                said = trace.take(text)
                if len(trace.paths) >= count or trace.over:
                    break
                if said:
                    process.stdin.write(said)
                    process.stdin.flush()
        finally:
            timer.cancel()
            process.kill()
    os.replace(directory / "com1.txt", directory / "console.txt")
    return trace.paths
