/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables of a VM. See the header for the rule. Sections are those of the ACPI
 * Specification 6.4.
 */
#include "vmm/load/vm_acpi.h"

#include <stddef.h>
#include <string.h>

/* 5.2.6 */
struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

/* 5.2.5.3, as ACPI 1.0 has it: 32-bit addresses are enough. */
struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
} __attribute__((packed));

struct rsdt {
	struct header header;
	uint32_t table[2];
} __attribute__((packed));

/* 5.2.9, up to the last member that is not 0. */
struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t reserved, profile;
	uint16_t sci_line;
	uint32_t smi_command;
	uint8_t no_smi[4];
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, timer, gpe[2];
	uint8_t pm1_event_bytes, pm1_control_bytes, other_bytes[6];
	uint16_t c2_latency, c3_latency, flush[2];
	uint8_t duty[2], alarm[2], century;
	uint16_t boot_flags;
	uint8_t reserved_too;
	uint32_t flags;
	struct {
		uint8_t space, bits, offset, width;
		uint64_t address;
	} __attribute__((packed)) reset;
	uint8_t reset_value;
} __attribute__((packed));

_Static_assert(offsetof(struct fadt, pm1a_event) == 56, "as in table 5.9");
_Static_assert(offsetof(struct fadt, reset_value) == 128, "as in table 5.9");

/* The FADT of ACPI 3.0 to 4.0. */
enum { FADT_REVISION = 4, FADT_BYTES = 244 };
enum { SCI_LINE = 9, NO_C2 = 101, NO_C3 = 1001, CENTURY_IN_CMOS = 0x32 };
enum { BOOT_LEGACY_DEVICES = 1 << 0, BOOT_KEYBOARD = 1 << 1, BOOT_NO_MSI = 1 << 3 };
/* WBINVD works; HLT is C1; no fixed buttons, no fixed alarm; the reset register is there. */
enum { FLAGS = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10 };
enum { SPACE_PORTS = 1, WIDTH_BYTE = 1 };

/* 5.2.12.5: the line's pin and mode, where they are not the usual ones. */
struct override {
	uint8_t type, bytes, bus, line;
	uint32_t pin;
	uint16_t flags;
} __attribute__((packed));

/* 5.2.12: one processor, and a pair of 8259s. What follows is part of the table where the VM has a
 * local APIC, as CPUID says (vm_acpi_add_apics()). */
struct madt {
	struct header header;
	uint32_t local_apic, flags;
	uint8_t type, bytes, processor, id;
	uint32_t processor_flags;
	struct {
		uint8_t type, bytes, id, reserved;
		uint32_t address, first;
	} __attribute__((packed)) io;
	struct override line[LINES];
} __attribute__((packed));
enum { MADT_IO = 1, MADT_OVERRIDE = 2 };
/* 5.2.12.5, MPS INTI flags: 3:2 trigger mode (1 edge, 3 level) | 1:0 polarity (1 high, 3 low) */
enum { INTI_EDGE = 1 << 2, INTI_LEVEL = 3 << 2, INTI_HIGH = 1, INTI_LOW = 3 };

enum { LOCAL_APIC = 0xfee00000u, MADT_8259S = 1, MADT_PROCESSOR = 0, PROCESSOR_BYTES = 8 };
enum { PROCESSOR_ENABLED = 1 };

/* Name (_S5, Package () { VM_ACPI_S5, VM_ACPI_S5, 0, 0 }) (7.4.2; 20.2 has the encoding). */
static const uint8_t aml[] = { 0x08, '_',  'S',        '5',  '_',        0x12, 8,
	                       4,    0x0a, VM_ACPI_S5, 0x0a, VM_ACPI_S5, 0,    0 };

struct dsdt {
	struct header header;
	uint8_t aml[sizeof(aml)];
} __attribute__((packed));

/* 5.2.10, on a boundary of 64 bytes. */
struct facs {
	char signature[4];
	uint32_t length;
	uint8_t rest[24];
	uint8_t version, reserved[31];
} __attribute__((packed));

struct tables {
	struct rsdp rsdp __attribute__((aligned(16)));
	struct facs facs __attribute__((aligned(64)));
	struct rsdt rsdt;
	struct madt madt;
	struct dsdt dsdt;
	struct fadt fadt;
	uint8_t fadt_rest[FADT_BYTES - sizeof(struct fadt)];
} __attribute__((packed, aligned(64)));

_Static_assert(sizeof(struct facs) == 64, "as in table 5.11");

#define ADDRESS(member) (VM_ACPI_AT + (uint32_t)offsetof(struct tables, member))

/* Sets *sum so that the bytes of the table add up to 0. */
static void seal(const void *table, unsigned bytes, uint8_t *sum)
{
	const uint8_t *byte = table;
	uint8_t all = 0;

	for (unsigned i = 0; i < bytes; i++)
		all = (uint8_t)(all + byte[i]);
	*sum = (uint8_t)-all;
}

/* Writes the header of a table whose other members are there. used: the bytes that may not be 0. */
static void finish(struct header *h, const char *signature, unsigned revision, unsigned bytes,
                   unsigned used)
{
	static const struct header common = {
		"", 0, 0, 0, "SIGBOX", "SIGNALBX", 1, "SGBX", 1,
	};

	*h = common;
	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = bytes;
	h->revision = (uint8_t)revision;
	seal(h, used, &h->checksum);
}

#define FINISH(table, signature, revision) \
	finish(&(table)->header, signature, revision, sizeof(*(table)), sizeof(*(table)))

static void build_small(struct tables *t)
{
	static const char names[] = "RSD PTR \0SIGBOX"; /* the checksum lies between the two */

	memcpy(&t->rsdp, names, sizeof(names) - 1);
	t->rsdp.rsdt = ADDRESS(rsdt);
	seal(&t->rsdp, sizeof(t->rsdp), &t->rsdp.checksum);
	t->rsdt.table[0] = ADDRESS(fadt);
	t->rsdt.table[1] = ADDRESS(madt);
	FINISH(&t->rsdt, "RSDT", 1);
	t->madt.local_apic = LOCAL_APIC;
	t->madt.flags = MADT_8259S;
	t->madt.type = MADT_PROCESSOR;
	t->madt.bytes = PROCESSOR_BYTES;
	t->madt.processor_flags = PROCESSOR_ENABLED;
	finish(&t->madt.header, "APIC", 3, offsetof(struct madt, io), sizeof(t->madt));
	memcpy(t->dsdt.aml, aml, sizeof(aml));
	FINISH(&t->dsdt, "DSDT", 2);
}

void vm_acpi_add_apics(void *page, const struct platform *machine)
{
	struct madt *m = &((struct tables *)page)->madt;
	unsigned count = 0;

	m->io.type = MADT_IO;
	m->io.bytes = sizeof(m->io);
	m->io.address = (uint32_t)machine->ioapic;
	for (unsigned n = 0; n < LINES; n++) {
		const struct line_pin *pin = &machine->line[n];
		if (pin->pin < 0 || (pin->pin == (int)n && !pin->level && !pin->low))
			continue;
		m->line[count++] = (struct override){
			.type = MADT_OVERRIDE,
			.bytes = sizeof(m->line[0]),
			.line = (uint8_t)n,
			.pin = (uint32_t)pin->pin,
			.flags = (uint16_t)((pin->level ? INTI_LEVEL : INTI_EDGE) |
			                    (pin->low ? INTI_LOW : INTI_HIGH)),
		};
	}
	finish(&m->header, "APIC", 3, offsetof(struct madt, line) + count * sizeof(m->line[0]),
	       sizeof(*m));
}

static void build_fixed(struct tables *t, bool keyboard)
{
	struct fadt *f = &t->fadt;

	memcpy(t->facs.signature, "FACS", sizeof(t->facs.signature));
	t->facs.length = sizeof(t->facs);
	t->facs.version = 1;
	f->facs = ADDRESS(facs);
	f->dsdt = ADDRESS(dsdt);
	f->sci_line = SCI_LINE;
	f->pm1a_event = VM_ACPI_PM1;
	f->pm1a_control = VM_ACPI_PM1 + VM_ACPI_PM1_EVENT_BYTES;
	f->pm1_event_bytes = VM_ACPI_PM1_EVENT_BYTES;
	f->pm1_control_bytes = VM_ACPI_PM1_CONTROL_BYTES;
	f->c2_latency = NO_C2;
	f->c3_latency = NO_C3;
	f->century = CENTURY_IN_CMOS;
	f->boot_flags = (uint16_t)(BOOT_LEGACY_DEVICES | BOOT_NO_MSI |
	                           (keyboard ? BOOT_KEYBOARD : 0));
	f->flags = FLAGS;
	f->reset.space = SPACE_PORTS;
	f->reset.bits = 8;
	f->reset.width = WIDTH_BYTE;
	f->reset.address = VM_ACPI_RESET;
	f->reset_value = VM_ACPI_RESET_VALUE;
	finish(&f->header, "FACP", FADT_REVISION, FADT_BYTES, sizeof(*f));
}

void vm_acpi_build(void *page, unsigned part, bool keyboard)
{
	if (part == 0)
		build_small(page);
	else
		build_fixed(page, keyboard);
}
