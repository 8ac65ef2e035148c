# SPDX-License-Identifier: BSD-2-Clause
"""Linux beside pulse: the table, and what a user can get wrong before a machine starts.

Rule: no machine is booted here. What a message has to say is its reason and its remedy.
"""

import os
import re
import subprocess
import sys

import pytest

from conftest import BUILD, ROOT
from signalbox import Module, beside, load_config
from signalbox.machine import Result
from signalbox.view import WIDTH

CONFIG = ROOT / "scripts/configs/linux+pulse.cfg"


def lap(number, begin, end, longest):
    """What pulse prints for a lap."""
    return (
        f"[pulse] lat probe=wakeup unit=instructions n=200 min=9 median={longest - 50} "
        f"p99={longest - 9} max={longest} interrupts=200 exits={number % 2}\n"
        f"[pulse] count line=0 handled={end} expected={end} merged=1 twice=0 lost=0 "
        f"worst={longest}\n"
        f"[pulse] lap lap={number} ms={end}\n"
    )


# A lap each 200 ms of pulse's clock. Linux begins 1 s later, and ends with pulse's clock at 12 s.
LAPS = [lap(n, 200 * n - 200, 200 * n, 2000 + n) for n in range(1, 70)]
CONSOLE = (
    "".join(LAPS[:60])
    + "signalbox: vm linux: done, switched off by port 8900h\n"
    + "".join(LAPS[60:])
    + "line irq=0 owner=- exits=0 held=46 injected=7 wakeups=13000\n"
    + "line irq=3 owner=linux exits=0 held=2 injected=0 wakeups=0\n"
    + "signalbox: end: status 0\n"
)
COM2 = (
    "init: load idle begins at 5.00\r\ninit: load idle ends at 7.00\r\n"
    "init: load memory begins at 7.10\r\ninit: load memory ends at 9.00\r\n"
    "  0:       3204    XT-PIC      timer\r\n  3:         14    XT-PIC      ttyS1\r\n"
    "init: a second before the end at 10.00\r\n"
)
BARE = (
    "lat probe=wakeup unit=instructions n=1000 min=0 median=15 p99=16 max=34 interrupts=1000 "
    "exits=0\n"
)


def result(console, com2=""):
    return Result("status", 0, console, 1.0, [], "", com2.encode(), BUILD, 1.0)


def test_a_lap_counts_for_a_load_only_where_it_lies_within():
    """Pulse's 12.0 s are Linux's 11.0 s, or up to a lap more than pulse's clock says."""
    found = beside.columns(CONSOLE, COM2.replace("\r", ""), "pulse", "linux")
    assert [column.name for column in found] == ["boot", "idle", "memory"]
    ends = [[each.end for each in column.laps] for column in found]
    assert ends[0] == list(range(200, 6000, 200))
    assert ends[1] == list(range(6400, 8001, 200))
    assert ends[2] == list(range(8600, 10001, 200))
    assert found[1].figures() == ("1,986", "2,031", "2,040", "1,800", "0.002")


def test_the_table_has_the_guests_counts_beside_the_vmms():
    """80 columns; the line of the PIT's ticks has Linux's count and pulse's."""
    shown = beside.render(result(BARE), result(CONSOLE, COM2), "pulse", "linux")
    text = [line.text for line in shown]
    assert all(len(line) <= WIDTH for line in text)
    assert any(re.fullmatch(r"wakeup, median +15 +1,965 +1,986 +1,996", line) for line in text)
    assert any(re.fullmatch(r"0 timer, both VMs +3,204 +46 +7 +13,000 +0", line) for line in text)
    assert any(re.fullmatch(r"3 ttyS1 +14 +2 +0 +0 +0", line) for line in text)
    assert any(re.fullmatch(r"0 pulse's ticks +13,800", line) for line in text)
    assert "Of pulse's ticks: merged 1, twice 0, lost 0" in text
    assert beside.is_good(result(CONSOLE, COM2), "pulse", "linux")


@pytest.mark.parametrize(
    "console",
    [
        CONSOLE.replace("done, switched off by port 8900h", "stopped by a triple fault"),
        CONSOLE.replace("lost=0", "lost=1"),
        BARE,
    ],
)
def test_a_run_that_went_wrong_is_no_good_run(console):
    assert not beside.is_good(result(console, COM2), "pulse", "linux")
    assert beside.render(result(BARE), result(console), "pulse", "linux")


def test_the_configuration_has_a_pair():
    """And a configuration with one of the two has none."""
    _, _, modules = load_config(CONFIG)
    linux, pulse = beside.find_pair(modules)
    assert beside.name_of(linux) == "linux" and beside.name_of(pulse) == "pulse"
    assert beside.find_pair([m for m in modules if m != pulse]) is None
    assert beside.memory_of(linux) == 192 and beside.memory_of(Module("x", "vm=a")) == 16
    assert beside.memory_of(Module("x", "of=a")) == 0


# ---- What a user can get wrong -------------------------------------------------------------------


def answer(command, **variables):
    """What the command says, and that it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "scripts", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return done.stdout.strip().splitlines()


WRONG_FILES = [
    ("LINUX_KERNEL", "/nonexistent", "there is no such file"),
    ("LINUX_KERNEL", "README.md", "no bzImage; a kernel's package has one as boot/vmlinuz-*"),
    ("BUSYBOX", "/nonexistent", "there is no such file"),
    ("BUSYBOX", "README.md", "no program for x86-64; the package busybox-static has one"),
    ("BUSYBOX", "/bin/cat", "not a static program; "),
]


@pytest.mark.parametrize("name, value, why", WRONG_FILES)
def test_a_wrong_kernel_or_busybox_is_refused_before_anything_is_built(name, value, why, tmp_path):
    said = answer(["scripts/linux_packages.sh", str(tmp_path)], **{name: value})
    assert len(said) == 1 and said[0].startswith(f"linux: {name}={value}: {why}"), said
    assert not list(tmp_path.iterdir())


WRONG_WORDS = [
    (
        ["--memory", "128"],
        r"run: MEMORY=128: the VMs of .+ and their images need (\d+) MiB: MEMORY=\1 ",
    ),
    (["--loads", "idle,sleep"], "run: LOADS=idle,sleep: allowed are idle, compute, memory"),
    (["--seconds", "0"], "run: SECONDS=0: a whole number from 1 on, how long each load lasts"),
]


@pytest.mark.parametrize("words, line", WRONG_WORDS)
def test_a_run_that_cannot_be_is_refused_in_one_line(words, line):
    run = [sys.executable, "scripts/run.py", "--build", str(BUILD), "--platform", "qemu"]
    said = answer([*run, "--config", str(CONFIG), *words])
    assert len(said) == 1 and re.match(line, said[0]), said


UNUSED = [
    (["--view", "1", "--loads", "idle"], "run: LOADS=idle: only Linux beside pulse has loads: "),
    (["--loads", "nonsense"], "run: LOADS=nonsense: only Linux beside pulse has loads: "),
    (["--view", "1", "--disk", "README.md"], "run: DISK=README.md: the demonstration makes its "),
]


@pytest.mark.parametrize("words, line", UNUSED)
def test_a_word_that_would_do_nothing_is_refused(words, line):
    run = [sys.executable, "scripts/run.py", "--build", str(BUILD), "--platform", "qemu"]
    said = answer([*run, *words])
    assert len(said) == 1 and said[0].startswith(line), said
