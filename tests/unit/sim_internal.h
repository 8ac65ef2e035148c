/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the simulated machine share: devices (sim_devices.c), guests (sim_guest.c),
 * processor (sim_vcpu.c).
 *
 * Rule: randomness comes from one generator, so a seed names a run.
 */
#ifndef TESTS_UNIT_SIM_INTERNAL_H
#define TESTS_UNIT_SIM_INTERNAL_H

#include "tests/unit/sim_guest.h"

extern struct sim_world sim_world;
extern const struct sim_habits *sim_habits;
extern unsigned sim_vms;
extern uint64_t sim_steps;
extern bool sim_active; /* else all winds up and waits */

unsigned sim_random(unsigned limit);
/* Says what was violated, with the last of the trace, and fails the test. */
_Noreturn void sim_violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Frees the machine's memory. */
void sim_power_off(void);

/* A moment passes, in which the world may go on. */
void sim_moment(void);
/* A guest's instruction passes; false: the run is over. */
bool sim_step(void);
/* Whose vcpu is loaded. */
unsigned sim_guest_running(void);

/* ---- Devices: one for each line of each VM, and the VMM's ---- */

enum { SIM_VMM = SIM_VMS }; /* the VMM's number as an owner */

void sim_devices_fire(bool active);
/* This one has something. */
void sim_device_fire(unsigned owner, unsigned line);
/* The handler of this owner looks at its device; false: it had nothing. */
bool sim_device_serve(unsigned owner, unsigned line);
/* Every device served and every tick seen? Else a violation. */
void sim_devices_check(void);

/* ---- Guests ---- */

enum step { STEP_DONE, STEP_PORT, STEP_HLT, STEP_YIELD };

struct sim_access {
	uint16_t port;
	uint8_t value;
	bool in;
};

/* A word of inputs as the habits have it. */
uint64_t sim_inputs(uint64_t inputs);
/* The guest's first instruction comes next. */
void sim_guest_start(unsigned vm);
/* Execute one instruction. STEP_DONE: the next one is due; else it has to be emulated, and then
 * sim_guest_skip() called. may_access: is the port that it wants open? quiet: wind up and wait. */
enum step sim_guest_step(unsigned vm, bool (*may_access)(uint16_t port), bool quiet,
                         struct sim_access *access);
void sim_guest_skip(unsigned vm, uint8_t value);
/* An interrupt is delivered, by INTR or by an injection. */
void sim_guest_interrupt(unsigned vm, uint8_t vector);
/* The guest's own line of a vector; LINES: the vector is of none, or the guest is hostile. */
unsigned sim_guest_line(unsigned vm, uint8_t vector);
bool sim_guest_interrupts_on(unsigned vm);
/* The guests' programs run, not their systems. */
extern bool sim_in_ring_3;
bool sim_guest_idle(unsigned vm);

#endif
