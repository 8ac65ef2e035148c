/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world that the VMM and its guests live in: time, rounds, what the console orders, and the
 * frame in which the VMM's run loop runs.
 *
 * Rule: a round is a time in which everything happens, and a quiet one, at whose end nothing may be
 * missing.
 */
#include "tests/unit/sim_internal.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/virt/virt.h"
#include "tests/unit/check.h"
#include "tests/unit/elf_image.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_interrupts.h"
#include "tests/unit/sim_ledger.h"
#include "tests/unit/sim_slice.h"
#include "tests/unit/sim_window.h"
#include "vmm/core/allot.h"
#include "vmm/core/background.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/run.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/vm_build.h"
#include "vmm/operator/console.h"
#include "vmm/operator/operator.h"
#include "vmm/operator/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_US = 100, TICKS_PER_US = 5, GUEST_BYTES = 2 << 20, VMM_LINE = 4 };
enum { ORDER_ONE_IN = 3000, EXTERNAL_ONE_IN = 400, FRAMES_MAX = 64 };

struct sim_world sim_world;
const struct sim_habits *sim_habits;
unsigned sim_vms;
uint64_t sim_steps, fake_tsc;
struct sim_result sim_result;
bool sim_active;

static uint64_t generator, next_check;
static unsigned checks;
static bool ordered; /* somebody typed a command */

unsigned sim_random(unsigned limit)
{
	return random_below(&generator, limit);
}

void sim_violation(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "seed %lu, step %lu: ", (unsigned long)sim_world.seed,
	        (unsigned long)sim_steps);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr,
	        "\n8259: irr %02x %02x, isr %02x %02x, imr %02x %02x; lines high %04x, status "
	        "%04x\n",
	        sim_pic.chip[0].irr, sim_pic.chip[1].irr, sim_pic.chip[0].isr, sim_pic.chip[1].isr,
	        sim_pic.chip[0].imr, sim_pic.chip[1].imr, (unsigned)board.high,
	        (unsigned)chipset->block.asserted());
	for (unsigned i = 0; i < vm_count; i++)
		fprintf(stderr,
		        "vm %u: state %d, inject %04x, isr %02x %02x, imr %02x %02x, busy %d, "
		        "pending shared %04x\n",
		        i, vms[i]->state, (unsigned)vms[i]->controller.inject,
		        vms[i]->controller.pc.pic[0].isr, vms[i]->controller.pc.pic[1].isr,
		        vms[i]->controller.pc.pic[0].imr, vms[i]->controller.pc.pic[1].imr,
		        vms[i]->controller.busy,
		        (unsigned)vms[i]->controller.window.pending_shared);
	if (sim_window.present)
		sim_window_print();
	if (chipset->intercepts_interrupts)
		sim_interrupts_print();
	for (uint64_t i = board.nmis > NMIS_KEPT ? board.nmis - NMIS_KEPT : 0; i < board.nmis; i++)
		fprintf(stderr, "NMI %lu: line %d, %lu accesses ago\n", (unsigned long)i,
		        board.nmi_line[i % NMIS_KEPT],
		        (unsigned long)(board.accesses - board.nmi_access[i % NMIS_KEPT]));
	if (sim_world.timer_by_nmi)
		fprintf(stderr,
		        "slice timer: now %lu, end %lu, told %d, NMI at %lu, late until %lu, %u "
		        "ends\n",
		        (unsigned long)fake_tsc, (unsigned long)sim_slice.end, sim_slice.told,
		        (unsigned long)sim_slice.nmi_at, (unsigned long)sim_slice.late_until,
		        sim_slice.ends);
	printed_clear();
	trace_print(400);
	fprintf(stderr, "%s", printed());
	if (sim_world.violated != NULL)
		sim_world.violated();
	abort();
}

/* ---- Time and rounds ---- */

static void check_round(void)
{
	sim_devices_check();
	if (dispatch_counters.external != sim_result.external_raised)
		sim_violation("R06: %lu external NMIs were told, %lu were raised",
		              (unsigned long)dispatch_counters.external,
		              (unsigned long)sim_result.external_raised);
}

/* Somebody types; the VMM's device tells. */
static void type_something(void)
{
	ordered = true;
	sim_device_fire(SIM_VMM, VMM_LINE);
}

/* The block tells the signal from lines at any time, but two of them that nobody has seen yet are
 * one; nor can it be told from the slice timer's end where that is an NMI as well
 * (docs/limits.md). */
static void raise_external(void)
{
	if (!sim_slice_is_far() || dispatch_counters.external != sim_result.external_raised)
		return;
	sim_result.external_raised++;
	board_external_nmi();
}

void sim_moment(void)
{
	fake_tsc++;
	sim_slice_moment();
	sim_devices_fire(sim_active);
	if (sim_world.restarts && sim_active && sim_random(ORDER_ONE_IN) == 0)
		type_something();
	if (sim_world.external_anytime && sim_active && sim_random(EXTERNAL_ONE_IN) == 0)
		raise_external();
}

/* When all is quiet, an external NMI has to be told apart exactly: one of the block's, or one that
 * no block knows of. */
static void quiet_nmi(void)
{
	if (!sim_slice_is_far())
		return;
	sim_result.external_raised++;
	if (sim_window.present && checks % 4 == 2)
		sim_window_direct_nmi();
	else
		board_external_nmi();
}

bool sim_step(void)
{
	sim_steps++;
	sim_moment();
	if (sim_steps < next_check)
		return true;
	if (sim_active) {
		sim_active = false;
		next_check += sim_world.quiet_steps;
		if (sim_world.restarts)
			type_something(); /* whoever was stopped is started */
		return true;
	}
	check_round();
	if (sim_world.external_nmis && checks % 2 == 0) {
		quiet_nmi();
		next_check += sim_world.quiet_steps;
	} else {
		sim_active = true;
		next_check += sim_world.active_steps;
	}
	printed_clear();
	return ++checks < sim_world.rounds;
}

/* ---- What else the VMM is built on ---- */

uint64_t tsc_from_us(uint64_t us)
{
	return us * TICKS_PER_US;
}

/* The machine's memory, as far as somebody has it. */
static void *taken[FRAMES_MAX];
static unsigned taken_count;

uint64_t frames_alloc(uint64_t bytes, uint64_t align)
{
	void *frames = aligned_alloc(align, (bytes + align - 1) / align * align);

	if (frames == NULL || taken_count == FRAMES_MAX)
		abort();
	taken[taken_count++] = frames;
	return (uint64_t)frames;
}

void sim_power_off(void)
{
	while (taken_count > 0)
		free(taken[--taken_count]);
}

void *frames_alloc_vmm(uint64_t bytes, uint64_t align)
{
	void *memory = (void *)frames_alloc(bytes, align);

	memset(memory, 0, bytes);
	return memory;
}

uint64_t frames_free_bytes(void)
{
	return 0;
}

uint64_t frames_largest_bytes(void)
{
	return 0;
}

void frames_keep(void)
{
}

void frames_restore(void)
{
	abort();
}

/* The background work: it stops, starts, restarts whichever VM. */
static void obey(void)
{
	struct vm *vm = vms[sim_random(vm_count)];

	if (!sim_active) {
		for (unsigned i = 0; i < vm_count; i++)
			if (vms[i]->state == VM_STOPPED)
				vm_start(vms[i]);
	} else if (vm->state == VM_STOPPED || sim_random(2)) {
		vm_start(vm);
		sim_result.starts++;
	} else {
		vm_stop(vm, 0, &(struct denial){ .format = "stopped by the console" });
	}
}

static bool background_wanted;

void background_want(void)
{
	background_wanted = true;
	processor_look_at_once();
}

uint64_t background_due(bool idle)
{
	(void)idle;
	return background_wanted ? 0 : UINT64_MAX;
}

bool background_is_starved(void)
{
	return false;
}

/* It takes a while, in which everything may happen; an NMI ends it. */
void background_run(bool idle, uint64_t since)
{
	(void)idle;
	(void)since;
	if (processor.vm != NULL)
		sim_violation("background work while vm %u has the chipset", processor.vm->number);
	uint64_t began = fake_tsc;
	for (unsigned moments = sim_random(20); moments > 0 && nmi_count == 0; moments--)
		sim_moment();
	ledger_away(fake_tsc - began);
	if (nmi_count != 0)
		return;
	background_wanted = false;
	if (ordered)
		obey();
	ordered = false;
}

static void want_status(void)
{
}

static void tell(const char *words)
{
	(void)words;
}

static uint64_t used_until(void)
{
	return 0;
}

static const struct operator_calls person = { want_status, tell, used_until };

/* ---- The frame ---- */

static void vmm_device(void)
{
	(void)sim_device_serve(SIM_VMM, VMM_LINE);
	if (ordered)
		background_want(); /* as console_interrupt() does */
}

static bool asleep(void)
{
	uint64_t since = fake_tsc;
	bool goes_on = sim_step();

	ledger_away(fake_tsc - since);
	if (!goes_on)
		run_quit();
	return goes_on;
}

/* For whoever reads the trace of a violation. */
static void note_edge(unsigned line)
{
	trace_record(TRACE_LINE, board.in_guest ? sim_guest_running() : TRACE_NO_VM, line,
	             board.high);
}

static line_set shared_with_others(unsigned vm)
{
	line_set shared = 0;

	for (unsigned i = 0; i < sim_vms; i++)
		if (i != vm)
			shared |= sim_habits[i].lines & sim_habits[vm].lines;
	return shared;
}

/* As wire_lines() in vmm/main.c. */
static void wire(const struct sim_habits *h)
{
	for (line_set rest = h->controller_input | h->block_input ? h->lines : 0; rest;
	     rest &= rest - 1)
		chipset->mux.wire(line_first(rest),
		                  line_input(sim_inputs(h->controller_input), line_first(rest)),
		                  line_input(sim_inputs(h->block_input), line_first(rest)));
}

static void add_vm(unsigned number)
{
	static struct image image;
	struct vm_config config = { .memory = GUEST_BYTES,
		                    .priority = sim_habits[number].priority,
		                    .slice_us = SLICE_US,
		                    .lines = sim_habits[number].lines,
		                    .routes_at_exit = sim_habits[number].routes_at_exit,
		                    .share = 1 };

	image = image_elf32();
	snprintf(config.name, sizeof(config.name), "vm%u", number);
	wire(&sim_habits[number]);
	struct vm *vm = vm_create(number, &config,
	                          &(struct load_source){ .image = &image, .bytes = sizeof(image) });
	unsigned taken;

	vm->controller.lines = config.lines;
	vm->controller.shared = shared_with_others(number);
	chipset->controller.reset(&vm->controller, config.lines, vm->controller.shared);
	chipset->block.claim(config.lines, false);
	if (line_assign(vm, &taken) != 0)
		abort();
	sched_add(vm);
	vm_start(vm);
}

static void power_on(const struct sim_world *world)
{
	const char *name = world->chipset ? world->chipset : "pc";
	bool keeps = sim_pic.keeps_fallen_edges, silent = sim_pic.silent_in_initialisation;

	board_reset();
	sim_pic.keeps_fallen_edges = keeps;
	sim_pic.silent_in_initialisation = silent;
	sim_window_detach();
	if (strcmp(name, "irqmux") == 0)
		sim_window_attach();
	if (strcmp(name, "soft") == 0)
		sim_interrupts_attach();
	board.controller->write(PORT_ELCR1, (uint8_t)world->level);
	board.controller->write(PORT_ELCR2, (uint8_t)(world->level >> 8));
	if (chipset_init(name, world->banks) != 0)
		sim_violation("chipset=%s does not probe", name);
}

/* Where the block is hardware, all accesses to the controller are the guest's own, and nothing is
 * ever injected. */
static void check_exits(void)
{
	for (unsigned i = 0; i < vm_count && sim_window.present; i++)
		if (vms[i]->exits[VM_EXIT_IO] + vms[i]->exits[VM_EXIT_WINDOW] != 0)
			sim_violation("vm %u: its controller's ports made it exit", i);
}

void sim_run(const struct sim_world *world, const struct sim_habits *habits, unsigned count)
{
	const struct vmm_config config = { .nmi = NMI_LOG,
		                           .jitter = (uint32_t)world->seed + 1,
		                           .stay = 1 };

	sim_world = *world;
	sim_habits = habits;
	sim_vms = count;
	generator = world->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	next_check = world->active_steps;
	sim_active = true;
	fake_tsc = 1; /* 0 is no time: the run has not begun */
	power_on(world);
	if (world->timer_by_nmi)
		sim_slice_attach(sim_random);
	if (world->vmm_device)
		(void)line_reserve(VMM_LINE, vmm_device);
	dispatch_set_policy(NMI_LOG, NULL);
	for (unsigned i = 0; i < count; i++)
		add_vm(i);
	board.between = sim_moment;
	board.asleep = asleep;
	board.edge = note_edge;
	processor.allot.due = ALLOT_NEVER; /* allotments_begin() in the machine's own start */
	run_all(&config, &person);
	check_exits();
	ledger_check();
	sim_result.switches = 0;
	for (unsigned i = 0; i < vm_count; i++)
		sim_result.switches += vms[i]->switches_in;
}
