# SPDX-License-Identifier: BSD-2-Clause
"""Mutants that a system test notices: name, file, text there, text instead, platform:test."""

ENTER_VMX = "arch/x86/virt/vmx/enter.S"
ENTER_SVM = "arch/x86/virt/svm/enter.S"
VMX = "arch/x86/virt/vmx/"
SVM = "arch/x86/virt/svm/"
ISOLATION = "tests/system/test_isolation.py::"
ATTACK = ISOLATION + "test_R01_an_attack_is_answered_and_the_neighbour_is_as_when_alone"
CLEAN = (
    "tests/system/test_state.py::"
    "test_R01_a_vm_that_never_wrote_a_register_finds_it_as_after_a_reset"
)

MUTANTS = (
    # The registers of a guest.
    (
        "vmx-register-swapped",
        ENTER_VMX,
        "\tmov\t%r12, 96(%rdi)\n",
        "\tmov\t%r13, 96(%rdi)\n",
        "bochs:" + ATTACK + "[pc-port]",
    ),
    (
        "svm-register-swapped",
        ENTER_SVM,
        "\tmov\t%r12, 96(%rdi)\n",
        "\tmov\t%r13, 96(%rdi)\n",
        "qemu:" + ATTACK + "[pc-port]",
    ),
    # The VMM's own memory.
    (
        "stack-s-page-below-is-there",
        "arch/x86/cpu/pages.c",
        "stack_run_out(page) != NULL ? 0 : page",
        "page",
        "qemu:tests/system/test_stacks.py::test_a_stack_overflow_is_named[default-work-1024]",
    ),
    (
        "code-is-writable",
        "arch/x86/cpu/pages.c",
        "\t\treturn page | PRESENT;\n",
        "\t\treturn page | PRESENT | WRITABLE;\n",
        "qemu:tests/system/test_stacks.py::test_the_vmm_cannot_write_to_its_code[default]",
    ),
    (
        "overwritten-record-is-believed",
        "vmm/operator/inspect.c",
        "\tif (vm->number != i || vm->state > VM_WAITING)\n",
        "\tif (false)\n",
        "qemu:tests/system/test_stacks.py::test_an_overwritten_record_is_shown",
    ),
    # What VMX exits for, and what it leads to.
    (
        "vmx-cr4-of-the-vmm",
        VMX + "control.c",
        "uint64_t refused = value & ~vmx_cr4_allowed();",
        "uint64_t refused = 0;",
        "bochs:" + ATTACK + "[pc-cr]",
    ),
    (
        "vmx-cr0-reserved",
        VMX + "control.c",
        "bool valid = !(value >> 32) &&",
        "bool valid =",
        "bochs:" + ATTACK + "[pc-cr]",
    ),
    (
        "vmx-paging-off-in-64-bit-code",
        VMX + "control.c",
        "(efer & EFER_LMA && long_code) || cr4",
        "cr4",
        "bochs:" + ATTACK + "[pc-cr]",
    ),
    (
        "no-mitigation-at-a-switch",
        "arch/x86/virt/guest_state.c",
        "\tmitigations_switch(s);",
        "\t;",
        (
            "bochs:tests/system/test_mitigations.py::"
            "test_what_is_offered_is_done_and_costs_what_the_banner_says"
        ),
    ),
    (
        "vmx-ports-are-open",
        VMX + "vcpu.c",
        "memset(v->io_bitmap, 0xff, 2 * PAGE);",
        "memset(v->io_bitmap, 0, 2 * PAGE);",
        "bochs:" + ATTACK + "[pc-port]",
    ),
    (
        "vmx-denied-without-a-fault",
        VMX + "control.c",
        "\tif (error == -EPERM)\n",
        "\tif (false)\n",
        "bochs:" + ATTACK + "[pc-vmx]",
    ),
    (
        "vmx-memory-write-is-a-read",
        VMX + "exit.c",
        "*write = vmcs_read(EXIT_QUALIFICATION) >> 1 & 1;",
        "*write = false;",
        "bochs:" + ATTACK + "[pc-memory]",
    ),
    (
        "vmx-swapgs-seen-by-all",
        VMX + "vcpu.c",
        "\tmsr_write(IA32_KERNEL_GS_BASE, v->kernel_gs);\n",
        "",
        "bochs:" + CLEAN + "[pc]",
    ),
    (
        "calls-from-ring-3",
        "vmm/core/calls.c",
        "if (!virt_in_ring_0(vm->vcpu))",
        "if (false)",
        "bochs:" + ATTACK + "[pc-ring3]",
    ),
    # The same of SVM.
    (
        "svm-vectors-left-to-the-next",
        "arch/x86/virt/guest_state.c",
        "s->xcr0_widest | registers.left_behind",
        "s->xcr0_widest",
        "qemu:" + CLEAN + "[pc]",
    ),
    (
        "svm-svme-is-seen",
        SVM + "msr.c",
        "v->vmcb->efer & ~(uint64_t)EFER_SVME : v->vmcb->pat;",
        "v->vmcb->efer : v->vmcb->pat;",
        "qemu:" + ATTACK + "[pc-msr]",
    ),
    (
        "svm-denied-without-a-fault",
        SVM + "control.c",
        "\tif (error == -EPERM)\n",
        "\tif (false)\n",
        "qemu:" + ATTACK + "[pc-vmx]",
    ),
    (
        "svm-shutdown-is-nothing",
        SVM + "exit.c",
        "[EXIT_SHUTDOWN] = VM_EXIT_SHUTDOWN,",
        "[EXIT_SHUTDOWN] = VM_EXIT_WAKE,",
        "qemu:" + ISOLATION + "test_R01_a_guest_that_cannot_go_on_stops_alone[pc-triple]",
    ),
    (
        "wide-access-beside-another-owner",
        "vmm/core/port_access.c",
        "if (found != OWN)",
        "if (!(found & OWN))",
        "test_port_access",
    ),
    # A port that is not the VM's.
    (
        "denied-port-reads-nothing",
        "vmm/core/port_access.c",
        "\t*value = ones(io->size);\n",
        "\t;\n",
        "bochs:" + ATTACK + "[pc-port]",
    ),
    (
        "lapic-timer-of-firmware-goes-on",
        "arch/x86/machine/lapic.c",
        "lapic_write(unused[i], LVT_MASKED)",
        "(void)unused[i]",
        "test_lapic",
    ),
)
