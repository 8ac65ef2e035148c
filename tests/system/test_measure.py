# SPDX-License-Identifier: BSD-2-Clause
"""make bench CONFIG=: the parts that need no machine, and one configuration on QEMU."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import compare
import measure
import plot
from signalbox import ConfigError, lines
from signalbox.histogram import FINE, Histogram, bucket_floor, histfile

TREE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", TREE / "build"))
PLUGIN = BUILD / lines.PLUGIN

CONFIG = """multiboot /boot/signalbox console=com1 chipset=irqmux banks=1 slack=0
module /boot/pulse  vm=pulse  irq=0,3 io=0x40-0x43 prio=2 -- probes=uart n=20
module /boot/scribe vm=scribe irq=8,15 --
module /boot/more   of=scribe
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "mine.cfg"
    path.write_text(CONFIG)
    return path


# ---- Histograms ----------------------------------------------------------------------------------


def filled(values):
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_a_bucket_is_exact_below_the_limit_and_within_a_512th_above():
    assert [bucket_floor(v) for v in (0, 1, FINE - 1)] == [0, 1, FINE - 1]
    assert [bucket_floor(v) for v in (1024, 1025, 1026, 2047, 2051)] == [
        1024,
        1024,
        1026,
        2046,
        2048,
    ]
    for bits in range(10, 63):
        value = (1 << bits) + 12345 % (1 << bits)
        assert 0 <= value - bucket_floor(value) <= value / 512


def test_a_long_stream_keeps_its_exact_ends_and_has_few_buckets():
    numbers = random.Random(1)
    values = [int(10 ** numbers.uniform(0, 9)) for _ in range(50_000)]
    histogram = filled([*values, 123_456_789_013])
    assert (histogram.n, histogram.total) == (50_001, sum(values) + 123_456_789_013)
    assert (histogram.min, histogram.max) == (min(values), 123_456_789_013)
    assert len(histogram.counts) < 12_000
    exact = sorted(values)[25_000]
    assert abs(histogram.median - exact) <= exact / 512


def test_ranks_are_those_of_the_guests_records():
    histogram = filled(range(1, 101))
    assert (histogram.median, histogram.p99) == (50, 99)
    assert (filled([7]).median, filled([7]).p99, Histogram().median) == (7, 7, None)


def test_two_histograms_merge_to_that_of_all_samples():
    first, second = filled([5, 5, 2000]), filled([1, 5, 9_999])
    first.merge(second)
    assert first == filled([5, 5, 2000, 1, 5, 9_999])


def test_a_histfile_has_the_rows_and_the_footer_of_cyclictest():
    text = histfile([("bare/alone", filled([1, 1, 3])), ("pc/beside", filled([2]))])
    assert text.splitlines() == [
        "# Histogram",
        "000000 000000\t000000",
        "000001 000002\t000000",
        "000002 000000\t000001",
        "000003 000001\t000000",
        "# Total: 000000003 000000001",
        "# Min Latencies: 00001 00002",
        "# Avg Latencies: 00001 00002",
        "# Max Latencies: 00003 00002",
        "# Histogram Overflows: 00000 00000",
        "# Histogram Overflow at cycle number:",
        "# Thread 0: # bare/alone",
        "# Thread 1: # pc/beside",
        "",
    ]


def test_a_histfile_counts_what_lies_beyond_its_rows():
    text = histfile([("soft", filled([3, 1_000_000]))])
    assert "# Max Latencies: 1000000\n# Histogram Overflows: 00001\n" in text
    assert len(text.splitlines()) < 100_020


# ---- The plugin's file ---------------------------------------------------------------------------


def test_the_plugins_lines_are_read():
    text = (
        "sample vm=187000 line=0 state=served n=3 sum=4117 min=7 max=4103 counts=7:2,4096:1\n"
        "worst vm=187000 line=0 state=served all=1 moments=6:187000:0:320,2:9000:0:0\n"
        "taken vm=187000 line=0 merged=2 withdrawn=0 unmatched=1 exits=6\n"
        "end reason=limit\n"
    )
    (one,), reason = lines.parse(text)
    assert (one.vm, one.line, one.state, reason) == ("187000", 0, "served", "limit")
    assert (one.merged, one.unmatched, one.exits, one.histogram.max) == (2, 1, 6, 4103)
    assert one.worst == [(0, "high", "9000", 0), (320, "machine-entry", "187000", 0)]
    assert lines.parse(text.splitlines()[0])[1] is None


@pytest.mark.parametrize("word, number", [("1000", 1000), ("1e6", 10**6), ("25e7", 250_000_000)])
def test_samples_can_be_written_short(word, number):
    assert measure.whole_number("SAMPLES", word, 0) == number


# ---- The configuration ---------------------------------------------------------------------------


def test_the_first_vm_is_measured_unless_another_is_named(config):
    subject = measure.read_subject(config)
    assert (subject.guest, subject.lines, len(subject.alone)) == ("pulse", [0, 3], 1)
    assert (subject.vmm, subject.bare.line) == ("console=com1 slack=0", "probes=uart n=20")
    assert not subject.own_pit
    other = measure.read_subject(config, "scribe")
    assert (other.lines, len(other.alone), other.bare) == ([8, 15], 2, None)


def test_an_unknown_vm_is_refused_with_the_names_that_there_are(config):
    with pytest.raises(ConfigError, match=r"GUEST=pulze: no such VM; there are: pulse scribe"):
        measure.read_subject(config, "pulze")


def test_the_bare_machine_has_nobody_beside(config):
    combos = measure.combos_of({"qemu": ["bare", "pc"]}, measure.read_subject(config))
    assert list(map(str, combos)) == ["qemu/bare/alone", "qemu/pc/alone", "qemu/pc/beside"]


def test_each_run_has_a_directory_of_its_own(tmp_path):
    now = measure.time.gmtime(0)
    first, second = (measure.new_directory(tmp_path / "m", "mine", now) for _ in range(2))
    assert first != second and first.name == "1970-01-01-000000-mine"
    measure.link_latest(first)
    measure.link_latest(second)
    assert (tmp_path / "m" / "latest").resolve() == second


# ---- Two results ---------------------------------------------------------------------------------


def result(root, name, **figures):
    row = dict(zip(compare.KEYS, ("qemu", "pc", "alone", "uart")), unit="instructions")
    row |= {"median": 100, "p99": 100, "max": 100} | figures
    whole = {"configuration": {"path": "mine.cfg"}, "commit": name, "time": "-", "rows": [row]}
    (root / name).mkdir()
    (root / name / "result.json").write_text(json.dumps(whole))


def run_compare(root, *words):
    command = [sys.executable, TREE / "scripts" / "compare.py", "--root", root, *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("limit, status", [("", 0), ("5%", 1), ("6%", 0), ("5", 1), ("6", 0)])
def test_a_figure_beyond_the_limit_is_status_1(tmp_path, limit, status):
    result(tmp_path, "old")
    result(tmp_path, "new", max=106, median=90)
    code, text = run_compare(tmp_path, "--limit", limit, "old", "new")
    assert (code, "max 100 -> 106: +6 (+6.0%)" in text) == (status, True)
    assert "median 100 -> 90: -10 (-10.0%)" in text


def test_what_is_missing_is_named(tmp_path):
    result(tmp_path, "old")
    result(tmp_path, "new")
    path = tmp_path / "new" / "result.json"
    path.write_text(path.read_text().replace('"uart"', '"pit"'))
    code, text = run_compare(tmp_path, "old", "new")
    assert code == 1 and "qemu/pc/alone/uart: only in A" in text and "/pit: only in B" in text


def test_a_result_that_cannot_be_read_is_status_2(tmp_path):
    result(tmp_path, "old")
    code, text = run_compare(tmp_path, "old", "new")
    assert code == 2 and "new: no such result" in text and "old" in text
    (tmp_path / "old" / "result.json").write_text("{}")
    assert run_compare(tmp_path, "old", "old")[0] == 2
    assert run_compare(tmp_path, "--limit", "many", "old", "old")[0] == 2


# ---- One configuration, on stock QEMU ------------------------------------------------------------


# Most ticks find pulse away.
AWAY = """multiboot /boot/signalbox console=com1
module /boot/pulse  vm=pulse prio=2 irq=0,3 io=0x40-0x43,0x2f8-0x2ff -- probes=uart,wakeup n=300
module /boot/vandal vm=vandal mem=2M -- do=none seconds=100000
"""


@pytest.mark.skipif(not PLUGIN.exists(), reason=f"no {PLUGIN}: make {PLUGIN} builds it")
def test_a_guest_is_measured_alone_and_beside(tmp_path):
    """pulse's own figures count seven instructions from COM2's assertion to the handler, and one
    delivery: what the emulator sees has to agree with what pulse prints."""
    config = tmp_path / "away.cfg"
    config.write_text(AWAY)
    args = measure.argparse.Namespace(
        build=BUILD,
        board="pc",
        ips=20_000_000,
        memory=256,
        samples=300,
        seconds=10,
        timeout=60.0,
        directory=tmp_path,
    )
    subject = measure.read_subject(config)
    found = {}
    for chipset, load in (("bare", "alone"), ("pc", "beside"), ("soft", "alone")):
        measured = measure.measure(measure.Combo("qemu", chipset, load), subject, args)
        assert measured.ok, measured.result.explain()
        for row in measured.rows:
            found[chipset, row["probe"]] = row
    for chipset in ("bare", "pc"):
        com2 = found[chipset, "line 3 running"]
        assert (com2["min"], com2["median"], com2["max"]) == (0, 0, 0)
        assert com2["n"] >= 300
    # A run of soft has two exits for each interrupt, as pulse counts too (docs/measuring.md).
    assert found["soft", "line 3 served"]["exits_per_interrupt"] == 2.0
    own, seen = found["soft", "uart"], found["soft", "line 3 running"]
    assert own["min"] - seen["min"] == 7
    # pulse sleeps between its ticks, and vandal computes: a tick waits for a whole wake-up.
    # An UART interrupt that is taken at once is served as long as its handler takes.
    assert found["pc", "line 3 handled"]["median"] == found["pc", "line 3 served"]["median"]
    away = found["pc", "line 0 waiting"]
    assert away["n"] >= 200 and 0 < away["min"], away
    assert 500 < away["median"] < 1500, away
    check_worst(found)


def check_worst(found):
    """The longest sample of each row has its moments: from the edge to the delivery or the EOI, at
    the very instruction of the maximum."""
    ends = {"running": "delivered", "waiting": "delivered", "served": "eoi", "handled": "eoi"}
    for (_, probe), row in found.items():
        if row["source"] != "emulator":
            continue
        last, line = row["worst"][-1], int(probe.split()[1])
        end = ends[probe.split()[2]]
        assert last == {"at": row["max"], "event": end, "line": line, "vm": "guest"}, probe
        assert [m["at"] for m in row["worst"]] == sorted(m["at"] for m in row["worst"])
        assert row["worst_is_whole"] == (len(row["worst"]) < 32) or len(row["worst"]) == 32
    wakeup = found["pc", "line 0 waiting"]["worst"]
    assert wakeup[0] == {"at": 0, "event": "high", "line": 0}
    assert {"machine-entry", "delivered"} <= {moment["event"] for moment in wakeup}


# ---- The command ---------------------------------------------------------------------------------


def run_measure(build, config, *words):
    command = [sys.executable, TREE / "scripts/measure.py", "--build", build, "--config", config]
    command += ["--platform", "qemu", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def build(tmp_path):
    """A build directory whose results are the test's own."""
    directory = tmp_path / "build"
    directory.mkdir()
    for path in BUILD.iterdir():
        if path.name != "measure":
            (directory / path.name).symlink_to(path.resolve())
    return directory


def test_without_gnuplot_there_is_no_picture_and_no_failure(tmp_path, monkeypatch, capsys):
    """A message names the program and the remedy; the result is written all the same."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert plot.run_gnuplot(tmp_path, "latency", [], 100, 100) == []
    assert "gnuplot is missing (make setup)" in capsys.readouterr().out


@pytest.mark.skipif(not PLUGIN.exists(), reason=f"no {PLUGIN}: make {PLUGIN} builds it")
def test_the_command_leaves_a_result_that_can_be_read_and_compared(build, tmp_path):
    """The table, the result, a histfile for each probe, the plots, and the link `latest`."""
    config = tmp_path / "alone.cfg"
    config.write_text(
        "multiboot /boot/signalbox console=com1\n"
        "module /boot/pulse vm=pulse irq=0,3 io=0x40-0x43,0x2f8-0x2ff -- probes=uart n=20\n"
    )
    code, text = run_measure(build, config, "--samples", "20")
    assert code == 0, text
    latest = build / "measure/latest"
    result = json.loads((latest / "result.json").read_text())
    assert [run["combo"] for run in result["runs"]] == [
        f"qemu/{chipset}/alone" for chipset in ("bare", "pc", "soft")
    ]
    assert all(run["emulator"].startswith("QEMU") and run["ok"] for run in result["runs"])
    assert result["configuration"]["text"] == config.read_text()
    assert result["versions"]["signalbox"] == (TREE / "VERSION").read_text().strip()
    rows = {(row["chipset"], row["probe"]): row for row in result["rows"]}
    served = rows["soft", "line 3 served"]
    assert served["n"] == sum(served["counts"].values()) >= 20
    assert f"{served['median']:,}" in text and "line 3 served" in text
    assert (latest / "line-3-served.hist").read_text().startswith("# Histogram\n000000 ")
    assert (latest / "latency.svg").exists() == bool(shutil.which("gnuplot"))
    assert run_compare(build / "measure", "latest", "latest")[0] == 0


@pytest.mark.skipif(not PLUGIN.exists(), reason=f"no {PLUGIN}: make {PLUGIN} builds it")
def test_a_guest_without_lines_is_told_what_is_missing(build, tmp_path):
    """A status that is not 0, and a line that names the remedy."""
    config = tmp_path / "mute.cfg"
    config.write_text("multiboot /boot/signalbox\nmodule /boot/vandal vm=mute -- do=probe\n")
    code, text = run_measure(build, config)
    assert code == 1
    assert "no figure: no interrupt of a line of the guest came" in text, text
    assert "is irq= in the guest's words" in text
    code, text = run_measure(build, config, "--samples", "0")
    assert code == 1 and "SAMPLES=0: a whole number from 1 on, such as 1000 or 1e6" in text


def test_a_pit_of_ones_own_is_line_0_and_the_vmm_ends_the_run():
    """The machine of GUESTS=linux+pulse, whose pulse goes on for ever."""
    subject = measure.read_subject(TREE / "scripts/configs/linux+pulse.cfg", "pulse")
    assert subject.own_pit and subject.lines == [0] and subject.bare
    args = argparse.Namespace(board="pc", ips=1, memory=256, build=BUILD, seconds=7)
    for chipset, ends in (("irqmux", True), ("bare", False)):
        machine = measure.machine_of(measure.Combo("qemu", chipset, "alone"), subject, args)
        assert ("seconds=7" in (machine.vmm or "").split()) == ends
