/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/io.h: ports are functions that a simulator provides, time is a variable.
 *
 * Rule: this directory comes first in the include path, so the sources that are tested do not know.
 */
#ifndef ARCH_X86_IO_H
#define ARCH_X86_IO_H

#include <stdint.h>

uint8_t io_in8(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
uint32_t mmio_read32(uint64_t address);
void mmio_write32(uint64_t address, uint32_t value);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf);

/* What the TSC reads; a test moves it. */
extern uint64_t fake_tsc;

static inline uint64_t cpu_tsc(void)
{
	return fake_tsc;
}

#endif
