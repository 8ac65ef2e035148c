/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block's model in the VMM's memory: the baseline, which needs of a machine only an
 * 8259 pair.
 *
 *   a line's interrupt exits -> block_set_line() -> INTR: an event is injected at the next entry
 *                                                -> NMI:  counted like an NMI of the processor
 *   the guest's accesses to 20h, 21h, A0h, A1h, 4D0h, 4D1h exit
 *                            -> block_port_read(), block_port_write()
 *
 * Rule: the model decides everything, the block's and the controller's part. driver.c drives the
 * model by the model's window (soft_block.c), like the device. The VMM looks at the lines before
 * every question to the model, and before every entry.
 */
#include "chipset/window/soft.h"
#include "arch/x86/cpu/interrupts.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "chipset/window/driver.h"

#include <errno.h>

/* INTR. The answers are valid as long as soft_outputs.moved is false. */
static struct {
	bool raised;              /* at the last look */
	int vector;               /* the answer to INTA at the last look; -1: not asked yet */
	struct pair acknowledged; /* the connected bank, as after an INTA */
} intr = { .vector = -1 };

static struct {
	line_set lines; /* lines of VMs */
	/* The controller with its lines routed to the connected bank. NULL: none. */
	struct controller *current;
} guests;

static int probe(void)
{
	if (!platform.has_8259) {
		log_line("chipset soft: this machine has no 8259 pair (MADT flags)");
		return -ENODEV;
	}
	if (!virt_can_exit_on_interrupt()) {
		log_line("chipset soft: physical interrupts cannot be made to exit on this "
		         "processor");
		return -ENODEV;
	}
	block_reset(&soft_block);
	line_set level = soft_lines_init();
	pair_port_write(&soft_block.bank[0], PORT_ELCR1, (uint8_t)level);
	pair_port_write(&soft_block.bank[0], PORT_ELCR2, (uint8_t)(level >> 8));
	driver_init(&(struct driver_window){ .model = &soft_block });
	return 0;
}

/* ---- The block's outputs ---- */

/* INTR: the coming entry injects an event, or withdraws the request for an injection. */
static inline void relay_intr(void)
{
	if (!soft_outputs.moved || guests.current == NULL)
		return;
	soft_outputs.moved = false;
	intr.vector = -1;
	guests.current->changed |= intr.raised;
	intr.raised = block_intr(&soft_block);
	guests.current->changed |= intr.raised;
}

/* ---- Lines ---- */

/* A line that rises has been low before, whether the VMM saw the low level or not. */
static void feed(struct soft_changes changes)
{
	for (line_set rest = changes.fallen | changes.risen; rest; rest &= rest - 1)
		block_set_line(&soft_block, line_first(rest), false);
	for (line_set rest = changes.risen; rest; rest &= rest - 1)
		block_set_line(&soft_block, line_first(rest), true);
	soft_outputs.moved = true;
	soft_relay_nmi();
}

static inline bool look(void)
{
	struct soft_changes changes = soft_lines_look();

	if (!(changes.risen | changes.fallen))
		return false;
	feed(changes);
	return true;
}

static struct pair *connected(void)
{
	return &soft_block.bank[soft_block.connected];
}

/* Returns the inputs of the connected bank that are level triggered, by the guest's ELCR or
 * ICW1. */
static line_set level_inputs(void)
{
	const struct i8259 *master = &connected()->chip[PAIR_MASTER],
			   *slave = &connected()->chip[PAIR_SLAVE];

	return (uint16_t)((master->icw1 & ICW1_LTIM ? 0xff : master->elcr) |
	                  (slave->icw1 & ICW1_LTIM ? 0xff : slave->elcr) << 8);
}

/* Returns the lines of the set that enter the given inputs of the controller. */
static line_set lines_at(line_set inputs, line_set lines)
{
	if (soft_block.trivial)
		return lines & inputs;
	line_set found = 0;
	for (line_set rest = lines; rest; rest &= rest - 1)
		if (line_in(inputs, line_input(soft_block.controller_input, line_first(rest))))
			found |= LINE(line_first(rest));
	return found;
}

/* Settles lines that are up and whose edge the model has taken: acknowledged, forgotten at an ICW1,
 * or cleared in the status register. From then on the VMM sees only the line's next edge. For the
 * bank, which has no more to take, the line is low. A line whose VM is away stays up: the line's
 * bank may still have the edge. */
static void settle_up(line_set up)
{
	const struct pair *pair = connected();
	line_set edges = (uint16_t)(pair->chip[PAIR_MASTER].edges | pair->chip[PAIR_SLAVE].edges
	                                                                    << 8);
	line_set stand = lines_at(edges | level_inputs(), up & soft_block.routed);
	line_set taken = up & (uint16_t) ~(stand | ((soft_block.latch | guests.lines) &
	                                            ~soft_block.routed));

	soft_lines_taken(taken);
	for (line_set rest = taken & soft_block.routed; rest; rest &= rest - 1)
		block_set_line(&soft_block, line_first(rest), false);
}

static inline void settle(void)
{
	if (soft_lines_up() != 0)
		settle_up(soft_lines_up());
}

static void claim(line_set lines, bool by_vmm)
{
	guests.lines |= by_vmm ? 0 : lines;
	driver_claim(lines, by_vmm);
	soft_lines_open(lines);
}

/* ---- The processor's side ---- */

static unsigned interrupted(void)
{
	if (!look()) {
		soft_lines_clear();
		(void)look();
	}
	return nmi_count;
}

static void halt(void)
{
	interrupts_halt();
	(void)look();
}

/* 404, and the last look before the entry: so this step is always due. */
static void mask(line_set masked)
{
	driver_mask(masked);
	settle();
	(void)look();
	relay_intr();
	chipset_present.dirty = true;
}

/* The question goes to a copy of the bank. */
static int pending_vector(struct controller *c)
{
	(void)c;
	if (!intr.raised || intr.vector >= 0)
		return intr.vector;
	intr.acknowledged = *connected();
	return intr.vector = pair_acknowledge(&intr.acknowledged);
}

/* Returns the input that went into service between two states. In automatic EOI mode: the input
 * whose latch is gone. */
static unsigned taken_input(const struct pair *before, const struct pair *after)
{
	unsigned isr = 0, latched = 0;

	for (unsigned chip = 0; chip < 2; chip++) {
		const struct i8259 *b = &before->chip[chip], *a = &after->chip[chip];
		isr |= (unsigned)(a->isr & ~b->isr) << 8 * chip;
		latched |= (unsigned)((b->edges | b->held) & ~(a->edges | a->held)) << 8 * chip;
	}
	unsigned set = (isr ? isr : latched) & ~(1u << PAIR_CASCADE);
	return set ? (unsigned)__builtin_ctz(set) : PAIR_CASCADE;
}

/* The bank has not been touched since pending_vector(). */
static unsigned injected(struct controller *c)
{
	unsigned input = taken_input(connected(), &intr.acknowledged);

	*connected() = intr.acknowledged;
	intr.vector = -1;
	intr.raised = block_intr(&soft_block);
	settle();
	line_set lines = lines_at(LINE(input), c->lines);
	return lines ? line_first(lines) : input;
}

/* For the VMM's own devices: call before the devices' handlers touch the devices. */
static void acknowledge(line_set lines)
{
	driver_acknowledge(lines);
	settle();
}

/* ---- The guest's side ---- */

/* The look comes first, so that the guest can read earlier requests. */
static int port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	(void)c;
	(void)look();
	*value = block_port_read(&soft_block, port);
	soft_outputs.moved = true;
	return 0;
}

/* ICW1 forgets earlier requests, so the look comes first. For all other writes the requests make
 * no difference. */
static int port_write(struct controller *c, uint16_t port, uint8_t value)
{
	bool initialises = (port == PORT_MASTER || port == PORT_SLAVE) && value & ICW1_SELECT;

	if (initialises)
		(void)look();
	block_port_write(&soft_block, port, value);
	if (initialises || port == PORT_ELCR1 || port == PORT_ELCR2)
		soft_lines_set_level(c->lines, lines_at(level_inputs(), c->lines));
	soft_outputs.moved = true;
	return 0;
}

/* ---- Save and restore ---- */

static int save(struct controller *c, bool force)
{
	guests.current = NULL;
	return driver_save(c, force);
}

static void restore(struct controller *c)
{
	driver_restore(c);
	guests.current = c;
}

static void route(struct controller *c)
{
	if (c != NULL) {
		restore(c);
	} else {
		guests.current = NULL;
		driver_route(NULL);
	}
}

/* ---- NMI ---- */

/* An NMI exit: the block's own NMIs never come as exits. */
static int identify_line(void)
{
	nmi_account_note_exit(&nmi_account);
	return -1;
}

const struct chipset chipset_soft = {
	.name = "soft",
	.masks_in_hardware = true,
	.reroutes_at_exits = true,
	.intercepts_interrupts = true,
	.elcr = true,
	.probe = probe,
	.banks = driver_banks,
	.interrupted = interrupted,
	.halt = halt,
	.mux = {
		.wire = driver_wire,
		.route = route,
	},
	.block = {
		.claim = claim,
		.mask = mask,
		.read_status = driver_read_status,
		.identify_line = identify_line,
		.asserted = driver_asserted,
		.masked = driver_masked,
		.raise_external = driver_raise_external,
		.acknowledge = acknowledge,
	},
	.controller = {
		.reset = driver_reset,
		.deliverable = driver_deliverable,
		.in_service = driver_in_service,
		.save = save,
		.restore = restore,
		.port_read = port_read,
		.port_write = port_write,
		.pending_vector = pending_vector,
		.injected = injected,
		.request = driver_request,
		.drive = driver_drive,
	},
};
