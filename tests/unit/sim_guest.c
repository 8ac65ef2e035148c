/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest: a random operating system. It keeps what a real 8259 pair of its own would hold in
 * service, and judges each delivery by it.
 *
 * Rule: a well-behaved guest does only what drivers do: an initialisation is complete, a handler
 * ends what it serves, devices are looked at after an initialisation. A hostile one writes
 * anything.
 */
#include "tests/unit/sim_internal.h"

#include "tests/unit/sim_board.h"

#include <string.h>

enum op_kind {
	OP_NOP,
	OP_OUT,
	OP_IN_MASK,
	OP_IN,
	OP_SERVE,
	OP_SERVE_ALL,
	OP_IRET,
	OP_CLI,
	OP_STI,
	OP_HLT,
	OP_YIELD
};

struct op {
	enum op_kind kind;
	uint16_t port;
	uint8_t value;
};

enum { OPS = 24, FRAMES = 24 };

/* The main program, or a handler on top of what it interrupted. */
struct frame {
	struct op op[OPS];
	unsigned count, at;
	int line; /* that it serves; -1: the main program, or a spurious interrupt's */
};

struct guest {
	struct frame frame[FRAMES];
	unsigned depth;
	bool interrupts_on, ready, open;
	/* inputs whose devices were served with no interrupt: one that was held for it may
	 * follow */
	line_set excused;
	uint8_t mask[2];    /* as written */
	uint8_t service[2]; /* what a pair of its own would have in service */
	unsigned stage[2];  /* of an initialisation: the ICW that comes next */
};

static struct guest guests[SIM_VMS];

static struct frame *top(struct guest *g)
{
	return &g->frame[g->depth];
}

static void push(struct guest *g, enum op_kind kind, uint16_t port, uint8_t value)
{
	struct frame *f = top(g);

	if (f->count == OPS)
		sim_violation("the test's own guest has too long a program");
	f->op[f->count++] = (struct op){ kind, port, value };
}

/* ---- What a pair of its own would do ---- */

static bool holds_back(uint8_t service, unsigned input)
{
	return service & ((2u << input) - 1);
}

/* May this line be delivered now, and what is in service then? */
static void note_delivery(unsigned vm, unsigned line)
{
	struct guest *g = &guests[vm];
	unsigned input = line < 8 ? line : LINE_CASCADE;

	if (holds_back(g->service[0], input) || (line >= 8 && holds_back(g->service[1], line - 8)))
		sim_violation("R07: vm %u: line %u delivered while %02x, %02x are in service", vm,
		              line, g->service[0], g->service[1]);
	if (sim_habits[vm].auto_eoi)
		return;
	g->service[0] |= (uint8_t)(1u << input);
	if (line >= 8)
		g->service[1] |= (uint8_t)(1u << (line - 8));
}

static void note_command(struct guest *g, unsigned chip, uint8_t value)
{
	if (value & 0x10) {
		g->service[chip] = 0;
		g->mask[chip] = 0;
		g->stage[chip] = 2;
	} else if ((value & 0xf8) == 0x60) {
		g->service[chip] &= (uint8_t) ~(1u << (value & 7));
	} else if ((value & 0xf8) == 0x20) {
		g->service[chip] &= (uint8_t)(g->service[chip] - 1);
	}
}

static void note_out(struct guest *g, uint16_t port, uint8_t value)
{
	unsigned chip = port >> 7;

	if (!(port & 1))
		note_command(g, chip, value);
	else if (g->stage[chip] == 0)
		g->mask[chip] = value;
	else
		g->stage[chip] = g->stage[chip] == 4 ? 0 : g->stage[chip] + 1;
}

/* ---- Lines and inputs: from here to the devices a guest's "line" is the controller's input
 * ---- */

uint64_t sim_inputs(uint64_t inputs)
{
	return inputs ? inputs : LINE_INPUTS_OWN;
}

static line_set own_inputs(const struct sim_habits *h)
{
	line_set inputs = 0;

	for (line_set rest = h->lines; rest; rest &= rest - 1)
		inputs |= LINE(line_input(sim_inputs(h->controller_input), line_first(rest)));
	return inputs;
}

/* All devices that enter there. */
static bool serve(unsigned vm, unsigned input)
{
	const struct sim_habits *h = &sim_habits[vm];
	bool had = false;

	for (line_set rest = h->lines; rest; rest &= rest - 1)
		if (line_input(sim_inputs(h->controller_input), line_first(rest)) == input)
			had |= sim_device_serve(vm, line_first(rest));
	return had;
}

/* ---- Programs ---- */

static void program_initialise(unsigned vm, struct guest *g)
{
	const struct sim_habits *h = &sim_habits[vm];

	push(g, OP_CLI, 0, 0);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint16_t port = chip ? 0xa0 : 0x20;

		push(g, OP_OUT, port, 0x11);
		push(g, OP_OUT, port + 1, h->base[chip]);
		push(g, OP_OUT, port + 1, chip ? 2 : 4);
		push(g, OP_OUT, port + 1, h->auto_eoi ? 3 : 1);
	}
	push(g, OP_OUT, 0x21, 0xfb);
	push(g, OP_OUT, 0xa1, 0xff);
	g->open = false;
	push(g, OP_SERVE_ALL, 0, 0); /* what was asserted before makes no edge: any driver looks */
	push(g, OP_STI, 0, 0);
}

/* Masks that say nothing of lines that are not its own: those are unmasked as often as not. */
static void program_masks(unsigned vm, struct guest *g, bool all)
{
	line_set closed = (line_set)(sim_random(0x10000) & sim_random(0x10000));

	if (all)
		closed &= (line_set)~own_inputs(&sim_habits[vm]);
	closed &= (line_set)~LINE(LINE_CASCADE);
	push(g, OP_OUT, 0x21, (uint8_t)closed);
	push(g, OP_OUT, 0xa1, (uint8_t)(closed >> 8));
	push(g, OP_IN_MASK, 0x21, 0);
	push(g, OP_IN_MASK, 0xa1, 0);
	g->open = all;
}

static void program_hostile(struct guest *g)
{
	static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1 };
	static const uint8_t likely[] = { 0x11, 0x11, 0x13, 0x10, 0x19, 0x20, 0x60,
		                          0x0b, 0x0c, 0x68, 0xc3, 0x80, 0x00, 0x40 };

	for (unsigned n = 1 + sim_random(4); n > 0; n--) {
		uint8_t value = (uint8_t)(sim_random(2) ? sim_random(256)
		                                        : likely[sim_random(sizeof(likely))]);

		push(g, sim_random(4) ? OP_OUT : OP_IN, ports[sim_random(4)], value);
	}
	push(g, sim_random(3) ? OP_STI : OP_CLI, 0, 0);
	push(g, OP_NOP, 0, 0);
}

static void program_work(unsigned vm, struct guest *g)
{
	enum { HALT = 8 };
	const struct sim_habits *h = &sim_habits[vm];

	switch (h->sleepy && sim_random(2) ? HALT : sim_random(24)) {
	case 0:
	case 1:
		program_masks(vm, g, false);
		break;
	case 2:
		program_masks(vm, g, true);
		break;
	case 3:
	case 4:
		push(g, OP_CLI, 0, 0);
		for (unsigned n = sim_random(8); n > 0; n--)
			push(g, OP_NOP, 0, 0);
		push(g, OP_STI, 0, 0);
		break;
	case 5:
		push(g, OP_OUT, 0x20, 0x0a);
		push(g, OP_IN, 0x20, 0);
		break;
	case 6:
		push(g, OP_YIELD, 0, 0);
		break;
	case 7:
		if (h->reinitialises && sim_random(4) == 0)
			program_initialise(vm, g);
		break;
	case HALT:
	case 9:
		if (!h->halts)
			break;
		program_masks(vm, g, true); /* with its lines masked nothing would wake it */
		push(g, OP_HLT, 0, 0);
		break;
	default:
		for (unsigned n = 1 + sim_random(12); n > 0; n--)
			push(g, OP_NOP, 0, 0);
	}
}

/* The main program goes on. */
static void program_next(unsigned vm, bool quiet)
{
	struct guest *g = &guests[vm];
	struct frame *f = top(g);

	f->count = f->at = 0;
	if (sim_habits[vm].hostile) {
		program_hostile(g);
		return;
	}
	if (!g->ready) {
		program_initialise(vm, g);
		g->ready = true;
	} else if (quiet && !g->open) {
		program_masks(vm, g, true);
	} else if (quiet) {
		push(g, OP_HLT, 0, 0);
	} else {
		program_work(vm, g);
	}
}

static void program_end(struct guest *g, const struct sim_habits *h, unsigned line)
{
	if (h->auto_eoi)
		return;
	if (line >= 8)
		push(g, OP_OUT, 0xa0, h->specific_eoi ? (uint8_t)(0x60 | (line - 8)) : 0x20);
	push(g, OP_OUT, 0x20,
	     h->specific_eoi ? (uint8_t)(0x60 | (line < 8 ? line : LINE_CASCADE)) : 0x20);
}

static void program_handler(unsigned vm, struct guest *g, unsigned line)
{
	const struct sim_habits *h = &sim_habits[vm];

	if (h->nests && !h->auto_eoi && sim_random(2))
		push(g, OP_STI, 0, 0);
	for (unsigned n = sim_random(6); n > 0; n--)
		push(g, OP_NOP, 0, 0);
	if (h->eoi_first)
		program_end(g, h, line);
	push(g, OP_SERVE, 0, (uint8_t)line);
	if (!h->eoi_first) {
		push(g, OP_CLI, 0, 0); /* from the EOI on, its own line could nest without end */
		program_end(g, h, line);
	}
	push(g, OP_IRET, 0, 0);
}

/* ---- Interrupts ---- */

static struct frame *enter_frame(struct guest *g, int line)
{
	if (g->depth == FRAMES - 1)
		sim_violation("interrupts nest without end");
	g->depth++;
	*top(g) = (struct frame){ .line = line };
	g->interrupts_on = false;
	return top(g);
}

static void spurious(unsigned vm, struct guest *g, unsigned line)
{
	sim_result.vm[vm].spurious++;
	enter_frame(g, -1);
	if (line == 15 && !sim_habits[vm].auto_eoi) {
		/* the master does not know that it was spurious */
		g->service[0] |= LINE(LINE_CASCADE);
		push(g, OP_OUT, 0x20, 0x62);
	}
	push(g, OP_IRET, 0, 0);
}

/* The input of a vector; LINES: the vector is none of its own. */
static unsigned line_of(const struct sim_habits *h, uint8_t vector)
{
	for (unsigned chip = 0; chip < 2; chip++)
		if ((vector & 0xf8) == h->base[chip])
			return chip * 8 + (vector & 7);
	return LINES;
}

unsigned sim_guest_line(unsigned vm, uint8_t vector)
{
	const struct sim_habits *h = &sim_habits[vm];
	unsigned input = line_of(h, vector);

	if (h->hostile || input == LINES)
		return LINES;
	for (line_set rest = h->lines; rest; rest &= rest - 1)
		if (line_input(sim_inputs(h->controller_input), line_first(rest)) == input)
			return line_first(rest);
	return input; /* a spurious one */
}

void sim_guest_interrupt(unsigned vm, uint8_t vector)
{
	const struct sim_habits *h = &sim_habits[vm];
	struct guest *g = &guests[vm];
	unsigned line = line_of(h, vector);

	sim_result.vm[vm].deliveries++;
	if (!g->interrupts_on)
		sim_violation("vm %u: vector %02x delivered with interrupts off", vm, vector);
	if (h->hostile) {
		if (line == LINES || !line_in(own_inputs(h), line))
			sim_result.vm[vm].foreign++;
		return; /* it has no handlers; whatever is in service stays there */
	}
	if (line == LINES)
		sim_violation("vm %u: vector %02x is not one of its own", vm, vector);
	if ((line == 7 || line == 15) && !board.controller->in_service(line) &&
	    !line_in(own_inputs(h), line)) {
		spurious(vm, g, line);
		return;
	}
	if (!line_in(own_inputs(h), line))
		sim_violation("R02: vm %u got foreign line %u", vm, line);
	if (g->mask[line / 8] & (1u << (line & 7)))
		sim_violation("R05: vm %u got line %u, which it had masked", vm, line);
	note_delivery(vm, line);
	enter_frame(g, (int)line);
	program_handler(vm, g, line);
}

/* ---- Instructions ---- */

static void causeless(unsigned vm, unsigned input)
{
	bool excused = line_in(guests[vm].excused, input);

	sim_result.vm[vm].causeless++;
	guests[vm].excused &= (line_set)~LINE(input);
	if (sim_world.exact && !excused)
		sim_violation("R07: vm %u: an interrupt of input %u that nothing had asserted", vm,
		              input);
}

static void serve_all(unsigned vm)
{
	for (unsigned input = 0; input < LINES; input++)
		if (serve(vm, input))
			guests[vm].excused |= LINE(input);
}

static void finish(unsigned vm, const struct op *op, uint8_t value)
{
	struct guest *g = &guests[vm];
	unsigned chip = op->port >> 7;

	top(g)->at++;
	if (op->kind == OP_OUT)
		note_out(g, op->port, op->value);
	if (op->kind == OP_IN_MASK && value != g->mask[chip])
		sim_violation("R07: vm %u reads mask %02x from port %x, and had written %02x", vm,
		              value, op->port, g->mask[chip]);
}

void sim_guest_start(unsigned vm)
{
	memset(&guests[vm], 0, sizeof(guests[vm]));
	guests[vm].frame[0].line = -1;
	guests[vm].mask[0] = guests[vm].mask[1] = 0xff;
}

void sim_guest_skip(unsigned vm, uint8_t value)
{
	struct frame *f = top(&guests[vm]);
	struct op op = f->op[f->at];

	finish(vm, &op, value);
}

bool sim_guest_interrupts_on(unsigned vm)
{
	return guests[vm].interrupts_on;
}

static enum step port(unsigned vm, const struct op *op, bool open, struct sim_access *access)
{
	uint8_t value = op->value;

	*access = (struct sim_access){ op->port, op->value, op->kind != OP_OUT };
	if (!open)
		return STEP_PORT;
	if (op->kind == OP_OUT)
		board.controller->write(op->port, op->value);
	else
		value = board.controller->read(op->port);
	finish(vm, op, value);
	return STEP_DONE;
}

enum step sim_guest_step(unsigned vm, bool (*may_access)(uint16_t port), bool quiet,
                         struct sim_access *access)
{
	struct guest *g = &guests[vm];

	if (top(g)->at == top(g)->count)
		program_next(vm, quiet);
	if (top(g)->at == top(g)->count)
		return STEP_DONE;
	struct op op = top(g)->op[top(g)->at];

	switch (op.kind) {
	case OP_OUT:
	case OP_IN:
	case OP_IN_MASK:
		return port(vm, &op, may_access(op.port), access);
	case OP_HLT:
		return STEP_HLT;
	case OP_YIELD:
		return STEP_YIELD;
	case OP_SERVE:
		if (!serve(vm, op.value))
			causeless(vm, op.value);
		break;
	case OP_SERVE_ALL:
		serve_all(vm);
		break;
	case OP_CLI:
		g->interrupts_on = false;
		break;
	case OP_STI:
		g->interrupts_on = true;
		break;
	case OP_IRET:
		g->depth--;
		g->interrupts_on = true;
		return STEP_DONE;
	case OP_NOP:
		break;
	}
	finish(vm, &op, 0);
	return STEP_DONE;
}
