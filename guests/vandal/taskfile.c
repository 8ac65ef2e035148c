/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that tests whether a task switch by hardware changes more than the manual says (SDM 3A
 * 7.3): all registers of 32-bit mode, MSRs, all state of XSAVE, both TSSs and the descriptors, in
 * the old task, in the new task and on the way back. By CALL, JMP, INT and a fault, with a single
 * step, with a fault in front of the switch and behind, with and without paging.
 *
 * Word exact=0: a processor that marks no segment as accessed, clears DR7 behind the segments, and
 * tells another EIP and error code of #TS and #PF.
 *
 * Rule: C writes down what the manual says, from the file of before. Fields that the manual does
 * not name are as before.
 */
#include "guests/vandal/taskfile.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/exits.h"
#include "guests/vandal/task_switch.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { ROUNDS = 12, ENTRIES = 512 };
enum { VECTOR_DB = 1, VECTOR_TS = 10, VECTOR_NP = 11, VECTOR_GP = 13, VECTOR_PF = 14 };
enum { EAX, ECX, EDX, EBX, ESP, GENERAL = 8 };
enum { ES, CS, SS, DS, FS, GS, LDTR, TR, SEGMENTS };
enum { FS_BASE = 9, GS_BASE = 10 }; /* in taskfile_msrs */
enum { TSS_LINK = 0, TSS_CR3 = 28, TSS_LDT = 96, TSS_ALL = 104 };
enum { TYPE_TSS = 0x89, TYPE_TSS_BUSY = 0x8b, TYPE_LDT = 0x82, PRESENT = 1 << 0, WRITABLE = 2 };
enum { FLAGS_ONE = 2, FLAGS_TF = 1 << 8, FLAGS_NT = 1 << 14, FLAGS_RF = 1 << 16 };
/* ID, AC, IOPL, OF, DF, SF, ZF, AF, PF, CF */
enum { FLAGS_ANY = 0x243cd5 };
enum { CR0_TS = 1 << 3, DR6_BS = 1 << 14, DR6_START = 0xffff0ff0 };
/* DR7: always-one bit 10 | 7:0 local and global enables. A switch clears the local ones. */
enum { DR7_ALL = 0x4ff, DR7_GLOBAL = 0x4aa, DR7_OFF = 0x400 };
#define CR4_OSXSAVE (1ul << 18)

extern uint64_t guest_gdt[];

static struct {
	_Alignas(4096) uint64_t table[ENTRIES], directory[ENTRIES];
	_Alignas(32) uint64_t pointer[2][4];
} paging;
static uint64_t local[2][TASKFILE_LDT_BYTES / 8];
static const uint32_t bases[2][2] = { { 0x1230, 0x4560 }, { 0x7890, 0xabc0 } };
static bool exact; /* a processor that follows the manual throughout */
static uint32_t tss_main_before[TSS_ALL / 4], tss_other_before[TSS_ALL / 4];

static uint32_t low(const volatile void *pointer)
{
	return (uint32_t)(uintptr_t)pointer;
}

static uint64_t descriptor(uint32_t base, uint32_t limit, unsigned rights, unsigned granularity)
{
	return (uint64_t)(base & 0xff000000) << 32 | (uint64_t)granularity << 52 |
	       (uint64_t)(limit >> 16) << 48 | (uint64_t)rights << 40 |
	       (uint64_t)(base & 0xffffff) << 16 | (limit & 0xffff);
}

static uint8_t *tss_of(unsigned task)
{
	return task ? taskfile_tss_other : taskfile_tss_main;
}

/* The LDTs' segments have not been accessed yet. */
static void prepare_tables(unsigned way)
{
	memcpy(taskfile_gdt, guest_gdt, TASKFILE_MAIN);
	for (unsigned task = 0; task < 2; task++) {
		local[task][0] = descriptor(0, 0xfffff, 0x92, 0xc);
		local[task][1] = descriptor(0, 0xfffff, 0x9a, 0xc);
		local[task][2] = descriptor(bases[task][0], 0xfff, 0x92, 0x4);
		local[task][3] = descriptor(bases[task][1], 0xfff, 0x92, 0x4);
		taskfile_gdt[TASKFILE_MAIN / 8 + task] = descriptor(
			low(tss_of(task)), TSS_ALL - 1,
			task && way == TASKFILE_BEFORE ? TYPE_TSS & 0x7f : TYPE_TSS, 0);
		taskfile_gdt[TASKFILE_LDT_MAIN / 8 + task] = descriptor(
			low(local[task]), TASKFILE_LDT_BYTES - 1, TYPE_LDT, 0);
	}
}

static uint64_t interrupt_gate(void (*entry)(void))
{
	const uint64_t offset = (uint64_t)(uintptr_t)entry;

	return (offset & 0xffff0000) << 32 | 0x8eul << 40 | SELECTOR_CODE32 << 16 |
	       (offset & 0xffff);
}

static void prepare_gates(void)
{
	const uint64_t task_gate = 0x85ul << 40 | TASKFILE_OTHER << 16;

	taskfile_idt[VECTOR_DB] = interrupt_gate(taskfile_step);
	taskfile_idt[VECTOR_TS] = interrupt_gate(taskfile_handler);
	taskfile_idt[VECTOR_NP] = interrupt_gate(taskfile_handler);
	taskfile_idt[VECTOR_PF] = interrupt_gate(taskfile_handler);
	taskfile_idt[VECTOR_GP] = task_gate;
	taskfile_idt[TASKFILE_INT] = task_gate;
}

/* Two sets of pointers, so that a switch changes CR3. */
static void prepare_paging(unsigned way, bool pages)
{
	for (uint64_t i = 0; i < ENTRIES; i++)
		paging.table[i] = i << 12 | WRITABLE | PRESENT;
	paging.directory[0] = low(paging.table) | WRITABLE | PRESENT;
	for (unsigned i = 0; i < 2; i++)
		paging.pointer[i][0] = low(paging.directory) | PRESENT;
	taskfile_cr3 = pages ? low(paging.pointer[0]) : 0;
	taskfile_table_entry = way == TASKFILE_PAGE
	                               ? low(&paging.table[low(taskfile_tss_main) >> 12])
	                               : 0;
}

/* Each word of either TSS has a value of its own. */
static void prepare_tasks(unsigned way, uint32_t seed)
{
	uint32_t *m = (uint32_t *)taskfile_tss_main, *o = (uint32_t *)taskfile_tss_other;

	for (unsigned i = 0; i < TSS_ALL / 4; i++) {
		m[i] = seed * 0x9e3779b9u + i;
		o[i] = seed * 0x85ebca6bu + i * 0x01010101u;
	}
	m[TSS_CR3 / 4] = low(paging.pointer[0]);
	m[TSS_LDT / 4] = TASKFILE_LDT_MAIN;
	m[TSS_IOMAP / 4] = TSS_ALL << 16;
	o[TSS_CR3 / 4] = low(paging.pointer[1]);
	o[TSS_LDT / 4] = TASKFILE_LDT_OTHER;
	o[TSS_IOMAP / 4] = TSS_ALL << 16;
	o[TSS_EIP / 4] = (uint32_t)(uintptr_t)taskfile_other;
	o[TSS_EFLAGS / 4] = (seed * 0x4d5u & FLAGS_ANY) | FLAGS_ONE;
	o[TSS_ESP / 4] = low(taskfile_stacks[1] + TASKFILE_STACK);
	o[TSS_ES / 4 + CS] = TASKFILE_CODE;
	o[TSS_ES / 4 + ES] = o[TSS_ES / 4 + SS] = o[TSS_ES / 4 + DS] = TASKFILE_DATA;
	o[TSS_ES / 4 + FS] = TASKFILE_FS;
	o[TSS_ES / 4 + GS] = way == TASKFILE_BEHIND ? TASKFILE_MAIN : TASKFILE_GS;
	memcpy(tss_main_before, m, TSS_ALL);
	memcpy(tss_other_before, o, TSS_ALL);
}

static void prepare_registers(uint32_t seed)
{
	for (unsigned i = 0; i < GENERAL; i++)
		taskfile_general[i] = seed * 0xc2b2ae35u + i * 0x11111111u;
	taskfile_general[EAX] = (taskfile_general[EAX] & 0xffff0000) | TASKFILE_ERROR;
	taskfile_eflags = (~seed * 0x3b9u & FLAGS_ANY) | FLAGS_ONE;
	cr2_write(seed * 0x1357u);
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3"
	                 :
	                 : "r"(0x70000000ul + seed), "r"(0x71000000ul + seed),
	                   "r"(0x72000000ul + seed), "r"(0x73000000ul + seed));
	__asm__ volatile("mov %0, %%dr6; mov %1, %%dr7"
	                 :
	                 : "r"((uint64_t)(uint32_t)DR6_START), "r"((uint64_t)DR7_ALL));
}

static void forget(void)
{
	memset(&taskfile_before, 0, sizeof(taskfile_before));
	memset(&taskfile_there, 0, sizeof(taskfile_there));
	memset(&taskfile_after, 0, sizeof(taskfile_after));
	memset(taskfile_area_before, 0, TASKFILE_AREA);
	memset(taskfile_area_there, 0, TASKFILE_AREA);
	memset(taskfile_area_after, 0, TASKFILE_AREA);
	taskfile_steps = taskfile_dr6 = taskfile_error = 0;
	taskfile_frame_eip = taskfile_frame_eflags = 0;
}

/* ---- What the manual says ---- */

static bool switches(unsigned way)
{
	return way < TASKFILE_BEFORE;
}

static bool nests(unsigned way)
{
	return switches(way) && way != TASKFILE_JMP;
}

static void expect_other(struct taskfile *f, unsigned way)
{
	const uint32_t *o = tss_other_before;
	const bool handles = way == TASKFILE_BEHIND;

	memcpy(f->general, &o[TSS_EFLAGS / 4 + 1], sizeof(f->general));
	f->general[ESP] -= handles ? 12 : way == TASKFILE_FAULT ? 4 : 0;
	f->eflags = o[TSS_EFLAGS / 4] | (nests(way) && !handles ? FLAGS_NT : 0);
	for (unsigned i = ES; i <= GS; i++)
		f->selector[i] = (uint16_t)o[TSS_ES / 4 + i];
	f->selector[LDTR] = TASKFILE_LDT_OTHER;
	f->selector[TR] = TASKFILE_OTHER;
	if (handles)
		f->selector[CS] = SELECTOR_CODE32; /* the gate's */
	f->cr[0] |= CR0_TS;
	if (taskfile_cr3 != 0)
		f->cr[2] = o[TSS_CR3 / 4];
	if (exact || !handles)
		f->dr[5] = DR7_GLOBAL;
	f->msr[FS_BASE] = bases[1][0];
	f->msr[GS_BASE] = handles ? 0 : bases[1][1];
}

/* The file in the other task, or in the handler. */
static struct taskfile expect_there(unsigned way)
{
	struct taskfile f = taskfile_before;

	if (switches(way))
		expect_other(&f, way);
	else
		f.general[ESP] -= 12;
	if (way == TASKFILE_PAGE)
		f.cr[1] = low(taskfile_tss_main);
	return f;
}

/* The file back in the main task. */
static struct taskfile expect_after(unsigned way)
{
	struct taskfile f = taskfile_before;

	if (switches(way)) {
		f.cr[0] |= CR0_TS;
		f.dr[5] = DR7_GLOBAL;
	}
	if (way == TASKFILE_PAGE)
		f.cr[1] = low(taskfile_tss_main);
	return f;
}

/* The main task's registers in its TSS: EIP to GS. */
static void expect_main_tss(unsigned way)
{
	uint32_t *m = tss_main_before;

	if (!switches(way))
		return;
	m[TSS_EIP / 4] = taskfile_behind[way];
	m[TSS_EFLAGS / 4] = taskfile_before.eflags | (way == TASKFILE_STEP ? FLAGS_TF : 0);
	memcpy(&m[TSS_EFLAGS / 4 + 1], taskfile_before.general, sizeof(taskfile_before.general));
	/* the upper half of a selector's word is reserved, and may be kept or zero */
	for (unsigned i = ES; i <= GS; i++)
		m[TSS_ES / 4 + i] = (m[TSS_ES / 4 + i] & 0xffff0000) | taskfile_before.selector[i];
}

/* ---- The comparison ---- */

static unsigned differs(const char *what, unsigned way, unsigned where, const void *have,
                        const void *want, unsigned bytes)
{
	const uint32_t *h = have, *w = want;

	for (unsigned i = 0; i < bytes / 4; i++)
		if (h[i] != w[i]) {
			machine_print("vandal: way %u, %s %u: byte %u is %x, not %x\n", way, what,
			              where, i * 4, (unsigned)h[i], (unsigned)w[i]);
			return 1;
		}
	return 0;
}

static unsigned compare_tss(unsigned way)
{
	uint32_t *m = (uint32_t *)taskfile_tss_main, *o = (uint32_t *)taskfile_tss_other;
	unsigned wrong;

	expect_main_tss(way);
	for (unsigned i = ES; i <= GS; i++)
		tss_main_before[TSS_ES / 4 + i] = (uint16_t)tss_main_before[TSS_ES / 4 + i] |
		                                  (m[TSS_ES / 4 + i] & 0xffff0000);
	if (way == TASKFILE_FAULT) /* whether RF is saved there is the processor's own */
		m[TSS_EFLAGS / 4] &= ~(uint32_t)FLAGS_RF;
	wrong = differs("TSS", way, 0, m, tss_main_before, TSS_ALL);
	/* the way back saves the other task too: but for that, the link alone has changed */
	if (nests(way))
		o[TSS_LINK / 4] ^= TASKFILE_MAIN ^ (tss_other_before[0] & 0xffff);
	wrong += differs("TSS", way, 1, o, tss_other_before, TSS_EIP);
	return wrong + differs("TSS", way, 2, &o[TSS_LDT / 4], &tss_other_before[TSS_LDT / 4],
	                       TSS_ALL - TSS_LDT);
}

/* The main task is busy, the other is not; loaded segments are accessed. */
static unsigned compare_descriptors(unsigned way)
{
	const unsigned accessed = switches(way) ? 1 : 0;
	unsigned wrong = (taskfile_gdt[TASKFILE_MAIN / 8] >> 40 & 0xff) != TYPE_TSS_BUSY;

	wrong += (taskfile_gdt[TASKFILE_OTHER / 8] >> 40 & 0x7f) != (TYPE_TSS & 0x7f);
	for (unsigned i = 0; i < TASKFILE_LDT_BYTES / 8 && exact; i++)
		wrong += (local[1][i] >> 40 & 1) !=
		         (i == 3 && way == TASKFILE_BEHIND ? 0 : accessed);
	if (wrong > 0)
		machine_print("vandal: way %u: %u descriptors are wrong\n", way, wrong);
	return wrong;
}

/* What the ways' handlers saw. */
static unsigned compare_events(unsigned way)
{
	const bool faults = !switches(way) || way == TASKFILE_BEHIND;
	const uint32_t at = way == TASKFILE_BEHIND ? tss_other_before[TSS_EIP / 4]
	                                           : taskfile_at[way];
	const uint32_t error = way == TASKFILE_FAULT    ? TASKFILE_ERROR
	                       : way == TASKFILE_BEHIND ? TASKFILE_MAIN
	                       : way == TASKFILE_BEFORE ? TASKFILE_OTHER
	                       : way == TASKFILE_PAGE   ? WRITABLE
	                                                : 0;
	unsigned wrong = taskfile_steps != (way == TASKFILE_STEP ? 2 : 0);

	wrong += taskfile_error != error && (exact || way != TASKFILE_PAGE);
	wrong += faults && taskfile_frame_eip != at && (exact || way != TASKFILE_BEHIND);
	wrong += way == TASKFILE_STEP && taskfile_dr6 != ((uint32_t)DR6_START | DR6_BS);
	if (wrong > 0)
		machine_print("vandal: way %u: %u steps, DR6 %x, error %x, from %x\n", way,
		              (unsigned)taskfile_steps, (unsigned)taskfile_dr6,
		              (unsigned)taskfile_error, (unsigned)taskfile_frame_eip);
	return wrong;
}

/* The address of a page fault may be any on the page that the processor found missing. */
static unsigned compare(unsigned way)
{
	const struct taskfile there = expect_there(way), after = expect_after(way);
	unsigned wrong = compare_events(way) + compare_descriptors(way) + compare_tss(way);

	if (way == TASKFILE_PAGE) {
		taskfile_there.cr[1] &= ~0xfffu;
		taskfile_after.cr[1] &= ~0xfffu;
	}
	wrong += differs("file", way, 1, &taskfile_there, &there, sizeof(there));
	wrong += differs("file", way, 2, &taskfile_after, &after, sizeof(after));
	wrong += differs("XSAVE", way, 1, taskfile_area_there, taskfile_area_before, TASKFILE_AREA);
	wrong += differs("XSAVE", way, 2, taskfile_area_after, taskfile_area_before, TASKFILE_AREA);
	return wrong + (taskfile_before.times != 1);
}

static unsigned try_way(unsigned way, bool pages, uint32_t offered, uint32_t seed)
{
	cr4_write(cr4_read() | CR4_OSXSAVE);
	prepare_tables(way);
	prepare_gates();
	prepare_paging(way, pages);
	prepare_tasks(way, seed);
	prepare_registers(seed);
	forget();
	exits_fill_vectors(offered, seed);
	taskfile_way = way;
	taskfile_entry = taskfile_at[way];
	exits_load_vectors();
	taskfile_run();
	traps_load();
	__asm__ volatile("mov %0, %%dr7" : : "r"((uint64_t)DR7_OFF));
	return compare(way);
}

void vandal_taskfile(const char *argument)
{
	unsigned wrong = 0, tried = 0;
	uint32_t offered;

	(void)argument;
	if (!machine_is_virtual() || (offered = exits_begin()) == 0) {
		vandal_says(true, "nothing exits here, or there is no XSAVE");
		return;
	}
	exact = args_number("exact", 1);
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned way = 0; way < 2 * TASKFILE_WAYS; way++) {
			const bool pages = way >= TASKFILE_WAYS;

			if (way == TASKFILE_PAGE) /* without paging */
				continue;
			wrong += try_way(way % TASKFILE_WAYS, pages, offered, ++tried * 7);
		}
	vandal_says(wrong == 0,
	            "%u switches and as many back, every register compared, %u times wrong", tried,
	            wrong);
}
