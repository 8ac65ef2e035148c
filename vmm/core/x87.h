/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An x87 error of a guest with CR0.NE clear: on a PC an interrupt, IRQ13 (SDM 1 D.2).
 *
 * The guest's processor stands still at the instruction that finds the error, until an interrupt
 * comes. The interrupt's handler returns to the same instruction. The instruction finds the error
 * again, unless the handler has ended the error. The board's latch makes a single edge of line 13
 * of the error; a write to port F0h clears the latch. On a PC such a write also lets x87
 * instructions go on beside the error (IGNNE#). Here the write does not.
 *
 * Rule: the error belongs to its VM alone. The error is a request for line 13 where the VM has line
 * 13, and else no request. Neither the error nor port F0h reaches the machine.
 */
#ifndef VMM_X87_H
#define VMM_X87_H

#include "vmm/core/vm.h"

/* The port of the error latch. */
enum { X87_PORT = 0xf0 };

/* Handles an exit at such an instruction. The processor has not executed the instruction. Halts the
 * VM until an interrupt comes. reason: the exit's reason. */
void x87_error(struct vm *vm, enum vm_exit_reason reason);
/* Clears the latch. Call it for a write to port F0h. */
void x87_unlatch(struct vm *vm);

#endif
