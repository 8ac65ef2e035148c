/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which controller picprobe's programs are played on, on the host: the model of the chipset block,
 * or the pair with rules by which the emulators' controllers differ (ruled8259.h).
 *
 * Rule: a controller is as after reset when it is chosen.
 */
#ifndef TESTS_UNIT_PICPROBE_BENCH_H
#define TESTS_UNIT_PICPROBE_BENCH_H

#include <stdint.h>

void bench_use_model(void);
void bench_use_rules(uint32_t rules);
/* The bit of a rule, 0 for no rule of that name. */
uint32_t bench_rule(const char *name);

#endif
