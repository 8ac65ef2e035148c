/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest may ask of the VMM: VMCALL (VMMCALL) with the number in RAX, arguments in RBX, RCX,
 * RDX, the answer in RAX (0 or more: fine; negative: an errno). Guests and VMM share this header;
 * docs/guest-abi.md describes it in words.
 *
 * A guest finds the VMM by CPUID leaf 40000000h: EBX, ECX, EDX spell "SignalboxVMM". All addresses
 * are guest-physical.
 */
#ifndef VMM_ABI_H
#define VMM_ABI_H

#include "arch/x86/hypervisor.h"

#include <stdint.h>

enum sb_call {
	SB_CALL_PRINT =
		/* RBX = text, RCX = bytes (at most 512): to the console, prefixed by the VM's name
		 * per line */
	1,
	/* RBX = text, RCX = bytes (at most 48): the VM's part of the status line */
	SB_CALL_STATUS = 2,
	SB_CALL_RESULT = 3, /* RBX = struct sb_result: a line of the final table */
	/* RBX = struct sb_counters, filled in: this VM's exits so far, this call included */
	SB_CALL_COUNTERS = 4,
	SB_CALL_YIELD = 5, /* the rest of the slice goes to the next VM of the same priority */
	SB_CALL_EXIT = 6,  /* RBX = status: the VM is done; 0 means that all went well */
};

enum { SB_PRINT_MAX = 512, SB_STATUS_MAX = 48 };

struct sb_result {
	char probe[16]; /* uart, pit, wakeup, switch, cpuid, dispatch, ...; NUL-terminated */
	/* "instructions" where one TSC tick is one instruction, else "cycles", or "pit-ticks" */
	char unit[16];
	uint32_t n;          /* samples */
	uint32_t interrupts; /* interrupts taken during the probe */
	uint64_t min, median, p99, max;
	/* this VM's exits during the probe that an interrupt caused (see sb_counters) */
	uint64_t exits;
};

enum { SB_EXIT_KINDS = 32 };

struct sb_counters {
	uint64_t tsc;
	uint64_t total; /* all exits of this VM */
	/* those that delivering or ending its own interrupts caused: controller ports, interrupt
	 * windows, exits on interrupts, injections */
	uint64_t interrupt;
	uint64_t kind[SB_EXIT_KINDS]; /* by enum vm_exit_reason */
};

#endif
