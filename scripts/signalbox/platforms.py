# SPDX-License-Identifier: BSD-2-Clause
"""Which platform a run takes.

Rule: nested virtualisation counts only when the processor shows it (CPUID) and KVM grants it
(nested=Y); the device file alone proves nothing.
"""

import os
import shutil
from pathlib import Path

from .qemu import BOARDS

PLATFORMS = (
    "auto",
    "kvm",
    "bochs",
    "bochs-irqmux",
    "bochs-rtl",
    "qemu",
    "qemu-irqmux",
    "qemu-rtl",
)
# Platforms of QEMU, which has two boards; the others are a "pc".
ON_QEMU = ("kvm", "qemu", "qemu-irqmux", "qemu-rtl")
# The same machines, with the block as RTL (docs/rtl.md) in the place of its model.
RTL = {"bochs-irqmux": "bochs-rtl", "qemu-irqmux": "qemu-rtl"}
MODEL = {rtl: model for model, rtl in RTL.items()}
# By the CPUID flag that the kernel lists: what it is called, and the module's word on nesting it.
NESTED = {
    "vmx": ("VMX", Path("/sys/module/kvm_intel/parameters/nested")),
    "svm": ("SVM", Path("/sys/module/kvm_amd/parameters/nested")),
}


# Where there is no nested virtualisation: the one that comes to its end sooner (docs/measuring.md),
# and how it says so.
QUICKEST = ("qemu", "emulated SVM, which takes half the time of Bochs's VMX")


class PlatformError(Exception):
    """The platform that was asked for cannot run Signalbox here."""


def cpu_flags(cpuinfo=Path("/proc/cpuinfo")):
    try:
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("flags"):
                return set(line.partition(":")[2].split())
    except OSError:
        pass
    return set()


def why_no_kvm(flags=None, device="/dev/kvm", nested=None, emulator="qemu-system-x86_64"):
    """None where nested VMX or SVM really works, else the reason why it does not. The arguments
    are for tests."""
    flags = cpu_flags() if flags is None else flags
    vendor = next((flag for flag in NESTED if flag in flags), None)
    if vendor is None:
        return (
            "this processor offers neither VMX (CPUID.1:ECX[5] = 0) nor SVM (CPUID.80000001h:ECX[2]"
            " = 0)"
        )
    name, parameter = NESTED[vendor]
    parameter = parameter if nested is None else nested
    module = "kvm_intel" if vendor == "vmx" else "kvm_amd"
    if not os.path.exists(device):
        return f"there is no {device}"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} may not be opened (is the user in the group kvm?)"
    try:
        value = parameter.read_text().strip()
    except OSError:
        return f"{parameter} cannot be read ({module} is not loaded)"
    if value not in ("Y", "1"):
        return f"KVM does not nest {name} ({module} nested={value}; modprobe {module} nested=1)"
    if not shutil.which(emulator):
        return f"{emulator} is not installed"
    return None


def choose(wanted, board="pc"):
    """(platform, one line that says which and why)."""
    if wanted not in PLATFORMS:
        raise PlatformError(
            f"PLATFORM={wanted}: no such platform; there are: {' '.join(PLATFORMS)}"
        )
    if board not in BOARDS:
        raise PlatformError(f"BOARD={board}: no such board; there are: {' '.join(BOARDS)}")
    platform, reason = choose_by_word(wanted)
    if board != "pc" and platform not in ON_QEMU:
        raise PlatformError(
            f"BOARD={board}: {platform} has the board pc alone; PLATFORM=qemu has"
            f" {' and '.join(BOARDS)}"
        )
    return (
        platform,
        f"platform {platform}{', board ' + board if platform in ON_QEMU else ''}: {reason}",
    )


def choose_by_word(wanted):
    """(platform, why)."""
    if wanted not in ("auto", "kvm"):
        return wanted, "as asked for"
    reason = why_no_kvm()
    if wanted == "kvm":
        if reason:
            raise PlatformError(
                f"PLATFORM=kvm: {reason}. PLATFORM=qemu and PLATFORM=bochs run everywhere"
            )
        return "kvm", "as asked for"
    if not reason:
        return "kvm", "nested virtualisation is offered here"
    return QUICKEST[0], f"{QUICKEST[1]}, because {reason}"
