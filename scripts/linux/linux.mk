# SPDX-License-Identifier: BSD-2-Clause
#
# The Linux guest: $(BUILD)/linux/vmlinuz and $(BUILD)/linux/initrd (docs/linux.md).
# Of the includer: BUILD CC PYTHON Q say, LINUX_KERNEL and BUSYBOX.
#
# Rule: kernel and busybox are the distribution's, unpacked and not installed. What is built here is
# the archive around busybox.

LINUX_DIRECTORY := $(BUILD)/linux

.PHONY: linux
linux: $(LINUX_DIRECTORY)/vmlinuz $(LINUX_DIRECTORY)/initrd

# Looked at every time (milliseconds once the packages are in the cache); the files change only when
# their contents do.
$(LINUX_DIRECTORY)/stamp: FORCE | setup-build
	$(Q)LINUX_KERNEL='$(LINUX_KERNEL)' BUSYBOX='$(BUSYBOX)' scripts/linux_packages.sh '$(LINUX_DIRECTORY)'

$(LINUX_DIRECTORY)/vmlinuz $(LINUX_DIRECTORY)/busybox: $(LINUX_DIRECTORY)/stamp

$(LINUX_DIRECTORY)/off: scripts/linux/off.S
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -Wl,--build-id=none -s -o $@ $<

$(LINUX_DIRECTORY)/initrd: $(LINUX_DIRECTORY)/busybox $(LINUX_DIRECTORY)/off scripts/linux/init \
		scripts/signalbox/linux.py scripts/initrd.py
	$(call say,INITRD,$@)
	$(Q)$(PYTHON) scripts/initrd.py --busybox '$(LINUX_DIRECTORY)/busybox' --init scripts/linux/init \
		--program '$(LINUX_DIRECTORY)/off' --output '$@'
