# SPDX-License-Identifier: BSD-2-Clause
"""R15: a device of several VMs. COM2 and COM4 share line 3, and each belongs to another VM.

Rule: each VM has every interrupt of its own UART, whatever the other one does. A UART goes on
only by its interrupts, so one that is lost is seen as a stall. On QEMU they are skipped: it does
not OR the devices of one ISA line.
"""

import pytest

from conftest import all_ok, on_chipsets, scribe, vandal

where, chipset = on_chipsets("irqmux", "irqmux-1-bank")


@pytest.fixture(autouse=True)
def lines_are_ored(ored, at):
    ored(at)


def sharers(system, of_a, of_b, vmm="jitter=11", slices=("200us", "300us"), others=()):
    """COM2 in a, COM4 in b, both on line 3."""
    a = vandal(
        f"do=stream port=0x2f8 {of_a}", "irq=3 io=0x2f8-0x2ff share", name="a", slice=slices[0]
    )
    b = vandal(
        f"do=stream port=0x2e8 {of_b}", "irq=3 io=0x2e8-0x2ef share", name="b", slice=slices[1]
    )
    return system(vmm, [a, b, *others], com4=True)


def streamed(report, vm, n):
    all_ok(report, vm, 1)
    (count,) = (r for r in report.records("count", line=3) if r["vm"] == vm)
    assert (count["handled"], count["sent"], count["lost"]) == (str(n), str(n), "0"), report


@pytest.mark.parametrize(
    "of_a, of_b",
    [
        ("n=3000", "n=3000"),
        ("n=3000 busy=1", "n=3000"),
        ("n=3000 busy=1", "n=3000 busy=1"),
    ],
    ids=["halted_between", "one_busy", "both_busy"],
)
@pytest.mark.by_default("seed", {"irqmux": [11], "irqmux-1-bank": [12]})
@pytest.mark.parametrize("seed", [11, 12])
def test_R15_each_sharer_has_every_interrupt_of_its_own_uart(system, of_a, of_b, seed):
    """R15: two UARTs on line 3, one in each VM, that both stream; a third VM beside them: not
    one interrupt lost."""
    report = sharers(
        system, of_a, of_b, vmm=f"jitter={seed}", others=[scribe("rtc=8192 rounds=10")]
    )
    streamed(report, "a", 3000)
    streamed(report, "b", 3000)
    all_ok(report, "scribe", 5)
    assert report.status == 0


@pytest.mark.parametrize(
    "of_a, of_b",
    [
        ("n=1 busy=1 linger=1", "n=2000"),
        ("n=1 busy=1 linger=1", "n=2000 busy=1"),
    ],
    ids=["sleeps_between", "busy"],
)
@pytest.mark.parametrize("slices", [("200us", "300us"), ("5ms", "5ms")], ids=["short", "long"])
def test_R15_while_the_other_listens_and_finds_nothing(system, of_a, of_b, slices):
    """R15: the other one runs, takes what comes on the line, and finds no cause in its own UART:
    nothing is lost by that."""
    report = sharers(system, of_a, of_b, slices=slices)
    streamed(report, "a", 1)
    streamed(report, "b", 2000)


@pytest.mark.parametrize("attack", ["hlt", "spin"])
def test_R15_while_the_other_is_halted_or_keeps_interrupts_off(system, attack):
    """R15: the other one sleeps for ever, or computes with interrupts off: it costs its sharer
    nothing but time."""
    own = "irq=3 io=0x2e8-0x2ef share"
    report = system(
        "seconds=3 jitter=5",
        [
            vandal("do=stream port=0x2f8 n=1000", "irq=3 io=0x2f8-0x2ff share", name="a"),
            vandal(f"do={attack}", own, name="b", slice="1ms"),
        ],
        com4=True,
    )
    streamed(report, "a", 1000)
    report.has("signalbox: vm b: did not finish")


def test_R15_priorities(system):
    """R15, R13: the sharer of higher priority streams at the other's expense; both lose nothing."""
    a = vandal("do=stream port=0x2f8 n=2000 busy=1", "irq=3 io=0x2f8-0x2ff share", name="a")
    b = vandal("do=stream port=0x2e8 n=2000", "irq=3 io=0x2e8-0x2ef share", name="b", prio=2)
    report = system("jitter=5", [a, b], com4=True)
    streamed(report, "a", 2000)
    streamed(report, "b", 2000)
    assert report.record("line", irq=3)["wakeups"] > 1000


def test_R15_R03_at_another_input(system):
    """R15, R03: the line enters input 10 of both controllers, so that what is pending goes to their
    slaves."""
    a = vandal(
        "do=stream port=0x2f8 n=3000 input=10 busy=1",
        "irq=3:10 io=0x2f8-0x2ff share",
        name="a",
        slice="200us",
    )
    b = vandal(
        "do=stream port=0x2e8 n=3000 input=10",
        "irq=3:10 io=0x2e8-0x2ef share",
        name="b",
        slice="300us",
    )
    report = system("jitter=13", [a, b, scribe("rtc=8192 rounds=10")], com4=True)
    streamed(report, "a", 3000)
    streamed(report, "b", 3000)
    all_ok(report, "scribe", 5)


def test_R15_three_sharers(system):
    """R15: a third sharer without a device of its own on the line: it is told as well, and costs
    the two nothing."""
    third = vandal("do=none seconds=1", "irq=3 share", name="c", slice="200us")
    report = sharers(system, "n=3000", "n=3000 busy=1", others=[third])
    streamed(report, "a", 3000)
    streamed(report, "b", 3000)
    all_ok(report, "c", 1)
