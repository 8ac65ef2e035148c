# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of PCI functions that belong to VMs, and of a HLT with interrupts off."""

SPACE = "vmm/device/pci_space.c"
BARS = "arch/x86/machine/pci_bars.c"
CLAIM = "vmm/config/config_pci.c"
CHECK = "vmm/config/config_check.c"
ACPI_DMA = "arch/x86/machine/acpi_dma.c"

MUTANTS = (
    # What a VM sees and changes.
    (
        "bus-master-for-all",
        SPACE,
        "(c->dma_unsafe || c->dma_confined ? PCI_COMMAND_MASTER : 0)",
        "PCI_COMMAND_MASTER",
        "test_pci_space",
    ),
    (
        "decode-goes-off",
        SPACE,
        "mask &= s->command | STATUS_CLEARED;",
        "mask &= s->command | STATUS_CLEARED | PCI_COMMAND_DECODE;",
        "test_pci_space",
    ),
    (
        "status-is-cleared-unasked",
        SPACE,
        "pci_read(f->number, PCI_COMMAND) & ~STATUS_BITS;\n\tuint32_t virtual",
        "pci_read(f->number, PCI_COMMAND);\n\tuint32_t virtual",
        "test_pci_space",
    ),
    ("a-vm-sees-all", SPACE, "number == HOST_BRIDGE && (index", "(index", "test_pci_space"),
    (
        "msi-is-listed",
        SPACE,
        "id != CAPABILITY_MSI && id != CAPABILITY_MSIX",
        "id != CAPABILITY_MSIX",
        "test_pci_space",
    ),
    ("the-list-has-no-end", SPACE, "\t*link &= ~(0xffu << shift);\n", "", "test_pci_space"),
    (
        "a-bar-keeps-its-flags-not",
        SPACE,
        "mask &= f->bars.mask[index - BAR0];",
        "mask &= UINT32_MAX;",
        "test_pci_space",
    ),
    ("stopped-vm-masters", SPACE, "~(STATUS_BITS | s->command)", "~STATUS_BITS", "test_pci_space"),
    (
        "a-stop-takes-from-sharers",
        SPACE,
        "i < s->count && !s->shared",
        "i < s->count",
        "test_pci_space",
    ),
    (
        "a-new-life-has-the-old-bars",
        SPACE,
        "\t\tmemcpy(&f->space[BAR0], f->bars.value, sizeof(f->bars.value));\n",
        "",
        "test_pci_space",
    ),
    ("no-filler", SPACE, "if (is_filler(s, number))", "if (false)", "test_pci_space"),
    (
        "the-hook-is-for-all",
        "vmm/core/pc_view.c",
        "vm->config.pci_count != 0 && !(io->kind & IO_STRING)",
        "!(io->kind & IO_STRING)",
        "test_pc_view",
    ),
    # ACPI.
    (
        "any-sleep-switches-off",
        "vmm/core/pc_view.c",
        "SLEEP_MASK) == (SLEEP_NOW | VM_ACPI_S5)",
        "SLEEP_MASK) >= SLEEP_NOW",
        "test_pc_view",
    ),
    (
        "acpi-for-all",
        "vmm/core/pc_view.c",
        "return vm->config.acpi && io->port >= VM_ACPI_PM1",
        "return io->port >= VM_ACPI_PM1",
        "test_pc_view",
    ),
    (
        "madt-without-the-lines-pins",
        "vmm/load/vm_acpi.c",
        ".pin = (uint32_t)pin->pin,",
        ".pin = n,",
        "test_vm_acpi",
    ),
    (
        "controller-s-registers-are-faults",
        "vmm/core/absent.c",
        "chipset->controller.memory(vm->vcpu, address))\n\t\treturn;",
        "chipset->controller.memory(vm->vcpu, address))\n\t\tvm->probes++;",
        "test_faults",
    ),
    (
        "acpi-table-unsealed",
        "vmm/load/vm_acpi.c",
        "\tseal(h, used, &h->checksum);\n",
        "\t(void)used;\n",
        "test_vm_acpi",
    ),
    (
        "restarted-vm-masters",
        "vmm/core/vm_build.c",
        "\tpci_space_reset(&vm->pci);\n",
        "",
        "qemu:tests/system/test_pci.py::"
        "test_R01_a_new_life_finds_the_function_as_it_was[qemu-pc]",
    ),
    # DMA that an IOMMU confines.
    (
        "confined-vm-masters-not",
        SPACE,
        "c->dma_unsafe || c->dma_confined",
        "c->dma_unsafe",
        "test_pci_space",
    ),
    (
        "half-a-dmar-is-used",
        ACPI_DMA,
        "\tif (error != 0)\n\t\tmemset(out, 0, sizeof(*out));\n\telse",
        "\tif (error == 0)",
        "test_acpi_dma",
    ),
    (
        "a-unit-twice",
        ACPI_DMA,
        "return error == -EEXIST ? -EINVAL : error;",
        "return error == -EEXIST ? 0 : error;",
        "test_acpi_dma",
    ),
    (
        "a-range-without-its-end",
        ACPI_DMA,
        "if (error == 0 && first <= ALL_FUNCTIONS)",
        "if (false)",
        "test_acpi_dma",
    ),
    (
        "a-bridge-is-covered",
        ACPI_DMA,
        "type == SCOPE_ENDPOINT && f.first == f.last",
        "true",
        "test_acpi_dma",
    ),
    (
        "blocked-access-is-not-told",
        "vmm/confine.c",
        "\t\tvm_device_fault(owner, &what);\n",
        "\t\treturn;\n",
        "qemu:tests/system/test_dma.py::test_R01_every_attempt_is_reported[intel]",
    ),
    # What the machine says of a function.
    (
        "sized-while-decoding",
        BARS,
        "command & ~(uint32_t)PCI_COMMAND_DECODE",
        "command",
        "test_pci_bars",
    ),
    ("a-bar-has-32-bits", BARS, "== BAR_WIDE &&", "== BAR_WIDE && false &&", "test_pci_bars"),
    ("an-off-pirq-feeds", BARS, "if (!(rout & ROUT_OFF))", "if (true)", "test_pci_bars"),
    ("edge-triggered-pci", BARS, "\tlevel |= missing;\n", "", "test_pci_bars"),
    # Who may have a function.
    (
        "a-bridge-is-given",
        CLAIM,
        "if (!pci_is_device(c->function))",
        "if (false)",
        "test_config_pci",
    ),
    (
        "a-page-is-shared",
        CLAIM,
        "\tif (other == HOST_BRIDGE)\n",
        "\tif (true)\n",
        "test_config_pci",
    ),
    (
        "a-page-above-4-gib-is-shared",
        CLAIM,
        "(bar & KIND) == WIDE",
        "false",
        "test_config_pci",
    ),
    # Which virtio function goes around the IOMMU.
    (
        "virtio-by-the-first-features",
        "vmm/device/virtio.c",
        "pci_write(function, window + DATA, SECOND);",
        "pci_write(function, window + DATA, 0);",
        "test_virtio",
    ),
    (
        "virtio-without-a-window",
        "vmm/device/virtio.c",
        "common == 0 || window == 0",
        "common == 0",
        "test_virtio",
    ),
    (
        "the-end-has-no-faults",
        "vmm/operator/report_tables.c",
        "(unsigned long)vm.faults",
        "0ul",
        "test_report",
    ),
    ("address-0-is-given", CLAIM, "range.first == 0", "false", "test_config_pci"),
    ("a-line-of-nobody", CLAIM, "fed != 0 && !line_in(fed, line)", "false", "test_config_pci"),
    (
        "no-line-is-a-line",
        CLAIM,
        "line >= LINES || !line_in(PCI_LINES, line)",
        "line >= LINES",
        "test_config_pci",
    ),
    (
        "two-words-for-a-master",
        CHECK,
        "error = check_masters(c, other, c->vm);",
        ";",
        "test_config_pci",
    ),
    (
        "hlt-with-if-clear-ends-by-a-line",
        "vmm/core/run.c",
        "virt_interrupts_on(vm->vcpu) || vm->at_entry",
        "true || vm->at_entry",
        "test_turns",
    ),
    (
        "hlt-in-the-handler-of-an-nmi-sleeps-for-ever",
        "vmm/core/faults.c",
        " && !virt_nmis_blocked(vm->vcpu)",
        "",
        "test_faults",
    ),
    (
        "nmi-leaves-the-vm-halted",
        "vmm/core/run.c",
        "if (vm->at_entry & AT_ENTRY_NMI) /* ends the HLT */",
        "if (false)",
        "test_turns",
    ),
)
