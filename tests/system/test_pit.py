# SPDX-License-Identifier: BSD-2-Clause
"""A PIT of its own for each VM (`pit`), although the machine has one.

Rule: two pulses program the same counter at different rates, beside scribe. Each pulse holds its
ticks against its own counter and the TSC: no tick is lost, and no tick comes twice.
"""

import pytest

from conftest import all_ok, on_chipsets, scribe, vandal
from signalbox import Module

where, chipset = on_chipsets("pc", "irqmux", "soft", by_default=("pc", "soft"))

# Instructions from the edge to the handler, the exit for the reading of the counter included: the
# longest of 99 in 100.
BOUND = {"pc": 4500, "irqmux": 3500, "soft": 11000}
TICKS = 400


def pulse(name, prio, guest, words=""):
    own = f"vm={name} mem=4M prio={prio} slice=5ms pit {words}".strip()
    return Module("pulse", f"{own} -- unit=instructions {guest}")


@pytest.fixture(scope="module")
def two_run(system):
    return system(
        "",
        [
            pulse("high", 5, f"probes=pit n={TICKS}"),
            pulse("low", 3, f"probes=pit n={TICKS} hz=700"),
            scribe("rounds=10"),
        ],
    )


def test_R08_each_pulse_has_its_own_ticks(two_run):
    """R08: at 1,000 Hz and at 700 Hz, no tick is lost or comes twice. The pulse of high priority
    misses none; the other may find ticks merged that fell due while the processor was not its."""
    for vm, verdicts in (("high", 5), ("low", 5), ("scribe", None)):
        if verdicts:
            all_ok(two_run, vm, verdicts)
        two_run.has(f"signalbox: vm {vm}: done, status 0")
    high, low = (two_run.records("count", vm=vm, line=0)[0] for vm in ("high", "low"))
    assert int(high["handled"]) >= TICKS and high["merged"] == "0", high
    for count in (high, low):
        assert count["lost"] == "0" and count["twice"] == "0", count


def test_R13_a_tick_of_a_vm_that_is_away_wakes_it_in_time(two_run, chipset):
    """R13: the VMM's timer stands for the counter, and the VM of higher priority takes its turn."""
    assert two_run.latency("pit", "high").p99 <= BOUND[chipset]
    assert two_run.record("line", irq=0)["wakeups"] > TICKS / 4


def test_R10_a_tick_of_the_vm_that_runs_costs_no_exit(system, chipset):
    """R10: the machine's counter is the VM's counter. (soft has exits for each interrupt.)"""
    if chipset == "soft":
        return
    report = system(
        "", [pulse("high", 5, f"probes=running n={TICKS}"), pulse("low", 3, "seconds=0 n=10")]
    )
    assert report.latency("running", "high").exits <= TICKS / 50


def test_all_ticks_come_where_the_words_say_so(system):
    """ticks=all: the low pulse waits while the high pulse computes, and gets each tick later."""
    report = system(
        "",
        [
            pulse("high", 5, "probes=running n=100"),
            pulse("low", 3, f"probes=pit n={TICKS}", "ticks=all"),
        ],
    )
    count = report.records("count", vm="low", line=0)[0]
    assert count["merged"] == count["twice"] == count["lost"] == "0", count


def test_a_storm_of_ticks_costs_its_owner_only(system):
    """A count of 2, on a VM of low priority: the pulse beside it misses no tick. On `pc` in Bochs
    the storm has no end: its handler takes longer than the next tick."""
    storm = vandal("do=pitstorm count=2 seconds=1", name="storm", words="pit")
    modules = [pulse("high", 5, f"probes=pit n={TICKS}"), storm]
    report = system("", modules, type_in=[(r"vm high: done", "quit\r")])
    all_ok(report, "high", 5)
    count = report.records("count", vm="high", line=0)[0]
    assert count["merged"] == count["twice"] == count["lost"] == "0", count


def test_a_pit_and_its_line_by_another_word_are_refused(system):
    """Line 0 or the PIT's ports by irq= or io= beside `pit`: refused, with the way out."""
    report = system(
        "",
        [
            vandal("do=none", name="first", words="pit"),
            vandal("do=none", name="second", words="irq=0"),
            vandal("do=none", name="third", words="io=0x40-0x43"),
        ],
    )
    text = report.console
    way_out = "with 'pit' in both, each has a PIT of its own"
    assert f"module 2 (second): line 0 is the PIT's, and vm first has it by pit; {way_out}" in text
    assert f"module 3 (third): port 0x40 is the PIT's: vm first has it by pit; {way_out}" in text
    all_ok(report, "first", 1)
