/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts for exceptions in a row: a task state segment with stacks for exceptions, and programs in
 * ring 3.
 *
 * Rule: interrupts stay off meanwhile. Memory that was opened to ring 3 stays open.
 */
#ifndef GUESTS_VANDAL_RING3_H
#define GUESTS_VANDAL_RING3_H

#define RING3_SELECTOR_TSS 0x20
#define RING3_SELECTOR_DATA 0x33
#define RING3_SELECTOR_CODE 0x3b
#define RING3_FLAGS_AC 0x40000
#define RING3_FLAGS_STEP 0x3100 /* IOPL 3, TF */
#define RING3_REGISTERS 15

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* Loads a GDT with segments of ring 3 and a TSS, opens all memory to ring 3, and turns alignment
 * checks on. */
void ring3_open(void);

/* Like ring3_open(), without alignment checks. Only the large page at this address is opened. */
void ring3_open_page(uint64_t address);

/* on: #DB gets a separate stack, and DR0 watches the place of #DB's frame. off: as before. */
void ring3_watch_frame(bool on);
/* For trap_try(): writes to the address that DR0 watches. */
void ring3_touch_watched(void *unused);

/* Ring 3 reads a misaligned word, and the handler of #AC lets ring 3 try again, so many times.
 * Returns the number of #AC. */
uint32_t ring3_misalign(uint32_t times);

enum { RING3_MEMORY = 1024 };
/* Ring 3 makes a call of the VMM's and passes memory of RING3_MEMORY bytes. Returns the answer. */
int64_t ring3_call(uint64_t number);
extern uint8_t ring3_memory[RING3_MEMORY];

/* ring3_code.S. For trap_try(): enters the program in ring 3, whose last instruction is #GP. Below:
 * the handler of #AC. */
void ring3_enter(void *unused);
/* For trap_try(): runs a single instruction of ring 3, with these registers (RAX, RCX, RDX, RBX,
 * RBP, RSI, RDI, R8 to R15) and IOPL 3. #DB ends the instruction at the latest. */
void ring3_step(void *unused);
extern uint64_t ring3_registers[RING3_REGISTERS], ring3_rip, ring3_rsp;
extern char ring3_misaligned[], ring3_calls[];
extern const char *ring3_program;
extern int64_t ring3_answer;
extern char ring3_alignment_check[];
extern uint32_t ring3_left;
#endif

#endif
