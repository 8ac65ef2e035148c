# SPDX-License-Identifier: BSD-2-Clause
"""A guest that idles by sti; hlt; cli, beside a VM that computes without a pause.

Rule: what ends a HLT is taken right behind it. So a tick takes one round of the idle loop, or a few where a HLT ends with
no interrupt, which it may on any machine.
"""

from conftest import all_ok, on_chipsets, vandal

PIT = "irq=0 io=0x40-0x43"
where, chipset = on_chipsets("pc", "irqmux", "irqmux-1-bank", "soft", "qemu-pc", "qemu-irqmux", "qemu-soft", "q35-pc")


def test_R10_a_tick_ends_the_halt_of_an_idle_loop(system):
    """R10: beside an equal VM that is always ready, each tick comes right behind the HLT that it ends."""
    report = system("status=0", [vandal("do=idle", PIT, name="idler"), vandal("do=none seconds=3", name="other")])
    all_ok(report, "idler", 1)
    all_ok(report, "other", 1)


def test_R10_an_idle_loop_alone_takes_a_round_a_tick(system):
    """R10: the same with nobody else, where HLT does not exit."""
    report = system("status=0", [vandal("do=idle", PIT, name="idler")])
    all_ok(report, "idler", 1)
