/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC: requests, priorities, and the registers behind their MSRs. See the header.
 *
 * Rule: INTR is what follows from IRR, ISR and TPR, at any moment; with the rule int-latched it is
 * looked at where the emulator looks.
 */
#include "tests/unit/sim_apic.h"

#include "tests/unit/sim_apic_timer.h"

#include <stddef.h>
#include <string.h>

enum { VECTOR = 0xff, VECTOR_FIRST = 16, CLASS = 0xf0, WORD_BITS = 32 };
enum { SVR_AT_RESET = 0xff, SVR_WRITABLE = 0x1ff };
enum { VERSION_P6 = 0x30010, SVR_P6 = 0x0f, ERROR_NOT_ACCEPTED = 1 << 2 };
enum { VERSION = 0x50014, LDR_OF_0 = 1, ERROR_ILLEGAL_VECTOR = 1 << 6 };
/* ICR (figure 10-28): 63:32 destination | 19:18 shorthand | 15 trigger mode | 14 level | 11 logical
 * destination | 10:8 delivery mode | 7:0 vector. Bit 12 is no more in x2APIC mode. */
enum { ICR_LEVEL_TRIGGERED = 1 << 15, ICR_LOGICAL = 1 << 11, ICR_MODE_SHIFT = 8, ICR_MODE = 7 };
enum { ICR_SHORTHAND_SHIFT = 18, SHORTHAND_NONE = 0, SHORTHAND_OTHERS = 3 };
/* Bochs's BIOS starts the other processors: SIPI, all but self. */
enum { FIRMWARE_ICR = 0xc469f };
enum { MODE_FIXED = 0, MODE_NMI = 4 };
#define ICR_RESERVED 0xfff33000u
#define EVERYBODY 0xffffffffu

/* Bits that an entry of the local vector table has (figure 10-8); bit 12 is read-only. */
static const uint32_t entry_bits[X2_ENTRIES] = { 0x700ff, 0x107ff, 0x107ff,
	                                         0x1a7ff, 0x1a7ff, 0x100ff };

/* ---- Sets of vectors ---- */

bool sim_apic_has(const uint32_t set[SIM_APIC_WORDS], unsigned vector)
{
	return set[vector / WORD_BITS] >> vector % WORD_BITS & 1;
}

static void put(uint32_t set[SIM_APIC_WORDS], unsigned vector, bool value)
{
	uint32_t bit = UINT32_C(1) << vector % WORD_BITS;

	set[vector / WORD_BITS] = value ? set[vector / WORD_BITS] | bit
	                                : set[vector / WORD_BITS] & ~bit;
}

int sim_apic_highest(const uint32_t set[SIM_APIC_WORDS])
{
	for (int i = SIM_APIC_WORDS - 1; i >= 0; i--)
		if (set[i] != 0)
			return i * WORD_BITS + WORD_BITS - 1 - __builtin_clz(set[i]);
	return SIM_APIC_NONE;
}

static bool has_rule(const struct sim_apic *a, uint32_t rule)
{
	return a->rules & rule;
}

/* ---- Priorities (10.8.3) ---- */

/* The class is the higher of TPR's and of the class in service. Where both are the same the lower
 * bits may be TPR's or 0 (10.8.3.1): they are TPR's here. */
static unsigned ppr(const struct sim_apic *a)
{
	int served = sim_apic_highest(a->isr);

	return served != SIM_APIC_NONE && (served & CLASS) > (int)(a->tpr & CLASS)
	               ? (unsigned)served & CLASS
	               : a->tpr;
}

/* Returns whether the highest request goes through to the processor. */
static bool goes_through(const struct sim_apic *a)
{
	int request = sim_apic_highest(a->irr);

	return request != SIM_APIC_NONE && (request & CLASS) > (int)(ppr(a) & CLASS);
}

/* Returns whether the highest request raises INTR. */
static bool raises(const struct sim_apic *a)
{
	int request = sim_apic_highest(a->irr), served = sim_apic_highest(a->isr);

	if (has_rule(a, SIM_RULE_INT_IN_CLASS))
		return request > served && (request & CLASS) > (int)(a->tpr & CLASS);
	return goes_through(a);
}

/* With int-latched: the moments at which the emulator looks. */
static void look(struct sim_apic *a)
{
	a->intr = a->intr || raises(a);
}

bool sim_apic_asks(const struct sim_apic *a)
{
	return has_rule(a, SIM_RULE_INT_LATCHED) ? a->intr : raises(a);
}

int sim_apic_take(struct sim_apic *a)
{
	int request = sim_apic_highest(a->irr);

	if (!sim_apic_asks(a))
		return SIM_APIC_NONE;
	a->intr = false;
	if (!goes_through(a))
		return (int)(a->svr & VECTOR);
	put(a->irr, (unsigned)request, false);
	put(a->isr, (unsigned)request, true);
	look(a);
	return request;
}

/* ---- Requests ---- */

/* An illegal vector is an error, and no request (10.5.3). TMR goes with the acceptance (10.8.4). */
void sim_apic_request(struct sim_apic *a, unsigned vector, bool level)
{
	if (vector < VECTOR_FIRST) {
		a->errors |= ERROR_ILLEGAL_VECTOR;
		return;
	}
	if (sim_apic_has(a->irr, vector))
		return;
	put(a->irr, vector, true);
	put(a->tmr, vector, level);
	look(a);
}

static void end_of_interrupt(struct sim_apic *a)
{
	int vector = sim_apic_highest(a->isr);

	if (vector == SIM_APIC_NONE ||
	    (has_rule(a, SIM_RULE_SPURIOUS_STAYS) && vector == (int)(a->svr & VECTOR)))
		return;
	put(a->isr, (unsigned)vector, false);
	if (sim_apic_has(a->tmr, (unsigned)vector) && a->ended != NULL)
		a->ended(a->device, (unsigned)vector);
	if (has_rule(a, SIM_RULE_EOI_CLEARS_TMR))
		put(a->tmr, (unsigned)vector, false);
	look(a);
}

/* Processor 0 is alone. */
static bool is_for_me(uint64_t icr)
{
	uint32_t to = (uint32_t)(icr >> 32);
	unsigned shorthand = icr >> ICR_SHORTHAND_SHIFT & 3;

	if (shorthand != SHORTHAND_NONE)
		return shorthand != SHORTHAND_OTHERS;
	if (to == EVERYBODY)
		return true;
	return icr & ICR_LOGICAL ? to >> 16 == 0 && to & LDR_OF_0 : to == 0;
}

static bool write_icr(struct sim_apic *a, uint64_t value)
{
	unsigned mode = value >> ICR_MODE_SHIFT & ICR_MODE;

	if (value & ICR_RESERVED && !has_rule(a, SIM_RULE_RESERVED_IGNORED))
		return false;
	a->icr = has_rule(a, SIM_RULE_ICR_FORGETS) ? FIRMWARE_ICR : value;
	if (!is_for_me(value)) {
		if (has_rule(a, SIM_RULE_P6) &&
		    (value >> ICR_SHORTHAND_SHIFT & 3) == SHORTHAND_NONE)
			a->errors |= ERROR_NOT_ACCEPTED;
		return true;
	}
	if (mode == MODE_NMI)
		a->nmis++;
	if (mode == MODE_FIXED)
		sim_apic_request(a, value & VECTOR,
		                 has_rule(a, SIM_RULE_IPI_BY_LEVEL) && value & ICR_LEVEL_TRIGGERED);
	return true;
}

/* ---- Registers ---- */

static bool write_entry(struct sim_apic *a, unsigned entry, uint32_t value)
{
	if (value & ~(entry_bits[entry] | 1 << 12) && !has_rule(a, SIM_RULE_RESERVED_IGNORED))
		return false;
	if (entry == 0 &&
	    (value & (X2_PERIODIC | X2_DEADLINE_MODE)) == (X2_PERIODIC | X2_DEADLINE_MODE))
		return false;
	if (entry == 0)
		sim_apic_timer_mode(a, value);
	value &= entry_bits[entry];
	a->entry[entry] = a->svr & X2_ON ? value : value | X2_MASKED;
	return true;
}

/* While the APIC is off, all entries are masked (10.4.7.2). */
static bool write_svr(struct sim_apic *a, uint32_t value)
{
	if (value & ~(uint32_t)SVR_WRITABLE)
		return false;
	a->svr = has_rule(a, SIM_RULE_P6) ? value | SVR_P6 : value;
	for (unsigned i = 0; i < X2_ENTRIES && !(value & X2_ON); i++)
		a->entry[i] |= X2_MASKED;
	return true;
}

static bool write_tpr(struct sim_apic *a, uint32_t value)
{
	bool falls = value < a->tpr;

	if (value > VECTOR)
		return false;
	a->tpr = value;
	if (falls)
		look(a);
	return true;
}

static bool write_self_ipi(struct sim_apic *a, uint32_t value)
{
	if (value > VECTOR && !has_rule(a, SIM_RULE_RESERVED_IGNORED))
		return false;
	sim_apic_request(a, value & VECTOR, false);
	return true;
}

static bool write_esr(struct sim_apic *a)
{
	a->esr = a->errors;
	a->errors = 0;
	return true;
}

bool sim_apic_write(struct sim_apic *a, uint32_t msr, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	if (msr == X2_DEADLINE) {
		sim_apic_timer_deadline(a, value);
		return true;
	}
	if (msr == X2_ICR)
		return write_icr(a, value);
	if (value >> 32)
		return false;
	if (msr >= X2_TIMER && msr <= X2_ERROR)
		return write_entry(a, msr - X2_TIMER, low);
	switch (msr) {
	case X2_TPR:
		return write_tpr(a, low);
	case X2_EOI:
		if (low == 0)
			end_of_interrupt(a);
		return low == 0;
	case X2_SVR:
		return write_svr(a, low);
	case X2_ESR:
		return low == 0 && write_esr(a);
	case X2_SELF_IPI:
		return write_self_ipi(a, low);
	case X2_INITIAL:
		sim_apic_timer_load(a, low);
		return true;
	case X2_DIVIDE:
		return sim_apic_timer_divide(a, low);
	default:
		return false;
	}
}

/* Returns a register of a single word, or -1. */
static int64_t read_single(const struct sim_apic *a, uint32_t msr)
{
	switch (msr) {
	case X2_ID:
		return 0;
	case X2_VERSION:
		return has_rule(a, SIM_RULE_P6) ? VERSION_P6 : VERSION;
	case X2_TPR:
		return a->tpr;
	case X2_PPR:
		return ppr(a);
	case X2_LDR:
		return LDR_OF_0;
	case X2_SVR:
		return a->svr;
	case X2_ESR:
		return a->esr;
	case X2_INITIAL:
		return a->initial;
	case X2_COUNT:
		return sim_apic_timer_count(a);
	case X2_DIVIDE:
		return a->divide;
	default:
		return -1;
	}
}

bool sim_apic_read(const struct sim_apic *a, uint32_t msr, uint64_t *value)
{
	int64_t single = read_single(a, msr);

	if (msr - X2_ISR < SIM_APIC_WORDS)
		*value = a->isr[msr - X2_ISR];
	else if (msr - X2_TMR < SIM_APIC_WORDS)
		*value = a->tmr[msr - X2_TMR];
	else if (msr - X2_IRR < SIM_APIC_WORDS)
		*value = a->irr[msr - X2_IRR];
	else if (msr - X2_TIMER < X2_ENTRIES)
		*value = a->entry[msr - X2_TIMER];
	else if (msr == X2_ICR)
		*value = a->icr;
	else if (msr == X2_DEADLINE)
		*value = a->deadline;
	else if (single >= 0)
		*value = (uint64_t)single;
	else
		return false;
	return true;
}

void sim_apic_reset(struct sim_apic *a)
{
	*a = (struct sim_apic){ .tsc = a->tsc,
		                .rules = a->rules,
		                .svr = SVR_AT_RESET,
		                .ended = a->ended,
		                .device = a->device };
	for (unsigned i = 0; i < X2_ENTRIES; i++)
		a->entry[i] = X2_MASKED;
}

uint32_t sim_apic_rule(const char *name)
{
#define SIM_NAME(id, text) text,
	static const char *const names[] = { SIM_APIC_RULES(SIM_NAME) };
#undef SIM_NAME

	for (unsigned i = 0; i < SIM_RULE_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return UINT32_C(1) << i;
	return 0;
}
