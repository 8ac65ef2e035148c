# SPDX-License-Identifier: BSD-2-Clause
"""The Linux guest: its initial root file system, an archive of cpio's "newc" form (Linux,
Documentation/driver-api/early-userspace/buffer-format.rst), and the complaints of its log.

Rule: the archive depends on its files alone: all times are 0, and root owns everything. So the
same files give the same bytes.
"""

import re
import stat
from pathlib import Path

DIRECTORY, FILE, LINK, DEVICE = (
    stat.S_IFDIR | 0o755,
    stat.S_IFREG | 0o755,
    stat.S_IFLNK | 0o777,
    stat.S_IFCHR | 0o600,
)
CONSOLE = (5, 1)  # the device's numbers
TRAILER = "TRAILER!!!"


def padded(data):
    """The data, with zeros up to a multiple of 4 bytes."""
    return data + bytes(-len(data) % 4)


def entry(number, name, mode, content=b"", device=(0, 0)):
    """A member of the archive: 13 numbers of 8 hexadecimal digits, the name, the content."""
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return padded(header + encoded) + padded(content)


def archive(members):
    """The archive of the members (name, mode, content, device numbers)."""
    members = [*members, (TRAILER, 0, b"", (0, 0))]
    return b"".join(entry(number, *member) for number, member in enumerate(members, 1))


def make_initrd(busybox, init, programs, output):
    """Write an archive whose /init is the script, and whose shell and tools are busybox. programs:
    further programs for /bin."""
    none = (0, 0)
    members = [(name, DIRECTORY, b"", none) for name in ("bin", "dev", "proc", "sys")]
    members.append(("dev/console", DEVICE, b"", CONSOLE))
    members.append(("bin/busybox", FILE, Path(busybox).read_bytes(), none))
    members.append(("bin/sh", LINK, b"busybox", none))
    for program in map(Path, programs):
        members.append((f"bin/{program.name}", FILE, program.read_bytes(), none))
    members.append(("init", FILE, Path(init).read_bytes(), none))
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(archive(members))


# What no good log has.
COMPLAINT = re.compile(
    r"self-?test.*fail|segfault|general protection|WARNING|BUG|\boops|panic|lockup|"
    r"stall|unstable|skew",
    re.IGNORECASE,
)
# The kernel's words about a machine without ACPI, about a host bridge by ACPI, about an IOMMU that
# is not there, and about the model of the processor.
NO_COMPLAINT = re.compile(
    r"ACPI BIOS Error \(bug\): A valid RSDP|if necessary, use .* and report a bug|"
    r"This is not a bug|RETBleed: WARNING: Spectre"
)


def complaints(log):
    """The lines of a kernel's log, or of its programs, that no good log has."""
    return [
        line for line in log.split("\n") if COMPLAINT.search(line) and not NO_COMPLAINT.search(line)
    ]
