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

# The fewest GRUB modules that read a menu from a CD and boot: an emulated CD drive is slow.
GRUB_MODULES = "multiboot normal"
# GRUB's directory for each firmware, named as GRUB names its platforms.
GRUB_PLATFORMS = {"bios": "i386-pc", "uefi": "x86_64-efi"}
# UEFI's GRUB asks for each kind of partition table, and says so where it has not got one.
GRUB_ALSO = {
    "bios": "",
    "uefi": " all_video test"
    + "".join(
        f" part_{kind}"
        for kind in "acorn amiga apple bsd dfly dvh gpt msdos plan sun sunpc".split()
    ),
}
GRUB_ROOT = Path("/usr/lib/grub")
GRUB_UEFI_PACKAGE = "grub-efi-amd64-bin"
GRUB_OPTIONS = ["--locales=", "--fonts=", "--themes="]
# One tool: Debian's and Arch's name, then Fedora's.
GRUB_TOOLS = ("grub-mkrescue", "grub2-mkrescue")
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


EFI = 'if [ "$grub_platform" = efi ]; then'


def commands(lines, names, hybrid):
    """The commands of a menu's entry. hybrid: by UEFI the VMM is booted by multiboot 2, as
    multiboot 1 hands over no ACPI there; by BIOS multiboot 1 leaves the screen in VGA's text
    mode. A guest alone knows multiboot 1."""

    def written(them):
        return [
            f"\t{command} /boot/{names[file]} {quote_for_grub(words)}".rstrip()
            for command, file, words in them
        ]

    if not hybrid or lines[0][1].name != "signalbox":
        return written(lines)
    return [f"\t{EFI}", *written(by_multiboot2(lines)), "\telse", *written(lines), "\tfi"]


def write_tree(root, entries, timeout, hybrid=False):
    """The ISO's directory: images under /boot and the menu. entries: list of (title, [(command,
    file, words)]). hybrid: as in commands()."""
    boot = root / "boot" / "grub"
    boot.mkdir(parents=True)
    names = {}
    menu = [f"set timeout={timeout}", "set default=0"]
    if hybrid or entries[0][1][0][0] == "multiboot2":
        # UEFI has no text mode that outlives it, so the loader hands over a framebuffer.
        menu.append(f"{EFI} insmod all_video; fi")
    for title, lines in entries:
        menu.append(f"menuentry {shlex.quote(title)} {{")
        for _, file, _ in lines:
            if file not in names:
                name = file.name
                while name in names.values():
                    name += "_"
                names[file] = name
                shutil.copyfile(file, root / "boot" / name)
        menu += [*commands(lines, names, hybrid), "}"]
    (boot / "grub.cfg").write_text("\n".join(menu) + "\n")


def grub_tool():
    """The path of the tool that makes the images."""
    tool = next(filter(None, map(shutil.which, GRUB_TOOLS)), None)
    if not tool:
        names = " or ".join(GRUB_TOOLS)
        raise MediaError(f"no {names}: the package grub-common is missing (make setup)")
    return tool


def by_multiboot2(lines):
    """The same lines for GRUB's multiboot 2."""
    return [(command + "2", image, words) for command, image, words in lines]


def grub_directory(firmware):
    """The directory with GRUB for this firmware; None: there is none where packages put it."""
    directory = GRUB_ROOT / GRUB_PLATFORMS[firmware]
    return directory if (directory / "multiboot2.mod").exists() else None


def grub_mkrescue(root, output, modules, firmware=None):
    """firmware: the one that boots the image; None: every one that GRUB is installed for."""
    command = [grub_tool(), *GRUB_OPTIONS, "-o", str(output), str(root)]
    directory = grub_directory(firmware) if firmware else None
    if firmware == "uefi" and not directory:
        raise MediaError(
            f"no GRUB for UEFI in {GRUB_ROOT}: the package {GRUB_UEFI_PACKAGE} is missing"
            " (make setup)"
        )
    if directory:
        command[1:1] = ["-d", str(directory)]
    if modules:
        command.insert(1, f"--install-modules={modules}")
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode or not output.exists():
        raise MediaError("grub-mkrescue failed:\n" + "\n".join(done.stdout.splitlines()[-10:]))


def write_iso(entries, output, build, timeout=0, modules=GRUB_MODULES, firmware=None):
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


def make_iso(lines, build, firmware="bios"):
    """The ISO that boots these lines at once, from the cache or made."""
    build = Path(build)
    modules = GRUB_MODULES.replace("multiboot", lines[0][0]) + GRUB_ALSO[firmware]
    digest = hashlib.sha256(f"{firmware} {modules}".encode())
    for command, image, words in lines:
        content = find_image(image, build).read_bytes()
        digest.update(repr((command, Path(image).name, words, len(content))).encode())
        digest.update(content)
    iso = build / "media" / f"{digest.hexdigest()[:24]}.iso"
    if iso.exists():
        os.utime(iso)
    prune(iso.parent, keep=KEPT_IMAGES, age=KEPT_SECONDS)
    if not iso.exists():
        write_iso([("run", lines)], iso, build, modules=modules, firmware=firmware)
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
