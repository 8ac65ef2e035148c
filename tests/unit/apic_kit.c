/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor with its local APIC, the guests, and the VMM around a switch. See the header.
 *
 * Rule: time stands still during the accesses of a save and a restore, and goes on while the other
 * guest runs. The interrupts that the VMM takes are taken as replay.S takes them: all that ask.
 */
#include "tests/unit/apic_kit.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/replay.h"
#include "arch/x86/virt/virt.h"
#include "tests/unit/check.h"

#include <string.h>

enum {
	FIRST_TSC = 1000000,
	DIVIDE_BY_1 = 0xb,
	VECTORS = 256,
	VECTOR_FIRST = 16,
	PIN_FIRST = 0xd0,
	CLASS = 0xf0
};

/* Moments at which a pin of the guest's rises. */
enum edge { EDGE_RUNS, EDGE_AT_SAVE, EDGE_AWAY, EDGE_AT_RESTORE, EDGES };

struct guest {
	uint64_t random;
	bool open;
	unsigned depth;
	int vector; /* that came in the last step */
	struct apic_local local;
};

struct step {
	uint64_t end;        /* TSC at which the step is over */
	uint64_t back;       /* TSC at which the guest goes on */
	uint8_t edge[EDGES]; /* vectors, 0: none */
};

struct world {
	const struct kit_plan *plan;
	struct sim_apic machine, own; /* of the shared run; of the guest alone */
	struct sim_apic *apic;        /* either */
	struct guest guest[2];
	unsigned current;
	bool shared;
	bool closed[2];  /* the guest's accesses to the initial count, to the count, exit */
	uint64_t began;  /* TSC at the start of the run */
	uint64_t moment; /* TSC at which the VMM looks at the timer */
	uint64_t random; /* of the switches and the pins */
	uint8_t late;    /* a vector that comes while the VMM empties the local APIC */
	struct step step[KIT_STEPS];
};

static struct world w;
uint64_t fake_tsc;

/* ---- What apic_local.c asks of the machine ---- */

uint64_t msr_read(uint32_t msr)
{
	uint64_t value = 0;

	assert_true(sim_apic_read(w.apic, msr, &value));
	return value;
}

void msr_write(uint32_t msr, uint64_t value)
{
	assert_true(sim_apic_write(w.apic, msr, value));
}

uint32_t replay_drain(void)
{
	uint32_t n = 0;

	if (w.late != 0)
		sim_apic_request(w.apic, w.late, false);
	w.late = 0;
	while (sim_apic_take(w.apic) != SIM_APIC_NONE) {
		sim_apic_write(w.apic, X2_EOI, 0);
		n++;
	}
	return n;
}

void replay_serve(void)
{
	while (sim_apic_take(w.apic) != SIM_APIC_NONE)
		;
}

/* Has the guest's reads of the timer exit, or not. */
void virt_open_msr(uint32_t msr, bool read, bool write)
{
	assert_true(msr == X2_INITIAL || msr == X2_COUNT);
	assert_int_equal(write, msr == X2_INITIAL && read);
	w.closed[msr == X2_COUNT] = !read;
}

/* ---- Time ---- */

/* The VMM comes at its moment. */
static void pass(uint64_t ticks)
{
	while (ticks > 0) {
		uint64_t left = w.moment - w.apic->tsc, part = ticks < left ? ticks : left;

		sim_apic_pass(w.apic, part);
		fake_tsc = w.apic->tsc;
		ticks -= part;
		if (w.shared && w.moment <= w.apic->tsc)
			w.moment = apic_local_tick(&w.guest[w.current].local);
	}
}

/* ---- A guest's steps ---- */

static uint64_t guest_read(uint32_t msr)
{
	struct apic_local *local = &w.guest[w.current].local;

	if (w.closed[0] && msr == X2_INITIAL)
		return local->initial;
	if (w.closed[1] && msr == X2_COUNT)
		return apic_local_count(local);
	return msr_read(msr);
}

static void write_initial(struct guest *g, uint32_t count)
{
	if (w.closed[0])
		apic_local_set_initial(&g->local, count);
	else
		msr_write(X2_INITIAL, count);
}

/* Few classes, so that interrupts meet and nest. */
static unsigned a_vector(struct guest *g)
{
	unsigned vector = random_below(&g->random, 4) == 0
	                          ? VECTOR_FIRST + random_below(&g->random, VECTORS - VECTOR_FIRST)
	                          : 0x30 + random_below(&g->random, KIT_VECTORS);

	/* pins and the timer have classes of their own then */
	return w.plan->rules & SIM_RULE_INT_IN_CLASS && vector >= PIN_FIRST ? vector - 0x80
	                                                                    : vector;
}

/* A rise of TPR above a request is spurious where INTR is latched: such a guest takes the request
 * first. */
static void set_tpr(struct guest *g)
{
	unsigned tpr = random_below(&g->random, 3) == 0 ? random_below(&g->random, VECTORS)
	                                                : random_below(&g->random, 0x50);

	if (w.plan->rules & SIM_RULE_INT_LATCHED && sim_apic_asks(w.apic))
		return;
	msr_write(X2_TPR, random_below(&g->random, 2) ? 0 : tpr);
}

/* The same of a vector in the class in service. */
static void send_to_itself(struct guest *g)
{
	unsigned vector = a_vector(g);
	int served = sim_apic_highest(w.apic->isr);

	if (w.plan->rules & SIM_RULE_INT_IN_CLASS && served != SIM_APIC_NONE &&
	    (int)(vector & CLASS) == (served & CLASS))
		return;
	msr_write(X2_SELF_IPI, vector);
}

static void set_timer(struct guest *g)
{
	static const uint32_t mode[] = { 0, X2_DEADLINE_MODE, X2_PERIODIC };
	uint32_t entry = 0x30 + random_below(&g->random, KIT_VECTORS);

	if (w.plan->rules & SIM_RULE_INT_IN_CLASS)
		entry = 0xe1; /* in a class of its own */
	entry |= mode[random_below(&g->random, w.plan->periodic ? 3 : 2)];
	/* as all systems do */
	if ((entry ^ guest_read(X2_TIMER)) & (X2_PERIODIC | X2_DEADLINE_MODE))
		write_initial(g, 0);
	msr_write(X2_TIMER, entry | (random_below(&g->random, 4) == 0 ? X2_MASKED : 0));
	if (entry & X2_DEADLINE_MODE)
		msr_write(X2_DEADLINE, fake_tsc + random_below(&g->random, w.plan->longest));
}

static void load_timer(struct guest *g)
{
	uint32_t count = 1 + random_below(&g->random, w.plan->longest);

	write_initial(g, random_below(&g->random, 8) == 0 ? 0 : count);
}

static void act(struct guest *g)
{
	switch (random_below(&g->random, 12)) {
	case 0:
		g->open = !g->open;
		break;
	case 1:
		set_tpr(g);
		break;
	case 2:
	case 3:
	case 4:
		send_to_itself(g);
		break;
	case 5:
		set_timer(g);
		break;
	case 6:
		load_timer(g);
		break;
	case 7:
	case 8:
	case 9: /* the end of a handler, or an EOI alone */
		msr_write(X2_EOI, 0);
		g->open = g->open || random_below(&g->random, 4) != 0;
		break;
	default: /* IRET, or STI in a handler */
		g->open = true;
	}
}

static void run_step(struct guest *g)
{
	g->vector = g->open ? sim_apic_take(w.apic) : SIM_APIC_NONE;
	if (g->vector != SIM_APIC_NONE)
		g->open = false;
	else
		act(g);
}

static void look(const struct guest *g, struct kit_view *v)
{
	for (unsigned i = 0; i < KIT_WORDS; i++) {
		v->irr[i] = (uint32_t)guest_read(X2_IRR + i);
		v->isr[i] = (uint32_t)guest_read(X2_ISR + i);
	}
	v->tpr = (uint32_t)guest_read(X2_TPR);
	v->ppr = (uint32_t)guest_read(X2_PPR);
	v->timer = (uint32_t)guest_read(X2_TIMER);
	v->initial = (uint32_t)guest_read(X2_INITIAL);
	v->count = (uint32_t)guest_read(X2_COUNT);
	v->divide = (uint32_t)guest_read(X2_DIVIDE);
	v->deadline = guest_read(X2_DEADLINE);
	v->vector = g->vector;
	v->open = g->open;
	v->tsc = w.apic->tsc;
}

/* ---- The switch ---- */

static void bring_in(unsigned number, unsigned held, unsigned at_restore)
{
	struct guest *g = &w.guest[number];

	apic_local_serve(&g->local);
	if (held != 0)
		apic_vector_set(g->local.irr, held);
	if (at_restore != 0) /* its pin is routed already */
		sim_apic_request(w.apic, at_restore, false);
	apic_local_resume(&g->local);
	w.current = number;
	w.moment = apic_local_moment(&g->local, true);
}

static void put_away(unsigned late)
{
	struct apic_local *local = &w.guest[w.current].local;

	w.late = (uint8_t)late;
	unsigned came = apic_local_save(local);
	/* the VMM does not know whose vector it was: chipset/apic asks the lines */
	if (late != 0 && came != 0)
		apic_vector_set(local->irr, late);
	assert_int_equal(came, late != 0 && came != 0);
	for (unsigned i = 0; i < KIT_WORDS; i++)
		assert_int_equal(w.apic->irr[i] | w.apic->isr[i], 0);
	assert_false(sim_apic_asks(w.apic));
	w.moment = UINT64_MAX;
}

static unsigned count_bits(const uint32_t set[KIT_WORDS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < KIT_WORDS; i++)
		n += (unsigned)__builtin_popcount(set[i]);
	return n;
}

/* Another guest has the local APIC for a while. */
static void visit(const struct step *s, struct kit_result *result)
{
	const struct apic_local *mine = &w.guest[0].local;

	put_away(s->edge[EDGE_AT_SAVE]);
	bring_in(1, 0, 0);
	for (unsigned i = random_below(&w.random, 6); i > 0; i--) {
		run_step(&w.guest[1]);
		pass(random_below(&w.random, 40));
	}
	put_away(0);
	result->expired_away += mine->due != 0 && mine->due <= fake_tsc;
	result->nested += count_bits(mine->isr) > 1;
	bring_in(0, s->edge[EDGE_AWAY], s->edge[EDGE_AT_RESTORE]);
	result->switches++;
}

/* ---- The two runs ---- */

/* The shared runs come one after the other on one machine, as VMs do. */
static void begin(const struct kit_plan *plan, bool shared)
{
	w.plan = plan;
	w.shared = shared;
	w.closed[0] = w.closed[1] = false;
	w.moment = UINT64_MAX;
	w.random = plan->seed * 3 + 1;
	w.apic = shared ? &w.machine : &w.own;
	if (!shared || w.apic->tsc == 0) {
		*w.apic = (struct sim_apic){ .tsc = shared ? FIRST_TSC : w.began };
		sim_apic_reset(w.apic);
		sim_apic_write(w.apic, X2_SVR, 0x1ff);
	}
	w.apic->rules = plan->rules;
	w.began = fake_tsc = w.apic->tsc;
	for (unsigned i = 0; i < 2; i++) {
		w.guest[i] = (struct guest){ .random = plan->seed * 2 + i + 1 };
		apic_local_reset(&w.guest[i].local);
		w.guest[i].local.divide = DIVIDE_BY_1;
	}
	if (shared)
		bring_in(0, 0, 0);
	else
		msr_write(X2_DIVIDE, DIVIDE_BY_1);
	w.current = 0;
}

static void choose_edges(struct step *s)
{
	unsigned pins = w.plan->rules & SIM_RULE_INT_IN_CLASS ? 1 : 8;

	for (unsigned i = 0; i < EDGES; i++)
		s->edge[i] = w.plan->pins && random_below(&w.random, 6) == 0
		                     ? (uint8_t)(PIN_FIRST + random_below(&w.random, pins))
		                     : 0;
}

static void play_shared(const struct kit_plan *plan, struct kit_result *result)
{
	begin(plan, true);
	for (unsigned i = 0; i < KIT_STEPS; i++) {
		struct step *s = &w.step[i];

		choose_edges(s);
		run_step(&w.guest[0]);
		result->taken += w.guest[0].vector != SIM_APIC_NONE;
		pass(random_below(&w.random, 30));
		if (s->edge[EDGE_RUNS] != 0)
			sim_apic_request(w.apic, s->edge[EDGE_RUNS], false);
		s->end = w.apic->tsc;
		if (random_below(&w.random, plan->mean) == 0)
			visit(s, result);
		else
			memset(s->edge + EDGE_AT_SAVE, 0, EDGES - EDGE_AT_SAVE);
		s->back = w.apic->tsc;
		result->held += s->edge[EDGE_AT_SAVE] != 0 || s->edge[EDGE_AWAY] != 0;
		look(&w.guest[0], &result->view[i]);
	}
	put_away(0);
}

/* An edge of the time away is a request at once, and waits as the guest stands still. */
static void play_alone(const struct kit_plan *plan, struct kit_result *result)
{
	begin(plan, false);
	for (unsigned i = 0; i < KIT_STEPS; i++) {
		const struct step *s = &w.step[i];

		run_step(&w.guest[0]);
		pass(s->end - w.apic->tsc);
		for (unsigned k = 0; k < EDGES; k++)
			if (s->edge[k] != 0)
				sim_apic_request(w.apic, s->edge[k], false);
		pass(s->back - w.apic->tsc);
		look(&w.guest[0], &result->view[i]);
	}
}

void kit_play(const struct kit_plan *plan, struct kit_result *shared, struct kit_result *alone)
{
	memset(shared, 0, sizeof(*shared));
	memset(alone, 0, sizeof(*alone));
	play_shared(plan, shared);
	play_alone(plan, alone);
}
