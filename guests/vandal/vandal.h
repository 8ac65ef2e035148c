/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vandal: a guest that does forbidden things, or very little, an attack at a time. The parts of
 * vandal:
 * - main.c: the list of attacks and the harmless attacks;
 * - processor.c, foreign.c, controller.c, fatal.c with task_switch.S;
 * - registers across exits and switches: state.c, poison.c, vectors.c, exits.c with exits_code.S;
 * - x87 errors: x87.c;
 * - the chipset block: storm.c, wide.c, registers.c;
 * - the guest's APICs: apics.c;
 * - RAM above 4 GiB: ram.c;
 * - devices of the guest's own: inputs.c, stream.c, nmi.c, idle.c, frames.c;
 * - the machine around: board.c, absent.c;
 * - steps.c with steps_code.S; tasks.c with tasks_code.S; taskfile.c with taskfile_code.S;
 * - storms for the VMM: hostile.c;
 * - programs in ring 3: ring3.c and ring3_code.S;
 * - random acts: campaign.c with campaign_acts.c, campaign_user.c, and campaign_stream.c with
 *   campaign_stream.S.
 *
 * Rule: an attack prints its observations. An attack is ok when a VMM kept the attack from
 * everything that is not the guest's. On the bare machine everything is the guest's, and most
 * attacks only report.
 */
#ifndef GUESTS_VANDAL_VANDAL_H
#define GUESTS_VANDAL_VANDAL_H

#include <stdbool.h>
#include <stdint.h>

/* An attack. argument: the text after the '=' in do=name=argument, else "". */
typedef void attack(const char *argument);

/* Prints "vandal: do=NAME: what ... ok", or "... FAILED: ..." */
void vandal_says(bool ok, const char *what, ...) __attribute__((format(printf, 2, 3)));
/* Prints that an attack comes now. For an attack that does not return, or that waits for an
 * event. */
void vandal_goes(const char *what);
/* Returns an attack's number: the attack's argument, else the word name=, else otherwise. */
uint64_t vandal_number(const char *argument, const char *name, uint64_t otherwise);
/* Returns whether the time by ms= or seconds= (or by the attack's argument, in seconds) is over.
 * start is a TSC value. */
bool vandal_time_over(uint64_t start, const char *argument);

/* Returns the word own=3,...: the guest's own lines (inputs, where the numbers differ). For attacks
 * that judge foreign interrupts. */
uint16_t vandal_own_lines(void);

/* processor.c */
attack vandal_vmx, vandal_msr, vandal_cr, vandal_xsetbv, vandal_caches;
/* state.c */
attack vandal_xsave, vandal_debugreg;
/* poison.c */
attack vandal_poison, vandal_clean;
/* foreign.c */
attack vandal_port, vandal_memory, vandal_pci, vandal_call, vandal_ring3, vandal_breakpoint;
/* controller.c */
attack vandal_unmask, vandal_reinit, vandal_inservice, vandal_icw1;
/* storm.c */
attack vandal_ports, vandal_initialisations, vandal_polls, vandal_elcr, vandal_levels, vandal_modes;
/* apics.c */
attack vandal_apicstate, vandal_apicjunk;
/* wide.c */
attack vandal_wide;
/* registers.c */
attack vandal_registers;
/* inputs.c */
attack vandal_inputs;
/* stream.c */
attack vandal_stream;
/* nmi.c */
attack vandal_nmi, vandal_nmihlt, vandal_nmidead;
/* frames.c */
attack vandal_frames;
/* steps.c */
attack vandal_steps;
/* tasks.c */
attack vandal_tasks, vandal_taskstorm;
/* taskfile.c */
attack vandal_taskfile;
/* idle.c */
attack vandal_idle;
/* exits.c */
attack vandal_exits;
/* vectors.c */
attack vandal_vectors;
/* x87.c */
attack vandal_x87;
/* fatal.c */
attack vandal_triple, vandal_spin, vandal_clihlt, vandal_hlt, vandal_taskswitch;
/* hostile.c */
attack vandal_prints, vandal_denied, vandal_msrs, vandal_cpuids, vandal_faults, vandal_restarts;
/* absent.c */
attack vandal_absent, vandal_edges;
/* ram.c */
attack vandal_ram;
/* board.c */
attack vandal_a20, vandal_reset, vandal_nmimask, vandal_probe;
/* campaign.c */
attack vandal_campaign;
/* hostile.c */
attack vandal_debug, vandal_align, vandal_pitstorm;

#endif
