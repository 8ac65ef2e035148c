/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any program of a guest at its 8259 pair on pc, beside a pair that the guest has alone: libFuzzer
 * where clang is, else random programs.
 *
 * The guest's accesses go to the simulated chips where the port is open, else through chipset_pc.
 * Lines of another VM and lines without an owner change meanwhile, the VMM looks, and the other VM
 * has turns. After each step INTR has to be the model's, and so has each vector and each answer of
 * a port.
 *
 * A program may use the modes that software cannot read back: rotation, special mask mode, and
 * automatic EOI beside another VM. The VMM cannot carry these modes over (docs/limits.md), so the
 * model takes over the chips' modes after an exit (adopt()). A turn of another VM may end a mode;
 * no other exit may. While the VMM keeps a request or a level in software, interrupts may come in
 * another order (loose()). Even then each vector is of a present request, each EOI ends at most one
 * level on both sides, and no request comes or goes.
 *
 * Not played, as docs/limits.md says: another ICW1 or ICW3 than a PC's; a read without a select
 * before the read; an exit between a poll command and the read, or a read at the data port; a poll
 * of the master that names the slave, without a poll of the slave behind; a change of a foreign
 * line between an ICW1 and the next ICW. A line of the guest's falls when the request has been
 * taken, as a device does until the device is served: a request stays a request once the VMM has
 * seen the request. IRR is compared at the guest's own inputs: the open port shows the others' as
 * well, and no request of a masked line once the chip has lost the request.
 *
 * Rule: no foreign line is ever open in the chips while the guest runs, and none is acknowledged
 * for the guest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpu/nmi.h"
#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/naive_8259.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"

enum {
	MASTER = 0x20,
	SLAVE = 0xa0,
	ICW1 = 0x11,
	ICW4 = 1,
	AEOI = 2,
	EOI = 0x20,
	SPECIFIC = 0x60,
	NOTHING = 0x40
};
enum { ROTATE = 0x80, SET_PRIORITY = 0xc0, POLL = 0x0c, ANSWERED = 0x80 };
enum { STEPS = 18 }; /* kinds of steps */
enum { SPECIAL_MASK_ON = 0x68, SPECIAL_MASK_OFF = 0x48 };
enum { READ_IRR = 0x0a, READ_ISR = 0x0b, OTHER_BASE = 0x60, BYTES = 3 };
enum {
	OWN = LINE(1) | LINE(3) | LINE(6) | LINE(9) | LINE(12),
	OTHERS = LINE(0) | LINE(4) | LINE(8) | LINE(14)
};
enum { NOBODYS = 0xffff & ~(OWN | OTHERS | LINE(LINE_CASCADE)) };

uint64_t fake_tsc;

static struct controller guest, other;
static struct naive_pair model;
static int pending; /* vector that waits to be injected, -1: none */
static unsigned step;
static bool automatic; /* the program uses automatic EOI */
static bool modes;     /* the program rotates and masks specially */

static void differ(const char *what, unsigned is, unsigned should)
{
	fprintf(stderr,
	        "step %u%s%s: %s is %x, alone it is %x; to be injected %x, chips: IRR %x %x, "
	        "ISR %x %x\n",
	        step, automatic ? " (automatic EOI)" : "", modes ? " (modes)" : "", what, is,
	        should, guest.inject, sim_pic.chip[0].irr, sim_pic.chip[1].irr, sim_pic.chip[0].isr,
	        sim_pic.chip[1].isr);
	fprintf(stderr, "in software: ISR %x %x, IMR %x %x\n", guest.pc.pic[0].isr,
	        guest.pc.pic[1].isr, guest.pc.pic[0].imr, guest.pc.pic[1].imr);
	abort();
}

static void expect(const char *what, unsigned is, unsigned should)
{
	if (is != should)
		differ(what, is, should);
}

/* ---- The modes ---- */

static struct naive_chip *alone(unsigned chip)
{
	return chip == SIM_MASTER ? &model.master : &model.slave;
}

/* Returns whether the VMM keeps a request or a level of the guest's in software, where the program
 * may have changed priorities. */
static bool loose(void)
{
	return modes && (guest.pc.pic[0].isr | guest.pc.pic[1].isr | guest.inject) != 0;
}

static bool was_loose; /* before the step */

/* Returns the levels in service, in the chip and in software. */
static uint8_t in_service(unsigned chip)
{
	return sim_pic.chip[chip].isr | guest.pc.pic[chip].isr;
}

static unsigned alone_in_service(unsigned chip)
{
	unsigned bits = 0;

	for (unsigned level = 0; level < 8; level++)
		bits |= (unsigned)alone(chip)->service[level] << level;
	return bits;
}

/* A mode is as before the exit, or at rest where the exit may end the mode. */
static void expect_mode(const char *what, unsigned is, unsigned was, unsigned at_reset,
                        bool may_end)
{
	if (is != was && !(may_end && is == at_reset))
		differ(what, is, was);
}

/* The model takes over the chips' modes. turn: another VM had the processor. */
static void adopt(bool turn)
{
	for (unsigned i = 0; modes && i < 2; i++) {
		struct naive_chip *chip = alone(i);
		const struct sim_chip *real = &sim_pic.chip[i];

		if (real->expects || chip->expects)
			continue;
		expect_mode("special mask mode", real->special_mask, chip->special_mask, false,
		            turn);
		/* the rotation follows the level at the EOI, or at the acknowledge (automatic EOI) */
		if (!(was_loose || loose()) || (alone_in_service(i) == in_service(i) && !automatic))
			expect_mode("the lowest priority", real->lowest, chip->lowest, 7, turn);
		expect_mode("rotation in automatic EOI mode", real->rotate_auto, chip->rotate_auto,
		            false, turn);
		chip->special_mask = real->special_mask;
		chip->lowest = real->lowest;
		chip->rotate_auto = real->rotate_auto;
	}
	naive_pair_cascade(&model);
}

/* The model takes a level, whatever the priorities are. */
static void force(unsigned chip, unsigned level)
{
	struct naive_chip *c = alone(chip);
	bool cascade = chip == SIM_MASTER && level == LINE_CASCADE;

	if ((!c->edge[level] && !cascade) || c->masked[level])
		differ("a level that does not ask", level, chip);
	c->edge[level] = false;
	c->service[level] = !(c->icw4 & AEOI);
	if (c->rotate_auto && !c->service[level])
		c->lowest = level;
	if (chip == SIM_SLAVE) /* the slave's output falls in any case */
		model.master.pin[LINE_CASCADE] = model.master.edge[LINE_CASCADE] = false;
	naive_pair_cascade(&model);
}

static void force_vector(unsigned vector)
{
	unsigned chip = vector / 8 == model.master.icw2 / 8 ? SIM_MASTER : SIM_SLAVE;

	if (vector / 8 != alone(chip)->icw2 / 8)
		differ("a vector", vector, model.master.icw2);
	if (chip == SIM_SLAVE)
		force(SIM_MASTER, LINE_CASCADE);
	force(chip, vector % 8);
}

/* ---- The VMM between exit and entry ---- */

/* As the run loop does for the guest that has the chips. */
static void enter(void)
{
	chipset_route(&guest);
	if (chipset_mask_due())
		chipset_mask(0);
	if (guest.changed) {
		pending = guest.inject ? chipset->controller.pending_vector(&guest) : -1;
		guest.changed = pending >= 0;
	}
	if (chipset_mask_due())
		chipset_mask(0);
	board.in_guest = true;
}

static void leave(void)
{
	board.in_guest = false;
}

static void dispatch(void)
{
	for (unsigned looks = 0; nmi_count != 0 && looks < 4; looks++)
		(void)chipset->block.read_status(nmi_take());
}

/* An NMI that ended the guest's turn, if one did. */
static void take_exit(void)
{
	if (!board.nmi_exit)
		return;
	leave();
	board.nmi_exit = false;
	board.nmi_blocked = true;
	int line = chipset->block.identify_line();
	board_unblock_nmi();
	if (line < 0)
		(void)chipset->block.read_status(1);
	dispatch();
	enter();
	adopt(false);
}

/* ---- The guest's side, here and alone ---- */

static bool is_open(uint16_t port)
{
	for (unsigned i = 0; i < CHIPSET_PORTS; i++)
		if (chipset_ports[i] == port)
			return guest.open >> i & 1;
	return false;
}

static void write_real(uint16_t port, uint8_t value)
{
	if (is_open(port)) {
		sim_pic_write(port, value);
		return;
	}
	leave();
	(void)chipset->controller.port_write(&guest, port, value);
	dispatch();
	enter();
}

static void write(uint16_t port, uint8_t value)
{
	naive_pair_write(&model, port, value);
	write_real(port, value);
	adopt(false);
}

static uint8_t read_real(uint16_t port)
{
	uint8_t value = 0;

	if (is_open(port)) {
		value = sim_pic_read(port);
	} else {
		leave();
		(void)chipset->controller.port_read(&guest, port, &value);
		dispatch();
		enter();
	}
	return value;
}

static void read(uint16_t port, uint8_t inputs, const char *what)
{
	uint8_t alone = naive_pair_read(&model, port);

	expect(what, read_real(port) & inputs, alone & inputs);
	adopt(false);
}

/* Returns the inputs with requests that IRR shows to the guest. */
static uint8_t shown_inputs(uint16_t port)
{
	line_set masked = 0;

	for (unsigned line = 0; line < LINES; line++)
		if (!naive_pair_enabled(&model, line))
			masked |= LINE(line);
	line_set shown = OWN & (line_set) ~(guest.inject & masked);
	return (uint8_t)(port < SLAVE ? shown : shown >> 8);
}

static void read_register(uint16_t port, uint8_t select)
{
	write(port, select);
	if (select == READ_IRR)
		read(port, shown_inputs(port), "IRR");
	else
		read(port, 0xff, "ISR");
}

/* Returns the answer to a poll. */
static uint8_t poll_chip(uint16_t port)
{
	bool free = loose();
	uint8_t answer, alone;

	if (!free)
		naive_pair_write(&model, port, POLL);
	write_real(port, POLL);
	if (!free)
		adopt(false);
	alone = free ? 0 : naive_pair_read(&model, port);
	answer = read_real(port);
	if (!free)
		expect("the answer to a poll", answer, alone);
	else if (answer & ANSWERED)
		force(port < SLAVE ? SIM_MASTER : SIM_SLAVE, answer & 7);
	else
		expect("the answer to a poll", answer, 0);
	adopt(false);
	return answer;
}

/* Polls a chip, and then the slave where the master names the slave. */
static void poll(uint16_t port)
{
	if (poll_chip(port) == (ANSWERED | LINE_CASCADE) && port == MASTER)
		(void)poll_chip(SLAVE);
}

static void initialise(uint16_t port, uint8_t value)
{
	write(port, ICW1);
	/* the vector then tells the chip */
	write(port + 1, !modes ? value & 0xf8 : (value & 0xf0) | (port < SLAVE ? 0 : 8));
	write(port + 1, port < SLAVE ? LINE(LINE_CASCADE) : LINE_CASCADE);
	write(port + 1, ICW4 | (automatic && value & 1 ? AEOI : 0));
}

static void set_line(unsigned line, bool high)
{
	if (line_in(OWN, line)) {
		naive_pair_set_input(&model, line, high);
		naive_pair_cascade(&model);
	}
	board_set_line(line, high);
}

/* A line goes up, or down where nobody waits for its request. */
static void turn_line(unsigned line)
{
	if (!line_in(board.high, line))
		set_line(line, true);
	else if (!line_in(OWN, line) || !naive_pair_requests(&model, line))
		set_line(line, false);
}

static unsigned pick(line_set lines, unsigned n)
{
	unsigned count = 0;

	for (line_set rest = lines; rest; rest &= rest - 1)
		count++;
	for (n %= count; n != 0; n--)
		lines &= lines - 1;
	return line_first(lines);
}

static bool interrupts(void)
{
	return pending >= 0 || sim_pic_interrupt();
}

/* The guest has its interrupts on for one. An injected one comes first: the window exits before
 * INTR is looked at. */
static void take(void)
{
	bool free = loose();

	if (free ? !interrupts() : !naive_pair_intr(&model))
		return;
	unsigned alone = free ? 0 : naive_pair_acknowledge(&model), vector = 0;

	if (pending >= 0) { /* the window exits */
		leave();
		guest.changed = true;
		enter();
	}
	if (pending >= 0) {
		leave();
		vector = (unsigned)pending;
		(void)chipset->controller.injected(&guest);
		guest.changed = true;
		enter();
	} else if (!free || sim_pic_interrupt()) {
		vector = sim_pic_acknowledge();
	} else {
		return;
	}
	if (free)
		force_vector(vector);
	else
		expect("the vector", vector, alone);
	adopt(false);
}

/* ---- The other VM ---- */

/* No mode of the guest reaches the other VM. */
static void expect_no_modes(void)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_chip *real = &sim_pic.chip[i];

		expect("the other VM's special mask mode", real->special_mask, false);
		expect("the other VM's lowest priority", real->lowest, 7);
		expect("the other VM's poll command", real->poll, false);
	}
}

static void other_turn(unsigned events, unsigned seed)
{
	leave();
	/* something is in service: at its end, or now */
	if (chipset->controller.save(&guest, seed & 1) != 0) {
		if (seed & 2) {
			enter();
			adopt(false);
			return;
		}
		(void)chipset->controller.save(&guest, true);
	}
	chipset->controller.restore(&other);
	chipset_mask(0);
	expect_no_modes();
	for (unsigned i = 0; i < events; i++) {
		seed = seed * 1103515245 + 12345;
		unsigned line = pick(OWN | OTHERS, seed >> 16);

		if (!line_in(OWN, line) || !line_in(board.high, line))
			turn_line(line);
		dispatch();
		int vector = chipset->controller.pending_vector(&other);

		if (vector >= 0)
			(void)chipset->controller.injected(&other);
		else if (sim_pic_interrupt())
			vector = sim_pic_acknowledge();
		if (vector >= 0 && vector / 16 != OTHER_BASE / 16)
			differ("a vector of the other VM", (unsigned)vector, OTHER_BASE);
		if (vector >= 0)
			for (unsigned chip = 0; chip < 2; chip++)
				(void)chipset->controller.port_write(&other, chip ? MASTER : SLAVE,
				                                     EOI);
	}
	(void)chipset->controller.save(&other, true);
	chipset->controller.restore(&guest);
	guest.changed = true;
	dispatch();
	enter();
	adopt(true);
}

/* ---- One program ---- */

/* Sets a mode. */
static void do_mode(unsigned kind, uint16_t port, uint8_t y)
{
	switch (kind % 5) {
	case 0:
		write(port, ROTATE | EOI);
		break;
	case 1:
		write(port, ROTATE | SPECIFIC | (y & 7));
		break;
	case 2:
		write(port, SET_PRIORITY | (y & 7));
		break;
	case 3:
		write(port, y & 1 ? SPECIAL_MASK_ON : SPECIAL_MASK_OFF);
		break;
	case 4:
		write(port, y & 1 ? ROTATE : 0);
		break;
	}
}

static void do_step(unsigned kind, uint8_t x, uint8_t y)
{
	const uint16_t port = x & 1 ? SLAVE : MASTER;

	switch (kind % STEPS) {
	case 0:
	case 1:
	case 2:
		turn_line(pick(OWN, x));
		break;
	case 3:
		turn_line(pick(OTHERS | NOBODYS, x));
		break;
	case 4:
	case 5:
		take();
		break;
	case 6:
		write(port + 1, x & 2 ? y : 0);
		break;
	case 7:
	case 8:
		write(port, EOI);
		break;
	case 9:
		write(port, SPECIFIC | (y & 7));
		break;
	case 10:
		write(port, NOTHING | (y & 7));
		break;
	case 11:
		read(port + 1, 0xff, "IMR");
		break;
	case 12:
		read_register(port, READ_IRR);
		break;
	case 13:
		read_register(port, READ_ISR);
		break;
	case 14:
		if (port == MASTER)
			initialise(MASTER, y);
		initialise(SLAVE, y ^ x);
		break;
	case 15:
		if (modes || !automatic)
			other_turn(x % 8, y * 77u + x);
		break;
	case 16:
		poll(port);
		break;
	case 17:
		if (modes)
			do_mode(x >> 1, port, y);
		break;
	}
	take_exit();
}

/* The guest's requests, in the chips or in software. */
static line_set requests(void)
{
	return (line_set)(sim_pic.chip[0].irr | sim_pic.chip[1].irr << 8 | guest.inject);
}

/* Where the VMM keeps a level in software, an EOI may end another level than on the pair alone. */
static void expect_service(void)
{
	for (unsigned i = 0; i < 2; i++) {
		bool *service = alone(i)->service;
		unsigned is = in_service(i), was = alone_in_service(i);

		if (is != was && !was_loose && !loose())
			differ("what is in service", is, was);
		for (unsigned level = 0; level < 8; level++)
			service[level] = is >> level & 1;
	}
	naive_pair_cascade(&model);
}

static void check(void)
{
	const unsigned open = (uint8_t)~sim_pic.chip[SIM_MASTER].imr |
	                      (unsigned)(uint8_t)~sim_pic.chip[SIM_SLAVE].imr << 8;

	expect("a foreign line's mask", open & (unsigned)~(OWN | LINE(LINE_CASCADE)), 0);
	if (!modes) {
		expect("INTR", interrupts(), naive_pair_intr(&model));
		return;
	}
	for (unsigned line = 0; line < LINES; line++)
		if (line_in(OWN, line))
			expect("a request", line_in(requests(), line),
			       naive_pair_requests(&model, line));
	expect_service();
	if (!was_loose && !loose())
		expect("INTR", interrupts(), naive_pair_intr(&model));
}

static void begin(void)
{
	board_reset();
	sim_pic.keeps_fallen_edges = false;
	sim_pic.silent_in_initialisation = true;
	naive_pair_reset(&model);
	pending = -1;
	leave();
	if (chipset_init("pc", 0) != 0)
		abort();
	chipset->controller.reset(&guest, OWN, 0);
	chipset->controller.reset(&other, OTHERS, 0);
	chipset->block.claim(OWN, false);
	chipset->block.claim(OTHERS, false);
	chipset_route(&other);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? SLAVE : MASTER;
		const uint8_t icw[] = { OTHER_BASE + 8 * chip,
			                chip ? LINE_CASCADE : LINE(LINE_CASCADE), ICW4, 0 };

		(void)chipset->controller.port_write(&other, port, ICW1);
		for (unsigned i = 0; i < sizeof(icw); i++)
			(void)chipset->controller.port_write(&other, port + 1, icw[i]);
	}
	guest.changed = true;
	enter();
	initialise(MASTER, 0x20);
	initialise(SLAVE, 0x28);
}

/* What is left must not reach the next program: the realisation has state of its own. */
static void end(void)
{
	leave();
	for (unsigned line = 0; line < LINES; line++)
		if (line != LINE_CASCADE)
			board_set_line(line, false);
	chipset->block.acknowledge(0xffff);
	chipset_route(NULL);
	dispatch();
	(void)chipset->block.read_status(0);
	chipset->block.acknowledge(0xffff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	automatic = size != 0 && data[0] & 0x80;
	modes = size != 0 && data[0] & 0x40;
	was_loose = false;
	begin();
	step = 0;
	check();
	for (; size >= BYTES; data += BYTES, size -= BYTES) {
		step++;
		if (getenv("FUZZ_SAY") != NULL)
			fprintf(stderr, "%u: %u %x %x\n", step, data[0] % STEPS, data[1], data[2]);
		was_loose = loose();
		do_step(data[0], data[1], data[2]);
		check();
	}
	end();
	return 0;
}

#ifndef WITH_LIBFUZZER
/* Random programs, the same at each call. */
static void play_random(unsigned programs)
{
	enum { LENGTH = 300 };
	uint8_t data[LENGTH * BYTES];
	uint32_t seed = 1;

	for (unsigned n = 0; n < programs; n++) {
		for (size_t at = 0; at < sizeof(data); at++) {
			seed = seed * 1664525 + 1013904223;
			data[at] = (uint8_t)(seed >> 24);
		}
		LLVMFuzzerTestOneInput(data, sizeof(data));
	}
	printf("pc_8259: %u programs of %d steps ... ok\n", programs, LENGTH);
}

#ifndef FUZZ_IN_A_TEST
int main(void)
{
	play_random(3000);
	return 0;
}
#endif
#endif
