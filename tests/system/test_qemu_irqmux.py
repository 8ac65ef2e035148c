# SPDX-License-Identifier: BSD-2-Clause
"""The platform qemu-irqmux itself: the plugin is built and loaded, and the block is what it is
on the host and in Bochs.

Rule: what the block does for the VMM is tested elsewhere; here the device and the machine around
it are. Where no guest is needed there is none: the processor stands still, and QEMU's own test
protocol (qtest) makes the accesses.
"""

import os
import shutil
import subprocess
import time

import pytest
from conftest import BUILD, ROOT, all_ok, here, pulse, scribe
from qtest import Standing
from signalbox import Module
from signalbox.qemu import may_be_exact
from signalbox.qemu_irqmux import plugin
from signalbox.transcripts import WORDS, differences, parse_transcript, play_on_host

HIDDEN = {"IRQMUX_PCI": "0"}
BOARDS = ("pc", "q35")
# q35 has no first IDE channel, which is one of picprobe's levers.
FIRST_CHANNEL = [
    "-device",
    "isa-ide,id=first,iobase=0x1f0,iobase2=0x3f6,irq=14",
    "-device",
    "ide-cd,bus=first.0",
]
SLOT, BASE, HPET = 7, 0xE0000000, 0xFED00000
ROUTE, MASK, STATUS, BANK, LINES, EXTERNAL = 0x10, 0x12, 0x18, 0x16, 0x1E, 0x30
STATUS_EXTERNAL, COM2 = 1 << 16, 3


pytestmark = pytest.mark.only_on("qemu-irqmux")
HERE = here("qemu-irqmux")


@pytest.fixture(scope="module")
def emulator():
    return shutil.which("qemu-system-x86_64")


@pytest.fixture(scope="module")
def host(make):
    done = make("picprobe-host")
    assert done.returncode == 0, done.stdout
    return lambda: play_on_host(BUILD, WORDS)


@pytest.fixture(scope="module")
def exactly():
    if not may_be_exact():
        pytest.skip(
            "QEMU repeats to the byte for who may use real-time priorities (docs/measuring.md)"
        )


def start(emulator, *words, so=None, timeout=20):
    """Run the emulator with the plugin and these words; it is to end by itself."""
    command = [
        emulator,
        "-display",
        "none",
        "-monitor",
        "none",
        "-plugin",
        str(so or plugin(BUILD, HERE)),
        *words,
    ]
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


class Bare(Standing):
    """The machine with the block."""

    def __init__(self, emulator, *properties, board="pc", extra=(), platform=HERE):
        self.platform = platform
        block = [
            "-plugin",
            str(plugin(BUILD, self.platform)),
            "-device",
            ",".join(["irqmux", f"addr={SLOT}", *properties]),
        ]
        super().__init__(emulator, board=board, extra=[*extra, *block])

    def configure(self, register, value=None):
        """A word of the function's configuration space."""
        self.ask("outl", 0xCF8, 0x80000000 | SLOT << 11 | register)
        return self.ask("inl", 0xCFC) if value is None else self.ask("outl", 0xCFC, value)

    def open(self):
        self.configure(0x10, BASE)
        self.configure(0x04, 2)
        return self

    def read(self, offset, size="w"):
        return self.ask(f"read{size}", BASE + offset)

    def write(self, offset, value, size="w"):
        self.ask(f"write{size}", BASE + offset, value)

    def pulses(self):
        return self.read(STATUS + 3, "b")

    def com2(self, high):
        """IRQ3, as a lever of picprobe's."""
        self.transmitter_empty(0x2F8, high)


# ---- It is built, and found ----------------------------------------------------------------------


def test_builds_once(make, emulator):
    """make qemu-irqmux, qemu-rtl: what is there is kept, and nothing is built twice."""
    before = plugin(BUILD, HERE).stat().st_mtime_ns
    done = make(HERE)
    assert done.returncode == 0 and "QEMU" not in done.stdout, done.stdout
    assert plugin(BUILD, HERE).stat().st_mtime_ns == before


def test_a_binary_of_another_version_is_refused(emulator, tmp_path):
    """The plugin, made for another patch level of the same emulator: a line that names both, and
    status 1."""
    said = subprocess.run(
        [emulator, "--version"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.splitlines()[0]
    here = said.removeprefix("QEMU emulator version ")
    other = "0" + here[1:]
    image = plugin(BUILD, HERE).read_bytes()
    assert image.count(here.encode()) >= 1
    (tmp_path / "other.so").write_bytes(image.replace(here.encode(), other.encode()))
    done = start(emulator, "-device", "irqmux", so=tmp_path / "other.so")
    assert done.returncode == 1
    assert (
        f"irqmux: this is QEMU {here}, and the plugin was built for {other}: make qemu-irqmux"
        in done.stdout
    ), done.stdout


@pytest.mark.parametrize(
    "words, why",
    [
        (["-machine", "pc,pic=off", "-device", "irqmux"], "this machine has no 8259 pair"),
        (
            ["-device", "irqmux", "-device", "irqmux"],
            "a machine has one chipset block, and there is one",
        ),
        (
            ["-device", "irqmux,nmi-us=1000000001"],
            "nmi-us=1000000001: not a period in microseconds, 1 to 1000000000",
        ),
        (["-device", "irqmux,nmi-line=2"], "nmi-line=2: not a line, 0 to 15 without 2"),
        (["-device", "irqmux,nmi-every=0"], "nmi-every=0: not a number from 1 on"),
    ],
)
def test_what_cannot_be_is_refused(emulator, words, why):
    """A machine without the pair, a second block, a setting out of range: the reason, and status
    1."""
    done = start(emulator, "-accel", "tcg", *words)
    assert done.returncode == 1 and why in done.stdout, done.stdout


@pytest.mark.parametrize(
    "place, why",
    [
        ("on", "the 8259s of this machine are KVM's"),
        ("split", "kernel-irqchip=split: the 8259s acknowledge an interrupt for the VM that runs"),
    ],
)
def test_interrupt_controllers_in_the_kernel_are_refused(emulator, place, why):
    """KVM with its own 8259s: their lines cannot be split. KVM with its own local APIC keeps a
    vector that was acknowledged for another VM. (Without KVM nothing to refuse.)"""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        pytest.skip("there is no /dev/kvm to open")
    done = start(emulator, "-accel", f"kvm,kernel-irqchip={place}", "-device", "irqmux")
    assert done.returncode == 1 and why in done.stdout, done.stdout


def pit_load(machine, mode, count):
    """Channel 0: low byte, then high byte, binary."""
    machine.ask("outb", 0x43, 0x30 | mode << 1)
    machine.ask("outb", 0x40, count & 0xFF)
    machine.ask("outb", 0x40, count >> 8)


@pytest.mark.parametrize("board", BOARDS)
def test_a_load_in_mode_2_keeps_a_high_line_0(emulator, board):
    """8254 datasheet, mode 2: OUT is high until the last count. QEMU's own line falls at the load,
    and the block would lose a tick that nobody has acknowledged (emulators/qemu/pit_pulse.h)."""
    with Bare(emulator, board=board) as machine:
        machine.open()
        pit_load(machine, 3, 0xFFFF)
        assert machine.read(LINES) & 1
        pit_load(machine, 2, 1193)
        assert machine.read(LINES) & 1
        pit_load(machine, 0, 0xFFFF)
        assert not machine.read(LINES) & 1
        pit_load(machine, 2, 1193)
        assert not machine.read(LINES) & 1


# ---- The model in QEMU ---------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
def test_R07_the_model_as_a_device(boot, emulator, host, board):
    """R07: on both boards every answer of the guest's controller, each vector too, is the
    model's on the host."""
    extra = FIRST_CHANNEL if board == "q35" else []
    report = boot(
        None, [Module("picprobe", WORDS)], platform="qemu-irqmux", board=board, extra=extra
    )
    assert report.status == 0, report
    assert not differences(parse_transcript(report.console), host())


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("guest, words", [("pulse", "unit=instructions"), ("scribe", "")])
def test_R07_as_the_emulators_own_8259(boot, emulator, exactly, guest, words, board):
    """R07: all that a bare guest prints is, to the byte, what it prints on QEMU's own 8259 pair."""
    model, own = (
        boot(None, [Module(guest, words)], platform=where, board=board)
        for where in ("qemu-irqmux", "qemu")
    )
    assert own.status == 0, own
    assert model.console == own.console


@pytest.mark.parametrize("board", BOARDS)
def test_the_block_is_discovered(boot, emulator, board):
    """chipset=auto takes irqmux where the PCI function is, and pc where it is not; both guests
    are content."""
    for environment, chipset in (({}, "irqmux"), (HIDDEN, "pc")):
        report = boot(
            "chipset=auto",
            [pulse(), scribe()],
            platform="qemu-irqmux",
            board=board,
            environment=environment,
        )
        assert report.status == 0, report
        report.has(f"signalbox: chipset: {chipset}")
        all_ok(report, "pulse", 7)
        all_ok(report, "scribe", 5)


@pytest.mark.parametrize("board", BOARDS)
def test_a_run_repeats_to_the_byte(boot, emulator, exactly, board):
    """Two runs with the NMI button pressed every 7 ms of the machine's time: the same text, and
    no press is lost on the way."""
    first, second = (
        boot(
            "chipset=irqmux nmi=log",
            [pulse(), scribe()],
            platform="qemu-irqmux",
            board=board,
            again=again,
            environment={"IRQMUX_NMI_US": "7000"},
        )
        for again in ("", "again")
    )
    assert first.status == 0, first
    assert first.record("totals")["external_nmis"] > 300, first
    assert first.console == second.console


# ---- The register window -------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
def test_the_function_and_its_window(emulator, board):
    """Identity, BAR0 of 4 KiB, no interrupt pin; no window before the memory bit is set;
    accesses of 1 to 8 bytes."""
    with Bare(emulator, board=board) as machine:
        assert machine.configure(0x00) == 0x5B0C1234
        assert machine.configure(0x08) >> 8 == 0x088000
        assert machine.configure(0x3C) >> 8 & 0xFF == 0
        machine.configure(0x10, 0xFFFFFFFF)
        assert machine.configure(0x10) == 0xFFFFF000
        machine.configure(0x10, BASE)
        assert machine.read(0, "l") != 0x584F4253
        machine.open()
        version, times = (1, 0) if machine.platform == "qemu-rtl" else (2, 1 << 24)
        assert machine.read(0, "q") == version << 48 | 0x584F4253
        assert machine.read(8, "l") == 0x00031010 | times
        assert machine.read(0x10, "q") == 0x0000_0000_FFFF_FFFF
        assert [machine.read(offset, "b") for offset in range(4)] == list(b"SBOX")
        machine.write(0x20, 0x0123456789ABCDEF, "q")
        assert machine.read(0x24, "l") == 0x01234567
        assert machine.read(0x11, "l") == 0, "misaligned: for the model to refuse"


def test_without_the_window(emulator):
    """window=off: no PCI function, and the 8259s are the model's all the same: a level that
    falls is no request any more."""
    with Bare(emulator, "window=off") as machine:
        assert machine.configure(0x00) == 0xFFFFFFFF
        for port, value in ((0x20, 0x19), (0x21, 0x08), (0x21, 0x04), (0x21, 0x01), (0x21, 0xFF)):
            machine.ask("outb", port, value)  # ICW1 with LTIM, which QEMU's own pair does not have
        machine.com2(True)
        assert machine.ask("inb", 0x20) & 1 << COM2
        machine.com2(False)
        assert not machine.ask("inb", 0x20) & 1 << COM2


def test_R02_R05_a_line_of_a_device(emulator):
    """R02, R05, R08: IRQ3 by COM2 itself, to the controller, to the VMM block masked, and
    unmasked."""
    with Bare(emulator) as machine:
        machine.open()
        for port, value in ((0x20, 0x11), (0x21, 0x08), (0x21, 0x04), (0x21, 0x01), (0x21, 0xF7)):
            machine.ask("outb", port, value)
        machine.com2(True)
        assert machine.read(LINES) & 1 << COM2
        assert machine.ask("inb", 0x20) & 1 << COM2, "routed to the controller, as after reset"
        assert machine.read(STATUS, "l") == 1 << 17, "INTR, and no status"
        machine.com2(False)
        machine.write(ROUTE, 0xFFFF & ~(1 << COM2))
        machine.com2(True)
        assert machine.read(STATUS) == 1 << COM2 and machine.pulses() == 0, "held pending"
        machine.write(MASK, 0xFFFF & ~(1 << COM2))
        assert machine.pulses() == 1
        machine.com2(False)
        assert machine.read(STATUS) == 1 << COM2, "what has come stays"
        machine.write(STATUS, 1 << COM2, "l")
        assert machine.read(STATUS) == 0
        machine.com2(True)
        assert machine.pulses() == 1
        machine.write(ROUTE, 0xFFFF)
        assert machine.read(STATUS) == 0 and machine.ask("inb", 0x20) & 1 << COM2, "delivered"


def test_R16_the_ports_reach_the_connected_bank(emulator):
    """R07, R16: a mask written at port 21h is in the bank that was connected, and its state
    reads and writes whole."""
    with Bare(emulator) as machine:
        machine.open()
        for bank in (1, 2):
            machine.write(BANK, bank)
            machine.ask("outb", 0x21, 0x40 + bank)
        machine.write(BANK, 1)
        assert machine.ask("inb", 0x21) == 0x41
        assert machine.read(0x100 + 0x20 * 2, "q") >> 16 & 0xFF == 0x42
        machine.write(0x100 + 0x20, 0x04_20_00_00_08_A5_00_08, "q")
        assert machine.ask("inb", 0x21) == 0xA5
        assert machine.ask("inw", 0x21) == 0xFFA5, "nothing is at 22h"


def test_reset_is_a_plain_pair(emulator):
    """Machine reset: routes, masks, banks and latches as after power-on, whatever was before."""
    with Bare(emulator) as machine:
        machine.open().write(0x10, 0x0003_0000_0000_1234, "q")
        machine.write(EXTERNAL, 1, "b")
        machine.do("system_reset")
        machine.open()
        assert machine.read(0x10, "q") == 0x0000_0000_FFFF_FFFF
        assert machine.read(STATUS, "l") == 0


def until(machine, command, wanted):
    """Wait until the monitor answers a command with a status of these."""
    for _ in range(200):
        status = machine.do(command).get("status")
        if status in wanted:
            return status
        time.sleep(0.05)
    raise AssertionError(f"{command}: {status}")


def registers(machine):
    """What the window says, without an effect: the registers, and two banks."""
    told = [machine.read(offset, "q") for offset in (0x10, 0x20, 0x28)]
    told += [machine.read(offset) for offset in (STATUS, STATUS + 4, LINES)]
    told.append(machine.read(STATUS + 2, "b"))
    return told + [machine.read(0x100 + 0x20 * 3 + 8 * word, "q") for word in range(8)]


def save(machine, file):
    machine.do("migrate", uri=f"exec:cat > {file}")
    assert until(machine, "query-migrate", ("completed", "failed")) == "completed"


def is_loaded(machine):
    until(machine, "query-status", ("paused", "prelaunch", "postmigrate"))


def make_history(machine):
    """A block whose registers, latches and banks all differ from those after a reset."""
    machine.open().write(BANK, 3)
    for port, value in ((0x20, 0x11), (0x21, 0x08), (0x21, 0x04), (0x21, 0x01), (0x21, 0xF7)):
        machine.ask("outb", port, value)
    machine.com2(True)
    machine.write(0x10, 0x0003_0010_FFEF_FFF7, "q")
    machine.com2(False)
    machine.com2(True)
    machine.write(EXTERNAL, 1, "b")
    machine.write(0x20, 0xFEDC_BA98_7654_3261, "q")
    machine.write(STATUS + 4, 0x8001)
    assert machine.read(STATUS) == 1 << COM2


@pytest.mark.parametrize("board", BOARDS)
def test_a_snapshot_goes_on_as_the_machine(emulator, tmp_path, board):
    """A machine is saved, and a new process goes on: the same registers, latches, banks and
    lines, the same count of pulses, and the same answer to a falling line."""
    with Bare(emulator, board=board) as machine:
        make_history(machine)
        save(machine, tmp_path / "saved")
        before = registers(machine)
        machine.com2(False)
        after, pulses = registers(machine), machine.pulses()
    loads = ("-incoming", f"exec:cat {tmp_path / 'saved'}")
    with Bare(emulator, board=board, extra=loads) as machine:
        is_loaded(machine)
        assert registers(machine) == before
        machine.com2(False)
        assert (registers(machine), machine.pulses()) == (after, pulses) and pulses > 0


# ---- The button ----------------------------------------------------------------------------------


def test_R06_the_monitors_nmi_is_the_external_signal(emulator):
    """R06: inject-nmi sets the external bit, once for each, and no line's; it cannot be masked."""
    with Bare(emulator) as machine:
        machine.open()
        for _ in range(3):
            machine.do("inject-nmi")
        assert machine.read(STATUS, "l") == 3 << 24 | STATUS_EXTERNAL
        machine.write(STATUS, STATUS_EXTERNAL, "l")
        assert machine.read(STATUS, "l") == 0


def test_R06_the_button_by_time(emulator, tmp_path):
    """nmi-us: every so many microseconds of the machine's time (which the HPET tells), from the
    first write on."""
    loop = tmp_path / "loop"
    loop.write_bytes(b"\xeb\xfe" * 0x8000)  # jmp $, at the reset vector as everywhere
    with Bare(emulator, "nmi-us=10000", extra=("-bios", loop)) as machine:
        machine.open()
        machine.ask("writel", HPET + 0x10, 1)
        counted = []
        for _ in range(2):
            before = machine.ask("readq", HPET + 0xF0)
            machine.do("cont")
            time.sleep(0.3)
            machine.do("stop")
            after = machine.ask("readq", HPET + 0xF0)
            counted.append((machine.pulses(), (after - before) // 1_000_000))
            machine.write(MASK, 0xFFFF)
        (early, _), (pulses, due) = counted
        assert early == 0
        assert due >= 10 and min(due, 255) - 1 <= pulses <= min(due, 255), counted


def test_R06_the_button_with_a_line(emulator):
    """nmi-line, nmi-every: the signal comes with every second rise of the line, whose status
    makes the first NMI."""
    with Bare(emulator, f"nmi-line={COM2}", "nmi-every=2") as machine:
        machine.open().write(0x10, 0, "l")
        for _ in range(4):
            machine.com2(True)
            machine.com2(False)
        assert machine.read(STATUS, "l") & 0xFF01FFFF == 3 << 24 | STATUS_EXTERNAL | 1 << COM2


# ---- Without the source --------------------------------------------------------------------------


def make_headers(tmp_path, tools, **environment):
    """The script with an empty cache, and with these scripts in the place of the tools of the
    same names."""
    for name, text in tools.items():
        (tmp_path / "tools" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "tools" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "tools" / name).chmod(0o755)
    env = dict(
        os.environ,
        PATH=f"{tmp_path / 'tools'}:{os.environ['PATH']}",
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    return subprocess.run(
        [ROOT / "scripts/qemu_headers.sh", tmp_path / "home"],
        env={**env, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "given, reason",
    [
        (None, "no mirror that apt knows here gave it"),
        ("absent", "there is no file"),
        ("other", "is another file"),
    ],
)
def test_a_missing_source_is_named(emulator, tmp_path, given, reason):
    """The source is not to be had: what is missing, how to give it, and how to go on without."""
    (tmp_path / "other").write_text("Source: qemu\nVersion: 1:1.0-1\n")
    done = make_headers(
        tmp_path, {"apt-get": "exit 0"}, QEMU_SOURCE=str(tmp_path / given) if given else ""
    )
    assert done.returncode == 1 and not (tmp_path / "home").exists(), done.stdout
    query = ["dpkg-query", "-W", "-f", "${source:Version}", "qemu-system-x86"]
    installed = subprocess.check_output(query, text=True)
    for part in (
        f"the source of QEMU {installed} ",
        "cannot be had",
        reason,
        "QEMU_SOURCE=FILE.dsc",
        "PLATFORM=qemu runs",
    ):
        assert part in done.stdout, done.stdout
    assert not list((tmp_path / "cache/signalbox").glob("build.*")), "the work directory is left"


@pytest.mark.parametrize(
    "said, why",
    [
        ("9.1.0", "is QEMU 9.1.0, and not Debian's"),
        (
            "8.2.1 (Debian 1:8.2.1-1)",
            "is QEMU 8.2.1, and the device is written for 7.2 and 10.0",
        ),
        (
            "7.2.1 (Debian 1:7.2+dfsg-1)",
            "is of version 1:7.2+dfsg-1, and the package qemu-system-x86 is",
        ),
    ],
)
def test_another_emulator_is_named(emulator, tmp_path, said, why):
    """A binary whose headers Debian's source of the package does not give: the script says which
    it is."""
    done = make_headers(tmp_path, {"qemu-system-x86_64": f"echo 'QEMU emulator version {said}'"})
    assert done.returncode == 1 and why in done.stdout, done.stdout
