# SPDX-License-Identifier: BSD-2-Clause
"""A machine's console at a terminal: keys, the figures of a pipe, a time that a person can follow.

Rule: the terminal is a pseudo terminal of 80x24, and make gets it as a user's shell would give it.
"""

import re
import time

import pytest

from conftest import BOARD, BUILD_FOR_MAKE, PLATFORM
from signalbox.pace import KEY_SECONDS, MOST_SECONDS, Pace
from signalbox.qemu import may_be_exact
from terminal import Terminal

WHERE = "qemu" if PLATFORM == "auto" else PLATFORM
LATENCY = re.compile(r"^\[pulse\] (lat probe=\S+ unit=\S+ n=\d+ min=\d+ median=\d+) ", re.MULTILINE)


def latencies(text):
    """Each probe's n, minimum and median. Without the minimum where the host's scheduler says when
    a disk is done: an interrupt of the disk's moves a sample (docs/measuring.md)."""
    found = LATENCY.findall(text)
    if "qemu" in WHERE and not may_be_exact():
        found = [re.sub(r" min=\d+", "", text) for text in found]
    return found


# ---- The pace ------------------------------------------------------------------------------------


def test_a_machine_that_is_ahead_stands():
    """Its time comes from whole status lines, or from laps on the bare machine, from no VM's."""
    pace, console = Pace(), "[   1.0s] pulse: ready\n"
    pace.read(console, 100.0)
    assert not pace.ahead(100.0)  # the first line tells where the machine's time begins
    console += "[v] lap lap=1 ms=9000\n[   2."
    pace.read(console, 100.2)
    assert not pace.ahead(100.2)
    console += "5s] pulse: ready\n"
    pace.read(console, 100.3)
    assert pace.ahead(101.4) and not pace.ahead(101.6)
    pace.read(console + "lap lap=7 ms=3000\n", 101.7)
    assert pace.ahead(101.9) and not pace.ahead(102.1)


def test_a_key_wakes_a_machine_that_stands():
    """For as long as an answer takes."""
    pace = Pace()
    pace.read("[   1.0s] a\n", 10.0)
    pace.read("[   1.0s] a\n[   2.0s] a\n", 10.1)
    pace.key(10.2)
    assert not pace.ahead(10.3) and pace.ahead(10.2 + KEY_SECONDS + 0.01)


def test_a_jump_and_a_delay_are_forgotten():
    """A machine that has jumped by a day stands for two seconds; a slow one does not hurry."""
    pace, console = Pace(), "[   1.0s] a\n"
    pace.read(console, 10.0)
    console += "[86400.0s] a\n"
    pace.read(console, 10.1)
    assert pace.ahead(10.0 + MOST_SECONDS) and not pace.ahead(10.2 + MOST_SECONDS)
    console += "[86401.0s] a\n"
    pace.read(console, 50.0)
    pace.read(console + "[86402.0s] a\n", 50.5)
    assert pace.ahead(50.9) and not pace.ahead(51.1)


# ---- The console ---------------------------------------------------------------------------------


@pytest.fixture
def run(make):
    """A configuration at a terminal: run(**variables) -> Terminal. The images are there by then."""
    assert make("all").returncode == 0
    terminals = []

    def begin(target="run", environment=None, **variables):
        values = {"BUILD": BUILD_FOR_MAKE, **variables}
        words = [f"{key}={value}" for key, value in values.items()]
        terminals.append(Terminal(["make", target, *words], environment))
        return terminals[-1]

    yield begin
    for terminal in terminals:
        terminal.close()


@pytest.mark.only_on("qemu", "qemu-irqmux", "bochs", "bochs-irqmux")
def test_a_terminal_and_a_pipe_have_the_same_figures(run, make):
    """make run PLATFORM=...: n, minimum and median of each probe are equal, in instructions."""
    options = {"PLATFORM": WHERE, "BOARD": BOARD, "SECONDS": 1}
    at_pipe = latencies(make("run", **options).stdout)
    terminal = run(**options)
    assert terminal.wait() == 0, terminal.text
    assert latencies(terminal.text) == at_pipe and len(at_pipe) == 3
    assert all(" unit=instructions " in text for text in at_pipe)
    if "qemu" in WHERE:
        assert "; an instruction takes 32 ns of its time\n" in terminal.text


def test_keys_are_answered_while_time_is_counted(run, tmp_path):
    """A VM that computes for ever: the status lines come once a second at most, and commands are
    answered long before the next line: after 2 to 4 hundredths of the time. Where a key waits until
    the machine may go on, each answer takes 23 hundredths and more. A host with much other work is
    late with some answers, not with all. quit ends the run."""
    config = tmp_path / "spin.cfg"
    config.write_text(
        "multiboot /boot/signalbox console=com1\n"
        "module /boot/vandal vm=v mem=2M -- do=none seconds=600\n"
    )
    terminal = run(PLATFORM=WHERE, BOARD=BOARD, CONFIG=config)
    terminal.wait_for(r"^\[ *2\.\ds\] ")
    begun = time.monotonic()
    terminal.wait_for(r"^\[ *4\.\ds\] ")
    assert time.monotonic() - begun > 1.5
    waited = []
    for command, answer in (("vms", r"^  v  +(ready|running) "), ("lines", r"^ +4  vmm ")) * 2:
        terminal.wait_for(r"^\[ *\d+\.\ds\] .*\n", begin=len(terminal.text))
        begun, before = time.monotonic(), len(terminal.text)
        terminal.type(f"{command}\r")
        terminal.wait_for(answer, begin=before)
        answered = time.monotonic()
        terminal.wait_for(r"^\[ *\d+\.\ds\] ", begin=before)
        waited.append((answered - begun) / (time.monotonic() - begun))
    assert min(waited) < 0.15, waited
    terminal.type("quit\r")
    assert terminal.wait() == 0, "the operator did not wait for v"
    assert "signalbox: end: status 0\n" in terminal.text and terminal.restored
