/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the guest: Signalbox, or the bare one. Text, results, counters and the end of
 * the run go by VMCALL where there is a VMM (vmm/abi.h), else by COM1, polled.
 *
 * Rule: only this part asks which of the two it is, and only where the answer differs.
 */
#ifndef GUESTS_LIB_MACHINE_H
#define GUESTS_LIB_MACHINE_H

#include "vmm/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every guest has one: the body of the guest, its answer is the exit status. Interrupts are off and
 * every line is masked by nobody yet; the IDT is loaded. */
int guest_main(void);

bool machine_is_virtual(void);
/* Calls are made by VMMCALL, else by VMCALL (vmm/abi.h). */
extern bool machine_by_vmmcall;
/* "instructions" where the TSC counts them, else "cycles". */
const char *machine_unit(void);
/* TSC ticks of one unit: 1, but where an emulator counts so many for each instruction (the word
 * ticks=). */
uint32_t machine_unit_ticks(void);

/* printf-like, at most 255 bytes. A line goes out whole. */
void machine_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The VM's part of the status line; nothing on the bare machine. */
void machine_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
void machine_result(const struct sb_result *result);
/* This VM's exits so far; all zero on the bare machine. */
void machine_counters(struct sb_counters *counters);
/* The rest of the slice goes to another VM of the same priority; nothing on the bare machine. */
void machine_yield(void);
/* Any call, arguments unchecked: what the VMM answers; -1 on the bare machine. */
int64_t machine_call(uint64_t call, uint64_t b, uint64_t c, uint64_t d);
_Noreturn void machine_exit(int status);

/* Map the 2 MiB around a physical address that lies beyond the guest's own memory, uncached; a
 * pointer to that address. There is one such window, so an earlier pointer is dead. */
volatile void *machine_window(uint64_t physical);

#endif
