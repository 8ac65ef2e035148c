# SPDX-License-Identifier: BSD-2-Clause
"""RAM above 4 GiB belongs to VMs as any other RAM.

Rule: the board puts all but 64 MiB of a small machine above 4 GiB, so that no large memory is
touched. An exact run takes 2 s of a CPU.
"""

import re

import pytest

from conftest import all_ok, line, vandal
from signalbox import Module

pytestmark = pytest.mark.only_on("qemu")

PULSE = "mem=128M irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"


def test_R01_a_vm_runs_above_4_gib(boot):
    """pulse has 128 MiB, which the low RAM has not got: its figures are the usual ones."""
    run = boot(
        "chipset=pc",
        [Module("pulse", line("pulse", PULSE, "unit=instructions samples=100 seconds=1"))],
        platform="qemu",
        disk=False,
        extra=["-machine", "max-ram-below-4g=64M"],
    )
    assert run.ok, repr(run)
    free = int(re.search(r"memory: the VMM takes \d+K, (\d+)M are free for VMs", run.console)[1])
    assert free + 128 in range(200, 257), run.console  # MiB
    all_ok(run, "pulse", 7)
    uart = run.latency("uart", "pulse")
    assert (uart.min, uart.median, uart.max) == (7, 7, 7)
    assert uart.exits_per_interrupt == 0.0


def test_R01_a_vm_has_memory_on_both_sides_of_4_gib(boot):
    """200 MiB fit in no piece of this machine, so the low part is as long as the largest piece, and
    the rest lies at 4 GiB. The guest finds all of it by the map: clear, and each page once."""
    run = boot(
        "chipset=pc",
        [vandal("do=ram", mem="200M")],
        platform="qemu",
        disk=False,
        extra=["-machine", "max-ram-below-4g=64M"],
    )
    assert run.ok, repr(run)
    all_ok(run, "vandal", 1)
    found = re.search(r"do=ram: (\d+)K of RAM from (\w+) on, (\d+)K below", run.console)
    assert found[2] == "100000000", run.console
    high, low = int(found[1]), int(found[3])
    assert high + low == 200 * 1024 and high >= 8 * 1024, run.console
    assert "vandal: this text lies above 4 GiB" in run.console


def test_memory_that_fits_in_no_two_pieces_is_refused(boot):
    """One line says how much there is, and nothing of the memory is lost for the VM after it."""
    run = boot(
        "chipset=pc",
        [vandal(mem="8G", name="big"), vandal("do=ram", mem="200M")],
        platform="qemu",
        disk=False,
        extra=["-machine", "max-ram-below-4g=64M"],
    )
    assert run.status == 1, repr(run)
    said = [text for text in run.lines if "does not fit" in text]
    assert len(said) == 1, run.console
    assert re.fullmatch(
        r"signalbox: module 1 \(big\): mem=8192M: does not fit; "
        r"2\d\dM are free, 1\d\dM of them in one piece",
        said[0],
    ), said
    all_ok(run, "vandal", 1)
