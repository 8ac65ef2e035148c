/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invoking a VM: Figure 4 of the seed, step by step.
 *
 * Rule: nothing between the last look at the NMI count and the entry may sleep. An NMI that lands there is caught by the
 * host's NMI handler, and this entry does not happen (arch/x86/nmi.S). Steps that change nothing cost a comparison.
 */
#include "vmm/flows.h"
#include "vmm/sched.h"
#include "vmm/trace.h"

/* Of the controller's ports the guest may touch those that the chipset leaves open; delivery of its interrupts causes no
 * exit from the start. */
static void open_controller(struct vm *vm)
{
	static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1 };
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		vcpu_open_port(vm->vcpu, ports[i], vm->controller.open >> i & 1);
	vm->open_ports = vm->controller.open;
}

/* Events for the guest: an external NMI that is its own, and requests that the controller lost (R19). */
static void inject(struct vm *vm)
{
	if (vm->nmi_due) {
		vm->nmi_due = false;
		vcpu_inject_nmi(vm->vcpu);
	}
	int vector = chipset->pending_vector(&vm->controller);
	bool now = vector >= 0 && vcpu_can_inject(vm->vcpu);
	if (now) {
		line_set before = vm->controller.inject;
		vcpu_inject_interrupt(vm->vcpu, (uint8_t)vector);
		chipset->injected(&vm->controller);
		trace_record(TRACE_INJECT, vm->number, (unsigned)vector, 0);
		line_counters[line_first(before ^ vm->controller.inject)].injected++;
		vector = chipset->pending_vector(&vm->controller);
	}
	vcpu_want_window(vm->vcpu, vector >= 0);
}

enum vm_exit_reason vm_invoke(struct vm *vm)
{
	struct controller *own = &vm->controller;               /* 401: the lines of its devices */
	if (__builtin_expect(own->inject || vm->nmi_due, 0))
		inject(vm);
	chipset->route(own);                                    /* 402 */
	chipset->mask((line_set)~(sched_wake_lines(vm) | dispatch_vmm_lines())); /* 404 */
	if (vm->open_ports != own->open)                        /* 408: PIC ports; INTR never exits */
		open_controller(vm);
	                                                        /* 410: NMI exits, set when the VM was made */
	return vcpu_enter(vm->vcpu);                            /* 412 */
}
