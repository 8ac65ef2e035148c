# SPDX-License-Identifier: BSD-2-Clause
"""The image of the machine that nests: an ISO with the distribution's Linux, whose initial root
file system holds KVM's modules, the installed QEMU and the runs (docs/nested-kvm.md).

Rule: a file has the same path in the image as on the host, so a command line of the host's scripts
runs there as it is. What depends on the installed versions alone is packed once and kept in the
user's cache.
"""

import gzip
import hashlib
import os
import re
import shlex
import stat
import subprocess
import tempfile
from pathlib import Path

from .linux import CONSOLE, DEVICE, DIRECTORY, FILE, archive, padded
from .media import MediaError, prune, write_iso
from .qemu import executable

INIT = Path(__file__).resolve().parents[1] / "nested" / "init"
# What QEMU loads for a PC: BIOS, multiboot and VAPIC code. The VGA BIOS is for runs with a screen.
FIRMWARE = (
    "bios-256k.bin",
    "kvmvapic.bin",
    "linuxboot_dma.bin",
    "multiboot_dma.bin",
    "vgabios-stdvga.bin",
)
# In the order of loading; KVM's module for the vendor follows. A kernel may lack some of these.
MODULES = ("irqbypass", "ccp", "kvm")
KEPT_BASES = 3
GRUB_MODULES = "linux normal"
KERNEL_WORDS = "console=ttyS0 quiet loglevel=3 cryptomgr.notests mitigations=off panic=-1"
NONE = (0, 0)


class Tree:
    """Members of an archive, each with the directories above it."""

    def __init__(self):
        self.members = {}

    def directory(self, path):
        path = Path(path)
        for place in [*list(path.parents)[::-1][1:], path]:
            self.members.setdefault(str(place)[1:], (DIRECTORY, b"", NONE))

    def file(self, path, content):
        self.directory(Path(path).parent)
        self.members[str(path)[1:]] = (FILE, content, NONE)

    def copy(self, path, source=None):
        self.file(path, Path(source or path).read_bytes())

    def device(self, path, numbers):
        self.directory(Path(path).parent)
        self.members[str(path)[1:]] = (DEVICE, b"", numbers)

    def archive(self):
        return archive([(name, *member) for name, member in self.members.items()])


def libraries(program):
    """The paths of all that the program loads at its start, the loader included."""
    said = subprocess.run(
        ["ldd", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if said.returncode or "not found" in said.stdout:
        raise MediaError(f"ldd {program}: {said.stdout.strip()}")
    return re.findall(r"(?:^\s*|=> )(/\S+) \(0x", said.stdout, re.MULTILINE)


def firmware(program):
    """The paths of QEMU's files for a PC, in the directories that QEMU looks through itself."""
    said = subprocess.run([program, "-L", "help"], stdout=subprocess.PIPE, text=True, check=True)
    found = []
    for name in FIRMWARE:
        places = [Path(directory) / name for directory in said.stdout.split()]
        path = next(filter(Path.exists, places), None)
        if path is None:
            raise MediaError(f"no {name} in {' '.join(said.stdout.split())}: is QEMU whole?")
        found.append(path)
    return found


def base_files(packages):
    """What the installed versions alone decide: pairs (path in the image, path here)."""
    program = executable()
    files = [(path, path) for path in [program, *libraries(program), *firmware(program)]]
    files += [("/bin/busybox", packages / "busybox"), ("/init", INIT)]
    return files + [(f"/nested/{path.name}", path) for path in sorted(packages.glob("*.ko"))]


def base_key(files):
    """A word that changes with each of the files, and with this one."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path, source in files:
        about = os.stat(source)
        digest.update(repr((str(path), about.st_size, about.st_mtime_ns)).encode())
    return digest.hexdigest()[:16]


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "signalbox" / "nested"


def base(packages):
    """The packed archive of the base files, from the cache or made."""
    files = base_files(packages)
    prune(cache(), KEPT_BASES)
    path = cache() / f"{base_key(files)}.cpio.gz"
    if path.exists():
        os.utime(path)
        return path.read_bytes()
    tree = Tree()
    for name in ("/dev", "/proc", "/sys", "/run", "/tmp"):
        tree.directory(name)
    tree.device("/dev/console", CONSOLE)
    for name, source in files:
        tree.copy(name, source)
    packed = gzip.compress(tree.archive(), compresslevel=1, mtime=0)
    with tempfile.NamedTemporaryFile(dir=cache(), delete=False) as file:
        file.write(packed)
    os.chmod(file.name, stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
    os.replace(file.name, path)
    return packed


def script(command, directory):
    """The shell's text that runs QEMU."""
    return f"cd {shlex.quote(str(directory))}\nexec {shlex.join(command)}\n"


def own(commands, files, vendor_words):
    """The archive of the runs: commands by name, in order; the host's files that the commands name;
    KVM's module for the vendor, with its parameters."""
    tree = Tree()
    modules = [*MODULES, vendor_words]
    tree.file("/nested/modules", ("\n".join(modules) + "\n").encode())
    tree.file("/nested/order", ("\n".join(commands) + "\n").encode())
    for name, command in commands.items():
        tree.file(f"/nested/runs/{name}", script(command, Path("/run") / name).encode())
    for path in files:
        tree.copy(path)
    return tree.archive()


def make_initrd(packages, commands, files, vendor_words, directory, packed):
    """Make the initial root file system in the directory; its path."""
    initrd, common = directory / "initrd", base(packages)
    common = padded(common if packed else gzip.decompress(common))
    initrd.write_bytes(common + own(commands, files, vendor_words))
    return initrd


def make_image(packages, initrd, directory):
    """Make the ISO in the directory; its path."""
    iso = directory / "nested.iso"
    lines = [("linux", str(packages / "vmlinuz"), KERNEL_WORDS), ("initrd", str(initrd), "")]
    write_iso([("nested KVM", lines)], iso, directory, modules=GRUB_MODULES)
    return iso
