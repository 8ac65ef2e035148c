/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A campaign's parts: campaign.c (the deed, what is random), campaign_acts.c (acts of ring 0),
 * campaign_user.c (acts of ring 3).
 *
 * Rule: everything comes of the seed and of nothing else, so a seed repeats its campaign.
 */
#ifndef GUESTS_VANDAL_CAMPAIGN_H
#define GUESTS_VANDAL_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

/* Memory that acts may write to and run in: a large page above the image (mem=4M), open to ring
 * 3. */
enum { CAMPAIGN_SCRATCH = 0x200000, CAMPAIGN_SCRATCH_BYTES = 0x200000 };

/* The word gentle=1: nothing that QEMU's translator itself ends at, which are breakpoints
 * (docs/testing.md), LOCK before BTC of a register, and 0F 38 0C with no VEX prefix. */
extern bool campaign_gentle;

uint32_t campaign_any(uint32_t limit);
/* A number as it hurts: 0, all ones, one bit, all but one, small, 32 or 64 random bits, an address
 * in the scratch memory. */
uint64_t campaign_value(void);
/* What came of an act goes into the digest. */
void campaign_note(uint64_t what);

/* One act each; what it throws is caught and noted. */
typedef void campaign_act(void);
campaign_act campaign_port, campaign_msr, campaign_control, campaign_debug, campaign_cpuid,
	campaign_call, campaign_instruction, campaign_interrupt,
	campaign_memory; /* campaign_acts.c */

/* Any bytes as an instruction of ring 3, with its ports open (IOPL 3). */
void campaign_user(void);
/* Before the first act: the scratch memory is opened to ring 3. */
void campaign_user_begin(void);

#endif
