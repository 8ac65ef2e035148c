# SPDX-License-Identifier: BSD-2-Clause
"""Mutants of vmm/ where a VM ends: its memory, its ports, its faults, its PIT."""

RESERVED = "vmm/config/config_reserved.c"
PCI = "arch/x86/machine/pci.c"
ELF = "vmm/load/elf.c"
FILTER = "vmm/core/port_filter.c"
ABSENT = "vmm/core/absent.c"
VM_TABLE = "vmm/core/vm_table.c"
VM = "vmm/core/vm.c"
PIT = "vmm/core/pit.c"

MUTANTS = (
    # What reaches beyond a VM.
    (
        "reservations-stay-apart",
        RESERVED,
        "|| !joins(&old->range, &range)) {",
        "|| true) {",
        "test_config_check",
    ),
    (
        "reservation-lost",
        RESERVED,
        "\tif (r->count == r->max)\n\t\treturn -ENOMEM;\n",
        "\tif (r->count == r->max)\n\t\treturn 0;\n",
        "test_config_check",
    ),
    (
        "trust-grants-all",
        RESERVED,
        "&& !(list[i].trust & trust))",
        "&& trust == 0)",
        "test_config_check",
    ),
    (
        "masters-of-bus-0-alone",
        PCI,
        "FUNCTIONS_OF_ALL_BUSES = 65536",
        "FUNCTIONS_OF_ALL_BUSES = 256",
        "test_pci",
    ),
    ("masters-stay", PCI, "command & ~(uint32_t)PCI_COMMAND_MASTER", "command", "test_pci"),
    ("bridges-master-no-more", PCI, "== CLASS_BRIDGE;", "== 0xff;", "test_pci"),
    ("headers-are-loaded", ELF, "\t\tcut_headers(&s);\n", "", "test_elf"),
    (
        "initrd-over-the-kernel",
        "vmm/load/files.c",
        "uint64_t end = l->image_end;",
        "uint64_t end = 0;",
        "test_linux",
    ),
    (
        "cmos-stands-still",
        "vmm/core/cmos.c",
        "start.seconds + us / SECOND_US",
        "start.seconds",
        "test_cmos",
    ),
    (
        "leap-day-lost",
        "vmm/core/cmos.c",
        "if (left >= LEAP_YEAR) {",
        "if (left >= COMMON_YEAR) {",
        "test_cmos",
    ),
    (
        "cmos-of-the-owner",
        "vmm/core/pc_view.c",
        " || port_is_own(vm, io->port))",
        ")",
        "test_pc_view",
    ),
    (
        "linux-cut-off",
        "vmm/load/linux.c",
        "bytes == 0 || offset + bytes > size",
        "bytes == 0",
        "test_linux",
    ),
    (
        "linux-above-its-memory",
        ELF,
        "if (l->image_end > l->memory_size)",
        "if (false)",
        "test_linux",
    ),
    ("handover-over-the-image", ELF, "\ttake_pages(l, s);\n", "", "test_elf"),
    (
        "a-reset-passes",
        FILTER,
        "if (pulse && !(command & OUTPUT_RESET))",
        "if (false)",
        "test_port_filter",
    ),
    ("a20-by-the-output-port", FILTER, "\tif (!vm->drops_keyboard_data)\n", "", "test_port_filter"),
    ("serr-by-its-owner", FILTER, "GUESTS = 0x03", "GUESTS = 0x07", "test_port_filter"),
    ("nmis-off-by-the-rtc", FILTER, "INDEX = 0x7f", "INDEX = 0xff", "test_port_filter"),
    # Faults.
    (
        "absent-pages-stay",
        ABSENT,
        "\tif (vm->absent_pages_used >= ABSENT_PAGES)\n",
        "\tif (false)\n",
        "test_faults",
    ),
    (
        "absent-pages-stay-at-a-restart",
        ABSENT,
        "\t\ttake_back(vm, vm->absent_pages[i]);\n",
        "\t\t;\n",
        "test_faults",
    ),
    (
        "stores-are-kept",
        ABSENT,
        "if (write && virt_drop_store(vm->vcpu))",
        "if (false)",
        "test_faults",
    ),
    (
        "devices-of-others-are-absent",
        ABSENT,
        "config.mmio_count, page))\n\t\t\treturn true;",
        "config.mmio_count, page))\n\t\t\treturn false;",
        "test_faults",
    ),
    ("event-not-put-back", ABSENT, "\tvirt_requeue_event(vm->vcpu);\n", "", "test_faults"),
    (
        "event-put-back-not-held",
        ABSENT,
        "\tif (virt_may_be_overtaken(vm->vcpu))\n",
        "\tif (false)\n",
        "test_faults",
    ),
    ("restarts-without-limit", VM, "RESTARTS_MAX = 20", "RESTARTS_MAX = 1 << 30", "test_faults"),
    ("restart-keeps-its-turn", VM, "\tsched_end_turn(vm);\n", "", "test_faults"),
    (
        "memory-beyond-the-end",
        VM_TABLE,
        "if (bytes > size || address > size - bytes)",
        "if (bytes > size || address > size)",
        "test_faults",
    ),
    (
        "memory-in-the-hole",
        VM_TABLE,
        "if (address < HOLE_END && address + bytes > HOLE_FIRST)",
        "if (false)",
        "test_faults",
    ),
    (
        "note-before-the-text",
        VM,
        "\tlog_notes_after(&vm->output.tail, vm->output.head);\n\tlog_note_post(&note);\n\tif",
        "\tlog_note_post(&note);\n\tif",
        "test_faults",
    ),
    (
        "end-before-the-text",
        VM,
        "\tlog_notes_after(&vm->output.tail, vm->output.head);\n\tlog_note_post(&note);\n\tlog",
        "\tlog_note_post(&note);\n\tlog",
        "test_faults",
    ),
    (
        "fault-lines-without-limit",
        VM,
        "if (vm->faults <= FAULT_LINES ||",
        "if (true ||",
        "test_faults",
    ),
    # A PIT for each VM.
    (
        "pit-silenced-beside-an-edge",
        PIT,
        "machine.edge - t <= near && tries < TRIES",
        "false && tries < TRIES",
        "test_pit_switch",
    ),
    (
        "pit-forgets-the-drift",
        PIT,
        "\tpit_counter_shift(&p->counter[COUNTER_TICK], drift);\n",
        "",
        "test_pit_switch",
    ),
    (
        "pit-raises-a-low-out",
        PIT,
        "io_out8(PORT_CONTROL, machine.low ? WORD_SINGLE : WORD_PERIODS)",
        "io_out8(PORT_CONTROL, WORD_PERIODS)",
        "test_pit_switch",
    ),
    (
        "pit-trusts-a-control-word-in-qemu",
        PIT,
        "if (platform.hypervised)\n\t\tmachine_silence_emulated",
        "if (false)\n\t\tmachine_silence_emulated",
        "test_pit_switch",
    ),
    (
        "pit-forgets-unmade-ticks",
        PIT,
        "machine.kind == SINGLE && ticks > 1",
        "machine.kind == SINGLE && ticks > 99",
        "test_pit_switch",
    ),
    (
        "pit-keeps-an-old-deadline",
        PIT,
        "\tprocessor.attention = true; /* the turn's deadline",
        "\t/* the turn's deadline",
        "test_pit_switch",
    ),
    (
        "pit-owes-nothing",
        PIT,
        "*(p->all ? &p->owed : &p->merged) += ticks;",
        "*(p->all ? &p->owed : &p->merged) += p->all ? 0 : ticks;",
        "test_pit_switch",
    ),
    (
        "pit-counter-strobes-early",
        "vmm/core/pit_counter.c",
        "c->start + c->reload + strobe",
        "c->start + c->reload",
        "test_pit",
    ),
)
