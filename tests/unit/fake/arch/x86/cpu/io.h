/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host tests' stand-in for arch/x86/cpu/io.h: ports are functions that a simulator provides,
 * time is a variable.
 *
 * Rule: this directory comes first in the include path, so the sources that are tested do not know.
 */
#ifndef ARCH_X86_CPU_IO_H
#define ARCH_X86_CPU_IO_H

#include <stdbool.h>
#include <stdint.h>

uint8_t io_in8(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
uint32_t io_in32(uint16_t port);
void io_out32(uint16_t port, uint32_t value);
uint8_t mmio_read8(uint64_t address);
uint16_t mmio_read16(uint64_t address);
uint32_t mmio_read32(uint64_t address);
uint64_t mmio_read64(uint64_t address);
void mmio_write8(uint64_t address, uint8_t value);
void mmio_write16(uint64_t address, uint16_t value);
void mmio_write32(uint64_t address, uint32_t value);
void mmio_write64(uint64_t address, uint64_t value);

static inline void mmio_read_3x64(uint64_t address, uint64_t value[3])
{
	for (unsigned i = 0; i < 3; i++)
		value[i] = mmio_read64(address + 8 * i);
}

static inline void mmio_write_3x64(uint64_t address, const uint64_t value[3])
{
	for (unsigned i = 0; i < 3; i++)
		mmio_write64(address + 8 * i, value[i]);
}

void cpu_write_back(void);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf);
bool cpu_has_gib_pages(void);
uint64_t msr_read(uint32_t msr);

static inline uint64_t msr_read_apart(uint32_t msr)
{
	return msr_read(msr);
}

void msr_write(uint32_t msr, uint64_t value);
uint64_t dr6_read(void);
void dr6_write(uint64_t value);
uint64_t cr0_read(void);
void cr0_write(uint64_t value);
uint64_t cr2_read(void);
uint64_t cr3_read(void);
uint64_t cr4_read(void);
void cr4_write(uint64_t value);
void cr2_write(uint64_t value);

/* What the TSC reads; a test moves it. */
extern uint64_t fake_tsc;

static inline uint64_t cpu_tsc(void)
{
	return fake_tsc;
}

#endif
