/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisation pc: the table of the calls, and the table for a machine where PIRQs feed VMs'
 * lines.
 *
 * Rule: the calls stand in the files below (pc.h says in which). Here is only the choice between
 * the two tables, while the machine boots.
 */
#include "chipset/pc.h"
#include "chipset/pirq.h"

static const struct chipset with_pirqs;

static int probe(void)
{
	int error = pc_probe();
	if (error == 0)
		pirq_probe();
	return error;
}

/* The real pair is the only bank. */
static unsigned banks(unsigned wanted)
{
	(void)wanted;
	return 1;
}

static void claim(line_set lines, bool by_vmm)
{
	if (!by_vmm && pirq_claim(lines))
		chipset = &with_pirqs;
	pc_claim(lines, by_vmm);
	pirq_follow();
}

/* The calls that PIRQs do not concern. */
#define PC_CALLS                                                                             \
	.name = "pc", .ambiguous = true, .probe = probe, .banks = banks, .reset = pc_reset,  \
	.claim = claim, .echo = pc_hear, .asserted = pc_asserted, .masked = pc_masked,       \
	.acknowledge = pc_acknowledge, .settle = pc_settle, .deliverable = pc_deliverable,   \
	.in_service = pc_in_service, .port_read = pc_port_read, .port_write = pc_port_write, \
	.pending_vector = pc_pending_vector, .injected = pc_injected, .request = pc_request, \
	.hold = pc_refresh

const struct chipset chipset_pc = {
	PC_CALLS,
	.route = pc_route,
	.mask = pc_mask,
	.read_status = pc_read_status,
	.identify_line = pc_identify_line,
	.save = pc_save,
	.restore = pc_restore,
};

static const struct chipset with_pirqs = {
	PC_CALLS,
	.route = pirq_route,
	.mask = pirq_mask,
	.read_status = pirq_read_status,
	.identify_line = pirq_identify_line,
	.save = pirq_save,
	.restore = pirq_restore,
};
