/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's timer (SDM 3A 10.5.4), for sim_apic.c alone.
 */
#ifndef TESTS_UNIT_SIM_APIC_TIMER_H
#define TESTS_UNIT_SIM_APIC_TIMER_H

#include "tests/unit/sim_apic.h"

/* A write of the timer's entry: a change between counting and deadline disarms the timer. */
void sim_apic_timer_mode(struct sim_apic *a, uint32_t value);
void sim_apic_timer_load(struct sim_apic *a, uint32_t count);
bool sim_apic_timer_divide(struct sim_apic *a, uint32_t value);
void sim_apic_timer_deadline(struct sim_apic *a, uint64_t tsc);
uint32_t sim_apic_timer_count(const struct sim_apic *a);

#endif
