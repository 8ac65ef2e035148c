# SPDX-License-Identifier: BSD-2-Clause
"""A machine to boot, described; and what came of it.

Rule: a description is data. The emulators' modules turn it into their own configuration.
"""

import contextlib
import importlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import media
from .images import VMM_IMAGE, file_with_symbols, image_for
from .platforms import ON_KVM, ON_QEMU
from .qemu import SHIFT
from .session import Session

BUILD = Path(os.environ.get("BUILD", "build"))
CPU = "corei7_skylake_x"
# The module beside this one that makes an emulator's command of a description.
EMULATORS = {
    "bochs": "bochs",
    "bochs-irqmux": "bochs_irqmux",
    "bochs-rtl": "bochs_irqmux",
    "kvm": "qemu",
    "kvm-irqmux": "qemu_irqmux",
    "qemu": "qemu",
    "qemu-irqmux": "qemu_irqmux",
    "qemu-rtl": "qemu_irqmux",
    "qemu-x2apic": "qemu_x2apic",
}
# What a run leaves in its directory; an earlier run's must not be taken for this one's.
OUTPUTS = (
    "console.txt",
    "com1.txt",
    "com2.bin",
    "bochs.log",
    "emulator.txt",
    "disk.img.lock",
    "monitor.socket",
    "paths.txt",
    "times.txt",
)


@dataclass(frozen=True)
class Module:
    """A multiboot module: a file, and the words of its line."""

    image: str
    line: str = ""


@dataclass
class Result:
    """How a run ended.

    end is "status" (the console's verdict came), "panic" (the emulator gave up), "timeout",
    "exited" (it stopped with no verdict) or "interrupted" (Ctrl-C). typed says for each text of
    type_in how long the console was when the text was typed.
    """

    end: str
    status: int | None
    console: str
    seconds: float
    panics: list[str]
    log: str
    com2: bytes
    directory: Path
    timeout: float
    typed: list[int] = field(default_factory=list)

    @property
    def ok(self):
        return self.end == "status" and self.status == 0

    @property
    def lines(self):
        return self.console.splitlines()

    def explain(self, tail=15):
        """What happened, for a person: the verdict or its absence, the emulator's last words,
        the console's tail."""
        what = {
            "status": f"the run ended with status {self.status}",
            "panic": "the emulator stopped",
            "timeout": f"no 'end: status' line within {self.timeout:.0f} s",
            "exited": "the emulator ended, and no 'end: status' line had come",
            "interrupted": "interrupted",
        }[self.end]
        text = [what + f" (after {self.seconds:.1f} s)"]
        text += [f"  emulator: {line}" for line in self.panics]
        if not self.ok and self.end != "interrupted":
            if tail:
                text += [f"  console: {line}" for line in self.lines[-tail:]] or [
                    "  console: nothing came"
                ]
            if self.end in ("exited", "panic"):
                text += [f"  log: {line}" for line in self.log.splitlines()[-5:]]
        return "\n".join(text)


@dataclass
class Machine:
    """One boot of one machine.

    vmm      the VMM's command line; None boots the one module in `modules` on the bare machine
    modules  images and their lines; an image is a path, or a name in the build directory
    board    QEMU: the machine type, "pc" or "q35"
    iommu    QEMU's q35: the vendor of the unit that confines DMA, "intel" or "amd"; "": none
    firmware QEMU: what boots the machine, "bios" or "uefi"
    loader   the loader's protocol for the VMM, 1 or 2 (multiboot); None: 2 where the firmware is
             UEFI, as multiboot 1 hands over no ACPI there
    exact    QEMU without KVM: a run in time that is counted by instructions, which repeats to the
             byte where nobody types; False: in real time. A keyboard goes with both
    shift    QEMU, exact: an instruction takes 2^shift ns of the machine's time
    disk     a disk of 10 MiB at least at the second IDE channel (True: zeros, bytes: its first
             bytes, a path: a copy of that file, False: none)
    serial   QEMU: COM1 and COM2 are there
    iso      an image to boot from, in the place of one that is made of vmm and modules
    direct   QEMU: its own multiboot loader takes the images, so GRUB and the CD are not needed
    linux    QEMU: instead of all images a Linux that QEMU's own loader takes: (kernel, initial root
             file system, words)
    com4     a UART at 2E8h whose line is COM2's (3)
    type_in  what to type on COM1: pairs of (regular expression that the console must match first,
             text)
    log_actions  Bochs: device or "all" to action by event, e.g. {"panic": {"PIC": "report"}}
    extra    Bochs: further lines of its configuration; QEMU: further words of its command line
    environment  variables for the emulator, e.g. {"IRQMUX_NMI_US": "700"}
    paths    QEMU without KVM: what each path of the VMM does goes to paths.txt in the run's
             directory
    """

    vmm: str | None = "console=com1"
    modules: list[Module] = field(default_factory=list)
    platform: str = "bochs"
    board: str = "pc"
    iommu: str = ""
    firmware: str = "bios"
    loader: int | None = None
    exact: bool = True
    shift: int = SHIFT
    seed: int = 1
    disk: bool | bytes | Path = True
    serial: bool = True
    iso: Path | None = None
    direct: bool = False
    linux: tuple[Path, Path, str] | None = None
    com4: bool = False
    ips: int = 20_000_000
    memory: int = 256
    cpu: str = CPU
    vmm_image: str = VMM_IMAGE
    type_in: list[tuple[str, str]] = field(default_factory=list)
    log_actions: dict[str, dict[str, str]] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    paths: bool = False
    build: Path = BUILD

    @property
    def counted(self):
        """Whether this is QEMU counting instructions."""
        return self.exact and self.platform in ON_QEMU and self.platform not in ON_KVM

    @property
    def _types_along(self):
        """Whether somebody types into a machine whose time would fly: what is typed has its
        moment."""
        return self.counted and bool(self.type_in)

    @property
    def unit(self):
        """The words that tell a guest what its TSC counts."""
        if self.counted:
            return f"unit=instructions ticks={1 << self.shift}"
        return "unit=cycles" if self.platform in ON_QEMU else "unit=instructions"

    @property
    def symbols(self):
        """The file with the symbols of the VMM's image that this machine boots."""
        return file_with_symbols(self.build, image_for(self.vmm_image, self.vmm or ""))

    def boot_lines(self):
        """(GRUB command, image, words) in order."""
        if self.vmm is None:
            if len(self.modules) != 1:
                raise ValueError("a bare machine boots exactly one image")
            return [("multiboot", self.modules[0].image, self.modules[0].line)]
        lines = [("multiboot", image_for(self.vmm_image, self.vmm), self.vmm)] + [
            ("module", m.image, m.line) for m in self.modules
        ]
        loader = self.loader or (2 if self.firmware == "uefi" else 1)
        return media.by_multiboot2(lines) if loader == 2 else lines

    def image(self):
        """The path of the image to boot from, given or made; None: there is no CD."""
        if self.direct or self.linux:
            return None
        if self.iso:
            return self.iso.resolve()
        return media.make_iso(self.boot_lines(), self.build, self.firmware)

    def prepare(self, directory):
        """Make the boot image, the disk and the emulator's configuration; returns the emulator's
        module."""
        directory = Path(directory).resolve()
        directory.mkdir(parents=True, exist_ok=True)
        for name in OUTPUTS:
            (directory / name).unlink(missing_ok=True)
        iso = self.image()
        disk = None
        if self.disk is not False:
            disk = directory / "disk.img"
            media.make_disk(disk, b"" if self.disk is True else self.disk)
        return (
            importlib.import_module(f".{EMULATORS[self.platform]}", __package__),
            directory,
            iso,
            disk,
        )

    def run(
        self,
        directory=None,
        timeout=120.0,
        stream=None,
        keyboard=None,
        grace=15.0,
        started=None,
        paced=False,
        stop=None,
        began=None,
    ):
        """Boot, and wait for the verdict.

        directory  where configuration and logs go; None: one of its own under the build directory,
                   removed when all went well
        stream     called with each piece of console text (str) as it comes
        keyboard   a file descriptor whose bytes go to COM1 while the machine runs
        grace      seconds that the machine may take to power off after the verdict
        started    called with the emulator's process number once it runs
        paced      the machine's time goes no faster than the user's (pace.py); KVM's never does
        began      called with the run's directory before the emulator starts
        stop       called all the time; when it says True the machine is ended, as by Ctrl-C
        """
        temporary = directory is None
        if temporary:
            runs = Path(self.build) / "runs"
            media.prune(runs, keep=20)
            directory = tempfile.mkdtemp(prefix=f"{self.platform}-", dir=runs)
        emulator, directory, iso, disk = self.prepare(directory)
        if began:
            began(directory)
        with Session(directory) as session:
            command, environment = emulator.configure(
                self, directory, iso, disk, session.serial_device
            )
            environment.update(self.environment)
            session.start(command, environment, console_on_stdio=emulator.CONSOLE_ON_STDIO)
            if started:
                started(session.process.pid)
            begun = getattr(emulator, "begun", None)
            with begun(self, session.process) if begun else contextlib.nullcontext():
                end, status = session.wait(
                    timeout,
                    stream,
                    keyboard,
                    list(self.type_in),
                    grace,
                    (paced or self._types_along) and self.platform not in ON_KVM,
                    stop,
                )
        (directory / "console.txt").write_text(session.console)
        panics, log = emulator.read_log(directory)
        if end == "exited" and panics:
            end = "panic"
        com2 = directory / "com2.bin"
        result = Result(
            end=end,
            status=status,
            console=session.console,
            seconds=session.seconds,
            panics=panics,
            log=log,
            com2=com2.read_bytes() if com2.exists() else b"",
            directory=directory,
            timeout=timeout,
            typed=session.typed,
        )
        if temporary and (result.ok or end == "interrupted"):
            shutil.rmtree(directory, ignore_errors=True)
        return result
