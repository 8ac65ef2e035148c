# SPDX-License-Identifier: BSD-2-Clause
"""gdb's commands that know the VMM (scripts/gdb_signalbox.py), on a machine that runs.

Rule: what the commands show is compared with what the console has said.
"""

import re
import shutil
import subprocess
import time

import pytest

from conftest import BUILD, ROOT, pulse, vandal
from signalbox import Machine
from signalbox.qemu import command_line

PATIENCE = 60  # seconds; a machine that is slower by far hangs
COMMANDS = ("vms", "lines", "trace 8", "vmm-log")

pytestmark = pytest.mark.only_on("qemu")


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
    command += [
        "-chardev",
        "socket,id=gdb,path=gdb.socket,server=on,wait=off",
        "-gdb",
        "chardev:gdb",
    ]
    process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + PATIENCE
        console = directory / "com1.txt"
        while not (console.exists() and "vm pulse: done" in console.read_text()):
            assert process.poll() is None and time.monotonic() < end, "no VM ran"
            time.sleep(0.2)
        done = subprocess.run(
            [
                "gdb",
                "-q",
                "-batch",
                str(BUILD / "signalbox.elf"),
                "-x",
                str(ROOT / "scripts" / "gdb_signalbox.py"),
                "-ex",
                "set architecture i386:x86-64",
                "-ex",
                "set remotetimeout 60",
                "-ex",
                "target remote gdb.socket",
                *(word for c in COMMANDS for word in ("-ex", c)),
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
