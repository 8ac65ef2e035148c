/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PIT for each VM. See the header for the rule.
 *
 * The machine's counter 0 only makes edges. It runs in two modes, whatever the VM's mode is: mode 2
 * with the VM's period, and mode 0 for a single edge. Mode 0 keeps OUT low until its edge, mode 2
 * keeps OUT high but for one CLK pulse. A control word of mode 2 would raise a low OUT, and that
 * would be an edge of nobody. So after a low OUT (machine.low) the next edge is a single one.
 *
 * A VM comes back in the middle of a period. No chip lets software write the counting element, so
 * the rest of the period is a single edge, and the period itself is loaded when that edge has
 * passed. The second load costs one exit, where the VM runs so long. The second load comes some
 * pulses late (`slip`); the VM's own counter does not slip, and the next switch makes up for the
 * slip. The VM may not have taken the first edge yet, so OUT stays high until the second edge: a
 * single edge is loaded only where OUT is low, or where no edge was made since the VM came in.
 */
#include "vmm/core/pit.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "vmm/core/lines.h"
#include "vmm/core/pit_clock.h"
#include "vmm/core/sched.h"
#include "vmm/core/vm_timer.h"

enum { PORT_COUNTER0 = 0x40, PORT_CONTROL = 0x43, PORT_SYSTEM = 0x61 };
enum { COUNTER_TICK = 0, COUNTER_SPEAKER = 2 };
/* Port 61h: 5 OUT of counter 2 | 4 refresh | 1 speaker | 0 gate of counter 2 */
enum { SYSTEM_OUT2 = 1 << 5, SYSTEM_REFRESH = 1 << 4, SYSTEM_SPEAKER = 1 << 1, SYSTEM_GATE2 = 1 };
enum { REFRESH_SHIFT = 4 }; /* the refresh bit changes each 16 CLK pulses: about 15 us on a PC */

/* CLK pulses. NEAR_EDGE: an edge so near is waited for, so that no edge falls between the look at
 * the counter and the silence. STORM: periods below are not followed pulse by pulse. PAST_EDGE: the
 * edge of a single shot has passed for sure. LATE: a period loaded behind a stretch is late. */
enum { NEAR_EDGE = 4, STORM = 64, PAST_EDGE = 4, LATE = 32, TRIES = 64 };
enum { BURST = 64 }; /* ticks=all: so many ticks are caught up at a stretch. */

uint64_t pit_due = PIT_NEVER;
bool pit_moves, pit_ticks;

static struct pit_clock clock;

/* What the machine's counter 0 does, for the VM that runs. */
static struct {
	enum { SILENT, PERIODS, SINGLE, STRETCH } kind;
	uint32_t count;
	uint64_t loaded; /* the CLK pulse of the load */
	uint64_t first;  /* the first edge after the load */
	uint64_t edge;   /* the next edge; the last edge where a single edge has passed */
	uint64_t lead;   /* pulses that the loading takes */
	bool low;        /* OUT is low */
} machine;

static uint64_t now_in_pulses(void)
{
	return pit_clock_pulses(&clock, cpu_tsc());
}

/* Returns the TSC at a pulse to come. */
static uint64_t tsc_at(uint64_t pulse)
{
	uint64_t tsc = cpu_tsc(), t = pit_clock_pulses(&clock, tsc);

	return tsc + pit_clock_ticks(&clock, pulse > t ? pulse - t : 0);
}

static void find_due(void)
{
	pit_due = PIT_NEVER;
	for (unsigned i = 0; i < vm_count; i++)
		pit_due = vm_timer_earliest(&vms[i]->pit, pit_due);
}

static void set_due(struct pit *p, uint64_t due)
{
	const uint64_t before = p->due;

	p->due = due;
	if (due <= pit_due)
		pit_due = due;
	else if (before == pit_due)
		find_due();
}

/* ---- The machine's counter 0 ---- */

/* Control words: counter 0, low byte then high byte, binary. */
enum { WORD_PERIODS = 0x34, WORD_SINGLE = 0x30, WORD_HIGH = 0x32, WORD_LATCH = 0x00 };

/* The PITs of QEMU and KVM go on with the old count after a control word, until a new count comes.
 * The old edge would be a tick of the next VM. So the longest count is written, 55 ms, in a mode
 * that does not move their OUT: OUT is high after a single edge, and low while periods are counted
 * (but for a pulse). */
static void machine_silence_emulated(void)
{
	uint8_t word = machine.low ? WORD_SINGLE : WORD_PERIODS;

	if (!machine.low && machine.kind == SILENT)
		return;
	if (!machine.low && machine.kind == SINGLE)
		word = WORD_HIGH;
	io_out8(PORT_CONTROL, word);
	io_out8(PORT_COUNTER0, 0);
	io_out8(PORT_COUNTER0, 0);
}

/* A chip is silent after a control word without a count. */
static void machine_silence(void)
{
	if (platform.hypervised)
		machine_silence_emulated();
	else
		io_out8(PORT_CONTROL, machine.low ? WORD_SINGLE : WORD_PERIODS);
	machine.kind = SILENT;
}

/* Loads a count. kind: PERIODS, STRETCH or SINGLE. `t`: when the caller computed the count. */
static void machine_load(int kind, uint64_t count, uint64_t t)
{
	count = count < PIT_PERIOD_LEAST ? PIT_PERIOD_LEAST : count;
	count = count > PIT_COUNT_MOST ? PIT_COUNT_MOST : count;
	io_out8(PORT_CONTROL, kind == SINGLE ? WORD_SINGLE : WORD_PERIODS);
	io_out8(PORT_COUNTER0, (uint8_t)count);
	io_out8(PORT_COUNTER0, (uint8_t)(count >> 8));
	machine.kind = kind;
	machine.low = kind == SINGLE;
	machine.count = (uint32_t)count;
	machine.loaded = now_in_pulses() + 1;
	machine.edge = machine.first = machine.loaded + count;
	machine.lead = machine.loaded - t;
}

/* Follows the machine's counter: where its next edge really is. Returns the time of the look. */
static uint64_t machine_look(struct pit *p)
{
	io_out8(PORT_CONTROL, WORD_LATCH);
	uint64_t t = now_in_pulses();
	uint32_t count = io_in8(PORT_COUNTER0);
	count |= (uint32_t)io_in8(PORT_COUNTER0) << 8;

	if (t <= machine.loaded + 1) /* the count may not be loaded yet */
		return t;
	if (machine.kind != SINGLE && t >= machine.edge)
		machine.edge += ((t - machine.edge) / machine.count + 1) * machine.count;
	int64_t by;
	if (machine.kind == SINGLE) {
		by = (int16_t)(count + t - machine.edge);
	} else {
		by = (int64_t)((count == 0 ? PIT_COUNT_MOST : count) + t - machine.edge);
		if (by > machine.count / 2)
			by -= machine.count;
		else if (by < -(int64_t)(machine.count / 2))
			by += machine.count;
	}
	machine.edge += (uint64_t)by;
	machine.loaded += (uint64_t)by;
	machine.first += (uint64_t)by;
	p->slip += machine.kind == STRETCH ? 0 : by;
	machine.low = machine.kind == SINGLE && machine.edge > t;
	return t;
}

/* Looks at the machine's counter when no edge is near, so that no edge falls between the look and a
 * control word. Waits some pulses. */
static uint64_t look_beside_edges(struct pit *p)
{
	uint64_t t = machine_look(p);
	bool storm = machine.kind != SINGLE && machine.count < STORM;
	const uint64_t near = platform.hypervised ? 2 * NEAR_EDGE : NEAR_EDGE;

	for (unsigned tries = 0; !storm && machine.edge - t <= near && tries < TRIES; tries++)
		t = machine_look(p);
	return t;
}

/* ---- A VM's ticks ---- */

/* Keeps the account of ticks that no edge makes now. */
static void keep_ticks(struct pit *p, uint64_t ticks)
{
	*(p->all ? &p->backlog : &p->merged) += ticks;
}

/* Asks for the ticks that have fallen due until t, while vm is away. Several ticks are one request:
 * the rest is backlog or merged (ticks=). */
static void ask_for_ticks(struct vm *vm, uint64_t t)
{
	struct pit *p = &vm->pit;
	struct pit_counter *c = &p->counter[COUNTER_TICK];
	uint64_t ticks = pit_counter_edges(c, p->told, t);

	p->told = later(p->told, t);
	if (ticks == 0)
		return;
	if (!p->requested) {
		chipset->controller.request(&vm->controller, PIT_TICK_LINE);
		p->requested = true;
		ticks--;
	}
	keep_ticks(p, ticks);
}

/* The machine's counter makes a number of edges whose distance is not the VM's period. */
static void begin_stretch(struct pit *p, uint64_t count, uint64_t edges, uint64_t t)
{
	machine_load(STRETCH, count, t);
	p->slip = p->loaded_slip = 0;
	set_due(p, tsc_at(machine.edge + (edges - 1) * machine.count + PAST_EDGE));
}

/* Counts the edges of a stretch. */
static void end_stretch(struct pit *p)
{
	uint64_t t = look_beside_edges(p);
	uint64_t made = (machine.edge - machine.loaded) / machine.count - 1;
	struct pit_counter *c = &p->counter[COUNTER_TICK];
	uint64_t wanted = p->backlog + pit_counter_edges(c, p->told, t);

	p->told = later(p->told, t);
	p->backlog = 0;
	keep_ticks(p, wanted > made ? wanted - made : 0);
	/* a tick was made before its time: the next tick is left out */
	for (; made > wanted; made--)
		p->told = pit_counter_next_edge(c, p->told);
}

/* Loads the machine's counter so that its next edge is the VM's next edge after `from`. tolerance:
 * so many pulses too late are no reason for a second load. behind_edge: the machine's counter has
 * made an edge that the VM may not have taken. A single edge would lower OUT, and an 8259A forgets
 * a request whose line falls (8259A datasheet, interrupt request inputs), so OUT stays high. Then
 * an edge that is nearer than STORM comes STORM pulses from now. */
static void load_counter(struct pit *p, uint64_t from, uint32_t tolerance, bool behind_edge)
{
	struct pit_counter *c = &p->counter[COUNTER_TICK];
	uint64_t t = now_in_pulses(), edge = pit_counter_next_edge(c, later(p->told, from));
	bool periodic = pit_counter_is_periodic(c);

	if (edge == PIT_NEVER) {
		machine_silence();
		p->slip = p->loaded_slip = 0;
		set_due(p, PIT_NEVER);
		return;
	}
	/* ticks=all: two edges in a period, until no tick is backlog */
	if (periodic && p->backlog != 0 && c->next >= STORM && !machine.low) {
		begin_stretch(p, (c->next + 1) / 2, 2 * (p->backlog < BURST ? p->backlog : BURST),
		              t);
		return;
	}
	uint64_t left = edge > t ? edge - t : 0;
	uint64_t ahead = left > machine.lead + 1 ? left - machine.lead : 1;
	bool whole = periodic &&
	             (c->next < STORM || (ahead + tolerance >= c->next && !machine.low));
	if (!whole && behind_edge && periodic && !machine.low) {
		begin_stretch(p, later(ahead, STORM), 1, t);
		return;
	}
	if (whole)
		machine_load(PERIODS, c->next, t);
	else
		machine_load(SINGLE, ahead, t);
	p->slip = p->loaded_slip = (int64_t)(machine.edge - edge);
	set_due(p, periodic && !whole ? tsc_at(machine.edge + PAST_EDGE) : PIT_NEVER);
}

/* Beyond a look's grain the machine's counter is right, and the TSC's measured rate is wrong: moves
 * the VM's counter by the difference since the last load. */
static void keep_pace(struct pit *p)
{
	int64_t drift = p->slip - p->loaded_slip;

	if (drift <= 1 && drift >= -1)
		return;
	pit_counter_shift(&p->counter[COUNTER_TICK], drift);
	p->slip = p->loaded_slip;
}

/* The VM runs, and one of its edges has passed: the single edge before a period, or the last edge
 * of a period whose count was written anew. */
static void load_next_period(struct pit *p)
{
	uint64_t t = machine_look(p);

	for (unsigned tries = 0; machine.kind == SINGLE && machine.edge >= t && tries < TRIES;
	     tries++)
		t = machine_look(p);
	keep_pace(p);
	uint64_t time = t - (uint64_t)p->slip;
	uint64_t ticks = pit_counter_edges(&p->counter[COUNTER_TICK], p->told, time);
	if (machine.kind == SINGLE && ticks > 1) /* the VMM is late: one edge was made */
		keep_ticks(p, ticks - 1);
	p->told = later(p->told, time);
	load_counter(p, t, p->counter[COUNTER_TICK].next / 8, true);
}

/* Does the work that is due for the VM that runs. */
static void work_for_running(struct pit *p)
{
	if (machine.kind == STRETCH) {
		end_stretch(p);
		load_counter(p, p->told, LATE, true);
	} else {
		load_next_period(p);
	}
}

/* ---- The switch ---- */

void pit_take(struct vm *vm)
{
	struct pit *p = &vm->pit;

	if (!p->own)
		return;
	if (machine.kind == SILENT) {
		p->told = later(p->told, now_in_pulses());
		return;
	}
	if (machine.kind == STRETCH) {
		end_stretch(p);
	} else {
		uint64_t t = look_beside_edges(p);
		keep_pace(p);
		p->told = later(p->told, t - (uint64_t)p->slip);
	}
	machine_silence();
	p->slip = p->loaded_slip = 0;
	chipset_look(); /* an edge before the silence is vm's */
}

void pit_put_away(struct vm *vm)
{
	struct pit *p = &vm->pit;

	vm_timer_set(vm, false, find_due);
	if (!p->own)
		return;
	/* pc: a tick that vm has not taken is in the status register, and in the 8259's IRR. The
	 * line's next owner must not get that tick. */
	if (chipset->block.settle != NULL && line_in(chipset->block.asserted(), PIT_TICK_LINE)) {
		machine.low = true; /* some 8259s forget a request whose line falls, some do not */
		machine_silence();
		chipset->block.settle(LINE(PIT_TICK_LINE));
		chipset->block.acknowledge(LINE(PIT_TICK_LINE));
		chipset->controller.request(&vm->controller, PIT_TICK_LINE);
		p->requested = true;
	}
	/* a VM that is ready gets its ticks when the VM comes back */
	bool sleeps = vm->state == VM_HALTED || (vm->state == VM_WAITING && vm->allot.halted);
	uint64_t edge = sleeps ? pit_counter_next_edge(&p->counter[COUNTER_TICK], p->told)
	                       : PIT_NEVER;
	set_due(p, edge != PIT_NEVER ? tsc_at(edge) : PIT_NEVER);
}

void pit_load(struct vm *vm)
{
	struct pit *p = &vm->pit;

	vm_timer_set(vm, true, find_due);
	if (!p->own)
		return;
	line_table[PIT_TICK_LINE].owner = vm;
	line_table[PIT_TICK_LINE].vms = VM_BIT(vm->number);
	uint64_t t = now_in_pulses();
	ask_for_ticks(vm, t);
	p->requested = false;
	load_counter(p, t, 2, false);
}

/* A tick of a VM that is away falls due. */
static void wake(struct vm *vm, uint64_t t)
{
	ask_for_ticks(vm, t);
	vm->pit.due = PIT_NEVER;
	if (vm->state != VM_HALTED ||
	    !line_in(chipset->controller.deliverable(&vm->controller, 0), PIT_TICK_LINE))
		return;
	line_table[PIT_TICK_LINE].wakeups++;
	sched_set_state(vm, VM_READY);
}

void pit_work(uint64_t now)
{
	while (now < pit_due) /* PIT_NEAR at most */
		now = cpu_tsc();
	uint64_t t = pit_clock_pulses(&clock, now), first = PIT_NEVER;
	for (unsigned i = 0; i < vm_count; i++) {
		struct vm *vm = vms[i];
		if (vm->pit.timer <= now)
			vm_timer_work(vm);
		if (vm->pit.own && vm->pit.due <= now) {
			if (vm == processor.vm)
				work_for_running(&vm->pit);
			else
				wake(vm, t);
		}
		first = vm_timer_earliest(&vm->pit, first);
	}
	pit_due = first;
	processor.attention = false; /* the caller chooses anyway, without a second round */
}

/* ---- The VMM's own time ---- */

void pit_load_alarm(void)
{
	uint64_t tsc = cpu_tsc(), t = pit_clock_pulses(&clock, tsc);

	line_table[PIT_TICK_LINE].owner = NULL;
	line_table[PIT_TICK_LINE].vms = 0;
	machine_load(SINGLE, pit_due > tsc ? pit_clock_pulses(&clock, pit_due) - t : 1, t);
}

void pit_silence_alarm(void)
{
	machine.low = true;
	machine_silence();
}

void pit_forget_alarm(void)
{
	if (!line_in(chipset->block.asserted(), PIT_TICK_LINE))
		return;
	if (chipset->block.settle != NULL)
		chipset->block.settle(LINE(PIT_TICK_LINE));
	chipset->block.acknowledge(LINE(PIT_TICK_LINE));
}

/* ---- The ports ---- */

bool pit_has_port(const struct vm *vm, uint16_t port)
{
	return vm->pit.own &&
	       ((port >= PORT_COUNTER0 && port <= PORT_CONTROL) || port == PORT_SYSTEM);
}

/* Returns the time of a counter for the VM that runs: by the machine's counter where the machine
 * counts for the VM. */
static uint64_t counter_time(struct pit *p, unsigned number)
{
	if (number != COUNTER_TICK || machine.kind == SILENT || machine.kind == STRETCH)
		return now_in_pulses();
	uint64_t t = machine_look(p), edge = machine.edge - (uint64_t)p->slip;
	/* The first period after a late load is long: the VM's counter waits at the end. */
	if (machine.kind == PERIODS && p->slip > 0 && t < machine.first)
		return t < edge ? t : edge - 1;
	return t - (uint64_t)p->slip;
}

static void read_back(struct pit *p, uint8_t value)
{
	for (unsigned i = 0; i < PIT_COUNTERS; i++)
		if (value >> (i + 1) & 1)
			pit_counter_latch(&p->counter[i], !(value & PIT_BACK_NO_COUNT),
			                  !(value & PIT_BACK_NO_STATUS), counter_time(p, i));
}

static void control(struct pit *p, uint8_t value)
{
	unsigned select = value >> PIT_SELECT_SHIFT;

	if (select == PIT_SELECT_READ_BACK) {
		read_back(p, value);
		return;
	}
	uint64_t t = counter_time(p, select);
	if ((value >> PIT_ACCESS_SHIFT & PIT_ACCESS_BOTH) == 0) {
		pit_counter_latch(&p->counter[select], true, false, t);
		return;
	}
	pit_counter_command(&p->counter[select], value, t);
	if (select != COUNTER_TICK)
		return;
	machine_silence();
	p->slip = p->loaded_slip = 0;
	p->told = now_in_pulses();
	p->backlog = 0;
	set_due(p, PIT_NEVER);
}

/* A count of counter 0 is written. A whole count of a counter that counts periods waits for the
 * period's end. Any other whole count begins at once, and the counter follows the machine's. */
static void write_tick_count(struct pit *p, uint8_t value)
{
	struct pit_counter *c = &p->counter[COUNTER_TICK];
	uint64_t t = counter_time(p, COUNTER_TICK);
	bool waits = c->counting && pit_counter_is_periodic(c) && c->reload >= STORM;
	bool whole = pit_counter_write(c, value, t);

	if (!whole) {
		if (!c->counting)
			machine_silence();
		return;
	}
	processor.attention = true; /* the turn's deadline has to know of the new moment */
	if (waits && machine.kind != STRETCH) {
		set_due(p, tsc_at(machine.edge + PAST_EDGE));
		return;
	}
	p->told = later(p->told, t);
	load_counter(p, t, PIT_COUNT_MOST, false);
	if (machine.kind != SILENT && machine.kind != STRETCH) {
		pit_counter_shift(c, p->slip);
		p->slip = p->loaded_slip = 0;
	}
}

uint8_t pit_read(struct vm *vm, uint16_t port)
{
	struct pit *p = &vm->pit;

	if (port == PORT_CONTROL)
		return 0xff;
	if (port == PORT_SYSTEM) {
		uint64_t t = now_in_pulses();
		const struct pit_counter *c = &p->counter[COUNTER_SPEAKER];
		return (uint8_t)((pit_counter_out(c, t) ? SYSTEM_OUT2 : 0) |
		                 (t >> REFRESH_SHIFT & 1 ? SYSTEM_REFRESH : 0) |
		                 (p->speaker ? SYSTEM_SPEAKER : 0) | (c->gate ? SYSTEM_GATE2 : 0));
	}
	unsigned number = port - PORT_COUNTER0;
	struct pit_counter *c = &p->counter[number];
	bool latched = c->latched_count != 0 || c->status_latched;
	return pit_counter_read(c, latched ? 0 : counter_time(p, number));
}

void pit_write(struct vm *vm, uint16_t port, uint8_t value)
{
	struct pit *p = &vm->pit;

	if (port == PORT_CONTROL) {
		control(p, value);
	} else if (port == PORT_SYSTEM) {
		p->speaker = value & SYSTEM_SPEAKER;
		pit_counter_set_gate(&p->counter[COUNTER_SPEAKER], value & SYSTEM_GATE2,
		                     now_in_pulses());
	} else if (port == PORT_COUNTER0) {
		write_tick_count(p, value);
	} else {
		(void)pit_counter_write(&p->counter[port - PORT_COUNTER0], value, now_in_pulses());
	}
}

/* ---- The beginning ---- */

void pit_reset(struct vm *vm)
{
	struct pit *p = &vm->pit;

	for (unsigned i = 0; i < PIT_COUNTERS; i++)
		pit_counter_reset(&p->counter[i]);
	p->counter[COUNTER_SPEAKER].gate = false;
	p->speaker = p->requested = false;
	p->backlog = 0;
	p->told = 0;
	p->slip = p->loaded_slip = 0;
	p->due = p->timer = PIT_NEVER;
}

/* Gives the machine's PIT to the only VM that asks for a PIT. The VM's start closes the ports that
 * a filter needs (vmm/core/port_filter.h). */
static void give(struct vm *vm)
{
	struct vm_config *c = &vm->config;

	c->io[c->io_count++] = (struct config_range){ PORT_COUNTER0, PORT_CONTROL };
	c->io[c->io_count++] = (struct config_range){ PORT_SYSTEM, PORT_SYSTEM };
	for (uint16_t port = PORT_COUNTER0; port <= PORT_CONTROL; port++)
		virt_open_port(vm->vcpu, port, true);
	virt_open_port(vm->vcpu, PORT_SYSTEM, true);
}

void pit_begin(void)
{
	struct vm *only = NULL;
	unsigned count = 0;
	bool all = false;

	for (unsigned i = 0; i < vm_count; i++) {
		if (!vms[i]->config.pit)
			continue;
		only = vms[i];
		count++;
		all |= vms[i]->config.ticks_all;
	}
	if (count == 1 && !all)
		give(only);
	pit_ticks = count > 1 || all;
	pit_moves = vm_timer_begin() || pit_ticks;
	if (!pit_ticks)
		return;
	pit_clock_begin(&clock, cpu_tsc(), platform.tsc_khz);
	for (unsigned i = 0; i < vm_count; i++) {
		vms[i]->pit.own = vms[i]->config.pit;
		vms[i]->controller.keeps = vms[i]->config.pit ? LINE(PIT_TICK_LINE) : 0;
		vms[i]->pit.all = vms[i]->config.ticks_all;
		pit_reset(vms[i]);
	}
	machine.low = true;
	machine_silence();
}
