# SPDX-License-Identifier: BSD-2-Clause
"""What is done between two VMs against what a processor would tell one of the other.

Rule: Bochs's model of Ice Lake offers IBPB, the default model (Skylake-X, old microcode) nothing.
"""

import re

import pytest

from conftest import all_ok, pulse, vandal

ICE_LAKE = "corei7_icelake_u"
SMALL_PAGES = "code in 4K pages (iTLB multihit)"
pytestmark = pytest.mark.usefixtures("exact")


@pytest.fixture(scope="module")
def switching(boot):
    """Two VMs that yield to each other, on a model, with mitigations= or without."""

    def run(cpu, word):
        modules = [pulse("probes=uart,switch n=300"), vandal("do=yield", name="partner", mem="16M")]
        report = boot(f"status=0 chipset=pc {word}".strip(), modules, cpu=cpu)
        all_ok(report, "pulse", len(report.verdicts("pulse")))
        return report

    return run


def chosen(report):
    return re.search(r"^signalbox: mitigations: (.*)$", report.console, re.M)[1]


def test_what_is_offered_is_done_and_costs_what_the_banner_says(switching):
    """IBPB and the fill of the return stack buffer: a switch costs so many instructions more."""
    done, off = switching(ICE_LAKE, ""), switching(ICE_LAKE, "mitigations=off")
    found = re.match(r"IBPB, RSB fill at a switch, (\d+) TSC ticks; ", chosen(done))
    assert found, chosen(done)
    assert chosen(off) == "off (mitigations=off)"
    more = done.latency("switch", "pulse").median - off.latency("switch", "pulse").median
    assert 0 < more <= int(found[1]) + 10, (more, chosen(done))


def test_where_nothing_is_offered_a_switch_costs_nothing_more(switching):
    """One branch is there in either case, and what is missing is said."""
    done, off = switching("corei7_skylake_x", ""), switching("corei7_skylake_x", "mitigations=off")
    assert chosen(done) == f"nothing at a switch; {SMALL_PAGES}; not offered: IBPB, L1D flush, VERW"
    assert done.latency("switch", "pulse").median == off.latency("switch", "pulse").median
    assert done.latency("uart", "pulse").median == off.latency("uart", "pulse").median == 7


def test_small_pages_cost_a_table_for_2M(switching):
    """The memory of two VMs of 16M: 7 tables of 4K each; the first 2M have theirs in any case."""

    def memory(report):
        return int(re.search(r"the VMM takes (\d+)K", report.console)[1])

    small, large = switching(ICE_LAKE, ""), switching(ICE_LAKE, "mitigations=off")
    assert SMALL_PAGES in chosen(small)
    assert memory(small) - memory(large) == 2 * 7 * 4
