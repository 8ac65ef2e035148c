# SPDX-License-Identifier: BSD-2-Clause
"""Sixteen VMs.

Rule: what two VMs can do, sixteen can; one more is refused in a line, and the sixteen run all the same.
"""

import pytest

from conftest import all_ok, on_chipsets, vandal

where, chipset = on_chipsets("pc", "irqmux", "soft", "qemu-pc", "qemu-irqmux")
NAMES = [f"small{n}" for n in range(1, 17)]


@pytest.fixture(scope="module")
def sixteen_run(system):
    modules = [vandal(f"do=none,xsave,debugreg seed={n} seconds=1", name=name, mem="2M", slice="1ms")
               for n, name in enumerate(NAMES, 1)]
    return system("", [*modules, vandal("do=none", name="extra")])


def test_R01_sixteen_vms_run_to_their_end(sixteen_run):
    """R01: sixteen VMs boot, compute side by side and end well, each with every register its own."""
    for name in NAMES:
        all_ok(sixteen_run, name, 3)
        assert sixteen_run.record("vm", vm=name)["status"] == 0


def test_R18_each_of_sixteen_gets_its_turns(sixteen_run):
    """R18: round robin: the processor's time and the turns are shared evenly."""
    vms = [sixteen_run.record("vm", vm=name) for name in NAMES]
    times, turns = ([vm[key] for vm in vms] for key in ("run_ticks", "switches"))
    assert min(turns) > 50
    times.sort()
    assert times[-2] <= 1.2 * times[0], times  # the one that ends last has the processor to itself for a while


def test_a_seventeenth_is_refused_with_a_clear_line(sixteen_run):
    """The module that is too many is named; its VM does not start; the run's status tells."""
    sixteen_run.has("signalbox: module 17: there are 16 VMs already, and no more are possible")
    assert not sixteen_run.of("extra") and not sixteen_run.records("vm", vm="extra")
    assert sixteen_run.status == 1


def test_the_smallest_memory_is_enough_to_load(boot):
    """mem=1M is a VM without memory above the hole: the image does not fit, which is said, and the others run."""
    report = boot("", [vandal("do=none", name="tiny", mem="1M"), vandal("do=vmx", name="small", mem="2M")])
    assert any(text.startswith("signalbox: vm tiny: image refused: ") for text in report.lines), report
    assert report.status == 1
    all_ok(report, "small", 1)
