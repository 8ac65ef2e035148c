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

# The device's block and the C model under the same random calls: both print the same (tests/rtl/hardware.cc).
RTL_HARDWARE_CALLS   := 200000
RTL_HARDWARE_TEST    := $(RTL_BUILD)/hardware
RTL_HARDWARE_MODEL   := $(RTL_BUILD)/16-16/model.a
$(RTL_HARDWARE_TEST)/rtl: tests/rtl/hardware.cc emulators/hardware.h tests/unit/block_ops.h $(RTL_HARDWARE) $(RTL_HARDWARE_MODEL)
	$(call say,HOSTCXX,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCXX) $(RTL_CXXFLAGS) $(WARNINGS) -I. -o $@ $< $(RTL_HARDWARE_OURS) $(RTL_HARDWARE_MODEL) $(RTL_HARDWARE_BLOCK) \
		$(RTL_HARDWARE_RUNTIME) -pthread

$(RTL_HARDWARE_TEST)/model: tests/rtl/hardware.cc emulators/hardware_model.c $(wildcard chipset/times/*.[ch]) emulators/hardware.h tests/unit/block_ops.h \
		$(RTL_HARDWARE_MODEL)
	$(call say,HOSTCXX,$@)
	$(Q)mkdir -p $(@D)
	$(Q)mkdir -p $@.objects && for file in emulators/hardware_model.c $(filter chipset/times/%.c,$^); do \
		$(HOSTCC) -std=c11 -O2 $(WARNINGS) -I. -c $$file -o $@.objects/$$(basename $$file).o || exit 1; \
	done
	$(Q)$(HOSTCXX) $(RTL_CXXFLAGS) $(WARNINGS) -I. -o $@ $< $@.objects/*.o $(RTL_HARDWARE_MODEL)

.PHONY: rtl-hardware
rtl: rtl-hardware
rtl-hardware: $(RTL_HARDWARE_TEST)/rtl $(RTL_HARDWARE_TEST)/model
	$(Q)for make in rtl model; do \
		timeout 300 $(RTL_HARDWARE_TEST)/$$make $(RTL_HARDWARE_CALLS) $(RTL_SEED) \
			>$(RTL_HARDWARE_TEST)/$$make.txt 2>$(RTL_HARDWARE_TEST)/$$make.log || \
			{ cat $(RTL_HARDWARE_TEST)/$$make.log; exit 1; }; \
	done
	$(Q)cmp $(RTL_HARDWARE_TEST)/rtl.txt $(RTL_HARDWARE_TEST)/model.txt || { \
		diff $(RTL_HARDWARE_TEST)/rtl.txt $(RTL_HARDWARE_TEST)/model.txt | head; exit 1; }
	@echo "R07 rtl: $(RTL_HARDWARE_CALLS) calls of the emulators' device, the RTL's answers are the model's ... ok"

# Breaks the driver that the co-simulation and the emulators share, the emulators' part, and the co-simulation.
rtl-driver-mutants: $(RTL_BUILD)/16-16/cosim rtl-hardware
	$(Q)$(PYTHON) tests/rtl/driver_mutants.py --build $(RTL_BUILD)/mutants/driver \
		--compiler "$(HOSTCXX) -std=c++20 -O1 -w -I. -isystem '$(RTL_VERILATOR)/include' \
			-isystem '$(RTL_VERILATOR)/include/vltstd'" \
		--cosim "-DVM_COVERAGE=0 -DVM_TRACE=0 -I'$(RTL_BUILD)/16-16/model' -isystem '$(RTL_BUILD)/16-16' \
			$(patsubst %,'%',$(RTL_BUILD)/16-16/Vblock__ALL.a $(RTL_BUILD)/16-16/model.a \
			$(patsubst %,$(RTL_BUILD)/runtime/%.o,$(RTL_RUNTIME))) -pthread" \
		--hardware "$(RTL_HARDWARE_TRACE) -isystem '$(RTL_HARDWARE_BUILD)/block' \
			$(patsubst %,'%',$(RTL_HARDWARE_MODEL) $(RTL_HARDWARE_BLOCK) $(RTL_HARDWARE_RUNTIME)) -pthread" \
		--model $(RTL_HARDWARE_TEST)/model
