# SPDX-License-Identifier: BSD-2-Clause
"""A short campaign on each realisation: a guest that does anything at all beside scribe, from a
seed of the test's.

Rule: scribe prints the same to the byte as alone, but for what counts time, and the attacker
survives. A run that fails is repeated by the command that the failure names. `make campaign`
plays as many as one likes.
"""

import re

import pytest

import campaign
from conftest import all_ok, on_chipsets, scribe, vandal

where, chipset = on_chipsets("pc", "irqmux-1-bank", "soft-1-bank", "qemu-pc")
OPS = 2_500_000  # of each realisation
TIMEOUT = 900
ROUNDS = OPS // campaign.OPS_PER_ROUND
SEEDS = {"pc": 1, "irqmux-1-bank": 2, "soft-1-bank": 3, "qemu-pc": 4}


@pytest.fixture(scope="module")
def campaign_run(system, where, at):
    """(report, the same without the attacker, the run's name)."""
    run = campaign.Run(at, where.name, SEEDS.get(where.name, 5) + 10 * at.startswith("qemu"), OPS)
    gentle = " gentle=1" if at.startswith("qemu") else ""
    attacker = vandal(f"do=campaign seed={run.seed} ops={OPS}{gentle}", mem="4M", slice="20ms")
    victim = scribe(f"rounds={ROUNDS}")
    alone = system("", [victim], timeout=TIMEOUT)
    all_ok(alone, "scribe", 5)
    report = system("", [attacker, victim], timeout=TIMEOUT, log_actions=campaign.REPORT)
    return report, alone, run


def test_R01_the_victim_is_as_when_alone(campaign_run):
    """R01: not one byte of what it read, and not one interrupt of its disk, is another one."""
    report, alone, run = campaign_run
    _, wrong = campaign.judge(report.result, campaign.of_scribe(alone.result))
    assert not wrong, f"{wrong}; once more: make campaign REPEAT={run}\n{report!r}"
    assert report.transcript("scribe") == alone.transcript("scribe")


def test_R01_the_attacker_comes_to_its_end(campaign_run):
    """R01: all operations were done, more than a fifth of them answered by an exception, and
    its own memory is whole."""
    report, _, run = campaign_run
    found = next((m for m in map(campaign.VERDICT.search, report.lines) if m), None)
    assert found, f"once more: make campaign REPEAT={run}\n{report!r}"
    assert int(found[1]) >= OPS and int(found[2]) > OPS // 5
    exits = report.record("exits", vm="vandal")
    assert all(
        exits[kind] for kind in ("io", "cpuid", "rdmsr", "wrmsr", "memory", "virt", "vmcall")
    ), exits


def test_a_seed_repeats_its_campaign(system, at, campaign_run, repeats):
    """The same seed once more: the same exceptions in the same order."""
    report, _, run = campaign_run
    gentle = " gentle=1" if at.startswith("qemu") else ""
    attacker = vandal(f"do=campaign seed={run.seed} ops={OPS // 25}{gentle}", mem="4M")
    digests = {
        re.search(
            campaign.VERDICT,
            system("", [attacker], again=again, log_actions=campaign.REPORT).console,
        )[3]
        for again in ("1", "2")
    }
    assert len(digests) == 1, digests
