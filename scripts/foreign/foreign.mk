# SPDX-License-Identifier: BSD-2-Clause
#
# The distribution's own systems as guests (docs/foreign.md): make test-foreign SYSTEMS="mach memtest".
# Of the includer: BUILD PLATFORM PYTHON Q, and the parts of the Linux and BIOS guests.
#
# Rule: the packages are fetched by apt, unpacked and not installed. No such file is in the tree.

SYSTEMS ?=
# What the system tests play of the systems.
FOREIGN_SMALL := mach invaders

.PHONY: test-foreign foreign-small
test-foreign: all linux bios $(QEMU_PLUGIN) | setup-test-foreign
	$(Q)$(PYTHON) scripts/foreign.py --build '$(BUILD)' --platform '$(PLATFORM)' --systems '$(SYSTEMS)' --timeout '$(TIMEOUT)'

foreign-small: | setup-build
	$(Q)$(PYTHON) scripts/foreign.py --build '$(BUILD)' --systems '$(FOREIGN_SMALL)' --fetch
