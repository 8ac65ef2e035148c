/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that a guest may make to the VMM. The guest executes VMCALL (VMMCALL) with the number
 * in RAX and the arguments in RBX, RCX and RDX. RAX holds the answer: 0 or more is success, a
 * negative value is an errno. Guests and VMM share this header. docs/guest-abi.md describes the
 * calls in words.
 *
 * A guest finds the VMM by CPUID leaf 40000000h: EBX, ECX, EDX spell "SignalboxVMM". All addresses
 * are guest-physical.
 */
#ifndef VMM_ABI_H
#define VMM_ABI_H

#include "arch/x86/cpu/hypervisor.h"

#include <stdint.h>

/* The calls by number. */
enum sb_call {
	SB_CALL_PRINT =
		/* RBX = text, RCX = bytes (at most 512). The text goes to the console; the VM's
		 * name stands before each line. */
	1,
	/* RBX = text, RCX = bytes (at most 48). The text is the VM's part of the status line. */
	SB_CALL_STATUS = 2,
	SB_CALL_RESULT = 3, /* RBX = struct sb_result. The result is a line of the final table. */
	/* RBX = struct sb_counters. The VMM fills the structure with this VM's exits so far, this
	 * call included. */
	SB_CALL_COUNTERS = 4,
	SB_CALL_YIELD = 5, /* The rest of the slice goes to the next VM of the same priority. */
	SB_CALL_EXIT = 6,  /* RBX = status. The VM is done; 0 means that all went well. */
	/* The answer is the time that the VM has had the processor since the boot, in TSC ticks. In
	 * a stretch without HLT, the TSC's advance less this time's advance was stolen. */
	SB_CALL_RAN = 7,
};

/* The most bytes of SB_CALL_PRINT and of SB_CALL_STATUS. */
enum { SB_PRINT_MAX = 512, SB_STATUS_MAX = 48 };

/* A measurement of a guest, as SB_CALL_RESULT takes it. */
struct sb_result {
	char probe[16]; /* uart, pit, wakeup, switch, cpuid, dispatch, ...; NUL-terminated */
	/* "instructions" where a TSC tick is an instruction, else "cycles", or "pit-ticks" */
	char unit[16];
	uint32_t n;          /* Number of samples. */
	uint32_t interrupts; /* Number of interrupts taken during the probe. */
	/* The figures of the samples, in unit. */
	uint64_t min, median, p99, max;
	/* This VM's exits during the probe that an interrupt caused (see sb_counters). */
	uint64_t exits;
};

/* Size of struct sb_counters' table: room for further exit reasons. */
enum { SB_EXIT_KINDS = 32 };

/* A VM's exits so far, as SB_CALL_COUNTERS gives them. */
struct sb_counters {
	/* The TSC at the time of the call. */
	uint64_t tsc;
	uint64_t total; /* All exits of this VM. */
	/* Exits for the delivery or the end of the VM's own interrupts: controller ports, interrupt
	 * windows, exits on interrupts, injections. */
	uint64_t interrupt;
	uint64_t kind[SB_EXIT_KINDS]; /* Exits by enum vm_exit_reason. */
};

#endif
