# SPDX-License-Identifier: BSD-2-Clause
"""Two small systems of the corpus of make test-foreign, on the bare machine and in a VM.

Rule: the systems are the distribution's, unmodified. What a system says of itself is the same on
both.
"""

import pytest

from conftest import BUILD, here
from signalbox.foreign import SYSTEMS, Played, choose_platform, choose_systems, differences, play
from signalbox.media import MediaError

SMALL = ("mach", "invaders")  # scripts/foreign/foreign.mk fetches these

pytestmark = pytest.mark.only_on("qemu-irqmux")


@pytest.mark.parametrize("name", SMALL)
def test_a_foreign_system_says_the_same_in_a_vm(name, tmp_path):
    """GNU Mach on a UART of its own, a game on the screen that is the VM's."""
    system = choose_systems([name])[0]
    bare = play(system, BUILD, None, tmp_path / "bare", timeout=120)
    guest = play(system, BUILD, here("qemu-irqmux"), tmp_path / "guest", timeout=120)
    assert differences(bare, guest) == [], guest.console[-2000:] + guest.text


def test_what_a_system_does_not_say_is_named():
    """Of a run without a text each line is missing; and another text is a difference."""
    system = choose_systems(["mach"])[0]
    said = [f"words {number}" for number in range(len(system.says))]
    good = Played(system, True, "", 0.0, "", said)
    nothing = Played(system, False, "", 0.0, "", [None] * len(said))
    other = Played(system, False, "", 0.0, "", ["else", *said[1:]])
    assert differences(good, good) == []
    assert differences(good, nothing) == [f"guest: no line like {p}" for p in system.says]
    assert differences(good, other) == ["bare: words 0 | guest: else"]


def test_a_linux_that_complains_is_seen():
    """On the bare machine a complaint is the machine's own."""
    system = choose_systems(["linux"])[0]
    log = "[    1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 23s!"
    said = ["words"] * len(system.says)
    bare, guest = (Played(system, is_bare, log, 0.0, "", said) for is_bare in (True, False))
    assert differences(bare, guest) == [f"guest: {log}"]


def test_an_unknown_system_or_platform_is_refused():
    with pytest.raises(MediaError, match="SYSTEMS=minix: no such system; there are: linux "):
        choose_systems(["minix"])
    with pytest.raises(MediaError, match="PLATFORM=bochs: the screens are read in QEMU"):
        choose_platform("bochs")
    assert len({system.name for system in SYSTEMS}) == len(SYSTEMS)
