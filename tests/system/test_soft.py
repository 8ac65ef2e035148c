# SPDX-License-Identifier: BSD-2-Clause
"""The chipset block as software: what it costs, where it is not the block, and the processor's quirk that it has to live with.

Rule: what every realisation does is tested with the others (test_main_job.py and so on); here is what is soft's own.
"""

import pytest

from conftest import BUILD, all_ok, pulse, scribe, vandal
from signalbox import Module
from signalbox.transcripts import WORDS, count_answers, differences, parse_transcript, play_on_host
from test_differential import LINES, PORTS, host  # noqa: F401: a fixture

SLEEPY_US = 1_000  # how long an entry with interrupts off may be deaf (arch/x86/vmx/quirk.c)


def soft(boot, modules, vmm="", **options):
    return boot(f"chipset=soft {vmm}".strip(), modules, **options)


# ---- The price -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone_run(boot):
    report = soft(boot, [pulse("probes=uart,pit")])
    all_ok(report, "pulse", 6)
    return report


@pytest.mark.parametrize("probe", ["uart", "pit"])
def test_R10_an_owned_interrupt_exits_twice(alone_run, probe):
    """R10, the baseline: the interrupt exits and its EOI exits, and that is all while nothing else happens."""
    said = alone_run.latency(probe)
    assert 1.9 * said.interrupts <= said.exits <= 2.1 * said.interrupts, said


def test_every_owned_interrupt_is_injected(alone_run):
    """Nothing but the VMM can interrupt the guest."""
    handled = alone_run.record("count", line=0)["handled"]
    assert 0 <= alone_run.record("line", irq=0)["injected"] - handled < 20
    assert alone_run.record("line", irq=3)["injected"] == 1000


def test_an_interrupt_that_waits_costs_a_window(boot):
    """A guest that has its interrupts off is not disturbed; the processor says when it can be."""
    report = soft(boot, [scribe("rounds=20 rtc=4096")])
    all_ok(report, "scribe", 5)
    assert report.record("exits", vm="scribe")["irq-window"] > 10


# ---- The quirk -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deaf_run(boot):
    """A guest of low priority that never has its interrupts on, below one that its timer has to wake."""
    return soft(boot, [pulse("probes=wakeup n=200 hz=100", prio=2), vandal("do=spin")], "seconds=6 status=0")


def test_R13_a_guest_with_its_interrupts_off_is_interrupted(deaf_run, exact):
    """R13: where the processor is deaf to interrupts because the guest was entered with its own off, the VMM looks up each
    millisecond: every tick is seen by then."""
    said = deaf_run.latency("wakeup", "pulse")
    assert said.n == 200
    assert said.max < SLEEPY_US * 20 + 5_000, said
    assert deaf_run.record("exits", vm="vandal")["poll"] >= 200


def test_R18_looking_up_is_not_the_end_of_a_slice(deaf_run):
    """R18: what the timer was to measure is measured."""
    exits = deaf_run.record("exits", vm="vandal")
    assert exits.get("slice", 0) < 20 < exits["poll"], exits
    all_ok(deaf_run, "pulse", 5)


# ---- Exactness -------------------------------------------------------------------------------------------------------

# Without what software cannot see of a line (docs/limits.md): a request that falls and rises between two looks, which a slave
# whose master has forgotten it would tell, and the level of lines that no ELCR has.
SEEN = "seed=1 count=250 features=none"


def probed(boot, words, platform):
    module = Module("picprobe", f"vm=picprobe mem=4M irq={LINES} io={PORTS} -- {words}")
    report = soft(boot, [module], platform=platform)
    assert report.status == 0, report
    return parse_transcript(report.console)


def test_R07_every_answer_is_the_models(boot, irqmux, host):  # noqa: F811
    """R07: by the programs that are written down, level-triggered ones and requests that fall among them, and by plain
    random ones, no
    guest can tell the model in the VMM from a pair of its own."""
    seen = probed(boot, SEEN, irqmux)
    assert not differences(seen, play_on_host(BUILD, SEEN))
    recorded = probed(boot, "count=0", irqmux)
    assert not differences(recorded, play_on_host(BUILD, "count=0"))
    assert count_answers(seen) > 3_000 and len(recorded) > 60


def test_R07_what_software_cannot_see_is_little(boot, irqmux, host):  # noqa: F811
    """R07: with everything that a pair can do, one answer in a hundred is another at most (docs/limits.md)."""
    seen = probed(boot, WORDS, irqmux)
    apart = differences(seen, host())
    assert 0 < len(apart) < count_answers(seen) / 100, len(apart)


# ---- Beside irqmux ---------------------------------------------------------------------------------------------------


def test_the_machine_that_has_the_block_can_do_without(boot, irqmux):
    """On the emulator with the block as a device, that is a plain pair of 8259As for the VMM."""
    report = soft(boot, [pulse("probes=uart n=200"), scribe("rounds=20")], platform=irqmux)
    all_ok(report, "pulse", 5)
    all_ok(report, "scribe", 5)
    assert report.status == 0
