# SPDX-License-Identifier: BSD-2-Clause
"""Each guest's image on the bare emulators, by GRUB, unchanged: the baseline.

Rule: the images are those that run under the VMM; what they report here is what the machine
itself does.
"""

import pytest

from conftest import on_chipsets
from signalbox import Module

where, chipset = on_chipsets("default", "qemu", "q35")


@pytest.fixture(scope="module")
def bare(boot, where):
    """A guest without VMM, by the firmware's CD and GRUB on every emulator."""
    return lambda module, **options: boot(
        None, [module], **{"direct": False, **where.options(), **options}
    )


@pytest.fixture(scope="module")
def pulse_run(bare):
    return bare(Module("pulse", ""))


def test_pulse_boots_alone(pulse_run):
    """pulse on the bare machine: all of its verdicts good, not one tick merged or lost."""
    assert pulse_run.status == 0, pulse_run
    assert len(pulse_run.verdicts()) == 7 and all(ok for _, ok in pulse_run.verdicts())
    pulse_run.has("pulse: 7 ok, 0 failed")
    ticks = pulse_run.record("count", line=0)
    assert ticks["handled"] == ticks["expected"] > 2900 and ticks["merged"] == 0


def test_pulse_knows_the_emulator_by_itself(pulse_run, at):
    """The unit of a latency is instructions where one TSC tick is one, found by the debug port."""
    assert pulse_run.latency("uart").unit == (
        "instructions" if at.startswith("bochs") else "cycles"
    )


def test_a_bare_run_repeats_to_the_byte(bare, repeats):
    """The disk's interrupts and the RTC's included: the same text twice."""
    first, second = (
        bare(Module("scribe", "rounds=40 busy=1"), again=again) for again in ("", "again")
    )
    assert first.status == 0 and first.console == second.console


def test_scribe_boots_alone(bare, at):
    """scribe on the bare machine: pattern written, read back, each disk interrupt once, no
    period of the RTC merged."""
    report = bare(Module("scribe", ""))
    assert report.status == 0, report
    report.has("scribe: 5 ok, 0 failed")
    disk, rtc = report.record("count", line=15), report.record("count", line=8)
    assert disk["handled"] == disk["expected"] == 3201 and disk["lost"] == 0
    least = 400 if at.startswith("bochs") else 300  # QEMU's disk takes no time
    assert rtc["handled"] == rtc["expected"] > least and rtc["merged"] == rtc["lost"] == 0


ATTACKS = (
    "none,cpuid,vmx,msr,cr,xsetbv,xsave,debugreg,port,memory,pci,call,unmask,reinit,inservice,"
    "taskswitch"
)


def test_vandal_boots_alone(bare):
    """vandal on the bare machine: every attack that a guest comes back from reports, and is ok
    there."""
    report = bare(
        Module("vandal", f"do={ATTACKS} rounds=500"), log_actions={"panic": {"PIC": "report"}}
    )
    assert report.status == 0, report
    report.has(f"vandal: {len(ATTACKS.split(','))} ok, 0 failed")
