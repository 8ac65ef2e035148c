/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that makes x87 errors, with CR0.NE set and clear: do=x87 alone, =timer with a PIT,
 * =line with line 13, =off with interrupts off, =held without any event that could end the wait.
 * =owner makes no error, and counts the interrupts at the guest's line 13 meanwhile.
 *
 * Rule: with NE set an error is #MF. With NE clear the error is IRQ13 of this guest or of no guest.
 * The guest stands at the instruction that found the error until an interrupt of the guest's own
 * comes. After the handler the guest stands there again, for as long as the error is there.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { VECTOR_MF = 16, LINE_X87 = 13, PORT_X87 = 0xf0 };
enum { CR0_MP = 1 << 1, CR0_TS = 1 << 3, CR0_NE = 1 << 5 };
enum { TICKS = 10, ERRORS = 5, RELOAD = 5966 /* 5 ms */ };
/* FXSAVE's image: offset of the status word; 15 busy | 7 error summary | 5:0 the exceptions */
enum { IMAGE_STATUS = 2, STATUS_ERRORS = 0x80ff };

/* ---- CR0 by each way of reading and writing ---- */

static uint64_t views_wrong;

/* Checks the NE that each way of reading shows, and all of CR0 where the way shows all. */
static void expect_view(uint64_t cr0)
{
	uint64_t word = UINT64_MAX, dword = UINT64_MAX, whole = 0;
	volatile uint16_t memory[3] = { 0xa5a5, 0xa5a5, 0xa5a5 };

	__asm__ volatile("smsww %w0" : "+r"(word));
	__asm__ volatile("smswl %k0" : "+r"(dword));
	__asm__ volatile("smswq %0" : "+r"(whole));
	__asm__ volatile("smsw 2(%0)" : : "r"(memory) : "memory");
	views_wrong += cr0_read() != cr0;
	views_wrong += word != ((UINT64_MAX & ~0xfffful) | (uint16_t)cr0);
	views_wrong += dword != (uint32_t)cr0;
	views_wrong += whole != cr0;
	views_wrong += memory[0] != 0xa5a5 || memory[1] != (uint16_t)cr0 || memory[2] != 0xa5a5;
}

static void lmsw(uint16_t value)
{
	__asm__ volatile("lmsw %0" : : "r"(value) : "memory");
}

static void lmsw_memory(uint16_t value)
{
	__asm__ volatile("lmsw %0" : : "m"(value) : "memory");
}

/* LMSW never clears PE. */
static void look_at_views(uint64_t cr0)
{
	cr0_write(cr0);
	expect_view(cr0);
	cr0_write(cr0 | CR0_TS);
	expect_view(cr0 | CR0_TS);
	__asm__ volatile("clts");
	expect_view(cr0);
	lmsw((uint16_t)(cr0 ^ CR0_MP));
	expect_view(cr0 ^ CR0_MP);
	lmsw_memory((uint16_t)(cr0 & ~1ul));
	expect_view(cr0);
}

/* ---- Errors ---- */

static volatile uint32_t ticks, errors, passes;
static volatile bool forgives;

/* An interrupt's context holds the x87 registers: the function ends the error in the context. */
static struct context *end_error(struct context *context)
{
	uint16_t status;

	if (forgives) {
		memcpy(&status, context->fpu + IMAGE_STATUS, sizeof(status));
		status &= (uint16_t)~STATUS_ERRORS;
		memcpy(context->fpu + IMAGE_STATUS, &status, sizeof(status));
	}
	return context;
}

static void handle_tick(uint64_t tsc)
{
	(void)tsc;
	forgives = ++ticks % TICKS == 0;
}

static void handle_error(uint64_t tsc)
{
	(void)tsc;
	errors++;
	forgives = true;
	io_out8(PORT_X87, 0);
}

/* One divided by zero, unmasked: FWAIT finds the error. */
static void divide(void *unused)
{
	static const uint16_t control = 0x37b;

	(void)unused;
	__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(control) : "memory");
}

/* Makes errors until ERRORS of the errors have been passed. */
static void divide_all(void)
{
	irq_set_switch(end_error);
	cpu_interrupts_on();
	for (passes = 0; passes < ERRORS; passes++) {
		forgives = false;
		divide(NULL);
		__asm__ volatile("fninit");
	}
	cpu_interrupts_off();
	irq_set_switch(NULL);
}

static void with_timer(void)
{
	irq_install(PIT_LINE, handle_tick);
	pic_unmask(PIT_LINE);
	pit_start(RELOAD);
	divide_all();
	pic_mask(PIT_LINE);
	vandal_says(ticks == ERRORS * TICKS, "%u errors of %u ended by %u ticks", (unsigned)passes,
	            (unsigned)ERRORS, (unsigned)ticks);
}

static void with_line(void)
{
	irq_install(LINE_X87, handle_error);
	pic_unmask(LINE_X87);
	divide_all();
	pic_mask(LINE_X87);
	vandal_says(errors == ERRORS, "%u errors of %u, %u times IRQ13", (unsigned)passes,
	            (unsigned)ERRORS, (unsigned)errors);
}

/* Waits while another VM makes x87 errors. */
static void owner(void)
{
	uint64_t start = cpu_tsc();

	pic_unmask(LINE_X87);
	cpu_interrupts_on();
	while (!vandal_time_over(start, ""))
		cpu_pause();
	cpu_interrupts_off();
	pic_mask(LINE_X87);
	vandal_says(irq_count_all() == 0, "%u interrupts without a cause",
	            (unsigned)irq_count_all());
}

static void for_ever(bool interrupts)
{
	if (interrupts)
		cpu_interrupts_on();
	divide(NULL);
	vandal_says(false, "an instruction behind an x87 error");
}

/* Expects #MF, also where NE was clear before, and no exception behind FNINIT. */
static void alone(uint64_t cr0)
{
	look_at_views(cr0 & ~(uint64_t)CR0_NE);
	look_at_views(cr0 | CR0_NE);
	int vector = trap_try(divide, NULL);

	__asm__ volatile("fninit; fwait");
	cr0_write(cr0);
	vandal_says(vector == VECTOR_MF && views_wrong == 0, "vector %d, %u views of CR0 wrong",
	            vector, (unsigned)views_wrong);
}

void vandal_x87(const char *argument)
{
	const uint64_t cr0 = cr0_read();

	if (argument[0] == '\0') {
		alone(cr0);
		return;
	}
	if (!machine_is_virtual()) {
		vandal_says(true, "nothing to look at without a VMM");
		return;
	}
	if (strcmp(argument, "owner") == 0) {
		owner();
		return;
	}
	cr0_write(cr0 & ~(uint64_t)CR0_NE);
	vandal_goes("x87 errors come now");
	if (strcmp(argument, "timer") == 0)
		with_timer();
	else if (strcmp(argument, "line") == 0)
		with_line();
	else
		for_ever(strcmp(argument, "held") == 0);
	cr0_write(cr0);
}
