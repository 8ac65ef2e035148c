# SPDX-License-Identifier: BSD-2-Clause
"""For gdb: whose code the processor runs, and the symbols of the guests.

Rule: the VMM and each guest have the same addresses, so the symbols of one program at a time are
loaded. A breakpoint belongs to the program whose symbols were loaded when the breakpoint was set,
and stops the machine in that program alone. While other symbols are loaded, a breakpoint by
address stands for the breakpoint of the program that is not loaded.
`gdb_signalbox.py` loads this file.
"""

import contextlib
import re
import subprocess
from pathlib import Path

import gdb

VMM = "vmm"
BREAKPOINTS = (gdb.BP_BREAKPOINT, gdb.BP_HARDWARE_BREAKPOINT)


def read_physical(on):
    """Memory is read by physical address from now on. Another target than QEMU stays as it is."""
    with contextlib.suppress(gdb.error):
        gdb.execute(f"maintenance packet Qqemu.PhyMemMode:{int(on)}", to_string=True)
        gdb.execute("maintenance flush dcache", to_string=True)


@contextlib.contextmanager
def physical_memory():
    read_physical(True)
    try:
        yield
    finally:
        read_physical(False)


def address_in(path, symbol):
    """The address of a symbol of an ELF file."""
    done = subprocess.run(["nm", path], stdout=subprocess.PIPE, text=True, check=True)
    found = re.search(rf"^([0-9a-f]+) . {symbol}$", done.stdout, re.M)
    if not found:
        raise gdb.GdbError(f"no symbol {symbol} in {path}")
    return int(found[1], 16)


class Places:
    """Addresses of the VMM's data, for the time when the symbols of a guest are loaded."""

    def __init__(self):
        types = [s.type for s in gdb.lookup_static_symbols("tables") if "idt" in s.type.keys()]
        config = gdb.lookup_type("struct vm")["config"]
        name = config.type.strip_typedefs()["name"]
        # The compiler took the structure apart: gdb has no address of the whole.
        self.idt = address_in(gdb.current_progspace().filename, "tables")
        self.idt += types[0]["idt"].bitpos // 8
        self.vm = int(gdb.lookup_global_symbol("processor").value()["vm"].address)
        self.name = (config.bitpos + name.bitpos) // 8
        self.name_size = name.type.sizeof


class Programs:
    """The programs whose symbols can be loaded, and which program's symbols are."""

    def __init__(self):
        self.files = {VMM: gdb.current_progspace().filename}
        self.places = None  # known from the first stop on: gdb asks for a machine
        self.loaded = VMM
        self.homes = {}  # by a breakpoint's number: its program
        self.pins = []  # (a breakpoint by address, the breakpoint whose place it has)
        self.changing = False

    # ---- Whose code runs -------------------------------------------------------------------------

    def running(self):
        """The program in the processor: VMM, or the name of a VM. The time before the VMM's tables
        are in the processor is the VMM's."""
        self.places = self.places or Places()
        text = gdb.execute("monitor info registers", to_string=True)
        idt = re.search(r"^IDT=\s*([0-9a-f]+)", text, re.M)
        if not idt or int(idt[1], 16) == self.places.idt:
            return VMM
        memory = gdb.selected_inferior().read_memory
        with physical_memory():
            vm = int.from_bytes(bytes(memory(self.places.vm, 8)), "little")
            if not vm:
                return VMM
            name = bytes(memory(vm + self.places.name, self.places.name_size))
        return name.split(b"\0")[0].decode("ascii", "replace")

    # ---- Symbols ---------------------------------------------------------------------------------

    def load(self, name):
        """Loads the symbols of a program in the place of those that are loaded."""
        if name == self.loaded:
            return
        self.changing = True
        try:
            self.set_aside()
            gdb.execute("set confirm off")
            file = str(self.files[name]).replace("\\", "\\\\").replace('"', '\\"')
            # At once: a function that the compiler made a part of its caller is not found before.
            gdb.execute(f'symbol-file -readnow "{file}"', to_string=True)
            self.loaded = name
            self.take_back()
        finally:
            self.changing = False

    def set_aside(self):
        """Puts a breakpoint by address in the place of each breakpoint of the loaded program."""
        for b in list(gdb.breakpoints()):
            if self.homes.get(b.number) != self.loaded or not b.enabled:
                continue
            for place in gdb.decode_line(b.location)[1] or ():
                pin = gdb.Breakpoint(
                    f"*{place.pc:#x}", type=gdb.BP_HARDWARE_BREAKPOINT, internal=True
                )
                pin.silent = True  # stopped() says where the machine stands
                pin.condition = condition(self.loaded)
                self.pins.append((pin, b))
            b.enabled = False

    def take_back(self):
        """The breakpoints of the program that is loaded now stand for themselves again."""
        pins, self.pins = self.pins, []
        for pin, b in pins:
            if b.is_valid() and self.homes.get(b.number) != self.loaded:
                self.pins.append((pin, b))
                continue
            if b.is_valid():
                b.enabled = True
            pin.delete()

    @contextlib.contextmanager
    def vmm_symbols(self):
        """The VMM's symbols are loaded meanwhile."""
        before = self.loaded
        self.load(VMM)
        try:
            yield
        finally:
            self.load(before)

    # ---- Events ----------------------------------------------------------------------------------

    def breakpoint_created(self, b):
        if self.changing or b.type not in BREAKPOINTS or b.number < 0:
            return
        self.homes[b.number] = self.loaded
        if not b.condition:
            b.condition = condition(self.loaded)

    def stopped(self, _event):
        """Loads the symbols of the program that runs where they are known; else warns."""
        if not gdb.selected_thread():
            return
        name = self.running()
        if name in self.files:
            if name != self.loaded:
                self.load(name)
                print(f"signalbox: {describe(name)} is in the processor; its symbols are loaded")
                gdb.execute("frame")
        elif self.loaded == VMM:
            print(
                f"signalbox: warning: RIP is of VM {name}, and the symbols are the VMM's: names of"
                f" places in the code are wrong here. guest-symbols {name} FILE loads the guest's"
            )
        else:
            self.load(VMM)
            self.stopped(_event)


def describe(name):
    return "the VMM" if name == VMM else f"VM {name}"


def condition(name):
    return f'$_runs("{name}")'


class Runs(gdb.Function):
    """$_runs(NAME): 1 where the processor runs the program: "vmm", or a VM's name."""

    def __init__(self, programs):
        super().__init__("_runs")
        self.programs = programs

    def invoke(self, name):
        return int(self.programs.running() == name.string())


class GuestSymbols(gdb.Command):
    """guest-symbols VM FILE: FILE has the symbols of the VM's guest. The symbols are loaded while
    the machine stands in that VM. Without words: which symbols are known and loaded."""

    def __init__(self, programs):
        super().__init__("guest-symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)
        self.programs = programs

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if not words:
            for name, path in self.programs.files.items():
                print(f"{'*' if name == self.programs.loaded else ' '} {name:16} {path}")
            return
        if len(words) != 2 or words[0] == VMM:
            raise gdb.GdbError("guest-symbols VM FILE: the name of a VM, and a file with symbols")
        if not Path(words[1]).is_file():
            raise gdb.GdbError(f"guest-symbols: no file {words[1]}")
        self.programs.files[words[0]] = str(Path(words[1]).resolve())


class GuestBreak(gdb.Command):
    """guest-break VM PLACE: a breakpoint at a place of the VM's guest, as hbreak takes the place.
    The machine stops there in that VM alone. guest-break vmm PLACE: at a place of the VMM."""

    def __init__(self, programs):
        super().__init__("guest-break", gdb.COMMAND_BREAKPOINTS)
        self.programs = programs

    def invoke(self, argument, from_tty):
        name, _, place = argument.strip().partition(" ")
        if not place:
            raise gdb.GdbError("guest-break VM PLACE: the name of a VM, and a place in its guest")
        if name not in self.programs.files:
            raise gdb.GdbError(
                f"guest-break: no symbols of VM '{name}' are known: guest-symbols {name} FILE"
            )
        before = self.programs.loaded
        self.programs.load(name)
        try:
            gdb.execute(f"hbreak {place}")
        finally:
            self.programs.load(before)


def begin():
    """Adds the commands, and follows the processor from now on."""
    programs = Programs()
    Runs(programs), GuestSymbols(programs), GuestBreak(programs)
    gdb.events.stop.connect(programs.stopped)
    gdb.events.breakpoint_created.connect(programs.breakpoint_created)
    return programs
