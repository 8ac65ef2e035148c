# SPDX-License-Identifier: BSD-2-Clause
#
# A PC in a VM: $(BUILD)/bios/bios.bin, the firmware, and $(BUILD)/bios/disk.img, a disk with GRUB and the Linux guest
# (docs/bios.md). Of the includer: BUILD PYTHON Q say, and scripts/linux/linux.mk's LINUX_DIRECTORY.
#
# Rule: the firmware is the distribution's SeaBIOS (package seabios), or the file that BIOS names.

BIOS_DIRECTORY := $(BUILD)/bios
BIOS ?= /usr/share/seabios/bios.bin

.PHONY: bios
bios: $(BIOS_DIRECTORY)/bios.bin $(BIOS_DIRECTORY)/disk.img

$(BIOS_DIRECTORY)/bios.bin: FORCE | setup-bios
	$(Q)test -f '$(BIOS)' || { echo "BIOS=$(BIOS): there is no such file; the package seabios has one" >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)cmp -s '$(BIOS)' $@ || cp '$(BIOS)' $@

$(BIOS_DIRECTORY)/disk.img: $(LINUX_DIRECTORY)/vmlinuz $(LINUX_DIRECTORY)/initrd scripts/bios/grub.cfg scripts/bios_disk.py
	$(call say,DISK,$@)
	$(Q)$(PYTHON) scripts/bios_disk.py --menu scripts/bios/grub.cfg --output '$@' '$(LINUX_DIRECTORY)/vmlinuz' '$(LINUX_DIRECTORY)/initrd'
