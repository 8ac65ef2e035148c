# SPDX-License-Identifier: BSD-2-Clause
"""Sixty-four VMs.

Rule: what two VMs can do, sixty-four can; one more is refused in a line, and the sixty-four run all
the same. The chipset block has 16 banks, so there four VMs have a bank in common.
"""

import pytest

from conftest import all_ok, on_chipsets, vandal

where, chipset = on_chipsets(
    *("pc", "irqmux", "soft", "qemu-pc", "qemu-irqmux"),
    by_default=("pc", "soft", "qemu-irqmux"),
)
VMS = 64
NAMES = [f"small{n}" for n in range(1, VMS + 1)]


@pytest.fixture(scope="module")
def many_run(system):
    modules = [
        vandal(f"do=none,xsave,debugreg seed={n} holds=50 seconds=1", name=name, slice="500us")
        for n, name in enumerate(NAMES, 1)
    ]
    return system("", [*modules, vandal("do=none", name="extra")])


def test_R01_sixty_four_vms_run_to_their_end(many_run):
    """R01: they boot, compute side by side and end well, each with every register its own."""
    for name in NAMES:
        all_ok(many_run, name, 3)
        assert many_run.record("vm", vm=name)["status"] == 0


def test_R18_each_of_sixty_four_gets_its_turns(many_run):
    """R18: round robin: the processor's time and the turns are shared evenly."""
    vms = [many_run.record("vm", vm=name) for name in NAMES]
    times, turns = ([vm[key] for vm in vms] for key in ("run_ticks", "switches"))
    assert min(turns) > 50
    times.sort()
    # The one that ends last has the processor to itself for a while.
    assert times[-2] <= 1.2 * times[0], times


def test_one_more_is_refused_with_a_clear_line(many_run):
    """The module that is too many is named; its VM does not start; the run's status tells."""
    many_run.has(
        f"signalbox: module {VMS + 1}: there are {VMS} VMs already, " "and no more are possible"
    )
    assert not many_run.of("extra") and not many_run.records("vm", vm="extra")
    assert many_run.status == 1


def test_the_smallest_memory_is_enough_to_load(boot):
    """mem=1M is a VM without memory above the hole: the image does not fit, which is said, and the
    others run."""
    report = boot(
        "", [vandal("do=none", name="tiny", mem="1M"), vandal("do=vmx", name="small", mem="2M")]
    )
    assert any(
        text.startswith("signalbox: vm tiny: image refused: ") for text in report.lines
    ), report
    assert report.status == 1
    all_ok(report, "small", 1)
