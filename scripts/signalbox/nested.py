# SPDX-License-Identifier: BSD-2-Clause
"""Signalbox as a guest of a nesting KVM, all of it emulated: the emulator's machine boots Linux,
whose KVM runs QEMU, whose machine boots Signalbox with pulse and scribe (docs/nested-kvm.md).

Rule: a run's machine is a description of the platform kvm or kvm-irqmux, with the command line that
the platform has on a host. A run is judged by its records alone.
"""

import importlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from .machine import EMULATORS, Machine, Module
from .nested_image import KERNEL_WORDS, make_image, make_initrd
from .platforms import ON_QEMU
from .qemu_irqmux import plugin
from .records import find_records, parse_latencies

# An instruction is a tick of the TSC on both emulators.
UNIT = "unit=instructions"
PULSE = f"{UNIT} n=100 probes=uart,mask,pit,cpuid"
# The outer KVM injects interrupts, and QEMU's SVM delivers some injected interrupts twice
# (docs/emulators.md, "Doubled events"). scribe then finds no cause; an interrupt of line 15 is no
# longer in service at its second delivery, and a guest calls that interrupt spurious.
SCRIBE = "rounds=20 idle=1"
IDLE_MOST = {"svm": 2, "vmx": 0}
# The VMM's part of an interrupt's way: the median beside the plain guest's, at most.
WAY_MOST = 1.25
LINE = re.compile(r"^(?P<run>[a-z0-9-]+)\| (?P<text>.*)$")
BEGAN = re.compile(r"^nested: run (\S+) begins at ([\d.]+)$", re.MULTILINE)
ENDED = re.compile(r"^nested: run (\S+) ended at ([\d.]+)$", re.MULTILINE)
PROBLEM = re.compile(r"^nested: (problem: .*)$", re.MULTILINE)
VMM_VERDICT = re.compile(r"^(?:signalbox: )?end: status (\d+)$", re.MULTILINE)

# By vendor: the platform that emulates it, the machine's options, and KVM's module with its words.
# Bochs 3.0 wants the descriptor of posted interrupts aligned to a page, so KVM leaves them out.
VENDORS = {
    "svm": ({"platform": "qemu", "shift": 0}, "kvm-amd nested=1"),
    "vmx": (
        {"platform": "bochs-irqmux", "ips": 500_000_000},
        "kvm-intel nested=1 enable_apicv=0",
    ),
}
MEMORY = 1024


@dataclass(frozen=True)
class Run:
    """A boot of KVM's guest.

    vmm     the VMM's words; None: pulse on KVM's machine, with no VMM between
    beside  scribe is the second VM
    screen  the machine has a VGA, on which the VMM's console shows too
    board   further words of QEMU's command line
    cpu     by vendor, QEMU's words behind -cpu host
    refuse  by vendor, what the VMM has to say before it ends with status 1
    """

    vmm: str | None
    platform: str = "kvm"
    beside: bool = False
    screen: bool = False
    board: tuple = ()
    cpu: dict = field(default_factory=dict)
    refuse: dict = field(default_factory=dict)

    def modules(self):
        if self.vmm is None:
            return [Module("pulse", PULSE)]
        pulse = "vm=pulse mem=16M prio=1 slice=5ms irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"
        scribe = "vm=scribe mem=16M prio=1 slice=5ms irq=8,15 io=0x70-0x71,0x170-0x177,0x376"
        modules = [Module("pulse", f"{pulse} -- {PULSE}")]
        return modules + ([Module("scribe", f"{scribe} -- {SCRIBE}")] if self.beside else [])

    def machine(self, build):
        extra = [] if self.screen else ["-vga", "none"]
        vmm = None if self.vmm is None else f"console=com1 {self.vmm}"
        return Machine(
            vmm=vmm,
            modules=self.modules(),
            platform=self.platform,
            memory=128,
            extra=[*extra, *self.board],
            build=build,
        )


# The quick ones are in `make test`.
QUICK = {
    "plain": Run(None),
    "pc": Run("chipset=pc", beside=True),
    "irqmux": Run("chipset=irqmux", "kvm-irqmux", beside=True),
}
FULL = {
    "plain": QUICK["plain"],
    "pc-alone": Run("chipset=pc"),
    "irqmux-alone": Run("chipset=irqmux", "kvm-irqmux"),
    "pc": QUICK["pc"],
    "irqmux": QUICK["irqmux"],
    "soft": Run("chipset=soft", beside=True),
    "pc-screen": Run("chipset=pc", beside=True, screen=True),
    "no-x2apic": Run("chipset=pc", cpu=dict.fromkeys(VENDORS, "-x2apic")),
    "no-hpet": Run("chipset=pc", board=("-machine", "pc,hpet=off")),
    "no-paging": Run(
        "chipset=pc",
        cpu={"svm": "-npt", "vmx": "-vmx-ept"},
        refuse={"svm": "SVM lacks nested paging", "vmx": "VMX lacks EPT"},
    ),
    "no-nesting": Run(
        "chipset=pc",
        cpu={"svm": "-svm", "vmx": "-vmx"},
        refuse=dict.fromkeys(VENDORS, "no VMX (CPUID.1:ECX[5] = 0) and no SVM"),
    ),
}


def with_cpu(command, words):
    """The command with further words behind the processor's model."""
    at = command.index("-cpu") + 1
    return [*command[:at], f"{command[at]},{words}", *command[at + 1 :]] if words else command


def command_of(name, run, vendor, build):
    """(the command that runs QEMU in the machine that nests, the files that it names)."""
    machine = run.machine(build)
    iso = machine.image()
    emulator = importlib.import_module(f".{EMULATORS[machine.platform]}", __package__)
    place = Path("/run") / name
    command, _ = emulator.configure(machine, place, iso, place / "disk.img", None)
    return with_cpu(command, run.cpu.get(vendor)), [
        iso,
        *([plugin(build)] if "irqmux" in run.platform else []),
    ]


def outer_machine(runs, vendor, packages, build, directory):
    """The emulator's machine that plays the runs."""
    options, module = VENDORS[vendor]
    commands, files = {}, {}
    for name, run in runs.items():
        commands[name], needed = command_of(name, run, vendor, build)
        files.update(dict.fromkeys(needed))
    direct = options["platform"] in ON_QEMU
    initrd = make_initrd(packages, commands, files, module, directory, packed=not direct)
    if direct:  # neither the firmware's CD nor the kernel's gunzip, which take long there
        begin = {"linux": (packages / "vmlinuz", initrd, KERNEL_WORDS)}
    else:
        begin = {"iso": make_image(packages, initrd, directory)}
    return Machine(vmm=None, memory=MEMORY, disk=False, build=build, **begin, **options)


# ---- What came of it -----------------------------------------------------------------------------


def consoles(text):
    """By run, what its machine said on COM1 and what KVM counted."""
    found = {name: [] for name, _ in BEGAN.findall(text)}
    for line in text.splitlines():
        match = LINE.match(line)
        if match and match["run"] in found:
            found[match["run"]].append(match["text"])
    return {name: "\n".join(lines) for name, lines in found.items()}


def seconds(text):
    """By run, how long it lasted in the machine's time."""
    ends = dict(ENDED.findall(text))
    return {name: float(ends[name]) - float(at) for name, at in BEGAN.findall(text) if name in ends}


def medians(console):
    return {latency.probe: latency.median for latency in parse_latencies(console)}


def numbers(console, kind, **wanted):
    """The records of a kind whose words are as wanted, with their figures as numbers."""
    return [
        {key: int(value) if value.isdigit() else value for key, value in record.items()}
        for record in find_records(console, kind)
        if all(record.get(key) == str(value) for key, value in wanted.items())
    ]


def problems_of_counts(console, run, vendor):
    """What the devices' counts say: nothing lost, nothing twice, nothing of another VM's."""
    counts = numbers(console, "count")
    for count in (count for count in counts if "line" in count):
        name = f"line {count['line']}"
        if count["lost"] or count.get("twice", 0):
            yield f"{name}: {count['lost']} lost, {count.get('twice', 0)} twice"
        if count.get("idle", 0) > IDLE_MOST[vendor]:
            yield f"{name}: {count['idle']} interrupts without a cause"
        known = count["handled"] + count.get("merged", 0) - count.get("idle", 0)
        if known != count["expected"]:
            yield f"{name}: {known} interrupts for {count['expected']}"
    spurious = sum(count.get("spurious", 0) for count in counts)
    if spurious > IDLE_MOST[vendor]:
        yield f"{spurious} spurious interrupts"
    lines = {0, 8, 15} if run.beside else {0}
    missing = lines - {count.get("line") for count in counts}
    if missing:
        yield f"no count of the lines {sorted(missing)}"


def problems_of_exits(console, run):
    """R10: pulse's own interrupts cost no exit of Signalbox. A VM that is alone has none at all for
    an interrupt; the block leaves the mask to the guest."""
    if run.vmm is None or "soft" in run.vmm:
        return
    for line in numbers(console, "line", irq=3):
        if line["exits"] or line["held"] or line["injected"]:
            yield f"line 3: {line}"
    for latency in parse_latencies(console):
        free = latency.probe in ("uart", "pit") or (latency.probe == "mask" and "irqmux" in run.vmm)
        if not run.beside and free and latency.exits:
            yield f"probe {latency.probe}: {latency.exits} exits"


def problems_of_run(console, run, vendor):
    """Everything that is wrong with a run, a text for each."""
    verdict = VMM_VERDICT.findall(console)
    if run.refuse:
        if verdict != ["1"] or run.refuse[vendor] not in console:
            yield f"verdict {verdict}, and not refused with '{run.refuse[vendor]}'"
        return
    if verdict != ["0"]:
        yield f"verdict {verdict}, and status 0 was due"
    yield from (text for text in console.splitlines() if "FAILED" in text)
    if set(medians(console)) != {"uart", "mask", "pit", "cpuid"}:
        yield f"probes {sorted(medians(console))}"
    yield from problems_of_counts(console, run, vendor)
    yield from problems_of_exits(console, run)


def problems(text, runs, vendor):
    """All that is wrong with the console of a machine that has played these runs."""
    found = PROBLEM.findall(text)
    said = consoles(text)
    for name, run in runs.items():
        if name not in said:
            found.append(f"{name}: did not begin")
            continue
        found += [f"{name}: {problem}" for problem in problems_of_run(said[name], run, vendor)]
    plain = medians(said.get("plain", "")).get("uart")
    for name, run in runs.items():
        way = medians(said.get(name, "")).get("uart")
        if plain and way and run.vmm and "soft" not in run.vmm and way > plain * WAY_MOST:
            found.append(f"{name}: UART {way} instructions, and {plain} in a plain guest")
    return found


# ---- The table -----------------------------------------------------------------------------------

PROBES = ("uart", "pit", "cpuid", "mask")
COLUMNS = ("run", *PROBES, "exits", "machine's time", "KVM's exits", "VM entries nested")


def row(name, console, lasted):
    found = medians(console)
    latencies = {latency.probe: latency for latency in parse_latencies(console)}
    kvm = (numbers(console, "kvm") or [{}])[0]
    uart = latencies.get("uart")
    return (
        name,
        *(f"{found[probe]:,}" if probe in found else "-" for probe in PROBES),
        f"{uart.exits_per_interrupt:.3f}" if uart else "-",
        f"{lasted:.2f} s",
        f"{kvm.get('exits', 0):,}",
        f"{kvm.get('nested_run', 0):,}",
    )


def table(text):
    """The figures of all runs: medians in instructions, exits for each interrupt of the UART's
    probe, and what the outer KVM counted."""
    lasted = seconds(text)
    rows = [COLUMNS] + [
        row(name, console, lasted.get(name, 0)) for name, console in consoles(text).items()
    ]
    widths = [max(len(line[i]) for line in rows) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in rows
    )
