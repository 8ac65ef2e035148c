/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's APICs: their state across switches, in the middle of handlers too (do=apicstate), and
 * nonsense to their registers (do=apicjunk).
 *
 * Rule: a handler of these attacks returns at once and writes no EOI, so that its vector stays in
 * service. The other VM of the test yields or takes slices beside.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/apic.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { WORDS = 8, VECTORS = 256, FIRST = 16, ROUNDS = 200, TPR_OF_ALL = 0xf0, CLASS = 16 };
enum { IOAPIC = 0xfec00000, REGISTERS = 256, MSR_FIRST = 0x800, MSRS = 0x100, MSR_PPR = 0x80a };

/* Vector FFh is the spurious interrupt's: Bochs ends no interrupt of that vector. */
enum { SPURIOUS_LOW = 15 };

struct image {
	uint32_t irr[WORDS], isr[WORDS], tpr, ppr, timer, divide;
};

__asm__(".text\n"
        "apics_return: iretq\n");
extern const uint8_t apics_return[];

static void look(struct image *i)
{
	for (unsigned n = 0; n < WORDS; n++) {
		i->irr[n] = (uint32_t)msr_read(APIC_MSR_IRR + n);
		i->isr[n] = (uint32_t)msr_read(APIC_MSR_ISR + n);
	}
	i->tpr = (uint32_t)msr_read(APIC_MSR_TPR);
	i->ppr = (uint32_t)msr_read(MSR_PPR);
	i->timer = (uint32_t)msr_read(APIC_MSR_TIMER);
	i->divide = (uint32_t)msr_read(APIC_MSR_DIVIDE);
}

/* Takes all that is pending, and ends all that is in service. */
static void drain(void)
{
	msr_write(APIC_MSR_TPR, 0);
	for (unsigned rounds = 0; rounds < VECTORS; rounds++) {
		msr_write(APIC_MSR_EOI, 0);
		__asm__ volatile("sti; nop; cli" : : : "memory");
	}
	for (unsigned rounds = 0; rounds < WORDS * 2; rounds++)
		msr_write(APIC_MSR_EOI, 0);
}

/* Brings vectors of rising classes into service, then asks for others. */
static void arrange(uint32_t random)
{
	for (unsigned class = 1; class < CLASS; class ++) {
		random = random * 1664525 + 1013904223;
		if (random >> 30)
			continue;
		msr_write(APIC_MSR_SELF_IPI, class * CLASS + (random >> 20 & 15) % SPURIOUS_LOW);
		__asm__ volatile("sti; nop; cli" : : : "memory");
	}
	for (unsigned n = random >> 8 & 7; n > 0; n--) {
		random = random * 1664525 + 1013904223;
		msr_write(APIC_MSR_SELF_IPI, FIRST + (random >> 16) % (VECTORS - 1 - FIRST));
	}
	if (random & 1) /* CR8 is the TPR's class (SDM 3A 10.8.6) */
		__asm__ volatile("mov %0, %%cr8" : : "r"((uint64_t)(random >> 28)));
	else
		msr_write(APIC_MSR_TPR, random >> 24);
}

/* Returns whether CR8 is the TPR's class. */
static bool cr8_is_tpr(uint32_t tpr)
{
	uint64_t cr8;

	__asm__ volatile("mov %%cr8, %0" : "=r"(cr8));
	return cr8 == tpr >> 4;
}

static void take_vectors(uint64_t earlier[VECTORS], bool take)
{
	for (unsigned v = FIRST; v < VECTORS; v++)
		if (take)
			earlier[v] = traps_take(v, (uint64_t)(uintptr_t)apics_return);
		else
			(void)traps_take(v, earlier[v]);
}

void vandal_apicstate(const char *argument)
{
	static uint64_t earlier[VECTORS];
	struct image before, after;
	unsigned wrong = 0, served = 0;
	uint64_t rounds = vandal_number(argument, "rounds", ROUNDS);

	if (!apic_init()) {
		vandal_says(false, "this processor has no x2APIC");
		return;
	}
	take_vectors(earlier, true);
	for (uint32_t i = 0; i < rounds; i++) {
		arrange(i * 2654435761u + 1);
		look(&before);
		machine_yield();
		look(&after);
		wrong += memcmp(&before, &after, sizeof(before)) != 0 || !cr8_is_tpr(after.tpr);
		for (unsigned n = 0; n < WORDS; n++)
			served += (unsigned)__builtin_popcount(before.isr[n]);
		drain();
	}
	look(&after);
	for (unsigned n = 0; n < WORDS; n++)
		wrong += (after.irr[n] | after.isr[n]) != 0;
	take_vectors(earlier, false);
	vandal_says(wrong == 0, "%lu states across a switch, %u vectors in service, %u wrong",
	            rounds, served, wrong);
}

/* ---- Nonsense ---- */

static uint32_t msr;
static uint64_t value;

static void body_write(void *unused)
{
	(void)unused;
	msr_write(msr, value);
}

static void body_read(void *unused)
{
	(void)unused;
	(void)msr_read(msr);
}

static void write_all_msrs(void)
{
	static const uint64_t values[] = { 0, 1, 0x10, 0x12, 0xff, 0x100ff, 0xfffff, ~0ull };

	for (msr = MSR_FIRST; msr < MSR_FIRST + MSRS; msr++) {
		(void)trap_try(body_read, NULL);
		for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			value = values[i];
			(void)trap_try(body_write, NULL);
		}
	}
	msr = 0x1b;
	for (value = 0; value < 0x1000; value += 0x100)
		(void)trap_try(body_write, NULL);
}

static void write_all_pins(uint32_t random)
{
	volatile uint32_t *ioapic = machine_window(IOAPIC);

	for (unsigned n = 0; n < REGISTERS; n++) {
		random = random * 1664525 + 1013904223;
		ioapic[0] = n;
		ioapic[4] = random;
		(void)ioapic[4];
	}
	(void)ioapic[8];
	ioapic[16] = random; /* the EOI register of later chips */
}

void vandal_apicjunk(const char *argument)
{
	static uint64_t earlier[VECTORS];
	uint64_t start = cpu_tsc();
	unsigned rounds = 0;

	if (!apic_init()) {
		vandal_says(false, "this processor has no x2APIC");
		return;
	}
	take_vectors(earlier, true);
	do {
		write_all_msrs();
		write_all_pins((uint32_t)start + rounds++);
		for (unsigned v = 0; v < VECTORS; v++)
			msr_write(APIC_MSR_SELF_IPI, v);
		machine_yield();
	} while (!vandal_time_over(start, argument));
	(void)apic_init();
	apic_timer_set(APIC_LVT_MASKED, 0);
	drain();
	take_vectors(earlier, false);
	vandal_says(true, "%u rounds of nonsense", rounds);
}
