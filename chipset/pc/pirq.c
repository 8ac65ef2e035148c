/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI interrupts (INTx) on ICH9, PIRQ A to H. Each PIRQ reaches an I/O APIC pin, 16 to 23, at all
 * times. A PIRQ reaches an input of the 8259s if the PIRQ's register says so. The register is a
 * real multiplexer (ICH9 datasheet 13.1.17, 13.1.19, 5.9):
 *
 *   routed to the controller:         register names the line, pins masked
 *   routed to the VMM block, silent:  the same, 8259 mask bit 1, pins in NMI mode; IRR tells which
 *                                     line it was
 *   routed to the VMM block, held:    register's bit 7: the line is off the 8259s, pins masked
 *
 * A held PCI line stays high. On the 8259s the held line would be a request that appears when the
 * mask is cleared. A foreign guest's ICW1 clears the mask.
 *
 * Rule: a line is back on the 8259s before the controller of the line's VM is restored. The level
 * itself is then the request. All PIRQs of a line change together. pc_block.c arms the pin of the
 * line's first PIRQ. The pins of the line's other PIRQs are opened before pc_block.c looks, and
 * masked after.
 */
#include "chipset/pc/pirq.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/pci.h"
#include "arch/x86/machine/platform.h"
#include "chipset/pc/pc.h"

#include <errno.h>
#include <stdio.h>

/* The bridge to LPC, 00:1f.0 (8086:2910h-291Fh), and the host bridge, 00:00.0. */
enum { HOST_BRIDGE = 0x00 << 3, LPC_BRIDGE = 0x1f << 3 };
#define ICH9_IDS 0x29108086u
#define ICH9_MASK 0xfff0ffffu

/*
 * PIRQ[n]_ROUT: 7 not routed to the 8259s |
 * 3:0 line.   ACPI_CNTL, 44h: 2:0 the SCI's line: 9, 10 or 11, then pins from 20 on
 */
enum { PIRQS = 8, PIRQ_A_ROUT = 0x60, PIRQ_E_ROUT = 0x68, ROUT_OFF = 0x80, ROUT_LINE = 0x0f };
enum { ACPI_CNTL = 0x44, SCI_SELECT = 7, SCI_LINES = 3, SCI_FIRST = 9 };
enum { PIN_PIRQ_A = 16 };

/* The PIRQs as the firmware left them. */
static struct {
	uint8_t rout[PIRQS];
	line_set fed; /* lines that PIRQs feed, and no other source */
} firmware;

/* The PIRQs' multiplexers. */
static struct {
	/* lines of firmware.fed that VMs own: the code below is about these lines only */
	line_set taken;
	line_set off;  /* lines that are off the 8259s */
	line_set open; /* silent lines, whose further pins are open */
	struct controller *running;
} mux;

static bool feeds(unsigned pirq, line_set lines)
{
	return !(firmware.rout[pirq] & ROUT_OFF) && line_in(lines, firmware.rout[pirq] & ROUT_LINE);
}

static unsigned first_of(unsigned line)
{
	unsigned pirq = 0;

	while (!feeds(pirq, LINE(line)))
		pirq++;
	return pirq;
}

/* ---- What there is ---- */

int pirq_probe(void)
{
	firmware.fed = mux.taken = mux.off = mux.open = 0;
	mux.running = NULL;
	if ((pci_read(LPC_BRIDGE, PCI_ID) & ICH9_MASK) != ICH9_IDS || !platform.has_8259 ||
	    platform.ioapic_pins < PIN_PIRQ_A + PIRQS)
		return -ENODEV;
	for (unsigned pirq = 0; pirq < PIRQS; pirq++) {
		unsigned offset = pirq < PIRQS / 2 ? PIRQ_A_ROUT : PIRQ_E_ROUT;
		firmware.rout[pirq] = (uint8_t)(pci_read(LPC_BRIDGE, offset) >> 8 * (pirq % 4));
		if (!(firmware.rout[pirq] & ROUT_OFF))
			firmware.fed |= LINE(firmware.rout[pirq] & ROUT_LINE);
	}
	unsigned sci = pci_read(LPC_BRIDGE, ACPI_CNTL) & SCI_SELECT;
	if (sci < SCI_LINES)
		firmware.fed &= (uint16_t)~LINE(SCI_FIRST + sci);
	/* A line of ISA's is edge triggered. */
	firmware.fed &= ELCR_BITS & (uint16_t)(io_in8(PORT_ELCR1) | io_in8(PORT_ELCR2) << 8);
	return firmware.fed != 0 ? 0 : -ENODEV;
}

/* Returns whether all pins of the line are free. If another use has a pin (the slice timer's), the
 * line stays on the pin of its number. */
static bool pins_are_free(unsigned line)
{
	for (unsigned pirq = 0; pirq < PIRQS; pirq++)
		if (feeds(pirq, LINE(line)) && !(ioapic_read(PIN_PIRQ_A + pirq) & RTE_MASKED))
			return false;
	return true;
}

/* "A (pin 16), E (pin 20)" */
static void tell(unsigned line)
{
	char names[PIRQS * sizeof("A (pin 16), ")];
	size_t length = 0;

	for (unsigned pirq = 0; pirq < PIRQS; pirq++)
		if (feeds(pirq, LINE(line)))
			length += (size_t)snprintf(names + length, sizeof(names) - length,
			                           "%s%c (pin %u)", length ? ", " : "", 'A' + pirq,
			                           PIN_PIRQ_A + pirq);
	log_line("chipset pc: line %u: PIRQ %s", line, names);
}

/* ---- The multiplexer ---- */

/* QEMU's bridge looks at a PIRQ's register when the PIRQ changes, not when the register changes
 * (ich9_lpc_set_irq, 7.2). Writing INTx Disable there and back makes the bridge look at all PIRQs
 * of a device. The two bridges have no interrupt that the bit could disable. */
static void look_again(unsigned function)
{
	uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;

	pci_write(function, PCI_COMMAND, command ^ PCI_COMMAND_NO_INTX);
	pci_write(function, PCI_COMMAND, command);
}

static void set_routes(unsigned first, unsigned offset)
{
	uint32_t value = 0;

	for (unsigned pirq = first; pirq < first + PIRQS / 2; pirq++)
		value |= (uint32_t)(firmware.rout[pirq] | (feeds(pirq, mux.off) ? ROUT_OFF : 0))
		         << 8 * (pirq - first);
	pci_write(LPC_BRIDGE, offset, value);
}

static void turn_off(line_set lines)
{
	mux.off = lines;
	set_routes(0, PIRQ_A_ROUT);
	set_routes(PIRQS / 2, PIRQ_E_ROUT);
	look_again(LPC_BRIDGE);  /* PIRQ A to D */
	look_again(HOST_BRIDGE); /* E to H */
}

/* Sets the pins that pc_block.c does not know: all but a line's first. */
static void set_open(line_set lines)
{
	if (lines == mux.open)
		return;
	for (unsigned pirq = 0; pirq < PIRQS; pirq++)
		if (feeds(pirq, lines ^ mux.open) &&
		    pirq != first_of(firmware.rout[pirq] & ROUT_LINE))
			ioapic_write(PIN_PIRQ_A + pirq,
			             feeds(pirq, lines) ? RTE_NMI : RTE_NMI | RTE_MASKED);
	mux.open = lines;
}

/* Brings the PIRQs' other pins and registers in line with the state of pc_block.c. */
static void follow(void)
{
	line_set routed = mux.running != NULL ? mux.running->lines : 0,
		 held = pc_asserted() & mux.taken & (uint16_t)~routed;

	set_open(mux.taken & (uint16_t) ~(routed | held));
	if (mux.off != held) {
		nmi_account_see_pins(&nmi_account);
		turn_off(held);
	}
}

/* ---- The calls of chipset pc, with the PIRQs' steps ---- */

/* Where no VM owns a line of a PIRQ, the calls are those of pc alone. */
static inline bool has_no_line(void)
{
	return mux.taken == 0;
}

int pirq_save(struct controller *c, bool force)
{
	uint32_t before = nmi_count;

	if (has_no_line())
		return pc_save(c, force);
	set_open(mux.open | (c->lines & mux.taken));
	int error = pc_save(c, force);
	if (nmi_count != before)
		nmi_account_see_pins(&nmi_account);
	if (error == 0)
		mux.running = NULL;
	follow();
	return error;
}

void pirq_restore(struct controller *c)
{
	if (has_no_line()) {
		pc_restore(c);
		return;
	}
	set_open(mux.open & (uint16_t)~c->lines);
	if (mux.off & c->lines)
		turn_off(mux.off & (uint16_t)~c->lines);
	pc_restore(c);
	mux.running = c;
	follow();
}

void pirq_route(struct controller *c)
{
	if (has_no_line()) {
		pc_route(c);
		return;
	}
	if (mux.running != NULL)
		(void)pirq_save(mux.running, true);
	if (c != NULL)
		pirq_restore(c);
}

struct chipset_status pirq_read_status(unsigned nmis)
{
	struct chipset_status s = pc_read_status(nmis);

	if (has_no_line())
		return s;
	nmi_account_settle_pins(&nmi_account, nmi_count != 0);
	follow();
	return s;
}

int pirq_identify_line(void)
{
	if (has_no_line())
		return pc_identify_line();
	nmi_account_settle_pins(&nmi_account, nmi_count != 0);
	int line = pc_identify_line();
	follow();
	return line;
}

/* Before an entry: the NMIs of the pins have been taken. */
void pirq_mask(line_set masked)
{
	pc_mask(masked);
	if (has_no_line())
		return;
	nmi_account_settle_pins(&nmi_account, nmi_count != 0);
}

/* Gives the PIRQs' I/O APIC pins to lines that PIRQs feed. */
static void take_pins(line_set lines)
{
	for (lines &= firmware.fed & (uint16_t)~mux.taken; lines; lines &= lines - 1) {
		unsigned line = line_first(lines);
		if (!pins_are_free(line)) {
			log_line("chipset pc: line %u: a pin of its PIRQs is in use; its "
			         "interrupts come by pin %d alone",
			         line, platform.line[line].pin);
			continue;
		}
		platform.line[line].pin = (int)(PIN_PIRQ_A + first_of(line));
		for (unsigned pirq = 0; pirq < PIRQS; pirq++)
			if (feeds(pirq, LINE(line)))
				ioapic_set_destination(PIN_PIRQ_A + pirq, lapic_id());
		mux.taken |= LINE(line);
		tell(line);
	}
}

/* The pins of a VM's lines change before the lines are armed. */
void pirq_claim(line_set lines, bool by_vmm)
{
	if (!by_vmm)
		take_pins(lines);
	pc_claim(lines, by_vmm);
	follow();
}
