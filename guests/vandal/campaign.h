/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A campaign's parts: campaign.c (the attack, the random numbers), campaign_acts.c (acts of ring
 * 0), campaign_user.c (acts of ring 3), campaign_stream.c (many instructions of ring 3 in a row).
 *
 * Rule: everything comes from the seed alone, so a seed repeats its campaign.
 */
#ifndef GUESTS_VANDAL_CAMPAIGN_H
#define GUESTS_VANDAL_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

/* Memory that acts may write to and run in: a large page above the image (mem=4M), open to ring
 * 3. */
enum { CAMPAIGN_SCRATCH = 0x200000, CAMPAIGN_SCRATCH_BYTES = 0x200000 };

/* The word gentle=1 leaves out everything that ends QEMU's translator itself: breakpoints
 * (docs/testing.md), LOCK before BTC of a register, and 0F 38 0C with no VEX prefix. */
extern bool campaign_gentle;

/* Returns a random number below limit. */
uint32_t campaign_any(uint32_t limit);
/* Returns a number that is likely to hurt: 0, all ones, a single bit, all bits but one, a small
 * number, 32 or 64 random bits, or an address in the scratch memory. */
uint64_t campaign_value(void);
/* Adds the result of an act to the digest. */
void campaign_note(uint64_t what);

/* A single act. An exception of the act is caught and noted. */
typedef void campaign_act(void);
campaign_act campaign_port, campaign_msr, campaign_control, campaign_debug, campaign_cpuid,
	campaign_call, campaign_instruction, campaign_interrupt,
	campaign_memory; /* campaign_acts.c */

/* Runs random bytes as an instruction of ring 3, with open ports (IOPL 3). */
void campaign_user(void);
/* Runs a stream of random instructions of ring 3, several times with other registers. Returns the
 * number of instructions. */
uint32_t campaign_stream(void);
/* Adds the exceptions of a stream to the digest and to the count. */
void campaign_note_stream(uint32_t stream_digest, uint32_t stream_exceptions);
/* Opens the scratch memory to ring 3. Call before the first act. */
void campaign_user_begin(void);

#endif
