# SPDX-License-Identifier: BSD-2-Clause
"""Commands for gdb that know the VMM: vms, lines, trace and vmm-log; and those of gdb_guests.py.

Rule: the commands only read. Each answers while the machine is stopped, in the VMM or in a guest:
the VMM's addresses are physical ones, and QEMU is asked for physical memory.
`make debug` loads this file; by hand: gdb build/signalbox.elf -x scripts/gdb_signalbox.py
"""

import sys
from pathlib import Path

import gdb

sys.path.insert(0, str(Path(__file__).resolve().parent))
import gdb_guests  # noqa: E402: beside this file

NO_VM = 0xFF


def value(expression):
    return gdb.parse_and_eval(expression)


def name_of(vm):
    return vm["config"]["name"].string()


def all_vms():
    """The VMs by number, as gdb values."""
    return [value("vms")[i].dereference() for i in range(int(value("vm_count")))]


def enumerators(type_name, prefix):
    """Names of an enumeration's values, as the VMM's own reports write them."""
    return {
        field.enumval: field.name[len(prefix) :].lower().replace("_", "-")
        for field in gdb.lookup_type(type_name).fields()
    }


def owner_of(line):
    names = [name_of(vm) for vm in all_vms() if int(vm["controller"]["lines"]) >> line & 1]
    return ",".join(names) or "-"


class Command(gdb.Command):
    """A command whose name is the class attribute `word`."""

    word = ""

    def __init__(self, programs):
        super().__init__(self.word, gdb.COMMAND_DATA)
        self.programs = programs

    def invoke(self, argument, from_tty):
        try:
            with self.programs.vmm_symbols(), gdb_guests.physical_memory():
                self.run(argument)
        except (gdb.error, ValueError) as problem:
            raise gdb.GdbError(f"{self.word}: {problem}; is the VMM's image loaded, and running?")


class Vms(Command):
    """vms: the VMs, their states, and which one is in the processor."""

    word = "vms"

    def run(self, argument):
        current = int(value("processor.vm"))
        print(
            f"  {'vm':16} {'state':10} {'prio':>4} {'memory at':>12} {'MiB':>6}"
            f" {'exits':>10} {'switches':>9}"
        )
        states = enumerators("enum vm_state", "VM_")
        for vm in all_vms():
            reasons = vm["exits"].type.range()[1] + 1
            exits = sum(int(vm["exits"][i]) for i in range(reasons))
            here = "*" if int(vm.address) == current else " "
            print(
                f"{here} {name_of(vm):16} {states.get(int(vm['state']), '?'):10} "
                f"{int(vm['config']['priority']):4} {int(vm['ram']['part'][0]['host']):#12x} "
                f"{int(vm['config']['memory']) >> 20:6} {exits:10} {int(vm['switches_in']):9}"
            )


class Lines(Command):
    """lines: whose each interrupt line is, and what came of it."""

    word = "lines"

    def run(self, argument):
        print(
            f"  {'line':>4} {'owner':16} {'exits':>10} {'by VMM':>8}"
            f" {'injected':>9} {'wake-ups':>9}"
        )
        counters = value("line_table")
        for line in range(counters.type.range()[1] + 1):
            c, owner = counters[line], owner_of(line)
            counts = [int(c[key]) for key in ("exits", "held_by_vmm", "injected", "wakeups")]
            if owner == "-" and any(counts):
                owner = "vmm"  # no VM's, and its device was served
            if owner != "-":
                print(
                    f"  {line:4} {owner:16} {counts[0]:10} {counts[1]:8}"
                    f" {counts[2]:9} {counts[3]:9}"
                )


class Trace(Command):
    """trace [N]: the last N events of the VMM's trace, 20 where N is not given."""

    word = "trace"

    def run(self, argument):
        wanted = int(argument or 20)
        ring = value("processor.trace")
        size = ring["entry"].type.range()[1] + 1
        end = int(ring["count"])
        events = enumerators("enum trace_event", "TRACE_")
        reasons = enumerators("enum vm_exit_reason", "VM_EXIT_")
        names = [name_of(vm) for vm in all_vms()]
        before = None
        for i in range(max(0, end - min(wanted, size)), end):
            e = ring["entry"][i % size]
            tsc, event, vm, a = (int(e[key]) for key in ("tsc", "event", "vm", "a"))
            what = events.get(event, "?")
            more = reasons.get(a, "?") if what in ("exit", "fault") else a
            who = "-" if vm == NO_VM or vm >= len(names) else names[vm]
            print(
                f"  {tsc:16} {tsc - (before or tsc):+10} {who:16} {what:14} {more} {int(e['b']):#x}"
            )
            before = tsc


class VmmLog(Command):
    """vmm-log: the VMM's memory log, oldest byte first."""

    word = "vmm-log"

    def run(self, argument):
        ring = value("log_ring")
        text, begin, end = ring["text"], int(ring["begin"]), int(ring["end"])
        size = text.type.range()[1] + 1
        at = begin % size
        memory = bytes(gdb.selected_inferior().read_memory(int(text.address), size))
        print((memory[at:] + memory[:at])[: end - begin].decode("ascii", "replace"))


PROGRAMS = gdb_guests.begin()
for command in (Vms, Lines, Trace, VmmLog):
    command(PROGRAMS)
