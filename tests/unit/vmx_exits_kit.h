/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A processor with VMX for the fuzzer of exits: the VMCS, the registers and the memory that the
 * back end finds.
 *
 * Rule: an entry runs no guest. The exit is in the VMCS before the entry.
 */
#ifndef TESTS_UNIT_VMX_EXITS_KIT_H
#define TESTS_UNIT_VMX_EXITS_KIT_H

#include "arch/x86/virt/vmx/vmx.h"

#include <stdbool.h>
#include <stdint.h>

enum { RAM = 1 << 16, FRAMES = 128, LENGTH_MOST = 15 };
/* A field's number has 14:13 width | 11:10 type | 9:1 index (SDM 3C 24.11.2); no index here is
 * above 31. */
enum { FIELDS = 1 << 9 };
enum { CR0_PE = 1 << 0, CR0_ET = 1 << 4, CR0_NE = 1 << 5, CR0_WP = 1 << 16 };
enum { CR0_NW = 1 << 29, CR0_CD = 1 << 30 };
enum { CR4_MCE = 1 << 6, CR4_PCIDE = 1 << 17, CR4_VMXE = 1 << 13 };
enum { EFER_SCE = 1 << 0, EFER_LME = 1 << 8, EFER_LMA = 1 << 10, EFER_NXE = 1 << 11 };
enum { RFLAGS_TF = 1 << 8, RFLAGS_IF = 1 << 9, RFLAGS_VM = 1 << 17, PENDING_BS = 1 << 14 };
enum { REASON_TASK_SWITCH = 9 };
enum { VECTOR_DB = 1, VECTOR_MF = 16, VECTOR_AC = 17 };

/* The VMCS as it is and as it was before the exit, by place. */
extern uint64_t fields[FIELDS], before[FIELDS], dr6;
extern uint8_t ram[RAM];
extern unsigned frames_used;
extern struct vcpu *vcpu;
extern bool xcr0_refused;

/* Returns the field at a place. */
enum vmcs_field field_at(unsigned place);
/* Returns the field's value before the exit. */
uint64_t was(enum vmcs_field field);

#endif
