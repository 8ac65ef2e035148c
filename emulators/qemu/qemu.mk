# SPDX-License-Identifier: GPL-2.0-or-later
#
# Plugins of the stock emulator: the chipset block, which makes the platforms qemu-irqmux and qemu-rtl, and what counts the
# paths of the VMM.
#
# Of the includer: QEMU_BUILD, and the plugins' names QEMU_PLUGIN QEMU_RTL QEMU_PATHS QEMU_LOOKS QEMU_LINES QEMU_VIEW.
#
# Rule: the headers, of the very version that is installed, are kept in the user's cache; the plugins are this tree's, and are
# built anew when their sources or the emulator change. Both plugins of the block have the same objects of the device.

QEMU_SOURCE ?=

# The directory with include/, target/ and build/.
QEMU_STAMP  := $(QEMU_BUILD)/home
QEMU_HOME    = $(shell cat $(QEMU_STAMP))

QEMU_MODEL   := $(patsubst %,$(QEMU_BUILD)/%.o,$(wildcard chipset/block/*.c chipset/times/*.c) emulators/hardware_model.c)
QEMU_TIMES   := $(QEMU_BUILD)/emulators/times_file.c.o
QEMU_TIMELINE := $(QEMU_BUILD)/emulators/timeline.c.o
QEMU_DEVICE  := $(patsubst %,$(QEMU_BUILD)/emulators/qemu/%.c.o,irqmux info snapshot times_end) $(QEMU_TIMES)
# Hidden: a name of ours is never one of the emulator's.
QEMU_FLAGS   := -O2 -g -fPIC -fvisibility=hidden $(WARNINGS) -I. -MMD -MP
# As a file of QEMU is compiled that knows its processor. QEMU 7.2 asks for NEED_CPU_H, QEMU 10.0
# for COMPILING_PER_TARGET.
QEMU_CFLAGS   = -std=gnu11 $(QEMU_FLAGS) -Wno-unused-parameter -DIRQMUX_PLUGIN \
	-DNEED_CPU_H -DCOMPILING_PER_TARGET \
	-DCONFIG_TARGET='"x86_64-softmmu-config-target.h"' -DCONFIG_DEVICES='"x86_64-softmmu-config-devices.h"' \
	$(patsubst %,-isystem '$(QEMU_HOME)/%',build build/qapi include target/i386) \
	$(shell pkg-config --cflags glib-2.0)

.PHONY: qemu-irqmux qemu-rtl
qemu-irqmux: $(QEMU_PLUGIN)
qemu-rtl: $(QEMU_RTL)

# Looked at every time; the stamp changes only when the emulator's version or the options do. After newlib: one at a time.
$(QEMU_STAMP): FORCE | setup-qemu-irqmux $(NEWLIB_STAMP)
	$(Q)mkdir -p $(@D)
	$(Q)CC='$(HOSTCC)' QEMU_SOURCE='$(QEMU_SOURCE)' scripts/qemu_headers.sh $@

$(QEMU_MODEL) $(QEMU_TIMES) $(QEMU_TIMELINE): $(QEMU_BUILD)/%.c.o: %.c $(QEMU_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=c11 $(QEMU_FLAGS) -c $< -o $@

$(QEMU_BUILD)/emulators/qemu/%.c.o: emulators/qemu/%.c $(QEMU_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(QEMU_CFLAGS) -c $< -o $@

$(QEMU_PLUGIN): $(QEMU_DEVICE) $(QEMU_MODEL)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -shared -o $@ $^

$(QEMU_RTL): $(QEMU_DEVICE) $(RTL_HARDWARE)
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCXX) -shared -o $@ $^ -pthread

$(QEMU_VIEW): $(QEMU_BUILD)/emulators/qemu/guest_view.c.o
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -shared -o $@ $<

$(QEMU_PATHS) $(QEMU_LOOKS): $(QEMU_BUILD)/%.so: $(QEMU_BUILD)/emulators/qemu/%.c.o
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -shared -o $@ $<

$(QEMU_LINES): $(patsubst %,$(QEMU_BUILD)/emulators/qemu/%.c.o,lines latency recent) $(QEMU_TIMELINE)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -shared -o $@ $^

-include $(QEMU_DEVICE:.o=.d) $(QEMU_MODEL:.o=.d) $(QEMU_TIMELINE:.o=.d) \
	$(patsubst %,$(QEMU_BUILD)/emulators/qemu/%.c.d,guest_view paths looks lines latency recent)

# Looked at every time; the file changes only when the program does. Where tests alone want the program, they are skipped
# without.
.PHONY: qemu-x2apic
qemu-x2apic: $(QEMU_X2APIC)
$(QEMU_X2APIC): FORCE | $(NEWLIB_STAMP)
	$(Q)scripts/qemu_x2apic.sh $@ $(if $(filter auto,$(PLATFORM)),$(if $(filter test system,$(MAKECMDGOALS)),optional))
