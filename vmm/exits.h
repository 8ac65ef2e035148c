/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each kind of VM exit leads to.
 *
 * Rule: one row a reason; a handler leaves the VM ready to be entered again, or says by
 * sched_attention that somebody has to decide.
 */
#ifndef VMM_EXITS_H
#define VMM_EXITS_H

#include "vmm/vm.h"

void exit_handle(struct vm *vm, enum vm_exit_reason reason);

/* Somebody's ports: a foreign access to them is a fault, while one to a port that nobody has is a
 * probe (vmm/ports.c). */
void ports_take(uint16_t first, uint16_t last);

/* A trapped or denied port (vmm/ports.c), and a call of the guest's (vmm/calls.c). */
void exit_port(struct vm *vm, enum vm_exit_reason reason);
void exit_call(struct vm *vm, enum vm_exit_reason reason);

/* The guests' results, in the order of their arrival (vmm/calls.c). */
unsigned calls_result_count(void);
const struct sb_result *calls_result(unsigned i, const struct vm **vm);

#endif
