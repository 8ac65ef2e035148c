/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt table of replay.S. See the header for the rule.
 *
 * All vectors from 16 on are interrupts there, but for the machine check's: its entry asks the
 * local APIC (replay.S).
 */
#include "arch/x86/cpu/replay.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { VECTORS = 256, VECTOR_FIRST = 16, VECTOR_MACHINE_CHECK = 18, WORDS = 2 };

/* The pointers for LIDT: limit and base (SDM 3A figure 2-6). */
struct replay_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));
struct replay_pointer replay_table, replay_usual;

extern const uint8_t replay_gate[], replay_gate_18[]; /* replay.S */

/* Sets the offset of an interrupt gate (SDM 3A figure 6-8). The rest is as in the usual table. */
static void gate_set(uint64_t *gate, const void *handler)
{
	uint64_t offset = (uint64_t)handler;

	gate[0] = (gate[0] & 0x0000ffffffff0000) | (offset & 0xffff) |
	          (offset >> 16 & 0xffff) << 48;
	gate[1] = offset >> 32;
}

__attribute__((cold)) int replay_init(void)
{
	uint64_t *table = frames_alloc_vmm(PAGE, PAGE);

	if (table == NULL)
		return -ENOMEM;
	memcpy(table, (const void *)tables_idt_base(), PAGE);
	for (unsigned v = VECTOR_FIRST; v < VECTORS; v++)
		gate_set(&table[WORDS * v],
		         v == VECTOR_MACHINE_CHECK ? replay_gate_18 : replay_gate);
	replay_table = (struct replay_pointer){ PAGE - 1, (uint64_t)table };
	replay_usual = (struct replay_pointer){ PAGE - 1, tables_idt_base() };
	return 0;
}
