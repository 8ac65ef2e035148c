# SPDX-License-Identifier: BSD-2-Clause
"""Devices that work by rings in memory, confined: AHCI, NVMe, virtio-blk and virtio-net.

Rule: one run for each vendor's unit, on q35 with the block. A VM has all four devices and drives
one after the other, with its rings in its own memory, and then aims each at the VMM's memory, at
the victim's and at the end of RAM. The victim beside it copies its own memory by DMA (test_dma.py).
The control run says whether each device's attack is a real one.
"""

import itertools
import re

import pytest

from conftest import all_ok
from signalbox import Module
from test_dma import LAST, PLACE, VICTIM, VMM, source, victim

pytestmark = pytest.mark.only_on("qemu-irqmux")

# Slots whose line is 11; the victim's is 10. In the order of the trials.
SLOTS = {"ahci": "00:06.0", "nvme": "00:07.0", "virtio-blk": "00:0a.0", "virtio-net": "00:0b.0"}
REQUESTS, VERDICTS = 100, 13  # of each device
DISK_BYTES = 1 << 20


def devices(runs, name):
    """The words for QEMU. Each run has disks of its own: QEMU locks a disk."""
    words = ["-device", f"edu,addr={VICTIM[3:5]}"]
    for number in range(3):
        disk = runs / f"rings-{name}-{number}.raw"
        disk.write_bytes(bytes(DISK_BYTES))
        words += ["-drive", f"if=none,id=d{number},format=raw,cache=unsafe,file={disk}"]
    confined = "iommu_platform=on,disable-legacy=on"
    for device in (
        "ich9-ahci,id=sata,addr=6",
        "ide-hd,bus=sata.0,drive=d0",
        "nvme,serial=rings,drive=d1,addr=7",
        f"virtio-blk-pci,drive=d2,addr=0xa,{confined}",
        f"virtio-net-pci,netdev=n0,addr=0xb,romfile=,{confined}",
    ):
        words += ["-device", device]
    # restrict: nothing goes to the host's network
    return words + ["-netdev", "user,id=n0,restrict=on"]


@pytest.fixture(scope="module")
def on_q35(boot, runs):
    def run(iommu, name, own, guest):
        thief = Module(
            "rings",
            f"vm=thief slice=1ms pci={','.join(SLOTS.values())} {own} -- unit=instructions "
            f"n={REQUESTS} do={','.join(SLOTS)} {guest}",
        )
        return boot(
            "chipset=irqmux",
            [thief, victim()],
            platform="qemu-irqmux",
            board="q35",
            iommu=iommu,
            extra=devices(runs, name),
        )

    return run


@pytest.fixture(scope="module", params=["intel", "amd"])
def vendor(request):
    return request.param


def attacks(vendor):
    return [VMM, PLACE[vendor] + source(), LAST]


@pytest.fixture(scope="module")
def rings_run(on_q35, vendor):
    where = ",".join(map(hex, attacks(vendor)))
    return on_q35(vendor, vendor, "mem=1280K", f"dma=0 attack={where}")


@pytest.fixture(scope="module")
def control_run(on_q35):
    """The same devices with dma=unsafe, in a VM that begins at 2M."""
    attack = PLACE["intel"] + source()
    return on_q35(
        "intel", "control", "mem=2M dma=unsafe", f"dma=0x200000 look=1 attack={attack:#x}"
    )


@pytest.mark.parametrize("device", SLOTS)
def test_R10_each_request_is_an_interrupt_without_an_exit(rings_run, device):
    """R10: beside a neighbour with turns of 1 ms, the rings in the VM's memory. The guest says that
    each request's bytes came back."""
    latency = rings_run.latency(device, "thief")
    assert (latency.n, latency.interrupts, latency.exits) == (REQUESTS, REQUESTS, 0), rings_run
    assert rings_run.record("line", owner="thief")["exits"] == 0, rings_run
    assert rings_run.record("totals")["external_nmis"] == 0, rings_run


def test_R01_foreign_memory_is_neither_read_nor_written(rings_run, vendor):
    """R01: the verdicts of the thief and of the victim. Each device tried each address, and has
    worked again after the attacks."""
    all_ok(rings_run, "thief", VERDICTS * len(SLOTS))
    all_ok(rings_run, "victim", 11)
    for device in SLOTS:
        for address in attacks(vendor):
            assert f"rings: {device} wrote to {address:x}" in rings_run.of("thief"), rings_run


def test_R01_every_attempt_is_reported(rings_run, vendor):
    """R01: an attempt is a read or a write by a device at an address. By VT-d each is a fault, in
    the order of the attempts, of which eight are logged. (QEMU does a write twice where the disk
    takes its time: two faults.) The rings at a foreign address are a fault at least. QEMU 7.2's
    AMD-Vi writes no events; the VMM says that accesses were blocked."""
    if vendor == "amd":
        assert "DMA: the IOMMU has blocked accesses without a record of them" in rings_run.console
        return
    attempts = [
        (way, slot, f"{address & ~0xFFF:x}")
        for address in attacks(vendor)
        for slot in SLOTS.values()
        for way in ("read", "write")
    ]
    said = re.findall(
        r"^signalbox: vm thief: fault [1-8]: DMA (\w+) by function (\S+) at (\w+)$",
        rings_run.console,
        re.M,
    )
    assert len(said) == 8, rings_run
    once = [fault for fault, _ in itertools.groupby(said)]
    assert once == attempts[: len(once)], rings_run
    assert rings_run.record("vm", vm="thief")["faults"] >= len(attempts) + len(SLOTS), rings_run
    assert rings_run.record("vm", vm="victim")["faults"] == 0, rings_run


def test_the_attacks_are_real_ones(control_run):
    """With dma=unsafe each device writes over the victim's memory, and reads what it wrote."""
    failed = [text for text, ok in control_run.verdicts("thief") if not ok]
    for device in SLOTS:
        assert f"{device}: changes nothing at a foreign address" in failed, control_run
    failed = [text for text, ok in control_run.verdicts("victim") if not ok]
    assert failed == ["edu: DMA reads and writes the memory"], control_run


def test_R01_registers_above_4_gib_by_uefi(boot, runs):
    """R01: OVMF puts these BARs of 64 bits above 4 GiB. The devices work there as by BIOS."""
    above = ("nvme", "virtio-blk", "virtio-net")
    functions = ",".join(SLOTS[device] for device in above)
    guest = f"unit=instructions n=20 do={','.join(above)}"
    report = boot(
        "chipset=irqmux",
        [Module("rings", f"vm=rings mem=1280K pci={functions} -- {guest}")],
        platform="qemu-irqmux",
        board="q35",
        iommu="intel",
        firmware="uefi",
        direct=False,
        disk=False,
        extra=devices(runs, "uefi"),
    )
    all_ok(report, "rings", 8 * len(above))
    for device in above:
        latency = report.latency(device, "rings")
        assert (latency.n, latency.interrupts, latency.exits) == (20, 20, 0), report
        place = re.search(rf"rings: {device} has 4000 bytes of registers at (\w+)", report.console)
        assert int(place[1], 16) >= 1 << 32, report
