# SPDX-License-Identifier: BSD-2-Clause
"""The distribution's SeaBIOS in a VM: it starts in real mode, finds the VM's own disk, and boots
GRUB from there; GRUB loads a guest.

Rule: all that comes behind the firmware is read from the disk by the firmware. GRUB's own text is
on the VM's COM2.
"""

import re

import pytest

from conftest import BUILD, on_chipsets
from signalbox import Module
from signalbox.media import make_grub_disk

BIOS = "/boot/bios/bios.bin"
OWN = "irq=3,15 io=0x170-0x177,0x376,0x2f8-0x2ff"
MENU = """
serial --port=0x2f8
terminal_output serial
set timeout=0
menuentry guest {
  echo GRUB has $grub_platform
  multiboot /boot/vandal do=probe
  boot
}
"""
where, chipset = on_chipsets("pc", "qemu-irqmux")


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    path = tmp_path_factory.mktemp("bios") / "disk.img"
    make_grub_disk(MENU, [BUILD / "guests" / "vandal"], path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def booted(system, where, disk):
    module = Module(BIOS, f"vm=pc type=bios mem=32M pit {OWN}")
    return system("status=0", [module], disk=disk, timeout=400)


def test_a_disk_boots_in_a_vm(booted):
    """SeaBIOS, GRUB and a multiboot guest, one behind the other, in one VM."""
    assert booted.result.end == "status" and booted.result.status == 0, repr(booted)
    assert "GRUB has pc" in booted.result.com2.decode(errors="replace"), repr(booted)
    assert re.search(r"^\[pc\] vandal: do=probe: .* ok$", booted.console, re.MULTILINE)


def test_the_bios_finds_a_pc(booted):
    """A VM with a BIOS has the ports of the word pc: no access to A20 or the CMOS is a fault."""
    faults = re.findall(r"fault \d+ at \w+: (.*)", booted.console)
    assert not [fault for fault in faults if "port 92h" in fault or "port 7" in fault], faults
