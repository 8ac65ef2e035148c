# SPDX-License-Identifier: BSD-2-Clause
"""chipset=apic: the running guest owns the local APIC by x2APIC MSRs.

Rule: the emulators with x2APIC are Bochs (VMX) and QEMU from version 10 on (SVM); a run repeats to
the byte in both. About 25 s of CPU in Bochs, and 20 s in QEMU.
"""

import pytest

from conftest import BUILD, all_ok, pulse, vandal
from signalbox import Module
from signalbox.qemu_x2apic import why_none

PROBES = "apic=1 probes=uart,served n=300"
# On SVM the rest of a switch takes more (test_qemu_figures.py).
SWITCH = {"bochs-irqmux": 890, "qemu-x2apic": 1005}
WAKEUP = {"bochs-irqmux": 1271, "qemu-x2apic": 1340}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.only_on(name))
        for name in ("bochs-irqmux", "qemu-x2apic")
    ],
)
def place(request):
    reason = why_none(BUILD) if request.param == "qemu-x2apic" else None
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture(scope="module")
def bare(boot, place):
    return boot(None, [Module("pulse", f"unit=instructions {PROBES}")], platform=place)


@pytest.fixture(scope="module")
def alone(boot, place):
    return boot("chipset=apic status=0", [pulse(PROBES)], platform=place)


@pytest.fixture(scope="module")
def three(boot, place):
    """Two VMs that compare their local APIC's state across switches, one that writes nonsense, and
    one with devices."""
    return boot(
        "chipset=apic status=0 jitter=3",
        [
            vandal("do=apicstate", name="one", slice="2ms"),
            vandal("do=apicstate=150", name="two", slice="2ms"),
            vandal("do=apicjunk=1", name="junk", slice="2ms"),
            pulse("apic=1 stress=1500", slice="1ms"),
        ],
        platform=place,
    )


def test_R10_an_interrupt_by_a_pin_is_the_bare_machine_s(alone, bare):
    """R10: no exit for interrupt and EOI, and the latency of the bare machine in 99 of 100; an NMI
    of the VMM's own line (the console) may fall into one of the others."""
    all_ok(alone, "pulse", 6)
    here, there = alone.latency("uart", "pulse"), bare.latency("uart")
    assert (here.min, here.median, here.p99) == (there.min, there.median, there.p99)
    assert alone.latency("served", "pulse").median == bare.latency("served").median
    for said in alone.records("result", vm="pulse"):
        assert said["exits"] == "0", said


def test_R10_the_local_timer_is_the_guest_s(boot, place):
    """R10: the timer's interrupts and their ends cost no exit. The longest latency is a few
    instructions: nothing else runs. In QEMU the handler's look at the timer's count exits (deadly
    count, docs/emulators.md), so the latency that pulse finds has the exit in addition."""
    report = boot(
        "chipset=apic status=0",
        [Module("pulse", "vm=pulse mem=16M irq=3 io=0x2f8-0x2ff -- unit=instructions apic=1 timer=1"
                " probes=pit n=300")],
        platform=place,
    )
    said = report.latency("pit", "pulse")
    assert said.n == 300 and said.exits == 0, said
    assert said.p99 - (0 if place == "bochs-irqmux" else said.min) < 30, said
    ticks = report.record("count", line=0)
    assert ticks["lost"] == ticks["twice"] == 0


@pytest.mark.parametrize("name", ["one", "two"])
def test_R11_R19_the_local_apic_across_switches(three, name):
    """R11, R19: IRR, ISR, TPR, PPR and the timer's registers, in the middle of handlers."""
    all_ok(three, name, 1)
    assert f"[{name}] vandal: do=apicstate" in three.console


def test_R08_nothing_is_lost_beside_nonsense(three):
    """R08: a neighbour's nonsense at its APICs takes no interrupt from this VM."""
    all_ok(three, "junk", 1)
    all_ok(three, "pulse", 5)
    assert three.record("count", line=3)["lost"] == 0
    assert three.record("totals")["external_nmis"] == 0


def test_R11_a_switch(boot, place):
    """R11: half of a round trip of two VMs that yield to each other, nothing in service."""
    report = boot(
        "chipset=apic status=0",
        [pulse("apic=1 probes=switch n=500"), vandal("do=yield seconds=2", name="partner")],
        platform=place,
    )
    said = report.latency("switch", "pulse")
    assert said.n == 500 and said.median <= SWITCH[place], said


def test_R13_a_wake_up(boot, place):
    """R13: the NMI of a line whose VM comes first ends the running VM's turn."""
    report = boot(
        "chipset=apic status=0",
        [pulse("apic=1 probes=wakeup n=300", prio=2), vandal("do=none seconds=1")],
        platform=place,
    )
    said = report.latency("wakeup", "pulse")
    assert said.n == 300 and said.median <= WAKEUP[place], said
    ticks = report.record("count", line=0)
    assert ticks["handled"] == ticks["expected"] and ticks["twice"] == 0


def test_a_timer_wakes_a_halted_vm(boot, place):
    """A VM above a VM that never halts lives by its own timer."""
    report = boot(
        "chipset=apic status=0",
        [
            Module("pulse", "vm=clock mem=16M prio=2 -- unit=instructions apic=1 timer=1"
                   " probes=pit n=200"),
            vandal("do=none seconds=1"),
        ],
        platform=place,
    )
    ticks = report.record("count", line=0)
    assert ticks["handled"] >= 200 and ticks["lost"] == ticks["twice"] == 0
    assert report.latency("pit", "clock").median < 4000


@pytest.mark.only_on("bochs-irqmux")
def test_a_processor_without_x2apic_is_named(boot):
    report = boot(
        "chipset=apic",
        [pulse("probes=uart n=10")],
        platform="bochs-irqmux",
        cpu='corei7_skylake_x, exclude_features="x2apic"',
    )
    assert report.status == 1
    assert "this processor has no x2APIC" in report.console
