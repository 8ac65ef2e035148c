# SPDX-License-Identifier: BSD-2-Clause
"""The guests of the demonstration: pulse measures lap by lap, scribe works as long as pulse does.

Rule: the figures are those of the guests' own records; a lap has the records of a single run.
"""

import pytest

from conftest import ROOT, on_chipsets, pulse, scribe
from signalbox import load_config, parse_latencies

SECONDS, N = 2, 200
PROBES = ("uart", "running", "wakeup")

where, chipset = on_chipsets("pc", "irqmux", "soft", "qemu-pc", "qemu-irqmux", "qemu-soft")


@pytest.fixture(scope="module")
def demo_run(system):
    words = f"probes={','.join(PROBES)} n={N} laps=1 seconds={SECONDS}"
    return system("", [pulse(words, prio=2), scribe(f"rounds=0 busy=1 every=10 seconds={SECONDS}")])


def test_laps_end_in_time(demo_run):
    """laps=1: several laps, each with all probes; the last one ends before the seconds are over."""
    assert demo_run.status == 0, demo_run
    laps = demo_run.records("lap", vm="pulse")
    times = [int(lap["ms"]) for lap in laps]
    assert len(laps) >= 2 and times == sorted(times) and times[-1] <= SECONDS * 1000, laps
    said = parse_latencies(demo_run.console)
    assert [lat.probe for lat in said] == list(PROBES) * len(laps)
    assert all(lat.n == N for lat in said)
    # After each lap, and at the end.
    counts = demo_run.records("count", line=0)
    assert len(counts) == len(laps) + 1 and all(count["lost"] == "0" for count in counts), counts


def test_a_lap_s_verdicts_are_given_once(demo_run):
    """Each probe has its verdict in the first lap; the later laps tell only what fails."""
    probes = [text for text, _ in demo_run.verdicts("pulse") if text.startswith("probe ")]
    assert probes == [f"probe {probe} has its samples" for probe in PROBES]


def test_a_tick_comes_to_a_guest_that_runs_as_on_the_bare_machine(demo_run, bare, chipset):
    """Probe running: pulse has the processor, so its tick takes no exit. On soft the tick takes
    two. The wake-up from another VM costs more."""
    alone = bare(pulse(f"probes=running n={N}"))
    wanted = alone.latency("running").median
    said = parse_latencies(demo_run.console)
    running = [lat for lat in said if lat.probe == "running"]
    wakeup = [lat for lat in said if lat.probe == "wakeup"]
    for lat in running:
        if chipset == "soft":
            assert lat.median > wanted + 500 and 1.9 <= lat.exits_per_interrupt <= 2.4, lat
        else:
            assert lat.median == wanted and lat.exits_per_interrupt < 0.05, lat
    assert all(lat.median > 300 for lat in wakeup), wakeup


def test_scribe_works_as_long_as_pulse_measures(demo_run):
    """rounds=0 seconds=N: scribe is done after pulse, and has said its counts meanwhile."""
    done = "signalbox: vm {}: done, status 0"
    order = [demo_run.lines.index(done.format(vm)) for vm in ("pulse", "scribe")]
    assert order == sorted(order)
    counts = demo_run.records("count", line=15)
    assert len(counts) >= 2, demo_run
    for count in counts:
        assert int(count["handled"]) - int(count["idle"]) == int(count["expected"]) > 0, count


def test_every_spaces_scribe_s_rounds(demo_run):
    """every=10: no more than a hundred rounds a second, and scribe computes in between."""
    rounds = next(int(text.split()[1]) for text in demo_run.of("scribe") if " rounds of " in text)
    assert 5 < rounds <= 100 * SECONDS + 5


def test_the_demonstration_s_configuration():
    """demo.cfg: pulse first by priority, with laps; scribe computes and has no end of its own."""
    _, words, (first, second) = load_config(ROOT / "scripts/configs/demo.cfg")
    assert words == "console=com1 chipset=auto"
    assert "prio=2" in first.line.split() and "laps=1" in first.line.split()
    assert {"prio=1", "rounds=0", "busy=1"} <= set(second.line.split())
