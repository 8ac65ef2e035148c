# SPDX-License-Identifier: BSD-2-Clause
"""The model of the local APIC (tests/unit/sim_apic.c) against Bochs's, by the guest apicprobe:
docs/apic-model.md.

Rule: an answer of the emulator that is not the model's is explained by the rules that the emulator
has, exactly. A rule that explains nothing any more fails as one that is missing does.
"""

import re
import subprocess

import pytest

from conftest import BUILD, ROOT
from signalbox import Module

WORDS = "seed=1 count=400"
# How Bochs's local APIC differs (tests/unit/sim_apic.h).
BOCHS = [
    "int-latched",
    "int-in-class",
    "spurious-stays",
    "reserved-ignored",
    "icr-forgets",
    "ipi-by-level",
    "eoi-clears-tmr",
    "p6",
]
ANSWER = re.compile(r"[0-9a-f]{2}(=[0-9a-f]+|!)|i([0-9a-f]{2}|--)")


def answers(text):
    """All answers in turn, with the programs' names between them."""
    found = []
    for line in text.splitlines():
        if line.startswith("random "):
            found.append(line.strip())
        elif line.startswith(" "):
            words = line.split()
            assert all(ANSWER.fullmatch(word) for word in words), line
            found += words
    return found


@pytest.fixture(scope="module")
def host(make):
    """The answers of the model with these rules."""
    done = make("apicprobe-host")
    assert done.returncode == 0, done.stdout
    command = [str(BUILD / "unit/apicprobe_host"), WORDS]
    return lambda rules: answers(
        subprocess.run(
            [*command, ",".join(rules)], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
    )


@pytest.fixture(scope="module")
def bochs(boot):
    """The answers of Bochs's local APIC on the bare machine."""
    report = boot(None, [Module("apicprobe", WORDS)], platform="bochs-irqmux", board="pc")
    assert report.status == 0, report
    assert re.search(r"^apicprobe: 400 programs, ", report.console, re.MULTILINE), report
    return answers(report.console)


@pytest.mark.only_on("bochs-irqmux")
def test_R19_bochs_local_apic_differs_by_its_rules_alone(host, bochs):
    """R19: each answer of Bochs's local APIC is the model's, or what one of the listed differences
    makes of it."""
    model = host(BOCHS)
    assert len(model) > 13000
    different = [(i, a, b) for i, (a, b) in enumerate(zip(bochs, model)) if a != b]
    assert bochs == model, different[:5]


@pytest.mark.only_on("bochs-irqmux")
def test_bochs_local_apic_still_has_each_rule(host, bochs):
    """A listed difference that no longer occurs is taken off the list."""
    assert [
        rule for rule in BOCHS if host([other for other in BOCHS if other != rule]) == bochs
    ] == []


def test_each_rule_of_the_local_apic_is_documented():
    """The document, the list here and the rules in the source name the same differences."""
    named = re.findall(
        r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs/apic-model.md").read_text(), re.MULTILINE
    )
    source = (ROOT / "tests/unit/sim_apic.h").read_text()
    assert sorted(named) == sorted(BOCHS)
    assert sorted(named) == sorted(re.findall(r'X\([A-Z0-9_]+,[\s\\]+"([a-z0-9-]+)"\)', source))
