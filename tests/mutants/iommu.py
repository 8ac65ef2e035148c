# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of the units that confine DMA, and of their page tables."""

DMA = "arch/x86/machine/dma.c"
VTD = "arch/x86/machine/vtd.c"
ENTRIES = "arch/x86/machine/vtd_interrupts.c"
AMDVI = "arch/x86/machine/amdvi.c"

MUTANTS = (
    (
        "iommu-unasked",
        "vmm/core/dispatch.c",
        "!told && source != NULL && source->spoke()",
        "false",
        "test_dispatch",
    ),
    (
        "iommu-asked-in-vain",
        "vmm/core/dispatch.c",
        "!told && source != NULL && source->spoke()",
        "source != NULL && source->spoke()",
        "test_dispatch",
    ),
    (
        "dma-large-page-misaligned",
        DMA,
        "((guest | host) & (span(level) - 1)) != 0",
        "(guest & (span(level) - 1)) != 0",
        "test_vtd",
    ),
    (
        "dma-page-that-the-unit-lacks",
        DMA,
        "return level == 1 && !dma.units.has_2m ? 0 : level;",
        "return level;",
        "test_vtd",
    ),
    (
        "vtd-pages-are-not-forgotten",
        VTD,
        "\tmmio_write64(iotlb, (uint64_t)(INVALIDATE | IOTLB_GLOBAL | IOTLB_DRAIN) << 32);\n",
        "",
        "test_vtd",
    ),
    (
        "vtd-caches-are-not-written-back",
        VTD,
        "\tif (u->flushes)\n\t\tcpu_write_back();\n\tif (mmio_read64(unit + CAP) & CAP_FLUSH) {",
        "\tif (mmio_read64(unit + CAP) & CAP_FLUSH) {",
        "test_vtd",
    ),
    (
        "vtd-write-buffer-stays",
        VTD,
        "if (mmio_read64(unit + CAP) & CAP_FLUSH) {",
        "if (false) {",
        "test_vtd",
    ),
    (
        "vtd-overflow-is-silent",
        VTD,
        "\t\t\tfault->lost = true;\n\t\t\treturn true;\n",
        "",
        "test_vtd",
    ),
    (
        "vtd-handle-of-any-sender",
        ENTRIES,
        "= VERIFY | u->tables->special[i].function;",
        "= 0;",
        "test_vtd",
    ),
    (
        "amdvi-function-passes",
        AMDVI,
        "entry[0] = (uint64_t)empty | LEVELS << LEVELS_SHIFT | ENTRY_VALID;",
        "entry[0] = 0;",
        "test_amdvi",
    ),
    (
        "amdvi-messages-pass",
        AMDVI,
        "\t\tentry[2] = INTERRUPTS_VALID;\n",
        "",
        "test_amdvi",
    ),
    (
        "amdvi-pages-are-not-forgotten",
        AMDVI,
        "\t\tqueue(u, i, COMMAND(FORGET_PAGES) | (uint64_t)domain << DOMAIN_SHIFT, ALL_PAGES);\n",
        "",
        "test_amdvi",
    ),
    (
        "amdvi-events-end-when-full",
        AMDVI,
        "\t\t\tmmio_write32(unit + STATUS, STATUS_FULL | STATUS_SENT);\n",
        "",
        "test_amdvi",
    ),
)
