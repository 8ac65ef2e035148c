# SPDX-License-Identifier: BSD-2-Clause
"""Stock QEMU: with KVM where the host nests virtualisation; else TCG, which emulates a processor
with AMD's SVM.

Rule: the verdict is the console's line. How QEMU itself ends says nothing.

An exact run repeats to the byte, and its TSC counts instructions: 2^SHIFT ticks each (-icount),
the machine's time stands where the processor idles and jumps to the next event (sleep=off), and
the RTC follows it (clock=vm). One thing is left to the host then: when a disk's transfer ends,
which QEMU's main loop and its worker threads say. So they get a real-time priority on the very
CPU that runs the machine's processor: whatever an instruction starts is done before the next
one. Who may not use such priorities has the processor's thread run when the others idle
(SCHED_IDLE), which comes near to the same.
"""

import contextlib
import fcntl
import functools
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .media import find_image

CONSOLE_ON_STDIO = True
EXIT_PORT = 0xF4
BOARDS = ("pc", "q35")
IOMMUS = ("intel", "amd")
FIRMWARES = ("bios", "uefi")
# OVMF's code, and the file of its variables beside it: Debian's, Fedora's and Arch's.
OVMF = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "OVMF_VARS.4m.fd"),
)
TIME0 = "2000-01-01T00:00:00"
# 2^5 ns for each instruction: 31 million in a second of the machine's time.
SHIFT = 5
TICKS_PER_INSTRUCTION = 1 << SHIFT
# Relative: QEMU and we are in the run's directory, and a socket's path may not be long.
MONITOR = "monitor.socket"
MONITOR_SECONDS = 20.0
HELPERS_PRIORITY = 2
# By platform, KVM's words: where the 8259s are, and the processor. The block takes the place of
# QEMU's own 8259s, so all of the interrupt controllers are QEMU's. Linux offers a VM asynchronous
# page faults by interrupt, which need KVM's local APIC: QEMU 7.2 aborts unless they are off.
KVM = {
    "kvm": ("kvm,kernel-irqchip=on", "host"),
    "kvm-irqmux": ("kvm,kernel-irqchip=off", "host,kvm-asyncpf-int=off,kvm-asyncpf=off"),
}
# What counts the paths of the VMM, and the file in the run's directory that it writes
# (signalbox/paths.py).
PATHS_PLUGIN = Path("emulators/qemu/paths.so")
PATHS = "paths.txt"


class QemuError(Exception):
    """QEMU cannot be used here."""


def executable():
    path = shutil.which("qemu-system-x86_64")
    if not path:
        raise QemuError(
            "no qemu-system-x86_64: the package qemu-system-x86 is missing (make setup)"
        )
    return path


def check_irqchip(machine):
    """Refuse the place of the 8259s that mixes up two VMs' interrupts (docs/nested-kvm.md)."""
    if "kernel-irqchip=split" in ",".join(machine.extra).replace("_", "-"):
        raise QemuError(
            "kernel-irqchip=split: QEMU acknowledges an interrupt for the VM that runs, and KVM may"
            " deliver the vector to the next VM. PLATFORM=kvm has the 8259s in KVM"
            " (kernel-irqchip=on), PLATFORM=kvm-irqmux has the chipset block in QEMU"
            " (kernel-irqchip=off)"
        )


def check_iommu(machine):
    """QEMU ends without a word where the board has no place for the unit."""
    if machine.iommu and (machine.iommu not in IOMMUS or machine.board != "q35"):
        raise QemuError(
            f"IOMMU={machine.iommu}: BOARD=q35 alone has an IOMMU: {' or '.join(IOMMUS)}"
        )


def firmware(machine, directory):
    """UEFI's code is read-only, and the machine has variables of its own. BIOS is QEMU's own."""
    if machine.firmware not in FIRMWARES:
        raise QemuError(
            f"FIRMWARE={machine.firmware}: no such firmware; there are: {' '.join(FIRMWARES)}"
        )
    if machine.firmware == "bios":
        return []
    for code, variables in OVMF:
        if Path(code).exists():
            own = directory / "variables.fd"
            shutil.copyfile(Path(code).with_name(variables), own)
            flash = "if=pflash,format=raw,unit"
            return [
                "-drive",
                f"{flash}=0,readonly=on,file={code}",
                "-drive",
                f"{flash}=1,file={option(own)}",
            ]
    raise QemuError("FIRMWARE=uefi: no OVMF: the package ovmf is missing (make setup)")


def processor(machine):
    """An exact run takes TCG's counted instructions; KVM has no such thing."""
    if machine.platform in KVM:
        accelerator, model = KVM[machine.platform]
        return ["-accel", accelerator, "-cpu", model, "-rtc", f"base={TIME0}"]
    command = ["-accel", "tcg", "-cpu", "max"]
    if not machine.counted:
        return command + ["-rtc", f"base={TIME0}"]
    command += ["-icount", f"shift={machine.shift},sleep=off", "-rtc", f"clock=vm,base={TIME0}"]
    # RDRAND is QEMU's own generator: a Linux that takes other numbers runs other instructions.
    command += ["-seed", str(machine.seed)]
    return command + ["-S", "-qmp", f"unix:{MONITOR},server=on,wait=off"]


def option(path):
    """A path as a part of an option: a comma that is doubled ends nothing."""
    return str(path).replace(",", ",,")


def loads(machine, directory):
    """Where QEMU's own loader takes the images: the words for it. A line's first word is
    its image's name there. The images are linked into the run's directory, as the loader takes no
    path with a blank."""
    if machine.linux:
        kernel, initial, words = machine.linux
        return ["-kernel", str(kernel), "-initrd", str(initial), "-append", words]
    if not machine.direct:
        return ["-boot", "d"]
    command, modules = [], []
    for number, (_, image, words) in enumerate(machine.boot_lines()):
        link = directory / f"{number}-{Path(image).name}"
        link.unlink(missing_ok=True)
        link.symlink_to(find_image(image, machine.build).resolve())
        if number == 0:
            command = ["-kernel", link.name, "-append", " ".join(words.split())]
        else:
            modules.append(option(" ".join([link.name, *words.split()])))
    return command + (["-initrd", ",".join(modules)] if modules else [])


def drives(machine, iso, disk):
    """The CD to boot from (without an image an empty drive), and the disk at 170h and IRQ15, which
    q35's chipset has no IDE channel for."""
    cd = f"file={option(iso)},media=cdrom,format=raw,readonly=on" if iso else "media=cdrom"
    hd = f"file={option(disk)},media=disk,format=raw,cache=unsafe"
    if machine.board == "pc":
        return ["-drive", f"{cd},if=ide,index=0"] + (
            ["-drive", f"{hd},if=ide,index=2"] if disk else []
        )
    drive = f"ide-cd,drive=cd,bus=ide.0{',bootindex=0' if iso else ''}"
    command = ["-drive", f"{cd},if=none,id=cd", "-device", drive]
    command += ["-device", "isa-ide,id=second,iobase=0x170,iobase2=0x376,irq=15"]
    return command + (
        ["-drive", f"{hd},if=none,id=hd", "-device", "ide-hd,drive=hd,bus=second.0"] if disk else []
    )


def command_line(machine, directory, iso, disk, binary=None):
    if machine.board not in BOARDS:
        raise QemuError(f"BOARD={machine.board}: no such board; there are: {' '.join(BOARDS)}")
    check_irqchip(machine)
    check_iommu(machine)
    command = [
        binary or executable(),
        *processor(machine),
        "-machine",
        machine.board,
        "-smp",
        "1",
        "-m",
        str(machine.memory),
        *(["-device", f"{machine.iommu}-iommu"] if machine.iommu else []),
    ]
    command += firmware(machine, directory)
    command += ["-display", "none", "-no-reboot", *loads(machine, directory)]
    command += drives(machine, iso, disk)
    serial = ["-serial", "none"]
    if machine.serial:
        serial = ["-serial", "stdio", "-serial", f"file:{directory / 'com2.bin'}"]
    command += [*serial, "-monitor", "none", "-nic", "none"]
    if machine.com4:
        command += [
            "-chardev",
            "null,id=com4",
            "-device",
            "isa-serial,chardev=com4,iobase=0x2e8,irq=3",
        ]
    # The VMM's slices are a comparator of the HPET, whose interrupt is a message.
    command += [
        "-global",
        "hpet.msi=on",
        "-device",
        f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=0x04",
    ]
    return command + counting(machine, directory) + machine.extra


def counting(machine, directory):
    """The plugin that writes what each path of the VMM does (emulators/qemu/paths.c)."""
    if not machine.paths:
        return []
    path = Path(machine.build).resolve() / PATHS_PLUGIN
    if not path.exists():
        raise QemuError(f"no {path}: make {Path(machine.build) / PATHS_PLUGIN} builds it")
    return ["-plugin", f"{option(path)},out={option(directory / PATHS)}"]


def configure(machine, directory, iso, disk, _serial_device):
    """The command and its environment; QEMU needs no configuration file."""
    return command_line(machine, directory, iso, disk), dict(os.environ)


def read_log(directory):
    """(panics, what QEMU itself said)."""
    try:
        return [], (directory / "emulator.txt").read_text(errors="replace")
    except OSError:
        return [], ""


# ---- Exact runs ----------------------------------------------------------------------------------


@functools.cache
def may_be_exact():
    """Whether this user may give a thread a real-time priority; tried on a process of ours. The
    process is a new one, as a fork of a process with threads may stand still."""
    text = f"import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param({HELPERS_PRIORITY}))"
    tried = subprocess.run([sys.executable, "-c", text], stderr=subprocess.DEVNULL, check=False)
    return tried.returncode == 0


sharers = itertools.count()  # runs of this process that had to share a CPU


@contextlib.contextmanager
def own_cpu():
    """A CPU that no other exact run uses as long as there are enough; its number."""
    cpus = sorted(os.sched_getaffinity(0))
    for cpu in cpus:
        with open(
            Path(tempfile.gettempdir()) / f"signalbox-{os.getuid()}-cpu{cpu}.lock", "w"
        ) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield cpu
            return
    yield cpus[(os.getpid() + next(sharers)) % len(cpus)]


def has_ended(number):
    """Whether there is no such process, or nobody has taken its end yet (proc(5): the state
    follows the name)."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class Monitor:
    """The machine protocol of the QEMU of that process: a line of JSON for each command and for
    each answer, events in between."""

    def __init__(self, number):
        deadline = time.monotonic() + MONITOR_SECONDS
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(MONITOR_SECONDS)
        while True:
            try:
                self.socket.connect(f"/proc/{number}/cwd/{MONITOR}")
                break
            except OSError as error:
                if has_ended(number) or time.monotonic() > deadline:
                    raise QemuError(f"QEMU did not start: {error}") from error
                time.sleep(0.01)
        self.file = self.socket.makefile("rw")
        self.do("qmp_capabilities")

    def do(self, command, **arguments):
        try:
            self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.file.flush()
            for text in self.file:
                answer = json.loads(text)
                if "return" in answer or "error" in answer:  # neither its greeting nor an event
                    return answer.get("return")
        except OSError as error:
            raise QemuError(f"QEMU ended at '{command}': {error}") from error
        raise QemuError(f"QEMU ended at '{command}'")

    def close(self):
        self.file.close()
        self.socket.close()


def arrange_threads(process, processor_thread, cpu):
    """All on one CPU, the machine's processor behind the others."""
    real_time = may_be_exact()
    for thread in map(int, os.listdir(f"/proc/{process.pid}/task")):
        try:
            os.sched_setaffinity(thread, {cpu})
            if thread != processor_thread and real_time:
                os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(HELPERS_PRIORITY))
            elif thread == processor_thread and not real_time:
                os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        except OSError:  # it has ended, or this system knows no such thing
            continue


@contextlib.contextmanager
def begun(machine, process):
    """Let a machine that waits for it begin; what is arranged lasts as long as the context."""
    if not machine.counted:
        yield
        return
    with own_cpu() as cpu:
        try:
            monitor = Monitor(process.pid)
        except QemuError:  # emulator.txt says why, and the run ends as one that has stopped
            yield
            return
        try:
            arrange_threads(process, monitor.do("query-cpus-fast")[0]["thread-id"], cpu)
            monitor.do("cont")
        finally:
            monitor.close()
        yield
