/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What exceptions in a row need: a task state segment with stacks for them, and programs in ring 3.
 *
 * Rule: interrupts stay off meanwhile; what is opened to ring 3 stays open.
 */
#ifndef GUESTS_VANDAL_RING3_H
#define GUESTS_VANDAL_RING3_H

#define RING3_SELECTOR_TSS 0x20
#define RING3_SELECTOR_DATA 0x33
#define RING3_SELECTOR_CODE 0x3B
#define RING3_FLAGS_AC 0x40000

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

/* A GDT with segments of ring 3, a TSS, all memory for ring 3, alignment checks on. */
void ring3_open(void);

/* #DB gets a stack of its own, and DR0 watches where its frame is pushed; off: as before. */
void ring3_watch_frame(bool on);
/* For trap_try(): write where DR0 watches. */
void ring3_touch_watched(void *unused);

/* Ring 3 reads a misaligned word, and the handler of #AC lets it try again, so many times. How many #AC came. */
uint32_t ring3_misalign(uint32_t times);

/* ring3_code.S: to the program in ring 3, whose last instruction is #GP (for trap_try()); the handler of #AC. */
void ring3_enter(void *unused);
extern char ring3_alignment_check[];
extern uint32_t ring3_left;
#endif

#endif
