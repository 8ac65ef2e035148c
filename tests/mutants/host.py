# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of arch/x86/ where both back ends meet: instructions, registers, NMIs, mitigations."""

VMX_RETIRE = "arch/x86/virt/vmx/retire.c"
SVM_RETIRE = "arch/x86/virt/svm/retire.c"
VMX_CONTROL = "arch/x86/virt/vmx/control.c"
VMX_EVENT = "arch/x86/virt/vmx/event.c"
VMX_TIMER = "arch/x86/virt/vmx/timer.c"
REGISTERS = "arch/x86/virt/guest_registers.c"
CPUID = "arch/x86/virt/guest_cpuid.c"
NMI = "arch/x86/cpu/nmi.S"
WORK = "arch/x86/cpu/work.S"
MITIGATIONS = "arch/x86/cpu/mitigations.c"
GUARDED = "arch/x86/cpu/guarded.S"

MULTIBOOT2 = "arch/x86/machine/multiboot2.c"

MUTANTS = (
    (
        "tag-over-the-end",
        MULTIBOOT2,
        "|| tag->bytes > left) {",
        "|| tag->bytes > left + 8) {",
        "test_multiboot2",
    ),
    (
        "string-without-an-end",
        MULTIBOOT2,
        "[tag->bytes - 1] != 0)",
        "[tag->bytes - 1] > 127)",
        "test_multiboot2",
    ),
    (
        "older-rsdp-over-newer",
        MULTIBOOT2,
        "if (tag->type == TAG_RSDP_2 || facts->rsdp[0] == 0)",
        "if (true)",
        "test_multiboot2",
    ),
    (
        "row-below-the-newest-stays",
        "arch/x86/machine/vga.c",
        "line_blank(line_index(0)); /* which",
        "line_touch(line_index(0), 0, 1); /* which",
        "test_framebuffer",
    ),
    (
        "framebuffer-over-the-end",
        "arch/x86/machine/framebuffer.c",
        "(s->address | end) >> 32)",
        "end >> 32)",
        "test_framebuffer",
    ),
    (
        "gib-of-devices-as-ram",
        "arch/x86/machine/frames.c",
        "part_add(first, end, RAM_FIRST, RAM_LOW_END);",
        "part_add(first, end, RAM_FIRST, RAM_HIGH_FIRST);",
        "test_frames",
    ),
    (
        "hpet-left-running",
        "arch/x86/machine/slice_timer_find.c",
        "clear_bits(comparator_of(&d, n) + TN_CONFIG, TN_INTERRUPTS);",
        "(void)clear_bits;",
        "test_slice_find",
    ),
    # How an instruction ends.
    (
        "vmx-step-comes-late",
        VMX_RETIRE,
        "\tif (flags & RFLAGS_TF)\n\t\ttrap(v);\n",
        "",
        "test_vmx_retire",
    ),
    # Control registers of a guest.
    (
        "vmx-long-mode-with-a-small-tss",
        VMX_CONTROL,
        "(long_code || !tss_32 || !(cr4 & CR4_PAE))",
        "(long_code || !(cr4 & CR4_PAE) || tss_32 > 1)",
        "test_vmx_cr0",
    ),
    (
        "vmx-bad-pointers-of-pae",
        VMX_CONTROL,
        "cr4 & CR4_PAE && !vmx_load_pointers(v))",
        "cr4 & CR4_PAE && (vmx_load_pointers(v), false))",
        "test_vmx_cr0",
    ),
    (
        "svm-store-with-a-breakpoint",
        "arch/x86/virt/svm/store.c",
        "if (v->state.uses_debug && c->dr7 & IO_BREAK_ENABLES)",
        "if (v->state.uses_debug && c->dr7 == 0)",
        "test_store",
    ),
    (
        "vmx-upper-half-of-a-control-register",
        VMX_CONTROL,
        "return wide ? value : (uint32_t)value;",
        "return wide ? value : value;",
        "test_vmx_cr0",
    ),
    (
        "svm-upper-half-of-cr4",
        "arch/x86/virt/svm/control.c",
        "guest_in_long_mode(&mode) ? *value : (uint32_t)*value",
        "guest_in_long_mode(&mode) ? *value : *value",
        "test_svm_cr0",
    ),
    ("vmx-rf-stays", VMX_RETIRE, "flags & ~(uint64_t)RFLAGS_RF", "flags", "test_vmx_retire"),
    (
        "vmx-error-in-real-mode",
        VMX_RETIRE,
        "exception_has_error(vector) && vmcs_read(GUEST_CR0) & CR0_PE",
        "exception_has_error(vector)",
        "test_vmx_retire",
    ),
    (
        "vmx-fault-without-rf",
        VMX_RETIRE,
        "if (exception_is_fault(vector))",
        "if (false)",
        "test_vmx_retire",
    ),
    (
        "vmx-breakpoint-forgotten",
        VMX_RETIRE,
        "DR6_BS | (vmcs_read(GUEST_PENDING_DEBUG) & DR6_BREAKPOINTS)",
        "DR6_BS",
        "test_vmx_retire",
    ),
    ("svm-step-comes-late", SVM_RETIRE, "\tif (!traps)\n", "\tif (true)\n", "test_svm_skip"),
    (
        "svm-sleep-put-back",
        "arch/x86/virt/svm/exit.c",
        "\tif (c->rip - (behind - 1) > 1) {",
        "\tif (false) {",
        "test_svm_skip",
    ),
    ("svm-rf-stays", SVM_RETIRE, "\tc->rflags &= ~(uint64_t)RFLAGS_RF;\n", "", "test_svm_skip"),
    (
        "svm-error-in-real-mode",
        SVM_RETIRE,
        "exception_has_error(vector) && c->cr0 & CR0_PE",
        "exception_has_error(vector)",
        "test_svm_skip",
    ),
    (
        "double-fault-is-a-fault",
        "arch/x86/cpu/exception.h",
        "\t\treturn VECTOR_DF;\n",
        "\t\treturn vector;\n",
        "test_vmx_retire",
    ),
    (
        "vmx-nmi-over-another-event",
        VMX_EVENT,
        "bool able = !busy && ",
        "bool able = ",
        "test_vmx_vcpu",
    ),
    (
        "vmx-nmi-without-window",
        VMX_EVENT,
        "primary_set(v, CPU_NMI_WINDOW, !able);",
        "primary_set(v, CPU_NMI_WINDOW, false);",
        "test_vmx_vcpu",
    ),
    (
        "vmx-timer-in-tsc-ticks",
        VMX_TIMER,
        "ticks >> vmx_caps.timer_shift);",
        "ticks);",
        "test_vmx_vcpu",
    ),
    # What a guest finds in the processor.
    (
        "msr-upper-half-is-written",
        REGISTERS,
        "value & ~m->writable || ",
        "",
        "test_guest_registers",
    ),
    (
        "msr-efer-of-the-vmm",
        REGISTERS,
        "#define EFER_BITS UINT64_C(0xd01)",
        "#define EFER_BITS UINT64_C(0x1d01)",
        "test_guest_registers",
    ),
    (
        "msr-not-canonical-is-written",
        REGISTERS,
        " || (m->address && !address_is_canonical(value))",
        "",
        "test_guest_registers",
    ),
    (
        "msr-refused-is-kept",
        REGISTERS,
        "\tif (guarded_msr_write(m->number, value) != 0)\n\t\treturn -EPERM;\n",
        "",
        "test_guest_registers",
    ),
    (
        "msr-stays-for-the-next-vm",
        REGISTERS,
        "kept_msrs.value[i] == r->kept[i]",
        "r->kept[i] == 0",
        "test_guest_registers",
    ),
    (
        "cpuid-shows-what-faults",
        CPUID,
        "& ~(has & GUEST_HAS_RDTSCP ? 0 : ECX_RDPID) ",
        "",
        "test_guest_cpuid",
    ),
    (
        "cpuid-frequency-is-the-processor-s",
        CPUID,
        "\tcase LEAF_TSC:\n\t\treturn tsc_frequency(platform.tsc_khz);\n",
        "\tcase LEAF_TSC:\n\t\treturn c;\n",
        "test_guest_cpuid",
    ),
    (
        "cpuid-shows-svm-s-leaf",
        CPUID,
        "\tdefault:\n\t\treturn (struct cpuid){ 0 };\n\t}\n}\n\n/* Returns the VMM's",
        "\tdefault:\n\t\treturn c;\n\t}\n}\n\n/* Returns the VMM's",
        "test_guest_cpuid",
    ),
    ("guarded-xsetbv-is-a-defect", GUARDED, "\tlea\tat_xsetbv(%rip), %rax\n", "", "test_guarded"),
    # The host's NMI handler, and the work's stack.
    ("nmi-storm-is-not-blocked", NMI, "\tjae\tstay_blocked\n", "", "test_nmi_entry"),
    ("nmi-storm-limit", NMI, ".set NMI_STORM, 8", ".set NMI_STORM, 800", "test_nmi_entry"),
    ("nmi-known-one-is-counted", NMI, "\tjne\texpected\n", "", "test_nmi_entry"),
    ("nmi-window-is-not-left", NMI, "\tmov\t%rax, 16(%rsp)\n\tincl", "\tincl", "test_nmi_entry"),
    ("nmi-window-too-wide", NMI, "\tjae\t2f\n", "\tja\t2f\n", "test_nmi_entry"),
    ("nmi-hook-not-called", NMI, "\tcall\t*nmi_hook(%rip)\n", "", "test_nmi_entry"),
    ("nmi-leaves-no-work", NMI, "\tjne\tleave_work\n", "", "test_nmi_entry"),
    (
        "nmi-leaves-work-open",
        NMI,
        "leave_work:\n\tmovb\t$0, work_open(%rip)\n",
        "leave_work:\n",
        "test_nmi_entry",
    ),
    (
        "nmi-expected-for-ever",
        NMI,
        "expected:\n\tmovb\t$0, nmi_expected(%rip)\n",
        "expected:\n",
        "test_nmi_entry",
    ),
    ("nmi-halt-sleeps-on-one", NMI, "\tjne\thalt_window_out\n", "", "test_nmi_entry"),
    ("nmi-pushes-on-the-way-into-work", NMI, "\tjb\tundo_enter\n", "", "test_nmi_entry"),
    (
        "work-window-begins-late",
        WORK,
        (
            "work_window_begin:\n\t/* an NMI before work_open was set found no work to leave"
            " */\n\tcmpl\t$0, nmi_count(%rip)"
        ),
        "\tcmpl\t$0, nmi_count(%rip)\nwork_window_begin:",
        "test_nmi_entry",
    ),
    ("work-begins-on-an-nmi", WORK, "\tjne\tnot_now\n", "", "test_nmi_entry"),
    (
        "work-left-open-at-once",
        WORK,
        "not_now:\n\tmovb\t$0, work_open(%rip)\n",
        "not_now:\n",
        "test_nmi_entry",
    ),
    (
        "work-pauses-open",
        WORK,
        "work_pause:\n\tmovb\t$0, work_open(%rip)\n",
        "work_pause:\n",
        "test_nmi_entry",
    ),
    ("work-is-never-open", WORK, "\tmovb\t$1, work_open(%rip)\n", "", "test_nmi_entry"),
    # What is done between two VMs.
    (
        "same-vm-pays-again",
        MITIGATIONS,
        "\tif (vm == mitigations.last)\n\t\treturn;\n",
        "",
        "test_mitigations",
    ),
    ("nobody-ran-last", MITIGATIONS, "\tmitigations.last = vm;\n", "", "test_mitigations"),
    (
        "rsb-of-the-last-vm",
        MITIGATIONS,
        "\t\tmitigations_fill_rsb();\n",
        "\t\t;\n",
        "test_mitigations",
    ),
    (
        "buffers-of-the-last-vm",
        MITIGATIONS,
        "\t\tmitigations_verw();\n",
        "\t\t;\n",
        "test_mitigations",
    ),
    ("buffers-behind-an-abort", MITIGATIONS, " || aborts)", ")", "test_mitigations"),
    (
        "code-in-large-pages",
        "arch/x86/virt/nested_map.c",
        "\t\tif (left->small)\n",
        "\t\tif (false)\n",
        "test_svm_npt",
    ),
    (
        "work-released-too-late",
        "arch/x86/cpu/work.h",
        "\tif (nmi_count != 0)\n\t\twork_pause();\n",
        "",
        "test_nmi_entry",
    ),
    # Each fuzzer finds an error of its field.
    (
        "fuzzed-call-writes-beyond",
        "vmm/core/calls.c",
        "vm_memory(vm, regs->rbx, sizeof(*to))",
        "vm_memory(vm, regs->rbx, 1)",
        "fuzz_calls",
    ),
    (
        "fuzzed-vmx-step-leaves-the-shadow",
        "arch/x86/virt/vmx/retire.c",
        "\tvmx_end_shadow();\n\tvmcs_write(GUEST_RFLAGS, flags",
        "\tvmcs_write(GUEST_RFLAGS, flags",
        "fuzz_vmx_exits",
    ),
    (
        "cr4-without-pae",
        "arch/x86/virt/guest_registers.h",
        "\tif (wide && !(value & CR4_PAE))\n",
        "\tif (false)\n",
        "test_vmx_cr0",
    ),
    (
        "fuzzed-8259-opens-a-foreign-line",
        "chipset/pc/pc_8259.c",
        "c->pc.may_open[PIC_MASTER] = (uint8_t)(lines | c->unwired | LINE(LINE_CASCADE));",
        "c->pc.may_open[PIC_MASTER] = (uint8_t)(lines | c->unwired | LINE(LINE_CASCADE) | 8);",
        "fuzz_pc_8259",
    ),
    (
        "fuzzed-map-goes-round",
        "vmm/config/reserve.c",
        "more > UINT64_MAX - first ? UINT64_MAX : first + more",
        "first + more",
        "fuzz_memory",
    ),
    (
        "fuzzed-a-out-ends-before-its-beginning",
        "vmm/load/elf.c",
        "\t\tif (h->load_end_addr < h->load_addr)\n",
        "\t\tif (false)\n",
        "fuzz_elf",
    ),
    (
        "fuzzed-split-repeats-a-page",
        "arch/x86/virt/nested_map.c",
        "table[i] = entry + i * PAGE;",
        "table[i] = entry + (i & ~1) * PAGE;",
        "fuzz_nested",
    ),
    (
        "results-are-the-first-vm-s",
        "vmm/core/calls.c",
        "results.count + kept < RESULTS_MAX",
        "results.count < RESULTS_MAX",
        "test_calls",
    ),
)
