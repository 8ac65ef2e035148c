# SPDX-License-Identifier: BSD-2-Clause
"""The interrupt controller's whole state, saved and restored, or kept in a bank of the VM's own.

Rule: what a guest reads and which vectors it takes depend on its own writes and its own devices,
so they are those of its run alone, on however many banks and with whatever others.
"""

import pytest

from conftest import all_ok, scribe, vandal
from signalbox import Module

PROBE_1 = ("q", "irq=1,3,12 io=0x60,0x64,0x2f8-0x2ff", "lines=1,3,12 count=120 seed=1")
PROBE_2 = (
    "r",
    "irq=8,14,15 io=0x70-0x71,0x1f0-0x1f7,0x3f6,0x170-0x177,0x376",
    "lines=8,14,15 count=120 seed=2",
)
STORM = "do=ports,initialisations,polls,elcr,levels,modes"


def transcript(report, vm):
    """All that a guest printed, but for its own words."""
    return [text for text in report.of(vm) if ": words: " not in text]


def picprobe(name, own, words, slice="5ms"):
    return Module("picprobe", f"vm={name} mem=4M slice={slice} {own} -- {words} show=sums")


@pytest.fixture(scope="module")
def probes_alone(boot, irqmux):
    """What each of the two sees alone."""
    return {
        probe[0]: transcript(boot("chipset=irqmux", [picprobe(*probe)], platform=irqmux), probe[0])
        for probe in (PROBE_1, PROBE_2)
    }


@pytest.fixture(scope="module")
def storm_alone(boot, irqmux):
    """What a guest without lines reads in storms of its own, by seed; it depends on nothing but
    that."""

    def run(seed, ops):
        report = boot("chipset=irqmux", [vandal(f"{STORM} ops={ops} seed={seed}")], platform=irqmux)
        return transcript(report, "vandal")

    return run


@pytest.mark.parametrize(
    "banks, seed, words",
    [
        (0, 1, ""),
        (0, 2, "routes=exit"),
        (1, 1, ""),
        (1, 3, "routes=exit"),
        (2, 1, ""),
        (2, 4, ""),
    ],
)
def test_R07_R11_R16_programs_see_what_they_see_alone(
    boot, irqmux, probes_alone, storm_alone, banks, seed, words
):
    """R07, R11, R16: two guests that play hundreds of 8259 programs on lines of their own, a
    third that storms, switches after some 100 us at random moments, a bank each, one for all, or
    two for three: every value read and every vector taken is as when alone."""
    name, own, program = PROBE_1
    report = boot(
        f"chipset=irqmux banks={banks} jitter={seed}",
        [
            picprobe(name, f"{own} {words}".strip(), program, slice="100us"),
            picprobe(*PROBE_2, slice="130us"),
            vandal(f"{STORM} ops=60k", slice="110us"),
        ],
        platform=irqmux,
    )
    assert report.status == 0, report
    for vm in ("q", "r"):
        assert transcript(report, vm) == probes_alone[vm]
        assert report.record("vm", vm=vm)["switches"] > 2_000
    assert transcript(report, "vandal") == storm_alone(1, "60k")
    assert {line["injected"] for line in report.records("line")} == {"0"}


@pytest.fixture(scope="module")
def sixteen_runs(boot, irqmux):
    """Sixteen VMs, each storming its own controller, on so many banks."""

    def run(banks):
        modules = [
            vandal(f"{STORM} ops=15k seed={n}", name=f"storm{n}", slice="200us")
            for n in range(1, 17)
        ]
        return boot(f"chipset=irqmux banks={banks} jitter=1", modules, platform=irqmux)

    return run


@pytest.mark.parametrize("banks", [1, 2, 5, 16])
def test_R16_sixteen_vms(sixteen_runs, storm_alone, banks):
    """R16: on 1 to 16 banks, each of sixteen VMs reads the same; it is what a VM reads alone."""
    report, other = sixteen_runs(banks), sixteen_runs(16)
    assert report.status == 0, report
    for n in range(1, 17):
        assert transcript(report, f"storm{n}") == transcript(other, f"storm{n}")
        assert "io" not in report.record("exits", vm=f"storm{n}")
        assert report.record("vm", vm=f"storm{n}")["switches"] > 50
    for n in (1, 16):
        assert transcript(report, f"storm{n}") == storm_alone(n, "15k")


def test_R16_more_banks_than_there_are(boot, irqmux):
    """R16: banks=20: a line says how many there are; those are used."""
    report = boot(
        "chipset=irqmux banks=20", [scribe("rounds=20"), vandal("do=none")], platform=irqmux
    )
    report.has(
        "signalbox: banks=20: chipset irqmux has 16 interrupt controllers; the word is cut to that"
    )
    all_ok(report, "scribe", 5)
    assert report.status == 0
