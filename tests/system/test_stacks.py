# SPDX-License-Identifier: BSD-2-Clause
"""The VMM's own memory: what writes where it must not is found, and named.

Rule: each defect is made in a copy of the image, by another figure in its table of stacks, or in
the machine's memory; the VMM is what is tested everywhere.
"""

import contextlib
import os
import re
import socket
import struct
import subprocess

import pytest

from conftest import BUILD, on_chipsets, pulse, scribe, vandal
from signalbox import Machine

where, chipset = on_chipsets("default", "qemu")
PAGE = 4096
# As in arch/x86/cpu/stacks.h: the order of the table, and an entry: name, the absent page, bytes.
STACKS = ("main", "work", "nmi", "fatal")
ENTRY = struct.Struct("<QQQ")
# By the symbol table's name of a page of code, one that is executed all the time.
CODE = "nmi_entry"


def symbol(name):
    """Its address in the VMM."""
    table = subprocess.run(
        ["nm", BUILD / "signalbox.elf"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    found = re.search(rf"^([0-9a-f]+) \w {name}$", table, re.M)
    assert found, f"no symbol {name}"
    return int(found[1], 16)


def image_offset(image, address):
    """Where that address is in an ELF32's file."""
    first, count = struct.unpack_from("<I", image, 28)[0], struct.unpack_from("<H", image, 44)[0]
    for i in range(count):
        kind, offset, vaddr, _, filesz = struct.unpack_from("<5I", image, first + i * 32)
        if kind == 1 and vaddr <= address < vaddr + filesz:
            return offset + address - vaddr
    raise AssertionError(f"{address:x} is in no segment")


def with_stack(directory, stack, absent=None, size=None):
    """A copy of the image in which the stack's entry of the table is another one."""
    image = bytearray((BUILD / "signalbox").read_bytes())
    at = image_offset(image, symbol("stacks")) + STACKS.index(stack) * ENTRY.size
    name, had_absent, had_size = ENTRY.unpack_from(image, at)
    ENTRY.pack_into(
        image,
        at,
        name,
        had_absent if absent is None else absent,
        had_size if size is None else size,
    )
    path = directory / "signalbox"
    path.write_bytes(image)
    return str(path)


def panics(report):
    """What it says."""
    found = re.search(r"^signalbox: panic: (.*)$", report.console, re.M)
    assert found and report.status == 1, report
    return found[1]


@pytest.fixture
def two_vms(system, tmp_path):
    """Two VMs on a changed image: two_vms(stack, **as with_stack)."""

    def run(stack, **change):
        image = with_stack(tmp_path, stack, **change)
        modules = [pulse("seconds=1"), vandal("do=none")]
        # A panic's last act may find no stack either: the machine then never powers off.
        return system("seconds=5", modules, vmm_image=image, grace=1)

    return run


# ---- A stack that runs out -----------------------------------------------------------------------


@pytest.mark.parametrize("stack, size", [("work", 1024), ("nmi", 48)])
def test_a_stack_overflow_is_named(two_vms, stack, size):
    """It ends in a panic that says which stack and where; the stack's contents and the registers
    are shown."""
    report = two_vms(stack, size=size)
    assert panics(report).startswith(
        f"stack overflow: the VMM's {stack} stack of {size} bytes has run out, at 8:"
    )
    report.has("signalbox: exception in the VMM: vector 14, #PF page fault")
    assert re.search(
        rf"^signalbox:   \d+ bytes are on the {stack} stack:$|^signalbox:   r13 ",
        report.console,
        re.M,
    )


def test_an_overflow_of_the_stack_that_the_vmm_boots_on_is_named(two_vms):
    """Its memory is used from the first instruction on, so the absent page is laid upon its
    uppermost one."""
    report = two_vms("main", absent=symbol("boot_stack_top") - PAGE)
    assert panics(report).startswith("stack overflow: the VMM's main stack of ")


# ---- Code, and a null pointer --------------------------------------------------------------------


def test_the_vmm_cannot_write_to_its_code(two_vms):
    """What is filled as a stack is code here: #PF, a write to a page that is there (SDM 3A 4.7)."""
    code = symbol(CODE) & ~(PAGE - 1)
    report = two_vms("work", absent=code - PAGE)
    assert re.match(
        rf"exception 14 \(#PF page fault\), error 3h, at .*, cr2 {code:x}$", panics(report)
    ), report


# ---- How much is in use --------------------------------------------------------------------------


def check_room(report):
    """Each has at most half of it in use, and the fatal one none."""
    stacks = {name: report.record("stack", stack=name) for name in STACKS}
    assert all(2 * s["deepest"] <= s["bytes"] for s in stacks.values()), stacks
    assert (
        stacks["main"]["deepest"] > 0 < stacks["work"]["deepest"]
        and stacks["fatal"]["deepest"] == 0
    ), stacks


def test_stacks_have_room(system):
    """While VMs start, print, fault and start anew."""
    check_room(
        system(
            "status=100ms",
            [
                pulse(),
                scribe("rounds=1"),
                vandal("do=call,port,memory,msr,triple"),
                vandal("do=restarts", "onfault=restart", name="again"),
            ],
        )
    )


# ---- A VM's record -------------------------------------------------------------------------------


@pytest.mark.only_on("qemu")
def test_an_overwritten_record_is_shown(tmp_path):
    """The record of a VM that is done, filled with a pattern by QEMU's test protocol while
    another one computes."""
    name = f"signalbox-{os.getpid()}"
    machine = Machine(
        vmm="console=com1 status=100ms",
        platform="qemu",
        exact=False,
        build=BUILD,
        modules=[vandal("do=none=20", name="busy"), vandal("do=pci", name="done")],
    )
    machine.extra = [
        "-chardev",
        f"socket,id=test,path={name},abstract=on,server=on,wait=off",
        "-object",
        "qtest,id=qtest,chardev=test",
    ]
    seen = []

    def overwrite(text):
        seen.append(text)
        if "vm done: done, status 0" not in "".join(seen):
            return
        seen.clear()
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as test:
            test.connect("\0" + name)
            channel = test.makefile("rw")
            channel.write(f"readq {symbol('vms') + 8}\n")
            channel.flush()
            channel.write(f"memset {channel.readline().split()[1]} 256 0x66\n")
            channel.flush()
            assert channel.readline().startswith("OK")

    result = machine.run(tmp_path, timeout=60, stream=overwrite)
    assert (
        "signalbox: panic: the VMM's record of VM 1 is overwritten: number 102, state 66666666\n"
        in result.console.replace("\r", "")
    ), result.explain()
    assert (
        result.console.count(" 6666666666666666" * 4) == 8 and result.status == 1
    ), result.explain()
