# SPDX-License-Identifier: BSD-2-Clause
"""The VMM's images: which one has the realisation of the chipset that a run asks for.

Rule: a configuration names `signalbox`; the words decide. Who names another image gets that image.
"""

from pathlib import Path

VMM_IMAGE = "signalbox"
APIC_IMAGE = "signalbox-apic"
VMM_IMAGES = (VMM_IMAGE, APIC_IMAGE)
# The realisations that the first image has not got.
ELSEWHERE = {"chipset=apic": APIC_IMAGE}


def is_vmm(image):
    """Whether an image is the VMM; a machine that boots another file first is a bare one."""
    return Path(image).name in VMM_IMAGES


def image_for(image, words):
    """The image to boot for the VMM's words: `signalbox-apic` in the place of `signalbox` where
    the words ask for a realisation of that image."""
    if Path(image).name != VMM_IMAGE:
        return image
    asked = next((name for word, name in ELSEWHERE.items() if word in words.split()), VMM_IMAGE)
    return str(Path(image).with_name(asked))


def with_chipset(words, name):
    """The VMM's words with this realisation in the place of theirs."""
    kept = [word for word in words.split() if not word.startswith("chipset=")]
    return " ".join([*kept, f"chipset={name}"])


def file_with_symbols(build, image=VMM_IMAGE):
    """What a debugger reads for an image of the build directory."""
    return Path(build) / f"{Path(image).name}.elf"
