/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attack do=exits: a row for each instruction, and the registers around the instruction.
 */
#ifndef GUESTS_VANDAL_EXITS_H
#define GUESTS_VANDAL_EXITS_H

/* The saved registers, in the order of instruction encodings. */
#define EXITS_GENERAL 16
#define EXITS_FLAGS 16
#define EXITS_IMAGE 17
#define EXITS_CODE_BYTES 16

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What an instruction needs besides its registers. */
enum exits_special {
	PLAIN,
	RAX_IS_CR0,         /* CR0 with the bits of rcx set, and those of rdx clear */
	RAX_IS_CR4,         /* the same of CR4 */
	RAX_IS_XCR0,        /* all components */
	RAX_IS_FOREIGN,     /* the address of foreign memory */
	IS_CALL,            /* VMCALL here, VMMCALL on the other vendor's processors */
	IS_CALL_OF_ANOTHER, /* the other vendor's call */
	IS_STRING,          /* INS and OUTS: RDI and RSI point into a buffer */
	IS_OPEN,            /* with interrupts on */
	IS_KEPT,            /* an MSR that exits on VMX alone: SVM's processor answers by itself */
};

#define MAY(r) (1u << (r))
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

/* An instruction that exits. */
struct exits_row {
	const char *name;
	uint8_t code[8], bytes;
	/* registers, by MAY(), with the instruction's results */
	uint32_t changes;
	uint32_t rax, rcx, rdx;
	enum exits_special special;
	/* the exception that comes in the instruction's place; 0: none */
	uint8_t vector;
};

/* exits_rows.c. exits_open: rows that need ticks. */
extern const struct exits_row exits_rows[], exits_refused[], exits_open[];
extern const unsigned exits_rows_count, exits_refused_count, exits_open_count;

/* exits_code.S. exits_run() loads exits_before, executes exits_code, and stores exits_after. A
 * fault of exits_code ends exits_code: then exits_faults is 1, and the other words tell of the
 * fault. */
extern uint8_t exits_code[EXITS_CODE_BYTES];
void exits_run(void);
extern uint64_t exits_before[EXITS_IMAGE], exits_after[EXITS_IMAGE];
extern uint64_t exits_faults, exits_vector, exits_error, exits_rip, exits_flags, exits_ticks;
/* Handlers: of two exceptions, and of line 0. None of them changes a register. */
void exits_ud(void);
void exits_gp(void);
void exits_tick(void);
#endif

#endif
