/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DMA remapping: the memory that a PCI function reaches. A function has a domain, a view of memory
 * with addresses of its own, or no domain. A function without a domain reaches nothing.
 *
 * Rule: the first call blocks all functions. Only dma_attach() opens memory, and only to the
 * function that is named. Two vendors' units are behind the calls (vtd.c, amdvi.c).
 */
#ifndef ARCH_X86_MACHINE_DMA_H
#define ARCH_X86_MACHINE_DMA_H

#include <stdbool.h>
#include <stdint.h>

/* A domain. */
struct dma_domain {
	uint64_t *root; /* page tables */
	uint16_t id;
};

/* A record of an access that a unit has blocked. */
struct dma_fault {
	uint64_t address;      /* as the function gave it */
	const char *direction; /* "read", "write", or "access" where the unit does not say */
	uint16_t function;
	/* There were blocked accesses without a record, and nothing more is known of them. The
	 * other members say nothing. */
	bool lost;
};

/* Finds the units that ACPI's tables name, and blocks all functions. Prints a message where there
 * is a unit that cannot be used, with the reason. Call once, when memory can be allocated and the
 * local APIC is known. */
void dma_init(void);
/* Returns true when units confine the functions. */
bool dma_is_on(void);
/* Returns a text for the banner: the units, or why there are none. */
const char *dma_describe(void);
/* Returns the reason why this function cannot have a domain, or NULL where the function can. */
const char *dma_refusal(unsigned function);
/* Returns true for a unit's own function. */
bool dma_is_unit(unsigned function);

/* Makes a domain that reaches nothing. Returns 0, -ENOMEM, or -ENOSPC when the units know no more
 * domains. */
int dma_create(struct dma_domain *domain);
/* Lets the domain's addresses from guest on reach the memory from host on, in pages as large as
 * fit. All three are multiples of 4 KiB. Returns 0, -ENOMEM, or -ERANGE where the units' addresses
 * end below. Call it before dma_attach(). */
int dma_map(const struct dma_domain *domain, uint64_t guest, uint64_t host, uint64_t bytes);
/* Gives a function the domain. Returns 0, or -ENOMEM, or -EIO when a unit does not answer. */
int dma_attach(unsigned function, const struct dma_domain *domain);

/* ---- Blocked accesses ---- */

/* Returns true when a unit has records of blocked accesses; the units then send no NMI for further
 * records until dma_listen(). Costs a few accesses to registers. */
bool dma_has_fault(void);
/* Takes a record. Returns false when there is no record. */
bool dma_take_fault(struct dma_fault *fault);
/* Lets the units send an NMI for the next record. Call it when no record is left. */
void dma_listen(void);

#endif
