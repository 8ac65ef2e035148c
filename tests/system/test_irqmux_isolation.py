# SPDX-License-Identifier: BSD-2-Clause
"""Isolation on the chipset block, which is exact: no port sequence makes a guest see another's
interrupt, or reach the block.

Rule: the attacker says what it saw, in numbers that depend on its own writes alone, so they are
those of its run alone; and its neighbours' results are those of theirs. Nothing that it does at
its controller's ports causes an exit.
"""

import re

import pytest

from conftest import WINDOW, all_ok, on_chipsets, pulse, scribe, vandal
from signalbox import Module

where, chipset = on_chipsets("irqmux", "irqmux-1-bank")

STORMS = ["ports", "initialisations", "polls", "elcr", "levels", "modes"]
# More than six million accesses, on each realisation: without lines of its own, and with one.
OPS, OPS_OWN = "900k", "100k"
COM2 = "irq=3 io=0x2f8-0x2ff"
# Where its line enters the controller, and what it owns: an input of the master, one of the slave,
# whose others are scribe's.
OWN = {"3": COM2, "10": "irq=3:10 io=0x2f8-0x2ff"}
WORK = "rounds=300 rtc=8192"

SAW = re.compile(
    r"vandal: do=(\w+): "
    r"(\d+) accesses, digest ([0-9a-f]{8}), (\d+) vectors, (\d+) of them foreign, "
    r"(\d+) foreign bits, exits (\d+) \.\.\. (ok|FAILED.*)"
)


def attacker(storms, ops, own="", words="", name="vandal"):
    return vandal(f"do={','.join(storms)} ops={ops} {words}".strip(), own, name=name, slice="1ms")


def saw(report, vm="vandal"):
    """What the storms saw, by name: accesses, digest, vectors, foreign vectors, foreign bits,
    exits, verdict."""
    return {match[1]: match.groups()[1:] for match in map(SAW.match, report.of(vm)) if match}


@pytest.fixture(scope="module")
def scribe_alone(system):
    return system("", [scribe(WORK)])


@pytest.fixture(scope="module")
def storm_alone(system):
    return saw(system("", [attacker(STORMS, OPS)]))


@pytest.fixture(scope="module")
def own_alone(system):
    return {
        number: saw(system("", [attacker(STORMS, OPS_OWN, own, f"own={number}")]))
        for number, own in OWN.items()
    }


@pytest.fixture(scope="module")
def storm_run(system):
    """Beside scribe, whose lines fire all the time, and the timer, with switches at random."""
    timer = pulse("probes=wakeup n=4000 hz=4000", name="timer")
    return system("jitter=5", [scribe(WORK), timer, attacker(STORMS, OPS)])


@pytest.fixture(scope="module")
def own_run(system):
    return {
        number: system("jitter=6", [scribe(WORK), attacker(STORMS, OPS_OWN, own, f"own={number}")])
        for number, own in OWN.items()
    }


def as_when_alone(report, alone):
    """scribe printed the same, but for what depends on time: how many of the clock's periods
    were merged."""

    def timeless(text):
        return not text.startswith("count line=8 ")

    assert [text for text in report.of("scribe") if timeless(text)] == [
        text for text in alone.of("scribe") if timeless(text)
    ]
    all_ok(report, "scribe", 5)
    rtc = report.record("count", line=8)
    assert rtc["lost"] == 0 and rtc["handled"] + rtc["merged"] == rtc["expected"]
    report.lacks("external NMI")
    report.lacks("unattributed NMI")
    report.lacks("panic")


# ---- Storms --------------------------------------------------------------------------------------


@pytest.mark.parametrize("storm", STORMS)
def test_R07_a_storm_sees_nothing_foreign(storm_run, storm_alone, storm):
    """R07: hundreds of thousands of reads and writes, interrupts on: not a vector, not a bit;
    and what was read is what it reads alone, to the last byte."""
    accesses, digest, vectors, foreign, bits, exits, verdict = saw(storm_run)[storm]
    assert int(accesses) >= 900_000
    assert (vectors, foreign, bits, exits, verdict) == ("0", "0", "0", "0", "ok")
    assert (accesses, digest) == storm_alone[storm][:2]


@pytest.mark.parametrize("storm", STORMS)
@pytest.mark.parametrize("number", list(OWN))
def test_R07_a_storm_with_a_line_of_its_own_sees_that_and_no_other(
    own_run, own_alone, number, storm
):
    """R07: with its UART's line raised and lowered in between: that line's bits and vectors, in
    number and order as alone."""
    here = saw(own_run[number])[storm]
    accesses, digest, vectors, foreign, bits, exits, verdict = here
    assert int(accesses) >= 100_000 and int(vectors) > 500
    assert (foreign, bits, exits, verdict) == ("0", "0", "0", "ok")
    assert here == own_alone[number][storm]


@pytest.fixture(scope="module")
def beside(storm_run, own_run):
    return {"none": storm_run, **own_run}


@pytest.mark.parametrize("own", ["none", *OWN])
def test_R01_the_neighbour_is_as_when_alone(beside, scribe_alone, own):
    """R01: scribe wrote, read and counted what it does alone, line for line."""
    as_when_alone(beside[own], scribe_alone)
    assert beside[own].record("vm", vm="scribe")["switches"] > 50
    assert beside[own].status == 0


def test_R08_the_timer_beside_loses_nothing(storm_run):
    """R08: the other neighbour's ticks: handled, or merged while it waited for its turn."""
    all_ok(storm_run, "timer", 5)
    ticks = storm_run.record("count", line=0)
    assert ticks["handled"] + ticks["merged"] == ticks["expected"]


@pytest.mark.parametrize("own", ["none", *OWN])
def test_R10_no_access_to_the_controller_exits(beside, own):
    """R10: in the VMM's books: not one exit for a port, no fault, nothing injected."""
    report = beside[own]
    assert "io" not in report.record("exits", vm="vandal")
    report.lacks(": fault ")
    assert report.record("vm", vm="vandal")["faults"] == 0
    assert all(line["injected"] == "0" for line in report.records("line"))


def test_the_storm_would_see_what_is_foreign(boot, irqmux):
    """The comparison: on the 8259s of a stock PC (chipset=pc), IRR shows every line of the
    machine, and the same attack says so."""
    report = boot(
        "chipset=pc",
        [pulse("probes=uart n=1500"), vandal("do=modes ops=300k")],
        platform=irqmux,
        environment={"IRQMUX_PCI": "0"},
    )
    _, _, _, _, bits, _, verdict = saw(report)["modes"]
    assert int(bits) > 0 and verdict.startswith("FAILED"), report


def test_R07_latencies_beside_a_storm(system):
    """R07: pulse's UART interrupts reach it as when alone, whatever goes on at the controller
    while it waits its turn."""
    probes = "probes=uart n=2000"
    beside = system("jitter=8", [pulse(probes), attacker(STORMS, "100k")]).latency("uart", "pulse")
    alone = system("", [pulse(probes)]).latency("uart", "pulse")
    assert (beside.n, beside.min, beside.median, beside.p99) == (
        alone.n,
        alone.min,
        alone.median,
        alone.p99,
    )
    assert beside.exits == alone.exits == 0


# ---- Attacks with a purpose ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "attack, words, least",
    [
        ("wide", "", 0),
        ("registers", "", 100),
        ("reinit", COM2, 0),
        ("inservice", COM2, 0),
        ("icw1", "", 0),
        ("unmask", "", 0),
    ],
)
def test_R01_the_block_is_out_of_reach(system, scribe_alone, attack, words, least):
    """R01: accesses of odd sizes, the register window's address, its PCI function, configuration
    space: all of it answers as ones or reaches the guest's own controller; re-initialisation at
    any moment, a handler that stays, masks wide open are its own affair."""
    report = system("jitter=7", [scribe(WORK), vandal(f"do={attack}", words, slice="1ms")])
    as_when_alone(report, scribe_alone)
    all_ok(report, "vandal", 1)
    faults = [int(number) for number in re.findall(r"vm vandal: fault (\d+) at ", report.console)]
    assert max(faults, default=0) >= least and (least > 0) == bool(faults), report
    assert report.status == 0


def test_R01_wide_accesses_at_the_bare_controller(boot, irqmux):
    """R01: the comparison: at the bare machine's ports these widths have the same effect and the
    same answer, but where they begin below a port (docs/emulators.md): in the emulators these do
    not reach the port, and on the ISA bus they do. On QEMU the bytes behind a port are missing."""
    report = boot(None, [Module("vandal", "do=wide")], platform=irqmux)
    wrong = 11 if irqmux.startswith("qemu") else 6
    assert any(
        text.startswith(f"vandal: do=wide: 33 accesses of odd sizes, {wrong} went wrong")
        for text in report.lines
    ), report


def test_R01_the_window_is_never_mapped(system):
    """R01: mmio= over the register window is refused, with the address and whose it is; the run
    goes on without that VM."""
    places = {
        "a": f"{WINDOW:#x}-{WINDOW + 0xFFF:#x}",
        "b": f"{WINDOW - 0x1000:#x}-{WINDOW + 0xFFF:#x}",
    }
    guests = [vandal("do=none", f"mmio={place}", name=name) for name, place in places.items()]
    report = system("", [*guests, scribe("rounds=20")])
    for number, (name, place) in enumerate(places.items(), 1):
        report.has(
            f"signalbox: module {number} ({name}): mmio={place}: "
            f"address {WINDOW:#x} belongs to the VMM (the chipset "
            "block's registers)"
        )
    all_ok(report, "scribe", 5)
    assert report.status == 1


def test_R01_reset_gives_a_restarted_vm_a_fresh_controller(system, scribe_alone):
    """R01: a VM that storms, faults and is restarted begins with a controller at reset each
    time, and reads the same each time."""
    words = "onfault=restart"
    report = system(
        "seconds=4 jitter=3",
        [scribe(WORK), vandal("do=modes,levels,port ops=40k port=0x3f8", words, slice="1ms")],
    )
    as_when_alone(report, scribe_alone)
    digests = re.findall(
        r"^\[vandal\] vandal: do=levels: .* digest (\w+), 0 vectors, .* ok$", report.console, re.M
    )
    assert len(digests) >= 3 and len(set(digests)) == 1, report
