# SPDX-License-Identifier: BSD-2-Clause
"""docs/tutorial.md: its commands, run in a copy of the tree, print what the page shows.

Rule: a block of the language sh is commands. The blocks without a language between that block and
the next one show the commands' output; a line "..." stands for any lines. Figures may differ from
the page, for they depend on the compiler. What the page says of them is checked here.
"""

import re
import shutil
import subprocess

import pytest

from conftest import BUILD, OF_MAKE, ROOT, without
from signalbox import parse_latencies
from signalbox.records import find_records
from signalbox.tree import tree_files

pytestmark = pytest.mark.only_on("qemu-irqmux")

PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
TIMEOUT = 120  # seconds for one block of commands; the longest took four
# What a copy does without. Other tests make and delete images in media meanwhile.
LEFT_OUT = shutil.ignore_patterns(
    "mutants", "runs", "soak", "bench", "campaign", "proof", "unit", "media"
)
# Rows that a run need not have: an NMI has to come in a window of a few instructions.
BY_CHANCE = ("aborted-entry",)
RUNS = ("bare", "irqmux", "pc", "soft")


def steps(page):
    """The page's commands in order: list of (commands, the lines that are shown of the output)."""
    found = []
    for language, text in BLOCK.findall(page):
        if language == "sh":
            found.append((text, []))
        elif language == "" and found:
            found[-1][1].extend(text.splitlines())
    return found


def form(text):
    """A line without its figures and the width of its columns."""
    return " ".join(re.sub(r"\d[\d.,]*", "0", text).split())


def copy_if_there(source, target):
    """As shutil.copy2(); another test may have deleted the file since its directory was read."""
    try:
        return shutil.copy2(source, target)
    except FileNotFoundError:
        return target


def copy_tree(target):
    """The tree as it would be committed, and what is built. Times are kept: make builds nothing
    anew."""
    for name in tree_files(ROOT):
        if not name.startswith("guests/hello/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    shutil.copytree(BUILD, target / "build", ignore=LEFT_OUT, copy_function=copy_if_there)
    for path in (target / "build" / "guests").glob("hello*"):
        path.unlink()
    shutil.rmtree(target / "build" / "guests" / "obj" / "hello", ignore_errors=True)


@pytest.fixture(scope="module")
def tutorial_run(tmp_path_factory):
    """(the copy of the tree, list of (commands, shown lines, output))."""
    tree = tmp_path_factory.mktemp("tutorial")
    copy_tree(tree)
    environment = {**without(OF_MAKE), "SIGNALBOX_NO_SETUP": "1"}
    played = []
    for commands, shown in steps(PAGE.read_text()):
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        played.append((commands, shown, done.stdout))
    return tree, played


@pytest.fixture(scope="module")
def consoles(tutorial_run):
    """What the page's files build/hello-*.txt hold, by the names of RUNS."""
    tree, _ = tutorial_run
    return {name: (tree / "build" / f"hello-{name}.txt").read_text() for name in RUNS}


def latency(console):
    found = [result for result in parse_latencies(console) if result.probe == "hello"]
    assert len(found) == 1, console
    return found[0]


def test_the_output_is_what_the_page_shows(tutorial_run):
    """Each line that the page shows comes, in the page's order."""
    for commands, shown, output in tutorial_run[1]:
        rest = iter([form(text) for text in output.splitlines()])
        for text in shown:
            if text.strip() and text != "..." and not text.strip().startswith(BY_CHANCE):
                assert (
                    form(text) in rest
                ), f"{commands}\nnot printed, or not there: {text}\n{output}"


def test_the_page_shows_each_run(tutorial_run):
    """No command of the page has lost its output."""
    for commands, shown, _ in tutorial_run[1]:
        assert shown or "make run" not in commands, commands
    assert sum("make run" in commands for commands, _, _ in tutorial_run[1]) == len(RUNS)


def test_the_latency_is_the_bare_machines(consoles):
    """R01 R03 irqmux and pc add nothing to the latency of the bare machine; soft adds a hundred
    times as much and more."""
    bare, irqmux, pc, soft = (latency(consoles[name]) for name in RUNS)
    assert bare.unit == "instructions" and bare.min == bare.max, bare
    assert irqmux.min == irqmux.max == pc.median == bare.median, (irqmux, pc, bare)
    assert soft.median > 100 * bare.median, soft


def test_the_interrupts_cost_no_exit(consoles):
    """irqmux: no exit for 1,000 interrupts; pc: an EOI here and there; soft: two each."""
    exits = {name: latency(consoles[name]).exits for name in RUNS}
    assert exits["bare"] == exits["irqmux"] == 0 and exits["pc"] <= 5, exits
    assert 2000 <= exits["soft"] <= 2300, exits
    for name in RUNS[1:]:
        (result,) = find_records(consoles[name], "result")
        assert int(result["exits"]) == exits[name] and result["interrupts"] == "1000", result


def test_the_figures_of_the_page_are_these(consoles):
    """The page's own figures are not stale: each median is within a tenth of what came."""
    page = "".join(text + "\n" for _, shown in steps(PAGE.read_text()) for text in shown)
    shown = re.findall(r"^build/hello-(\w+)\.txt:(lat .*)$", page, re.M)
    assert [name for name, _ in shown] == list(RUNS)
    for name, text in shown:
        (said,), came = parse_latencies(text), latency(consoles[name])
        assert abs(said.median - came.median) <= max(2, came.median // 10), (text, came)
