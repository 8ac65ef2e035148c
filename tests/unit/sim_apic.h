/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A local APIC in x2APIC mode, with its timer: registers by MSR, interrupts by message, time in
 * ticks. Intel SDM 3A chapter 10 ("Advanced Programmable Interrupt Controller"); the sections are
 * named where a rule stands.
 *
 * Rule: with no rule on, the model is the manual. A rule is a way in which an emulator differs, so
 * that a transcript of that emulator can be foretold (docs/apic-model.md).
 */
#ifndef TESTS_UNIT_SIM_APIC_H
#define TESTS_UNIT_SIM_APIC_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_APIC_WORDS = 8, SIM_APIC_NONE = -1 };

/* The registers' MSRs (SDM 3A table 10-6). */
enum {
	X2_DEADLINE = 0x6e0,
	X2_ID = 0x802,
	X2_VERSION = 0x803,
	X2_TPR = 0x808,
	X2_PPR = 0x80a,
	X2_EOI = 0x80b,
	X2_LDR = 0x80d,
	X2_SVR = 0x80f,
	X2_ISR = 0x810,
	X2_TMR = 0x818,
	X2_IRR = 0x820,
	X2_ESR = 0x828,
	X2_ICR = 0x830,
	X2_TIMER = 0x832, /* the first entry of the local vector table */
	X2_THERMAL = 0x833,
	X2_COUNTERS = 0x834,
	X2_LINT0 = 0x835,
	X2_LINT1 = 0x836,
	X2_ERROR = 0x837,
	X2_INITIAL = 0x838,
	X2_COUNT = 0x839,
	X2_DIVIDE = 0x83e,
	X2_SELF_IPI = 0x83f
};
enum { X2_ENTRIES = X2_ERROR - X2_TIMER + 1 };
enum { X2_MASKED = 1 << 16, X2_PERIODIC = 1 << 17, X2_DEADLINE_MODE = 1 << 18, X2_ON = 1 << 8 };

#define SIM_APIC_RULES(X)                                                                         \
	X(INT_LATCHED, "int-latched")       /* INTR stays when TPR rises: INTA is spurious */     \
	X(INT_IN_CLASS, "int-in-class")     /* a higher vector of the class in service asks */    \
	X(SPURIOUS_STAYS, "spurious-stays") /* no EOI ends the vector that SVR names */           \
	X(RESERVED_IGNORED,                                                                       \
	  "reserved-ignored")               /* reserved bits of the vector table and self IPI */  \
	X(ICR_FORGETS, "icr-forgets")       /* ICR reads what firmware wrote in xAPIC mode */     \
	X(IPI_BY_LEVEL, "ipi-by-level")     /* ICR's trigger mode counts for a fixed interrupt */ \
	X(EOI_CLEARS_TMR, "eoi-clears-tmr") /* TMR's bit goes with the EOI */                     \
	X(P6,                                                                                     \
	  "p6") /* as a P6's: version, SVR's low bits are 1, an error where nobody takes an IPI */
#define SIM_ENUM(id, name) SIM_RULE_BIT_##id,
enum { SIM_APIC_RULES(SIM_ENUM) SIM_RULE_COUNT };
#undef SIM_ENUM
#define SIM_ENUM(id, name) SIM_RULE_##id = 1 << SIM_RULE_BIT_##id,
enum { SIM_APIC_RULES(SIM_ENUM) };
#undef SIM_ENUM

struct sim_apic {
	uint32_t irr[SIM_APIC_WORDS], isr[SIM_APIC_WORDS], tmr[SIM_APIC_WORDS];
	uint32_t tpr, svr, esr, errors, entry[X2_ENTRIES], initial, divide;
	uint64_t icr, deadline;
	uint64_t tsc;     /* now; a tick of the timer at divide 1 is a tick of the TSC */
	uint64_t expires; /* TSC at which the counter reaches 0; 0: the counter stands at 0 */
	unsigned nmis;    /* NMIs that came by message */
	uint32_t rules;
	bool intr; /* with INT_LATCHED */
	/* Called for the EOI of a level triggered vector, if set. */
	void (*ended)(void *device, unsigned vector);
	void *device;
};

/* Brings the APIC to the state after reset, in x2APIC mode. The time and the rules stay. */
void sim_apic_reset(struct sim_apic *a);
/* RDMSR and WRMSR. Return false for a general protection fault: nothing has happened then. */
bool sim_apic_read(const struct sim_apic *a, uint32_t msr, uint64_t *value);
bool sim_apic_write(struct sim_apic *a, uint32_t msr, uint64_t value);
/* A fixed interrupt's message comes. */
void sim_apic_request(struct sim_apic *a, unsigned vector, bool level);
/* Returns whether INTR is high. */
bool sim_apic_asks(const struct sim_apic *a);
/* INTA: returns the vector, which is in service now; SVR's, which is not in service, where nothing
 * is to be had; or SIM_APIC_NONE where INTR is low. */
int sim_apic_take(struct sim_apic *a);
/* Time goes on. */
void sim_apic_pass(struct sim_apic *a, uint64_t ticks);
/* Returns the ticks until the timer's next interrupt, UINT64_MAX: it stands. */
uint64_t sim_apic_rest(const struct sim_apic *a);
/* Returns the rule's bit, 0: no rule has this name. */
uint32_t sim_apic_rule(const char *name);

/* A set of vectors. */
bool sim_apic_has(const uint32_t set[SIM_APIC_WORDS], unsigned vector);
int sim_apic_highest(const uint32_t set[SIM_APIC_WORDS]);

#endif
