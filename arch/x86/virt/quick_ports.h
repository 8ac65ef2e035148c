/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two data ports of a PC's 8259 pair, 21h and A1h. The back end itself carries out a guest's
 * plain access to them between an exit and the next entry, and the run loop sees nothing.
 *
 * Rule: the owner of the ports (chipset/pc) offers the ports after an access that the run loop saw,
 * and takes the offer back before its own state changes in any other way. An offer ends by itself
 * after QUICK_MOST accesses, and then the run loop looks at the time. An access where anything is
 * unusual is left to the run loop, with nothing changed.
 */
#ifndef ARCH_X86_VIRT_QUICK_PORTS_H
#define ARCH_X86_VIRT_QUICK_PORTS_H

#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/virt.h"

#include <stdbool.h>
#include <stdint.h>

/* So many accesses take the VMM 830 instructions. The guest's timer stands still meanwhile. */
enum { QUICK_MOST = 7 };

/* A port. A write of a value is plain where `value | may_open` is all ones, and where the port does
 * not become all zero: an ICW1 of the guest would not show then. */
struct quick_port {
	uint8_t *guest;     /* the value as the guest wrote it. A read gives the value back. */
	uint8_t *chip;      /* the value that the port has. The access is plain where it has it. */
	uint8_t closed;     /* bits that are 1 at the port whatever the guest writes */
	uint8_t may_open;   /* bits that the guest may write as 0 */
	uint32_t unused[3]; /* a size of 32 bytes: the qualification has the place, shifted */
};

struct quick_ports {
	uint32_t offered;   /* as long as left: a single store takes the ports back */
	uint32_t left;      /* so many accesses may come before the run loop sees one */
	uint64_t *counters; /* each access adds 1 to an exit's kind VM_EXIT_IO and VM_EXIT_COUNT */
	struct quick_port port[2]; /* 21h, A1h */
};
extern struct quick_ports quick_ports;

/* Takes the ports back. */
static inline void quick_ports_end(void)
{
	quick_ports.offered = 0;
	quick_ports.left = 0;
}

/* Carries out a plain access to port 21h, or A1h (second), where the ports are offered. al: the
 * guest's register. Returns false, with nothing changed, where the access is not plain. */
static inline bool quick_ports_access(uint16_t port, bool second, bool in, uint8_t *al)
{
	const struct quick_port *p = &quick_ports.port[second];
	uint8_t value = *al, real = io_in8(port);

	if (real != *p->chip)
		return false;
	if (in) {
		*al = *p->guest;
	} else {
		const uint8_t wanted = value | p->closed;
		if ((value | p->may_open) != 0xff || wanted == 0)
			return false;
		*p->guest = value;
		if (wanted != real) {
			*p->chip = wanted;
			io_out8(port, wanted);
		}
	}
	quick_ports.left--;
	quick_ports.counters[VM_EXIT_IO]++;
	quick_ports.counters[VM_EXIT_COUNT]++;
	return true;
}

#endif
