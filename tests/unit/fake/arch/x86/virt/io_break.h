/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/virt/io_break.h: the real comparison, with DR0 to DR3 of a
 * test. No program on a host may read these registers.
 *
 * Rule: the real header gives all the rest, so no number is written twice.
 */
#ifndef TESTS_UNIT_FAKE_IO_BREAK_H
#define TESTS_UNIT_FAKE_IO_BREAK_H

#define break_hits_now processor_break_hits_now
#include "../../../../../../arch/x86/virt/io_break.h"
#undef break_hits_now

/* DR0 to DR3 as a test has them. Without them no test reaches the registers. */
extern uint64_t fake_dr[IO_BREAKS] __attribute__((weak));

static inline uint32_t break_hits_now(uint64_t dr7, uint32_t types, uint64_t address, uint32_t size)
{
	return break_hits(fake_dr, dr7, types, address, size);
}

#endif
