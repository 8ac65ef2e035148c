/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a VM's own that exit all the same, because a bit there belongs to the whole machine:
 * reset, A20, the mask of the board's NMIs.
 *
 * Rule: a filter keeps the machine's bits unchanged and passes the other bits on. A read is the
 * device's answer. A port outside the table never exits. A port never exits for a VM that is
 * trusted with the port.
 */
#ifndef VMM_PORT_FILTER_H
#define VMM_PORT_FILTER_H

#include "vmm/core/vm.h"

/* Closes the filtered ports of the VM, and forgets a command from a former life of the VM. Call it
 * at each start of the VM. */
void port_filter_reset(struct vm *vm);
/* Returns true where the configuration gives the port to the VM. */
bool port_is_own(const struct vm *vm, uint16_t port);
/* Returns true where the port is the VM's own and filtered for this VM. */
bool port_is_filtered(const struct vm *vm, uint16_t port);
/* Does a guest's write of a byte to its own port. Returns false where the guest asked for a reset,
 * and the VM was stopped or starts anew. */
bool port_filter_write(struct vm *vm, uint16_t port, uint8_t value);

#endif
