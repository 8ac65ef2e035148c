# SPDX-License-Identifier: BSD-2-Clause
"""The model's 8259 pair against QEMU's and Bochs's, by the guest picprobe: docs/differential.md.

Rule: an answer of an emulator that is not the model's is explained by the rules that the
emulator has (scripts/signalbox/transcripts.py), exactly: the transcript is that of the pair with
these rules, answer by answer. A rule that explains nothing any more fails as one that is missing
does.
"""

import re

import pytest

from conftest import BUILD, ROOT
from signalbox import Module
from signalbox.transcripts import (
    DIFFERENCES,
    OPTIONS,
    WORDS,
    count_answers,
    differences,
    parse_transcript,
    play_on_host,
)

# Each of them has a lever of picprobe; none is the VMM's.
LINES = "0,1,3,8,12,14,15"
PORTS = "0x40-0x43,0x60,0x64,0x2f8-0x2ff,0x70-0x71,0x1f0-0x1f7,0x3f6,0x170-0x177,0x376"
DOCUMENT = ROOT / "docs/differential.md"


@pytest.fixture(scope="module")
def host(make):
    """Transcripts of the host's controllers: host() of the model, host([rule, ...]) of the pair
    with rules."""
    done = make("picprobe-host")
    assert done.returncode == 0, done.stdout
    return lambda rules=None: play_on_host(BUILD, WORDS, rules)


def bare_transcript(boot, platform):
    report = boot(
        None, [Module("picprobe", WORDS)], platform=platform, board="pc", **OPTIONS[platform]
    )
    assert report.status == 0, report
    return parse_transcript(report.console)


@pytest.fixture(scope="module")
def qemu_run(boot):
    return bare_transcript(boot, "qemu")


@pytest.fixture(scope="module")
def bochs_run(boot):
    return bare_transcript(boot, "bochs")


@pytest.fixture(scope="module")
def irqmux_run(boot, irqmux):
    return bare_transcript(boot, irqmux)


def explained(host, emulator, seen):
    unexplained = differences(seen, host(DIFFERENCES[emulator]))
    assert not unexplained, f"{len(unexplained)} answers, the first: {unexplained[:5]}"
    assert count_answers(seen) > 5000 and len(seen) > 400


def is_needed(host, emulator, seen, rule):
    without = host([r for r in DIFFERENCES[emulator] if r != rule])
    assert differences(
        seen, without
    ), f"{emulator} goes by {rule} no more: the row in {DOCUMENT.name} is out of date"


# ---- The emulators' own 8259s --------------------------------------------------------------------


@pytest.mark.only_on("qemu")
def test_R07_qemu_differs_by_its_rules_alone(host, qemu_run):
    """R07: each answer of QEMU's 8259 pair is the model's, or what one of the listed differences
    makes of it."""
    explained(host, "qemu", qemu_run)


@pytest.mark.only_on("bochs")
def test_R07_bochs_differs_by_its_rules_alone(host, bochs_run):
    """R07: each answer of stock Bochs's 8259 pair is the model's, or what one of the listed
    differences makes of it."""
    explained(host, "bochs", bochs_run)


@pytest.mark.only_on("qemu")
@pytest.mark.parametrize("rule", DIFFERENCES["qemu"])
def test_qemu_still_has(host, qemu_run, rule):
    """A listed difference that no longer occurs is taken off the list."""
    is_needed(host, "qemu", qemu_run, rule)


@pytest.mark.only_on("bochs")
@pytest.mark.parametrize("rule", DIFFERENCES["bochs"])
def test_bochs_still_has(host, bochs_run, rule):
    """A listed difference that no longer occurs is taken off the list."""
    is_needed(host, "bochs", bochs_run, rule)


# ---- The model in the emulators ------------------------------------------------------------------


def test_R07_the_model_as_a_device(host, irqmux_run):
    """R07: in Bochs with the chipset block every answer of the guest's controller is the model's
    on the host."""
    assert not differences(irqmux_run, host())


def test_R07_the_model_under_signalbox(boot, irqmux, host):
    """R07: a VM whose controller is irqmux's gets every answer of the model, and not one of its
    accesses exits. Its levers write to the keyboard controller and the RTC's index all the time,
    so it is trusted with them.
    """
    words = f"vm=picprobe mem=4M irq={LINES} io={PORTS} trust=nmi,reset -- {WORDS}"
    report = boot("chipset=irqmux", [Module("picprobe", words)], platform=irqmux, board="pc")
    assert report.status == 0, report
    assert not differences(parse_transcript(report.console), host())
    assert "io" not in report.records("exits", vm="picprobe")[-1], report


# ---- The documents -------------------------------------------------------------------------------


def documented():
    """Rows of the document's table: rule to (QEMU's figure, Bochs's), None where an emulator
    does not have it."""
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| (\d+|-) \| (\d+|-) \|", DOCUMENT.read_text(), re.MULTILINE
    )
    assert len(rows) == len({name for name, _, _ in rows})
    return {
        name: tuple(None if figure == "-" else int(figure) for figure in figures)
        for name, *figures in rows
    }


def test_each_rule_is_documented():
    """The document's table, the lists here and the rules in the source name the same
    differences."""
    source = (ROOT / "tests/unit/ruled8259.h").read_text()
    assert set(documented()) == set(re.findall(r'X\([A-Z0-9_]+, "([a-z0-9-]+)"\)', source))
    for column, emulator in enumerate(("qemu", "bochs")):
        assert {
            rule for rule, figures in documented().items() if figures[column] is not None
        } == set(DIFFERENCES[emulator])


@pytest.mark.parametrize("column, emulator", enumerate(("qemu", "bochs")))
def test_the_figures_are_measured(host, column, emulator):
    """How many answers each rule changes is what the document says (scripts/picprobe.py prints
    it anew)."""
    rules = DIFFERENCES[emulator]
    whole = host(rules)
    for rule in rules:
        changed = len(differences(whole, host([r for r in rules if r != rule])))
        assert documented()[rule][column] == changed, f"{emulator}, {rule}: {changed}"
    text = DOCUMENT.read_text()
    assert f"{len(differences(whole, host()))} of {count_answers(whole)} answers" in text
