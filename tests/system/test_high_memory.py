# SPDX-License-Identifier: BSD-2-Clause
"""RAM above 4 GiB belongs to VMs as any other RAM.

Rule: the board puts all but 64 MiB of a small machine above 4 GiB, so that no large memory is
touched. An exact run takes 2 s of a CPU.
"""

import re

import pytest

from conftest import all_ok, line
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
