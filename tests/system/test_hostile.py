# SPDX-License-Identifier: BSD-2-Clause
"""vandal's storms (guests/vandal/hostile.c): each does what its name says, and a VM of a higher
priority lives beside it.

Rule: a storm is short here; what it keeps others waiting for is the bench's to say (load
hostile).
"""

import re

import pytest

from conftest import all_ok, on_chipsets, pulse, vandal

where, chipset = on_chipsets("pc", "irqmux", "qemu-pc")
# One batch each: no second passes before the attack looks at the clock.
SHORT = ["denied", "msrs", "cpuids", "align"]


@pytest.fixture(scope="module")
def storms_run(system):
    attacks = ",".join(f"{attack}=0" for attack in SHORT) + ",faults=20"
    return system("status=0", [pulse("probes=wakeup n=100", prio=5), vandal(f"do={attacks}")])


def said(report, attack):
    """An attack's figure, from its verdict."""
    return int(
        next(
            re.match(rf"vandal: do={attack}: (\d+) .* ok$", text)
            for text in report.of("vandal")
            if text.startswith(f"vandal: do={attack}:")
        )[1]
    )


@pytest.mark.parametrize("attack", [attack for attack in SHORT if attack != "align"])
def test_a_storm_does_its_batch(storms_run, attack):
    """At least 64 of what the name says, each an exit."""
    assert said(storms_run, attack) >= 64
    assert storms_run.status == 0


def test_prints_are_more_than_the_console_carries(system):
    """64 calls of 512 lines each: what the console cannot take is dropped, and the neighbour is
    done."""
    report = system("status=0", [pulse("probes=wakeup n=100", prio=5), vandal("do=prints=0")])
    assert report.status == 0 and report.record("vm", vm="pulse")["status"] == 0
    assert report.record("exits", vm="vandal")["vmcall"] >= 64


def test_alignment_checks_come(storms_run):
    """#AC in ring 3, again and again: 64 for each batch. QEMU's processor checks no alignment."""
    assert said(storms_run, "align") == (0 if storms_run.svm else 64 * 64)


def test_absent_pages_are_touched(storms_run):
    """Each page is another fault."""
    assert said(storms_run, "faults") == 20
    assert storms_run.record("exits", vm="vandal")["memory"] >= 20


def test_R13_the_neighbour_lives(storms_run):
    """R13: pulse has its samples and loses nothing, whatever it waits for."""
    all_ok(storms_run, "pulse", 5)
    count = storms_run.record("count", line=0)
    assert (count["twice"], count["lost"]) == (0, 0)
    assert count["handled"] + count["merged"] == count["expected"]


def test_the_breakpoint_on_its_own_frame(system):
    """A storm of #DB, whether the processor ends each or none: the neighbour is done, and the
    console's quit ends the run."""
    # Where QEMU counts instructions it gives up ("Raised interrupt while not in I/O function").
    report = system(
        "status=0",
        [pulse("probes=wakeup n=100", prio=5), vandal("do=debug=0")],
        exact=False,
        type_in=[(r"vm pulse: done", "quit\n")],
    )
    all_ok(report, "pulse", 5)
    assert any("do=debug" in text for text in report.of("vandal"))
    assert report.result.end == "status"


def test_deaths_without_end(system):
    """onfault=restart: the VM dies at once each time, 20 restarts are all it gets, and the
    neighbour is done."""
    report = system(
        "status=0",
        [
            pulse("probes=wakeup n=100", prio=5),
            vandal("do=restarts", words="onfault=restart", mem="4M"),
        ],
    )
    all_ok(report, "pulse", 5)
    assert "signalbox: vm vandal: stopped: restarted too often (onfault=restart)" in report.lines


def test_a_timer_at_the_highest_pace(system):
    """The VM that has the PIT lets it fire 11,931 times a second: each tick is its own."""
    report = system(
        "status=0", [vandal("do=pitstorm=1 count=100", words="irq=0 io=0x40-0x43,0x61")]
    )
    assert said(report, "pitstorm") > 10_000
    assert report.record("line", irq=0)["exits"] == 0
