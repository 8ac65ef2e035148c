# SPDX-License-Identifier: BSD-2-Clause
"""R13: a latency is seen whole, however many ticks long it is.

Rule: pulse is kept away for a time that the VMM's own words say: a VM of equal priority
computes, and its slice is that long.
"""

import pytest

from conftest import IPS, on_chipsets, pulse, vandal

SLICE_MS, TICK_MS = 20, 1
TICKS = 100

where, chipset = on_chipsets("pc", "irqmux", "qemu-pc", "qemu-irqmux")


@pytest.fixture(scope="module")
def away_run(system):
    return system(
        "status=0",
        [pulse(f"probes=pit n={TICKS}"), vandal("do=none seconds=3", slice=f"{SLICE_MS}ms")],
    )


@pytest.fixture(scope="module")
def ms(away_run):
    """Instructions in a millisecond: 2^5 ns each in QEMU."""
    return 1e6 / 32 if away_run.svm else IPS / 1000


def test_R13_the_longest_latency_is_the_absence(away_run, ms):
    """R13: between pulse's HLT and its next turn lie 20 ms; the first tick comes within one, and
    waits for the rest."""
    said = away_run.latency("pit", "pulse")
    assert said.n == TICKS
    assert (SLICE_MS - TICK_MS) * ms <= said.max <= (SLICE_MS + TICK_MS) * ms, said


def test_R13_ticks_that_merge_are_counted(away_run, ms):
    """R13: of the ticks of an absence one is handled and the others are one with it: as many as
    the latencies have periods."""
    count = away_run.record("count", line=0)
    assert count["handled"] + count["merged"] == count["expected"]
    assert (count["twice"], count["lost"]) == (0, 0)
    turns = away_run.record("vm", vm="pulse")["switches"]
    assert (SLICE_MS - 2) * (turns - 2) <= count["merged"] <= SLICE_MS * turns, count
    assert count["worst"] >= away_run.latency("pit", "pulse").max


def test_R13_who_runs_when_its_tick_comes_sees_none_merged(system):
    """R13: the same guests, pulse first by priority: no tick waits, none is merged."""
    report = system(
        "status=0",
        [
            pulse(f"probes=wakeup n={TICKS}", prio=2),
            vandal("do=none seconds=1", slice=f"{SLICE_MS}ms"),
        ],
    )
    count = report.record("count", line=0)
    assert (count["merged"], count["twice"], count["lost"]) == (0, 0, 0)
    assert report.latency("wakeup", "pulse").max < 5000
