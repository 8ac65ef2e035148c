# SPDX-License-Identifier: BSD-2-Clause
"""DMA that an IOMMU confines to the owner's memory, with QEMU's devices edu and e1000.

Rule: board q35, one run for each question. The thief has 1280K, so the bus addresses above are not
the thief's. The victim's memory begins at the first 2M behind the thief's, and the control run says
whether the thief has the victim's address right: without the IOMMU the victim is overwritten.
"""

import re
import subprocess

import pytest

from conftest import BUILD, all_ok, pulse, vandal
from signalbox import Module

THIEF, VICTIM = "00:06.0", "00:05.0"
# By default edu has 28 bits of an address.
PAIR = ["-device", "edu,addr=6,dma_mask=0xffffffff", "-device", "edu,addr=5"]
COPIES = 14  # the victim's, two interrupts each; the thief has done its work by then
COUNT = 1000
# Where the VMM lies, and the end of RAM.
VMM, LAST = 0x180000, 0xFFFF000
# The victim's address 0: AMD's device table takes 2M below.
PLACE = {"intel": 0x400000, "amd": 0x600000}


def source():
    """The address in the guest of what its device reads."""
    said = subprocess.run(
        ["nm", BUILD / "guests/edu.elf"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return int(re.search(r"^([0-9a-f]+) b source$", said, re.M)[1], 16)


def edu(name, function, guest, words="", mem="16M", slice="1ms"):
    own = f"vm={name} mem={mem} slice={slice} pci={function} {words}".strip()
    return Module("edu", f"{own} -- unit=instructions master=1 {guest}")


def victim(slice="1ms"):
    return edu("victim", VICTIM, f"n={COUNT} dma=0 copies={COPIES}", slice=slice)


@pytest.fixture(scope="module", params=["intel", "amd"])
def vendor(request):
    return request.param


@pytest.fixture(scope="module")
def on_q35(boot):
    """boot(), on QEMU's q35 with an IOMMU."""

    def run(iommu, modules, chipset="pc", platform="qemu", extra=(), vmm=""):
        words = f"chipset={chipset} {vmm}".strip()
        where = {"platform": platform, "board": "q35", "iommu": iommu}
        return boot(words, modules, extra=[*PAIR, *extra], **where)

    return run


def attacks(vendor):
    return [VMM, PLACE[vendor] + source(), LAST]


@pytest.fixture(scope="module")
def attack_run(on_q35, vendor):
    where = ",".join(map(hex, attacks(vendor)))
    thief = edu("thief", THIEF, f"n=10 dma=0 attack={where}", mem="1280K")
    # An interrupt that meets the end of a turn costs an exit. With turns of 5 ms two of 1,000 do.
    return on_q35(vendor, [thief, victim("5ms")])


@pytest.fixture(scope="module")
def control_run(on_q35):
    """The same thief with dma=unsafe, which begins at 2M: the attack is a real one."""
    attack = PLACE["intel"] + source()
    thief = edu("thief", THIEF, f"n=10 dma=0x200000 attack={attack:#x}", "dma=unsafe", mem="2M")
    return on_q35("intel", [thief, victim()])


def test_R01_a_function_reaches_its_vm_s_memory_by_the_vm_s_addresses(attack_run, vendor):
    """R01: both guests' devices copy their own memory, and the banner names the IOMMU."""
    all_ok(attack_run, "thief", 14)
    all_ok(attack_run, "victim", 11)
    name = {"intel": "VT-d", "amd": "AMD-Vi"}[vendor]
    assert f"\nsignalbox: DMA: {name}, 1 unit, 3 levels, pages of 4K, 2M, 1G" in attack_run.console


def test_R10_its_interrupts_cost_no_exit_beside_a_neighbour(attack_run):
    """R10: 1000 interrupts of the victim's function, while the thief has its turns. On pc a line
    that rises while a switch takes its turns away costs an exit; on irqmux none does (below)."""
    latency = attack_run.latency("edu", "victim")
    assert latency.n == COUNT and latency.exits <= 5, attack_run
    assert attack_run.record("vm", vm="victim")["switches"] > 100, attack_run
    assert latency.min == latency.median, attack_run
    assert attack_run.record("totals")["external_nmis"] == 0, attack_run


def test_R01_foreign_memory_is_neither_read_nor_written(attack_run, vendor):
    """R01: the guests' own verdicts say so. All three attempts were made, each both ways."""
    for address in attacks(vendor):
        assert f"edu: wrote by DMA to {address:x}, ended 1" in attack_run.of("thief"), attack_run


def test_R01_every_attempt_is_reported(attack_run, vendor):
    """R01: function, address and direction by VT-d. QEMU 7.2's AMD-Vi writes no events; the VMM
    says that accesses were blocked."""
    if vendor == "amd":
        assert "DMA: the IOMMU has blocked accesses without a record of them" in attack_run.console
        return
    said = re.findall(
        r"^signalbox: vm thief: fault (\d+): DMA (\w+) by function (\S+) at (\w+)$",
        attack_run.console,
        re.M,
    )
    pages = [f"{address & ~0xFFF:x}" for address in attacks(vendor)]
    wanted = [(way, THIEF, page) for page in pages for way in ("read", "write")]
    assert [text[1:] for text in said] == wanted, attack_run
    assert [int(text[0]) for text in said] == [1, 2, 3, 4, 5, 6]


def test_the_attack_is_a_real_one(control_run):
    """Without confinement the victim's memory has the thief's bytes."""
    control_run.has(
        "signalbox: vm thief: dma=unsafe: its PCI functions can reach all memory; "
        "the VM's address 0 is 0x200000 on the bus"
    )
    failed = [text for text, ok in control_run.verdicts("victim") if not ok]
    assert failed == ["edu: DMA reads and writes the memory"], control_run


# ---- A network device ----------------------------------------------------------------------------

NIC, PACKETS = "00:07.0", 200


@pytest.fixture(scope="module")
def nic_run(on_q35, vendor):
    """An owner of an e1000 whose packets come back, who is a thief as well, beside the victim."""
    where = ",".join(map(hex, attacks(vendor)))
    nic = Module(
        "edu",
        f"vm=thief mem=1280K slice=1ms pci={NIC} -- unit=instructions nic=1 n={PACKETS} dma=0 "
        f"attack={where}",
    )
    block = {"chipset": "irqmux", "platform": "qemu-irqmux"}
    return on_q35(vendor, [nic, victim()], extra=["-device", "e1000,addr=7"], **block)


def test_R10_a_network_device_works_by_the_vm_s_addresses(nic_run):
    """R10: rings and packets in the owner's memory, an interrupt for each, after the attacks too.
    No interrupt of the owner's and of the victim's costs an exit."""
    all_ok(nic_run, "thief", 6)
    all_ok(nic_run, "victim", 11)
    latency = nic_run.latency("nic", "thief")
    assert (latency.n, latency.interrupts, latency.exits) == (PACKETS, PACKETS, 0), nic_run
    assert nic_run.latency("edu", "victim").exits == 0, nic_run


def test_R01_a_network_device_neither_reads_nor_writes_foreign_memory(nic_run, vendor):
    """R01: each way, for each address, and VT-d names both."""
    for address in attacks(vendor):
        assert f"edu: wrote by DMA to {address:x}, ended 1" in nic_run.of("thief"), nic_run
        if vendor == "intel":
            page = f"{address & ~0xFFF:x}"
            for way in ("read", "write"):
                assert f"DMA {way} by function {NIC} at {page}\n" in nic_run.console, nic_run


# ---- The VM's life, on the block -----------------------------------------------------------------


@pytest.fixture(scope="module")
def lives_run(on_q35):
    """A thief that a fault stops, beside a VM that resets itself after DMA and does DMA again."""
    thief = edu("thief", THIEF, f"n=10 dma=0 attack={LAST:#x}", "onfault=stop")
    other = edu("other", VICTIM, f"n={COUNT} dma=0 reset=1", "onfault=restart pc")
    return on_q35("intel", [thief, other], chipset="irqmux", platform="qemu-irqmux")


def test_R01_onfault_stops_the_owner(lives_run):
    """R01: by the first blocked access."""
    lives_run.has(f"signalbox: vm thief: fault 1: DMA read by function {THIEF} at {LAST:x}")
    lives_run.has("signalbox: vm thief: stopped (onfault=stop)")
    assert lives_run.record("vm", vm="thief")["state"] == "failed", lives_run


def test_R01_a_new_life_has_the_same_memory(lives_run):
    """R01: after the restart Bus Master is 0, and DMA by the same addresses works again."""
    lives_run.has("[other] edu: reset")
    all_ok(lives_run, "other", 23)
    lives = lives_run.records("result", vm="other", probe="edu")
    assert [(life["n"], life["exits"]) for life in lives] == [(str(COUNT), "0")] * 2, lives_run


# ---- Messages of interrupts ----------------------------------------------------------------------


def test_R01_no_function_forges_an_interrupt(on_q35):
    """R01: the device writes the message of an INIT. AMD's unit lets no message of a VM's function
    pass."""
    report = on_q35("amd", [edu("forger", THIEF, "n=10 dma=0 forge=0xfee00000")])
    all_ok(report, "forger", 11)
    assert "edu: forged a message to fee00000, ended 1" in report.of("forger")


def test_the_forgery_is_a_real_one(on_q35):
    """With dma=unsafe and no IOMMU the message arrives: the processor begins anew, and so QEMU
    ends."""
    forger = edu("forger", THIEF, "n=10 dma=0x200000 forge=0xfee00000", "dma=unsafe")
    report = on_q35("", [forger])
    assert report.result.end == "exited", report


# ---- Refusals ------------------------------------------------------------------------------------

AROUND = (
    "this virtio device goes around the IOMMU "
    "(QEMU: iommu_platform=on,disable-legacy=on)"
)
OTHERS = [
    *("-device", "virtio-rng-pci,addr=7"),
    *("-device", "virtio-rng-pci,addr=8,iommu_platform=on,disable-legacy=on"),
    *("-device", "edu,addr=9.0,multifunction=on", "-device", "pci-testdev,addr=9.1"),
]


@pytest.fixture(scope="module")
def refused_run(on_q35):
    """Nobody does anything: the banner is what is looked at."""
    own = [
        ("around", "pci=00:07.0 share"),
        ("offers", "pci=00:08.0 share"),
        ("first", "pci=00:09.0 share"),
        ("alone", "pci=00:09.1"),
        ("again", "pci=00:09.0 share"),
        ("unit", "pci=00:02.0"),
    ]
    modules = [vandal("do=none", words, name=name) for name, words in own]
    return on_q35("amd", modules, extra=OTHERS, vmm="seconds=1")


def test_a_function_that_cannot_be_confined_is_refused(refused_run):
    """Module, word and reason, for each."""
    said = re.findall(r"^signalbox: module (\d \(\w+\): .*)$", refused_run.console, re.M)
    assert said == [
        f"1 (around): pci=00:07.0: {AROUND}",
        "4 (alone): pci=00:09.1: vm first has 00:09.0 of the same device; "
        "add 'share' to both, or take it from one",
        "5 (again): pci=00:09.0: its DMA is confined, and vm first has 00:09.0; "
        "two VMs need dma=unsafe",
        "6 (unit): pci=00:02.0: it is the IOMMU, and belongs to the VMM",
    ], refused_run
    for name in ("offers", "first"):
        refused_run.has(
            f"signalbox: vm {name}: DMA of its PCI functions reaches its memory alone, "
            "at its own addresses"
        )


# ---- A switch ------------------------------------------------------------------------------------


def a_switch(on_q35, iommu):
    """Half of a round trip of two VMs that yield to each other, each with a function."""
    pair = [
        pulse("probes=switch n=300", f"pci={THIEF}"),
        vandal("do=yield seconds=2", f"pci={VICTIM}", name="partner1"),
    ]
    report = on_q35(iommu, pair)
    all_ok(report, "pulse", 5)
    own = "vm pulse: DMA of its PCI functions reaches its memory alone"
    assert (own in report.console) == bool(iommu), report.console
    return report.latency("switch", "pulse")


def test_R11_a_switch_costs_no_instruction_more_for_dma(on_q35, vendor):
    """R11: two VMs whose functions have domains of their own switch as fast as without an IOMMU.
    What falls together with a switch by chance (ticks, a look at the unit) is in neither figure."""
    confined, without = a_switch(on_q35, vendor), a_switch(on_q35, "")
    assert confined.n == without.n == 300
    assert (confined.min, confined.median) == (without.min, without.median)
