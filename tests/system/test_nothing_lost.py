# SPDX-License-Identifier: BSD-2-Clause
"""Nothing lost: more than 100,000 interrupts on four lines, with switches at random moments.

Rule: each device's own count is compared with what its guest handled. The only difference that is allowed is one that the
device makes on bare hardware too: an edge that comes while the one before still waits is one request with it (merged).
"""

import pytest

from conftest import all_ok, pulse, scribe
from signalbox import Module

PULSE, SCRIBE = 64_000, 46_000
WORDS = {"plain": ("", "", 1, 1), "bases": ("base=0x30", "base=0x50", 1, 1), "priorities": ("", "", 1, 2)}


def stressed(boot, kind, seed, share=1):
    of_pulse, of_scribe, prio_of_pulse, prio_of_scribe = WORDS[kind]
    return boot(f"jitter={seed}", [
        pulse(f"stress={PULSE // share} {of_pulse}".strip(), prio=prio_of_pulse),
        scribe(f"stress={SCRIBE // share} rtc=8192 {of_scribe}".strip(), prio=prio_of_scribe),
    ], timeout=240)


@pytest.fixture(scope="module")
def long_run(boot):
    return stressed(boot, "plain", 7)


@pytest.fixture(scope="module")
def bases_run(boot):
    return stressed(boot, "bases", 11, share=4)


@pytest.fixture(scope="module")
def priorities_run(boot):
    return stressed(boot, "priorities", 13, share=4)


@pytest.fixture(scope="module")
def each(long_run, bases_run, priorities_run):
    return {"plain": long_run, "bases": bases_run, "priorities": priorities_run}


KINDS = list(WORDS)


def handled(report):
    return sum(report.record("count", line=line)["handled"] for line in (0, 3, 8, 15))


def test_R08_a_hundred_thousand_interrupts_on_four_lines(long_run):
    """R08: the long run really is one: interrupts on all four lines, and hundreds of switches at random moments."""
    assert handled(long_run) >= 100_000
    for line, least in ((0, 4_000), (3, 50_000), (8, 10_000), (15, 10_000)):
        assert long_run.record("count", line=line)["handled"] >= least
    assert long_run.record("totals")["switches"] >= 1_000
    assert long_run.status == 0


@pytest.mark.parametrize("kind", KINDS)
def test_R08_uart_bytes_and_disk_sectors_interrupt_each_once(each, kind):
    """R08: devices that wait for their interrupt to be served: as many handled as caused, not one more or less."""
    report = each[kind]
    uart, disk = report.record("count", line=3), report.record("count", line=15)
    assert uart["handled"] == uart["sent"] > 0 and uart["lost"] == 0
    assert disk["handled"] == disk["expected"] > 0 and disk["lost"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_R08_ticks_are_handled_or_merged_by_the_device(each, kind):
    """R08: PIT ticks by its counter, RTC periods by the TSC: handled, or one request with the one before; no stall."""
    report = each[kind]
    for line in (0, 8):
        count = report.record("count", line=line)
        assert count["handled"] + count["merged"] == count["expected"]
    assert report.record("count", line=8)["lost"] == 0
    # A tick is merged only while the VM waits for its turn, and each turn of the other gives back one of them.
    pit, away = report.record("count", line=0), report.record("vm", vm="pulse")["switches"]
    assert pit["merged"] <= 20 * away


@pytest.mark.parametrize("kind", KINDS)
def test_R08_both_guests_agree(each, kind):
    """R08: the guests' own verdicts: nothing lost, nothing foreign, every register kept."""
    all_ok(each[kind], "pulse", 5)
    all_ok(each[kind], "scribe", 5)
    assert each[kind].record("totals")["external_nmis"] == 0


@pytest.fixture(scope="module")
def rounds(each):
    """How many rounds scribe had in each run: its transcript depends on that alone."""
    return {kind: int(next(text for text in report.of("scribe") if " rounds of " in text).split()[1])
            for kind, report in each.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_R08_what_was_read_back_is_what_a_run_alone_reads(boot, each, rounds, kind):
    """R08: scribe on the bare machine, with as many rounds, has the same transcript."""
    bare = boot(None, [Module("scribe", f"rounds={rounds[kind]} rtc=8192")])
    assert bare.transcript() == each[kind].transcript("scribe")
    disk = bare.record("count", line=15)
    assert disk["handled"] == disk["expected"] == each[kind].record("count", line=15)["handled"]


def test_R08_the_bare_machine_merges_nothing(boot):
    """R08: the comparison: pulse alone on the bare machine, at the same stress, handles every tick and byte."""
    bare = boot(None, [Module("pulse", f"unit=instructions stress={PULSE // 4}")])
    ticks, uart = bare.record("count", line=0), bare.record("count", line=3)
    assert ticks["handled"] == ticks["expected"] > 1_000 and ticks["merged"] == 0
    assert uart["handled"] == uart["sent"] > 10_000 and uart["lost"] == 0


def test_R19_other_vector_bases_replay_the_initialisation_and_inject(bases_run):
    """R19: the guests' 8259s differ, so each switch replays ICWs, which drops latched requests: those are injected."""
    injected = {irq: bases_run.record("line", irq=irq)["injected"] for irq in (0, 3, 8, 15)}
    assert injected[0] > 10 and injected[8] > 10, injected


def test_R13_a_higher_priority_ends_turns_at_once(priorities_run):
    """R13: with scribe above pulse, its lines end pulse's turns; pulse, which gets what is left, still loses nothing."""
    wakeups = {irq: priorities_run.record("line", irq=irq)["wakeups"] for irq in (0, 3, 8, 15)}
    assert wakeups[8] >= 100, wakeups  # the emulator's disk is done before its VM has lost the processor
    assert wakeups[0] == wakeups[3] == 0, wakeups


def test_R02_lines_of_a_vm_that_does_not_run_are_held(long_run):
    """R02, R08: each assertion that reached the VMM block was held for its VM."""
    for irq in (0, 3, 8, 15):
        line = long_run.record("line", irq=irq)
        assert line["held"] == line["exits"]
    assert long_run.record("line", irq=0)["held"] > 100 and long_run.record("line", irq=8)["held"] > 100
