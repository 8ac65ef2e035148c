/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small preemptive threads.
 *
 * Rule: see threads.h. The whole state of a thread that is not running is on the thread's own
 * stack.
 */
#include "guests/lib/threads.h"

#include "guests/lib/cpu.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { STACK_BYTES = 8192, IDLE = 0 };
enum state { UNUSED, READY, SLEEPING };

struct thread {
	enum state state;
	unsigned priority;
	uint64_t wake; /* tick at which a sleeper is ready again */
	struct context *context;
	void (*body)(void);
};

static struct thread threads[THREADS_MAX];
static uint8_t stacks[THREADS_MAX][STACK_BYTES] __attribute__((aligned(16)));
static unsigned current;
static bool turn_over; /* a tick came: the next thread of the same priority is due */
static volatile uint64_t ticks;

static struct context *choose(struct context *context)
{
	unsigned best = current;
	bool stays = threads[current].state == READY;

	/* Other threads first, in the order of turns. The current thread keeps the processor
	 * against its equals until its turn is over. */
	for (unsigned i = 1; i < THREADS_MAX; i++) {
		unsigned n = (current + i) % THREADS_MAX;
		const struct thread *t = &threads[n];

		if (t->state != READY)
			continue;
		if (!stays || t->priority > threads[best].priority ||
		    (t->priority == threads[best].priority && best == current && turn_over)) {
			best = n;
			stays = true;
		}
	}
	turn_over = false;
	threads[current].context = context;
	current = best;
	return threads[best].context;
}

void threads_init(void)
{
	threads[IDLE] = (struct thread){ .state = READY };
	irq_set_switch(choose);
}

static void run(void)
{
	threads[current].body();
	cpu_interrupts_off();
	threads[current].state = UNUSED;
	__asm__ volatile("int %0" : : "i"(TRAP_SWITCH) : "memory");
}

void thread_create(void (*body)(void), unsigned priority)
{
	uint64_t flags = cpu_save();
	unsigned n = IDLE + 1;

	while (threads[n].state != UNUSED)
		n++;

	/* A stack as if run() had been interrupted before its first instruction. run() is entered
	 * like a called function: the stack is 8 bytes off a multiple of 16. */
	uint8_t *top = stacks[n] + STACK_BYTES - 16;
	struct registers *r = (struct registers *)(void *)top - 1;
	struct context *context = (struct context *)(((uintptr_t)r & ~15ul) -
	                                             sizeof(struct context));

	memset(r, 0, sizeof(*r));
	r->rip = (uint64_t)(uintptr_t)run;
	r->cs = SELECTOR_CODE;
	r->rflags = FLAGS_IF;
	r->rsp = (uint64_t)(uintptr_t)top + 8;
	r->ss = SELECTOR_DATA;
	__asm__ volatile("fxsave %0" : "=m"(context->fpu));
	context->registers = r;
	threads[n] = (struct thread){
		.state = READY, .priority = priority, .context = context, .body = body
	};
	cpu_restore(flags);
}

void thread_sleep(uint32_t duration)
{
	uint64_t flags = cpu_save();

	threads[current].wake = ticks + duration;
	threads[current].state = SLEEPING;
	__asm__ volatile("int %0" : : "i"(TRAP_SWITCH) : "memory");
	cpu_restore(flags);
}

void threads_tick(void)
{
	ticks++;
	turn_over = true;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (threads[i].state == SLEEPING && ticks >= threads[i].wake)
			threads[i].state = READY;
}

uint64_t threads_time(void)
{
	return ticks;
}
