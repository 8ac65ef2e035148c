# SPDX-License-Identifier: BSD-2-Clause
"""What a whole interrupt costs a guest that masks its line while it serves it, as Linux does.

Rule: pulse serves the same interrupt twice, with the EOI alone and with mask, EOI and mask, and
the bare machine is the measure.
"""

import pytest

from conftest import Module, on_chipsets, pulse

SAMPLES = 200
# Exits of one masked interrupt: pc cannot leave the mask to a guest, so both writes exit.
EXITS = {"irqmux": 0, "irqmux-1-bank": 0, "pc": 2}

where, chipset = on_chipsets("pc", "irqmux", "irqmux-1-bank", "qemu-pc", "qemu-irqmux")


@pytest.fixture(scope="module")
def served_run(system):
    return system("status=0", [pulse(f"probes=served,masked n={SAMPLES}")])


@pytest.fixture(scope="module")
def bare(boot, at):
    words = f"unit=instructions probes=served,masked n={SAMPLES}"
    return boot(None, [Module("pulse", words)], platform=at)


def test_R10_an_interrupt_is_served_as_on_the_bare_machine(served_run, bare):
    """R10: from the assertion until the interrupted code goes on: as many instructions, no exit."""
    said = served_run.latency("served", "pulse")
    assert said.n == SAMPLES and said.exits == 0
    assert said.median == bare.latency("served").median


def test_R10_a_line_that_is_masked_each_time_costs_its_mask_writes(served_run, bare, chipset):
    """R10: no exit where the block is; two where the mask is filtered, and nothing else."""
    said, on_bare = served_run.latency("masked", "pulse"), bare.latency("masked")
    assert said.n == on_bare.n == SAMPLES
    assert said.exits == EXITS[chipset] * said.interrupts
    if EXITS[chipset] == 0:
        assert said.median == on_bare.median
    else:
        assert on_bare.median < said.median < on_bare.median + 600, (said, on_bare)
