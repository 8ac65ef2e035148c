/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console whole, on a UART that is made of two buffers: what its tests share.
 *
 * Rule: the test is the background work; while it sleeps, the UART sends.
 */
#ifndef TESTS_UNIT_CONSOLE_KIT_H
#define TESTS_UNIT_CONSOLE_KIT_H

#include "tests/unit/check.h"

#include "tests/unit/fake_uart.h"
#include "tests/unit/fake_vmm.h"

/* What the background work has done since the test began. */
struct console_kit {
	unsigned sleeps, points;
};
extern struct console_kit kit;

/* Every test begins with a console that works by interrupt and has said everything. */
int console_begin(void **state);
#define ON_CONSOLE(test) cmocka_unit_test_setup(test, console_begin)

/* The UART's interrupt takes the keys; the background work looks at them. */
void type(const char *keys);
/* The world for a while: the FIFO runs empty, its interrupt is served. */
void let_it_run(void);
/* Types a line and Enter. The wire and what was printed begin with the Enter. */
void command(const char *line);

#endif
