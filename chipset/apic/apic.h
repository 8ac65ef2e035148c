/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of a modern PC's parts: declarations that the files of apic share, from the
 * lowest file to the highest. A file calls only files that stand before it here.
 *
 * Rule: outside the files of apic only the table is used.
 */
#ifndef CHIPSET_APIC_H
#define CHIPSET_APIC_H

#include "arch/x86/cpu/io.h"
#include "chipset/apic/apic_registers.h"
#include "chipset/chipset.h"

extern const struct chipset chipset_apic;

/* ---- apic_status.c: the 8259 pair, whose IRR tells which line has asserted ---- */

/* Initialises the pair, all inputs masked: nobody takes an interrupt of the pair. */
void apic_status_init(void);
/* Returns IRR of both chips, the slave's in the high byte. Masked inputs latch too. */
line_set apic_status_read(void);
/* Clears IRR of the chips that have a line of the set. */
void apic_status_clear(line_set lines);
/* Has these lines looked at as well. by_level: makes the lines level triggered, as far as the
 * machine can: then a line's bit in IRR is its level. Call when the lines get their owner. */
void apic_status_listen(line_set lines, bool by_level);

/* ---- apic_block.c: the multiplexers, the VMM block and the account of NMIs ---- */

/* The controller whose state is in the local APIC, or NULL. */
extern struct controller *apic_current;

void apic_block_init(void);
void apic_claim(line_set lines, bool by_vmm);
/* Routes the lines of c to the local APIC, by c's redirection entries, and all other lines to the
 * VMM block. With NULL, all lines go to the block. */
void apic_connect(const struct controller *c);
/* both: the block may write to the pins of these lines from now on. None of them has a vector. */
void apic_block_lend(line_set lines);
/* Returns the lines of c that have asserted while they were routed to the block, and takes them
 * back. Call at the restore, after apic_connect(). */
line_set apic_take_held(const struct controller *c);
/* Follows a change of the redirection entries of c. line: the line whose entry has changed. */
void apic_follow_entry(const struct controller *c, unsigned line);
/* The interface's calls (chipset.h). */
void apic_mask(line_set masked);
struct chipset_status apic_read_status(unsigned nmis);
int apic_identify_line(void);
void apic_echo(void);
line_set apic_asserted(void);
line_set apic_masked(void);
void apic_acknowledge(line_set lines);

/* ---- apic_pins.c: the guest's I/O APIC ---- */

void apic_pins_reset(struct controller *c);
/* Returns the vector of a line by c's redirection entries; 0: the entry is masked, or of no use. */
static inline unsigned apic_line_vector(const struct controller *c, unsigned line)
{
	return c->apic.vector[line];
}
/* Follows a write of SVR, while c's guest runs. */
void apic_follow_svr(struct controller *c);
bool apic_memory(struct vcpu *v, uint64_t address);
/* both: has the VM that runs leave its 8259s for the local APIC. Called where apic_current is NULL
 * at an access to a register of the APICs. NULL: each VM has a local APIC. */
extern void (*apic_arrive)(void);

/* Writes the guest's vector of a spurious interrupt. The local APIC stays on, for the VMM. */
static inline void apic_load_svr(const struct controller *c)
{
	msr_write(APIC_SVR, APIC_SVR_ENABLE | (c->apic.svr & APIC_VECTOR));
}

/* ---- apic_msr.c: the registers of the local APIC whose accesses exit ---- */

/* Says which registers are there. Call in probe(), before the first vcpu is made. */
void apic_msr_init(void);
/* Opens or closes the registers that a guest of the local APIC's reaches with no exit. */
void apic_msr_open(bool opens);
void apic_msr_reset(struct controller *c);

/* ---- apic.c ---- */

/* Looks for x2APIC, and prepares the local APIC. Returns 0, or -ENODEV after a message. */
int apic_probe_local(void);
/* The interface's banks(): there is one. */
unsigned apic_banks(unsigned wanted);

/* ---- both.c: VMs with a local APIC beside VMs with 8259s ---- */

extern const struct chipset chipset_both;

#endif
