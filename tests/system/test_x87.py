# SPDX-License-Identifier: BSD-2-Clause
"""x87 errors: with CR0.NE set an error is #MF; with NE clear it is IRQ13 of its VM, or of nobody.

Rule: the guest that errs runs beside one that owns line 13 and counts what comes there, and beside
one that works.
"""

import pytest

from conftest import all_ok, on_chipsets, scribe, vandal

PIT = "irq=0 io=0x40-0x43"
STUCK = "an x87 error with CR0.NE = 0 and interrupts off: nothing can wake it"
where, chipset = on_chipsets(
    *("pc", "irqmux", "soft", "qemu-pc", "qemu-irqmux", "qemu-soft"),
    by_default=("pc", "irqmux", "soft", "qemu-irqmux"),
)


def errs(attack, words=""):
    return vandal(f"do=x87{attack}", words, name="errs")


def owner(seconds=2):
    return vandal(f"do=x87=owner seconds={seconds}", "irq=13", name="owner")


def test_R01_an_error_with_NE_set_is_the_guests_exception(system):
    """R01: and each way of reading and writing CR0 shows the guest its own NE, set or clear."""
    report = system("status=0", [errs("")])
    all_ok(report, "errs", 1)


def test_R01_errors_wait_for_the_guests_own_interrupts_and_reach_no_other_vm(system):
    """R01: the guest is interrupted by its timer, and stands still in between; the VM that owns
    line 13 has no interrupt."""
    report = system("status=0", [errs("=timer", PIT), owner(), scribe("rounds=10")])
    all_ok(report, "errs", 1)
    all_ok(report, "owner", 1)
    all_ok(report, "scribe", 5)
    assert report.status == 0


def test_R01_alone_in_the_machine_errors_wait_for_the_timer(system):
    """R01: nobody else is there for the processor to run meanwhile."""
    report = system("status=0", [errs("=timer", PIT)])
    all_ok(report, "errs", 1)


@pytest.mark.parametrize("others", [[], [scribe("rounds=10")]], ids=["alone", "beside"])
def test_R01_the_vm_that_owns_line_13_has_an_interrupt_of_each_error(system, others):
    """R01: one for each error, between which the guest writes to port F0h."""
    report = system("status=0", [errs("=line", "irq=13"), *others])
    all_ok(report, "errs", 1)
    assert report.status == 0


def test_R18_an_error_that_nothing_ends_keeps_its_vm_and_nobody_else(system):
    """R18: the run's limit ends it, also where no other VM is left."""
    report = system("status=0 seconds=4", [errs("=held"), owner(1), scribe("rounds=10")])
    all_ok(report, "owner", 1)
    all_ok(report, "scribe", 5)
    report.has("signalbox: time is up (seconds=4)")
    report.has("signalbox: vm errs: did not finish")


def test_R01_an_error_with_interrupts_off_ends_its_vm(system):
    """R01: as a HLT with interrupts off does, and with words of its own."""
    report = system("status=0", [errs("=off"), owner(1)])
    all_ok(report, "owner", 1)
    assert any(text.endswith(f": {STUCK}") for text in report.lines), report
    report.has("signalbox: vm errs: stopped: it cannot go on")
