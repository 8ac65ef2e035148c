/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that changes tasks by hardware (SDM 3A 7): by CALL and IRET, by a task gate with an
 * error code, to virtual-8086 mode and back by a fault, and to a task that cannot be loaded.
 *
 * Rule: a bare machine prints the same. Kernels of the nineties and task-gated double faults change
 * tasks in this way.
 */
#include "guests/vandal/tasks.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/task_switch.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { VECTOR_DB = 1, VECTOR_UD = 6, VECTOR_TS = 10, VECTOR_GP = 13, FLAGS_VM = 1 << 17 };
enum { TSS_ESP0 = 4, TSS_SS0 = 8, TSS_CR3 = 28, TYPE_TSS = 0x89 };

_Alignas(4096) uint8_t tasks_tss[(TASKS_COUNT + 1) * 4096];
uint32_t tasks_cr3;

/* PAE paging of 2 MiB by pages of 4 KiB. */
static struct {
	_Alignas(4096) uint64_t table[512], directory[512], pointer[4];
} paging;

enum { PRESENT = 1 << 0, WRITABLE = 1 << 1, USER = 1 << 2 };

static void turn_paging_on(void)
{
	for (uint64_t i = 0; i < 512; i++)
		paging.table[i] = i << 12 | WRITABLE | PRESENT;
	paging.table[TASKS_V86_CODE >> 12] |= USER;
	paging.directory[0] = (uintptr_t)paging.table | USER | WRITABLE | PRESENT;
	paging.pointer[0] = (uintptr_t)paging.directory | PRESENT;
	tasks_cr3 = (uint32_t)(uintptr_t)paging.pointer;
}

static void put(uint32_t *tss, unsigned offset, const volatile void *value)
{
	tss[offset / 4] = (uint32_t)(uintptr_t)value;
}

/* Prepares the TSS of a selector. Returns the TSS. */
static uint32_t *prepare(uint16_t selector, void (*entry)(void), unsigned stack)
{
	uint32_t *tss = (uint32_t *)&tasks_tss[TASKS_TSS_AT((selector - TASKS_MAIN) / 8)];
	uint64_t base = (uint64_t)(uintptr_t)tss;

	memset(tss, 0, TSS_BYTES);
	tasks_gdt[selector / 8] = (base & 0xff000000) << 32 | (uint64_t)TYPE_TSS << 40 |
	                          (base & 0xffffff) << 16 | (TSS_BYTES - 1);
	tss[TSS_CR3 / 4] = tasks_cr3;
	put(tss, TSS_EIP, (const void *)(uintptr_t)entry);
	tss[TSS_EFLAGS / 4] = 2;
	put(tss, TSS_ESP, &tasks_stacks[stack][TASKS_STACK_BYTES]);
	put(tss, TSS_ESP0, &tasks_stacks[stack][TASKS_STACK_BYTES]);
	tss[TSS_CS / 4] = SELECTOR_CODE32;
	tss[TSS_ES / 4] = tss[TSS_SS / 4] = tss[TSS_DS / 4] = tss[TSS_SS0 / 4] = SELECTOR_DATA;
	tss[TSS_IOMAP / 4] = TSS_BYTES << 16;
	return tss;
}

static uint64_t interrupt_gate(void (*entry)(void))
{
	uint64_t offset = (uint64_t)(uintptr_t)entry;

	return (offset & 0xffff0000) << 32 | 0x8eul << 40 | SELECTOR_CODE32 << 16 |
	       (offset & 0xffff);
}

extern uint64_t guest_gdt[];

/* Returns true where both single steps came, each in its task. Bochs's bare machine leaves the
 * first step out. */
static bool stepped(const volatile struct tasks_notes *n)
{
	return !machine_is_virtual() ||
	       (n->steps == 2 && n->stepped[0] == TASKS_CALLED && n->stepped[1] == TASKS_MAIN);
}

/* Changes tasks twelve times. Returns true when each task ran, or faulted, as the manual says. */
static bool change_tasks(void)
{
	const volatile struct tasks_notes *n = &tasks_notes;

	memcpy(tasks_gdt, guest_gdt, TASKS_MAIN);
	prepare(TASKS_MAIN, tasks_run, 0);
	prepare(TASKS_CALLED, tasks_called, 1);
	prepare(TASKS_GATED, tasks_gated, 2);
	uint32_t *v86 = prepare(TASKS_V86, tasks_run, 3);
	uint32_t *refused = prepare(TASKS_REFUSED, tasks_run, 3);
	v86[TSS_EFLAGS / 4] |= FLAGS_VM;
	v86[TSS_EIP / 4] = 0;
	v86[TSS_CS / 4] = TASKS_V86_CODE >> 4;
	refused[TSS_DS / 4] = TASKS_MAIN; /* no data segment */
	memcpy((void *)(uintptr_t)TASKS_V86_CODE, tasks_v86, (size_t)(tasks_v86_end - tasks_v86));
	tasks_idt[VECTOR_UD] = interrupt_gate(tasks_of_v86);
	tasks_idt[VECTOR_DB] = interrupt_gate(tasks_step);
	tasks_idt[VECTOR_TS] = interrupt_gate(tasks_refused);
	tasks_idt[VECTOR_GP] = 0x85ul << 40 | TASKS_GATED << 16; /* a task gate */
	memset(&tasks_notes, 0, sizeof(tasks_notes));
	tasks_run();
	traps_load();
	return n->called == 3 && n->nested == 3 && stepped(n) && n->gated == 1 &&
	       n->error == TASKS_ERROR && n->v86 == 1 && n->refused == 1 &&
	       n->refused_error == TASKS_MAIN && n->back == 1;
}

void vandal_tasks(const char *argument)
{
	const volatile struct tasks_notes *n = &tasks_notes;

	(void)argument;
	vandal_goes("tasks are changed by hardware now");
	bool ok = change_tasks();
	vandal_says(ok,
	            "%u calls (%u nested), %u by a gate (error %x), %u to virtual-8086 mode, %u "
	            "refused (error %x), %u back, %u steps (%x, %x)",
	            n->called, n->nested, n->gated, n->error, n->v86, n->refused, n->refused_error,
	            n->back, n->steps, n->stepped[0], n->stepped[1]);
}

/* Changes tasks over and over, for seconds=. Paging makes a switch in the VMM longest. */
void vandal_taskstorm(const char *argument)
{
	const uint64_t start = cpu_tsc();
	unsigned rounds = 0;
	bool ok = true;

	turn_paging_on();
	for (; ok && !vandal_time_over(start, argument); rounds++)
		ok = change_tasks();
	vandal_says(ok, "tasks are changed over and over: %u rounds", rounds);
}
