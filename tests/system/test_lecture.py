# SPDX-License-Identifier: BSD-2-Clause
"""docs/lecture.md: the page's commands give the page's counts.

Rule: another image changes the counts a little, so a count of the page may differ by a fifth, and
a time by two fifths. A row that the page has is a row of the command's output.
"""

import re
import subprocess
import sys

import pytest

from conftest import BUILD, ROOT

PAGE = (ROOT / "docs/lecture.md").read_text()
CONFIG = ROOT / "scripts/configs/lecture.cfg"

pytestmark = pytest.mark.only_on("qemu-irqmux")


def script(name, *words):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / name, *map(str, words)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def rows_of(text):
    """The cells of a table's rows, without a dash for nothing."""
    found = (line.strip()[1:-1].split("|") for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip().replace("–", "") for cell in cells] for cells in found]


def number(text):
    found = re.match(r"[\d,.]+", text)
    return float(found[0].replace(",", "")) if found else None


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """By step: (count, median) of the page's first run, as make report FIGURES=1 prints them."""
    build = tmp_path_factory.mktemp("lecture") / "build"
    build.mkdir()
    for name in ("guests", "emulators", "signalbox", "signalbox.elf"):
        (build / name).symlink_to(BUILD / name)
    words = ("--config", CONFIG, "--platform", "qemu-irqmux", "--filter=-com1")
    script("timeline.py", "--build", build, *words)
    rows = rows_of(script("report.py", "--build", build, "--figures"))
    return {(block, step): (number(count), number(time)) for block, step, count, time in rows}


def near(found, said, part):
    return abs(found - said) <= max(part * said, 3)


def test_the_counts_of_figure_3_are_those_of_a_run(figures):
    part = PAGE.split("\n## Figure 3")[1].split("\n## Figure 4")[0]
    rows = [row for row in rows_of(part) if number(row[2]) is not None]
    assert len(rows) == 10
    for block, step, count, times in rows:
        found, median = figures[block, step]
        assert near(found, number(count), 0.2), (block, step, found)
        if times:
            assert near(median, number(times), 0.4), (block, step, median)


@pytest.mark.parametrize("figure, block", [(4, "401"), (4, "412"), (5, "560")])
def test_the_counts_of_figures_4_and_5_are_those_of_a_run(figures, figure, block):
    part = PAGE.split(f"\n## Figure {figure}")[1].split("\n## ")[0]
    rows = [row for row in rows_of(part) if block in row[0]] or rows_of(part)[2:3]
    (found,) = (value for (name, _), value in figures.items() if name == block)
    assert near(found[0], number(rows[0][2]), 0.2), found
    assert near(found[1], number(rows[0][3]), 0.4), found
