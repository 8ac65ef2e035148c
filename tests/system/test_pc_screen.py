# SPDX-License-Identifier: BSD-2-Clause
"""A PC with no serial cable: the image of make iso, read on the screen, and asked by the keyboard.

Rule: what is looked at is video memory, what is typed goes through the keyboard controller; the
machine has no UART unless the test is about one.
"""

import os
import re
import time
from pathlib import Path

import pytest

from conftest import BUILD, CHIPSETS, IPS, all_ok, pulse, scribe, vandal
from signalbox import Machine, Module
from signalbox.pc import Screen

MORE, END = r"-- more: a key", r"-- end: PgUp"
SECONDS = 90
on_qemu = pytest.mark.only_on("qemu", "qemu-irqmux")
BLANK_SECTORS = 256  # at the disk's beginning, which scribe's disk=blank looks at
EXIT_FAILED = 3  # QEMU's, for isa-debug-exit with status 1


def machine(words=None, modules=(), where=CHIPSETS["qemu"], **options):
    """A PC without a UART; words: None boots the image of make iso."""
    own = {"vmm": f"console=vga {where.words} {words}", "direct": True}
    if words is None:
        own = {"iso": BUILD / "signalbox.iso"}
    return Machine(
        modules=list(modules),
        exact=False,
        ips=IPS,
        build=BUILD,
        **{"serial": False, "disk": False, **where.options(), **own, **options},
    )


def turn_pages(screen):
    """Reads the report to its last page; all pages."""
    pages = [screen.wait_for(f"{MORE}|{END}", SECONDS)]
    while not re.search(END, pages[-1]):
        screen.press("spc")
        deadline = time.monotonic() + SECONDS
        while (page := screen.text()) == pages[-1]:
            assert time.monotonic() < deadline, screen.seen
            time.sleep(0.1)
        pages.append(page)
    return pages


@pytest.fixture(scope="module")
def image(make):
    done = make("iso")
    assert done.returncode == 0, done.stdout


@on_qemu
def test_the_first_entry_needs_no_disk_and_no_uart(image, tmp_path):
    """The menu's default entry: no disk, no UART; all goes well, and the last screen says so."""
    with Screen(machine(), tmp_path) as screen:
        screen.wait_for(r"no disk is touched[\s\S]* WRITES to the master disk")  # GRUB draws slowly
        screen.press("ret")
        pages = turn_pages(screen)
        last = pages[-1].splitlines()
        assert re.fullmatch(r"Signalbox .+: all went well", last[0]), pages[-1]
        rows = ["processor +QEMU .*", "chipset +pc", "pulse +done +0 .*", "scribe +done +0 .*"]
        rows += [rf"pulse +{probe} +cycles +1000 +\d+ +\d+" for probe in ("pit", "cpuid")]
        for row in rows:
            assert re.search(f"^  {row}$", pages[-1], re.M), pages[-1]
        assert "signalbox: end: status 0" in last
        assert re.search(r"^latency, from the event", "\n".join(pages), re.M)
        assert re.search(r"^result vm=pulse probe=pit ", "\n".join(pages), re.M)
        screen.press("pgup")
        assert screen.wait_for(r"^totals nmis=") != pages[-1]
        assert not screen.ended()
        screen.press("x")
        assert screen.wait_for_end() == 0


@on_qemu
def test_the_first_entry_writes_to_no_disk(image, tmp_path):
    """A disk is there all the same: not a byte of it changes."""
    with Screen(machine(disk=b"a system" * 1000), tmp_path) as screen:
        before = (tmp_path / "disk.img").read_bytes()
        screen.wait_for("no disk is touched")
        screen.press("ret")
        assert "all went well" in turn_pages(screen)[-1]
        screen.press("ret")
        assert screen.wait_for_end() == 0
    assert (tmp_path / "disk.img").read_bytes() == before


@on_qemu
@pytest.mark.parametrize("content", ["a system", "a file system behind empty sectors", "nothing"])
def test_the_entry_that_writes_refuses_a_disk_that_holds_something(image, tmp_path, content):
    """The second entry writes to a blank disk, and to no other."""
    first = {"a system": b"\x33\xc0\x8e\xd0", "nothing": b""}.get(content)
    if first is None:
        first = bytes(65600) + b"_BHRfS_M"
    with Screen(machine(disk=first), tmp_path) as screen:
        before = (tmp_path / "disk.img").read_bytes()
        screen.wait_for("WRITES to the master disk")
        screen.press("down", "ret")
        last = turn_pages(screen)[-1]
        assert ("NOT ALL WENT WELL" in last) == (content != "nothing"), last
        screen.press("ret")
        assert screen.wait_for_end() == (0 if content == "nothing" else EXIT_FAILED)
    after = (tmp_path / "disk.img").read_bytes()
    assert (after == before) == (content != "nothing")
    assert after[: BLANK_SECTORS * 512] == before[: BLANK_SECTORS * 512]


@on_qemu
def test_with_com1_both_have_everything_and_each_may_end_it(image, tmp_path):
    """The same entry with a UART: the report comes there with no wait; a key there powers off."""
    with Screen(machine(serial=True), tmp_path) as screen:
        screen.wait_for("no disk is touched")
        screen.press("ret")
        screen.wait_for(MORE, SECONDS)
        console = (tmp_path / "com1.txt").read_text()
        for text in (": all went well", "end: status 0", "a key powers the machine off"):
            assert text in console
        assert re.search(r"^\[pulse\] lat probe=uart .* n=1000 ", console, re.M)
        turn_pages(screen)
        screen.process.stdin.write(b"x")
        screen.process.stdin.flush()
        assert screen.wait_for_end() == 0


@on_qemu
@pytest.mark.parametrize("place", ["qemu-pc", "qemu-soft", "qemu-irqmux"])
def test_R14_the_keyboard_is_a_console(tmp_path, place):
    """R14: what is typed is a command, beside a guest that never sleeps; old text comes back."""
    if CHIPSETS[place].missing():
        pytest.skip("another platform's")
    modules = [vandal("do=spin"), scribe("rounds=20 disk=none idle=1")]
    with Screen(machine("stay status=0", modules, CHIPSETS[place]), tmp_path) as screen:
        screen.wait_for("vm scribe: done, status 0")
        screen.type("vmx")
        screen.press("backspace")
        screen.type("s")
        screen.wait_for(r"^> vms$")
        screen.press("ret")
        text = screen.wait_for(r"^  scribe +done")
        assert re.search(r"^  vandal +(running|ready) ", text, re.M), text
        screen.type("lines\n")
        text = screen.wait_for(r"^ +1  vmm +VMM block  +-  +\d+ ")
        screen.type("help\n")
        screen.wait_for("end the run")
        screen.press("shift-pgup", "pgup", "pgup")
        screen.wait_for(r"^signalbox: Signalbox [\s\S]* PgUp, PgDn: what has scrolled off")
        screen.press("q")
        screen.wait_for(r"^> q$")
        screen.type("uit\n")
        turn_pages(screen)
        screen.press("ret")
        assert screen.wait_for_end() == 0  # what nobody waits for has not failed


@on_qemu
@pytest.mark.parametrize("place", ["qemu-pc", "qemu-soft", "qemu-irqmux"])
def test_R08_keys_cost_no_interrupt_of_a_guest(tmp_path, place):
    """R08: keys all the while; no interrupt is lost, and no NMI is taken for an external one."""
    if CHIPSETS[place].missing():
        pytest.skip("another platform's")
    modules = [pulse("seconds=6"), scribe("rtc=1024 rounds=400 disk=none idle=1")]
    own = machine("status=100ms jitter=3 end=wait", modules, CHIPSETS[place], serial=True)
    with Screen(own, tmp_path) as screen:
        screen.wait_for("ticks ")
        for _ in range(8):
            screen.type("vms\n")
        screen.wait_for(r"pulse: done, [\s\S]*scribe: done, ", SECONDS)
        screen.type("quit\n")
        assert (tmp_path / "com1.txt").read_text() == ""  # console=vga leaves COM1 alone
        pages = turn_pages(screen)
        text = "\n".join(pages)
        assert "all went well" in pages[-1], text
        assert int(re.search(r"^line irq=1 owner=vmm exits=(\d+) ", text, re.M)[1]) > 10, text
        assert re.search(r" external_nmis=0 ", text), text


@on_qemu
def test_a_machine_that_cannot_says_so_until_a_key_comes(tmp_path):
    """No VMX, no SVM: the reason stays on the screen."""
    own = machine("", [scribe("disk=none")], extra=["-cpu", "max,svm=off"])
    with Screen(own, tmp_path) as screen:
        text = screen.wait_for(END)
        assert re.search(r"^signalbox: .*(SVM|VMX)", text, re.M), text
        assert "signalbox: end: status 1" in text
        time.sleep(1)
        assert not screen.ended()
        screen.press("ret")
        assert screen.wait_for_end() == EXIT_FAILED


@on_qemu
def test_a_vm_that_has_the_keyboard_keeps_it(tmp_path):
    """irq=1: the VM's keyboard is no console, which is said; the end waits all the same."""
    own = Module("scribe", "vm=scribe irq=1,8 io=0x60,0x64,0x70-0x71 -- disk=none rounds=50 idle=1")
    with Screen(machine("", [own]), tmp_path) as screen:
        screen.wait_for(f"{MORE}|{END}")
        turn_pages(screen)
        screen.press("pgup", "pgup", "pgup", "pgup", "pgup")
        screen.wait_for("^signalbox: no console on the keyboard: vm scribe has line 1$")
        screen.press("ret")
        assert screen.wait_for_end() == 0


@pytest.mark.parametrize("where", ["default", "irqmux", "soft"])
def test_R14_a_claimed_keyboard_changes_nothing_for_guests(boot, where):
    """R14: line 1 is the VMM's on VMX as well, by each realisation; nothing is lost for that."""
    place = CHIPSETS[where]
    if place.missing():
        pytest.skip("another platform's")
    modules = [pulse("probes=uart,pit n=200"), scribe("rounds=50")]
    report = boot(f"{place.words} keyboard=on".strip(), modules, **place.options())
    assert "signalbox: the keyboard works: " in report.console, report
    assert re.search(r"^ +1  vmm +VMM block ", report.console, re.M), report
    all_ok(report, "pulse", 6)
    all_ok(report, "scribe", 5)


class BochsKeys:
    """Types on Bochs's own screen, a terminal of its making, when the console has said enough."""

    def __init__(self, *steps):
        self.steps, self.said, self.process = list(steps), "", None

    def started(self, number):
        self.process = number

    def device(self):
        """The terminal whose other end Bochs has (proc(5), fdinfo)."""
        for file in Path(f"/proc/{self.process}/fdinfo").iterdir():
            index = re.search(r"^tty-index:\s*(\d+)$", file.read_text(), re.M)
            if index:
                return f"/dev/pts/{index[1]}"
        raise AssertionError("Bochs has made no terminal")

    def heard(self, text):
        self.said += text
        if not self.steps or not re.search(self.steps[0][0], self.said, re.M):
            return
        self.said = ""
        keys = self.steps.pop(0)[1]
        terminal = os.open(self.device(), os.O_RDWR | os.O_NOCTTY)
        for key in keys:
            os.write(terminal, key.encode())
            time.sleep(0.1)
        os.close(terminal)


@pytest.mark.only_on("bochs")
@pytest.mark.parametrize("chipset", ["pc", "soft"])
def test_R14_the_keyboard_is_a_console_on_vmx(tmp_path, chipset):
    """R14: Bochs's own keyboard, under VMX; COM1 shows the answers too."""
    keys = BochsKeys((r"vm scribe: done, status 0", "vmz\x7fs\n"), (r"^  scribe +done ", "quit\n"))
    words = f"console=com1 keyboard=on stay status=0 chipset={chipset}"
    own = Machine(vmm=words, modules=[scribe("rounds=10")], platform="bochs", ips=IPS, build=BUILD)
    result = own.run(tmp_path, timeout=SECONDS, stream=keys.heard, started=keys.started)
    assert result.end == "status" and result.status == 0 and not keys.steps, result.explain()
    assert "no such command" not in result.console, result.explain()
    exits = re.search(r"^line irq=1 owner=vmm exits=(\d+) ", result.console, re.M)
    assert int(exits[1]) >= 8, result.explain()
