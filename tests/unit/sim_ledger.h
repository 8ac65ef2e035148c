/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated machine's own account of what the VMM reports.
 *
 * Rule: the account is kept where the processor stands: at entries, exits, injections and NMIs. It
 * reads no counter of the VMM's before the end.
 */
#ifndef TESTS_UNIT_SIM_LEDGER_H
#define TESTS_UNIT_SIM_LEDGER_H

#include "arch/x86/virt/virt.h"

#include <stdint.h>

/* The VMM has put this VM's state into the processor. */
void ledger_loaded(unsigned vm);
/* The VM was entered, and has come back after so many ticks. by_nmi: the end of the slice was an
 * NMI. */
void ledger_exited(unsigned vm, enum vm_exit_reason reason, bool by_nmi, uint64_t ticks);
/* The VMM has injected an interrupt of this line (LINES: of no line of the VM's own). */
void ledger_injected(unsigned line);
/* So many ticks passed while no VM had the processor. */
void ledger_away(uint64_t ticks);
/* The run is over: each column of the VMM's reports is what the machine has seen. Else a
 * violation. */
void ledger_check(void);

#endif
