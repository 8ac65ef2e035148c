# SPDX-License-Identifier: BSD-2-Clause
"""What a machine boots from and writes to: GRUB ISO images and disk images.

Rule: an ISO is named by the hash of what is in it, and made once.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .images import is_vmm

GRUB_OPTIONS = ["--locales=", "--fonts=", "--themes="]
# Each tool by Debian's and Arch's name, then by Fedora's.
GRUB_RESCUE = ("grub-mkrescue", "grub2-mkrescue")
GRUB_IMAGE = ("grub-mkimage", "grub2-mkimage")
XORRISO = ("xorriso",)
PACKAGES = {GRUB_RESCUE: "grub-common", GRUB_IMAGE: "grub-common", XORRISO: "xorriso"}
# GRUB's directory for each firmware, named as GRUB names its platforms.
GRUB_ROOT = Path("/usr/lib/grub")
GRUB_PLATFORMS = {"bios": "i386-pc", "uefi": "x86_64-efi"}
GRUB_DIRECTORY = GRUB_ROOT / GRUB_PLATFORMS["bios"]
# What GRUB's core for a PC BIOS needs to read a CD.
GRUB_CORE = ("biosdisk", "iso9660")
# What a menu by UEFI needs beside the loader. UEFI's GRUB asks for each kind of partition table,
# and says so where it has not got one.
UEFI_MODULES = "normal all_video test" + "".join(
    f" part_{kind}" for kind in "acorn amiga apple bsd dfly dvh gpt msdos plan sun sunpc".split()
)
GRUB_UEFI_PACKAGE = "grub-efi-amd64-bin"
# How many images stay, and how long (s) each stays in any case: a machine may be about to boot it.
KEPT_IMAGES, KEPT_SECONDS = 20, 600.0

# Bochs and QEMU take the geometry as it is; 10 MiB at least.
DISK_CYLINDERS, DISK_HEADS, DISK_SECTORS = 20, 16, 63
CYLINDER_BYTES = DISK_HEADS * DISK_SECTORS * 512
# The most cylinders that ATA's numbers of 16 bits with 16 heads take (ATA-1, IDENTIFY DEVICE).
DISK_CYLINDERS_MAX = 65535
# What a GRUB on a disk has: a menu on a serial line, multiboot kernels and Linux.
DISK_MODULES = "normal serial terminal echo multiboot linux biosdisk part_msdos iso9660"


class MediaError(Exception):
    """A boot or disk image could not be made."""


def last_use(path):
    try:
        return path.stat().st_mtime
    except OSError:  # another run has removed it
        return 0.0


def prune(directory, keep, age=3600.0):
    """Make the directory, and remove its oldest entries beyond `keep` that nobody has used for
    `age` seconds."""
    directory.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - age
    for path in sorted(directory.iterdir(), key=last_use, reverse=True)[keep:]:
        if last_use(path) < oldest:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def spare(directory):
    """Remove what a run that went well leaves and nobody reads: its disk, and what COM2 sent."""
    for name in ("disk.img", "com2.bin"):
        (Path(directory) / name).unlink(missing_ok=True)


def find_image(name, build):
    """The file that an image's name means: a path, or a name in the build directory or its
    guests."""
    build = Path(build)
    plain = name.removeprefix("/boot/")
    for path in (Path(name), build / plain, build / "guests" / plain):
        if path.is_file():
            return path
    raise MediaError(f"no image '{name}' (looked in {build} and {build}/guests): run make first")


def quote_for_grub(words):
    """A command line as GRUB's script language takes it: each word in single quotes where it
    needs them."""
    return " ".join(shlex.quote(word) for word in words.split())


def copy_images(root, lines, names):
    """Copy the images of these lines to /boot of the ISO's directory, each once; the lines as GRUB
    reads them. names: by file, its name there."""
    written = []
    for command, file, words in lines:
        if file not in names:
            name = file.name
            while name in names.values():
                name += "_"
            names[file] = name
            shutil.copyfile(file, root / "boot" / name)
        written.append(f"{command} /boot/{names[file]} {quote_for_grub(words)}".rstrip())
    return written


EFI = 'if [ "$grub_platform" = efi ]; then'


def for_each_firmware(lines, written):
    """The commands of a menu's entry, written for multiboot 1. By UEFI the VMM is booted by
    multiboot 2, as multiboot 1 hands over no ACPI there; by BIOS multiboot 1 leaves the screen in
    VGA's text mode. A guest alone knows multiboot 1."""
    if not is_vmm(lines[0][1]):
        return written
    second = [line.replace(" ", "2 ", 1) for line in written]
    return [EFI, *second, "else", *written, "fi"]


def write_tree(root, entries, timeout, hybrid=False):
    """The ISO's directory: images under /boot and the menu. entries: list of (title, [(command,
    file, words)]). hybrid: the menu is for each firmware."""
    boot = root / "boot" / "grub"
    boot.mkdir(parents=True)
    names = {}
    menu = [f"set timeout={timeout}", "set default=0"]
    if hybrid or entries[0][1][0][0] == "multiboot2":
        # UEFI has no text mode that outlives it, so the loader hands over a framebuffer.
        menu.append(f"{EFI} insmod all_video; fi")
    for title, lines in entries:
        menu.append(f"menuentry {shlex.quote(title)} {{")
        written = copy_images(root, lines, names)
        if hybrid:
            written = for_each_firmware(lines, written)
        menu += [f"\t{line}" for line in written]
        menu.append("}")
    (boot / "grub.cfg").write_text("\n".join(menu) + "\n")


def find_tool(names):
    """The path of a tool that has several names."""
    tool = next(filter(None, map(shutil.which, names)), None)
    if not tool:
        raise MediaError(
            f"no {' or '.join(names)}: the package {PACKAGES[names]} is missing (make setup)"
        )
    return tool


def run_tool(name, command, output):
    """Run a tool that makes a file."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode or not output.exists():
        raise MediaError(f"{name} failed:\n" + "\n".join(done.stdout.splitlines()[-10:]))


def by_multiboot2(lines):
    """The same lines for GRUB's multiboot 2."""
    return [(command + "2", image, words) for command, image, words in lines]


def grub_directory(firmware):
    """The directory with GRUB for this firmware; None: there is none where packages put it."""
    directory = GRUB_ROOT / GRUB_PLATFORMS[firmware]
    return directory if (directory / "multiboot2.mod").exists() else None


def grub_mkrescue(root, output, modules, firmware=None):
    """firmware: the one that boots the image; None: every one that GRUB is installed for."""
    command = [find_tool(GRUB_RESCUE), *GRUB_OPTIONS, "-o", str(output), str(root)]
    directory = grub_directory(firmware) if firmware else None
    if firmware == "uefi" and not directory:
        raise MediaError(
            f"no GRUB for UEFI in {GRUB_ROOT}: the package {GRUB_UEFI_PACKAGE} is missing"
            " (make setup)"
        )
    if directory:
        command[1:1] = [f"--directory={directory}"]
    if modules:
        command[1:1] = [f"--install-modules={modules}"]
    run_tool("grub-mkrescue", command, output)


def write_iso(entries, output, build, timeout=0, modules=None, firmware=None):
    """Make the ISO `output` with a menu. entries: list of (title, [(command, image, words)]).
    firmware: as in grub_mkrescue()."""
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    resolved = [
        (title, [(c, find_image(i, build), w) for c, i, w in lines]) for title, lines in entries
    ]
    with tempfile.TemporaryDirectory(dir=output.parent, prefix="iso-") as scratch:
        root = Path(scratch) / "root"
        write_tree(root, resolved, timeout, hybrid=firmware is None)
        image = Path(scratch) / "image.iso"
        grub_mkrescue(root, image, modules, firmware)
        os.replace(image, output)


def with_needed(module):
    """A module of GRUB's, and all modules that it needs."""
    try:
        text = (GRUB_DIRECTORY / "moddep.lst").read_text()
    except OSError as error:
        raise MediaError(
            f"no {GRUB_DIRECTORY}: the package grub-pc-bin is missing (make setup)"
        ) from error
    needs = {name: rest.split() for name, _, rest in (t.partition(":") for t in text.splitlines())}
    found, todo = [], [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.append(name)
            todo += needs.get(name, [])
    return found


def write_run_iso(lines, output, build):
    """Make the ISO `output` that a BIOS boots, with these lines at once. lines: list of (command,
    image, words).

    The lines are the configuration of GRUB's core. So GRUB reads no menu and begins no shell, which
    takes a third of GRUB's time on an emulated CD drive."""
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    resolved = [(command, find_image(image, build), words) for command, image, words in lines]
    with tempfile.TemporaryDirectory(dir=output.parent, prefix="iso-") as scratch:
        scratch = Path(scratch)
        root, core, image = scratch / "root", scratch / "root/boot/core.img", scratch / "image.iso"
        place = root / "boot/grub" / GRUB_DIRECTORY.name
        place.mkdir(parents=True)
        loader = lines[0][0]  # a command is named as its module
        for name in with_needed(loader):
            shutil.copy(GRUB_DIRECTORY / f"{name}.mod", place)
        shutil.copy(GRUB_DIRECTORY / "moddep.lst", place)
        copied = copy_images(root, resolved, {core: core.name})
        commands = [f"insmod {loader}", *copied, "boot"]
        (scratch / "lines").write_text("\n".join(commands) + "\n")
        command = [find_tool(GRUB_IMAGE), "-O", "i386-pc-eltorito", "-p", "/boot/grub"]
        command += ["-c", str(scratch / "lines"), "-o", str(core), *GRUB_CORE]
        run_tool("grub-mkimage", command, core)
        command = [find_tool(XORRISO), "-as", "mkisofs", "-quiet", "-R", "-o", str(image)]
        command += ["-b", str(core.relative_to(root)), "-no-emul-boot", "-boot-load-size", "4"]
        run_tool("xorriso", [*command, "-boot-info-table", str(root)], image)
        os.replace(image, output)


def make_iso(lines, build, firmware="bios"):
    """The ISO that boots these lines at once, from the cache or made."""
    build = Path(build)
    modules = f"{lines[0][0]} {UEFI_MODULES}" if firmware == "uefi" else " ".join(GRUB_CORE)
    digest = hashlib.sha256(f"{firmware} {modules}".encode())
    for command, image, words in lines:
        content = find_image(image, build).read_bytes()
        digest.update(repr((command, Path(image).name, words, len(content))).encode())
        digest.update(content)
    iso = build / "media" / f"{digest.hexdigest()[:24]}.iso"
    if iso.exists():
        os.utime(iso)
    prune(iso.parent, keep=KEPT_IMAGES, age=KEPT_SECONDS)
    if not iso.exists() and firmware == "uefi":
        write_iso([("run", lines)], iso, build, modules=modules, firmware=firmware)
    elif not iso.exists():
        write_run_iso(lines, iso, build)
    return iso.resolve()


def disk_cylinders(path):
    """The cylinders of a disk image of make_disk()."""
    return os.stat(path).st_size // CYLINDER_BYTES


def make_disk(path, first=b""):
    """A raw disk image of whole cylinders, DISK_CYLINDERS at least; sparse zeros after what is
    given: bytes, or the path of a file."""
    if isinstance(first, Path):
        try:
            shutil.copyfile(first, path)
        except OSError as error:
            raise MediaError(f"DISK={first}: {error.strerror}") from error
    else:
        Path(path).write_bytes(first)
    cylinders = max(DISK_CYLINDERS, -(-os.stat(path).st_size // CYLINDER_BYTES))
    if cylinders > DISK_CYLINDERS_MAX:
        raise MediaError(
            f"DISK={first}: the disk has {cylinders} cylinders of {CYLINDER_BYTES} bytes; "
            f"at most {DISK_CYLINDERS_MAX} fit"
        )
    os.truncate(path, cylinders * CYLINDER_BYTES)


def make_grub_disk(menu, files, output, modules=DISK_MODULES):
    """A disk that a BIOS boots: GRUB with the menu, and the files in /boot."""
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix="disk-") as scratch:
        root = Path(scratch) / "root"
        (root / "boot" / "grub").mkdir(parents=True)
        for file in files:
            shutil.copyfile(file, root / "boot" / Path(file).name)
        (root / "boot" / "grub" / "grub.cfg").write_text(menu)
        image = Path(scratch) / "disk.img"
        grub_mkrescue(root, image, modules, "bios")
        os.replace(image, output)
