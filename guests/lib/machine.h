/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under the guest: Signalbox, or the bare machine. Text, results, counters and the end
 * of the run go by VMCALL where there is a VMM (vmm/abi.h), else by COM1, polled.
 *
 * Rule: only this part asks whether there is a VMM, and only where the answer matters.
 */
#ifndef GUESTS_LIB_MACHINE_H
#define GUESTS_LIB_MACHINE_H

#include "vmm/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every guest has this function: the body of the guest. The return value is the exit status.
 * Interrupts are off, no driver has masked the lines yet, and the IDT is loaded. */
int guest_main(void);

/* Returns whether there is a VMM. */
bool machine_is_virtual(void);
/* Calls are made by VMMCALL, else by VMCALL (vmm/abi.h). */
extern bool machine_by_vmmcall;
/* Returns "instructions" where the TSC counts instructions, else "cycles". */
const char *machine_unit(void);
/* Returns the TSC ticks of a unit: 1, except where an emulator counts several ticks for each
 * instruction (the word ticks=). */
uint32_t machine_unit_ticks(void);

/* What the loader's map says of the RAM: the range above 4 GiB, and the end of the RAM below.
 * bytes: 0 where there is none above, or no map. */
struct machine_ram {
	uint64_t first, bytes, low;
};
const struct machine_ram *machine_high_ram(void);

/* Prints like printf, at most 255 bytes. A line goes out whole. */
void machine_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sets the VM's part of the status line. No effect on the bare machine. */
void machine_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Hands a probe's result to the VMM. */
void machine_result(const struct sb_result *result);
/* Returns this VM's exits so far; all zero on the bare machine. */
void machine_counters(struct sb_counters *counters);
/* Returns the TSC ticks for which this VM has had the processor; all of the TSC's on the bare
 * machine. */
uint64_t machine_ran(void);
/* Gives the rest of the slice to another VM of the same priority. No effect on the bare machine. */
void machine_yield(void);
/* Makes any call, arguments unchecked. Returns the VMM's answer; -1 on the bare machine. */
int64_t machine_call(uint64_t call, uint64_t b, uint64_t c, uint64_t d);
/* Ends the guest, and on the bare machine the emulator. */
_Noreturn void machine_exit(int status);

/* Maps the 2 MiB around a physical address beyond the guest's own memory, uncached. Returns a
 * pointer to the address. There is a single window, so an earlier pointer becomes invalid. */
volatile void *machine_window(uint64_t physical);

#endif
