# SPDX-License-Identifier: BSD-2-Clause
"""UEFI and multiboot 2: the same image boots, and the figures are the same as by BIOS.

Rule: figures come from an exact run in QEMU, and each boot is played once. OVMF takes 7 s of a CPU
for a boot.
"""

import re
import subprocess
import sys
import time

import pytest

from conftest import BUILD, ROOT, all_ok, line
from signalbox import Machine, Module
from signalbox.pc import Screen

pytestmark = pytest.mark.only_on("qemu")

PULSE = "mem=16M prio=1 slice=5ms irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff"
SCRIBE = "mem=16M prio=1 slice=5ms irq=8 io=0x70-0x71"
OPTIONS = {"platform": "qemu", "direct": False, "disk": False}


def play(boot, firmware, board):
    """By BIOS the loader speaks multiboot 2, too, on the one board."""
    modules = [
        Module("pulse", line("pulse", PULSE, "unit=instructions samples=100 seconds=1")),
        Module("scribe", line("scribe", SCRIBE, "disk=none seconds=1")),
    ]
    how = {**OPTIONS, "firmware": firmware, "board": board}
    if firmware == "bios":
        how |= {"loader": 2} if board == "pc" else {"direct": True}
    return boot("chipset=pc", modules, **how)


@pytest.fixture(scope="module", params=["pc", "q35"])
def uefi_run(boot, request):
    """(by BIOS, by UEFI) on each board."""
    return tuple(play(boot, firmware, request.param) for firmware in ("bios", "uefi"))


def test_R01_both_firmwares_boot_the_one_image(uefi_run):
    """ACPI is found by the loader's tag: the chipset is pc, and no tag was malformed."""
    for run in uefi_run:
        assert run.ok, repr(run)
        run.has("signalbox: chipset: pc")
        run.lacks("ACPI: no")
        run.lacks("multiboot 2:")
        all_ok(run, "pulse", 7)
        all_ok(run, "scribe", 3)


def test_R10_no_exit_for_an_interrupt_and_the_same_figures(uefi_run):
    """The UART's and CPUID's instructions are those of a machine with a BIOS. An exit for scribe's
    line may fall between the samples; one for each interrupt would be 1.0."""
    bios, uefi = uefi_run
    for probe in ("uart", "pit"):
        assert uefi.latency(probe, "pulse").exits_per_interrupt < 0.005
    for probe in ("uart", "cpuid"):
        for name in ("min", "median"):  # a sample may fall into a switch
            assert getattr(uefi.latency(probe), name) == getattr(bios.latency(probe), name)


def test_what_firmware_left_running_interrupts_nobody(uefi_run):
    """No line but the VMs' own and the console's, and no NMI without a cause."""
    for run in uefi_run:
        totals = run.record("totals")
        assert totals["external_nmis"] == 0 and totals["unattributed_nmis"] == 0, repr(run)
        assert {r["owner"] for r in run.records("line")} == {"pulse", "scribe", "vmm"}


# ---- A machine without a UART --------------------------------------------------------------------


def next_page(screen, before):
    """A page that stands still, and is not the page before: a picture may be taken in between."""
    for _ in range(300):
        text = screen.wait_for("-- (end: PgUp|more: a key)", 200)
        if text not in (before, "") and text == screen.text():
            return text
        time.sleep(0.5)
    raise AssertionError(f"no page but this one:\n{before}")


def test_the_image_of_make_iso_boots_and_its_report_is_on_the_framebuffer(tmp_path):
    """The menu's default entry by UEFI: the last page is drawn in pixels, and a key ends it."""
    image = tmp_path / "signalbox.iso"
    menu = ROOT / "scripts/configs/menu.cfg"
    command = [ROOT / "scripts/iso.py", "--build", BUILD, "--menu", menu, "--output", image]
    subprocess.run([sys.executable, *command], check=True)
    machine = Machine(
        iso=image,
        build=BUILD,
        exact=False,
        serial=False,
        disk=False,
        platform="qemu",
        firmware="uefi",
        board="q35",
    )
    with Screen(machine, tmp_path) as screen:
        last = next_page(screen, "")
        while "-- end: PgUp" not in last:
            screen.press("spc")
            last = next_page(screen, last)
        # The run is in real time: whether the guests' verdicts are good, the host's speed decides.
        assert re.search(r"^Signalbox .+: (all went well|NOT ALL WENT WELL)$", last, re.M), last
        assert re.search(r"^  pulse +\w+ ", last, re.M), last
        assert "signalbox: end: status " in last
        screen.press("pgup")
        assert next_page(screen, last) != last
        screen.press("x")
        assert screen.wait_for_end() in (0, 3)  # QEMU's for status 0 and 1
