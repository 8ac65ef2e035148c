# SPDX-License-Identifier: BSD-2-Clause
"""The image signalbox-apic with chipset=auto: VMs with 8259s beside VMs with a local APIC.

Rule: Bochs alone has VMX with x2APIC; a run there repeats to the byte. About 30 s of CPU in all, 13
of them Linux's.
"""

import re

import pytest

from conftest import all_ok, pulse, scribe, vandal
from signalbox import Module
from signalbox.linux import complaints

IMAGE = {"platform": "bochs-irqmux", "vmm_image": "signalbox-apic"}
ISA = "irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"


def beside(name, words):
    """A VM that has a timer of its own in its local APIC, and no line."""
    return Module("pulse", f"vm={name} mem=16M slice=5ms -- unit=instructions {words}")


@pytest.fixture(scope="module")
def old_and_new(boot):
    """pulse with 8259s beside pulse with a local APIC."""
    return boot(
        "chipset=auto status=0",
        [
            pulse("probes=uart,served n=300", name="old"),
            beside("new", "apic=1 timer=1 probes=timer n=300"),
        ],
        **IMAGE,
    )


@pytest.fixture(scope="module")
def stressed(boot):
    """The lines of both kinds at once: the UART and the PIT by 8259s, disk and RTC by the APICs."""
    return boot(
        "chipset=auto status=0 jitter=5",
        [
            pulse("stress=3000", name="old", slice="2ms"),
            scribe("apic=1 stress=3000", name="new", slice="2ms"),
        ],
        **IMAGE,
    )


def test_both_kinds_run_in_one_machine(old_and_new):
    old_and_new.has("signalbox: chipset: both")
    all_ok(old_and_new, "old", 6)
    all_ok(old_and_new, "new", 5)


@pytest.mark.parametrize("vm, probe", [("old", "uart"), ("new", "timer")])
def test_R10_no_interrupt_of_either_kind_exits(old_and_new, vm, probe):
    """R10: LINT0 belongs to the kind that runs. A slice that ends in a handler may exit once."""
    said = old_and_new.latency(probe, vm)
    assert said.n == 300 and said.exits <= 1, said


def test_R10_the_latency_is_the_bare_machine_s(old_and_new):
    said = old_and_new.latency("uart", "old")
    assert (said.min, said.median, said.p99) == (7, 7, 7), said


def test_R08_nothing_is_lost_between_the_kinds(old_and_new, stressed):
    all_ok(stressed, "old", 5)
    all_ok(stressed, "new", 5)
    for report in (old_and_new, stressed):
        for count in report.records("count"):
            assert count.get("lost", "0") == "0" and count.get("twice", "0") == "0", count
        assert report.record("totals")["external_nmis"] == 0
        assert report.record("totals")["unattributed_nmis"] == 0


def test_a_vm_of_8259s_reaches_no_neighbour_s_local_apic(boot):
    """The registers exit until the guest has a local APIC itself; TPR by CR8 is no neighbour's."""
    report = boot(
        "chipset=auto status=0 jitter=3",
        [
            vandal("do=apicstate=60", name="one", slice="2ms"),
            pulse("probes=uart n=300", name="old", slice="1ms"),
            vandal("do=msrs seconds=1", name="other", slice="1ms"),
        ],
        **IMAGE,
    )
    all_ok(report, "one", 1)
    all_ok(report, "old", 5)


@pytest.fixture(scope="module")
def linux_run(boot):
    """The words of scripts/configs/linux-apic.cfg, with fewer self-tests."""
    text = "console=ttyS0 cryptomgr.notests seconds=0"
    return boot(
        "chipset=apic status=0",
        [
            Module(
                "/boot/linux/vmlinuz",
                f"vm=linux type=linux mem=160M acpi uart=com1 io=0x80 -- {text}",
            ),
            Module("/boot/linux/initrd", "of=linux"),
        ],
        platform="bochs-irqmux",
        disk=False,
    )


def test_a_linux_runs_with_its_apic_code(linux_run):
    """The distribution's kernel, unmodified: x2APIC, I/O APIC, and the deadline timer."""
    assert linux_run.status == 0, linux_run
    log = "\n".join(re.findall(r"^\[linux\] (.*)$", linux_run.console, re.M))
    assert "TSC deadline timer available" in log
    assert re.search(r"init: Linux \S+ is in user space, clocksource tsc", log), log[-2000:]
    assert re.search(r"^ +4: +[1-9]\d* +IO-APIC +4-edge +ttyS0$", log, re.M), log[-2000:]
    assert not complaints(log), complaints(log)


def test_R10_no_timer_interrupt_of_linux_exits(linux_run):
    """R10: thousands of interrupts of the local timer, each with a new deadline and an EOI, and
    a few WRMSRs that exit."""
    ticks = int(re.search(r"LOC: +(\d+)", linux_run.console)[1])
    exits = linux_run.record("exits", vm="linux")
    assert ticks > 1000 and int(exits["wrmsr"]) < 30, (ticks, exits)
