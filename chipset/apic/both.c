/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisation both: each VM's controller is an 8259 pair until its guest touches a register of
 * the local APIC or of the I/O APIC. From then on the VM's controller is the local APIC, as with
 * the realisation apic.
 *
 * Rule: the VMM block is pc's for all lines. A VM of the local APIC's has its lines routed to the
 * controller for pc's block, and apic's block gives the pins of these lines the guest's vectors.
 * The 8259s' masks are closed while such a VM runs, and LINT0 is masked. While a VM with 8259s
 * runs, the registers of the local APIC exit, and the local APIC holds no request.
 */
#include "arch/x86/cpu/io.h"
#include "chipset/apic/apic.h"
#include "chipset/pc/pc.h"

#include <stddef.h>

#define APIC chipset_apic.controller
enum { LINT0_EXTINT = 7 << 8 };

static struct {
	struct controller *c; /* the controller of the VM that runs, or NULL */
	bool is_open;         /* the registers of the local APIC are open */
} both;

/* Changes the kind of the VM that runs: LINT0, and the registers that are open. */
static void set_kind(bool by_apic)
{
	if (both.is_open == by_apic)
		return;
	both.is_open = by_apic;
	msr_write(APIC_LINT0, by_apic ? APIC_LVT_MASKED : LINT0_EXTINT);
	apic_msr_open(by_apic);
}

/* Drops the edges that the pins have delivered. The 8259s have latched these edges too. The NMI
 * account keeps requests of other lines. */
static void forget_edges(const struct controller *c)
{
	line_set stale = pc_read_irr_rarely() & c->lines;

	for (unsigned chip = 0; chip < PICS; chip++, stale >>= 8)
		if (stale & 0xff)
			pc_program(chip, pc_chips[chip].icw2, pc_chips[chip].icw4);
}

/* 520 */
static int save(struct controller *c, bool force)
{
	if (c->by_apic) {
		forget_edges(c);
		pc_connect(0); /* before the save: an edge is an NMI from here on */
		apic_block_lend(0);
		chipset_present.dirty = true;
		both.c = NULL;
		return APIC.save(c, true);
	}
	int error = pc_save(c, force);

	if (error != 0)
		return error;
	both.c = NULL;
	c->tpr = (uint8_t)msr_read(APIC_TPR); /* CR8 does not exit */
	msr_write(APIC_TPR, 0);
	return 0;
}

/* 540, for the local APIC. The lines leave pc's block first. A line's edge that comes before the
 * line's pin has the guest's vector is in IRR of the 8259s. */
static void restore_apic(struct controller *c)
{
	line_set held = pc_asserted() & c->lines;

	pc_route(NULL); /* closes the masks */
	pc_hand_over(c);
	apic_block_lend(c->lines);
	APIC.restore(c);
	held |= c->inject | (pc_read_irr_rarely() & c->lines);
	c->inject = 0;
	for (; held; held &= held - 1)
		APIC.request(c, line_first(held));
}

/* 540 */
static void restore(struct controller *c)
{
	set_kind(c->by_apic);
	both.c = c;
	if (c->by_apic) {
		restore_apic(c);
		return;
	}
	msr_write(APIC_TPR, c->tpr);
	pc_restore(c);
}

static void route(struct controller *c)
{
	if (both.c != NULL)
		(void)save(both.c, true);
	if (c != NULL)
		restore(c);
	else
		pc_route(NULL);
}

/* The guest of the VM that runs has touched a register of the APICs. */
static __attribute__((cold)) void leave_8259(void)
{
	struct controller *c = both.c;

	(void)save(c, true);
	c->by_apic = true;
	APIC.reset(c, c->lines, c->shared);
	restore(c);
}

static __attribute__((cold)) int probe(void)
{
	int error = pc_probe();

	if (error == 0)
		error = apic_probe_local();
	if (error != 0)
		return error;
	both.is_open = true;
	apic_arrive = leave_8259;
	return 0;
}

/* ---- The calls for one of the two kinds ---- */

static void reset(struct controller *c, line_set lines, line_set shared)
{
	c->by_apic = false;
	c->tpr = 0;
	pc_reset(c, lines, shared);
}

static int port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	return c->by_apic ? APIC.port_read(c, port, value) : pc_port_read(c, port, value);
}

static int port_write(struct controller *c, uint16_t port, uint8_t value)
{
	return c->by_apic ? APIC.port_write(c, port, value) : pc_port_write(c, port, value);
}

static uint64_t timer(const struct controller *c, bool comes)
{
	return c->by_apic ? APIC.timer(c, comes) : UINT64_MAX;
}

static uint64_t tick(struct controller *c)
{
	return c->by_apic ? APIC.tick(c) : UINT64_MAX;
}

static line_set deliverable(const struct controller *c, line_set asserted)
{
	return c->by_apic ? APIC.deliverable(c, pc_asserted()) : pc_deliverable(c, asserted);
}

static bool in_service(const struct controller *c)
{
	return c->by_apic ? APIC.in_service(c) : pc_in_service(c);
}

static void request(struct controller *c, unsigned line)
{
	(c->by_apic ? APIC.request : pc_request)(c, line);
}

static void drive(struct controller *c, unsigned line, bool high)
{
	(c->by_apic ? APIC.drive : pc_drive)(c, line, high);
}

static void hold(struct controller *c)
{
	if (!c->by_apic)
		pc_refresh(c);
}

const struct chipset chipset_both = {
	.name = "both",
	.ambiguous = true,
	.probe = probe,
	.banks = apic_banks,
	.mux = { .route = route },
	.block = { .claim = pc_claim,
	           .mask = pc_mask,
	           .read_status = pc_read_status,
	           .identify_line = pc_identify_line,
	           .echo = pc_hear,
	           .asserted = pc_asserted,
	           .masked = pc_masked,
	           .acknowledge = pc_acknowledge,
	           .settle = pc_settle },
	.controller = { .reset = reset,
	                .save = save,
	                .restore = restore,
	                .port_read = port_read,
	                .port_write = port_write,
	                .memory = apic_memory,
	                .timer = timer,
	                .tick = tick,
	                .deliverable = deliverable,
	                .in_service = in_service,
	                .pending_vector = pc_pending_vector,
	                .injected = pc_injected,
	                .request = request,
	                .drive = drive,
	                .hold = hold },
};
