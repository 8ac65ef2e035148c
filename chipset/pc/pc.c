/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisation pc: the table of the calls, and the table for a machine whose PIRQs feed lines.
 *
 * Rule: the calls stand in the files below (pc.h says in which). The probes choose between the two
 * tables, and no other code does.
 */
#include "chipset/pc/pc.h"
#include "chipset/pc/pirq.h"

/* Returns -ENODEV with no message where no PIRQ feeds a line: the other table is tried next. */
static __attribute__((cold)) int probe_with_pirqs(void)
{
	int error = pirq_probe();

	return error == 0 ? pc_probe() : error;
}

/* The real pair is the only bank. */
static unsigned banks(unsigned wanted)
{
	(void)wanted;
	return 1;
}

/* The calls that PIRQs do not concern. */
#define PC_BLOCK                                                       \
	.echo = pc_hear, .asserted = pc_asserted, .masked = pc_masked, \
	.acknowledge = pc_acknowledge, .settle = pc_settle
#define PC_CONTROLLER                                                                        \
	.reset = pc_reset, .port_read = pc_port_read, .port_write = pc_port_write,           \
	.deliverable = pc_deliverable, .in_service = pc_in_service,                          \
	.pending_vector = pc_pending_vector, .injected = pc_injected, .request = pc_request, \
	.drive = pc_drive, .hold = pc_refresh

const struct chipset chipset_pc = {
	.name = "pc",
	.ambiguous = true,
	.probe = pc_probe,
	.banks = banks,
	.mux = { .route = pc_route },
	.block = { PC_BLOCK, .claim = pc_claim, .mask = pc_mask, .read_status = pc_read_status,
	           .identify_line = pc_identify_line },
	.controller = { PC_CONTROLLER, .save = pc_save, .restore = pc_restore },
};

const struct chipset chipset_pc_pirqs = {
	.name = "pc",
	.ambiguous = true,
	.probe = probe_with_pirqs,
	.banks = banks,
	.mux = { .route = pirq_route },
	.block = { PC_BLOCK, .claim = pirq_claim, .mask = pirq_mask,
	           .read_status = pirq_read_status, .identify_line = pirq_identify_line },
	.controller = { PC_CONTROLLER, .save = pirq_save, .restore = pirq_restore },
};
