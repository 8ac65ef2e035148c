/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A budget: so much of the processor's time in each period.
 *
 * Rule: periods follow each other from the first one on, without a gap. The time beyond a budget is
 * taken from the next period's budget, so the sum over many periods is exact. Pure arithmetic: the
 * caller reads the clock. A tick is any unit of time.
 */
#ifndef VMM_BUDGET_BUDGET_H
#define VMM_BUDGET_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* So few ticks count as none: an exit and an entry take longer. */
enum { BUDGET_NEAR = 100 };

struct budget {
	uint64_t amount, period; /* ticks; period 0: the time has no limit */
	uint64_t refill;         /* the time at which the next period begins */
	int64_t left;            /* ticks of this period; below 0: taken from the next period */
	int64_t most_over;       /* the most ticks that were used beyond a budget */
};

/* Begins the first period at now. */
void budget_begin(struct budget *b, uint64_t amount, uint64_t period, uint64_t now);
/* Begins the period in which now lies. */
void budget_refill(struct budget *b, uint64_t now);
/* Takes the time from `from` to `to` off the budgets of the periods that the time lies in. */
void budget_charge(struct budget *b, uint64_t from, uint64_t to);

/* Returns true where the budget is used up until the next period. */
static inline bool budget_is_used_up(const struct budget *b)
{
	return b->period != 0 && b->left <= BUDGET_NEAR;
}

/* Returns the time up to which a run that begins at now may last without another look. */
uint64_t budget_look(const struct budget *b, uint64_t now);

#endif
