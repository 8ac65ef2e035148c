/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IDT and the code behind its entries.
 *
 * Rule: see traps.h.
 */
#include "guests/lib/traps.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/selectors.h"

#include <setjmp.h>
#include <stddef.h>

/*
 * Interrupt gate (SDM 3A 6.14.1)
 *
 *   127   96 95        64 63        48 47 46 45 44 43 40 39 35 34 32 31    16 15         0
 *   reserved offset[63:32] offset[31:16]  P DPL  0  type   0    IST  selector offset[15:0]
 */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};
enum { GATE_INTERRUPT = 0x8e };

enum { VECTORS = 256, VECTOR_PAGE_FAULT = 14 };

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

extern const uint8_t trap_entries[];
extern const uint64_t line_entries[];
struct context *irq_dispatch(uint32_t line, struct context *context, uint64_t tsc);
_Noreturn void trap_dispatch(const struct trap_frame *frame);

static struct gate idt[VECTORS] __attribute__((aligned(16)));
static irq_handler *handlers[TRAP_LINES];
static uint32_t counts[TRAP_LINES], spurious;
static uint8_t vector_base[2];
static struct context *(*switch_choose)(struct context *);

static volatile bool expecting;
static jmp_buf expected;

static void set_gate(unsigned vector, uint64_t entry)
{
	idt[vector] = (struct gate){
		.offset_low = (uint16_t)entry,
		.selector = SELECTOR_CODE,
		.type = GATE_INTERRUPT,
		.offset_middle = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
	};
}

static void set_unknown(unsigned vector)
{
	set_gate(vector, (uint64_t)(uintptr_t)trap_entries + vector * TRAP_ENTRY_BYTES);
}

void traps_load(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void traps_init(void)
{
	for (unsigned vector = 0; vector < VECTORS; vector++)
		set_unknown(vector);
	set_gate(TRAP_SWITCH, line_entries[TRAP_LINES]);
	traps_load();
}

uint64_t traps_take(unsigned vector, uint64_t entry)
{
	const struct gate *gate = &idt[vector];
	uint64_t earlier = (uint64_t)gate->offset_high << 32 | (uint32_t)gate->offset_middle << 16 |
	                   gate->offset_low;

	set_gate(vector, entry);
	return earlier;
}

void irq_install(unsigned line, irq_handler *handler)
{
	handlers[line] = handler;
}

static void connect(unsigned chip, uint8_t base)
{
	if (base == vector_base[chip])
		/* an interrupt may come at any moment: no vector of a line is unknown in between */
		return;
	for (unsigned i = 0; vector_base[chip] != 0 && i < 8; i++)
		set_unknown(vector_base[chip] + i);
	vector_base[chip] = base;
}

void irq_connect(uint8_t master, uint8_t slave)
{
	connect(0, master);
	connect(1, slave);
	for (unsigned line = 0; line < TRAP_LINES; line++)
		set_gate(vector_base[line / 8] + line % 8, line_entries[line]);
}

uint32_t irq_count(unsigned line)
{
	return counts[line];
}

uint32_t irq_count_all(void)
{
	uint32_t sum = 0;

	for (unsigned line = 0; line < TRAP_LINES; line++)
		sum += counts[line];
	return sum;
}

uint32_t irq_count_spurious(void)
{
	return spurious;
}

void irq_set_switch(struct context *(*choose)(struct context *))
{
	switch_choose = choose;
}

struct context *irq_dispatch(uint32_t line, struct context *context, uint64_t tsc)
{
	if (line < TRAP_LINES) {
		if (pic_spurious(line)) {
			spurious++;
			return context;
		}
		counts[line]++;
		pic_begin(line);
		if (handlers[line] != NULL)
			handlers[line](tsc);
		pic_finish(line);
	}
	return switch_choose != NULL ? switch_choose(context) : context;
}

int trap_try(void (*body)(void *argument), void *argument)
{
	uint64_t flags = cpu_flags();
	int result = setjmp(expected);

	if (result == 0) {
		expecting = true;
		body(argument);
	}
	expecting = false;
	if (flags & FLAGS_IF)
		cpu_interrupts_on();
	return result - 1;
}

void trap_dispatch(const struct trap_frame *f)
{
	if (expecting)
		longjmp(expected, (int)f->vector + 1);

	machine_print("exception %lu error %lx at rip %lx cs %lx rflags %lx rsp %lx cr2 %lx\n",
	              f->vector, f->error, f->rip, f->cs, f->rflags, f->rsp,
	              f->vector == VECTOR_PAGE_FAULT ? cr2_read() : 0);
	machine_print("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n", f->rax, f->rbx,
	              f->rcx, f->rdx, f->rsi, f->rdi, f->rbp);
	machine_print("r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx\n", f->r8,
	              f->r9, f->r10, f->r11, f->r12, f->r13, f->r14, f->r15);
	machine_exit(1);
}
