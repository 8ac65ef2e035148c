/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three VMs with a PIT of their own on a machine with one PIT, beside a PIT that each VM keeps.
 *
 * Rule: the machine's counter is a counter of its own (pit_counter.c, which test_pit.c holds
 * against the datasheet), and time passes with each access. Each edge of the machine's counter goes
 * to the VM that runs. A VM's ticks are the edges that reached the VM, and each request that was
 * waiting as the VM came back.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/machine/platform.h"
#include "tests/unit/check.h"
#include "vmm/core/lines.h"
#include "vmm/core/pit.h"
#include "vmm/core/sched.h"

#include <stdlib.h>
#include <string.h>

enum { VMS = 3, ACCESS = 20 /* TSC ticks */, KHZ = 20000, PIT_HZ = 1193182 };

uint64_t fake_tsc;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
struct processor processor;
struct platform platform;
struct line line_table[LINE_ROOM];

static struct vm vm[VMS];
static struct {
	struct pit_counter counter;   /* the machine's counter 0 */
	struct pit_counter commanded; /* QEMU's: a control word acts when the count comes */
	bool goes_on;
	uint64_t seen; /* edges until then were delivered */
	struct pit_counter truth[VMS];
	uint64_t from[VMS]; /* since the last programming */
	uint64_t ticks[VMS], requests[VMS];
	bool request[VMS], deliverable, woken;
	bool waits;    /* an edge for the VM that runs, which takes no edge in its turn */
	bool programs; /* the guest may lower OUT itself */
	unsigned opened;
	uint64_t random;
} world;

static uint64_t machine_time(void)
{
	return (uint64_t)((unsigned __int128)fake_tsc * PIT_HZ / (KHZ * 1000));
}

static void deliver(void)
{
	uint64_t t = machine_time(), edges = pit_counter_edges(&world.counter, world.seen, t);

	if (edges != 0) {
		assert_non_null(processor.vm); /* nobody else may get the edge */
		world.ticks[processor.vm->number] += edges;
		world.waits = true;
	}
	world.seen = t;
}

static void pass(uint64_t ticks)
{
	fake_tsc += ticks;
	deliver();
}

/* ---- What pit.c needs ---- */

void io_out8(uint16_t port, uint8_t value)
{
	pass(ACCESS);
	uint64_t t = machine_time();
	bool out = pit_counter_out(&world.counter, t);
	struct pit_counter *c = world.goes_on ? &world.commanded : &world.counter;
	if (port == 0x43 && value == 0)
		pit_counter_latch(&world.counter, true, false, t);
	else if (port == 0x43)
		pit_counter_command(c, value, t);
	else if (pit_counter_write(c, value, t))
		world.counter = *c;
	if (!out && pit_counter_out(&world.counter, t)) { /* as on a machine, that is an edge too */
		assert_non_null(processor.vm);
		world.ticks[processor.vm->number]++;
	}
	/* an 8259A forgets a request whose line falls */
	assert_false(world.waits && !world.programs && out && !pit_counter_out(&world.counter, t));
}

uint8_t io_in8(uint16_t port)
{
	pass(ACCESS);
	assert_int_equal(port, 0x40);
	return pit_counter_read(&world.counter, machine_time());
}

static void request(struct controller *c, unsigned line)
{
	struct vm *of = (struct vm *)((char *)c - offsetof(struct vm, controller));

	assert_int_equal(line, 0);
	world.request[of->number] = true;
	world.requests[of->number]++;
}

static line_set deliverable(const struct controller *c, line_set asserted)
{
	(void)c, (void)asserted;
	return world.deliverable ? LINE(0) : 0;
}

static line_set asserted(void)
{
	return 0;
}

const struct chipset *chipset = &(const struct chipset){
	.block = { .asserted = asserted },
	.controller = { .request = request, .deliverable = deliverable },
};

void sched_set_state(struct vm *of, enum vm_state state)
{
	of->state = state;
	world.woken = true;
}

void virt_open_port(struct vcpu *v, uint16_t port, bool open)
{
	(void)v;
	world.opened += open && port >= 0x40;
}

static void begin(unsigned count, uint64_t seed)
{
	memset(&world, 0, sizeof(world));
	memset(vm, 0, sizeof(vm));
	fake_tsc = 1234567;
	world.random = seed;
	world.deliverable = true;
	pit_counter_reset(&world.counter);
	pit_counter_reset(&world.commanded);
	platform.tsc_khz = KHZ;
	processor.vm = NULL;
	vm_count = VMS;
	for (unsigned i = 0; i < VMS; i++) {
		vms[i] = &vm[i];
		vm[i].number = (uint8_t)i;
		vm[i].state = VM_READY;
		vm[i].config.pit = i < count;
		pit_counter_reset(&world.truth[i]);
	}
	pit_moves = false;
	pit_due = PIT_NEVER;
	pit_begin();
	world.seen = machine_time();
}

static void leave(void)
{
	pit_take(processor.vm);
	world.waits = false;
	struct vm *left = processor.vm;
	processor.vm = NULL;
	pit_put_away(left);
}

static void enter(unsigned i)
{
	pit_load(&vm[i]);
	world.ticks[i] += world.request[i];
	world.request[i] = false;
	processor.vm = &vm[i];
	deliver();
}

static void guest_writes(uint16_t port, uint8_t value)
{
	unsigned i = processor.vm->number;
	uint64_t t = machine_time();

	world.programs = true;
	if (port == 0x43)
		pit_counter_command(&world.truth[i], value, t);
	else
		(void)pit_counter_write(&world.truth[i], value, t);
	pit_write(processor.vm, port, value);
	world.waits = world.programs = false;
	pass(ACCESS);
}

static void forget_ticks(unsigned i)
{
	world.ticks[i] = vm[i].pit.merged = vm[i].pit.backlog = 0;
	world.from[i] = machine_time();
}

static void guest_programs(uint8_t mode, uint16_t count)
{
	guest_writes(0x43, (uint8_t)(0x30 | mode << 1));
	forget_ticks(processor.vm->number);
	guest_writes(0x40, (uint8_t)count);
	processor.attention = false;
	guest_writes(0x40, (uint8_t)(count >> 8));
	assert_true(processor.attention); /* the turn gets a new deadline */
}

/* Each tick of the VM that runs was delivered once, or was dropped or is in the backlog, as the
 * words say. An edge that falls now may count or not. */
static void check_ticks(void)
{
	unsigned i = processor.vm->number;
	const struct pit *p = &vm[i].pit;

	if (p->backlog != 0) /* the machine's counter makes ticks faster than they fall due */
		return;
	uint64_t wanted = pit_counter_edges(&world.truth[i], world.from[i], machine_time()),
		 had = world.ticks[i] + p->merged + p->backlog;
	if (had + 1 < wanted || had > wanted + 1)
		fail_msg("vm %u: %llu ticks and %llu dropped, %llu in the backlog; %llu edges", i,
		         (unsigned long long)world.ticks[i], (unsigned long long)p->merged,
		         (unsigned long long)p->backlog, (unsigned long long)wanted);
}

static unsigned random_of(unsigned limit)
{
	return random_below(&world.random, limit);
}

/* The VM runs so many TSC ticks. The VMM comes in where work is due, a little late. */
static void run(uint64_t ticks)
{
	for (uint64_t end = fake_tsc + ticks; fake_tsc < end; pass(1 + random_of(30)))
		if (fake_tsc >= pit_due) {
			pass(random_of(200));
			assert_true(pit_is_due(fake_tsc));
			pit_work(fake_tsc);
		}
}

/* The count that a guest reads is the count of a PIT of its own, a few pulses late. */
static void check_count(int64_t slip)
{
	const struct pit_counter *truth = &world.truth[processor.vm->number];

	if (!truth->counting || truth->next < 400)
		return;
	pit_write(processor.vm, 0x43, 0x00);
	int64_t wanted = pit_counter_count(truth, machine_time());
	int64_t shown = pit_read(processor.vm, 0x40);
	shown |= pit_read(processor.vm, 0x40) << 8;
	int64_t period = pit_counter_is_periodic(truth) ? truth->next : PIT_COUNT_MOST;
	int64_t off = (shown - wanted) % period;
	off = off > period / 2 ? off - period : off < -period / 2 ? off + period : off;
	if (truth->mode == 3) /* counts by two */
		slip *= 2;
	if (off > slip || off < -slip)
		fail_msg("count %lld, wanted %lld: mode %u, period %u, slip %lld", (long long)shown,
		         (long long)wanted, truth->mode, truth->next,
		         (long long)processor.vm->pit.slip);
}

static void no_tick_is_lost_or_comes_twice_at_random_switches(void **state)
{
	static const uint8_t modes[] = { 2, 2, 2, 3, 0, 4, 1 };
	static const uint16_t sizes[] = { 1193, 1705, 400, 20000, 0, 3000 };

	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		begin(VMS, seed);
		for (unsigned i = 0; i < VMS; i++)
			vm[i].pit.all = random_of(4) == 0;
		enter(0);
		for (unsigned step = 0; step < 120; step++) {
			run(random_of(4) == 0 ? random_of(200000) : random_of(3000));
			check_ticks();
			if (random_of(8) == 0)
				guest_programs(modes[random_of(7)], sizes[random_of(6)]);
			if (random_of(3) == 0)
				check_count(40);
			if (random_of(2) != 0)
				continue;
			leave();
			pass(random_of(2000));
			enter(random_of(VMS));
		}
	}
}

/* The counter of a VM that is taken away and given back all the time keeps its pace. */
static void a_thousand_switches_in_a_second_do_not_slow_the_counter(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_programs(2, 1193);
	for (unsigned i = 0; i < 1000; i++) {
		run(10000 + random_of(20000));
		leave();
		enter(1);
		run(100 + random_of(400));
		leave();
		enter(0);
	}
	run(24000 * 3);
	check_ticks();
	check_count(40);
	/* all but a few edges were the machine's own */
	assert_true(world.requests[0] < world.ticks[0] / 4);
}

/* The first VM's edges are its own, although a control word does not silence QEMU's PIT. The other
 * VM's counter stands. */
static void a_pit_that_goes_on_after_a_control_word_makes_no_foreign_tick(void **state)
{
	(void)state;
	begin(2, 1);
	world.goes_on = platform.hypervised = true;
	pit_begin();
	enter(0);
	guest_programs(2, 1193);
	for (unsigned i = 0; i < 1000; i++) {
		run(random_of(40000));
		leave();
		pass(random_of(2000));
		enter(1);
		run(random_of(100000));
		assert_int_equal(world.ticks[1], 0);
		leave();
		enter(0);
		check_ticks();
	}
	platform.hypervised = false;
}

/* The TSC's rate was measured 0.1 % too high. The ticks come from the machine's counter. */
static void a_wrong_rate_of_the_tsc_does_not_add_up(void **state)
{
	(void)state;
	begin(2, 1);
	platform.tsc_khz = KHZ + KHZ / 1000;
	pit_begin();
	enter(0);
	guest_programs(2, 1193);
	for (unsigned i = 0; i < 60; i++) {
		run(20000 * 60);
		leave();
		enter(1);
		leave();
		enter(0);
	}
	check_ticks();
	check_count(60);
}

static void R13_a_halted_vm_is_woken_in_time(void **state)
{
	(void)state;
	for (unsigned part_ends = 0; part_ends < 2; part_ends++) { /* the VM's part of the frame */
		begin(2, 1);
		enter(0);
		guest_programs(0, 5000);
		uint64_t edge = machine_time() + 5000;
		vm[0].state = part_ends ? VM_WAITING : VM_HALTED, vm[0].allot.halted = part_ends;
		leave();
		vm[0].state = VM_HALTED;
		enter(1);
		guest_programs(2, 1000);
		while (!world.woken && machine_time() < edge + 40)
			run(10);
		assert_true(world.request[0] && machine_time() - edge < 40);
		assert_true(line_table[0].wakeups == part_ends + 1);
	}
}

static void a_vm_that_masks_its_tick_sleeps_on(void **state)
{
	(void)state;
	begin(2, 1);
	world.deliverable = false;
	enter(0);
	guest_programs(2, 1193);
	vm[0].state = VM_HALTED;
	leave();
	enter(1);
	run(200000);
	assert_false(world.woken);
	assert_true(pit_due == PIT_NEVER); /* and costs nobody an exit */
	leave();
	enter(0);
	run(30000);
	check_ticks();
}

static void merged_ticks_are_one(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_programs(2, 1193);
	leave();
	enter(1);
	run(20000 * 10);
	leave();
	uint64_t before = world.ticks[0];
	enter(0);
	assert_int_equal(world.ticks[0], before + 1);
	assert_in_range(vm[0].pit.merged, 8, 9);
}

static void all_ticks_come_where_the_words_say_so(void **state)
{
	(void)state;
	begin(2, 1);
	vm[0].pit.all = true;
	enter(0);
	guest_programs(2, 1193);
	leave();
	enter(1);
	run(20000 * 100);
	leave();
	enter(0);
	assert_in_range(vm[0].pit.backlog, 97, 100);
	run(20000 * 120);
	assert_int_equal(vm[0].pit.backlog, 0);
	assert_int_equal(vm[0].pit.merged, 0);
	check_ticks();
	run(20000 * 20);
	check_ticks();
	check_count(40);
}

/* The count that the guest reads goes with the tick before a late load, 60 pulses late here. */
static void ticks_that_a_late_vmm_has_not_made_are_kept(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_programs(2, 1193);
	pass(20000 * 5 + 1000); /* the single edge was the first of five ticks */
	pit_work(fake_tsc);
	assert_in_range(vm[0].pit.merged, 3, 4);
	check_count(4);
	run(19500); /* the late tick is to come: the counter waits at its end */
	pit_write(&vm[0], 0x43, 0x00);
	assert_int_equal(pit_read(&vm[0], 0x40), 1);
}

static void a_storm_costs_the_others_nothing(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_programs(2, 1193);
	leave();
	enter(1);
	guest_programs(3, 2);
	run(20000);
	assert_true(world.ticks[1] > 500);
	uint64_t tsc = fake_tsc;
	leave();
	enter(0);
	assert_true(fake_tsc - tsc < 40 * ACCESS);
	assert_true(pit_due > fake_tsc + 10); /* the storm asks for no look */
	run(20000 * 10);
	check_ticks();
}

static void half_a_count_survives_a_switch(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_writes(0x43, 0x34);
	guest_writes(0x40, 0xa9);
	leave();
	enter(1);
	guest_writes(0x43, 0x14);
	guest_writes(0x40, 0x80);
	leave();
	enter(0);
	guest_writes(0x40, 0x04);
	forget_ticks(0);
	run(20000 * 5);
	check_ticks();
	assert_in_range(world.ticks[0], 4, 6);
	/* and half a read */
	pit_write(&vm[0], 0x43, 0x00);
	uint8_t low = pit_read(&vm[0], 0x40);
	leave();
	enter(1);
	leave();
	enter(0);
	unsigned count = pit_read(&vm[0], 0x40) * 256u + low;
	assert_in_range(count, 1, 0x4a9);
}

static void a_new_count_comes_at_the_period_s_end(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_programs(2, 2000);
	run(10000);
	guest_writes(0x40, 0xe8);
	guest_writes(0x40, 0x03);
	run(20000 * 10);
	check_ticks();
	check_count(40);
}

static void channels_and_commands_without_sense_do_nothing(void **state)
{
	(void)state;
	begin(2, 7);
	enter(0);
	guest_programs(2, 1193);
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t value = (uint8_t)random_of(256);
		if (value >> 6 == 0 && (value & 0x30) != 0)
			continue; /* the tick is to go on */
		pit_write(&vm[0], 0x43, value);
		pit_write(&vm[0], (uint16_t)(0x41 + random_of(2)), (uint8_t)random_of(256));
		pit_write(&vm[0], 0x61, (uint8_t)random_of(256));
		(void)pit_read(&vm[0], (uint16_t)(0x40 + random_of(4)));
		(void)pit_read(&vm[0], 0x61);
		run(200);
	}
	check_ticks();
}

/* As Linux measures its TSC: mode 0, the gate opens, OUT in port 61h rises. */
static void counter_2_measures_time(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	pit_write(&vm[0], 0x61, 0x00);
	pit_write(&vm[0], 0x43, 0xb0);
	pit_write(&vm[0], 0x42, 0x9b);
	pit_write(&vm[0], 0x42, 0x2e);
	run(1000);
	assert_int_equal(pit_read(&vm[0], 0x61) & 0x21, 0);
	pit_write(&vm[0], 0x61, 0x01);
	uint64_t t = machine_time();
	while (!(pit_read(&vm[0], 0x61) & 0x20))
		run(10);
	assert_in_range(machine_time() - t, 0x2e9b - 2, 0x2e9b + 20);
	assert_int_equal(world.seen, machine_time());
}

static void a_new_start_is_a_new_pit(void **state)
{
	(void)state;
	begin(2, 1);
	enter(0);
	guest_programs(2, 1193);
	leave();
	pit_reset(&vm[0]);
	uint64_t before = world.ticks[0];
	enter(0);
	run(200000);
	assert_int_equal(world.ticks[0], before);
}

static void the_only_vm_has_the_machine_s_pit(void **state)
{
	(void)state;
	begin(1, 1);
	assert_false(pit_moves);
	assert_int_equal(world.opened, 5);
	assert_int_equal(vm[0].config.io_count, 2);
	assert_int_equal(vm[0].config.io[0].last, 0x43);
	assert_int_equal(vm[0].config.io[1].first, 0x61);
	assert_false(pit_has_port(&vm[0], 0x40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_tick_is_lost_or_comes_twice_at_random_switches),
		cmocka_unit_test(a_thousand_switches_in_a_second_do_not_slow_the_counter),
		cmocka_unit_test(a_pit_that_goes_on_after_a_control_word_makes_no_foreign_tick),
		cmocka_unit_test(a_wrong_rate_of_the_tsc_does_not_add_up),
		cmocka_unit_test(R13_a_halted_vm_is_woken_in_time),
		cmocka_unit_test(a_vm_that_masks_its_tick_sleeps_on),
		cmocka_unit_test(merged_ticks_are_one),
		cmocka_unit_test(all_ticks_come_where_the_words_say_so),
		cmocka_unit_test(ticks_that_a_late_vmm_has_not_made_are_kept),
		cmocka_unit_test(a_storm_costs_the_others_nothing),
		cmocka_unit_test(half_a_count_survives_a_switch),
		cmocka_unit_test(a_new_count_comes_at_the_period_s_end),
		cmocka_unit_test(channels_and_commands_without_sense_do_nothing),
		cmocka_unit_test(counter_2_measures_time),
		cmocka_unit_test(a_new_start_is_a_new_pit),
		cmocka_unit_test(the_only_vm_has_the_machine_s_pit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
