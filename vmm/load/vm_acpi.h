/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables of a VM whose line says acpi (ACPI Specification 6.4, chapter 5): RSDP, RSDT,
 * FADT with FACS and DSDT, and MADT. A system finds the RSDP at its usual place, between E0000h
 * and FFFFFh.
 *
 * Rule: the tables describe the parts of the word pc and no device of the machine. The registers
 * that the FADT names are answered by vmm/core/pc_view.c.
 */
#ifndef VMM_VM_ACPI_H
#define VMM_VM_ACPI_H

#include "arch/x86/machine/platform.h"

#include <stdbool.h>
#include <stdint.h>

/* The page of the tables: RAM of the VM in the hole below 1 MiB. */
enum { VM_ACPI_AT = 0xe0000 };
/* The PM1 registers: status and enable, of two bytes each, then control (4.8.3). */
enum { VM_ACPI_PM1 = 0x8904, VM_ACPI_PM1_EVENT_BYTES = 4, VM_ACPI_PM1_CONTROL_BYTES = 2 };
/* The sleep type of S5, which switches off. */
enum { VM_ACPI_S5 = 5 };
/* The reset register, and its value. */
enum { VM_ACPI_RESET = 0xcf9, VM_ACPI_RESET_VALUE = 6 };
/* The parts of the building. */
enum { VM_ACPI_PARTS = 2 };

/* Builds a part of the tables, from 0 on, into page, which is clear before the first part.
 * keyboard: the VM has the keyboard controller. Call it for each part, in order, at each start of a
 * VM. Takes 1,200 instructions at most. */
void vm_acpi_build(void *page, unsigned part, bool keyboard);
/* Adds the machine's I/O APIC, and the lines whose pins are not the usual ones, to the MADT. Call
 * it after vm_acpi_build() for a VM with a local APIC. */
void vm_acpi_add_apics(void *page, const struct platform *machine);

#endif
