# SPDX-License-Identifier: BSD-2-Clause
"""What of the processor is a VM's: registers across switches, restarts and stops of others.

Rule: `poison` fills every register that a guest's instructions reach, `clean` never writes one
(guests/vandal/poison.c). Neither may see anything of the other.
"""

import pytest

from conftest import all_ok, on_chipsets, scribe, vandal

where, chipset = on_chipsets(
    *("pc", "irqmux", "qemu-pc", "qemu-irqmux"),
    by_default=("pc", "qemu-irqmux"),
)
LIVES = 21  # the first, and as many restarts as there may be


@pytest.fixture(scope="module")
def poisoned_run(system):
    """Two that poison, of which one stops early; one that is clean throughout; one that is
    clean, poisons, and starts anew."""
    return system(
        "status=0",
        [
            vandal("do=poison=2 seed=3", name="poison"),
            vandal("do=clean=0,poison=0,triple seed=5", "onfault=restart", name="lives"),
            vandal("do=poison=1 seed=7", name="stops"),
            vandal("do=clean=2", name="clean"),
        ],
    )


@pytest.mark.parametrize("name", ["poison", "stops"])
def test_R01_registers_are_what_the_guest_left_in_them(poisoned_run, name):
    """R01: each register as the guest wrote it, many switches later, SWAPGS's own included."""
    all_ok(poisoned_run, name, 1)


def test_R01_a_vm_that_never_wrote_a_register_finds_it_as_after_a_reset(poisoned_run):
    """R01: RDTSCP, SWAPGS, MOV from CR2 and XSAVE show nothing of VMs that fill all there is,
    while they run and after a stop."""
    all_ok(poisoned_run, "clean", 1)


def test_R01_a_restart_leaves_nothing_of_the_life_before(poisoned_run):
    """R01: each life finds every register as after a reset, though the life before filled them,
    and so do the neighbours."""
    said = [text for text in poisoned_run.of("lives") if ": do=" in text and "triple" not in text]
    assert said and all(text.endswith(" ... ok") for text in said), poisoned_run
    assert sum(": do=clean: " in text for text in said) == LIVES
    assert sum(": do=poison: " in text for text in said) == LIVES


# A life: finds every register as after a reset, fills them all, and stands there.
FILLED = r"do=poison: .* ok\n(?:.*\n)*?.*do=spin: spins"
BY_HAND = [
    (FILLED, "restart operated\r"),
    (FILLED, "stop operated\r"),
    (r"^vm operated: stopped$", "start operated\r"),
    (FILLED, "quit\r"),
]


def test_R01_a_start_by_the_operator_leaves_nothing_of_the_life_before(system):
    """R01: the commands restart, and start after stop: each life finds every register as after a
    reset, though the life before filled them."""
    report = system(
        "status=0",
        [
            vandal("do=clean=0,poison=0,spin seed=5", name="operated"),
            vandal("do=poison=3600 seed=3", name="poison"),
        ],
        type_in=BY_HAND,
    )
    said = [text for text in report.of("operated") if ": do=" in text and "spin" not in text]
    assert [text.split(":")[1] for text in said] == [" do=clean", " do=poison"] * 3, report
    assert all(text.endswith(" ... ok") for text in said), report


# What the emulators' processors leave out (docs/emulators.md): QEMU's pushes no RF where the
# processor itself raises a fault, and checks no alignment; stock Bochs's tells no RF when #AC
# exits.
PROCESSORS = {"bochs": "align=1", "bochs-irqmux": ""}


def test_R01_an_exit_changes_what_its_instruction_does_and_nothing_else(system, where):
    """R01: the whole register file before and after each kind of exit that a guest can cause and
    go on from, instructions that are refused, #DB and #AC, ring 3, HLT, and exits that no
    instruction causes: ends of slices, lines of others, the guest's own ticks, with switches and a
    neighbour's restarts in between."""
    words = PROCESSORS.get(where.machine()["platform"], "rf=0 align=0")
    report = system(
        "status=0",
        [
            vandal(f"do=exits tick=1 {words}".rstrip(), "irq=0 io=0x40-0x43"),
            vandal("do=poison=1 seed=9", name="poison"),
            vandal("do=poison=0,triple seed=5", "onfault=restart", name="lives"),
            scribe("rounds=10", prio=2),
        ],
    )
    all_ok(report, "vandal", 1)
    all_ok(report, "poison", 1)
    assert sum(": do=poison: " in text for text in report.of("lives")) == LIVES
    exits = report.record("exits", vm="vandal")
    assert exits["slice"] > 0 and exits["hlt"] > 0 and exits["rdmsr"] >= 30, exits


def test_R01_a_task_switch_changes_what_the_manual_says_and_nothing_else(system, where):
    """R01: the whole register file, both TSSs and the descriptors around a task switch by hardware
    and around the way back: CALL, JMP, INT, a fault with an error code, a single step over both, a
    fault in front of the switch and behind, with paging and without. Neighbours fill every
    register, restart, and have lines of their own, so that a switch in steps is interrupted."""
    words = " exact=0" if "qemu" in where.machine()["platform"] else ""
    report = system(
        "status=0",
        [
            vandal(f"do=taskfile{words}"),
            vandal("do=poison=1 seed=9", name="poison"),
            vandal("do=poison=0,triple seed=5", "onfault=restart", name="lives"),
            scribe("rounds=10", prio=2),
        ],
    )
    all_ok(report, "vandal", 1)
    all_ok(report, "poison", 1)
    exits = report.record("exits", vm="vandal")
    assert exits["slice"] > 0, exits
    if not report.svm:  # where the processor does it
        assert exits["task-switch"] >= 12 * 15, exits
