/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest beside the model, as pc_8259_kit.h says.
 *
 * Rule: an access goes to the model first and then to the chips. Where interrupts may come in
 * another order (kit_loose()), the chips answer first, and the model takes the same level.
 */
#include "tests/unit/pc_8259_kit.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/quick_ports.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

#include <stdio.h>
#include <stdlib.h>

enum { POLL = 0x0c, ANSWERED = 0x80 };

void kit_differ(const struct kit *kit, const char *what, unsigned is, unsigned should)
{
	fprintf(stderr,
	        "step %u%s%s: %s is %x, alone it is %x; to be injected %x, chips: IRR %x %x, "
	        "ISR %x %x\n",
	        kit->step, kit->automatic ? " (automatic EOI)" : "", kit->modes ? " (modes)" : "",
	        what, is, should, (unsigned)kit->guest.inject, sim_pic.chip[0].irr,
	        sim_pic.chip[1].irr, sim_pic.chip[0].isr, sim_pic.chip[1].isr);
	fprintf(stderr, "in software: ISR %x %x, IMR %x %x\n", kit->guest.pc.pic[0].isr,
	        kit->guest.pc.pic[1].isr, kit->guest.pc.pic[0].imr, kit->guest.pc.pic[1].imr);
	abort();
}

void kit_expect(const struct kit *kit, const char *what, unsigned is, unsigned should)
{
	if (is != should)
		kit_differ(kit, what, is, should);
}

/* ---- The modes ---- */

static struct naive_chip *alone(struct kit *kit, unsigned chip)
{
	return chip == SIM_MASTER ? &kit->model.master : &kit->model.slave;
}

bool kit_loose(const struct kit *kit)
{
	return kit->modes &&
	       (kit->guest.pc.pic[0].isr | kit->guest.pc.pic[1].isr | kit->guest.inject) != 0;
}

/* Returns the levels in service, in the chip and in software. */
static uint8_t in_service(const struct kit *kit, unsigned chip)
{
	return sim_pic.chip[chip].isr | kit->guest.pc.pic[chip].isr;
}

static unsigned alone_in_service(struct kit *kit, unsigned chip)
{
	unsigned bits = 0;

	for (unsigned level = 0; level < 8; level++)
		bits |= (unsigned)alone(kit, chip)->service[level] << level;
	return bits;
}

/* A mode is as before the exit, or at rest where the exit may end the mode. */
static void expect_mode(const struct kit *kit, const char *what, unsigned is, unsigned was,
                        unsigned at_reset, bool may_end)
{
	if (is != was && !(may_end && is == at_reset))
		kit_differ(kit, what, is, was);
}

void kit_adopt(struct kit *kit, bool turn)
{
	for (unsigned i = 0; kit->modes && i < 2; i++) {
		struct naive_chip *chip = alone(kit, i);
		const struct sim_chip *real = &sim_pic.chip[i];

		if (real->expects || chip->expects)
			continue;
		expect_mode(kit, "special mask mode", real->special_mask, chip->special_mask, false,
		            turn);
		/* the rotation follows the level at the EOI, or at the acknowledge (automatic EOI)
		 * */
		if (!(kit->was_loose || kit_loose(kit)) ||
		    (alone_in_service(kit, i) == in_service(kit, i) && !kit->automatic))
			expect_mode(kit, "the lowest priority", real->lowest, chip->lowest, 7,
			            turn);
		expect_mode(kit, "rotation in automatic EOI mode", real->rotate_auto,
		            chip->rotate_auto, false, turn);
		chip->special_mask = real->special_mask;
		chip->lowest = real->lowest;
		chip->rotate_auto = real->rotate_auto;
	}
	naive_pair_cascade(&kit->model);
}

/* The model takes a level, whatever the priorities are. */
static void force(struct kit *kit, unsigned chip, unsigned level)
{
	struct naive_chip *c = alone(kit, chip);
	bool cascade = chip == SIM_MASTER && level == LINE_CASCADE;

	if ((!c->edge[level] && !cascade) || c->masked[level])
		kit_differ(kit, "a level that does not ask", level, chip);
	c->edge[level] = false;
	c->service[level] = !(c->icw4 & AEOI);
	if (c->rotate_auto && !c->service[level])
		c->lowest = level;
	if (chip == SIM_SLAVE) /* the slave's output falls in any case */
		kit->model.master.pin[LINE_CASCADE] = kit->model.master.edge[LINE_CASCADE] = false;
	naive_pair_cascade(&kit->model);
}

static void force_vector(struct kit *kit, unsigned vector)
{
	unsigned chip = vector / 8 == kit->model.master.icw2 / 8 ? SIM_MASTER : SIM_SLAVE;

	if (vector / 8 != alone(kit, chip)->icw2 / 8)
		kit_differ(kit, "a vector", vector, kit->model.master.icw2);
	if (chip == SIM_SLAVE)
		force(kit, SIM_MASTER, LINE_CASCADE);
	force(kit, chip, vector % 8);
}

/* ---- The VMM between exit and entry ---- */

void kit_enter(struct kit *kit)
{
	chipset_route(&kit->guest);
	if (chipset_mask_due())
		chipset_mask(0);
	if (kit->guest.changed) {
		kit->pending = kit->guest.inject ? chipset->controller.pending_vector(&kit->guest)
		                                 : -1;
		kit->guest.changed = kit->pending >= 0;
	}
	if (chipset_mask_due())
		chipset_mask(0);
	board.in_guest = true;
}

void kit_leave(void)
{
	board.in_guest = false;
}

void kit_dispatch(void)
{
	for (unsigned looks = 0; nmi_count != 0 && looks < 4; looks++)
		(void)chipset->block.read_status(nmi_take());
}

void kit_take_exit(struct kit *kit)
{
	int line;

	if (!board.nmi_exit)
		return;
	kit_leave();
	board.nmi_exit = false;
	board.nmi_blocked = true;
	line = chipset->block.identify_line();
	board_unblock_nmi();
	if (line < 0)
		(void)chipset->block.read_status(1);
	kit_dispatch();
	kit_enter(kit);
	kit_adopt(kit, false);
}

/* ---- The guest's side, here and alone ---- */

static bool is_open(const struct kit *kit, uint16_t port)
{
	for (unsigned i = 0; i < CHIPSET_PORTS; i++)
		if (chipset_ports[i] == port)
			return kit->guest.open >> i & 1;
	return false;
}

/* As a back end carries out an access that exits (arch/x86/virt/quick_ports.h). */
static bool access_quickly(uint16_t port, bool in, uint8_t *value)
{
	bool done = false;

	kit_leave();
	if (port & 1 && quick_ports.left != 0 && nmi_count == 0)
		done = quick_ports_access(port, port >> 7, in, value);
	return done;
}

static void write_real(struct kit *kit, uint16_t port, uint8_t value)
{
	if (is_open(kit, port)) {
		sim_pic_write(port, value);
		return;
	}
	if (!access_quickly(port, false, &value))
		(void)chipset->controller.port_write(&kit->guest, port, value);
	kit_dispatch();
	kit_enter(kit);
}

void kit_write(struct kit *kit, uint16_t port, uint8_t value)
{
	naive_pair_write(&kit->model, port, value);
	write_real(kit, port, value);
	kit_adopt(kit, false);
}

static uint8_t read_real(struct kit *kit, uint16_t port)
{
	uint8_t value = 0;

	if (is_open(kit, port)) {
		value = sim_pic_read(port);
	} else {
		if (!access_quickly(port, true, &value))
			(void)chipset->controller.port_read(&kit->guest, port, &value);
		kit_dispatch();
		kit_enter(kit);
	}
	return value;
}

void kit_read(struct kit *kit, uint16_t port, uint8_t inputs, const char *what)
{
	uint8_t should = naive_pair_read(&kit->model, port);

	kit_expect(kit, what, read_real(kit, port) & inputs, should & inputs);
	kit_adopt(kit, false);
}

/* Returns the inputs with requests that IRR shows to the guest. */
static uint8_t shown_inputs(const struct kit *kit, uint16_t port)
{
	line_set masked = 0, shown;

	for (unsigned line = 0; line < LINES; line++)
		if (!naive_pair_enabled(&kit->model, line))
			masked |= LINE(line);
	shown = OWN & (line_set) ~(kit->guest.inject & masked);
	return (uint8_t)(port < SLAVE ? shown : shown >> 8);
}

void kit_read_register(struct kit *kit, uint16_t port, uint8_t select)
{
	kit_write(kit, port, select);
	if (select == READ_IRR)
		kit_read(kit, port, shown_inputs(kit, port), "IRR");
	else
		kit_read(kit, port, 0xff, "ISR");
}

/* Returns the answer to a poll. */
static uint8_t poll_chip(struct kit *kit, uint16_t port)
{
	bool free = kit_loose(kit);
	uint8_t answer, should;

	if (!free)
		naive_pair_write(&kit->model, port, POLL);
	write_real(kit, port, POLL);
	if (!free)
		kit_adopt(kit, false);
	should = free ? 0 : naive_pair_read(&kit->model, port);
	answer = read_real(kit, port);
	if (!free)
		kit_expect(kit, "the answer to a poll", answer, should);
	else if (answer & ANSWERED)
		force(kit, port < SLAVE ? SIM_MASTER : SIM_SLAVE, answer & 7);
	else
		kit_expect(kit, "the answer to a poll", answer, 0);
	kit_adopt(kit, false);
	return answer;
}

void kit_poll(struct kit *kit, uint16_t port)
{
	if (poll_chip(kit, port) == (ANSWERED | LINE_CASCADE) && port == MASTER)
		(void)poll_chip(kit, SLAVE);
}

void kit_set_line(struct kit *kit, unsigned line, bool high)
{
	if (line_in(OWN, line)) {
		naive_pair_set_input(&kit->model, line, high);
		naive_pair_cascade(&kit->model);
	}
	board_set_line(line, high);
}

static bool interrupts(const struct kit *kit)
{
	return kit->pending >= 0 || sim_pic_interrupt();
}

void kit_take(struct kit *kit)
{
	bool free = kit_loose(kit);
	unsigned should = 0, vector;

	if (free ? !interrupts(kit) : !naive_pair_intr(&kit->model))
		return;
	if (!free)
		should = naive_pair_acknowledge(&kit->model);
	if (kit->pending >= 0) { /* the window exits */
		kit_leave();
		kit->guest.changed = true;
		kit_enter(kit);
	}
	if (kit->pending >= 0) {
		kit_leave();
		vector = (unsigned)kit->pending;
		(void)chipset->controller.injected(&kit->guest);
		kit->guest.changed = true;
		kit_enter(kit);
	} else if (!free || sim_pic_interrupt()) {
		vector = sim_pic_acknowledge();
	} else {
		return;
	}
	if (free)
		force_vector(kit, vector);
	else
		kit_expect(kit, "the vector", vector, should);
	kit_adopt(kit, false);
}

/* The guest's requests, in the chips or in software. */
static line_set requests(const struct kit *kit)
{
	return (line_set)(sim_pic.chip[0].irr | sim_pic.chip[1].irr << 8 | kit->guest.inject);
}

/* Where the VMM keeps a level in software, an EOI may end another level than on the pair alone. */
static void expect_service(struct kit *kit)
{
	for (unsigned i = 0; i < 2; i++) {
		bool *service = alone(kit, i)->service;
		unsigned is = in_service(kit, i), was = alone_in_service(kit, i);

		if (is != was && !kit->was_loose && !kit_loose(kit))
			kit_differ(kit, "what is in service", is, was);
		for (unsigned level = 0; level < 8; level++)
			service[level] = is >> level & 1;
	}
	naive_pair_cascade(&kit->model);
}

void kit_check(struct kit *kit)
{
	const unsigned open = (uint8_t)~sim_pic.chip[SIM_MASTER].imr |
	                      (unsigned)(uint8_t)~sim_pic.chip[SIM_SLAVE].imr << 8;

	kit_expect(kit, "a foreign line's mask", open & (unsigned)~(OWN | LINE(LINE_CASCADE)), 0);
	if (!kit->modes) {
		kit_expect(kit, "INTR", interrupts(kit), naive_pair_intr(&kit->model));
		return;
	}
	for (unsigned line = 0; line < LINES; line++)
		if (line_in(OWN, line))
			kit_expect(kit, "a request", line_in(requests(kit), line),
			           naive_pair_requests(&kit->model, line));
	expect_service(kit);
	if (!kit->was_loose && !kit_loose(kit))
		kit_expect(kit, "INTR", interrupts(kit), naive_pair_intr(&kit->model));
}
