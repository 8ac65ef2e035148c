# SPDX-License-Identifier: BSD-2-Clause
"""gdb's commands that know the VMM (gdb_signalbox.py) and the guests (gdb_guests.py), on machines
that run.

Rule: what the commands show is compared with what the console has said.
"""

import re
import shutil
import subprocess
import sys
import time

import pytest

from conftest import BUILD, ROOT, here, pulse, vandal
from signalbox import ConfigError, Machine, load_config
from signalbox.qemu import command_line

sys.path.insert(0, str(ROOT / "scripts"))
import debug  # noqa: E402: make debug's script

PATIENCE = 60  # seconds; a machine that is slower by far hangs
COMMANDS = ("vms", "lines", "trace 8", "vmm-log")

pytestmark = pytest.mark.only_on("qemu", "qemu-irqmux")


def gdb(directory, commands):
    """What gdb prints of the machine behind the socket in directory."""
    done = subprocess.run(
        [
            "gdb",
            "-q",
            "-batch",
            "--readnow",
            str(BUILD / "signalbox.elf"),
            "-x",
            str(debug.COMMANDS),
            "-ex",
            "set architecture i386:x86-64",
            "-ex",
            "set remotetimeout 60",
            "-ex",
            "target remote gdb.socket",
            *(word for c in commands for word in ("-ex", c)),
        ],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout


SOCKET = ["-chardev", "socket,id=gdb,path=gdb.socket,server=on,wait=off", "-gdb", "chardev:gdb"]


@pytest.fixture(scope="module")
def stopped_run(tmp_path_factory):
    """What gdb's commands print of a machine in which pulse and vandal run."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed: make debug installs it")
    machine = Machine(
        vmm="console=com1 chipset=pc stay seconds=600",
        platform="qemu",
        exact=False,
        build=BUILD,
        modules=[pulse("probes=uart n=10"), vandal("do=none")],
    )
    _, directory, iso, disk = machine.prepare(tmp_path_factory.mktemp("debug"))
    command = command_line(machine, directory, iso, disk)
    command[command.index("stdio")] = "file:com1.txt"
    command += SOCKET
    process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        console = directory / "com1.txt"
        while not (console.exists() and "vm pulse: done" in console.read_text()):
            assert process.poll() is None and time.monotonic() < end, "no VM ran"
            time.sleep(0.2)
        return gdb(directory, COMMANDS)
    finally:
        process.kill()
        process.wait()


def test_vms_shows_the_vms(stopped_run):
    """Each VM with its memory; what has ended is shown as stopped."""
    for name, state in (("pulse", "stopped"), ("vandal", r"\w+")):
        row = re.search(
            rf"^[ *] {name} +{state} +1 +0x[0-9a-f]+ +\d+ +(\d+) +(\d+)$", stopped_run, re.M
        )
        assert row and int(row[1]) > 0 and int(row[2]) > 0, stopped_run


def test_lines_shows_the_owners(stopped_run):
    """The lines of pulse's, and the console's, which the VMM serves itself."""
    for line, owner in ((0, "pulse"), (3, "pulse"), (4, "vmm")):
        assert re.search(rf"^ +{line} {owner} +\d+ +\d+ +\d+ +\d+$", stopped_run, re.M), stopped_run


def test_trace_shows_as_many_events_as_asked_for(stopped_run):
    rows = re.findall(r"^ +\d+ +\+\d+ +(\S+) +([a-z-]+) +\S+ 0x[0-9a-f]+$", stopped_run, re.M)
    assert len(rows) == 8 and all(name in ("-", "pulse", "vandal") for name, _ in rows), stopped_run


def test_the_memory_log_is_the_console(stopped_run):
    assert "signalbox: vm pulse: done, status 0" in stopped_run


# ---- The guests ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def followed_run(tmp_path_factory):
    """What gdb prints as make debug GUEST=scribe starts gdb. The symbols of pulse are not known."""
    if shutil.which("gdb") is None:
        pytest.skip("gdb is not installed: make debug installs it")
    image, vmm, modules = load_config(ROOT / "scripts/configs/default.cfg")
    machine = Machine(
        vmm=vmm,
        vmm_image=image,
        modules=modules,
        platform=here("qemu-irqmux"),
        exact=False,
        build=BUILD,
    )
    _, directory, iso, disk = machine.prepare(tmp_path_factory.mktemp("followed"))
    command, environment = debug.qemu_command(machine, directory, iso, disk)
    process = subprocess.Popen(
        [*command, *SOCKET, "-S"], cwd=directory, env=environment, stdin=subprocess.DEVNULL
    )
    guests = debug.guests_of(modules, BUILD)
    pulses = dict((name, at) for at, name in debug.symbols(guests.pop("pulse")))
    try:
        end = time.monotonic() + PATIENCE
        while not (directory / "gdb.socket").exists():
            assert process.poll() is None and time.monotonic() < end, "QEMU did not start"
            time.sleep(0.05)
        return gdb(
            directory,
            [
                *debug.words_of_guests(guests, "scribe"),
                "continue",
                "bt",
                "vms",
                "guest-break vmm vm_switch",
                "continue",
                "echo \\nsecond:\\n",
                "bt",
                "delete",
                f'hbreak *{pulses["irq_dispatch"]:#x} if $_runs("pulse")',
                "continue",
                "echo \\nthird:\\n",
                "guest-break pulse guest_main",
                "guest-break scribe no_such_function",
                "guest-symbols pulse nowhere.elf",
            ],
        )
    finally:
        process.kill()
        process.wait()


def test_a_guest_s_symbols_come_with_the_guest(followed_run):
    """The stack is read through the nested tables: its frames are the guest's functions."""
    text = followed_run.split("\nsecond:\n")[0]
    said = "signalbox: VM scribe is in the processor; its symbols are loaded\n#0  guest_main ()"
    assert said in text
    assert re.search(r"^#0  guest_main \(\) at guests/scribe/main.c:\d+$", text, re.M)
    assert re.search(r"^#1 .* in guest_start \(.*\) at guests/lib/machine.c:\d+$", text, re.M)
    assert re.search(r"^\* scribe +ready", text, re.M) and re.search(r"^  pulse", text, re.M)


def test_a_breakpoint_of_the_vmm_can_be_set_in_a_guest(followed_run):
    """The machine stops at the VMM's function, and the VMM's symbols are back."""
    before, text = followed_run.split("\nsecond:\n")
    assert "signalbox: the VMM is in the processor; its symbols are loaded\n" in before
    assert re.search(r"^#\d+ .*vmm_main \(.*\) at vmm/main.c:\d+$", text, re.M)


def test_a_guest_without_symbols_has_a_warning(followed_run):
    """The VMM's names at a guest's address are no names of the guest's."""
    text = followed_run.split("\nthird:\n")[0]
    said = "\nsignalbox: warning: RIP is of VM pulse, and the symbols are the VMM's: names"
    assert said in text and "guest-symbols pulse FILE loads the guest's\n" in text


def test_gdb_names_what_is_missing(followed_run):
    text = followed_run.split("\nthird:\n")[1]
    assert "guest-break: no symbols of VM 'pulse' are known: guest-symbols pulse FILE\n" in text
    assert 'Function "no_such_function" not defined.' in text
    assert "guest-symbols: no file nowhere.elf\n" in text


def test_make_debug_names_the_vms():
    """GUEST= with a name that no VM has."""
    _, _, modules = load_config(ROOT / "scripts/configs/default.cfg")
    guests = debug.guests_of(modules, BUILD)
    assert {path.name for path in guests.values()} == {"pulse.elf", "scribe.elf"}
    debug.check_guest("scribe", modules, guests)
    with pytest.raises(ConfigError, match="no VM has that name; there are: pulse scribe"):
        debug.check_guest("scrib", modules, guests)
    with pytest.raises(ConfigError, match="the guest's image has no symbols"):
        debug.check_guest("pulse", modules, {})
