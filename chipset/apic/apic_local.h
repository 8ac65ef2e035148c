/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's state of a VM, from the save to the restore (Figure 5).
 *
 * Rule: IRR and ISR are registers that software cannot write. The state comes back by a series of
 * interrupts that the VMM sends to itself (R19). What the guest reads and feels is the same as
 * without the switch; docs/apic.md has what is not.
 */
#ifndef CHIPSET_APIC_LOCAL_H
#define CHIPSET_APIC_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

enum { APIC_WORDS = 8, APIC_WORD_BITS = 32, APIC_VECTOR_FIRST = 16 };

struct apic_local {
	uint32_t irr[APIC_WORDS], isr[APIC_WORDS]; /* a bit for each vector */
	bool serves;                               /* a bit of isr is set */
	bool hides; /* the guest's accesses to the counts exit: loaded differs from initial */
	bool fired; /* the timer's request came in the middle of the save */
	uint32_t tpr;
	uint32_t lvt_timer;
	uint32_t divide;
	uint32_t initial; /* as the guest wrote it: the period */
	uint32_t loaded;  /* as the restore wrote it: the rest of the period */
	/* TSC at which the timer fires next; 0: never. In deadline mode: the register's value. */
	uint64_t due;
	/* A periodic timer's rest of a period: the timer is to be loaded with the period at this
	 * TSC. 0: it is loaded. */
	uint64_t stretch;
	int64_t slip; /* the timer is so many TSC ticks late */
};

/* TSC ticks of a count of the timer at divide 1, and the counts of a TSC tick, as fractions of
 * 2^32. */
struct apic_pace {
	uint64_t tsc_of_count, count_of_tsc;
	bool is_tcg; /* the quirks of apic_msr.c */
};
extern struct apic_pace apic_pace;

static inline void apic_vector_set(uint32_t set[APIC_WORDS], unsigned vector)
{
	set[vector / APIC_WORD_BITS] |= 1u << vector % APIC_WORD_BITS;
}

/* Brings s to the state at reset. */
void apic_local_reset(struct apic_local *s);
/* 520: moves the local APIC's state to s. The local APIC is empty afterwards: nothing in IRR and
 * ISR, TPR 0, the timer silent. The pins of the VM's lines go elsewhere already. Returns how many
 * interrupts came whose vector nobody knows, because they were under way from a pin. */
unsigned apic_local_save(struct apic_local *s);
/* 540, before any pin is routed to the local APIC: brings back what is in service, and
 * TPR. */
void apic_local_serve(const struct apic_local *s);
/* 540, last: brings back the requests and the timer. */
void apic_local_resume(struct apic_local *s);
/* Returns the TSC at which the VMM has to look at the timer of s, UINT64_MAX: never. comes: s's
 * guest runs next; else the guest is away. */
uint64_t apic_local_moment(const struct apic_local *s, bool comes);
/* Loads a periodic timer's period where the rest of a period is over. Returns the TSC of the next
 * call. Call while s's guest has the local APIC. */
uint64_t apic_local_tick(struct apic_local *s);
/* Do the guest's accesses to the counts that exit: the write of the initial count, and the read of
 * the current count. The read of the initial count gives s->initial. */
void apic_local_set_initial(struct apic_local *s, uint32_t value);
uint32_t apic_local_count(const struct apic_local *s);
/* Returns whether s has a request that would interrupt its guest now. Call while the guest is
 * away. */
bool apic_local_requests(const struct apic_local *s);
/* Returns whether an interrupt would reach the guest beside what is in service, and above TPR. */
bool apic_local_lets_through(const struct apic_local *s, unsigned vector);
/* Returns whether the processor's local APIC has something in IRR, or in ISR. */
bool apic_local_has_request(void);
bool apic_local_in_service(void);

#endif
