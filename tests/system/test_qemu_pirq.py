# SPDX-License-Identifier: BSD-2-Clause
"""PCI interrupts (INTx) as lines of chipset pc, on q35: ICH9's PIRQ registers take them off the
8259s and put them back.

Rule: the device is a PCI 16550 in slot 4, whose INTA is PIRQ E. The firmware puts its registers
at C060h and its interrupt on line 10; each test sees that it did.
"""

import pytest

from conftest import on_chipsets, vandal

where, chipset = on_chipsets("q35-pc")

PORT = 0xC060
LINE = 10
DEVICE = ["-chardev", "null,id=pci", "-device", "pci-serial,chardev=pci,addr=4"]
FED = "signalbox: chipset pc: line 10: PIRQ A (pin 16), B (pin 17), E (pin 20), F (pin 21)"
BYTES = 200
STARTING = 40  # bytes, while a VM of 2M starts
SLICE_US = 1000


def stream(words, **options):
    """A VM that streams bytes by that UART's interrupts, which are level triggered."""
    return vandal(
        f"do=stream port={PORT:#x} input={LINE} {words}",
        words=f"irq={LINE} io={PORT:#x}-{PORT + 7:#x}",
        name="stream",
        slice="1ms",
        **options,
    )


def spin(guest="do=none"):
    """A VM that uses all of its time."""
    return vandal(guest, name="spin", slice="1ms")


@pytest.fixture(scope="module")
def streamed(system):
    """Boot, and see that all bytes came, none lost and none in vain, with no NMI that nobody
    explains."""

    def run(modules, count):
        report = system("", modules, extra=DEVICE)
        assert report.status == 0, report
        report.has(FED)
        said = report.record("count", line=3)
        assert (said["handled"], said["sent"], said["lost"], said["idle"]) == (
            count,
            count,
            0,
            0,
        ), report
        assert report.record("totals")["external_nmis"] == 0, report
        return report

    return run


def in_time(report):
    """Of no interrupt is the way longer than the other VM's slice, and less than a slice for the
    VMM's prints. Each end of a slice is another phase of the stream."""
    assert report.record("count", line=3)["longest_us"] < 2 * SLICE_US, report


def test_R10_an_owned_pci_line_costs_no_exit(streamed):
    """R10: a VM alone: 2000 interrupts, and no more exits than its start and end have, and than
    the VMM's prints: a portion of them waits for the VM's requests, 20 times at most (52 exits for
    5 lines, 21 of them slices)."""
    report = streamed([stream("n=2000")], 2000)
    assert report.record("line", irq=LINE)["exits"] == 0
    assert report.record("exits", vm="stream")["total"] < 40 + 5 * report.printed(), report.record(
        "exits", vm="stream"
    )


def test_R08_a_foreign_pci_line_is_held(streamed):
    """R08: a byte's interrupt comes four characters later, while the other VM runs: one NMI
    exit, and it is delivered."""
    report = streamed([stream(f"n={BYTES} late=1"), spin()], BYTES)
    counters = report.record("line", irq=LINE)
    assert BYTES // 2 <= counters["exits"] <= counters["held"] <= BYTES, report


def test_R13_a_pci_line_ends_the_turn_of_a_lower_vm(streamed):
    """R13: each byte wakes the VM of higher priority, at once: the line rises on a pin of its own.
    The first bytes come while the VMM starts the other VM, whose turn they do not end."""
    report = streamed([stream(f"n={BYTES} late=1", prio=2), spin()], BYTES)
    counters = report.record("line", irq=LINE)
    assert BYTES - STARTING <= counters["wakeups"] <= counters["held"] <= BYTES, report


def test_R02_a_held_pci_line_reaches_no_other_vm(streamed):
    """R02: its level stands while the other VM begins an initialisation with interrupts on,
    which clears the 8259s' masks. The line is off the 8259s; else the guest would have it, at
    whatever vector an initialisation leaves."""
    report = streamed([stream("n=300000 busy=1"), spin("do=none=1,icw1=1 open=1")], 300000)
    assert report.verdicts("spin")[1] == (
        "vandal: do=icw1: initialisation begun and left, foreign interrupts: 0",
        True,
    )
    in_time(report)
