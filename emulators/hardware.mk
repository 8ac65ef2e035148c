# SPDX-License-Identifier: BSD-2-Clause
#
# The Verilated block as objects of the emulators' device, in the C model's place: the platforms qemu-rtl and bochs-rtl
# (docs/rtl.md).
#
# Rule: 16 lines, 16 banks and the default length of NMI. Nothing of chipset/block is linked. A name of ours is never one of
# the emulator's.

RTL_HARDWARE_BUILD   := $(BUILD)/emulators/rtl
RTL_HARDWARE_RUNTIME := $(patsubst %,$(RTL_HARDWARE_BUILD)/runtime/%.o,verilated verilated_threads verilated_vcd_c verilated_save)
RTL_HARDWARE_OURS    := $(patsubst %,$(RTL_HARDWARE_BUILD)/%.o,emulators/hardware_rtl tests/rtl/device)
RTL_HARDWARE_BLOCK   := $(RTL_HARDWARE_BUILD)/block/Vblock__ALL.a
# What takes the place of the model's objects. Archives come last.
RTL_HARDWARE         := $(RTL_HARDWARE_OURS) $(RTL_HARDWARE_BLOCK) $(RTL_HARDWARE_RUNTIME)
RTL_HARDWARE_FLAGS   := $(RTL_CXXFLAGS) -g -fPIC -fvisibility=hidden
RTL_HARDWARE_TRACE   := -DVM_COVERAGE=0 -DVM_TRACE=1

$(RTL_HARDWARE_BLOCK): $(RTL_FILES) tests/rtl/block.vlt | setup-verilated
	$(call say,RTL,$@)
	$(Q)command -v verilator >/dev/null || { \
		echo 'the block as RTL needs the package verilator; PLATFORM=qemu-irqmux and bochs-irqmux do without' >&2; exit 1; }
	$(Q)mkdir -p $(@D)
	$(Q)$(RTL_VERILATE) --top block --trace --savable -CFLAGS '-O3 -fPIC -fvisibility=hidden' \
		tests/rtl/block.vlt $(RTL_FILES) >$(@D)/verilator.log || { cat $(@D)/verilator.log; exit 1; }
	$(Q)touch $@

$(RTL_HARDWARE_RUNTIME): $(RTL_HARDWARE_BUILD)/runtime/%.o: $(RTL_HARDWARE_BLOCK)
	$(call say,HOSTCXX,$*.cpp)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCXX) $(RTL_HARDWARE_FLAGS) -w $(RTL_HARDWARE_TRACE) -I'$(RTL_VERILATOR)/include' \
		-c '$(RTL_VERILATOR)/include/$*.cpp' -o $@

$(RTL_HARDWARE_OURS): $(RTL_HARDWARE_BUILD)/%.o: %.cc $(RTL_HARDWARE_BLOCK)
	$(call say,HOSTCXX,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCXX) $(RTL_HARDWARE_FLAGS) $(WARNINGS) $(RTL_HARDWARE_TRACE) -I. -isystem $(RTL_HARDWARE_BUILD)/block \
		-isystem '$(RTL_VERILATOR)/include' -isystem '$(RTL_VERILATOR)/include/vltstd' -MMD -MP -c $< -o $@

-include $(RTL_HARDWARE_OURS:.o=.d)
