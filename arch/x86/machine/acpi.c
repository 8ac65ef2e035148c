/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds ACPI's tables in memory (ACPI specification 6.4, 5.2.5 to 5.2.8) and fills in the platform.
 *
 * Rule: a table counts only with a valid checksum. A bad table is reported in one line and counts
 * as missing.
 */
#include "arch/x86/cpu/hypervisor.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/acpi_parse.h"
#include "arch/x86/machine/physical.h"
#include "arch/x86/machine/platform.h"

#include <errno.h>
#include <string.h>

struct platform platform;

/* The BIOS data area's word at 40:0E is the segment of the extended area. The RSDP is in the first
 * KiB of the extended area or in ROM. */
enum {
	BDA_EBDA_SEGMENT = 0x40e,
	EBDA_SEARCH = 1024,
	ROM_FIRST = 0xe0000,
	ROM_END = 0x100000,
	RSDP_ALIGN = 16
};
/* RSDP, bytes: 8 "RSD PTR " | 1 checksum of 20 | 6 OEM | 1 revision | 4 RSDT | 4 length | 8 XSDT |
 * 1 checksum of all */
enum {
	RSDP_BYTES = 20,
	RSDP2_BYTES = 36,
	RSDP_REVISION = 15,
	RSDP_RSDT = 16,
	RSDP_LENGTH = 20,
	RSDP_XSDT = 24
};
/* No table of a PC is longer: a longer length comes from a wild pointer. */
enum { TABLE_MOST = 4 << 20 };
enum { OEM_ID = 10, OEM_ID_BYTES = 6, LOW_MEMORY_END = 0xa0000 };
/* Bochs's debug port reads back its own number when port_e9_hack is on. */
enum { BOCHS_PORT = 0xe9 };

static bool is_rsdp(const uint8_t *p)
{
	return !memcmp(p, "RSD PTR ", 8) && acpi_sum_holds(p, RSDP_BYTES);
}

static const uint8_t *rsdp_search(uint64_t first, uint64_t end)
{
	for (uint64_t at = first; at + RSDP_BYTES <= end; at += RSDP_ALIGN) {
		const uint8_t *p = physical(at);

		if (is_rsdp(p))
			return p;
	}
	return NULL;
}

static const uint8_t *rsdp_find(const uint8_t *given)
{
	uint16_t segment;
	const uint8_t *found = NULL;

	if (is_rsdp(given))
		return given;
	memcpy(&segment, physical(BDA_EBDA_SEGMENT), sizeof(segment));
	uint64_t ebda = (uint64_t)segment << 4;

	if (ebda && ebda < LOW_MEMORY_END)
		found = rsdp_search(ebda, ebda + EBDA_SEARCH);
	return found ? found : rsdp_search(ROM_FIRST, ROM_END);
}

/* Returns the table at a physical address, or no table when it is out of reach or not whole. NULL
 * as signature: any table. */
static struct acpi_table table_at(uint64_t address, const char *signature)
{
	struct acpi_table t = { physical(address), ACPI_HEADER };
	const struct acpi_table none = { NULL, 0 };

	if (!address || address >> 32 || (address + TABLE_MOST) >> 32)
		return none;
	if (signature && memcmp(t.bytes, signature, 4))
		return none;
	t.length = acpi_field(t, ACPI_HEADER_LENGTH, 4);
	if (t.length < ACPI_HEADER || t.length > TABLE_MOST || !acpi_sum_holds(t.bytes, t.length)) {
		log_line("ACPI: the table at %lxh has a bad length or checksum; passed over",
		         (unsigned long)address);
		return none;
	}
	return t;
}

/* Returns the XSDT if valid, else the RSDT. *entry: the size of a pointer in the table. */
static struct acpi_table root_find(const uint8_t *rsdp, unsigned *entry)
{
	struct acpi_table r = { rsdp, RSDP2_BYTES }, root = { NULL, 0 };
	bool extended = acpi_field(r, RSDP_REVISION, 1) >= 2 &&
	                acpi_field(r, RSDP_LENGTH, 4) == RSDP2_BYTES &&
	                acpi_sum_holds(rsdp, RSDP2_BYTES);

	if (extended)
		root = table_at(acpi_field(r, RSDP_XSDT, 8), "XSDT");
	*entry = root.bytes ? 8 : 4;
	return root.bytes ? root : table_at(acpi_field(r, RSDP_RSDT, 4), "RSDT");
}

static struct acpi_table table_find(struct acpi_table root, unsigned entry, const char *signature)
{
	struct acpi_table t = { NULL, 0 };

	for (size_t at = ACPI_HEADER; at + entry <= root.length && !t.bytes; at += entry)
		t = table_at(acpi_field(root, at, entry), signature);
	return t;
}

static void power_read(struct acpi_table fadt)
{
	if (!fadt.bytes) {
		log_line("ACPI: no FADT: cannot power off by it");
		return;
	}
	struct acpi_table dsdt = table_at(acpi_parse_fadt(fadt, &platform), "DSDT");

	platform.can_power_off = dsdt.bytes && platform.pm1a_control &&
	                         !acpi_parse_s5(dsdt, &platform);
	if (!platform.can_power_off)
		log_line("ACPI: no %s: cannot power off by it",
		         platform.pm1a_control ? "\\_S5_ in the DSDT" : "PM1a control port");
}

static void interrupts_read(struct acpi_table madt)
{
	if (!madt.bytes) {
		log_line("ACPI: no MADT: no I/O APIC is known");
		return;
	}
	if (acpi_parse_madt(madt, &platform))
		log_line("ACPI: the MADT has a malformed entry; what follows it is not read");
	if (platform.ioapic >> 32 || platform.ioapic % 16)
		platform.ioapic = 0;
}

/* Reads the HPET's address. A machine with another timer needs no HPET. Code that needs the HPET
 * reports its absence (arch/x86/machine/slice_timer.c). */
static void timer_read(struct acpi_table hpet)
{
	if (hpet.bytes && acpi_parse_hpet(hpet, &platform))
		log_line("ACPI: the HPET is at no place that can be used; passed over");
}

/* Reads the units that confine DMA. A machine has units of a single vendor. */
static void dma_read(struct acpi_table dmar, struct acpi_table ivrs)
{
	int error = -EINVAL;

	if (dmar.bytes == NULL && ivrs.bytes == NULL)
		return;
	if (dmar.bytes != NULL && ivrs.bytes != NULL)
		log_line("ACPI: there is a DMAR and an IVRS; neither is used");
	else
		error = dmar.bytes != NULL ? acpi_parse_dmar(dmar, &platform.dma)
		                           : acpi_parse_ivrs(ivrs, &platform.dma);
	if (error != 0)
		log_line("ACPI: the IOMMU's table %s: DMA is not confined",
		         error == -ENODEV   ? "has no unit within reach"
		         : error == -ENOSPC ? "has more entries than the VMM keeps"
		                            : "is malformed");
}

/* Returns true on Bochs. Bochs's tables have the name of Bochs, and QEMU's tables too, but QEMU
 * announces itself by CPUID. */
static bool is_bochs(struct acpi_table root)
{
	return !memcmp(root.bytes + OEM_ID, "BOCHS ", OEM_ID_BYTES) && !platform.hypervised;
}

/* Sets the defaults of a PC without ACPI: one processor, a pair of 8259s, no I/O APIC. */
static void platform_default(void)
{
	platform = (struct platform){ .has_8259 = true, .processors = 1 };
	for (unsigned n = 0; n < LINES; n++)
		platform.line[n].pin = -1;
	platform.bochs = io_in8(BOCHS_PORT) == BOCHS_PORT;
	platform.hypervised = cpu_id(1, 0).ecx & CPUID_ECX_HYPERVISOR;
}

int acpi_init(const uint8_t *rsdp)
{
	unsigned entry = 0;
	struct acpi_table root = { NULL, 0 };

	platform_default();
	rsdp = rsdp_find(rsdp);

	if (rsdp)
		root = root_find(rsdp, &entry);
	if (!root.bytes) {
		log_line("no ACPI: %s",
		         rsdp ? "the root table is not valid" : "no RSDP in the BIOS's memory");
		return -ENOENT;
	}
	platform.acpi = true;
	platform.bochs = platform.bochs || is_bochs(root);
	interrupts_read(table_find(root, entry, "APIC"));
	power_read(table_find(root, entry, "FACP"));
	timer_read(table_find(root, entry, "HPET"));
	dma_read(table_find(root, entry, "DMAR"), table_find(root, entry, "IVRS"));
	return 0;
}
