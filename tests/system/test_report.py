# SPDX-License-Identifier: BSD-2-Clause
"""The page of make report: its figures, from a record of a real bench, and its looks, in a browser.

Rule: a figure of the page is compared with the line of the console that told the figure.
"""

import json
import re
import subprocess
import sys
from html import unescape

import pytest

from browser import MISSING, Browser, executable
from conftest import BUILD, ROOT
from signalbox import find_records
from signalbox.archive import read_record
from signalbox.moments import Moment
from signalbox.report_figures import badges, rows
from signalbox.report_page import D3, page
from signalbox.report_runs import panels, runs_of
from signalbox.report_timeline import store
from signalbox.timeline import Timeline, order

RECORD = ROOT / "tests/records/bench.json"
needs_library = pytest.mark.skipif(
    not D3.exists(), reason="the package libjs-d3 is not installed (make setup)"
)
needs_browser = pytest.mark.skipif(executable() is None, reason=MISSING)


@pytest.fixture(scope="module")
def runs():
    return runs_of(read_record(RECORD))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The page in a file."""
    path = tmp_path_factory.mktemp("report") / "a page.html"
    done = command(RECORD, "-o", path)
    assert done.returncode == 0, done.stdout
    return path


def command(*words):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/report.py", *map(str, words)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )


# ---- The figures ---------------------------------------------------------------------------------


def test_the_samples_are_those_that_the_guests_told(runs):
    """The numbers of a histogram are those of the guest's own `lat` line."""
    seen = 0
    for run in runs:
        told = {r["probe"]: r for r in find_records(run.console, "lat")}
        assert run.samples and set(run.values["probes"]) == {s.probe for s in run.samples}
        for sample in run.samples:
            for key in ("n", "min", "median", "p99", "max"):
                assert getattr(sample, key) == int(told[sample.probe][key]), (run.name, sample)
            assert sum(sample.counts.values()) == sample.n
            seen += 1
    assert seen == 26


def test_laps_add_up(runs):
    """Two laps of a probe are one distribution, whose median is neither lap's."""
    values = dict(runs[0].values, probes=[])
    values["console"] = (
        "lat probe=uart unit=cycles n=3 min=1 median=1 p99=1 max=2 interrupts=4 exits=1\n"
        "hist probe=uart 1:2 2:1\n"
        "lat probe=uart unit=cycles n=4 min=9 median=9 p99=9 max=9 interrupts=4 exits=3\n"
        "hist probe=uart 9:4\n"
    )
    (sample,) = runs_of({"runs": [values]})[0].samples
    assert (sample.n, sample.min, sample.median, sample.p99, sample.max) == (7, 1, 9, 9, 9)
    assert sample.exits_per_interrupt == 0.5


def test_chipsets_of_one_emulator_stand_side_by_side(runs):
    """Whether the block's or the stock platform of the emulator ran them."""
    values = [dict(run.values) for run in runs if run.name.endswith("(wakeup)")]
    for value in values:
        value["platform"] = {"irqmux": "qemu-irqmux", "pc": "qemu"}[value["chipset"]]
    (panel,) = panels(runs_of({"runs": values[::-1]}))
    (row,) = panel["rows"]
    assert row["label"] == "qemu, beside"
    assert [cell["name"] for cell in row["cells"]] == ["irqmux", "pc"]


def test_counts_at_the_blocks_are_sums_of_the_consoles_lines(runs):
    run = next(run for run in runs if run.name.endswith("irqmux/beside (wakeup)"))
    lines = find_records(run.console, "line")
    totals = find_records(run.console, "totals")[-1]
    exits = {record["vm"]: record for record in find_records(run.console, "exits")}
    held = sum(int(r["held"]) for r in lines if r["owner"] != "vmm")
    own = sum(int(r["exits"]) for r in lines if r["owner"] == "vmm")
    three, four, five = (badges(run, figure) for figure in (3, 4, 5))
    assert held > 1000 and own > 0
    assert three["hold"] == f"{held:,}"
    assert three["status"] == f"{held + own:,}"
    assert three["output"] == f"{int(totals['nmis']):,}"
    assert three["dispatcher"] == f"{int(exits['scribe']['nmi']):,}"  # pulse has none
    assert "nmi" not in exits["pulse"]
    entries = sum(int(record["total"]) for record in exits.values())
    put_off = sum(int(record["aborted-entry"]) for record in exits.values())
    assert four["enter"] == f"{entries:,}" and four["mask"] == f"{entries + put_off:,}"
    assert five["restore"] == f"{int(totals['switches']):,}"


def test_a_bare_machine_has_no_count_at_a_block(runs):
    bare = next(run for run in runs if run.chipset == "bare")
    assert [badges(bare, figure) for figure in (3, 4, 5)] == [{}, {}, {}]


@needs_library
@pytest.mark.parametrize(
    "change, words",
    [
        ({"end": "timeout", "status": None}, "the run has no verdict (timeout)"),
        ({"status": 1}, "the run ended with status 1"),
        ({"console": "[pulse] R08 held ... FAILED\n"}, "R08 held ... FAILED"),
        ({"console": "count line=0 handled=3 lost=2\n"}, "2 interrupts were lost"),
    ],
)
def test_a_run_that_went_wrong_is_named_first(change, words):
    record = read_record(RECORD)
    record["runs"][1] |= change
    head = unescape(page(record).split("<main")[0])
    assert "1 of 8 runs did not go well" in head
    assert f"{record['runs'][1]['name']}: " in head and words in head


@needs_library
def test_text_of_a_console_is_no_html():
    record = read_record(RECORD)
    record["runs"][0]["name"] = "</script><b>bold"
    record["runs"][0]["modules"] = [["pulse", "<img src=x>"]]
    text = page(record)
    assert "<b>" not in text and "<img" not in text
    assert "&lt;img src=x&gt;" in text


# ---- Messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "No such file or directory"),
        ("hello\n", "no record, and no console with a line of figures"),
        ('{"signalbox_record": 1, "runs": [', "the JSON is damaged: "),
        ("[]", "no record; make bench and make run write records"),
        ('{"signalbox_record": 0}', "a record of another version of Signalbox"),
        ('{"signalbox_record": 1, "kind": "run", "runs": []}', "the record has no run"),
        ('{"signalbox_record": 1, "kind": "run", "runs": [{}]}', "the record is incomplete"),
    ],
)
def test_a_file_that_is_no_record_is_named(tmp_path, content, message):
    path = tmp_path / "a file"
    if content is not None:
        path.write_text(content)
    done = command(path, "-o", tmp_path / "out.html")
    assert done.returncode == 1 and done.stdout.startswith(f"report: {path}: ")
    assert message in done.stdout and done.stdout.count("\n") == 1
    assert not (tmp_path / "out.html").exists()


def test_without_a_record_the_message_says_what_writes_one(tmp_path):
    done = command("--build", tmp_path)
    assert done.returncode == 1
    assert re.match(r"report: no record in \S+: make bench or make run writes one", done.stdout)


@needs_library
def test_a_console_alone_does(tmp_path, runs):
    path = tmp_path / "serial.txt"
    path.write_text(next(run for run in runs if run.totals).console)
    done = command(path, "-o", tmp_path / "out.html")
    assert done.returncode == 0, done.stdout
    assert "report of a console" in (tmp_path / "out.html").read_text()


# ---- The page in a browser -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with Browser() as started:
        yield started


@needs_library
@needs_browser
class TestInABrowser:
    def test_the_page_asks_for_nothing_outside(self, browser, report):
        browser.open(report)
        assert browser.errors == []
        assert browser.requests == [report.as_uri()]
        assert not re.search(r"""(?:src|href)=["'](?!#)""", report.read_text().split("<script")[0])

    def test_each_histogram_shows_its_longest_sample(self, browser, report, runs):
        browser.open(report)
        cells = [c for panel in panels(runs) for row in panel["rows"] for c in row["cells"]]
        shown = browser.value(
            "[...document.querySelectorAll('.row svg')].map(s => [s.textContent, "
            "s.querySelectorAll('rect').length, s.querySelectorAll('.max').length])"
        )
        assert len(shown) == len(cells) == 26
        for (text, bars, marks), cell in zip(shown, cells):
            assert f"median {cell['median']:,}, max {cell['max']:,}" in text
            assert 1 <= bars <= len(cell["counts"]) and marks == 1

    def test_the_histograms_of_a_panel_have_one_scale(self, browser, report, runs):
        """The mark of a longer maximum is further right, and equal ones are at one place; a bar of
        the same number of samples is as high."""
        browser.open(report)
        marks = browser.value(
            "[...document.querySelectorAll('.chart')].map(c => "
            "[...c.querySelectorAll('line.max')].map(l => +l.getAttribute('x1')))"
        )
        for panel, places in zip(panels(runs), marks):
            longest = [cell["max"] for row in panel["rows"] for cell in row["cells"]]
            assert sorted(longest) == [m for _, m in sorted(zip(places, longest))]
            assert len(set(longest)) == len(set(places))

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [320, 1280])
    def test_nothing_is_wider_than_the_window(self, browser, report, width, dark):
        browser.open(report, width=width, dark=dark)
        assert browser.value("document.documentElement.scrollWidth <= innerWidth")

    @pytest.mark.parametrize("dark", [False, True])
    def test_text_has_contrast(self, browser, report, dark):
        """4.5 for text, 3 for the colours of the bars (WCAG 2.1: 1.4.3, 1.4.11)."""
        browser.open(report, dark=dark)
        texts = browser.value(
            "(s => ['--page', '--text', '--soft', '--accent', '--problem', '--bare', '--irqmux', "
            "'--irqmux-banks', '--pc', '--soft-block', '--apic']"
            ".map(n => s.getPropertyValue(n).trim()))"
            "(getComputedStyle(document.documentElement))"
        )
        back, *rest = map(luminance, texts)
        ratios = [(max(back, x) + 0.05) / (min(back, x) + 0.05) for x in rest]
        assert (back < 0.05) == dark
        assert min(ratios[:4]) >= 4.5 and min(ratios[4:]) >= 3, ratios

    def test_keys_read_the_bars(self, browser, report):
        browser.open(report)
        for _ in range(40):
            browser.press("Tab", 9)
            if browser.value("document.activeElement.classList.contains('chart')"):
                break
        read = "document.activeElement.parentNode.querySelector('.readout').textContent"
        browser.press("ArrowRight")
        first = browser.value(read)
        browser.press("ArrowRight")
        second = browser.value(read)
        browser.press("ArrowDown")
        below = browser.value(read)
        assert re.fullmatch(r"irqmux, 663(?: to \d+)?: [\d,]+ samples", first)
        assert second.startswith("irqmux, ") and second != first
        assert below.startswith("pc, 846")

    def test_the_choice_of_a_run_changes_the_figures(self, browser, report, runs):
        browser.open(report)
        for run in runs:
            browser.value(
                f"(c => {{ c.value = '{run.number}'; c.dispatchEvent(new Event('change')); }})"
                "(document.getElementById('choice'))"
            )
            shown = browser.value(
                "[...document.querySelectorAll('.run:not([hidden])')].map(r => r.dataset.run)"
            )
            assert shown == [str(run.number)]
            texts = browser.value(
                "Object.fromEntries([...document.querySelectorAll('.badge')]"
                ".map(b => [b.dataset.box, b.textContent]))"
            )
            expected = {f"{n}-{box}": t for n in (3, 4, 5) for box, t in badges(run, n).items()}
            assert {box: text for box, text in texts.items() if text} == expected

    def test_the_page_prints(self, browser, report, tmp_path):
        browser.open(report, dark=True)
        browser.paper(tmp_path / "page.pdf")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
        browser.call("Emulation.setEmulatedMedia", media="print")
        assert browser.value("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert browser.value("getComputedStyle(document.querySelector('nav')).display") == "none"
        browser.call("Emulation.setEmulatedMedia", media="")

    def test_nothing_is_folded_on_paper(self, browser, tmp_path):
        record = read_record(RECORD)
        record["runs"][-1]["load"] = "hostile/cpuids"
        (tmp_path / "page.html").write_text(page(record))
        browser.open(tmp_path / "page.html")
        opened = "document.querySelectorAll('details[open]').length"
        browser.value(f"addEventListener('beforeprint', () => {{ window.seen = {opened}; }}); 0")
        assert browser.value(opened) == 0
        browser.paper(tmp_path / "page.pdf")
        assert browser.value("[window.seen, " + opened + "]") == [1, 0]


# ---- The timeline --------------------------------------------------------------------------------


def moments_of_turns(n):
    """Two VMs in turn, 1000 ns each, with a stay of 100 ns between; a line is served each time."""
    found = []
    for i in range(n):
        vm, at = "ab"[i % 2], 1100 * i
        found += [
            Moment(at, "machine-entry", vm, {}),
            Moment(at + 10, "high", vm, {"line": 3}),
            Moment(at + 20, "delivered", vm, {"line": 3}),
            Moment(at + 50, "eoi", vm, {"line": 3}),
            Moment(at + 60, "low", vm, {"line": 3}),
            Moment(at + 1000, "machine-exit", vm, {}),
            Moment(at + 1010, "exit", vm, {"reason": "nmi"}),
            Moment(at + 1020, "switch", vm, {"to": "ab"[(i + 1) % 2], "lines": 8}),
        ]
    return found


def with_timeline(record, turns, most=None):
    timeline = Timeline({3: ["a"]}).take(moments_of_turns(turns))
    shown = sorted(timeline.shown(), key=order)
    stored = store(timeline, shown, **({"most": most} if most else {}))
    record["runs"] = [run for run in record["runs"] if "totals " in run["console"]][:2]
    record["runs"][0]["timeline"] = stored
    return record


def test_a_long_timeline_ends_earlier_in_the_record():
    """No interval reaches over the end, and the page says how much of the run the page has."""
    record = with_timeline(read_record(RECORD), turns=100, most=200)
    stored = runs_of(record)[0].timeline
    numbers = sum(len(r["intervals"]) // 3 + len(r["marks"]) // 2 for r in stored.rows.values())
    assert 190 <= numbers <= 200 and not stored.whole and stored.length < 60_000
    for name in stored.rows:
        assert all(begin + length <= stored.length for begin, length, _ in stored.intervals(name))
    assert "The first 0." in page(record)


def test_the_times_at_the_blocks_are_those_of_the_timeline():
    run = runs_of(with_timeline(read_record(RECORD), turns=100))[0]
    times = {(n, row[0]): row[4] for n in (3, 4, 5) for row in rows(run, n)}
    assert times[4, "401"] == times[5, "520"] == times[3, "¶52"] == "0.10 / 0.10"
    assert times[4, "412"] == "1.00 / 1.00" and times[3, "306, 308"] == "0.03 / 0.03"
    assert times[3, "318"] == "–"
    assert badges(run, 3)["receive"] == "100" and badges(run, 5)["save"] == "100 · 0.10 us"


def test_a_record_without_a_timeline_says_what_makes_one():
    assert "This record has no timeline. make trace" in page(read_record(RECORD))


@needs_library
@needs_browser
class TestATimelineInABrowser:
    @pytest.fixture(scope="class")
    def timeline(self, tmp_path_factory):
        path = tmp_path_factory.mktemp("timeline") / "page.html"
        path.write_text(page(with_timeline(read_record(RECORD), turns=100)))
        return path

    COUNT = "document.querySelectorAll('[data-row=\"%s\"] rect').length"
    READ = "document.querySelector('.timeline .readout').textContent"

    def test_each_row_is_drawn(self, browser, timeline):
        browser.open(timeline)
        assert browser.errors == []
        rows_shown = browser.value(
            "[...document.querySelectorAll('.timeline [data-row]')].map(r => r.dataset.row)"
        )
        states = [f"line 3 {state}" for state in ("asserted", "held", "routed", "delivered")]
        assert rows_shown == ["VM a", "VM b", "VMM", "NMI"] + [
            name for name in states if name in rows_shown
        ]
        assert 40 <= browser.value(self.COUNT % "VM a") <= 50

    def test_zoom_shows_fewer_intervals_and_the_whole_run_again(self, browser, timeline):
        browser.open(timeline)
        browser.value("document.querySelector('.rows').focus()")
        before = browser.value(self.COUNT % "VM a")
        for _ in range(4):
            browser.press("+")
        assert 1 <= browser.value(self.COUNT % "VM a") <= before / 8
        browser.value("document.querySelector('[data-do=whole]').click()")
        assert browser.value(self.COUNT % "VM a") == before

    def test_keys_read_the_intervals(self, browser, timeline):
        browser.open(timeline)
        browser.value("document.querySelector('.rows').focus()")
        browser.press("ArrowDown")
        browser.press("ArrowDown")
        assert browser.value(self.READ) == "VMM: 100 intervals"
        browser.press("n")
        assert browser.value(self.READ) == "VMM: nmi, 100 ns, from 1 us on; switch"
        browser.press("n")
        assert browser.value(self.READ) == "VMM: nmi, 100 ns, from 2.1 us on; switch"
        browser.press("p")
        assert browser.value(self.READ) == "VMM: nmi, 100 ns, from 1 us on; switch"

    @pytest.mark.parametrize("dark", [False, True])
    @pytest.mark.parametrize("width", [320, 1280])
    def test_the_timeline_is_no_wider_than_the_window(self, browser, timeline, width, dark):
        """On a phone a row's name stands above the row, and the buttons are wide enough for a
        finger."""
        browser.open(timeline, width=width, dark=dark)
        assert browser.value("document.documentElement.scrollWidth <= innerWidth")
        sizes = browser.value(
            "[...document.querySelectorAll('.buttons button')].map(b => b.getBoundingClientRect())"
            ".map(r => Math.min(r.width, r.height))"
        )
        assert len(sizes) == 5 and min(sizes) >= 44

    def test_the_timeline_prints(self, browser, timeline, tmp_path):
        browser.open(timeline, dark=True)
        browser.paper(tmp_path / "page.pdf")
        browser.call("Emulation.setEmulatedMedia", media="print")
        shown = "getComputedStyle(document.querySelector('%s')).display"
        assert browser.value(shown % ".timeline .rows") == "block"
        assert browser.value(shown % ".buttons") == "none"
        browser.call("Emulation.setEmulatedMedia", media="")


def luminance(colour):
    """Of #rrggbb or #rgb, from 0 to 1 (WCAG 2.1)."""
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(p * weight for p, weight in zip(parts, (0.2126, 0.7152, 0.0722)))


# ---- The scripts that write records --------------------------------------------------------------


def test_a_run_leaves_a_record(tmp_path):
    """The record of a bare machine's run has the console that the run showed."""
    config = tmp_path / "bare.cfg"
    config.write_text("multiboot /boot/pulse probes=uart n=100\n")
    build = tmp_path / "build"
    build.mkdir()
    (build / "guests").symlink_to(BUILD / "guests")
    words = ["--platform", "qemu", "--config", config, "--build", build, "--timeout", "60"]
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/run.py", *map(str, words)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    record = json.loads((build / "records/run.json").read_text())
    (run,) = record["runs"]
    assert run["platform"] == "qemu" and run["vmm"] is None and run["status"] == 0
    assert run["console"].strip() in done.stdout.replace("\r", "")
    assert record["version"] == (ROOT / "VERSION").read_text().strip()
    (sample,) = runs_of(record)[0].samples
    assert (sample.probe, sample.n) == ("uart", 100)
