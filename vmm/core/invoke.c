/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invoking a VM: Figure 4 of the seed, step by step.
 *
 * Rule: no code between the last look at the NMI count and the entry may sleep. The host's NMI
 * handler catches an NMI in that stretch, and the entry does not happen (arch/x86/cpu/nmi.S). A
 * step without a change costs a comparison.
 */
#include "arch/x86/cpu/hints.h"
#include "arch/x86/log/log.h"
#include "vmm/core/flows.h"
#include "vmm/core/lines.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"

const struct flow_watch *flow_watch;

/* Injects requests that the controller lost (R19), one per entry; the other requests wait for the
 * window. Returns true while a request still waits or is held. Then the caller looks again before
 * the next entry, whatever the exit was: a window may be missed. */
static bool inject(struct vm *vm)
{
	struct controller *own = &vm->controller;
	int vector = chipset->controller.pending_vector(own);

	if (vector >= 0 && virt_can_inject(vm->vcpu)) {
		virt_inject_interrupt(vm->vcpu, (uint8_t)vector);
		line_table[chipset->controller.injected(own)].injected++;
		trace_record(TRACE_INJECT, vm->number, (unsigned)vector, 0);
		vector = chipset->controller.pending_vector(own);
	}
	bool held = chipset->controller.hold != NULL && virt_may_be_overtaken(vm->vcpu),
	     was_held = own->held;
	own->held = held;
	if (chipset->controller.hold != NULL && (held | was_held))
		chipset->controller.hold(own);
	virt_want_window(vm->vcpu, vector >= 0 ? WINDOW_SOON : held ? WINDOW_LATER : WINDOW_NONE);
	return vector >= 0 || held;
}

/* Injects an external NMI that is the VM's. Before the guest can take an NMI, the NMI is dropped,
 * and a message says so at each doubling: on a bare machine the NMI would end the guest. Returns
 * true while the NMI still waits. cold: see take_external_nmi() (vmm/core/dispatch.c). */
static __attribute__((cold)) bool inject_nmi(struct vm *vm)
{
	if (virt_has_interrupt_table(vm->vcpu))
		return !virt_inject_nmi(vm->vcpu);
	vm->nmis_dropped++;
	if ((vm->nmis_dropped & (vm->nmis_dropped - 1)) == 0)
		log_line("vm %s: an NMI of its own is dropped, number %u: "
		         "it has loaded no interrupt table yet",
		         vm->config.name, vm->nmis_dropped);
	return false;
}

/* Does what at_entry says before the other events are injected. cold: see take_external_nmi()
 * (vmm/core/dispatch.c). */
static __attribute__((cold)) void begin_entry(struct vm *vm)
{
	if (vm->at_entry & AT_ENTRY_NMI && !inject_nmi(vm))
		vm->at_entry &= (uint8_t)~AT_ENTRY_NMI;
}

/* Does what at_entry says last: the watch's mark stands right before the entry. */
static __attribute__((cold)) void end_entry(struct vm *vm)
{
	vm->controller.changed = true; /* the next entry is asked too */
	if (vm->at_entry & AT_ENTRY_WATCH)
		flow_watch->on_entry(vm);
}

/* Opens the ports that the chipset leaves to the guest; the guest's interrupts cause no exit from
 * the start. Injects events that the controller cannot deliver itself: lost requests, and an
 * external NMI that is the VM's.
 * slow_path: inlined, a CPUID takes 123 instructions, else 121 (test_figures.py, limit 122), and a
 * mask write that the run loop sees took 211, else 205. */
static slow_path void change_controller(struct vm *vm)
{
	struct controller *own = &vm->controller;

	if (vm->at_entry)
		begin_entry(vm);
	bool waits = (own->inject || own->held || chipset->intercepts_interrupts) && inject(vm);
	uint8_t change = own->open ^ vm->open_ports;
	for (unsigned i = 0; change != 0; i++, change >>= 1)
		if (change & 1)
			virt_open_port(vm->vcpu, chipset_ports[i], own->open >> i & 1);
	vm->open_ports = own->open;
	own->changed = waits;
	if (vm->at_entry)
		end_entry(vm);
}

static inline void open_controller(struct vm *vm)
{
	if (vm->controller.changed)
		change_controller(vm);
}

/* Figure 4. 401: the lines of the VM's devices are vm->controller.lines. 410: NMIs exit from the
 * time on when the VM was made. */
enum vm_exit_reason vm_invoke(struct vm *vm)
{
	chipset_route(&vm->controller); /* 402 */
	sched_mask(vm);                 /* 404 */
	open_controller(vm);            /* 408 */
	return virt_enter(vm->vcpu);    /* 412 */
}

/* ¶45, the other embodiment: the routes change as part of the exit. A line that asserts while the
 * VMM works is held. */
void vm_leave(void)
{
	chipset_route(NULL);
}

/* slow_path: inlined, each exit takes one instruction more. */
slow_path enum vm_exit_reason vm_exited(struct vm *vm, enum vm_exit_reason reason)
{
	if (vm->at_exit & AT_EXIT_ROUTES)
		vm_leave();
	if (vm->at_exit & AT_EXIT_WATCH)
		flow_watch->on_exit(vm, reason);
	return reason;
}
