# SPDX-License-Identifier: BSD-2-Clause
"""Which platform a run takes.

Rule: nested virtualisation counts only when the processor shows it (CPUID) and KVM grants each part
of it that Signalbox needs (the parameters of KVM's module). The device file alone proves nothing.
"""

import os
import shutil
from pathlib import Path

from .qemu import BOARDS, FIRMWARES

PLATFORMS = (
    "auto",
    "kvm",
    "kvm-irqmux",
    "bochs",
    "bochs-irqmux",
    "bochs-rtl",
    "qemu",
    "qemu-irqmux",
    "qemu-rtl",
    "qemu-x2apic",
)
# The same machines, with the block as RTL (docs/rtl.md) in the place of its model.
RTL = {"bochs-irqmux": "bochs-rtl", "qemu-irqmux": "qemu-rtl"}
MODEL = {rtl: model for model, rtl in RTL.items()}
# Platforms that run on the host's processor.
ON_KVM = ("kvm", "kvm-irqmux")
# Platforms of QEMU, which has two boards; the others are a "pc".
ON_QEMU = (*ON_KVM, "qemu", "qemu-irqmux", "qemu-rtl", "qemu-x2apic")
# By the CPUID flag that the kernel lists: its name, KVM's module for it, and the parameters of the
# module that have to be on, each with the part that KVM's VMs lack where the parameter is off.
NESTED = {
    "vmx": ("VMX", "kvm_intel", {"ept": "EPT", "unrestricted_guest": "unrestricted guests"}),
    "svm": ("SVM", "kvm_amd", {"npt": "nested paging"}),
}
MODULES = Path("/sys/module")


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


def why_module_refuses(flag, modules):
    """None where KVM's module grants all that Signalbox needs, else the parameter that is off and
    its remedy."""
    name, module, parts = NESTED[flag]
    for parameter in ("nested", *parts):
        path = modules / module / "parameters" / parameter
        try:
            value = path.read_text().strip()
        except OSError:
            return f"{path} cannot be read ({module} is not loaded)"
        if value in ("Y", "1"):
            continue
        if parameter == "nested":
            return f"KVM does not nest {name} ({module} nested={value}; modprobe {module} nested=1)"
        return (
            f"KVM's VMs have no {parts[parameter]} ({module} {parameter}={value}; modprobe -r"
            f" {module} && modprobe {module} nested=1 {parameter}=1; a parameter that stays off is"
            " missing in the processor or in the outer hypervisor)"
        )
    return None


def why_no_kvm(flags=None, device="/dev/kvm", modules=MODULES, emulator="qemu-system-x86_64"):
    """None where nested VMX or SVM really works, else the reason why it does not. The arguments
    are for tests."""
    flags = cpu_flags() if flags is None else flags
    vendor = next((flag for flag in NESTED if flag in flags), None)
    if vendor is None:
        return (
            "this processor offers neither VMX (CPUID.1:ECX[5] = 0) nor SVM (CPUID.80000001h:ECX[2]"
            " = 0)"
        )
    if not os.path.exists(device):
        return f"there is no {device}"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} may not be opened (is the user in the group kvm?)"
    refused = why_module_refuses(vendor, modules)
    if refused:
        return refused
    if not shutil.which(emulator):
        return f"{emulator} is not installed"
    return None


def choose(wanted, board="pc", iommu="", firmware="bios"):
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
    if iommu and (platform not in ON_QEMU or board != "q35"):
        raise PlatformError(f"IOMMU={iommu}: PLATFORM=qemu with BOARD=q35 alone has an IOMMU")
    if firmware != "bios" and platform not in ON_QEMU:
        raise PlatformError(
            f"FIRMWARE={firmware}: {platform} boots by its BIOS alone; PLATFORM=qemu has"
            f" {' and '.join(FIRMWARES)}"
        )
    board = f", board {board}" if platform in ON_QEMU else ""
    by = f", firmware {firmware}" if firmware != "bios" else ""
    return platform, f"platform {platform}{board}{by}: {reason}"


def choose_by_word(wanted):
    """(platform, why)."""
    if wanted not in ("auto", *ON_KVM):
        return wanted, "as asked for"
    reason = why_no_kvm()
    if wanted in ON_KVM:
        if reason:
            raise PlatformError(
                f"PLATFORM={wanted}: {reason}. PLATFORM=qemu and PLATFORM=bochs run everywhere"
            )
        return wanted, "as asked for"
    if not reason:
        return "kvm", "nested virtualisation is offered here"
    return QUICKEST[0], f"{QUICKEST[1]}, because {reason}"
