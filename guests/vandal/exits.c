/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that tests whether an exit changes more than the instruction's own results: general
 * registers, flags, segments, tables, control and debug registers, MSRs, and all state of XSAVE. An
 * instruction that the VMM refuses changes no register at all. Exceptions that exit (#DB, #AC) come
 * once, and change no register but DR6. Word tick=1: the guest owns the
 * timer (irq=0 io=0x40-0x43), and tries instructions that wait for an interrupt too. Word rf=0: a
 * processor that pushes no RF when the processor itself faults. Word align=0: a processor without
 * alignment checks; align=1: a processor that tells no RF when #AC exits.
 *
 * Rule: the rows are in exits_rows.c and exits_ring3.c. Interrupts are off but for the rows that
 * need interrupts.
 */
#include "guests/vandal/exits.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/pit.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/ring3.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { NOP = 0x90, ROUNDS = 12 };
enum { VECTOR_DB = 1, VECTOR_UD = 6, VECTOR_GP = 13, VECTOR_AC = 17, TICKS = PIT_HZ / 1000 };
/* The bits of RFLAGS that arithmetic changes, and DF: 11 OF | 10 DF | 7 SF | 6 ZF | 4 AF | 2 PF | 1
 * one | 0 CF */
enum { FLAGS_ARITHMETIC = 0xcd7, FLAGS_ONE = 2, FLAGS_IF = 1 << 9 };
enum { FLAGS_TF = EXITS_TF, FLAGS_IOPL = 3 << 12, FLAGS_RF = EXITS_RF, FLAGS_AC = EXITS_AC };
/* DR6 as after a reset | 14 BS | 0 B0. DR7 (SDM 3B 17.2.4): always-one bit 10 | 19:18 length |
 * 17:16 type | 0 local enable */
enum { DR6_START = 0xffff0ff0, DR6_BS = 1 << 14, DR6_B0 = 1 << 0, DR7_OFF = 0x400 };
enum { DR7_BREAK = DR7_OFF | 1, DR7_WATCH_8 = DR7_OFF | 2 << 18 | 1 << 16 | 1 };

uint64_t exits_before[EXITS_IMAGE], exits_after[EXITS_IMAGE];
uint64_t exits_faults, exits_vector, exits_error, exits_rip, exits_flags, exits_ticks;
uint64_t exits_in_ring3;

/* An instruction goes up or down from the middle. */
enum { STRING_BYTES = 4096, STRING_MIDDLE = STRING_BYTES / 2, FLAGS_DF = 1 << 10 };
static uint8_t string[STRING_BYTES] __attribute__((aligned(16)));
static struct exits_rest rest_before, rest_after;
static volatile void *foreign;
static uint64_t without_rf; /* FLAGS_RF, or 0 */
/* How the processor checks alignment: not at all; the exit of #AC lacks RF; as the manual says. */
static enum { UNCHECKED, CHECKED_WITHOUT_RF, CHECKED } checks_alignment;

static uint64_t rax_of(const struct exits_row *row, uint32_t offered)
{
	switch (row->special) {
	case RAX_IS_CR0:
		return (cr0_read() | row->rcx) & ~(uint64_t)row->rdx;
	case RAX_IS_CR4:
		return (cr4_read() | row->rcx) & ~(uint64_t)row->rdx;
	case RAX_IS_XCR0:
		return offered;
	case RAX_IS_FOREIGN:
		return (uint64_t)(uintptr_t)foreign;
	default:
		return row->rax;
	}
}

static bool in_ring3(const struct exits_row *row)
{
	return row->special >= IS_RING3;
}

/* Debug registers, and the flags of the row. */
static void prepare_debug(const struct exits_row *row, uint32_t seed)
{
	const uint64_t place = row->special == IS_BREAK     ? (uint64_t)(uintptr_t)exits_code
	                       : row->special == IS_WATCHED ? exits_before[RDI]
	                                                    : exits_before[RSI] & INT32_MAX;
	const uint64_t on = row->special == IS_BREAK     ? DR7_BREAK
	                    : row->special == IS_WATCHED ? DR7_WATCH_8
	                                                 : DR7_OFF;

	if (row->special == IS_OPEN)
		exits_before[EXITS_FLAGS] |= FLAGS_IF;
	if (row->special == IS_STEP)
		exits_before[EXITS_FLAGS] |= FLAGS_TF;
	if (row->special == IS_ALIGNED)
		exits_before[EXITS_FLAGS] |= FLAGS_AC;
	if (in_ring3(row))
		exits_before[EXITS_FLAGS] |= FLAGS_IOPL;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr3; mov %2, %%dr6; mov %3, %%dr7"
	                 :
	                 : "r"(place), "r"(seed * 64ul), "r"((uint64_t)DR6_START), "r"(on));
}

/* Fills all registers with patterns, then adds the instruction's inputs. */
static void prepare(const struct exits_row *row, uint32_t seed, uint32_t offered)
{
	const bool other = row->special == IS_CALL_OF_ANOTHER;

	for (unsigned i = 0; i < EXITS_GENERAL; i++)
		exits_before[i] = (seed * 0x9e3779b97f4a7c15ul) ^ (0x0101010101010101ul * (i + 1));
	exits_before[RAX] = rax_of(row, offered);
	exits_before[RCX] = row->rcx;
	exits_before[RDX] = row->rdx;
	exits_before[EXITS_FLAGS] = (seed * 0x4d5u & FLAGS_ARITHMETIC) | FLAGS_ONE;
	if (row->special == IS_STRING || row->special == IS_WATCHED || row->special == IS_ALIGNED) {
		memset(string, 0, sizeof(string));
		exits_before[RDI] = exits_before[RSI] = (uint64_t)(uintptr_t)string + STRING_MIDDLE;
	}
	memset(exits_code, NOP, EXITS_CODE_BYTES);
	memcpy(exits_code, row->code, row->bytes);
	if ((row->special == IS_CALL || row->special == IS_RING3_CALL || other) &&
	    machine_by_vmmcall != other)
		exits_code[2] = 0xd9;
	exits_faults = exits_vector = exits_error = exits_rip = exits_flags = 0;
	prepare_debug(row, seed);
	cr2_write(exits_before[RDI] & INT32_MAX);
	/* serialises: the code is new */
	__asm__ volatile("cpuid" : : "a"(0), "c"(0) : "rbx", "rdx", "memory");
}

static void run(bool ring3)
{
	exits_in_ring3 = ring3;
	exits_load_vectors();
	exits_run();
	exits_store_vectors();
}

/* Counts the errors of INS and OUTS: index and count are beyond the last element, and memory has
 * ones from an INS alone. */
static unsigned compare_string(const struct exits_row *row)
{
	const uint8_t opcode = row->code[row->bytes - 1];
	const bool repeats = row->code[0] == 0xf3, down = exits_before[EXITS_FLAGS] & FLAGS_DF;
	const bool ins = opcode <= 0x6d;
	const unsigned size = !(opcode & 1) ? 1 : row->code[0] == 0x66 ? 2 : 4;
	const unsigned bytes = size * (repeats ? row->rcx : 1), index = ins ? RDI : RSI;
	const unsigned first = STRING_MIDDLE - (down ? bytes - size : 0);
	unsigned wrong = exits_after[index] - exits_before[index] !=
	                 (down ? 0 - (uint64_t)bytes : bytes);

	wrong += exits_after[RCX] != (repeats ? 0 : row->rcx);
	for (unsigned i = 0; i < STRING_BYTES; i++)
		wrong += string[i] != (ins && i >= first && i < first + bytes ? 0xff : 0);
	return wrong;
}

static bool is_trap(const struct exits_row *row)
{
	return row->vector == VECTOR_DB && row->special != IS_BREAK;
}

/* A fault comes once, from the instruction itself, with RF pushed and with an error code of 0. A
 * trap comes behind the instruction. No #DB pushes RF (SDM 3B 17.3.1.1). */
static unsigned compare_fault(const struct exits_row *row)
{
	const uint64_t at = (uint64_t)(uintptr_t)exits_code + (is_trap(row) ? row->bytes : 0);
	const bool ac = row->vector == VECTOR_AC;
	const uint64_t rf = row->vector == VECTOR_DB ? 0 : FLAGS_RF;
	const uint64_t may_lack = ac && checks_alignment == CHECKED_WITHOUT_RF ? rf
	                                                                       : rf & without_rf;
	const bool gp = row->special == IS_RING3_SVM && machine_by_vmmcall;

	if (row->vector == 0)
		return exits_faults != 0;
	return exits_faults != 1 || exits_vector != (gp ? VECTOR_GP : row->vector) ||
	       exits_error != 0 || exits_rip != at ||
	       (exits_flags | may_lack) != (exits_before[EXITS_FLAGS] | rf);
}

/* What the row itself changes: its control register has the value that the row wrote, #DB tells its
 * cause, and the handlers clear TF and AC. */
static void expect(const struct exits_row *row)
{
	if (row->special == RAX_IS_CR0 && row->vector == 0)
		rest_before.cr0 = exits_before[RAX];
	if (row->special == RAX_IS_CR4 && row->vector == 0)
		rest_before.cr4 = exits_before[RAX];
	if (row->special == IS_STEP)
		rest_before.dr6 |= DR6_BS;
	if (row->special == IS_WATCHED || row->special == IS_BREAK)
		rest_before.dr6 |= DR6_B0;
	exits_before[EXITS_FLAGS] &= ~(uint64_t)(FLAGS_TF | FLAGS_AC);
}

static unsigned compare(const struct exits_row *row)
{
	unsigned wrong = compare_fault(row);

	if (row->special == IS_STRING)
		wrong += compare_string(row);
	expect(row);
	for (unsigned i = 0; i < EXITS_IMAGE; i++)
		wrong += !(row->changes >> i & 1) && exits_before[i] != exits_after[i];
	wrong += memcmp(&rest_before, &rest_after, sizeof(rest_before)) != 0;
	return wrong + exits_compare_vectors();
}

/* Tries rows. Returns the number of times that something was wrong. */
static unsigned try_rows(const struct exits_row *rows, unsigned count, uint32_t offered)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; i++) {
		const bool other = (rows[i].special == IS_KEPT && machine_by_vmmcall) ||
		                   (rows[i].special == IS_ALIGNED && checks_alignment == UNCHECKED);
		unsigned changed = 0;

		for (unsigned round = 0; round < ROUNDS && !other; round++) {
			prepare(&rows[i], i * ROUNDS + round, offered);
			exits_fill_vectors(offered, i * ROUNDS + round);
			exits_look(&rest_before);
			run(in_ring3(&rows[i]));
			exits_look(&rest_after);
			__asm__ volatile("mov %0, %%dr7" : : "r"((uint64_t)DR7_OFF));
			changed += compare(&rows[i]);
		}
		wrong += changed;
		if (changed > 0)
			machine_print("vandal: %s changed what it must not, %u times; %u faults, "
			              "vector %u, error %x\n",
			              rows[i].name, changed, (unsigned)exits_faults,
			              (unsigned)exits_vector, (unsigned)exits_error);
	}
	return wrong;
}

/* Rows with ticks of the guest's own in between. */
static unsigned try_open(uint32_t offered)
{
	uint64_t tick = traps_take(PIC_BASE + PIT_LINE, (uint64_t)(uintptr_t)exits_tick);
	unsigned wrong;

	pit_start(TICKS);
	pic_unmask(PIT_LINE);
	wrong = try_rows(exits_open, exits_open_count, offered);
	pic_mask(PIT_LINE);
	traps_take(PIC_BASE + PIT_LINE, tick);
	return wrong + (exits_ticks < ROUNDS);
}

/* Rows in ring 3, where data segments are of ring 3, as IRET leaves no other. */
static unsigned try_ring3(uint32_t offered)
{
	uint64_t ac;
	unsigned wrong;

	ring3_open();
	ac = traps_take(VECTOR_AC, (uint64_t)(uintptr_t)exits_ac);
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(RING3_SELECTOR_DATA));
	wrong = try_rows(exits_ring3, exits_ring3_count, offered);
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(SELECTOR_DATA));
	traps_take(VECTOR_AC, ac);
	return wrong;
}

void vandal_exits(const char *argument)
{
	const bool ticks = args_number("tick", 0);
	unsigned kinds = exits_rows_count + exits_refused_count + exits_debug_count +
	                 exits_ring3_count;
	uint32_t offered;
	unsigned wrong = 0;

	(void)argument;
	if (!machine_is_virtual() || (offered = exits_begin()) == 0) {
		vandal_says(true, "nothing exits here, or there is no XSAVE");
		return;
	}
	uint64_t ud = traps_take(VECTOR_UD, (uint64_t)(uintptr_t)exits_ud);
	uint64_t gp = traps_take(VECTOR_GP, (uint64_t)(uintptr_t)exits_gp);
	uint64_t db = traps_take(VECTOR_DB, (uint64_t)(uintptr_t)exits_db);
	without_rf = args_number("rf", 1) ? 0 : FLAGS_RF;
	checks_alignment = args_number("align", CHECKED);
	foreign = machine_window(0xfee00000);
	if (ticks) { /* first, while other VMs are there */
		kinds += exits_open_count;
		wrong += try_open(offered);
	}
	wrong += try_rows(exits_rows, exits_rows_count, offered);
	wrong += try_rows(exits_refused, exits_refused_count, offered);
	wrong += try_rows(exits_debug, exits_debug_count, offered);
	wrong += try_ring3(offered);
	traps_take(VECTOR_DB, db);
	traps_take(VECTOR_UD, ud);
	traps_take(VECTOR_GP, gp);
	vandal_says(
		wrong == 0,
		"%u exits of %u kinds, every register of the guest compared, %u ticks, %u times "
		"wrong",
		kinds * ROUNDS, kinds, (unsigned)exits_ticks, wrong);
}
