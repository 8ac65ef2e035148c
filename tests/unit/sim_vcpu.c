/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor: what arch/x86/virt.h promises, over simulated guests, and the frame in which the VMM's run loop runs.
 *
 * Rule: between two instructions of a guest come, in the processor's order: NMI exit, slice timer, interrupt window, interrupt.
 */
#include "tests/unit/sim_internal.h"

#include "arch/x86/io.h"
#include "arch/x86/log.h"
#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"
#include "arch/x86/virt.h"
#include "tests/unit/check.h"
#include "tests/unit/elf_image.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "vmm/flows.h"
#include "vmm/report.h"
#include "vmm/run.h"
#include "vmm/sched.h"
#include "vmm/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLICE_US = 100, TICKS_PER_US = 5, GUEST_BYTES = 2 << 20 };

struct vcpu {
	unsigned number;
	struct vcpu_regs regs;
	bool open[4];
	bool halted, exit_on_hlt, want_window;
	int injected; /* a vector that the next entry delivers, or -1 */
	bool skips;   /* the instruction that exited was emulated; what it read is in RAX */
	uint64_t timer;
	struct sim_access access;
};

struct sim_world sim_world;
const struct sim_habits *sim_habits;
unsigned sim_vms;
uint64_t sim_steps, fake_tsc;
struct sim_result sim_result;
bool console_work;

static struct vcpu vcpus[SIM_VMS], *loaded;
static uint64_t generator, next_check;
static unsigned checks;
static bool active;

unsigned sim_random(unsigned limit)
{
	return random_below(&generator, limit);
}

void sim_violation(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "seed %lu, step %lu: ", (unsigned long)sim_world.seed, (unsigned long)sim_steps);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n8259: irr %02x %02x, isr %02x %02x, imr %02x %02x; lines high %04x, status %04x\n",
	        sim_pic.chip[0].irr, sim_pic.chip[1].irr, sim_pic.chip[0].isr, sim_pic.chip[1].isr, sim_pic.chip[0].imr,
	        sim_pic.chip[1].imr, board.high, chipset->asserted());
	for (unsigned i = 0; i < vm_count; i++)
		fprintf(stderr, "vm %u: state %d, inject %04x, isr %02x %02x, imr %02x %02x, busy %d\n", i,
		        vms[i]->state, vms[i]->controller.inject, vms[i]->controller.pic[0].isr,
		        vms[i]->controller.pic[1].isr, vms[i]->controller.pic[0].imr, vms[i]->controller.pic[1].imr,
		        vms[i]->controller.busy);
	for (uint64_t i = board.nmis > NMIS_KEPT ? board.nmis - NMIS_KEPT : 0; i < board.nmis; i++)
		fprintf(stderr, "NMI %lu: line %d, %lu accesses ago\n", (unsigned long)i, board.nmi_line[i % NMIS_KEPT],
		        (unsigned long)(board.accesses - board.nmi_access[i % NMIS_KEPT]));
	printed_clear();
	trace_print(400);
	fprintf(stderr, "%s", printed());
	exit(1);
}

/* ---- Time and rounds ---- */

static void check_round(void)
{
	sim_devices_check();
	if (dispatch_counters.external != sim_result.external_raised)
		sim_violation("R06: %lu external NMIs were told, %lu were raised",
		              (unsigned long)dispatch_counters.external, (unsigned long)sim_result.external_raised);
}

/* A moment passes. */
static void moment(void)
{
	fake_tsc++;
	sim_devices_fire(active);
}

/* A guest's instruction passes; false: the run is over. */
static bool step(void)
{
	sim_steps++;
	moment();
	if (sim_steps < next_check)
		return true;
	if (active) {
		active = false;
		next_check += sim_world.quiet_steps;
		return true;
	}
	check_round();
	/* When all is quiet, an external NMI has to be told apart exactly. */
	if (sim_world.external_nmis && checks % 2 == 0) {
		sim_result.external_raised++;
		board_external_nmi();
		next_check += sim_world.quiet_steps;
	} else {
		active = true;
		next_check += sim_world.active_steps;
	}
	printed_clear();
	return ++checks < sim_world.rounds;
}

/* ---- Entry and exit ---- */

static bool may_access(uint16_t port)
{
	return loaded->open[(port >> 6 & 2) | (port & 1)];
}

static void deliver(struct vcpu *v, uint8_t vector)
{
	v->halted = false;
	trace_record(TRACE_MARK, v->number, vector, (uint32_t)sim_steps);
	sim_guest_interrupt(v->number, vector);
}

static bool nmi_exit(struct vcpu *v)
{
	if (!board.nmi_exit)
		return false;
	board.nmi_exit = false;
	board.nmi_blocked = true;
	if (sim_world.nmi_exit_wakes)
		v->halted = false;
	return true;
}

static enum vm_exit_reason hlt(struct vcpu *v, bool *exits)
{
	*exits = v->exit_on_hlt;
	if (!*exits) {
		v->halted = true;
		sim_guest_skip(v->number, 0);
	}
	return VM_EXIT_HLT;
}

/* One instruction of the guest; *exits: it caused an exit. */
static enum vm_exit_reason instruction(struct vcpu *v, bool *exits)
{
	*exits = true;
	switch (sim_guest_step(v->number, may_access, !active, &v->access)) {
	case STEP_PORT:
		v->regs.rax = v->access.value;
		return VM_EXIT_IO;
	case STEP_YIELD:
		v->regs.rax = SB_CALL_YIELD;
		return VM_EXIT_CALL;
	case STEP_HLT:
		return hlt(v, exits);
	default:
		*exits = false;
		return VM_EXIT_OTHER;
	}
}

static enum vm_exit_reason execute(struct vcpu *v)
{
	bool exits = false;
	enum vm_exit_reason reason = VM_EXIT_OTHER;

	if (v->skips)
		sim_guest_skip(v->number, (uint8_t)v->regs.rax);
	v->skips = false;
	if (v->injected >= 0) {
		int vector = v->injected;
		v->injected = -1;
		deliver(v, (uint8_t)vector);
	}
	while (!exits) {
		if (nmi_exit(v))
			return VM_EXIT_NMI;
		if (v->timer == 0)
			return VM_EXIT_TIMER;
		if (v->want_window && sim_guest_interrupts_on(v->number))
			return VM_EXIT_WINDOW;
		if (sim_guest_interrupts_on(v->number) && sim_pic_interrupt())
			deliver(v, sim_pic_acknowledge());
		if (!v->halted)
			reason = instruction(v, &exits);
		if (v->timer != UINT64_MAX && v->timer > 0)
			v->timer--;
		if (!step()) {
			run_quit();
			return exits ? reason : VM_EXIT_CPUID;
		}
	}
	return reason;
}

enum vm_exit_reason vcpu_enter(struct vcpu *v)
{
	enum vm_exit_reason reason;

	if (v != loaded)
		sim_violation("vcpu %u is entered and %u is loaded", v->number, loaded->number);
	if (board.nmi_blocked)
		sim_violation("R12: an entry with NMIs blocked");
	if (dispatch_counters.external > sim_result.external_raised)
		sim_violation("R06: an external NMI was told, and none was raised");
	if (nmi_count != 0)
		return VM_EXIT_ABORTED;
	board.in_guest = true;
	reason = execute(v);
	board.in_guest = false;
	if (board.nmi_exit) { /* it came with another exit: the host's handler takes it right after that */
		board.nmi_exit = false;
		board_take_nmi();
	}
	return reason;
}

/* ---- The rest of the interface ---- */

struct vcpu *vcpu_create(const char *name)
{
	(void)name;
	struct vcpu *v = &vcpus[vm_count];

	v->number = vm_count;
	v->injected = -1;
	v->timer = UINT64_MAX;
	return v;
}

void vcpu_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx)
{
	(void)eip;
	(void)eax;
	(void)ebx;
	v->skips = v->halted = false;
	v->injected = -1;
	sim_guest_start(v->number);
}

struct vcpu_regs *vcpu_regs(struct vcpu *v)
{
	return &v->regs;
}

int vcpu_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable, bool executable)
{
	(void)v;
	(void)guest;
	(void)host;
	(void)bytes;
	(void)writable;
	(void)executable;
	return 0;
}

void vcpu_open_port(struct vcpu *v, uint16_t port, bool open)
{
	v->open[(port >> 6 & 2) | (port & 1)] = open;
}

void vcpu_load(struct vcpu *v)
{
	loaded = v;
}

void virt_unblock_nmi(void)
{
	board_unblock_nmi();
}

uint64_t vcpu_rip(struct vcpu *v)
{
	(void)v;
	return 0;
}

void vcpu_skip(struct vcpu *v)
{
	v->skips = true;
}

bool vcpu_can_inject(struct vcpu *v)
{
	return v->injected < 0 && sim_guest_interrupts_on(v->number);
}

bool vcpu_interrupts_on(struct vcpu *v)
{
	return sim_guest_interrupts_on(v->number);
}

void vcpu_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	if (v->injected >= 0)
		sim_violation("two events are injected in one entry");
	v->injected = vector;
}

void vcpu_inject_nmi(struct vcpu *v)
{
	(void)v;
}

void vcpu_want_window(struct vcpu *v, bool wanted)
{
	v->want_window = wanted;
}

void vcpu_set_timer(struct vcpu *v, uint64_t ticks)
{
	v->timer = ticks;
}

void vcpu_exit_on_hlt(struct vcpu *v, bool exits)
{
	v->exit_on_hlt = exits;
}

bool vcpu_halted(struct vcpu *v)
{
	return v->halted;
}

void vcpu_set_halted(struct vcpu *v, bool halted)
{
	v->halted = halted;
}

struct vcpu_io vcpu_exit_io(struct vcpu *v)
{
	return (struct vcpu_io){ .port = v->access.port, .size = 1, .kind = v->access.in ? IO_IN : 0 };
}

uint64_t vcpu_exit_address(struct vcpu *v, bool *write)
{
	(void)v;
	*write = false;
	return 0;
}

void vcpu_requeue_event(struct vcpu *v)
{
	(void)v;
}

void vcpu_cpuid(struct vcpu *v)
{
	(void)v;
}

int vcpu_emulate(struct vcpu *v, enum vm_exit_reason reason, char *what, size_t size)
{
	(void)v;
	(void)what;
	(void)size;
	sim_violation("exit %d comes from nowhere", reason);
}

void vcpu_dump(struct vcpu *v)
{
	(void)v;
}

#define X_NAME(id, name) name,
static const char *const exit_names[] = { VM_EXIT_REASONS(X_NAME) };
#undef X_NAME

const char *vm_exit_name(enum vm_exit_reason reason)
{
	return exit_names[reason];
}

/* ---- What else the VMM is built on ---- */

uint64_t tsc_from_us(uint64_t us)
{
	return us * TICKS_PER_US;
}

uint64_t frames_alloc(uint64_t bytes, uint64_t align)
{
	return (uint64_t)aligned_alloc(align, (bytes + align - 1) / align * align);
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

void nmi_halt(void)
{
	while (nmi_count == 0) {
		if (!step()) {
			run_quit();
			return;
		}
	}
}

void console_poll(void)
{
}

void report_status(void)
{
}

unsigned vmm_vm_count(void)
{
	return vm_count;
}

void vmm_vm_report(unsigned i, struct vm_report *out)
{
	*out = (struct vm_report){ .name = vms[i]->config.name };
}

/* ---- The frame ---- */

static void vmm_device(void)
{
	(void)sim_device_serve(SIM_VMM, 4);
}

/* For whoever reads the trace of a violation. */
static void note_edge(unsigned line)
{
	trace_record(TRACE_LINE, board.in_guest ? loaded->number : TRACE_NO_VM, line, board.high);
}

static line_set shared_with_others(unsigned vm)
{
	line_set shared = 0;

	for (unsigned i = 0; i < sim_vms; i++)
		if (i != vm)
			shared |= sim_habits[i].lines & sim_habits[vm].lines;
	return shared;
}

static void add_vm(unsigned number)
{
	static struct image image;
	struct vm_config config = { .memory = GUEST_BYTES,
		                    .priority = sim_habits[number].priority,
		                    .slice_us = SLICE_US,
		                    .lines = sim_habits[number].lines,
		                    .share = 1 };

	image = image_elf32();
	snprintf(config.name, sizeof(config.name), "vm%u", number);
	struct vm *vm = vm_create(number, &config, &image, sizeof(image));

	vm->controller.lines = config.lines;
	vm->controller.shared = shared_with_others(number);
	if (vm_start(vm) != 0)
		sim_violation("the guest's image is refused");
	chipset->claim(config.lines, false);
	sched_add(vm);
}

void sim_run(const struct sim_world *world, const struct sim_habits *habits, unsigned count)
{
	const struct vmm_config config = { .nmi = NMI_LOG, .jitter = (uint32_t)world->seed + 1, .stay = 1 };

	sim_world = *world;
	sim_habits = habits;
	sim_vms = count;
	generator = world->seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	next_check = world->active_steps;
	active = true;
	bool keeps = sim_pic.keeps_fallen_edges, silent = sim_pic.silent_in_initialisation;

	board_reset();
	sim_pic.keeps_fallen_edges = keeps;
	sim_pic.silent_in_initialisation = silent;
	if (chipset_init("pc") != 0)
		sim_violation("chipset=pc does not probe");
	if (world->vmm_device)
		dispatch_claim(4, vmm_device);
	dispatch_set_policy(NMI_LOG, NULL);
	for (unsigned i = 0; i < count; i++)
		add_vm(i);
	board.between = moment;
	board.edge = note_edge;
	run_all(&config);
	sim_result.switches = 0;
	for (unsigned i = 0; i < vm_count; i++)
		sim_result.switches += vms[i]->switches_in;
}
