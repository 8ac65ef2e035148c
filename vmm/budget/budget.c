/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of a budget. See the header for the rule.
 */
#include "vmm/budget/budget.h"

void budget_begin(struct budget *b, uint64_t amount, uint64_t period, uint64_t now)
{
	*b = (struct budget){
		.amount = amount, .period = period, .refill = now + period, .left = (int64_t)amount
	};
}

void budget_refill(struct budget *b, uint64_t now)
{
	if (b->period == 0 || now < b->refill)
		return;
	uint64_t periods = (now - b->refill) / b->period + 1;
	uint64_t missing = (uint64_t)((int64_t)b->amount - b->left);

	b->refill += periods * b->period;
	if (periods > missing / b->amount)
		b->left = (int64_t)b->amount;
	else
		b->left += (int64_t)(periods * b->amount);
}

static void take(struct budget *b, uint64_t ticks)
{
	b->left -= (int64_t)ticks;
	if (-b->left > b->most_over)
		b->most_over = -b->left;
}

void budget_charge(struct budget *b, uint64_t from, uint64_t to)
{
	for (; to > b->refill; budget_refill(b, b->refill)) {
		if (from < b->refill) {
			take(b, b->refill - from);
			from = b->refill;
		}
	}
	take(b, to - from);
}

uint64_t budget_look(const struct budget *b, uint64_t now)
{
	uint64_t end = now + (b->left > 0 ? (uint64_t)b->left : 0);

	return end < b->refill ? end : b->refill;
}
