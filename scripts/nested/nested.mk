# SPDX-License-Identifier: BSD-2-Clause
#
# Nested KVM in the emulators (docs/nested-kvm.md): make test-nested VENDORS="svm vmx".
# Of the includer: BUILD PYTHON Q, VENDORS and the emulators' parts.
#
# Rule: kernel, KVM's modules and busybox are the distribution's, unpacked and not installed. QEMU is
# the installed one. A kernel of one's own (LINUX_KERNEL) has no modules here.

NESTED_DIRECTORY := $(BUILD)/nested
NESTED_BLOCKS    := $(BUILD)/emulators/qemu/irqmux.so

.PHONY: nested test-nested
nested: $(NESTED_DIRECTORY)/stamp $(NESTED_BLOCKS)

# Looked at every time (milliseconds once the packages are in the cache).
$(NESTED_DIRECTORY)/stamp: FORCE | setup-build
	$(Q)LINUX_KERNEL= BUSYBOX= scripts/linux_packages.sh '$(NESTED_DIRECTORY)'

test-nested: all nested $(if $(filter vmx,$(VENDORS)),$(BUILD)/emulators/bochs/libbx_pic.so) | setup-test-nested
	$(Q)$(PYTHON) scripts/nested_kvm.py --build '$(BUILD)' --vendors '$(VENDORS)' --runs '$(RUNS)'
