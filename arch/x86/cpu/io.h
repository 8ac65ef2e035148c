/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's instructions without a name in C.
 *
 * Rule: one instruction per function, inlined, for any use.
 */
#ifndef ARCH_X86_CPU_IO_H
#define ARCH_X86_CPU_IO_H

#include <stdbool.h>
#include <stdint.h>

static inline uint8_t io_in8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t io_in16(uint16_t port)
{
	uint16_t value;
	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t io_in32(uint16_t port)
{
	uint32_t value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void io_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void io_out8_string(uint16_t port, const void *bytes, uint64_t count)
{
	__asm__ volatile("rep outsb" : "+S"(bytes), "+c"(count) : "d"(port) : "memory");
}

static inline void io_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void io_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint64_t cpu_tsc(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* RDMSR clears the upper halves of both registers. */
static inline uint64_t msr_read(uint32_t msr)
{
	uint64_t low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return high << 32 | low;
}

/* Reads an MSR in the shadow of a MOV to SS. QEMU 10 translates such an instruction alone. Where
 * QEMU counts instructions, a read of the clock is allowed in the last instruction of a block of
 * code only, and QEMU ends at any other (docs/emulators.md). */
static inline uint64_t msr_read_apart(uint32_t msr)
{
	uint64_t low, high;
	__asm__ volatile("mov %%ss, %%eax; mov %%eax, %%ss; rdmsr"
	                 : "=a"(low), "=d"(high)
	                 : "c"(msr));
	return high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
	                 :
	                 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
	                 : "memory");
}

/* Writes the caches back, for a unit that reads memory behind the caches. */
static inline void cpu_write_back(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpu_id(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid c;
	__asm__ volatile("cpuid"
	                 : "=a"(c.eax), "=b"(c.ebx), "=c"(c.ecx), "=d"(c.edx)
	                 : "a"(leaf), "c"(subleaf));
	return c;
}

/* Returns whether page tables may have pages of 1 GiB, nested page tables of SVM included (APM 2
 * 5.3.3). */
static inline bool cpu_has_gib_pages(void)
{
	enum { FEATURES = 0x80000001, EDX_GIB_PAGES = 1 << 26 };

	return cpu_id(FEATURES, 0).edx & EDX_GIB_PAGES;
}

#define CPU_READ_CR(n)                                                         \
	static inline uint64_t cr##n##_read(void)                              \
	{                                                                      \
		uint64_t value;                                                \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value));          \
		return value;                                                  \
	}                                                                      \
	static inline void cr##n##_write(uint64_t value)                       \
	{                                                                      \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory"); \
	}
CPU_READ_CR(0)
CPU_READ_CR(2)
CPU_READ_CR(3)
CPU_READ_CR(4)
#undef CPU_READ_CR

static inline uint64_t dr6_read(void)
{
	uint64_t value;
	__asm__ volatile("mov %%dr6, %0" : "=r"(value));
	return value;
}

static inline void dr6_write(uint64_t value)
{
	__asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

static inline void mmio_write8(uint64_t address, uint8_t value)
{
	*(volatile uint8_t *)address = value;
}

static inline void mmio_write16(uint64_t address, uint16_t value)
{
	*(volatile uint16_t *)address = value;
}

static inline void mmio_write64(uint64_t address, uint64_t value)
{
	*(volatile uint64_t *)address = value;
}

static inline uint8_t mmio_read8(uint64_t address)
{
	return *(volatile uint8_t *)address;
}

static inline uint16_t mmio_read16(uint64_t address)
{
	return *(volatile uint16_t *)address;
}

static inline uint64_t mmio_read64(uint64_t address)
{
	return *(volatile uint64_t *)address;
}

/* Accesses three registers of 8 bytes in sequence. */
static inline void mmio_read_3x64(uint64_t address, uint64_t value[3])
{
	const volatile uint64_t *from = (const volatile uint64_t *)address;
	value[0] = from[0];
	value[1] = from[1];
	value[2] = from[2];
}

static inline void mmio_write_3x64(uint64_t address, const uint64_t value[3])
{
	volatile uint64_t *to = (volatile uint64_t *)address;
	to[0] = value[0];
	to[1] = value[1];
	to[2] = value[2];
}

static inline void mmio_write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

static inline uint32_t mmio_read32(uint64_t address)
{
	return *(volatile uint32_t *)address;
}

#endif
