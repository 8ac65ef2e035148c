/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was printed: the real log (arch/x86/log/log.c) with a "VGA" that keeps everything.
 *
 * It has FAKE_ROWS rows to show after each text.
 *
 * Rule: printed() is all since the last printed_clear(); a test that prints too much fails.
 */
#ifndef TESTS_UNIT_FAKE_LOG_H
#define TESTS_UNIT_FAKE_LOG_H

enum { FAKE_ROWS = 25 };

const char *printed(void);
void printed_clear(void);

#endif
