/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A campaign: a series of random instructions, port accesses, MSRs, registers and calls, from a
 * seed. Words: seed=1 ops=20000 gentle=0. The VM needs mem=4M, owns no line, and must not have
 * onfault=stop.
 *
 * Rule: acts that may rightly end a VM are left out; a comment says so at each place. A VM survives
 * everything else.
 */
#include "guests/vandal/campaign.h"

#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { OPS = 20000, CANARIES = 1024, TELL_EVERY = 1 << 15 };
#define FNV_START 2166136261u
#define FNV_PRIME 16777619u

bool campaign_gentle;
static uint64_t random_state;
static uint32_t digest, exceptions;
static uint64_t canaries[CANARIES];

/* xorshift64* */
static uint64_t next_random(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dul;
}

uint32_t campaign_any(uint32_t limit)
{
	return (uint32_t)(next_random() >> 33) % limit;
}

uint64_t campaign_value(void)
{
	switch (campaign_any(9)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return 1ul << campaign_any(64);
	case 3:
		return ~(1ul << campaign_any(64));
	case 4:
		return campaign_any(256);
	case 5:
		return next_random() >> 32;
	case 6:
		return 0xfec00000ul + campaign_any(0x400000);
	case 7:
		return CAMPAIGN_SCRATCH + campaign_any(CAMPAIGN_SCRATCH_BYTES);
	default:
		return next_random();
	}
}

void campaign_note(uint64_t what)
{
	digest = (digest ^ (uint32_t)what ^ (uint32_t)(what >> 32)) * FNV_PRIME;
	exceptions += what != UINT64_MAX;
}

void campaign_note_stream(uint32_t stream_digest, uint32_t stream_exceptions)
{
	campaign_note(stream_digest);
	exceptions += stream_exceptions - 1;
}

static campaign_act *const acts[] = {
	campaign_port,      campaign_port,    campaign_port,        campaign_msr,
	campaign_msr,       campaign_control, campaign_instruction, campaign_instruction,
	campaign_interrupt, campaign_cpuid,   campaign_debug,       campaign_call,
	campaign_user,      campaign_user,    campaign_user,        campaign_user,
	campaign_user,      campaign_memory,
};

/* Does a random act. Returns the number of operations. */
static uint32_t one_act(void)
{
	const uint32_t which = campaign_any(sizeof(acts) / sizeof(acts[0]) + 1);

	if (which == sizeof(acts) / sizeof(acts[0]))
		return campaign_stream();
	acts[which]();
	return 1;
}

/* Words that are the guest's and that no act writes to. */
static unsigned canaries_wrong(uint64_t seed)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < CANARIES; i++)
		wrong += canaries[i] != (seed ^ i * 0x9e3779b97f4a7c15ul);
	return wrong;
}

void vandal_campaign(const char *argument)
{
	uint64_t seed = args_number("seed", 1);
	uint32_t ops = (uint32_t)vandal_number(argument, "ops", OPS);

	random_state = (seed + 1) * 0x9e3779b97f4a7c15ul | 1;
	campaign_gentle = args_number("gentle", 0) != 0;
	digest = FNV_START;
	exceptions = 0;
	for (unsigned i = 0; i < CANARIES; i++)
		canaries[i] = seed ^ i * 0x9e3779b97f4a7c15ul;
	campaign_user_begin();
	for (uint32_t done = 0, told = 0; done < ops;) {
		done += one_act();
		if (done - told >= TELL_EVERY) {
			told = done;
			machine_status("seed %lu op %u", seed, (unsigned)done);
		}
	}
	machine_print("\n"); /* ends the acts' last printed line */
	vandal_says(canaries_wrong(seed) == 0,
	            "seed %lu: %u operations, %u exceptions, digest %08lx, %u words wrong", seed,
	            (unsigned)ops, (unsigned)exceptions, (unsigned long)digest,
	            canaries_wrong(seed));
}
