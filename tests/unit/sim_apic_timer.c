/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's timer (SDM 3A 10.5.4): one shot, periodic, and by a deadline of the TSC.
 *
 * Rule: the counter is the moment at which it reaches 0. A change of the divider keeps the count,
 * and begins a count anew.
 */
#include "tests/unit/sim_apic_timer.h"

enum { DIVIDE_BITS = 0xb, VECTOR = 0xff };

/* Divide configuration, bits 3, 1, 0: 111 is 1, 000 is 2, ... 110 is 128 (figure 10-10). */
static unsigned shift_of(uint32_t divide)
{
	unsigned code = (divide >> 1 & 4) | (divide & 3);

	return code == 7 ? 0 : code + 1;
}

static bool by_deadline(const struct sim_apic *a)
{
	return a->entry[0] & X2_DEADLINE_MODE;
}

static uint64_t period(const struct sim_apic *a)
{
	return (uint64_t)a->initial << shift_of(a->divide);
}

uint32_t sim_apic_timer_count(const struct sim_apic *a)
{
	uint64_t one = UINT64_C(1) << shift_of(a->divide);

	return a->expires == 0 ? 0 : (uint32_t)((a->expires - a->tsc + one - 1) / one);
}

void sim_apic_timer_mode(struct sim_apic *a, uint32_t value)
{
	if (!((value ^ a->entry[0]) & X2_DEADLINE_MODE))
		return;
	a->expires = 0;
	a->deadline = 0;
}

/* Ignored in deadline mode (10.5.4.1). */
void sim_apic_timer_load(struct sim_apic *a, uint32_t count)
{
	if (by_deadline(a))
		return;
	a->initial = count;
	a->expires = count == 0 ? 0 : a->tsc + period(a);
}

bool sim_apic_timer_divide(struct sim_apic *a, uint32_t value)
{
	uint64_t count = sim_apic_timer_count(a);

	if (value & ~(uint32_t)DIVIDE_BITS && !(a->rules & SIM_RULE_RESERVED_IGNORED))
		return false;
	value &= DIVIDE_BITS;
	a->divide = value;
	if (a->expires != 0)
		a->expires = a->tsc + (count << shift_of(value));
	return true;
}

static void fire(struct sim_apic *a)
{
	if (!(a->entry[0] & X2_MASKED))
		sim_apic_request(a, a->entry[0] & VECTOR, false);
}

/* The register reads 0 once the deadline has passed. Ignored in the other modes. */
void sim_apic_timer_deadline(struct sim_apic *a, uint64_t tsc)
{
	if (!by_deadline(a))
		return;
	a->deadline = tsc;
	sim_apic_pass(a, 0);
}

static void pass_deadline(struct sim_apic *a)
{
	if (a->deadline == 0 || a->deadline > a->tsc)
		return;
	a->deadline = 0;
	fire(a);
}

/* Several periods between two looks make a single request. */
static void pass_count(struct sim_apic *a)
{
	if (a->expires == 0 || a->expires > a->tsc)
		return;
	if (!(a->entry[0] & X2_PERIODIC))
		a->expires = 0;
	else
		a->expires += ((a->tsc - a->expires) / period(a) + 1) * period(a);
	fire(a);
}

void sim_apic_pass(struct sim_apic *a, uint64_t ticks)
{
	a->tsc += ticks;
	if (by_deadline(a))
		pass_deadline(a);
	else
		pass_count(a);
}

uint64_t sim_apic_rest(const struct sim_apic *a)
{
	uint64_t moment = by_deadline(a) ? a->deadline : a->expires;

	return moment == 0 ? UINT64_MAX : moment - a->tsc;
}
