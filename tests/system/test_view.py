# SPDX-License-Identifier: BSD-2-Clause
"""The demonstration: machines side by side, on a screen until a key ends them, or at a pipe.

Rule: what the table says is compared with the records of the consoles; nothing is drawn but by the
sequences that terminal.py knows.
"""

import math
import re
import signal
import time
from pathlib import Path

import pytest

from conftest import BUILD_FOR_MAKE, PLATFORM, ROOT
from signalbox import Machine, Module, find_records, parse_latencies
from signalbox.demo import make_columns
from signalbox.figures import Figures
from signalbox.screen import can_draw
from signalbox.view import ROWS, WIDTH, Column, fit, record, render
from terminal import Screen, Terminal

CONSOLE = (
    "signalbox: first guest after 78894272 TSC ticks\r\n"
    "[pulse] lat probe=uart unit=instructions n=500 min=7 median=7 p99=7 max=7 "
    "interrupts=625 exits=0\r\n"
    "[pulse] lat probe=running unit=instructions n=500 min=15 median=15 p99=41 max=906 "
    "interrupts=500 exits=2\r\n"
    "\r> q\r\x1b[K[   1.0s] pulse: halted, cpu 76%, exits 299, ticks 754+2 com2 500 work "
    "2456 | scribe: ready, cpu 23%, exits 205 | held 61\r\n"
    "[pulse] lat probe=wakeup unit=instructions n=500 min=853 median=932 p99=1403 max=1613 "
    "interrupts=500 exits=0\r\n"
    "[pulse] count line=0 handled=1152 expected=1155 merged=3 twice=0 lost=0 worst=1613\r\n"
    "[pulse] lap lap=1 ms=1151\r\n"
    "[pulse] lat probe=wakeup unit=instructions n=500 min=853 median=906 p99=1403 max=1500 "
    "interrupts=500 exits=1\r\n"
    "[scribe] count line=8 handled=1046 expected=2410 merged=1364 lost=0 idle=0\r\n"
    "[scribe] count line=15 handled=1649 commands=207 lost=0 expected=1649 idle=0\r\n"
    "[   2.0s] pulse: halted, cpu 64%, exits 408, ticks 1758+3 com2 1000 work 4821 | scribe: "
    "ready, cpu 35%, exits 395, round 52 rtc 524 | held 70, unexplained NMIs 2\r\n"
)
END = (
    "[scribe] scribe: 60 rounds of 8 sectors\r\n"
    "line irq=0 owner=pulse exits=957 held=80 injected=0 wakeups=956\r\n"
    "line irq=8 owner=scribe exits=25 held=30 injected=0 wakeups=0\r\n"
    "totals nmis=1703 nmi_windows=0 external_nmis=3 switches=2079 ticks=3845907520 "
    "dropped=0\r\n"
    "signalbox: end: status 0\r\n"
)
BARE = (
    "lat probe=uart unit=instructions n=500 min=7 median=7 p99=7 max=7 interrupts=625 "
    "exits=0\r\n"
    "count line=0 handled=1100 expected=1100 merged=0 twice=0 lost=0 worst=120\r\n"
    "lap lap=1 ms=1102\r\n"
)


def column(text, name="pc", pieces=1, **words):
    made = Column(name, "qemu", **words)
    for start in range(0, len(text), len(text) // pieces + 1):
        made.figures.feed(text[start : start + len(text) // pieces + 1])
    return made


def rows(columns):
    """Label to cells."""
    found = {}
    for line in render(columns):
        found.setdefault(line.text[:20].strip(), line.text[20:].split("  "))
    return {
        label: [cell.strip() for cell in cells if cell.strip()] for label, cells in found.items()
    }


# ---- The table, from text ------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [1, 7, 400])
def test_the_figures_are_those_of_the_records(pieces):
    """Whatever the pieces of the console: the last median, the longest of all, sums over lines."""
    figures = column(CONSOLE, pieces=pieces).figures
    assert (figures.seconds, figures.unit) == (2.0, "instructions")
    wakeup = figures.probes["wakeup"]
    assert (wakeup.n, wakeup.median, wakeup.max) == (1000, 906, 1613)
    assert (figures.interrupts, figures.exits) == (625 + 3 * 500, 3)
    assert figures.taken == 1758 + 1000 + 1046 + 1649
    assert (figures.lost, figures.merged) == (0, (3, 1364))
    assert (figures.held, figures.external, figures.rounds, figures.status) == (70, 2, 52, None)
    figures.feed(END)
    assert (figures.held, figures.external, figures.rounds, figures.status) == (110, 3, 60, 0)


def test_the_table_has_a_row_for_each_figure():
    """Latencies as median / max, exits per interrupt, interrupts and lost, merged, held, NMIs."""
    table = rows([column(BARE, "bare", virtual=False), column(CONSOLE)])
    assert table["latencies in"] == ["instructions"] * 2
    assert table["uart, median / max"] == ["7 / 7", "7 / 7"]
    assert table["pit"] == ["-", "15 / 906"] and table["wakeup"] == ["-", "906 / 1,613"]
    assert table["machine's time"] == ["1.1 s", "2.0 s"]
    assert table["exits per interrupt"] == ["0.000", "0.001"]
    assert table["interrupts / lost"] == ["1,600 / 0", "5,453 / 0"]
    assert table["merged pulse/scribe"] == ["0", "3 / 1,364"]
    assert table["held"] == ["-", "70"] and table["unexplained NMIs"] == ["-", "2"]
    assert table["scribe's rounds"] == ["-", "52"]


def test_what_nobody_has_told_yet_is_a_dash():
    """Before the first record there is no figure, and no zero either."""
    table = rows([Column("pc", "qemu")])
    assert table["state"] == ["starts"]
    for label in ("held", "uart, median / max", "exits per interrupt", "interrupts / lost"):
        assert table[label] == ["-"], label


@pytest.mark.parametrize("scale", [1, 10**6])
def test_the_table_fits_80_columns_and_24_rows(scale):
    """Four machines with the longest numbers that a day brings."""
    text = re.sub(r"=(\d+)", lambda found: f"={int(found[1]) * scale}", CONSOLE)
    lines = render([column(text, wrong=True) for _ in range(4)], "q or Ctrl-C ends")
    assert len(lines) == ROWS
    assert max(len(line.text) for line in lines) <= WIDTH
    for line in lines[1:15]:  # a blank before each cell, so that columns stay apart
        assert all(line.text[edge] == " " for edge in (20, 35, 50, 65)), line.text
    assert all(line.text.isprintable() for line in lines)


def test_the_legend_says_what_the_words_mean():
    """A line for each word."""
    texts = [line.text for line in render([Column("pc")])]
    for word in ("uart", "pit", "max", "merged", "held", "NMIs"):
        assert any(re.match(rf"{word} +[a-zA-Z]", text) for text in texts[16:]), word


def test_a_lost_interrupt_is_shown():
    """The row of a count that must be zero has a style of its own where it is not."""
    lost = CONSOLE.replace("commands=207 lost=0", "commands=207 lost=1")
    for text, style in ((CONSOLE, ""), (lost, "wrong")):
        lines = render([column(text)])
        assert [line.style for line in lines if line.text.startswith("interrupts")] == [style]


def test_a_small_screen_keeps_the_footer():
    """Rows and columns that there is no room for are left out."""
    lines = fit(render([column(CONSOLE)] * 4, "q or Ctrl-C ends"), 10, 40)
    assert len(lines) == 10 and lines[-1].text == "q or Ctrl-C ends"
    assert max(len(line.text) for line in lines) <= 40
    assert fit(lines, 0, 40) == [] or len(fit(lines, 1, 40)) == 1


def test_a_machine_whose_emulator_is_not_built_says_how(tmp_path):
    """Its column has the command instead of figures, and a record for programs has no figure."""
    columns = make_columns("qemu", tmp_path)
    assert [(c.name, c.platform) for c in columns] == [
        ("bare", "qemu"),
        ("irqmux", ""),
        ("pc", "qemu"),
        ("soft", "qemu"),
    ]
    words = " ".join(word for cells in rows(columns).values() for word in cells)
    assert "not built:" in words and "PLATFORM=" in words and "qemu-irqmux" in words
    assert make_columns("bochs", tmp_path)[1].note[3] == "bochs-irqmux"
    assert make_columns("bochs-rtl", tmp_path)[1].note[3] == "bochs-rtl"


def test_the_record_is_the_table_for_programs():
    """A line of key=value that find_records() takes."""
    (found,) = find_records(record(column(CONSOLE)) + "\n", "demo")
    wanted = {
        "machine": "pc",
        "unit": "instructions",
        "uart_median": "7",
        "pit_max": "906",
        "wakeup_max": "1613",
        "lost": "0",
        "merged": "3",
        "merged_rtc": "1364",
        "held": "70",
    }
    assert wanted.items() <= found.items()


def test_a_terminal_that_cannot_draw_is_none(monkeypatch):
    """TERM=dumb, no TERM, or a pipe."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert can_draw({"TERM": "xterm"})
    assert not can_draw({"TERM": "dumb"}) and not can_draw({})
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert not can_draw({"TERM": "xterm"})


# ---- The machines --------------------------------------------------------------------------------

GRAIN = 26  # instructions in a count of the PIT; in Bochs 20
WORDS = {} if PLATFORM == "auto" else {"PLATFORM": PLATFORM}
MACHINES = ("bare", "irqmux", "pc", "soft")


def consoles(text):
    """The consoles that a run has kept, by machine."""
    kept = re.search(r"^run: each machine's console is in (.+)/\*/console.txt$", text, re.M)[1]
    return {path.parent.name: path.read_text() for path in (ROOT / kept).glob("*/console.txt")}


def first_laps(text):
    """By machine: what its first lap has told of each probe."""
    told = {name: parse_latencies(console)[:3] for name, console in consoles(text).items()}
    return {
        name: [(lat.probe, lat.n, lat.min, lat.median) for lat in found]
        for name, found in told.items()
    }


@pytest.fixture(scope="module")
def pipe_run(make):
    return make("demo", SECONDS=2, **WORDS)


@pytest.fixture
def terminal(make):
    """make demo at a terminal of 80x24: terminal(environment, **variables) -> Terminal."""
    assert make("all").returncode == 0
    begun = []

    def begin(environment=None, target="demo", **variables):
        values = {"BUILD": BUILD_FOR_MAKE, **WORDS, **variables}
        words = [f"{key}={value}" for key, value in values.items()]
        begun.append(Terminal(["make", "-s", target, *words], environment))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


def screen_of(terminal, rows=24, columns=80):
    """What the second screen shows after all that has come."""
    screen = Screen(rows, columns)
    screen.feed(terminal.raw)
    return screen


def wait_for_wakeups(terminal, machines=3):
    """Until so many columns show a latency of the probe that comes last in a lap."""
    deadline = time.monotonic() + 120
    while True:
        terminal.wait_for(r"wakeup")
        row = next((line for line in screen_of(terminal).lines if line.startswith("wakeup")), "")
        if len(re.findall(r"[\d,]+ ?/ ?[\d,]+", row)) >= machines:
            return
        assert time.monotonic() < deadline, terminal.text[-2000:]
        assert terminal.process.poll() is None, terminal.text[-2000:]
        terminal.take(0.2)


def test_at_a_pipe_the_table_comes_once(pipe_run):
    """make demo at a pipe: pc's console as it comes, then the table, the records, status 0."""
    out = pipe_run.stdout
    assert pipe_run.returncode == 0, out[-3000:]
    assert "\x1b" not in out.split("signalbox: end: status 0\n")[1]
    assert out.count("Signalbox: pulse measures") == 1
    assert out.count("signalbox: end: status 0\n") == 1
    table = out.split("Signalbox: pulse measures")[1]
    assert all(len(line) <= WIDTH for line in table.split("\n\n")[0].splitlines())
    built = [found["machine"] for found in find_records(out, "demo")]
    assert built == [name for name in MACHINES if name in built]
    assert {"bare", "pc", "soft"} <= set(built)


def test_at_a_pipe_the_figures_show_the_point(pipe_run):
    """Owned lines cost what they cost on the bare machine, and no exit; soft's cost two."""
    found = {one["machine"]: one for one in find_records(pipe_run.stdout, "demo")}
    for name, one in found.items():
        assert (one["unit"], one["lost"], one["merged"]) == ("instructions", "0", "0"), one
        assert one.get("external_nmis", "0") == "0"
        same = one["uart_median"], one["pit_median"]
        bare = found["bare"]["uart_median"], found["bare"]["pit_median"]
        if name == "soft":
            assert float(one["exits_per_interrupt"]) > 1.5 and int(same[0]) > int(bare[0]) + 500
        else:
            assert float(one["exits_per_interrupt"]) < 0.01 and same == bare, one


def test_at_a_pipe_each_record_is_from_a_console(pipe_run):
    """The machines' consoles are kept, and the table's figures stand there."""
    told = consoles(pipe_run.stdout)
    for one in find_records(pipe_run.stdout, "demo"):
        figures = Figures()
        figures.feed(told[one["machine"]])
        made = Column(one["machine"], one["platform"], figures, virtual=one["machine"] != "bare")
        assert find_records(record(made), "demo") == [one]


def test_a_key_ends_what_a_terminal_shows(terminal, pipe_run):
    """make demo at a terminal: drawn in place in 80x24; q ends it with status 0, and the terminal
    is as before. A first lap has the medians of a pipe: the guests' words differ (SECONDS), so the
    timer's may fall on the next count."""
    run = terminal()
    wait_for_wakeups(run, machines=len(consoles(pipe_run.stdout)))
    screen = screen_of(run)
    assert screen.alternate and not screen.cursor and screen.attributes
    assert screen.lines[0].startswith("Signalbox: ") and screen.lines[23] == "q or Ctrl-C ends"
    run.type("q")
    assert run.wait() == 0, run.text[-3000:]
    after = screen_of(run)
    assert run.restored and not after.alternate and after.cursor
    assert re.search(r"^run: pc: a key ended the run ", run.text, re.M)
    here, there = first_laps(run.text), first_laps(pipe_run.stdout)
    for name in here.keys() & there.keys():
        for (*mine, median), (*theirs, wanted) in zip(here[name], there[name]):
            grain = 0 if mine[0] == "uart" else GRAIN
            assert mine[:2] == theirs[:2] and abs(median - wanted) <= grain, (name, mine)
    assert {"bare", "pc"} <= {name for name in here if len(here[name]) == 3}


def test_ctrl_c_ends_it_and_NO_COLOR_is_obeyed(terminal):
    """Ctrl-C is a key: make sees no error. NO_COLOR: nothing but the cursor is moved."""
    run = terminal({"NO_COLOR": "1"})
    run.wait_for("q or Ctrl-C ends")
    run.type("\x03")
    assert run.wait() == 0, run.text[-3000:]
    assert run.restored and not screen_of(run).attributes


def test_a_terminal_that_is_made_smaller_is_drawn_anew(terminal):
    """Its last row is the footer again, and no line is longer than the screen."""
    run = terminal()
    run.wait_for("q or Ctrl-C ends")
    begun = len(run.raw)
    run.resize(12, 50)
    run.wait_for(r"(?s)Ctrl-C ends.*Ctrl-C ends")
    screen = Screen(12, 50)
    screen.feed(run.raw[:begun].split("\x1b[?25l")[0] + "\x1b[?1049h" + run.raw[begun:])
    assert screen.lines[11] == "q or Ctrl-C ends" and screen.lines[0].startswith("Signalbox: pulse")
    run.type("qq")
    run.wait()
    assert run.restored


def test_a_signal_leaves_the_terminal_as_it_was(terminal):
    """SIGTERM to the script: the second screen is left, and no emulator stays."""
    run = terminal()
    run.wait_for("q or Ctrl-C ends")
    script = run.child("scripts/run.py")
    deadline = time.monotonic() + 60
    while not (machines := run.children(script)) and time.monotonic() < deadline:
        run.take(0.05)
    script_ends = time.monotonic()
    run.signal(script, signal.SIGTERM)
    assert run.wait() != 0 and time.monotonic() - script_ends < 30
    after = screen_of(run)
    assert run.restored and not after.alternate and after.cursor
    assert machines and not any(Path(f"/proc/{number}").exists() for number in machines)


def test_a_dumb_terminal_has_the_plain_table(terminal):
    """TERM=dumb: as at a pipe, SECONDS end it."""
    run = terminal({"TERM": "dumb"}, SECONDS=1)
    assert run.wait() == 0, run.text[-3000:]
    assert "\x1b[?1049h" not in run.raw and run.text.count("Signalbox: pulse measures") == 1


@pytest.mark.parametrize("seconds", ["0", "soon", "-1"])
def test_a_time_that_is_none_is_refused(make, seconds):
    """SECONDS= without a terminal: a run that nobody would end, or no number; one line says so."""
    done = make("demo", SECONDS=seconds, **WORDS)
    assert done.returncode != 0 and "Traceback" not in done.stdout
    assert f"SECONDS={seconds}: " in done.stdout and "a whole number from " in done.stdout


def test_make_run_shows_it_where_nothing_else_is_asked_for(make):
    """VIEW: make run alone is the demonstration; with PLATFORM or CONFIG it is a single machine."""
    for words, view in (
        ({}, "1"),
        ({"SECONDS": 5}, "1"),
        ({"PLATFORM": "qemu"}, "0"),
        ({"CONFIG": "x.cfg"}, "0"),
        ({"VIEW": 0}, "0"),
        ({"PLATFORM": "qemu", "VIEW": 1}, "1"),
    ):
        said = make("run", **{"MAKEFLAGS": "n", **words}).stdout
        assert f"--view '{view}'" in said, words
    assert "--view '1'" in make("demo", MAKEFLAGS="n", PLATFORM="bochs").stdout


# ---- The timer -----------------------------------------------------------------------------------

PIT_HZ, NS = 1193182, 10**9


def left_out(reload, seconds):
    """The seconds at which QEMU's PIT leaves an edge out in mode 2, by its steps from one change of
    its output to the next, as hw/timer/i8254_common.c computes them."""
    missing, at, level, last = [], 0, False, 0
    while at < seconds * NS:
        counts = at * PIT_HZ // NS
        end = counts - counts % reload + reload
        due = (end if counts and counts % reload == 0 else end + 1) * NS // PIT_HZ
        at = due if due > at else at + 1
        before, counts = level, at * PIT_HZ // NS
        level = counts != 0 and counts % reload == 0
        if level and not before:
            edge = counts // reload
            missing += [at // NS] * (edge - last - 1)
            last = edge
    return missing


def first_left_out(reload):
    """The same from the numbers: the first edge whose count, or the next count, is a multiple of
    half the PIT's rate. Only these counts are whole nanoseconds."""
    whole = PIT_HZ // 2
    if math.gcd(reload, whole) > 1:
        return whole // math.gcd(reload, whole) * reload // PIT_HZ
    return (-pow(reload, -1, whole) % whole * reload + 1) // PIT_HZ


def test_the_demonstration_s_timer_misses_no_edge():
    """QEMU's PIT leaves out an edge after 59 s at 1,000 Hz, at the demonstration's after 567 s. The
    demonstration loads the PIT again before that."""
    config = (ROOT / "scripts/configs/demo.cfg").read_text()
    reload = PIT_HZ // int(re.search(r" hz=(\d+) ", config)[1])
    assert left_out(PIT_HZ // 1000, 61) == [first_left_out(PIT_HZ // 1000)] == [59]
    assert left_out(1189, 16) == [first_left_out(1189)] == [14]
    assert left_out(reload, 61) == [] and first_left_out(reload) == 567
    anew = int(re.search(r" anew=(\d+) ", config)[1])
    assert 0 < anew < first_left_out(reload) - 10


def test_a_timer_that_is_loaded_anew_loses_no_tick(tmp_path):
    """pulse's anew=1: four loads of the PIT, no tick lost, merged or twice."""
    words = "unit=instructions ticks=32 anew=1 probes=running n=200 laps=1 seconds=5"
    machine = Machine(platform="qemu", vmm=None, modules=[Module("pulse", words)])
    result = machine.run(tmp_path, timeout=120)
    assert result.ok, result.explain()
    (ticks,) = [one for one in find_records(result.console, "count") if one["line"] == "0"][-1:]
    assert (ticks["lost"], ticks["merged"], ticks["twice"]) == ("0", "0", "0"), ticks
    assert int(ticks["handled"]) > 4000
