/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to ports that exit. ports.c handles the one access that is on the interrupt path: a
 * plain write of a byte to the controller. port_access.c handles all other accesses. So ports.c is
 * made fast, and port_access.c is made small.
 *
 * Rule: a denied port reads as all ones and swallows all writes, like a port without a device. The
 * access is a fault where another owner has a device at the port, else a probe. INS and OUTS move
 * their data all the same.
 */
#ifndef VMM_PORT_ACCESS_H
#define VMM_PORT_ACCESS_H

#include "vmm/core/vm.h"

/* Handles reads, accesses wider than a byte, INS and OUTS, and guests that may have a breakpoint. A
 * wide access goes to the ports in turn, as on the ISA bus. Ports beyond the VM's own read as
 * ones. */
void port_access(struct vm *vm, struct vcpu_io io);

#endif
