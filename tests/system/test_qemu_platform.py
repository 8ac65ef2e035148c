# SPDX-License-Identifier: BSD-2-Clause
"""The platforms: which one a run takes and why, and QEMU's machine as it is described.

Rule: what is refused is refused in one line that names the variable, what is wrong with it, and
what there is.
"""

import re
import shutil

import pytest

from conftest import (
    BOARD,
    BUILD,
    IPS,
    PLATFORM,
    all_ok,
    on_chipsets,
    pulse,
    qemu_release,
    scribe,
    vandal,
)
from signalbox import Machine, PlatformError, choose, platforms
from signalbox.qemu import SHIFT, QemuError, command_line
from qtest import Standing

# Interrupts without a cause of one line in one run, where pc tells what a chip may have dropped.
IDLE_MOST = 3

where, chipset = on_chipsets("qemu-pc", "q35-pc")

# ---- Nested virtualisation -----------------------------------------------------------------------


@pytest.fixture
def host(tmp_path):
    """A host that nests, of whichever vendor: why_no_kvm's arguments, some of them changed."""

    def say(flags, device=True, loaded=True, parameters=(), on="Y\n", **changed):
        (tmp_path / "kvm").touch()
        names = {"kvm_intel": ("nested", "ept", "unrestricted_guest"), "kvm_amd": ("nested", "npt")}
        for module, its in names.items() if loaded else ():
            directory = tmp_path / "module" / module / "parameters"
            directory.mkdir(parents=True)
            for name in its:
                (directory / name).write_text(dict(parameters).get(name, on))
        given = {
            "device": str(tmp_path / ("kvm" if device else "absent")),
            "modules": tmp_path / "module",
            "emulator": "sh",
        }
        return platforms.why_no_kvm(flags=set(flags.split()), **{**given, **changed})

    return say


@pytest.mark.parametrize("flags", ["fpu vmx", "fpu svm"])
@pytest.mark.parametrize("on", ["Y\n", "1\n"])
def test_R20_nested_virtualisation_of_both_vendors_is_taken(host, flags, on):
    """R20: VMX or SVM in CPUID, KVM's word that it nests, and a device that can be opened."""
    assert host(flags, on=on) is None


@pytest.mark.parametrize(
    "flags, changed, reason",
    [
        ("fpu", {}, "neither VMX (CPUID.1:ECX[5] = 0) nor SVM (CPUID.80000001h:ECX[2] = 0)"),
        ("vmx", {"device": False}, "there is no "),
        (
            "vmx",
            {"parameters": {"nested": "N\n"}},
            "KVM does not nest VMX (kvm_intel nested=N; modprobe kvm_intel nested=1)",
        ),
        (
            "svm",
            {"parameters": {"nested": "0\n"}},
            "KVM does not nest SVM (kvm_amd nested=0; modprobe kvm_amd nested=1)",
        ),
        (
            "vmx",
            {"parameters": {"ept": "N\n", "unrestricted_guest": "N\n"}},
            (
                "KVM's VMs have no EPT (kvm_intel ept=N; modprobe -r kvm_intel && modprobe"
                " kvm_intel nested=1 ept=1; a parameter that stays off is missing in the processor"
                " or in the outer hypervisor)"
            ),
        ),
        (
            "vmx",
            {"parameters": {"unrestricted_guest": "N\n"}},
            "KVM's VMs have no unrestricted guests (kvm_intel unrestricted_guest=N; ",
        ),
        (
            "svm",
            {"parameters": {"npt": "N\n"}},
            "KVM's VMs have no nested paging (kvm_amd npt=N; modprobe -r kvm_amd && ",
        ),
        ("svm", {"loaded": False}, "/kvm_amd/parameters/nested cannot be read (kvm_amd is not"),
        ("svm", {"emulator": "qemu-system-pdp11"}, "qemu-system-pdp11 is not installed"),
    ],
)
def test_R20_a_device_file_alone_proves_nothing(host, flags, changed, reason):
    """R20: whatever is missing is named, with how to get it."""
    assert reason in host(flags, **changed)


# ---- The choice ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, line",
    [
        (
            ("pdp11",),
            (
                "PLATFORM=pdp11: no such platform; there are: auto kvm kvm-irqmux bochs"
                " bochs-irqmux bochs-rtl qemu qemu-irqmux qemu-rtl"
                " qemu-x2apic"
            ),
        ),
        (("qemu", "isapc"), "BOARD=isapc: no such board; there are: pc q35"),
        (("bochs", "q35"), "BOARD=q35: bochs has the board pc alone; PLATFORM=qemu has pc and q35"),
    ],
)
def test_a_platform_that_is_none_is_refused(words, line):
    """One line each, with what there is."""
    with pytest.raises(PlatformError) as refused:
        choose(*words)
    assert str(refused.value) == line


def test_what_was_asked_for_is_taken():
    """The line says which platform, and on QEMU which board."""
    assert choose("bochs") == ("bochs", "platform bochs: as asked for")
    assert choose("qemu", "q35") == ("qemu", "platform qemu, board q35: as asked for")
    assert choose("qemu-irqmux") == ("qemu-irqmux", "platform qemu-irqmux, board pc: as asked for")


def test_auto_says_which_and_why(monkeypatch):
    """Nested KVM where it is real, else the quicker emulator, with both reasons."""
    monkeypatch.setattr(platforms, "why_no_kvm", lambda: None)
    assert choose("auto") == (
        "kvm",
        "platform kvm, board pc: nested virtualisation is offered here",
    )
    monkeypatch.setattr(platforms, "why_no_kvm", lambda: "this host has none")
    platform, line = choose("auto")
    assert platform == platforms.QUICKEST[0]
    assert re.fullmatch(
        rf"platform {platform}(, board pc)?: .+, because this host has none", line
    ), line
    for wanted in platforms.ON_KVM:
        with pytest.raises(PlatformError, match=f"PLATFORM={wanted}: this host has none"):
            choose(wanted)


# ---- The machine ---------------------------------------------------------------------------------


PROCESSORS = {
    "qemu": "-accel tcg -cpu max ",
    "kvm": "-accel kvm,kernel-irqchip=on -cpu host ",
    "kvm-irqmux": ("-accel kvm,kernel-irqchip=off -cpu host,kvm-asyncpf-int=off,kvm-asyncpf=off "),
}


@pytest.mark.parametrize("board", ["pc", "q35"])
@pytest.mark.parametrize(
    "platform, exact", [("qemu", True), ("qemu", False), ("kvm", True), ("kvm-irqmux", True)]
)
def test_the_machine_that_is_described(tmp_path, platform, exact, board):
    """TCG with all that it emulates, or KVM; the board, its HPET with messages, the disk at line
    15; counted time or none."""
    machine = Machine(platform=platform, board=board, exact=exact, build=BUILD)
    line = " ".join(command_line(machine, tmp_path, "cd.iso", "disk.img"))
    assert (
        f"-machine {board} " in line
        and "-global hpet.msi=on" in line
        and "isa-debug-exit,iobase=0xf4" in line
    )
    assert PROCESSORS[platform] in line and line.count("-accel") == 1
    counted = platform == "qemu" and exact
    assert (f"-icount shift={SHIFT},sleep=off -rtc clock=vm," in line) == counted == machine.counted
    assert ("isa-ide,id=second,iobase=0x170,iobase2=0x376,irq=15" in line) == (board == "q35")


@pytest.mark.parametrize("platform", platforms.ON_KVM)
@pytest.mark.parametrize(
    "extra",
    [
        ["-accel", "kvm,kernel-irqchip=split"],
        ["-machine", "pc,kernel_irqchip=split"],
    ],
)
def test_8259s_that_mix_up_two_VMs_are_refused(tmp_path, platform, extra):
    """kernel-irqchip=split delivers one VM's interrupt to another, however it is asked for."""
    machine = Machine(platform=platform, extra=extra, build=BUILD)
    with pytest.raises(QemuError, match="kernel-irqchip=split: QEMU acknowledges an interrupt for"):
        command_line(machine, tmp_path, "cd.iso", "disk.img")


# ---- What it does not do as the hardware does ----------------------------------------------------

COM2, COM4, LINE = 0x2F8, 0x2E8, 3


@pytest.mark.only_on("qemu", "qemu-irqmux")
def test_two_uarts_on_one_line_are_not_ored():
    """Why R15's streams are skipped on QEMU: COM4's line falls, and takes away COM2's request on
    the same line."""
    with Standing(
        shutil.which("qemu-system-x86_64"),
        extra=[
            "-device",
            f"isa-serial,chardev=com4,iobase={COM4},irq={LINE}",
            "-chardev",
            "null,id=com4",
        ],
    ) as machine:
        machine.ask("outb", 0x4D0, 1 << LINE)  # by level, so that IRR shows the line
        for port, value in ((0x20, 0x11), (0x21, 0x08), (0x21, 0x04), (0x21, 0x01), (0x21, 0xFF)):
            machine.ask("outb", port, value)

        def requests():
            return machine.ask("inb", 0x20) >> LINE & 1

        machine.transmitter_empty(COM2, True)
        assert requests() == 1
        machine.transmitter_empty(COM4, True)
        machine.transmitter_empty(COM4, False)
        assert requests() == 0, "lines are ORed: take the skips of R15 away (conftest.py)"
        assert machine.ask("inb", COM2 + 2) & 0x0F == 2, "COM2 has its request still"


@pytest.mark.only_on("qemu")
def test_a_pause_behind_an_sti_shields_the_next_instruction(boot):
    """Why no guest of the project waits by `sti; pause; cli`: on QEMU 7.2 such a guest gets no
    interrupt, on the bare machine too, until it takes its own request away five times."""
    report = boot(None, [vandal("do=stream n=9 busy=2")], platform="qemu", board="pc")
    handled = 0 if qemu_release() < (10,) else 9
    assert report.record("count", line=3)["handled"] == handled, report


# ---- Runs ----------------------------------------------------------------------------------------


def main_job(system, **options):
    return system(
        "", [pulse("probes=uart,pit,cpuid n=200 seconds=1"), scribe("rounds=40")], **options
    )


def test_a_run_repeats_to_the_byte(system, repeats):
    """Both guests, disk, RTC, PIT and UART, slices and tables of TSC ticks: the same text twice."""
    first, second = (main_job(system, again=again) for again in ("", "again"))
    assert first.status == 0, first
    assert first.console == second.console


def test_a_run_in_real_time_ends_well(system):
    """Free-running: nothing is lost there either. An interrupt of the RTC's or the disk's may come
    without a cause on pc, where a request that the chip may have dropped is told
    (docs/limits.md)."""
    report = main_job(system, exact=False)
    assert report.status == 0, report
    disk, rtc = (report.record("count", line=line) for line in (15, 8))
    assert disk["handled"] - disk["idle"] == disk["expected"] and disk["lost"] == 0
    assert rtc["lost"] == 0 and disk["idle"] <= IDLE_MOST and rtc["idle"] <= IDLE_MOST


@pytest.mark.parametrize("board", ["pc", "q35"])
def test_R08_soft_loses_nothing(boot, where, board):
    """R08: the model in the VMM, beside nothing but stock parts: both guests do their work.
    QEMU's 8259s keep an edge whose line has fallen, so a request that a device took back is told
    (docs/limits.md)."""
    report = boot(
        "chipset=soft",
        [pulse("probes=uart,pit n=500"), scribe("rounds=40")],
        platform=where.platform,
        board=board,
    )
    all_ok(report, "pulse", 6)
    all_ok(report, "scribe", 5)
    disk = report.record("count", line=15)
    assert disk["handled"] == disk["expected"] and disk["lost"] == 0
    assert 1.9 <= report.latency("uart").exits / report.latency("uart").interrupts <= 2.1


def test_a_guest_that_never_ends_is_ended(where, tmp_path):
    """No verdict: the time limit ends the emulator, and says so."""
    machine = Machine(
        vmm=f"console=com1 {where.words}",
        modules=[scribe("rounds=1000000 busy=1")],
        ips=IPS,
        build=BUILD,
        **{"platform": PLATFORM, "board": BOARD, **where.options()},
    )
    result = machine.run(tmp_path, timeout=6)
    assert result.end == "timeout" and result.status is None
    assert "no 'end: status' line within 6 s" in result.explain()


@pytest.mark.only_on("qemu")
@pytest.mark.parametrize("board", ["pc", "q35"])
def test_make_run_on_qemu(make, board):
    """make run PLATFORM=qemu BOARD=...: says what it takes, boots, ends by itself with status 0."""
    done = make("run", PLATFORM="qemu", BOARD=board)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (
        f"run: platform qemu, board {board}: as asked for; an instruction takes 32 ns of its time\n"
        in done.stdout
    )
    assert done.stdout.count("signalbox: end: status 0\n") == 1
