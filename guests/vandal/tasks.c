/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A deed that changes tasks by hardware (SDM 3A 7): by CALL and IRET, by a task gate with an error
 * code, to virtual-8086 mode and back by a fault, and to a task that cannot be loaded.
 *
 * Rule: a bare machine prints the same. Kernels of the nineties and task-gated double faults change
 * tasks in this way.
 */
#include "guests/vandal/tasks.h"

#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/task_switch.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { VECTOR_UD = 6, VECTOR_TS = 10, VECTOR_GP = 13, FLAGS_VM = 1 << 17 };
enum { TSS_ESP0 = 4, TSS_SS0 = 8, TYPE_TSS = 0x89 };

uint32_t tasks_main[TSS_BYTES / 4];
static uint32_t called[TSS_BYTES / 4], gated[TSS_BYTES / 4], v86[TSS_BYTES / 4],
	refused[TSS_BYTES / 4];

static void put(uint32_t *tss, unsigned offset, const volatile void *value)
{
	tss[offset / 4] = (uint32_t)(uintptr_t)value;
}

static void prepare(uint32_t *tss, uint16_t selector, void (*entry)(void), unsigned stack)
{
	uint64_t base = (uint64_t)(uintptr_t)tss;

	memset(tss, 0, TSS_BYTES);
	tasks_gdt[selector / 8] = (base & 0xff000000) << 32 | (uint64_t)TYPE_TSS << 40 |
	                          (base & 0xffffff) << 16 | (TSS_BYTES - 1);
	put(tss, TSS_EIP, (const void *)(uintptr_t)entry);
	tss[TSS_EFLAGS / 4] = 2;
	put(tss, TSS_ESP, &tasks_stacks[stack][TASKS_STACK_BYTES]);
	put(tss, TSS_ESP0, &tasks_stacks[stack][TASKS_STACK_BYTES]);
	tss[TSS_CS / 4] = SELECTOR_CODE32;
	tss[TSS_ES / 4] = tss[TSS_SS / 4] = tss[TSS_DS / 4] = tss[TSS_SS0 / 4] = SELECTOR_DATA;
	tss[TSS_IOMAP / 4] = TSS_BYTES << 16;
}

static uint64_t interrupt_gate(void (*entry)(void))
{
	uint64_t offset = (uint64_t)(uintptr_t)entry;

	return (offset & 0xffff0000) << 32 | 0x8eul << 40 | SELECTOR_CODE32 << 16 |
	       (offset & 0xffff);
}

extern uint64_t guest_gdt[];

void vandal_tasks(const char *argument)
{
	const volatile struct tasks_notes *n = &tasks_notes;

	(void)argument;
	memcpy(tasks_gdt, guest_gdt, TASKS_MAIN);
	prepare(tasks_main, TASKS_MAIN, tasks_run, 0);
	prepare(called, TASKS_CALLED, tasks_called, 1);
	prepare(gated, TASKS_GATED, tasks_gated, 2);
	prepare(v86, TASKS_V86, tasks_run, 3);
	prepare(refused, TASKS_REFUSED, tasks_run, 3);
	v86[TSS_EFLAGS / 4] |= FLAGS_VM;
	v86[TSS_EIP / 4] = 0;
	v86[TSS_CS / 4] = TASKS_V86_CODE >> 4;
	refused[TSS_DS / 4] = TASKS_MAIN; /* no data segment */
	memcpy((void *)(uintptr_t)TASKS_V86_CODE, tasks_v86, (size_t)(tasks_v86_end - tasks_v86));
	tasks_idt[VECTOR_UD] = interrupt_gate(tasks_of_v86);
	tasks_idt[VECTOR_TS] = interrupt_gate(tasks_refused);
	tasks_idt[VECTOR_GP] = 0x85ul << 40 | TASKS_GATED << 16; /* a task gate */
	memset(&tasks_notes, 0, sizeof(tasks_notes));
	vandal_goes("tasks are changed by hardware now");
	tasks_run();
	traps_load();
	vandal_says(n->called == 2 && n->nested == 2 && n->gated == 1 && n->error == TASKS_ERROR &&
	                    n->v86 == 1 && n->refused == 1 && n->refused_error == TASKS_MAIN &&
	                    n->back == 1,
	            "%u calls (%u nested), %u by a gate (error %x), %u to virtual-8086 mode, %u "
	            "refused (error %x), %u back",
	            n->called, n->nested, n->gated, n->error, n->v86, n->refused, n->refused_error,
	            n->back);
}
