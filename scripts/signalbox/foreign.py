# SPDX-License-Identifier: BSD-2-Clause
"""Systems that nobody here wrote, out of the distribution's packages: each boots on the bare
machine and in a VM, and says of itself the same on both (docs/foreign.md).

Rule: a system is taken as it is packaged. What is compared are lines that the system prints about
itself, so a system that stops early, or finds another machine, is seen.
"""

import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from .linux import complaints
from .machine import Machine, Module
from .media import DISK_MODULES, MediaError, make_grub_disk, write_iso
from .platforms import choose
from .qemu import Monitor, QemuError
from .texts import text_of

VIDEO, VIDEO_BYTES, COLUMNS = 0xB8000, 80 * 25 * 2, 80
LOOK_SECONDS = 0.5
PLATFORMS = ("qemu-irqmux", "qemu")
# Of the VMs.
PIT = "irq=0 io=0x40-0x43,0x61,0x80"
PIT_KEYBOARD_SCREEN = "irq=0,1 io=0x40-0x43,0x60-0x61,0x64,0x80,0x3b0-0x3df"
TEXT_MEMORY = "mmio=0xb8000-0xbffff"
SCREEN_OF_BIOS = "mmio=0xa0000-0xbffff"
PORTS_OF_BIOS = (
    "io=0x40-0x43,0x60-0x61,0x64,0x80,0x170-0x177,0x376,0x3b0-0x3df,0x1ce-0x1cf"
)
DISK = "irq=3,15 io=0x80,0x170-0x177,0x376,0x2f8-0x2ff"
LINUX_TEXT = "console=ttyS0 cryptomgr.notests seconds=1"
LINUX_SAYS = (
    r"Linux version .*",
    r"Run /init as init process",
    r"ttyS0 at I/O 0x3f8 \(irq = 4, .* is a 16550A",
    r"init: Linux \S+ is in user space, clocksource tsc",
)
LINUX_END = r"^init: a second before the end"
# iPXE begins in real mode.
IPXE_MENU = """
set timeout=0
menuentry iPXE {
  linux16 /boot/ipxe.lkrn
}
"""


@dataclass(frozen=True)
class System:
    """A system of the corpus.

    files    of packages: (package, name in foreign/, path in the package); the first one's version
             is the system's
    bare     the lines of GRUB's menu: (command, file, words); empty: the disk boots
    guest    the modules of the VM, whose name is the system's
    says     patterns; the first match of each is compared
    over     the text that ends a run
    where    what the system prints to: com1, com2 or screen
    disk     the machine's disk: a function of the build directory
    linux    the text is a Linux kernel's log, which may have no complaint
    """

    name: str
    title: str
    files: tuple = ()
    bare: tuple = ()
    guest: tuple = ()
    says: tuple = ()
    over: str = ""
    where: str = "com1"
    loader: str = "linux normal"
    memory: int = 256
    disk: object = None
    linux: bool = False


def linux(name, title, files, kernel):
    own = f"vm={name} type=linux mem=192M acpi uart=com1 {PIT} -- {LINUX_TEXT}"
    return System(
        name,
        title,
        files,
        (("linux", kernel, LINUX_TEXT), ("initrd", "linux/initrd", "")),
        (Module(kernel, own), Module("linux/initrd", f"of={name}")),
        LINUX_SAYS,
        LINUX_END,
        linux=True,
    )


def ipxe_disk(build):
    disk = Path(build) / "foreign" / "ipxe.img"
    make_grub_disk(IPXE_MENU, [disk.with_suffix(".lkrn")], disk, f"{DISK_MODULES} linux16")
    return disk


MEMTEST_TEXT = "nopause nosm"
SYSTEMS = (
    linux("linux", "Linux, Debian's cloud kernel", (), "linux/vmlinuz"),
    linux(
        "generic",
        "Linux, Debian's generic kernel",
        (("linux-image-amd64", "generic", "boot/vmlinuz-*"),),
        "foreign/generic",
    ),
    System(
        "bios",
        "SeaBIOS, GRUB, Linux, from a disk",
        guest=(Module("bios/bios.bin", f"vm=bios type=bios mem=192M pit {DISK}"),),
        says=(
            r"GNU GRUB +version \S+",
            r"Linux version .*",
            r"init: Linux \S+ is in user space, clocksource tsc",
        ),
        over=LINUX_END,
        where="com2",
        disk=lambda build: Path(build) / "bios" / "disk.img",
        linux=True,
    ),
    System(
        "memtest",
        "memtest86+",
        (("memtest86+", "memtest", "boot/memtest86+x64.bin"),),
        (("linux", "foreign/memtest", MEMTEST_TEXT),),
        (
            Module(
                "foreign/memtest",
                f"vm=memtest type=linux mem=32M {PIT_KEYBOARD_SCREEN} {TEXT_MEMORY}"
                f" -- {MEMTEST_TEXT}",
            ),
        ),
        (
            r"Memtest86\+ v[\d.]+",
            r"│ +(QEMU .*)",
            r"L2 Cache: +\S+",
            r"#2 .*\]",
            r"Errors: 0",
        ),
        r"Test #2 ",
        "screen",
        memory=32,
    ),
    System(
        "invaders",
        "grub-invaders",
        (("grub-invaders", "invaders", "boot/invaders.exec"),),
        (("multiboot", "foreign/invaders", ""),),
        (
            Module(
                "foreign/invaders",
                f"vm=invaders mem=4M pc {PIT_KEYBOARD_SCREEN} {TEXT_MEMORY}",
            ),
        ),
        (r"-\*-", r"/ \\$"),
        r"/ \\$",
        "screen",
        "multiboot normal",
    ),
    System(
        "mach",
        "GNU Mach",
        (("gnumach-image-1.8-486", "mach", "boot/gnumach-*.gz"),),
        (("multiboot", "foreign/mach", "console=com0"),),
        (Module("foreign/mach", f"vm=mach mem=64M pc uart=com1 {PIT} -- console=com0"),),
        (
            r"GNU Mach \S+",
            r"vm_page: DMA: pages: \d+ \(\d+M\)",
            r"com 2 out of range",
            r"RTC time is 2000-01-01",
            r"panic .*bootstrap_create: No bootstrap code loaded with the kernel!",
        ),
        r"No bootstrap code loaded",
        loader="multiboot normal",
        memory=64,
    ),
    System(
        "ipxe",
        "iPXE, by GRUB, Bochs's BIOS and its VGA BIOS",
        (
            ("ipxe", "ipxe.lkrn", "boot/ipxe.lkrn"),
            ("bochsbios", "bochs.bin", "usr/share/bochs/BIOS-bochs-legacy"),
            ("vgabios", "vgabios.bin", "usr/share/vgabios/vgabios.bin"),
        ),
        guest=(
            Module(
                "foreign/bochs.bin",
                f"vm=ipxe type=bios mem=32M irq=0,1,15 {SCREEN_OF_BIOS} {PORTS_OF_BIOS}",
            ),
            Module("foreign/vgabios.bin", "of=ipxe"),
        ),
        says=(r"iPXE \S+ -- Open Source Network Boot Firmware", r"Features: .*"),
        over=r"^Features: .* Menu PXEXT",
        where="screen",
        memory=32,
        disk=ipxe_disk,
    ),
)


def fetch(systems, build):
    """Fetch the systems' packages. Returns whether all came."""
    wanted = ["=".join(file) for system in systems for file in system.files]
    script = Path(__file__).resolve().parents[1] / "foreign" / "packages.sh"
    command = [str(script), str(Path(build) / "foreign"), *wanted]
    return not wanted or subprocess.run(command, check=False).returncode == 0


def version_of(system, build):
    """The version of the system's package, or an empty text."""
    if not system.files:
        return ""
    file = Path(build) / "foreign" / f"{system.files[0][1]}.version"
    return file.read_text().strip() if file.exists() else ""


# ---- A run ---------------------------------------------------------------------------------------


class Watch:
    """What a system prints, and whether the run is over."""

    def __init__(self, system, name):
        self._system, self._name = system, name
        self._over = re.compile(system.over, re.MULTILINE)
        ends = rf"^signalbox: (?:vm {name}: (?:done|stopped|image refused)|module \d+ \({name}\): )"
        self._ended = re.compile(ends, re.MULTILINE)
        self._console, self._process, self._directory = "", None, None
        self._next = 0.0
        self.text = ""  # the newest screen, or all that came on a serial line

    def began(self, directory):
        self._directory = Path(directory)

    def started(self, process):
        self._process = process

    def hear(self, text):
        self._console += text

    def _screen(self):
        dump = self._directory / "screen.bin"
        monitor = Monitor(self._process)
        try:
            monitor.do("pmemsave", val=VIDEO, size=VIDEO_BYTES, filename=str(dump))
        finally:
            monitor.close()
        cells = dump.read_bytes()[::2].decode("cp437").replace("\0", " ")
        rows = [cells[n : n + COLUMNS].rstrip() for n in range(0, len(cells), COLUMNS)]
        return "\n".join(rows) + "\n"

    def _read(self):
        if self._system.where == "screen":
            return self._screen()
        if self._system.where == "com2":
            text = (self._directory / "com2.bin").read_bytes().decode(errors="replace")
        else:
            text = text_of(self._console, self._name) if self._name else self._console
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text.replace("\r", ""))

    def look(self):
        """Whether the run is over. A screen is looked at twice a second."""
        if self._process is None or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + LOOK_SECONDS
        try:
            self.text = self._read()
        except (OSError, QemuError):  # the machine begins, or has just ended
            return False
        return bool(self._over.search(self.text) or self._ended.search(self._console))


@dataclass
class Played:
    system: System
    bare: bool
    text: str
    seconds: float
    console: str
    said: list = field(default_factory=list)  # the match of each pattern, or None

    @property
    def problems(self):
        """Why the run is no good one by itself."""
        found = [
            f"no line like {pattern}"
            for pattern, said in zip(self.system.says, self.said)
            if said is None
        ]
        return found + (complaints(self.text) if self.system.linux and not self.bare else [])


def play(system, build, platform, directory, timeout=300):
    """Boot the system; platform: of the VMM, or None for the bare machine."""
    bare, build = platform is None, Path(build)
    disk = system.disk(build) if system.disk else False
    machine = Machine(
        vmm=None if bare else "console=com1 status=0 stay",
        modules=[] if bare else list(system.guest),
        platform="qemu" if bare else platform,
        board="pc",
        disk=False if bare else disk,
        memory=system.memory if bare else 256,
        direct=not bare,
        build=build,
    )
    if bare:
        machine.iso = Path(disk or directory / "boot.iso")
        if not disk:
            write_iso([(system.title, list(system.bare))], machine.iso, build, 0, system.loader)
    watch = Watch(system, "" if bare else system.name)
    result = machine.run(
        directory,
        timeout=timeout,
        stream=watch.hear,
        began=watch.began,
        started=watch.started,
        stop=watch.look,
    )
    found = [re.search(pattern, watch.text, re.MULTILINE) for pattern in system.says]
    said = [match and match[match.lastindex or 0].strip() for match in found]
    return Played(system, bare, watch.text, result.seconds, result.console, said)


def differences(bare, guest):
    """What keeps the two runs from being the same: lines for a person."""
    found = [f"bare: {text}" for text in bare.problems]
    found += [f"guest: {text}" for text in guest.problems]
    found += [
        f"bare: {there} | guest: {here}"
        for there, here in zip(bare.said, guest.said)
        if there is not None and here is not None and there != here
    ]
    return found


def choose_systems(names):
    """The systems of these names; all for none."""
    known = {system.name: system for system in SYSTEMS}
    for name in names:
        if name not in known:
            raise MediaError(f"SYSTEMS={name}: no such system; there are: {' '.join(known)}")
    return [known[name] for name in names] or list(SYSTEMS)


def choose_platform(name):
    """The VMM's platform for a name of PLATFORM."""
    platform = PLATFORMS[0] if name == "auto" else name
    if platform not in PLATFORMS:
        raise MediaError(
            f"PLATFORM={platform}: the screens are read in QEMU without KVM: "
            f"allowed are auto, {', '.join(PLATFORMS)}"
        )
    return choose(platform, "pc")[0]
