/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The figures' flows (vmm/core/invoke.c, switch.c, dispatch.c, sched.c) on the block, step by step:
 * VMs without guests, whose programs the test plays itself at the ports.
 *
 * Rule: flow_power_on() sets all state of the VMM and of the machine anew, before each test.
 */
#ifndef TESTS_UNIT_SIM_FLOWS_H
#define TESTS_UNIT_SIM_FLOWS_H

#include "tests/unit/check.h"

#include "vmm/core/vm.h"

enum { FLOW_VMS = 6, FLOW_VMM_LINE = 4 };

/* Sets all state as at power-on, except the chipset driver's: chipset_init() sets the driver's.
 * Call before each test, as a setup of cmocka's. Returns 0. */
int flow_power_on(void **state);

/* Starts the VMM on a board with the block; banks as in banks=. Lines in level are level triggered
 * for the firmware. */
void flow_begin(unsigned banks, line_set level);
/* One more VM, ready, its controller as at reset; shared lines are found out. The inputs are words
 * as in vmm/config/config.h. */
struct vm *flow_add(line_set lines, unsigned priority);
struct vm *flow_add_wired(line_set lines, unsigned priority, uint64_t controller_input,
                          uint64_t block_input);
/* The VMM has a device, on FLOW_VMM_LINE; served: how often its handler was called. */
void flow_claim(void);
extern unsigned flow_served;
extern void (*flow_on_serve)(void);

/* vm's turn, as the run loop would give it: switch, then entry; NMIs that came meanwhile are
 * dispatched, and the entry tried again. False: somebody else has to be looked at first
 * (processor.attention), and vm has not been entered. */
bool flow_turn(struct vm *vm);
/* Entry of the VM that runs, the same way. */
bool flow_enter(void);
/* Whoever's turn it is, as the run loop would find out; the VM that has been entered. */
struct vm *flow_decide(void);
/* The VM that runs exits for the NMI that was raised in it. */
void flow_exit_nmi(void);
/* It executes HLT, and that exits. */
void flow_halt(void);

/* ---- The guest that runs ---- */

void flow_out(uint16_t port, uint8_t value);
uint8_t flow_in(uint16_t port);
/* Both chips, cascaded, vectors from base on, everything open. */
void flow_initialise(uint8_t base);
/* Takes one interrupt and ends it: its input, or -1: none is requested. */
int flow_take(uint8_t base);
/* Takes all, and says which inputs. */
line_set flow_take_all(uint8_t base);

/* At the nth access of the VMM to the window from now on (1: before the first), something
 * happens. */
void flow_at_access(unsigned nth, void (*what)(void));
/* Has it happened? */
bool flow_happened(void);

#endif
