# SPDX-License-Identifier: BSD-2-Clause
"""The times that the chipset block keeps (docs/register-window.md, section 7), beside what pulse
measures itself.

Rule: pulse and the block measure the same interrupts, and know nothing of each other.
"""

import argparse

import pytest

import measure
from conftest import BUILD, IPS, LEG, PLATFORM, on_chipsets, pulse, scribe
from signalbox import Machine, block_times, lines
from signalbox.histogram import Histogram
from signalbox.platforms import ON_QEMU

where, chipset = on_chipsets("irqmux", "qemu-irqmux")

N = 300
# A sample of pulse's begins before its OUT and ends in its handler: so many instructions are not
# between the edge and INTA.
AROUND = {True: 7, False: 6}
PIT_HZ = 1_193_182


@pytest.fixture(scope="module")
def keeps_time():
    if PLATFORM != LEG:
        pytest.skip("the RTL is a block of version 1, which keeps no time (docs/rtl.md)")


@pytest.fixture(scope="module")
def run(keeps_time, system):
    own = pulse(f"probes=uart,wakeup n={N}", prio=2)
    return system("status=0", [own, scribe("busy=1 rounds=200")])


@pytest.fixture(scope="module")
def found(run, at):
    """By line and name: what the VMM has read of the block."""
    machine = Machine(platform=at, ips=IPS)
    return {(one.line, one.name): one for one in block_times.parse(run.console, machine)}


def test_an_interrupt_of_com2_is_what_pulse_measures(run, found, at):
    """Each sample of both: pulse's seven instructions, without what is around the edge and INTA."""
    own, block = run.latency("uart", "pulse"), found[3, "acknowledged"].histogram
    assert own.n == block.n == N
    around = AROUND[at in ON_QEMU]
    assert (block.min, block.median, block.max) == tuple(
        value - around for value in (own.min, own.median, own.max)
    )
    service = found[3, "in service"].histogram
    assert service.n == N and 50 < service.min, service


def test_a_wake_up_is_what_pulse_measures(run, found, at):
    """pulse reads the edge's time from the PIT's counter, to a period of the counter's clock."""
    own, block = run.latency("wakeup", "pulse"), found[0, "acknowledged"].histogram
    per_second = 1e9 / 32 if at in ON_QEMU else IPS
    slack = 2 * per_second / PIT_HZ + AROUND[at in ON_QEMU]
    low, high = own.min - slack, own.max
    # a bucket counts for its least value
    waits = {v: n for v, n in block.counts.items() if low * 15 / 16 <= v <= high}
    woken = Histogram.of_counts(waits, sum(waits.values()), 0, min(waits), max(waits))
    assert woken.n >= N, block
    assert 0 <= own.median - woken.median <= slack + own.median / 16, (own, woken)


def test_the_figures_fit_each_other(run, found):
    """The buckets have all samples, and each EOI has an INTA: for every line, scribe's as well."""
    assert {line for line, _ in found} == {0, 3, 8, 15}
    for (line, name), one in found.items():
        assert sum(one.histogram.counts.values()) == one.histogram.n, (line, name)
        assert max(one.histogram.counts) <= one.histogram.max
        assert one.unmatched == 0, (line, name)
    for line in (0, 3, 8, 15):
        ends = found[line, "in service"].histogram.n
        assert 0 <= found[line, "acknowledged"].histogram.n - ends <= 1
        last = run.record("last", line=line)
        assert 0 < int(last["edge"]) and 0 < int(last["inta"]) < int(last["eoi"])


@pytest.mark.skipif(
    not (BUILD / lines.PLUGIN).exists(), reason=f"no {lines.PLUGIN}: make {BUILD / lines.PLUGIN}"
)
def test_the_bench_has_the_block_s_rows_however_the_run_ends(at, tmp_path, keeps_time):
    """The plugin ends QEMU in the middle of a run, and pc has no register window in use."""
    if at not in ON_QEMU:
        pytest.skip("in Bochs no plugin ends a run")
    config = tmp_path / "alone.cfg"
    config.write_text(
        "multiboot /boot/signalbox console=com1\n"
        "module /boot/pulse vm=pulse irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff -- probes=uart,pit\n"
    )
    args = argparse.Namespace(
        build=BUILD,
        board="pc",
        ips=20_000_000,
        memory=256,
        samples=50,
        seconds=10,
        timeout=60.0,
        directory=tmp_path,
    )
    subject = measure.read_subject(config)
    measured = measure.measure(measure.Combo(at, "pc", "alone"), subject, args)
    assert measured.reason == "limit", measured.result.explain()
    rows = {row["probe"]: row for row in measured.rows}
    com2, seen = rows["line 3 acknowledged"], rows["line 3 running"]
    assert com2["source"] == "block" and seen["source"] == "emulator"
    assert (com2["min"], com2["max"]) == (seen["min"], seen["max"]) == (0, 0)
    assert com2["n"] >= 50 and com2["unit"] == "instructions"


# ---- The text ------------------------------------------------------------------------------------

TEXT = """[pulse] times line=9 to=inta n=1 sum=1 min=1 max=1 merged=0 unmatched=0 hz=1000 now=5
times line=0 to=inta n=3 sum=2112 min=64 max=1984 merged=2 unmatched=1 hz=1000000000 now=5
buckets line=0 to=inta 64:2 1984:1
times line=0 to=eoi n=0 sum=0 min=0 max=0 merged=2 unmatched=1 hz=1000000000 now=5
times line=4 to=inta n=1 sum=
"""


@pytest.mark.parametrize(
    "platform, unit, low, high, counts",
    [
        ("qemu-irqmux", "instructions", 2, 62, {2: 2, 62: 1}),
        ("bochs-irqmux", "instructions", 64, 1984, {64: 2, 1984: 1}),
        ("kvm-irqmux", "ns", 64, 1984, {64: 2, 1984: 1}),
    ],
)
def test_the_lines_are_read_in_the_platform_s_unit(platform, unit, low, high, counts):
    found = block_times.parse(TEXT, Machine(platform=platform))
    assert [(one.line, one.name, one.unit) for one in found] == [
        (0, "acknowledged", unit),
        (0, "in service", unit),
    ]
    histogram = found[0].histogram
    assert (histogram.n, histogram.min, histogram.max, histogram.counts) == (3, low, high, counts)
    assert (found[0].merged, found[0].unmatched, found[1].histogram.n) == (2, 1, 0)
