# SPDX-License-Identifier: BSD-2-Clause
"""Which platform a run takes.

Rule: nested virtualisation counts only when the processor shows it (CPUID) and KVM grants it (nested=Y); the device
file alone proves nothing.
"""

import os
import shutil
from pathlib import Path

PLATFORMS = ("auto", "kvm", "bochs", "bochs-irqmux")


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


def why_no_kvm(flags=None, device="/dev/kvm", parameter=Path("/sys/module/kvm_intel/parameters/nested")):
    """None where nested VMX really works, else the reason why it does not."""
    flags = cpu_flags() if flags is None else flags
    if "vmx" not in flags:
        if "svm" in flags:
            return "this processor has SVM, and Signalbox needs VMX (CPUID.1:ECX[5])"
        return "this processor offers no VMX (CPUID.1:ECX[5] = 0)"
    if not os.path.exists(device):
        return f"there is no {device}"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} may not be opened (is the user in the group kvm?)"
    try:
        nested = parameter.read_text().strip()
    except OSError:
        return f"{parameter} cannot be read (kvm_intel is not loaded)"
    if nested not in ("Y", "1"):
        return f"KVM does not nest VMX (kvm_intel nested={nested}; modprobe kvm_intel nested=1)"
    if not shutil.which("qemu-system-x86_64"):
        return "qemu-system-x86_64 is not installed"
    return None


def choose(wanted):
    """(platform, one line that says which and why)."""
    if wanted == "qemu":
        raise PlatformError("PLATFORM=qemu: QEMU without KVM has no VMX to offer. Use PLATFORM=bochs, or kvm on a "
                            "machine that nests VMX")
    if wanted not in PLATFORMS:
        raise PlatformError(f"PLATFORM={wanted}: no such platform; there are: {' '.join(PLATFORMS)}")
    if wanted in ("bochs", "bochs-irqmux"):
        return wanted, f"platform {wanted}: as asked for"
    reason = why_no_kvm()
    if wanted == "kvm":
        if reason:
            raise PlatformError(f"PLATFORM=kvm: {reason}. PLATFORM=bochs runs everywhere")
        return "kvm", "platform kvm: as asked for"
    if reason:
        return "bochs", f"platform bochs: emulated VMX, because {reason}"
    return "kvm", "platform kvm: nested VMX is offered here"
