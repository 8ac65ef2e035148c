# SPDX-License-Identifier: BSD-2-Clause
"""The distribution's own Linux as a guest, unmodified, on the block in QEMU; and the bare machine
beside it.

Rule: a run is good when the kernel's own log is: no failed self-test, no fault of a program, no
warning, no clock that is stable on the bare machine and unstable here.
"""

import re

import pytest

from conftest import BUILD, all_ok, pulse
from signalbox import Module
from signalbox.linux import complaints
from signalbox.media import write_iso

KERNEL, INITRD = "/boot/linux/vmlinuz", "/boot/linux/initrd"
# Port 80h, too: the delays of the kernel.
DEVICES = "irq=0,3 io=0x40-0x43,0x61,0x2f8-0x2ff,0x80"
# Without the self-tests of the crypto library, which take more than half of a boot. The self-tests
# ran on the way to docs/linux.md's figures.
SECONDS = 2
TEXT = f"console=ttyS1 cryptomgr.notests seconds={SECONDS}"
# A kernel's boot under the VMM, in instructions of the bare machine's.
MOST = 1.03
# HLTs that may exit. A kernel whose every HLT exits has one for each tick: hundreds.
HLT_EXITS = 10

pytestmark = pytest.mark.only_on("qemu-irqmux")


def linux(words="", text=TEXT, image=KERNEL):
    return Module(image, f"vm=linux type=linux mem=192M {DEVICES} {words} -- {text}")


def log_of(report):
    """The kernel's log and the programs' text: the console on COM2."""
    return report.result.com2.decode(errors="replace").replace("\r", "")


def user_space_at(log):
    """Seconds of the kernel's clock, the TSC, at the first program."""
    found = re.search(r"^\[ *([\d.]+)\] Run /init as init process$", log, re.MULTILINE)
    assert found, log[-2000:]
    return float(found[1])


def interrupts(log, line):
    found = re.search(rf"^ +{line}: +(\d+) +XT-PIC", log, re.MULTILINE)
    assert found, log[-2000:]
    return int(found[1])


@pytest.fixture(scope="module")
def linux_run(boot):
    return boot(
        "status=0",
        [linux(), Module(INITRD, "of=linux")],
        platform="qemu-irqmux",
        board="pc",
        disk=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def bare_run(boot, runs):
    iso = runs / "bare-linux.iso"
    entry = [("linux", KERNEL, TEXT), ("initrd", INITRD, "")]
    write_iso([("Linux", entry)], iso, BUILD, modules="linux normal")
    return boot(None, [], iso=iso, platform="qemu", board="pc", disk=False, timeout=300)


def test_a_linux_boots_and_ends_its_vm(linux_run):
    """From the module line to a program of the initrd, and to the VM's end."""
    log = log_of(linux_run)
    assert linux_run.status == 0, f"{linux_run!r}\n{log[-2000:]}"
    assert re.search(r"^init: Linux \S+ is in user space, clocksource tsc$", log, re.MULTILINE)
    linux_run.has("signalbox: vm linux: done, switched off by port 8900h")


def test_its_log_has_no_complaint(linux_run):
    """Each complaint is one too many: a program that dies is an emulated processor gone wrong."""
    assert complaints(log_of(linux_run)) == []


def test_R10_its_interrupts_cost_no_exit(linux_run):
    """R10: thousands of ticks and the console's interrupts, masked and ended as Linux does: no exit
    for them, and no event of theirs at the VMM. The kernel sleeps in HLT between its ticks with no
    exit. A HLT exits once where the VMM looked at the VM while the kernel had its interrupts off
    (begin_turn()): when such a look comes depends on the date at which the machine started."""
    log = log_of(linux_run)
    assert interrupts(log, 0) > 2000 and interrupts(log, 3) > 0
    exits = linux_run.record("exits", vm="linux")
    assert not {"nmi", "interrupt", "irq-window"} & set(exits)
    assert exits.get("hlt", 0) < HLT_EXITS
    assert exits["total"] < 2500
    for irq in (0, 3):
        counters = linux_run.record("line", irq=irq)
        assert [counters[key] for key in ("exits", "injected", "wakeups")] == [0, 0, 0]


def test_its_clock_is_the_machines_and_goes_on(linux_run):
    """The date is read from the VM's CMOS at boot; then the TSC carries it."""
    at = re.findall(
        r"^init: the clock says (2000-01-01) (\d\d):(\d\d):(\d\d)$", log_of(linux_run), re.M
    )
    assert len(at) == 2
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) for _, h, m, s in at]
    assert 0 < seconds[0] < 100 and seconds[1] - seconds[0] in (SECONDS, SECONDS + 1)


def test_a_boot_takes_hardly_more_than_on_the_bare_machine(linux_run, bare_run):
    """The same kernel, with the same words, by GRUB: the time of the first program, which is a
    count of instructions here."""
    here, there = (user_space_at(log_of(report)) for report in (linux_run, bare_run))
    print(f"first program: {here:.3f} s, bare machine {there:.3f} s: {here / there:.4f}")
    assert here < MOST * there


# A shell on the VM's own 16550; what is typed there is what the terminal's user types.
SHELL = [
    (r"^\[linux\] init: load shell begins", "keys linux\r"),
    (r"^vm linux: has the keys", "echo six times seven is $((6*7))\r"),
    (r"^\[linux\] six times seven is 42$", "cat /proc/tty/driver/serial /proc/interrupts\r"),
    (r"^\[linux\] +4: .*ttyS0$", "exit\r"),
    (r"^\[linux\] init: load shell ends", "\x1d"),
    (r"^the keys are the console's again\n(?:.*\n)*signalbox: vm linux: done", "quit\r"),
]


@pytest.fixture(scope="module")
def shell_run(boot):
    text = "console=ttyS0 cryptomgr.notests load=shell end=poweroff"
    own = "mem=192M irq=0 io=0x40-0x43,0x61,0x80 uart=com1 acpi"
    return boot(
        "status=0",
        [Module(KERNEL, f"vm=linux type=linux {own} -- {text}"), Module(INITRD, "of=linux")],
        platform="qemu-irqmux",
        board="pc",
        disk=False,
        timeout=300,
        type_in=SHELL,
    )


def test_a_shell_on_a_uart_of_its_own_takes_keys(shell_run):
    """The kernel's own driver finds a 16550A, works by its interrupts, and nothing is lost."""
    text = shell_run.console
    assert re.search(r"^\[linux\] .*ttyS0 at I/O 0x3f8 \(irq = 4, .*is a 16550A$", text, re.M)
    assert re.search(r"^\[linux\] six times seven is 42$", text, re.M), shell_run
    counts = re.search(r"^\[linux\] 0: uart:16550A .* tx:\d+ rx:(\d+) (.*)$", text, re.M)
    assert counts and int(counts[1]) > 0 and "oe:" not in counts[2], shell_run
    interrupts_taken = re.search(r"^\[linux\] +4: +(\d+) +XT-PIC +ttyS0$", text, re.M)
    assert int(interrupts_taken[1]) > 30
    shell_run.lacks("were dropped")
    assert complaints(text.replace("[linux] ", "")) == []


def test_a_poweroff_by_acpi_ends_the_vm_well(shell_run):
    """The kernel finds the tables of the word acpi, takes them as good, and switches off by them.
    Its interrupts stay the 8259's."""
    for wanted in (
        r"ACPI: RSDP 0x00000000000E0000 ",
        r"ACPI: 1 ACPI AML tables successfully acquired and loaded",
        r"ACPI: PM: \(supports S0 S5\)",
        r"ACPI: Using PIC for interrupt routing",
    ):
        assert re.search(rf"^\[linux\] .*{wanted}", shell_run.console, re.M), wanted
    assert not re.search(r"ACPI.*(Error|Warning|BIOS)", shell_run.console), repr(shell_run)
    shell_run.has("signalbox: vm linux: done, switched off by ACPI")
    assert shell_run.status == 0, repr(shell_run)


def test_the_uart_s_interrupts_cost_no_exit(shell_run):
    """On irqmux the requests go through the VM's bank."""
    assert shell_run.record("line", irq=4)["injected"] == 0
    assert not {"interrupt", "irq-window"} & set(shell_run.record("exits", vm="linux"))


def test_what_a_user_can_get_wrong(boot, runs):
    """Each wrong module has its line with the reason; the good VM beside them runs to its end."""
    kernel = (BUILD / "linux/vmlinuz").read_bytes()
    cut = runs / "cut"
    cut.write_bytes(kernel[: len(kernel) // 2])
    empty = runs / "empty"
    empty.write_bytes(b"")
    report = boot(
        "status=0",
        [
            pulse("probes=uart n=20"),
            Module(str(cut), "vm=cut type=linux mem=96M"),
            Module(KERNEL, "vm=bad type=linux mem=96M"),
            Module(KERNEL, "vm=plain mem=96M"),
            Module("pulse", "vm=other type=linux"),
            Module(INITRD, "of=nobody"),
            Module(INITRD, "of=bad colour=red"),
            Module(KERNEL, "vm=small type=linux mem=32M"),
            Module(INITRD, "of=small"),
        ],
        platform="qemu",
        board="pc",
        disk=False,
    )
    assert report.status == 1, report  # something was refused
    all_ok(report, "pulse", 5)
    text = report.console
    for wanted in (
        r"vm cut: image refused: the Linux kernel is cut off: "
        r"its header says \d+ bytes, \d+ are there",
        r"vm bad: not started, because its module 7 is refused",
        r"vm plain: image refused: this is a Linux kernel, not a multiboot kernel: add type=linux",
        r"vm other: image refused: no Linux kernel \(type=linux\): "
        r"the setup header's magic is missing",
        r"module 6: of=nobody: there is no VM of this name, or the VM was refused",
        r"module 7: colour=red: unknown word",
    ):
        assert re.search(rf"^signalbox: {wanted}$", text, re.MULTILINE), f"{wanted}\n{report!r}"
    needed = re.search(
        r"^signalbox: vm small: image refused: the Linux kernel and its modules need mem=(\d+)M "
        r"at least; the VM has 32M$",
        text,
        re.MULTILINE,
    )
    assert needed and 64 <= int(needed[1]) <= 128, report
