# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The platforms bochs-irqmux and bochs-rtl: the emulator from the distribution's source, once, and the chipset block as its
# plugin `pic`.
#
# Rule: the emulator is kept in the user's cache; the plugins are this tree's, and are built anew when the block changes. Both
# plugins have the same objects of the device.

HOSTCXX      ?= g++
BOCHS_SOURCE ?=

BOCHS_BUILD  := $(BUILD)/emulators/bochs
# What scripts/signalbox/bochs_irqmux.py reads: the directory with bin/, plugins/ and include/.
BOCHS_STAMP  := $(BOCHS_BUILD)/home
BOCHS_HOME    = $(shell cat $(BOCHS_STAMP))
BOCHS_PLUGIN := $(BOCHS_BUILD)/libbx_pic.so
BOCHS_RTL    := $(BOCHS_BUILD)-rtl/libbx_pic.so

BOCHS_MODEL   := $(patsubst %,$(BOCHS_BUILD)/%.o,$(wildcard chipset/block/*.c chipset/times/*.c) emulators/hardware_model.c)
BOCHS_DEVICE  := $(patsubst %,$(BOCHS_BUILD)/%.o,$(wildcard emulators/bochs/*.cc) emulators/times_file.c emulators/timeline.c)
BOCHS_FLAGS   := -O2 -g -fPIC $(WARNINGS) -I. -MMD -MP
# Configured as the emulator was.
BOCHS_CXXFLAGS = -std=c++17 $(BOCHS_FLAGS) -D_FILE_OFFSET_BITS=64 -D_LARGE_FILES \
	$(patsubst %,-isystem '$(BOCHS_HOME)/include/%',. iodev instrument/stubs)

.PHONY: bochs-irqmux bochs-rtl
bochs-irqmux: $(BOCHS_PLUGIN)
bochs-rtl: $(BOCHS_RTL)

# Looked at every time; the stamp changes only when version, options or compiler do. After newlib: one build at a time.
$(BOCHS_STAMP): FORCE | setup-irqmux $(NEWLIB_STAMP)
	$(Q)mkdir -p $(@D)
	$(Q)CC='$(HOSTCC)' CXX='$(HOSTCXX)' BOCHS_SOURCE='$(BOCHS_SOURCE)' scripts/bochs_irqmux.sh $@

$(BOCHS_BUILD)/%.c.o: %.c $(BOCHS_STAMP)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=c11 $(BOCHS_FLAGS) -c $< -o $@

$(BOCHS_BUILD)/%.cc.o: %.cc $(BOCHS_STAMP)
	$(call say,HOSTCXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCXX) $(BOCHS_CXXFLAGS) -c $< -o $@

$(BOCHS_PLUGIN): $(BOCHS_DEVICE) $(BOCHS_MODEL)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCXX) -shared -o $@ $^

$(BOCHS_RTL): $(BOCHS_DEVICE) $(RTL_HARDWARE)
	$(call say,HOSTLD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCXX) -shared -o $@ $^ -pthread

-include $(BOCHS_DEVICE:.o=.d) $(BOCHS_MODEL:.o=.d)
