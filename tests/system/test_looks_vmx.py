# SPDX-License-Identifier: BSD-2-Clause
"""On VMX, too, no path takes more than 2,000 instructions between two looks at the NMI count.

Rule: the debugger of stock Bochs stops at each look of a run. Boot is left out. An iteration of a
repeated instruction counts as an instruction, as in each figure of Bochs. The Bochs with the block
has no debugger: a distance on irqmux is at most one on pc and a whole wake-up (docs/time.md).
"""

import pytest

from conftest import BUILD
from signalbox import Machine, looks, looks_vmx
from test_irqmux_figures import WAKEUP
from test_looks import MOST, beside, switches

# Fewer of each than on QEMU: the debugger stops at every look.
ATTACKS = {
    "restarts": lambda: beside("do=restarts", "2M", "onfault=restart", n=20),
    "faults": lambda: beside("do=faults ms=300", n=20),
    "switches": lambda: switches(part=30),
}


@pytest.mark.only_on("bochs")
@pytest.mark.parametrize("name", ATTACKS)
def test_no_distance_between_two_looks_is_long_on_vmx(name, tmp_path):
    """Each look's longest distance: the failure names the longest one."""
    machine = Machine(
        vmm="console=com1 status=0 chipset=pc jitter=7 seconds=1",
        modules=ATTACKS[name](),
        platform="bochs",
        build=BUILD,
    )
    found, console = looks_vmx.measure(machine, tmp_path, timeout=600)
    assert "signalbox: end: status" in console, console
    ends = {one.end for one in found}
    assert {"vmx_resume", "dispatch_counted", "take_turn"} <= ends, ends
    assert found[0].instructions > 500, found[0]
    assert found[0].instructions <= MOST, str(found[0])
    assert found[0].instructions + WAKEUP["banks"] <= MOST, f"on irqmux: {found[0]}"


KINDS = {0x10: "looks", 0x20: "opens", 0x30: "closes", 0x40: "entry", 0x50: "exit", 0x60: "wakes"}
# (time, place, the distance that ends there). 0x70 is a guest's own code.
STOPS = [
    (50, 0x10, None),  # boot
    (100, 0x40, None),
    (9_000, 0x70, None),
    (9_100, 0x50, None),
    (9_300, 0x10, 200),
    (9_350, 0x20, 50),
    (19_350, 0x10, None),  # the work is open: an NMI ends the work
    (19_400, 0x30, None),
    (19_800, 0x40, 400),
    (19_900, 0x10, 100),  # an NMI has put the entry off
    (19_930, 0x40, 30),
    (30_000, 0x50, None),
    (30_010, 0x10, 10),
    (99_000, 0x60, None),  # a halt
    (99_007, 0x10, 7),
]


def test_the_debuggers_stops_become_distances():
    """Boot, guests, open work and halts are no distances."""
    looker = looks_vmx.Looker(KINDS)
    for time, at, instructions in STOPS:
        looker.longest.clear()
        assert not looker.take(f"Next at t={time}")
        assert looker.take(f"(0) [{at:#014x}] 0008:{at:016x} (unk. ctxt): nop ; 90")
        found = {place: long for place, (long, _) in looker.longest.items()}
        assert found == ({at: instructions} if instructions else {}), (time, found)


def test_a_breakpoint_stands_at_each_look():
    """The lists of the debugger are filled one after the other; the image has room in them."""
    kinds = looks_vmx.kinds_of(BUILD)
    assert {"looks", "opens", "closes", "entry", "exit", "wakes"} == set(kinds.values())
    words = looks_vmx.breakpoints(kinds).split("\n")[:-1]
    assert len(words) == len(kinds) and words[0].startswith("pb 0x")
    with pytest.raises(looks_vmx.bochs.BochsError, match="no 49 breakpoints"):
        looks_vmx.breakpoints(dict.fromkeys(range(49), "looks"))
    assert len(looks.sites(looks.elf_of(BUILD))["looks"]) == list(kinds.values()).count("looks")
