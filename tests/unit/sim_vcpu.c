/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor: what arch/x86/virt/virt.h promises, over simulated guests.
 *
 * Rule: between two instructions of a guest come, in the processor's order: NMI exit, slice timer,
 * interrupt window, interrupt; that is the guest's own, or an exit. With timer_by_nmi it is another
 * kind of processor: the slice timer is one for all, its end is an NMI, and the host's handler
 * takes the NMI of an exit (arch/x86/virt/svm/exit.c).
 */
#include "tests/unit/sim_internal.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/quick_ports.h"
#include "tests/unit/check.h"
#include "tests/unit/elf_image.h"
#include "tests/unit/fake_log.h"
#include "tests/unit/sim8259.h"
#include "tests/unit/sim_board.h"
#include "tests/unit/sim_ledger.h"
#include "vmm/core/flows.h"
#include "vmm/core/run.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/operator/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENTRIES_MAX = 1000 }; /* of which none executes an instruction */
enum {
	IF_CLEAR_STEPS = 100
}; /* before the back end asks for an exit (arch/x86/virt/vmx/quirk.c) */

/* A test may define these functions itself. */
#define WEAK __attribute__((weak))

struct vcpu {
	struct vcpu_head head; /* a guest here has no breakpoint */
	unsigned number;
	bool open[CHIPSET_PORTS];
	bool halted, exit_on_hlt, want_window;
	bool sleeps; /* executed HLT, and no interrupt came since */
	bool exits;  /* on physical interrupts */
	/* but not this time: entered with interrupts off, and nothing has changed that */
	bool if_clear;
	unsigned if_clear_steps;
	int injected;   /* a vector that the next entry delivers, or -1 */
	bool skips;     /* the instruction that exited was emulated; what it read is in RAX */
	uint64_t timer; /* what is left of its slice; with timer_by_nmi, while it is not loaded */
	struct sim_access access;
};

bool sim_in_ring_3;
static struct vcpu vcpus[SIM_VMS], *loaded;
static uint64_t entered_at;
static unsigned entries; /* at that step */

/* ---- Entry and exit ---- */

static unsigned port_index(uint16_t port)
{
	for (unsigned i = 0; i < CHIPSET_PORTS; i++)
		if (chipset_ports[i] == port)
			return i;
	sim_violation("port %x is no controller's", port);
}

static bool may_access(uint16_t port)
{
	return loaded->open[port_index(port)];
}

static void deliver(struct vcpu *v, uint8_t vector)
{
	v->halted = v->sleeps = false;
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

/* Its NMI is this exit's, which counts as none. */
static enum vm_exit_reason reason_of_nmi(void)
{
	if (!sim_world.timer_by_nmi)
		return VM_EXIT_NMI;
	board_take_nmi();
	nmi_count--;
	return slice_timer_ended() ? VM_EXIT_TIMER : VM_EXIT_NMI;
}

/* A physical interrupt, whether the guest has its own on or off. */
static bool interrupt_exit(struct vcpu *v)
{
	v->if_clear &= !sim_guest_interrupts_on(v->number);
	if (!v->exits || v->if_clear || !board.controller->interrupt())
		return false;
	if (sim_world.nmi_exit_wakes)
		v->halted = false;
	return true;
}

static enum vm_exit_reason hlt(struct vcpu *v, bool *exits)
{
	*exits = v->exit_on_hlt;
	v->sleeps = true;
	if (!*exits) {
		v->halted = true;
		sim_guest_skip(v->number, 0);
	}
	return VM_EXIT_HLT;
}

/* As a back end carries out an access that exits (arch/x86/virt/quick_ports.h). */
static bool access_quickly(struct vcpu *v)
{
	const uint16_t port = v->access.port;
	uint8_t value = v->access.value;

	if ((port & ~0x80) != 0x21 || quick_ports.left == 0)
		return false;
	board.in_guest = false;
	bool done = quick_ports_access(port, port >> 7, v->access.in, &value);
	if (done) {
		sim_guest_skip(v->number, value);
		ledger_exited(v->number, VM_EXIT_IO, false, 0);
	}
	board.in_guest = true;
	return done;
}

/* One instruction of the guest; *exits: it caused an exit. */
static enum vm_exit_reason instruction(struct vcpu *v, bool *exits)
{
	*exits = true;
	if (v->sleeps && sim_world.exact && !sim_world.nmi_exit_wakes)
		sim_violation("R07: vm %u: its HLT ended, and nothing interrupted it", v->number);
	switch (sim_guest_step(v->number, may_access, !sim_active, &v->access)) {
	case STEP_PORT:
		if (access_quickly(v)) {
			*exits = nmi_count != 0;
			return VM_EXIT_ABORTED;
		}
		v->head.regs.rax = v->access.value;
		return VM_EXIT_IO;
	case STEP_YIELD:
		v->head.regs.rax = SB_CALL_YIELD;
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
	/* a handler, with interrupts off, whatever it makes of that */
	bool exits = false, begins = v->injected >= 0;
	enum vm_exit_reason reason = VM_EXIT_OTHER;

	if (v->skips)
		sim_guest_skip(v->number, (uint8_t)v->head.regs.rax);
	v->skips = false;
	v->if_clear = sim_world.entry_with_if_clear && v->exits && v->injected < 0;
	v->if_clear_steps = 0;
	/* a virtual interrupt: others are looked at before it */
	if (v->injected >= 0 && sim_world.timer_by_nmi) {
		if (nmi_exit(v))
			return VM_EXIT_NMI;
		if (!v->exits && board.controller->interrupt())
			sim_violation(
				"an interrupt of the controller's overtakes one that was injected");
	}
	if (v->injected >= 0) {
		int vector = v->injected;
		v->injected = -1;
		deliver(v, (uint8_t)vector);
	}
	while (!exits) {
		if (nmi_exit(v))
			return VM_EXIT_NMI;
		if (v->timer == 0 && !sim_world.timer_by_nmi)
			return VM_EXIT_TIMER;
		if (v->want_window && !begins && sim_guest_interrupts_on(v->number))
			return VM_EXIT_WINDOW;
		begins = false;
		if (interrupt_exit(v))
			return VM_EXIT_INTERRUPT;
		if (v->if_clear && v->if_clear_steps++ == IF_CLEAR_STEPS)
			return VM_EXIT_POLL;
		if (!v->exits && sim_guest_interrupts_on(v->number) &&
		    board.controller->interrupt())
			deliver(v, board.controller->acknowledge());
		if (!v->halted)
			reason = instruction(v, &exits);
		if (v->timer != UINT64_MAX && v->timer > 0)
			v->timer--;
		if (!sim_step()) {
			run_quit();
			return exits ? reason : VM_EXIT_CPUID;
		}
	}
	return reason;
}

/* Somebody above it is ready: its turn is over, but for the wait for an EOI. */
static void check_priority(const struct vcpu *v)
{
	const struct vm *vm = vms[v->number];

	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i]->state == VM_READY && vms[i]->config.priority > vm->config.priority &&
		    !vm->switch_waits)
			sim_violation("R13: vm %u is entered while vm %u is ready", v->number, i);
}

enum vm_exit_reason virt_enter(struct vcpu *v)
{
	enum vm_exit_reason reason;
	bool by_nmi = false;

	if (v != loaded)
		sim_violation("vcpu %u is entered and %u is loaded", v->number, loaded->number);
	/* in a storm they are, and the last look gives the entry up */
	if (board.nmi_blocked && nmi_count == 0)
		sim_violation("R12: an entry with NMIs blocked");
	if (dispatch_counters.external > sim_result.external_raised)
		sim_violation("R06: an external NMI was told, and none was raised");
	entries = sim_steps == entered_at ? entries + 1 : 0;
	entered_at = sim_steps;
	if (entries == ENTRIES_MAX)
		sim_violation("no guest gets anywhere: %d entries without an instruction",
		              ENTRIES_MAX);
	sim_moment(); /* an NMI after the VMM's last look and before the entry */
	if (nmi_count != 0) {
		ledger_exited(v->number, VM_EXIT_ABORTED, false, 0);
		return VM_EXIT_ABORTED;
	}
	check_priority(v);
	board.in_guest = true;
	uint64_t since = fake_tsc;
	reason = execute(v);
	board.in_guest = false;
	if (reason == VM_EXIT_NMI) {
		reason = reason_of_nmi();
		by_nmi = true;
	}
	ledger_exited(v->number, reason, by_nmi, fake_tsc - since);
	/* it came with another exit: the host's handler takes it right after that */
	if (board.nmi_exit) {
		board.nmi_exit = false;
		board_take_nmi();
	}
	sim_moment();
	return reason;
}

unsigned sim_guest_running(void)
{
	return loaded->number;
}

/* ---- The rest of the interface ---- */

struct vcpu *virt_create(const char *name)
{
	(void)name;
	struct vcpu *v = &vcpus[vm_count];

	v->number = vm_count;
	v->injected = -1;
	v->timer = UINT64_MAX;
	return v;
}

void virt_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx)
{
	(void)eip;
	(void)eax;
	(void)ebx;
	v->skips = v->halted = v->sleeps = false;
	v->exit_on_hlt = true;
	v->injected = -1;
	sim_guest_start(v->number);
}

WEAK int virt_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
                  bool executable)
{
	(void)v;
	(void)guest;
	(void)host;
	(void)bytes;
	(void)writable;
	(void)executable;
	return 0;
}

void virt_open_port(struct vcpu *v, uint16_t port, bool open)
{
	v->open[port_index(port)] = open;
}

void virt_load(struct vcpu *v)
{
	struct vcpu *old = loaded;

	loaded = v;
	ledger_loaded(v->number);
	if (v == old || !sim_world.timer_by_nmi)
		return;
	if (old != NULL)
		old->timer = slice_timer_left();
	slice_timer_arm(v->timer);
}

void virt_unblock_nmi(void)
{
	board_unblock_nmi();
}

uint64_t virt_rip(struct vcpu *v)
{
	(void)v;
	return 0;
}

bool virt_skip(struct vcpu *v)
{
	v->skips = true;
	return false;
}

bool virt_can_inject(struct vcpu *v)
{
	return v->injected < 0 && sim_guest_interrupts_on(v->number);
}

bool virt_in_ring_0(struct vcpu *v)
{
	(void)v;
	return !sim_in_ring_3;
}

bool virt_interrupts_on(struct vcpu *v)
{
	return sim_guest_interrupts_on(v->number);
}

void virt_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	if (v->injected >= 0)
		sim_violation("two events are injected in one entry");
	v->injected = vector;
	v->halted = false;
	ledger_injected(sim_guest_line(v->number, vector));
}

WEAK bool virt_may_be_overtaken(struct vcpu *v)
{
	return sim_world.timer_by_nmi && v->injected >= 0;
}

bool virt_has_interrupt_table(struct vcpu *v)
{
	(void)v;
	return true;
}

bool virt_inject_nmi(struct vcpu *v)
{
	(void)v;
	return true;
}

WEAK bool virt_nmis_blocked(struct vcpu *v)
{
	(void)v;
	return false;
}

WEAK void virt_want_window(struct vcpu *v, enum window wanted)
{
	v->want_window = wanted != WINDOW_NONE;
}

void virt_set_timer(struct vcpu *v, uint64_t ticks)
{
	v->timer = ticks;
	if (sim_world.timer_by_nmi && v == loaded)
		slice_timer_arm(ticks);
}

void virt_exit_on_interrupt(struct vcpu *v, bool exits)
{
	v->exits = exits;
}

bool virt_exit_on_hlt(struct vcpu *v, bool exits)
{
	v->exit_on_hlt = exits;
	return exits;
}

bool virt_halted(struct vcpu *v)
{
	return v->halted;
}

void virt_set_halted(struct vcpu *v, bool halted)
{
	v->halted = halted;
}

WEAK struct vcpu_io virt_exit_io(struct vcpu *v)
{
	return (struct vcpu_io){ .port = v->access.port,
		                 .size = 1,
		                 .kind = v->access.in ? IO_IN : 0 };
}

void virt_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string)
{
	(void)v;
	(void)io;
	(void)string;
}

/* No simulated guest executes INS or OUTS: test_string_io.c. */
WEAK bool virt_string_begin(struct vcpu *v, const struct vcpu_io *io, unsigned most,
                            struct vcpu_string *piece)
{
	(void)v;
	(void)most;
	(void)piece;
	sim_violation("a string instruction at port %x", io->port);
}

WEAK void virt_string_end(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *piece)
{
	(void)v;
	(void)piece;
	sim_violation("a string instruction at port %x", io->port);
}

WEAK uint64_t virt_exit_address(struct vcpu *v, bool *write)
{
	(void)v;
	*write = false;
	return 0;
}

WEAK bool virt_drop_store(struct vcpu *v)
{
	(void)v;
	return false;
}

int virt_absent(struct vcpu *v)
{
	(void)v;
	return 0;
}

WEAK int virt_absent_page(struct vcpu *v, uint64_t guest)
{
	(void)v;
	(void)guest;
	return 0;
}

WEAK int virt_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes)
{
	(void)v;
	(void)guest;
	(void)bytes;
	return 0;
}

WEAK void virt_requeue_event(struct vcpu *v)
{
	(void)v;
}

void virt_cpuid(struct vcpu *v)
{
	(void)v;
}

int virt_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what)
{
	(void)v;
	(void)what;
	sim_violation("exit %d comes from nowhere", reason);
}

void virt_dump(struct vcpu *v)
{
	(void)v;
}

const char *virt_describe(void)
{
	return "simulated";
}

void virt_leave(void)
{
}

bool virt_can_exit_on_interrupt(void)
{
	return true;
}

#define X_NAME(id, name) name,
static const char *const exit_names[] = { VM_EXIT_REASONS(X_NAME) };
#undef X_NAME

const char *vm_exit_name(enum vm_exit_reason reason)
{
	return exit_names[reason];
}

/* ---- Sleep ---- */

void nmi_halt(void)
{
	uint64_t since = fake_tsc;

	while (nmi_count == 0 && sim_step())
		;
	if (nmi_count == 0)
		run_quit();
	ledger_away(fake_tsc - since);
}
