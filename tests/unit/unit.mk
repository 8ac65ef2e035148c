# SPDX-License-Identifier: BSD-2-Clause
#
# The host tests: every part that needs no machine, and the 8259 code on a simulated pair, under the sanitizers.
#
# Rule: a test is tests/unit/test_NAME.c and what UNIT_NAME lists; a fuzzer is fuzz_NAME.c and the same. Nothing else to do.

UNIT_CONFIG  := vmm/config/words.c vmm/config/config.c vmm/config/config_words.c vmm/config/config_of.c vmm/config/config_vm.c vmm/config/config_vmm.c vmm/config/config_frame.c vmm/config/config_check.c \
	vmm/config/config_reserved.c arch/x86/virt/guest_ram.c
# The log, and what it needs below it.
UNIT_LOG     := $(patsubst %,arch/x86/log/%.c,log notes panic) tests/unit/fake_log.c
UNIT_FAKES   := $(UNIT_LOG) tests/unit/fake_vmm.c

UNIT_words   := vmm/config/words.c
UNIT_config  := $(UNIT_CONFIG)
UNIT_config_check := $(UNIT_CONFIG)
UNIT_memory  := $(patsubst %,vmm/config/%.c,reserve config_check config_reserved) arch/x86/virt/guest_ram.c $(UNIT_LOG)
UNIT_LOAD    := $(patsubst %,vmm/load/%.c,bios bios_data elf elf_problem files handover linux vm_acpi)
UNIT_elf     := $(UNIT_LOAD)
UNIT_linux   := $(UNIT_LOAD)
UNIT_bios    := $(UNIT_LOAD)
UNIT_vm_acpi := vmm/load/vm_acpi.c
UNIT_elf_steps := $(UNIT_elf)
# A window of version 2, for what reads the block's times.
UNIT_WINDOW  := tests/unit/fake_window.c $(patsubst %,chipset/block/%.c,block i8259 pair window) $(wildcard chipset/times/*.c)
UNIT_report  := $(patsubst %,vmm/operator/%.c,report report_tables report_times) $(UNIT_FAKES) $(UNIT_WINDOW)
UNIT_report_times := $(UNIT_report)
UNIT_editor  := vmm/operator/editor.c vmm/operator/history.c vmm/operator/terminal.c
UNIT_nearest := vmm/operator/nearest.c
UNIT_SCREEN  := vmm/operator/screen.c vmm/operator/screen_end.c vmm/operator/pager.c arch/x86/machine/keys.c \
	tests/unit/fake_screen.c
UNIT_console := vmm/operator/console.c vmm/operator/typing.c vmm/operator/prompt.c vmm/operator/completion.c vmm/operator/commands.c vmm/operator/nearest.c \
	vmm/version.c $(UNIT_editor) vmm/core/processor.c vmm/operator/trace_print.c vmm/config/words.c tests/unit/console_kit.c \
	tests/unit/fake_uart.c $(UNIT_report) $(UNIT_SCREEN)
UNIT_prompt  := $(UNIT_console)
UNIT_commands := $(UNIT_console)
UNIT_screen  := $(UNIT_console)
UNIT_pager   := vmm/operator/pager.c $(UNIT_LOG)
UNIT_summary := vmm/operator/summary.c $(UNIT_FAKES)
UNIT_keyboard_line := tests/unit/fake_virt.c vmm/operator/keyboard_line.c vmm/core/port_filter.c $(UNIT_LOG)
UNIT_keys    := arch/x86/machine/keys.c
UNIT_keyboard := arch/x86/machine/keyboard.c
UNIT_vga     := arch/x86/machine/vga.c arch/x86/machine/framebuffer.c
UNIT_framebuffer := $(UNIT_vga)
UNIT_trace   := vmm/core/processor.c vmm/operator/trace_print.c $(UNIT_report)
UNIT_output  := vmm/core/output.c $(UNIT_LOG)
UNIT_log     := $(UNIT_LOG)
UNIT_frames  := arch/x86/machine/frames.c $(UNIT_LOG)
UNIT_lapic   := arch/x86/machine/lapic.c $(UNIT_LOG)
# The memory map's address has 32 bits.
$(BUILD)/unit/test_frames: UNIT_SANITIZE += -no-pie
UNIT_multiboot2 := arch/x86/machine/multiboot2.c
UNIT_pci     := arch/x86/machine/pci.c
# Functions of VMs: what a VM sees, and what the machine says of a function.
UNIT_PCI     := $(patsubst %,arch/x86/machine/%.c,pci pci_bars) vmm/device/pci_space.c
UNIT_pci_space := $(UNIT_PCI) tests/unit/sim_pci.c
UNIT_pci_bars := $(UNIT_PCI) tests/unit/sim_pci.c
UNIT_virtio  := vmm/device/virtio.c arch/x86/machine/pci.c
UNIT_config_pci := $(UNIT_CONFIG) vmm/config/config_pci.c $(UNIT_PCI) tests/unit/sim_pci.c
UNIT_port_access := tests/unit/fake_virt.c tests/unit/fake_string_io.c vmm/core/port_access.c vmm/core/port_filter.c
UNIT_port_filter := tests/unit/fake_virt.c vmm/core/port_filter.c
UNIT_pc_view := tests/unit/fake_virt.c vmm/core/pc_view.c vmm/core/port_filter.c vmm/load/bios_data.c $(UNIT_PCI)
UNIT_guest_ram := arch/x86/virt/guest_ram.c
UNIT_cmos    := vmm/core/cmos.c arch/x86/virt/guest_ram.c
UNIT_ns16550 := vmm/device/ns16550.c
UNIT_vm_uart := tests/unit/fake_virt.c vmm/core/vm_uart.c vmm/device/ns16550.c vmm/core/output.c $(UNIT_LOG)
UNIT_pit     := vmm/core/pit_counter.c
UNIT_pit_switch := tests/unit/fake_virt.c vmm/core/pit.c vmm/core/pit_counter.c
UNIT_latency := emulators/qemu/latency.c emulators/qemu/recent.c emulators/timeline.c
UNIT_drain   := emulators/timeline.c
UNIT_watch   := tests/unit/fake_virt.c vmm/operator/watch.c vmm/core/processor.c $(UNIT_LOG)
UNIT_sim8259 := tests/unit/sim8259.c
# The local APIC, and the I/O APIC beside it.
UNIT_SIM_APIC := $(patsubst %,tests/unit/sim_%.c,apic apic_timer ioapic)
UNIT_sim_apic := $(UNIT_SIM_APIC)
# The switch of the local APIC, with random guests.
UNIT_apic_replay := $(UNIT_SIM_APIC) chipset/apic/apic_local.c tests/unit/apic_kit.c
UNIT_BLOCK   := chipset/block/block.c chipset/block/i8259.c chipset/block/pair.c chipset/block/window.c
# The instance of the account; the calls are in the header.
UNIT_NMI     := arch/x86/cpu/nmi_account.c
UNIT_CHIPSET := arch/x86/virt/quick_ports.c $(wildcard chipset/*.c chipset/pc/*.c chipset/window/*.c) $(UNIT_NMI) $(UNIT_BLOCK) arch/x86/machine/pci.c
UNIT_BOARD   := tests/unit/sim8259.c tests/unit/sim_board.c tests/unit/sim_slice.c tests/unit/sim_window.c tests/unit/sim_interrupts.c \
	$(UNIT_LOG)
UNIT_pc      := $(UNIT_CHIPSET) $(UNIT_BOARD) tests/unit/fake_virt.c
UNIT_pc_edges := $(UNIT_CHIPSET) $(UNIT_BOARD) tests/unit/fake_virt.c
UNIT_pc_ports := $(UNIT_CHIPSET) $(UNIT_BOARD) tests/unit/fake_virt.c
UNIT_pirq    := $(UNIT_CHIPSET) $(UNIT_BOARD) tests/unit/fake_virt.c
UNIT_pc_8259 := $(UNIT_CHIPSET) $(UNIT_BOARD) tests/unit/fake_virt.c tests/unit/naive_8259.c $(patsubst %,tests/unit/pc_8259_%.c,kit program)
UNIT_pc_modes := $(UNIT_pc_8259)
UNIT_soft    := $(UNIT_CHIPSET) $(UNIT_BOARD) tests/unit/fake_virt.c
# The chipset block's model, and the oracle beside which the fuzzer lays it.
UNIT_i8259     := $(UNIT_BLOCK)
UNIT_i8259_ocw := $(UNIT_BLOCK)
UNIT_pair      := $(UNIT_BLOCK)
UNIT_figure3   := $(UNIT_BLOCK)
UNIT_window    := $(UNIT_BLOCK)
UNIT_TIMES     := $(UNIT_BLOCK) $(wildcard chipset/times/*.c)
UNIT_times     := $(UNIT_TIMES) tests/unit/block_ops.c
UNIT_hardware  := $(UNIT_TIMES) emulators/hardware_model.c
UNIT_state     := $(UNIT_BLOCK) tests/unit/block_ops.c
UNIT_block     := $(UNIT_BLOCK) tests/unit/block_ops.c tests/unit/naive_8259.c tests/unit/naive_block.c
# The guest picprobe's programs, played on the model.
UNIT_picprobe := $(patsubst %,guests/picprobe/%.c,play random recorded run) guests/lib/args.c tests/unit/picprobe_bench.c \
	tests/unit/ruled8259.c $(UNIT_BLOCK)
# What the guest pulse makes of a counter and the TSC.
UNIT_edges   := guests/pulse/edges.c
# scribe's clock.
UNIT_scribe_rtc := guests/scribe/rtc.c
UNIT_vmx_retire := arch/x86/virt/io_break.c arch/x86/virt/vmx/debug.c arch/x86/virt/vmx/retire.c
UNIT_vmx_task := tests/unit/task_kit.c $(patsubst %,arch/x86/virt/%.c,guest_memory io_break) $(patsubst %,arch/x86/virt/vmx/%.c,debug retire task)
UNIT_vmx_task_across := $(UNIT_vmx_task)
UNIT_vmx_task_file := $(UNIT_vmx_task)
UNIT_vmx_vcpu := $(patsubst %,arch/x86/virt/vmx/%.c,event timer vcpu)
UNIT_quick_ports := arch/x86/virt/quick_ports.c arch/x86/virt/vmx/exit.c $(UNIT_LOG)
UNIT_quirk   := $(patsubst %,arch/x86/virt/vmx/%.c,event quirk timer)
UNIT_vmx_cr0 := arch/x86/virt/vmx/control.c
UNIT_audit   := arch/x86/virt/vmx/audit.c $(UNIT_LOG)
# What the processor is asked against other VMs' eyes.
UNIT_mitigations := arch/x86/cpu/mitigations.c
# The x87 pointers that a load leaves, overwritten on the host.
UNIT_fpu_pointers := arch/x86/cpu/fpu_pointers.c
UNIT_fpu := arch/x86/cpu/fpu.c
# The SVM back end: a guest in RAM of the test's.
UNIT_SVM        := tests/unit/svm_kit.c arch/x86/virt/svm/npt.c arch/x86/virt/nested_map.c arch/x86/virt/guest_memory.c arch/x86/virt/guest_code.c arch/x86/virt/guest_reading.c
UNIT_svm_npt    := $(UNIT_SVM)
UNIT_store      := $(UNIT_SVM) arch/x86/virt/store.c arch/x86/virt/rmw.c arch/x86/virt/rmw_operate.S arch/x86/virt/svm/store.c arch/x86/virt/svm/decode.c
UNIT_rmw        := $(UNIT_store)
UNIT_nested     := arch/x86/virt/nested_map.c
# The exits of a back end, and the handlers of vmm/core.
UNIT_EXITS      := tests/unit/exits_kit.c tests/unit/fake_string_io.c $(patsubst %,vmm/core/%.c,exits ports port_access port_controller absent x87 pc_view port_filter) $(UNIT_PCI) \
	$(patsubst %,arch/x86/virt/%.c,guest_code guest_cpuid guest_memory guest_operand guest_reading guest_registers io_break nested_map rmw store string_io) arch/x86/virt/rmw_operate.S
UNIT_vmx_exits  := $(UNIT_EXITS) arch/x86/virt/quick_ports.c tests/unit/vmx_exits_kit.c $(patsubst %,arch/x86/virt/vmx/%.c,audit control debug ept event exit msr quirk retire store string task timer vcpu)
UNIT_svm_exits  := $(UNIT_EXITS) $(filter-out $(patsubst %,arch/x86/virt/%.c,nested_map guest_memory guest_code guest_reading),$(UNIT_SVM)) \
	$(patsubst %,arch/x86/virt/svm/%.c,audit control cr0 decode event exit msr operand quirk requeue retire store string vcpu)
UNIT_SVM_CR0    := $(UNIT_SVM) arch/x86/virt/guest_operand.c $(patsubst %,arch/x86/virt/svm/%.c,decode cr0 operand retire)
UNIT_svm_decode := $(UNIT_SVM_CR0)
UNIT_svm_cr0    := $(UNIT_SVM_CR0) arch/x86/virt/svm/control.c
UNIT_svm_operand := $(UNIT_SVM_CR0)
UNIT_string_io  := $(UNIT_SVM_CR0) tests/unit/fake_string_io.c $(patsubst %,arch/x86/virt/%.c,io_break string_io svm/string)
UNIT_svm_audit  := arch/x86/virt/svm/audit.c $(UNIT_LOG)
UNIT_svm_event  := $(UNIT_SVM) $(patsubst %,arch/x86/virt/svm/%.c,decode event quirk requeue)
UNIT_svm_vcpu   := $(UNIT_SVM_CR0) arch/x86/virt/svm/vcpu.c
UNIT_svm_quirk  := $(UNIT_SVM) arch/x86/virt/svm/decode.c arch/x86/virt/svm/quirk.c
UNIT_svm_skip   := $(UNIT_SVM_CR0) arch/x86/virt/svm/exit.c $(UNIT_LOG)
UNIT_svm_capabilities := arch/x86/virt/svm/capabilities.c $(UNIT_LOG)
# What a guest finds in the processor.
UNIT_guest_registers := arch/x86/virt/guest_registers.c
UNIT_guest_cpuid := arch/x86/virt/guest_cpuid.c
UNIT_guarded :=
$(BUILD)/unit/tests/unit/test_guarded.o: arch/x86/cpu/guarded.S
UNIT_acpi_find := $(patsubst %,arch/x86/machine/%.c,acpi acpi_dma acpi_parse) $(UNIT_LOG)
UNIT_acpi_dma := $(patsubst %,arch/x86/machine/%.c,acpi_dma acpi_parse)
# Units that confine DMA, with the page tables.
UNIT_IOMMU   := tests/unit/sim_iommu.c tests/unit/sim_vtd.c tests/unit/sim_amdvi.c $(UNIT_LOG) \
	$(patsubst %,arch/x86/machine/%.c,amdvi dma vtd vtd_interrupts)
UNIT_vtd     := $(UNIT_IOMMU)
UNIT_amdvi   := $(UNIT_IOMMU)
UNIT_acpi    := arch/x86/machine/acpi_parse.c arch/x86/machine/acpi_dma.c
UNIT_slice_timer := $(UNIT_NMI) arch/x86/machine/slice_timer.c arch/x86/machine/slice_timer_find.c tests/unit/sim_hpet.c $(UNIT_LOG)
UNIT_slice_find := $(UNIT_slice_timer)
# The time that is allotted to VMs.
UNIT_ALLOT   := vmm/allotments.c vmm/core/allot.c $(wildcard vmm/budget/*.c)
# The VMM whole, but for its processor.
UNIT_MACHINE := vmm/core/run.c vmm/core/dispatch.c vmm/core/lines.c vmm/core/processor.c vmm/core/invoke.c vmm/core/switch.c vmm/core/sched.c vmm/core/pit.c vmm/core/pit_counter.c vmm/core/vm_uart.c vmm/device/ns16550.c vmm/core/exits.c vmm/core/absent.c vmm/core/x87.c \
	vmm/config/config_reserved.c vmm/core/ports.c vmm/core/port_access.c vmm/core/port_controller.c vmm/core/port_filter.c vmm/core/pc_view.c vmm/core/cmos.c vmm/core/calls.c vmm/core/faults.c vmm/core/vm.c vmm/core/vm_build.c vmm/core/vm_table.c arch/x86/virt/guest_ram.c \
	$(UNIT_LOAD) vmm/operator/trace_print.c vmm/core/turn.c vmm/core/output.c $(UNIT_CHIPSET) $(UNIT_BOARD) \
	vmm/core/ending.c $(UNIT_ALLOT) $(filter-out %/pci.c,$(UNIT_PCI)) \
	vmm/operator/inspect.c tests/unit/fake_inspect.c $(patsubst %,tests/unit/sim_%.c,devices guest ledger vcpu world)
# And many machines after each other, each of which finds the VMM's variables as the loader leaves the variables.
UNIT_RUN     := $(UNIT_MACHINE) $(patsubst %,tests/unit/sim_%.c,image play scenarios scenarios_block)
$(patsubst %,$(BUILD)/unit/test_%,run run_irqmux run_soft): UNIT_SANITIZE += -Wl,-T,tests/unit/sim_image.ld
UNIT_run     := $(UNIT_RUN)
UNIT_faults  := $(UNIT_MACHINE)
UNIT_calls   := $(UNIT_MACHINE)
UNIT_exits   := $(UNIT_MACHINE)
UNIT_turns   := tests/unit/turns_kit.c tests/unit/fake_virt.c vmm/core/run.c vmm/core/processor.c vmm/core/sched.c vmm/core/turn.c tests/unit/fake_pit.c vmm/core/ending.c $(UNIT_ALLOT) $(UNIT_LOG)
UNIT_budgets := $(UNIT_turns)
UNIT_budget  := $(wildcard vmm/budget/*.c)
UNIT_vmm_turns := $(UNIT_turns)
UNIT_dispatch := tests/unit/fake_virt.c $(UNIT_NMI) vmm/core/dispatch.c vmm/core/lines.c vmm/core/processor.c vmm/core/sched.c vmm/core/turn.c tests/unit/fake_pit.c $(UNIT_LOG)
UNIT_background := vmm/core/background.c
UNIT_ending  := vmm/core/ending.c $(UNIT_LOG)
UNIT_stacks  := arch/x86/cpu/stacks.c
# The NMI handler itself, in a program whose addresses fit into 32 bits as the VMM's do.
UNIT_nmi_entry := arch/x86/cpu/work.c
UNIT_nmi_steps := arch/x86/cpu/work.c
$(patsubst %,$(BUILD)/unit/tests/unit/test_nmi_%.o,entry steps): arch/x86/cpu/nmi.S arch/x86/cpu/work.S
$(patsubst %,$(BUILD)/unit/test_nmi_%,entry steps): UNIT_SANITIZE += -no-pie
UNIT_run_irqmux := $(UNIT_RUN)
# The figures' flows alone, on the chipset block.
UNIT_FLOWS   := tests/unit/fake_virt.c vmm/core/invoke.c vmm/core/switch.c vmm/core/dispatch.c vmm/core/lines.c vmm/core/processor.c vmm/core/sched.c vmm/core/turn.c tests/unit/fake_pit.c tests/unit/sim_flows.c $(UNIT_CHIPSET) $(UNIT_BOARD)
UNIT_driver  := $(UNIT_FLOWS)
UNIT_inspect := $(UNIT_FLOWS) vmm/operator/inspect.c tests/unit/fake_inspect.c
UNIT_accesses := $(UNIT_FLOWS)
UNIT_sharing := $(UNIT_FLOWS)
UNIT_slice_nmi := $(UNIT_FLOWS)
UNIT_wakes   := $(UNIT_FLOWS)
UNIT_unwired := $(UNIT_FLOWS)
UNIT_irqmux  := $(UNIT_FLOWS)
UNIT_transcript := $(UNIT_FLOWS)
UNIT_run_soft := $(UNIT_RUN)

UNIT_TESTS   := $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_FUZZERS := $(patsubst tests/unit/fuzz_%.c,%,$(sort $(wildcard tests/unit/fuzz_*.c)))

UNIT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CFLAGS   := -std=c11 -D_POSIX_C_SOURCE=200809L -O1 -g $(WARNINGS) $(UNIT_SANITIZE) -Itests/unit/fake -I. -I$(dir $(FONT))
$(BUILD)/unit/arch/x86/machine/framebuffer.o $(BUILD)/unit/tests/unit/test_framebuffer.o: $(FONT)
FUZZ_SECONDS  ?= 2

# Objects apart from the VMM's; one for each source, whichever tests use it.
$(BUILD)/unit/%.o: %.c | setup-check
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -MMD -MP -c $< -o $@

define unit_test
$(BUILD)/unit/test_$(1): $(patsubst %.c,$(BUILD)/unit/%.o,tests/unit/test_$(1).c $(UNIT_$(1)))
	$$(call say,HOSTLD,$$@)
	$$(Q)$$(HOSTCC) $$(UNIT_SANITIZE) -o $$@ $$^ -lcmocka

.PHONY: unit-$(1)
unit-$(1): $(BUILD)/unit/test_$(1)
	$$(Q)tests/unit/run.sh $$<
unit: unit-$(1)
endef
$(foreach test,$(UNIT_TESTS),$(eval $(call unit_test,$(test))))

# The same as a program of its own: the transcripts that the emulators' are compared with (docs/differential.md).
$(BUILD)/unit/picprobe_host: $(patsubst %.c,$(BUILD)/unit/%.o,tests/unit/picprobe_host.c $(UNIT_picprobe))
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(UNIT_SANITIZE) -o $@ $^

.PHONY: picprobe-host
picprobe-host: $(BUILD)/unit/picprobe_host
unit: picprobe-host

# And apicprobe's, on the model of the local APIC (docs/apic-model.md).
$(BUILD)/unit/apicprobe_host: $(patsubst %.c,$(BUILD)/unit/%.o,tests/unit/apicprobe_host.c \
	$(patsubst %,guests/apicprobe/%.c,play random) guests/lib/args.c $(UNIT_SIM_APIC))
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(UNIT_SANITIZE) -o $@ $^

.PHONY: apicprobe-host
apicprobe-host: $(BUILD)/unit/apicprobe_host
unit: apicprobe-host

# What a fuzzer has beside what its test has. Those with inputs of their own begin in tries.c.
FUZZ_elf     := tests/unit/load_kit.c
FUZZ_linux   := tests/unit/load_kit.c
FUZZ_TRIES   := $(filter-out block config pc_8259,$(UNIT_FUZZERS))

# libFuzzer where clang has it; else the same file with a random loop of its own (fuzz.sh says so).
# tests/corpus/NAME, if there is one, is where it begins.
define unit_fuzzer
$(BUILD)/unit/fuzz_$(1): tests/unit/fuzz_$(1).c $(UNIT_$(1)) $(FUZZ_$(1)) $(if $(filter $(1),$(FUZZ_TRIES)),tests/unit/tries.c) $(wildcard vmm/*.h vmm/*/*.h arch/x86/*/*.h chipset/*/*.h tests/unit/*.h) tests/unit/fuzz.sh | setup-check
	$$(call say,FUZZ,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)tests/unit/fuzz.sh '$$(HOSTCC)' $$@ $$(UNIT_CFLAGS) $$(filter %.c %.S,$$^)

.PHONY: fuzz-$(1)
fuzz-$(1): $(BUILD)/unit/fuzz_$(1)
	$$(Q)mkdir -p $(BUILD)/unit/corpus_$(1)
	$$(Q)tests/unit/run.sh $$< -max_total_time=$$(FUZZ_SECONDS) -max_len=1500 -timeout=5 -artifact_prefix=$(BUILD)/unit/ \
		$(BUILD)/unit/corpus_$(1) $(wildcard tests/corpus/$(1))
unit: fuzz-$(1)
endef
$(foreach fuzzer,$(UNIT_FUZZERS),$(eval $(call unit_fuzzer,$(fuzzer))))

-include $(shell find $(BUILD)/unit -name '*.d' 2>/dev/null)
