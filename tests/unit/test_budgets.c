/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets under random sets of VMs: the run loop and the scheduler in simulated time.
 *
 * Rule: a VM never gets more than its budget, and never ends more turns than it may. A ready VM
 * never waits longer than the bound of vmm/budget/blocking.h, and the VM below all others gets what
 * the budgets above leave. A seed names a set.
 */
#include "tests/unit/check.h"
#include "tests/unit/turns_kit.h"

#include "vmm/allotments.h"
#include "vmm/budget/blocking.h"
#include "vmm/core/allot.h"
#include "vmm/core/background.h"

#include <stdio.h>
#include <string.h>

enum { SETS = 3000, MS = 1000 * KIT_TICKS_PER_US, SET_TICKS = 300 * MS };
/* A timer ends so late at most, and a switch may wait for an EOI (vmm/core/allot.c). */
enum { LATE_MAX = 8000, EOI_WAIT = TURN_EOI_WAIT_US * KIT_TICKS_PER_US };
#define NEVER UINT64_MAX

/* A guest. Its line is the line of its own number. */
struct guest {
	uint64_t need;   /* ticks until its HLT */
	uint64_t event;  /* TSC of its device's next interrupt */
	bool sleeps;     /* is in its HLT */
	bool busy;       /* its handlers are long */
	uint64_t since;  /* TSC since when it is ready and does not run; 0: it does not wait */
	uint64_t used;   /* ticks in all */
	uint64_t period; /* number of the present period */
	int64_t least;   /* the least use at a period's begin, less the budgets until then */
	uint64_t held;   /* interrupts that waited for the budget */
	uint64_t window; /* number of the present window of wakeups= */
	unsigned ends;   /* turns of VMs below that ended in the window */
};

static struct {
	uint64_t random, start, end, work;
	struct guest guest[KIT_ROOM];
	struct chipset chipset;
	struct vmm_config config;
	uint64_t part_end;  /* TSC; the end of the present part of the frame */
	struct vm *current; /* the VM that runs, or NULL */
	struct vm *last;    /* the VM that ran last */
	uint64_t late;      /* of the present timer */
	double tightest;    /* the longest wait of all, as a part of its bound */
	/* counts over all sets */
	unsigned waits, used_up, held, lowest, ends, too_often, framed;
} sim;

static unsigned dice(unsigned limit)
{
	return random_below(&sim.random, limit);
}

/* ---- Guests and their devices ---- */

static uint64_t next_event(void)
{
	uint64_t first = NEVER;

	for (unsigned i = 0; i < vm_count; i++)
		if (sim.guest[i].event < first)
			first = sim.guest[i].event;
	return first;
}

static void wake_up(struct guest *g)
{
	unsigned most = g->busy ? (dice(4) ? 2 * MS : 20 * MS) : MS / 4;

	g->need = (g->sleeps ? 0 : g->need) + 50 + dice(most);
	g->sleeps = false;
}

/* Notes which VMs wait for the processor, and holds the waits that end to their bounds. */
static void note_waits(void)
{
	for (unsigned i = 0; i < vm_count; i++) {
		struct guest *g = &sim.guest[i];
		const struct vm *vm = vms[i];
		if (vm == sim.current && g->since != 0) {
			uint64_t wait = fake_tsc - g->since;
			uint32_t bound = vm->allot.worst_wait_us;
			g->since = 0;
			if (bound >= BLOCKING_LONG || bound == 0)
				continue;
			double part = (double)wait / ((double)bound * KIT_TICKS_PER_US);
			assert_true(part <= 1);
			if (part > sim.tightest)
				sim.tightest = part;
			sim.waits++;
		} else if (vm == sim.current || vm->state != VM_READY) {
			g->since = 0;
		} else if (g->since == 0) {
			g->since = fake_tsc;
		}
	}
}

/* Tells the VMM of lines that are not masked. */
static void deliver(line_set masked)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (line_in(kit.asserted & (line_set)~masked, i) && vms[i]->state == VM_HALTED &&
		    vms[i] != sim.current) {
			sched_wake(vms[i]);
			wake_up(&sim.guest[i]);
		}
	note_waits();
}

/* The devices assert their lines. */
static void assert_lines(void)
{
	for (unsigned i = 0; i < vm_count; i++) {
		struct guest *g = &sim.guest[i];
		if (g->event > fake_tsc)
			continue;
		g->event = fake_tsc + 1 + dice(dice(3) ? 3 * MS : 30 * MS);
		if (vms[i] == sim.current)
			wake_up(g);
		else
			kit.asserted |= LINE(i);
	}
}

/* ---- The VMM's own time ---- */

/* The VMM idles: time goes on to the next event. */
static unsigned while_idle(void)
{
	uint64_t next = next_event(), due = processor.housekeeping_due;

	if (processor.vm != NULL) /* a look, and no idling */
		return 0;
	if (processor.allot.due < next)
		next = processor.allot.due;
	for (unsigned i = 0; i < vm_count; i++) /* nobody's turn would end */
		assert_true(vms[i]->state != VM_WAITING || sim.config.frame_us != 0 ||
		            budget_is_used_up(&vms[i]->allot.budget));
	if (next > due)
		next = due;
	fake_tsc = next > fake_tsc ? next : fake_tsc + 1;
	assert_lines();
	deliver((line_set)~sched_awaited());
	return 0;
}

/* A portion of the background work. */
static void while_working(void)
{
	uint64_t length = 1 + dice(BACKGROUND_PORTION_US * KIT_TICKS_PER_US);
	uint64_t next = next_event();

	if (fake_tsc + length > next) /* the interrupt ends the portion */
		length = next > fake_tsc ? next - fake_tsc : 0;
	fake_tsc += length;
	sim.work += length;
	kit.work_due = fake_tsc + length * BACKGROUND_SHARE + dice(20 * MS);
	assert_lines();
	deliver(0);
}

/* ---- A VM runs ---- */

/* Holds the use of a budget to the periods: no stretch of periods has more than its budgets, and
 * what the timer's end was late. */
static void use(unsigned i, uint64_t ticks)
{
	struct guest *g = &sim.guest[i];
	const struct budget *b = &vms[i]->allot.budget;

	if (b->period == 0) {
		g->used += ticks;
		return;
	}
	while (ticks > 0) {
		uint64_t border = sim.start + (g->period + 1) * b->period;
		uint64_t now = fake_tsc - ticks, part = ticks;
		if (now >= border) {
			g->period++;
			int64_t base = (int64_t)g->used - (int64_t)(g->period * b->amount);
			if (base < g->least)
				g->least = base;
			continue;
		}
		if (now + part > border)
			part = border - now;
		g->used += part;
		ticks -= part;
		int64_t over = (int64_t)g->used - (int64_t)((g->period + 1) * b->amount) - g->least;
		assert_true(over <= LATE_MAX + EOI_WAIT + BUDGET_NEAR);
	}
}

/* vm runs up to the next event, or up to the end of its timer. */
static void run_stretch(struct vm *vm)
{
	struct guest *g = &sim.guest[vm->number];
	uint64_t deadline = processor.turn.deadline, now = fake_tsc;
	uint64_t until = deadline + sim.late > now ? deadline + sim.late : now;

	if (next_event() < until)
		until = next_event();
	if (!g->sleeps && now + g->need < until)
		until = now + g->need;
	fake_tsc = until;
	assert_true(sim.config.frame_us == 0 || fake_tsc <= sim.part_end + LATE_MAX + EOI_WAIT);
	if (!g->sleeps) {
		g->need -= until - now;
		use(vm->number, until - now);
	}
	assert_lines();
	if (!g->sleeps && g->need == 0) {
		g->sleeps = true;
		if (!vm->dozes) {
			sched_set_state(vm, VM_HALTED);
			sched_end_turn(vm);
		}
	} else if (fake_tsc >= deadline) {
		turn_look(vm);
	}
	deliver(sched_masked(vm));
	kit.handler = dice(4) == 0;
}

/* Holds the ends of turns to wakeups=: vm comes in the place of the VM that ran last. */
static void count_end(const struct vm *vm)
{
	struct guest *g = &sim.guest[vm->number];
	const struct vm *last = sim.last;

	if (vm->config.wakeups == 0 || last == NULL || last->state != VM_READY ||
	    last->config.priority >= vm->config.priority)
		return;
	/* a window may begin BUDGET_NEAR early */
	uint64_t window = (fake_tsc + BUDGET_NEAR - sim.start) / vm->allot.wakeups.period;
	if (window != g->window)
		g->ends = 0;
	g->window = window;
	assert_true(++g->ends <= vm->config.wakeups);
	sim.ends++;
}

/* Holds vm to its parts of the frame. The parts are read from the words, not from the VMM's
 * table. */
static void check_part(const struct vm *vm)
{
	uint64_t length = tsc_from_us(sim.config.frame_us), end = 0;

	if (length == 0)
		return;
	uint64_t now = fake_tsc + BUDGET_NEAR - sim.start; /* a part may begin so early */
	const char *owner = NULL;
	bool named = false;
	for (unsigned i = 0; i < sim.config.part_count; i++) {
		const struct config_part *part = &sim.config.part[i];
		named |= strcmp(part->vm, vm->config.name) == 0;
		if (owner != NULL)
			continue;
		end += tsc_from_us(part->us);
		if (now % length < end)
			owner = part->vm;
	}
	if (owner == NULL)
		end = length;
	assert_true(owner == NULL ? !named : strcmp(owner, vm->config.name) == 0);
	sim.part_end = sim.start + now - now % length + end;
	sim.framed += owner != NULL;
}

/* The interrupts that waited in the block reach vm. */
static void enter(struct vm *vm)
{
	count_end(vm);
	check_part(vm);
	sim.current = sim.last = vm;
	if (line_in(kit.asserted, vm->number)) {
		kit.asserted &= (line_set)~LINE(vm->number);
		wake_up(&sim.guest[vm->number]);
	} else if (sim.guest[vm->number].sleeps && vm->state == VM_READY) {
		fail_msg("vm %u leaves its HLT without an interrupt", vm->number);
	}
	note_waits();
}

/* A VM waits up to the next period, and no longer. */
static void check_waits_for_periods(void)
{
	uint64_t most = LATE_MAX + EOI_WAIT + tsc_from_us(BACKGROUND_PORTION_US);

	for (unsigned i = 0; i < vm_count && sim.config.frame_us == 0; i++) {
		const struct allotment *a = &vms[i]->allot;
		const struct budget *b = budget_is_used_up(&a->budget) ? &a->budget : &a->wakeups;
		assert_true(vms[i]->state != VM_WAITING || fake_tsc <= b->refill + most);
	}
}

static void decide(void)
{
	enum vm_state before[KIT_ROOM];
	line_set asserted = kit.asserted;
	uint64_t waits = sim.last != NULL ? sim.last->allot.used_up + sim.last->allot.too_often : 0;

	for (unsigned i = 0; i < vm_count; i++)
		before[i] = vms[i]->state;
	kit.halted = processor.vm != NULL && sim.guest[processor.vm->number].sleeps;
	sim.current = NULL;
	sim.late = dice(4) ? dice(200) : dice(LATE_MAX);
	check_waits_for_periods();
	struct vm *vm = run_decide(cpu_tsc(), false);
	for (unsigned i = 0; i < vm_count; i++)
		if (before[i] == VM_WAITING && vms[i]->state != VM_WAITING)
			sim.guest[i].held += line_in(asserted, i);
	if (sim.last != NULL && sim.last->allot.used_up + sim.last->allot.too_often != waits)
		sim.last = NULL; /* its own wait has ended its turn */
	if (vm != NULL)
		enter(vm);
	note_waits();
}

/* ---- A set ---- */

static void make_vm(unsigned i)
{
	struct vm *vm = &kit.own[i];

	*vm = (struct vm){ .number = (uint8_t)i };
	vm->controller.lines = LINE(i);
	vm->config.priority = dice(4);
	vm->config.slice_us = 100 + dice(3000);
	vm->slice = tsc_from_us(vm->config.slice_us);
	if (dice(4) != 0) {
		vm->config.period_us = 1000 * (1 + dice(20));
		vm->config.budget_us = 100 + dice(vm->config.period_us / 2);
	}
	if (dice(3) == 0) {
		vm->config.wakeups = 1 + dice(4);
		vm->config.window_us = 1000 * (1 + dice(20));
	}
	sim.guest[i] = (struct guest){ .busy = dice(3) != 0,
		                       .need = 1 + dice(10 * MS),
		                       .event = fake_tsc + 1 + dice(10 * MS) };
	vms[i] = vm;
}

/* Makes a frame of random parts, in the place of budgets. */
static void make_frame(void)
{
	uint32_t left = 1000 * (2 + dice(20));

	sim.config.frame_us = left;
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm_config *c = &vms[i]->config;
		c->budget_us = c->period_us = c->wakeups = c->window_us = 0;
		(void)snprintf(c->name, sizeof(c->name), "v%u", i);
	}
	for (unsigned i = 1 + dice(6); i > 0 && left >= 200; i--) {
		struct config_part *part = &sim.config.part[sim.config.part_count++];
		part->us = 100 + dice(left - 100);
		left -= part->us;
		(void)snprintf(part->vm, sizeof(part->vm), "v%u", dice(vm_count));
	}
}

/* Begins a set of VMs. VM 0 lies below all others, and always wants the processor. */
static void make_set(uint64_t seed)
{
	sim.random = seed * 2 + 1;
	sim.config = (struct vmm_config){ 0 };
	sim.config.jitter = dice(3) == 0 ? (uint32_t)seed : 0;
	kit_begin_run(&sim.config, kit_equals);
	kit.exact = true;
	kit.on_work = while_working;
	kit.work_due = dice(2) ? fake_tsc : NEVER;
	processor.housekeeping_due = 0;
	sim.chipset = *chipset;
	sim.chipset.interrupted = while_idle;
	chipset = &sim.chipset;
	memset(sim.guest, 0, sizeof(sim.guest));
	memset(&processor.schedule, 0, sizeof(processor.schedule));
	sim.current = sim.last = NULL;
	sim.work = 0;
	vm_count = 2 + dice(KIT_ROOM - 1);
	for (unsigned i = 0; i < vm_count; i++)
		make_vm(i);
	if (dice(2) != 0) {
		vms[0]->config.priority = 0;
		vms[0]->config.budget_us = vms[0]->config.period_us = 0;
		sim.guest[0].need = NEVER / 2;
		for (unsigned i = 1; i < vm_count; i++)
			vms[i]->config.priority++;
	}
	if (dice(5) == 0)
		make_frame();
	for (unsigned i = 0; i < vm_count; i++) {
		sched_add(vms[i]);
		sched_set_state(vms[i], VM_READY);
	}
	sim.start = fake_tsc;
	sim.end = fake_tsc + SET_TICKS;
	allotments_begin(fake_tsc, &sim.config);
}

/* The VM below all others gets the time that the budgets above and the VMM leave. */
static void check_the_lowest(void)
{
	const struct guest *g = &sim.guest[0];
	int64_t left = (int64_t)(fake_tsc - sim.start) - (int64_t)sim.work;

	uint32_t bound = vms[0]->allot.worst_wait_us;

	if (sim.config.frame_us != 0 || bound == 0 || bound >= BLOCKING_LONG || g->need < NEVER / 4)
		return;
	sim.lowest++;
	for (unsigned i = 1; i < vm_count; i++) {
		const struct budget *b = &vms[i]->allot.budget;
		uint64_t periods = (fake_tsc - sim.start) / b->period + 1;
		left -= (int64_t)(periods * b->amount) + LATE_MAX + EOI_WAIT + BUDGET_NEAR;
	}
	assert_true((int64_t)g->used >= left);
}

static void play(uint64_t seed)
{
	make_set(seed);
	unsigned still = 0;
	for (uint64_t before = 0; fake_tsc < sim.end; before = fake_tsc) {
		decide();
		while (sim.current != NULL && !processor.attention)
			run_stretch(sim.current);
		still = fake_tsc == before ? still + 1 : 0;
		assert_true(still < 200);
	}
	check_the_lowest();
	for (unsigned i = 0; i < vm_count; i++) {
		const struct allotment *a = &vms[i]->allot;
		assert_int_equal(a->held, sim.guest[i].held);
		sim.used_up += (unsigned)a->used_up;
		sim.held += (unsigned)a->held;
		sim.too_often += (unsigned)a->too_often;
	}
}

static void R13_budgets_and_bounds_hold_for_random_sets(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SETS; seed++)
		play(seed);
	printf("%d sets: %u waits with a bound, the longest %.0f %% of its bound; budgets used up "
	       "%u times, interrupts held %u; turns ended %u, refused %u; turns in a frame %u\n",
	       SETS, sim.waits, 100 * sim.tightest, sim.used_up, sim.held, sim.ends, sim.too_often,
	       sim.framed);
	assert_true(sim.waits > 10 * SETS && sim.used_up > 10 * SETS && sim.held > SETS &&
	            sim.lowest > SETS / 20 && sim.ends > SETS && sim.too_often > SETS / 2 &&
	            sim.framed > SETS);
	assert_true(sim.tightest > 0.5); /* a bound that is far too long says little */
}

/* Begins a set of VMs that never sleep. VM 0 has the first half of a frame of 2 ms. */
static void begin_halves(void)
{
	sim.config = (struct vmm_config){ .frame_us = 2000,
		                          .part_count = 1,
		                          .part[0] = { .vm = "first", .us = 1000 } };
	kit_begin_run(&sim.config, kit_equals);
	kit.exact = true;
	vm_count = KIT_ROOM;
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = vms[i] = &kit.own[i];
		*vm = (struct vm){ .number = (uint8_t)i, .slice = KIT_SLICE };
		vm->config.priority = kit_equals[0];
		vm->controller.lines = LINE(i);
	}
	strcpy(vms[0]->config.name, "first");
	for (unsigned i = 0; i < vm_count; i++) {
		sched_add(vms[i]);
		sched_set_state(vms[i], VM_READY);
	}
	allotments_begin(fake_tsc, &sim.config);
}

static void many_vms_wait_with_a_look_after_each(void **state)
{
	(void)state;
	begin_halves();
	for (unsigned frame = 0; frame < 3; frame++) {
		unsigned changes = frame == 0 ? KIT_ROOM - 1 : KIT_ROOM;
		kit.looks = 0;
		assert_ptr_equal(allot_pick(fake_tsc), vms[0]);
		assert_int_equal(kit.looks, changes);
		fake_tsc += tsc_from_us(1000);
		kit.looks = 0;
		assert_ptr_not_equal(allot_pick(fake_tsc), vms[0]);
		assert_int_equal(kit.looks, KIT_ROOM);
		fake_tsc += tsc_from_us(1000);
	}
}

static void a_halted_vm_sleeps_on_in_its_part(void **state)
{
	(void)state;
	begin_halves();
	assert_ptr_equal(allot_pick(fake_tsc), vms[0]);
	sched_set_state(vms[0], VM_HALTED);
	fake_tsc += tsc_from_us(1000);
	assert_non_null(allot_pick(fake_tsc));
	assert_int_equal(vms[0]->state, VM_WAITING);
	fake_tsc += tsc_from_us(1000);
	assert_null(allot_pick(fake_tsc)); /* nobody else has the part */
	assert_int_equal(vms[0]->state, VM_HALTED);
	fake_tsc += tsc_from_us(1000);
	assert_non_null(allot_pick(fake_tsc));
	vms[0]->at_entry = AT_ENTRY_NMI; /* an external NMI waits for the VM */
	fake_tsc += tsc_from_us(1000);
	assert_ptr_equal(allot_pick(fake_tsc), vms[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(R13_budgets_and_bounds_hold_for_random_sets),
		cmocka_unit_test(many_vms_wait_with_a_look_after_each),
		cmocka_unit_test(a_halted_vm_sleeps_on_in_its_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
