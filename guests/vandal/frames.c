/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack whose interrupts and exceptions push their frames to absent memory.
 *
 * Rule: the VMM gives a page for a frame in absent memory. The event that pushed the frame comes
 * once and unchanged. Each try has a separate page, because a given page stays for a while.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

enum { PAGE = 4096, TRIES = 4, COUNTS = 2000 };
/* 8254 datasheet, Figure 7: counter 0, low byte then high byte, mode 0: the line rises once, at
 * the end of the count. */
enum { PORT_COUNTER0 = 0x40, PORT_CONTROL = 0x43, CONTROL_ONCE0 = 3 << 4 };
enum { VECTOR_BP = 3, VECTOR_UD = 6, VECTOR_GP = 13 };

static volatile uint32_t ticks;

static void handle_tick(uint64_t tsc)
{
	(void)tsc;
	ticks++;
}

/* Runs the code with its stack at top. The code ends by an exception, or continues behind. */
#define ON_STACK(top, code)                                                                  \
	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\t" code "\n\tmov %%rbx, %%rsp" \
	                 :                                                                   \
	                 : "r"(top), "m"(ticks)                                              \
	                 : "rax", "rbx", "rcx", "memory", "cc")

static void by_line(void *top)
{
	io_out8(PORT_CONTROL, CONTROL_ONCE0);
	io_out8(PORT_COUNTER0, (uint8_t)COUNTS);
	io_out8(PORT_COUNTER0, (uint8_t)(COUNTS >> 8));
	ON_STACK(top,
	         "mov %1, %%eax; mov $100000000, %%ecx; sti; 1: dec %%ecx; jz 2f; cmp %%eax, %1; "
	         "je 1b; 2: cli");
	for (volatile unsigned i = 0; i < COUNTS; i++) /* a second tick would come now */
		;
}

static void by_int3(void *top)
{
	ON_STACK(top, "int3");
}

static void by_int(void *top)
{
	ON_STACK(top, "int $6");
}

static void by_undefined(void *top)
{
	ON_STACK(top, "ud2");
}

/* With an error code. */
static void by_protection(void *top)
{
	ON_STACK(top, "mov $0xfff8, %%eax; mov %%eax, %%ds");
}

static const struct {
	void (*body)(void *top);
	int vector;
} kinds[] = {
	{ by_line, -1 },
	{ by_int3, VECTOR_BP },
	{ by_int, VECTOR_UD },
	{ by_undefined, VECTOR_UD },
	{ by_protection, VECTOR_GP },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void vandal_frames(const char *argument)
{
	uint64_t foreign = vandal_number(argument, "memory", 0x8000000);
	unsigned wrong = 0, done = 0;

	if (!machine_is_virtual()) {
		vandal_says(true, "memory is the guest's here");
		return;
	}
	irq_install(PIT_LINE, handle_tick);
	pic_unmask(PIT_LINE);
	for (unsigned i = 0; i < TRIES * KINDS; i++, done++) {
		char *page = (char *)(uintptr_t)machine_window(foreign + i * PAGE);

		wrong += trap_try(kinds[i % KINDS].body, page + PAGE - 64) !=
		         kinds[i % KINDS].vector;
		wrong += ticks != i / KINDS + 1;
	}
	pic_mask(PIT_LINE);
	vandal_says(wrong == 0, "%u frames in memory that is not there, %u ticks, %u wrong", done,
	            (unsigned)ticks, wrong);
}
