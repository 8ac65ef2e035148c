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
/* EFLAGS of ring 3: IOPL 3, AC for the rows of alignment */
#define EXITS_AC 0x40000
#define EXITS_TF 0x100
#define EXITS_RF 0x10000

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
	IS_KEPT,            /* exits on VMX alone: SVM's processor answers by itself */
	IS_STEP,            /* with a single step: #DB behind the instruction */
	IS_WATCHED,         /* a store through RDI, with a data breakpoint: #DB behind the store */
	IS_BREAK,           /* with a breakpoint on the instruction: #DB in front */
	IS_RING3,           /* in ring 3, with IOPL 3 */
	IS_RING3_CALL,      /* the call of the VMM, in ring 3 */
	IS_RING3_SVM,       /* in ring 3; SVM's processor raises #GP itself */
	IS_ALIGNED,         /* in ring 3, a misaligned load through RDI: #AC, then the load */
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

/* exits_registers.c: all registers but the general ones, and all state of XSAVE. */
enum { EXITS_MSRS = 13, EXITS_SELECTORS = 8 };
struct exits_rest {
	uint64_t cr0, cr2, cr3, cr4, cr8, dr[4], dr6, dr7, xcr0, msr[EXITS_MSRS];
	uint16_t selector[EXITS_SELECTORS];
	uint8_t gdtr[10], idtr[10];
};
/* Turns all components of XSAVE on, and fills MSRs. Returns the components; 0: no XSAVE. */
uint32_t exits_begin(void);
void exits_look(struct exits_rest *r);
/* Fills the components in memory, loads them, stores them. Returns the number of differences. */
void exits_fill_vectors(uint32_t offered, uint32_t seed);
void exits_load_vectors(void);
void exits_store_vectors(void);
unsigned exits_compare_vectors(void);

/* exits_rows.c. exits_open: rows that need ticks. */
extern const struct exits_row exits_rows[], exits_refused[], exits_open[], exits_debug[];
extern const unsigned exits_rows_count, exits_refused_count, exits_open_count, exits_debug_count;
/* exits_ring3.c */
extern const struct exits_row exits_ring3[];
extern const unsigned exits_ring3_count;

/* exits_code.S. exits_run() loads exits_before, executes exits_code, and stores exits_after. A
 * fault of exits_code ends exits_code: then exits_faults is 1, and the other words tell of the
 * fault. */
extern uint8_t exits_code[EXITS_CODE_BYTES];
void exits_run(void);
extern uint64_t exits_before[EXITS_IMAGE], exits_after[EXITS_IMAGE];
extern uint64_t exits_faults, exits_vector, exits_error, exits_rip, exits_flags, exits_ticks;
/* Not 0: exits_run() executes exits_code in ring 3. */
extern uint64_t exits_in_ring3;
/* Handlers: of four exceptions, and of line 0. None of them changes a register. #DB and #AC go on
 * behind the exception, with TF and AC clear. */
void exits_ud(void);
void exits_gp(void);
void exits_db(void);
void exits_ac(void);
void exits_tick(void);
#endif

#endif
