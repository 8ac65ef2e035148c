/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An x87 error of a guest that has CR0.NE clear: on a PC an interrupt, IRQ13 (SDM 1 D.2).
 *
 * The guest's processor stands still at the instruction that finds the error, until an interrupt
 * comes. Its handler comes back to the same instruction, which finds the error again unless the
 * handler has ended it. The board's latch makes one edge of line 13 of the error; a write to port
 * F0h clears the latch. On a PC that write lets x87 instructions go on beside the error, too
 * (IGNNE#): here it does not.
 *
 * Rule: the error is its VM's own. It is a request for line 13 where the VM has that line, and else
 * for nobody; neither the error nor port F0h reaches the machine.
 */
#ifndef VMM_X87_H
#define VMM_X87_H

#include "vmm/vm.h"

enum { X87_PORT = 0xf0 };

/* An exit at such an instruction, which has not been executed. */
void x87_error(struct vm *vm, enum vm_exit_reason reason);
/* A write to port F0h. */
void x87_unlatch(struct vm *vm);

#endif
