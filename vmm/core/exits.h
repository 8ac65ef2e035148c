/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handling of each kind of VM exit.
 *
 * Rule: each reason has a row in a table. A handler leaves the VM ready for the next entry, or sets
 * processor.attention when a decision is due.
 */
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include "vmm/core/vm.h"

/* Handles an exit of vm. Call it once after each vm_invoke(). */
void exit_handle(struct vm *vm, enum vm_exit_reason reason);

/* Notes these ports as owned. A foreign access to an owned port is a fault; an access to a port
 * without an owner is a probe (vmm/core/port_access.c). Call it at boot, for the VMM's ports and
 * for each VM's ports. */
void ports_take(uint16_t first, uint16_t last);

/* Handles a trapped or denied port (vmm/core/ports.c). */
void exit_port(struct vm *vm, enum vm_exit_reason reason);
/* Handles a call of the guest (vmm/core/calls.c). */
void exit_call(struct vm *vm, enum vm_exit_reason reason);

/* Returns how many results the guests have reported (vmm/core/calls.c). */
unsigned calls_result_count(void);
/* Returns result i, in the order of arrival, and the VM of the result in *vm. */
const struct sb_result *calls_result(unsigned i, const struct vm **vm);

#endif
