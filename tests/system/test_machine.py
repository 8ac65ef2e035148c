# SPDX-License-Identifier: BSD-2-Clause
"""What a VM's own ports could do to the whole machine, and what a guest finds where nothing is.

Rule: each attack runs beside a VM that goes on and says so.
"""

import re
import struct

import pytest

from conftest import BUILD, all_ok, on_chipsets, scribe, vandal
from signalbox import Module

where, chipset = on_chipsets(
    *("pc", "irqmux", "qemu-pc", "q35", "qemu-irqmux"),
    by_default=("pc", "q35", "qemu-irqmux"),
)

KEYBOARD = "irq=1 io=0x60,0x64"
BOARD = "io=0x61,0x70-0x71"


def beside(system, attack, words, vmm=""):
    """vandal's attack beside one that computes."""
    return system(
        f"status=0 {vmm}", [vandal(f"do={attack}", words), vandal("do=none=1", name="well")]
    )


def faults(report):
    return [
        text
        for text in report.lines
        if re.match(r"signalbox: vm vandal: fault \d+ at [0-9a-f]+: ", text)
    ]


def test_R01_a_reset_by_the_keyboard_controller_ends_its_vm_alone(system):
    """R01: FEh to port 64h, by the owner of the keyboard: that VM ends, with the reason; the
    neighbour goes on."""
    report = beside(system, "reset", KEYBOARD)
    all_ok(report, "well", 1)
    assert len(faults(report)) == 1 and faults(report)[0].endswith(
        ": reset by the keyboard controller (feh to port 64h)"
    ), report
    report.has("signalbox: vm vandal: stopped: it cannot go on")
    assert report.status == 1


def test_R01_a_reset_by_the_keyboard_controller_restarts_its_vm_alone(system):
    """R01: with onfault=restart it is what the guest takes it for: a reset, of that VM."""
    report = beside(system, "reset", f"{KEYBOARD} onfault=restart")
    all_ok(report, "well", 1)
    report.has("signalbox: vm vandal: restarted, number 1 (onfault=restart)")
    assert report.of("vandal").count("vandal: do=reset: FEh to port 64h") > 1


def test_R01_a20_stays_on(system):
    """R01: the keyboard controller's output port and its commands for A20: nothing happens, and
    nothing is a fault."""
    report = beside(system, "a20", KEYBOARD)
    all_ok(report, "vandal", 1)
    all_ok(report, "well", 1)
    assert not faults(report) and report.status == 0


def test_R01_the_board_s_nmis_stay_on(system):
    """R01: SERR#, IOCHK# and the mask in port 70h stay; the timer's gate, the speaker and the
    RTC are the guest's."""
    report = beside(system, "nmimask", BOARD)
    all_ok(report, "vandal", 1)
    all_ok(report, "well", 1)
    assert not faults(report) and report.status == 0


def test_what_a_vm_is_trusted_with_is_in_the_banner(system):
    """trust= and busmaster= are repeated; what is trusted does not exit."""
    words = f"{BOARD} trust=nmi,dma,reset busmaster=0:1.0"
    report = beside(system, "none=0", words)
    report.has("signalbox: vm vandal: trust=dma: the DMA controller: it reaches all memory")
    report.has(
        "signalbox: vm vandal: trust=nmi: port 61h, port 70h bit 7: it can switch the board's"
        " NMIs off"
    )
    report.has("signalbox: vm vandal: trust=reset: port 64h: it can reset the machine")
    report.has("signalbox: vm vandal: busmaster=0:1.0: this PCI function reaches all memory")
    report.lacks("vm well: trust")
    assert report.status == 0


def test_R02_the_rtc_s_interrupts_do_not_exit(system, chipset):
    """R02: port 70h exits, and the RTC's handler does not write it: none of thousands of
    interrupts costs an exit."""
    few, many = (
        system("status=0", [scribe(f"rounds=4 rtc=1024 stress={n} busy=1")]) for n in (300, 1500)
    )
    all_ok(few, "scribe", 5)
    all_ok(many, "scribe", 5)
    assert (
        many.record("exits", vm="scribe").get("io", 0)
        - few.record("exits", vm="scribe").get("io", 0)
        <= 2
    )


def test_R01_where_nothing_is_a_guest_may_look(system):
    """A delay port, and ports where drivers look for devices: all ones, no fault, even where the
    first fault would end the VM."""
    report = beside(system, "probe", "onfault=stop")
    all_ok(report, "vandal", 1)
    assert not faults(report) and report.record("vm", vm="vandal")["probes"] == 21
    assert report.status == 0


def test_R01_absent_memory_is_ones_and_keeps_nothing(system):
    """The text screen is cleared, ROMs are looked for, memory is sized by write and read back:
    nothing is kept, nothing is a fault, and there is no limit to it. A write that lies partly in
    the VM's memory loses no part there."""
    report = beside(system, "absent,absent,edges", "onfault=stop")
    all_ok(report, "vandal", 3)
    assert not faults(report) and report.record("vm", vm="vandal")["probes"] > 4000
    assert report.status == 0


def test_R01_each_life_has_its_own_faults(system):
    """onfault=restart: what the first life touched is forbidden again in the second, so each of
    the 20 ends by it."""
    report = beside(system, "memory", "onfault=restart")
    all_ok(report, "well", 1)
    report.has("signalbox: vm vandal: stopped: restarted too often (onfault=restart)")
    assert not report.verdicts("vandal")


def test_R01_a_device_of_another_vm_is_foreign(system):
    """Memory of a device that another VM has: a fault, all ones; nothing is written there."""
    report = system(
        "status=0",
        [vandal("do=memory=0xb8000"), vandal("do=none=1", "mmio=0xb8000-0xbffff", name="well")],
    )
    all_ok(report, "vandal", 1)
    all_ok(report, "well", 1)
    assert len(faults(report)) == 2, report


def test_a_kernel_that_wishes_for_a_video_mode_boots(system, tmp_path):
    """The multiboot header's flag 2 (Multiboot 3.1.4)."""
    image = bytearray((BUILD / "guests" / "vandal").read_bytes())
    at = image.index(struct.pack("<I", 0x1BADB002))
    flags = struct.unpack_from("<I", image, at + 4)[0] | 4
    struct.pack_into("<II", image, at + 4, flags, -(0x1BADB002 + flags) & 0xFFFFFFFF)
    kernel = tmp_path / "kernel"
    kernel.write_bytes(image)
    report = system("status=0", [Module(str(kernel), "vm=vandal mem=2M -- do=none=0")])
    all_ok(report, "vandal", 1)


@pytest.mark.only_on("qemu")
def test_R01_bus_mastering_is_off(boot):
    """R01: firmware leaves it on for the disk controller of a q35; a word leaves it to that
    function."""
    off, kept = (
        boot("status=0", [vandal("do=none=0", words)], platform="qemu", board="q35")
        for words in ("", "busmaster=0:1f.2")
    )
    off.has("signalbox: PCI: 1 function may no longer master the bus")
    kept.lacks("master the bus")
    kept.has("signalbox: vm vandal: busmaster=0:1f.2: this PCI function reaches all memory")
