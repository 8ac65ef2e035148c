/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for task switches: the back end's own task.c, retire.c and debug.c, with a VMCS and 64
 * KiB of RAM of the test's; two tasks of 32 bits and one of 16 in its GDT, without paging.
 *
 * Rule: begin() makes everything as it was. Each case is played twice: in one go, and with an NMI
 * at each step (nmis).
 */
#ifndef TESTS_UNIT_TASK_KIT_H
#define TESTS_UNIT_TASK_KIT_H

#include "tests/unit/check.h"

#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/nested_map.h"
#include "arch/x86/virt/vmx/task.h"
#include "arch/x86/virt/vmx/vmx.h"

#include <errno.h>
#include <string.h>

enum { FIELDS = HOST_RIP + 1, RAM = 1 << 16, CR0_PE = 1 << 0 };
enum {
	GDT = 0x1000,
	OLD = 0x2000,
	NEW = 0x2100,
	NARROW = 0x2200,
	ACROSS = 0x3fd0,
	TABLES = 0x8000
};
enum {
	CODE = 0x08,
	DATA = 0x10,
	TSS_OLD = 0x18,
	TSS_NEW = 0x20,
	TSS_NARROW = 0x28,
	LDT = 0x30,
	USER_CODE = 0x3b
};
enum {
	USER_DATA = 0x43,
	LIMIT = 0x47,
	EIP = 0x100,
	NEW_EIP = 0x400,
	LENGTH = 7,
	NEW_STACK = 0x5000
};
enum { FLAGS_IF = 1 << 9, PIECES = 12 };

#define PAGING (CR0_PE | (uint64_t)CR0_PG | 1 << 16)

extern uint64_t dr6, cr2;
extern unsigned invalidated; /* by INVEPT */
extern unsigned pieces;      /* of the last switch */
extern uint8_t ram[RAM];
extern struct vcpu vcpu;
extern bool nmis; /* An NMI comes whenever the switch reads the VMCS or the guest's memory. */

void set_descriptor(uint16_t selector, uint64_t raw);
uint8_t rights_of(uint16_t selector);
void set_rights(uint16_t selector, uint8_t rights);
uint64_t system_descriptor(uint32_t base, uint32_t limit, uint8_t rights);
struct tss32 *tss(uint32_t at);
int begin(void **state);
int switches(enum source source, uint16_t selector);
void delivers(uint32_t type, unsigned vector);
void expect_switched(uint32_t eip);
void expect_fault(unsigned vector, uint32_t error);
void paging(void);
int in_one_go(void **state);
int with_nmis(void **state);

/* Plays the cases in one go, and with an NMI at each step. */
#define PLAY(name, tests)                                            \
	(cmocka_run_group_tests_name(name, tests, in_one_go, NULL) | \
	 cmocka_run_group_tests_name(name ", an NMI at each step", tests, with_nmis, NULL))

#endif
