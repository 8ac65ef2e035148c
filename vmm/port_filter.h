/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a VM's own that exit all the same, because a bit there is the whole machine's: reset,
 * A20, the mask of the board's NMIs.
 *
 * Rule: a filter keeps the machine's bits as they are and passes the others on; a read is the
 * device's answer. A port that is not in the table never exits, nor one whose VM is trusted with
 * it.
 */
#ifndef VMM_PORT_FILTER_H
#define VMM_PORT_FILTER_H

#include "vmm/vm.h"

/* Closes those of the VM's ports that are filtered, and forgets what a former life began. */
void port_filter_reset(struct vm *vm);
/* Is the port the VM's own, by its configuration? */
bool port_is_own(const struct vm *vm, uint16_t port);
/* Is it filtered for this VM? */
bool port_is_filtered(const struct vm *vm, uint16_t port);
/* Do what the guest asks for, one byte of its own port. False: it asked for a reset, and was
 * stopped or starts anew. */
bool port_filter_write(struct vm *vm, uint16_t port, uint8_t value);

#endif
