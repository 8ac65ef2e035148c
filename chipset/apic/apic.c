/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The realisation apic: the running guest owns the local APIC by the MSRs of x2APIC mode. The table
 * of the calls, and the steps of Figures 4 and 5.
 *
 * Rule: order matters wherever a route changes. At the save the pins go to the block before IRR is
 * read; at the restore the pins come back behind what is in service, and before the requests.
 */
#include "chipset/apic/apic.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <stddef.h>

/* A request of the local APIC's own, among lines: the timer's, or an interrupt to itself. */
#define OWN_REQUEST LINE(LINE_ROOM - 1)

static __attribute__((cold)) int probe(void)
{
	if (!platform.has_8259 || platform.ioapic == 0) {
		log_line("chipset apic: the MADT names no %s",
		         platform.has_8259 ? "I/O APIC" : "8259 pair");
		return -ENODEV;
	}
	int error = apic_probe_local();

	if (error == 0)
		apic_block_init();
	return error;
}

unsigned apic_banks(unsigned wanted)
{
	(void)wanted;
	return 1;
}

static __attribute__((cold)) void reset(struct controller *c, line_set lines, line_set shared)
{
	c->lines = lines;
	c->shared = shared;
	c->inject = 0;
	c->open = 0;
	c->held = c->busy = false;
	apic_pins_reset(c);
	apic_msr_reset(c);
	apic_local_reset(&c->apic.local);
	c->apic.mask_8259[0] = c->apic.mask_8259[1] = 0xff;
	for (line_set rest = lines; rest; rest &= rest - 1)
		apic_follow_entry(c, line_first(rest));
	c->changed = true;
}

/* Makes requests of lines, in the state of a controller that is not in the local APIC. */
static void request_lines(struct controller *c, line_set lines)
{
	for (; lines; lines &= lines - 1) {
		unsigned vector = apic_line_vector(c, line_first(lines));
		if (vector != 0)
			apic_vector_set(c->apic.local.irr, vector);
	}
}

/* 520. The pins are as the next VM's mask wants them: see apic_mask(). */
static int save(struct controller *c, bool force)
{
	(void)force;
	apic_connect(NULL);
	msr_write(APIC_SVR, APIC_SVR_ENABLE | APIC_SPURIOUS);
	if (apic_local_save(&c->apic.local) != 0)
		request_lines(c, c->lines & c->apic.open);
	chipset_present.routed = apic_current = NULL;
	return 0;
}

/* 540 */
static void restore(struct controller *c)
{
	apic_local_serve(&c->apic.local);
	apic_connect(c);
	request_lines(c, apic_take_held(c));
	apic_local_resume(&c->apic.local);
	apic_load_svr(c);
	chipset_present.routed = apic_current = c;
}

static void route(struct controller *c)
{
	if (apic_current != NULL)
		(void)save(apic_current, true);
	if (c != NULL)
		restore(c);
	else
		apic_connect(NULL);
	chipset_present.routed = c;
}

/* ---- The 8259 pair as the guest sees it: masks that can be read back, and no interrupt ---- */

static __attribute__((cold)) int port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	*value = port & 1 ? c->apic.mask_8259[port == PORT_SLAVE + 1] : 0;
	return 0;
}

static __attribute__((cold)) int port_write(struct controller *c, uint16_t port, uint8_t value)
{
	if (port & 1)
		c->apic.mask_8259[port == PORT_SLAVE + 1] = value;
	return 0;
}

/* ---- Requests ---- */

static line_set deliverable(const struct controller *c, line_set asserted)
{
	const struct apic_local *local = &c->apic.local;
	line_set found = 0;

	if (c == apic_current)
		return apic_local_has_request() ? OWN_REQUEST : 0;
	if (apic_local_requests(local))
		found |= OWN_REQUEST;
	for (line_set rest = (asserted | apic_asserted()) & c->lines; rest; rest &= rest - 1) {
		unsigned vector = apic_line_vector(c, line_first(rest));
		if (vector != 0 && apic_local_lets_through(local, vector))
			found |= LINE(line_first(rest));
	}
	return found;
}

static bool in_service(const struct controller *c)
{
	(void)c;
	return apic_local_in_service();
}

/* The local APIC delivers every request itself. */
static int pending_vector(struct controller *c)
{
	(void)c;
	return -1;
}

static unsigned injected(struct controller *c)
{
	(void)c;
	return 0;
}

static void request(struct controller *c, unsigned line)
{
	unsigned vector = apic_line_vector(c, line);

	if (vector == 0)
		return;
	if (c == apic_current)
		msr_write(APIC_SELF_IPI, vector);
	else
		apic_vector_set(c->apic.local.irr, vector);
}

/* By edges: a request that was made is not taken back. */
static void drive(struct controller *c, unsigned line, bool high)
{
	if (high)
		request(c, line);
}

static uint64_t timer(const struct controller *c, bool comes)
{
	return apic_local_moment(&c->apic.local, comes);
}

static uint64_t tick(struct controller *c)
{
	return apic_local_tick(&c->apic.local);
}

const struct chipset chipset_apic = {
	.name = "apic",
	.ambiguous = true,
	.probe = probe,
	.banks = apic_banks,
	.mux = { .route = route },
	.block = { .claim = apic_claim,
	           .mask = apic_mask,
	           .read_status = apic_read_status,
	           .identify_line = apic_identify_line,
	           .echo = apic_echo,
	           .asserted = apic_asserted,
	           .masked = apic_masked,
	           .acknowledge = apic_acknowledge },
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
	                .pending_vector = pending_vector,
	                .injected = injected,
	                .request = request,
	                .drive = drive },
};
