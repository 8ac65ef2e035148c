/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack at the controller's ports with accesses wider than a byte: 16 and 32 bits, aligned and
 * across, and string instructions.
 *
 * Rule: such an access is an access to each byte, as on the ISA bus. Bytes of ports that are not
 * the guest's read as ones, and writes to such bytes have no effect. The controller gets exactly
 * the bytes that were meant for the controller.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/vandal/vandal.h"

enum { ELCR_MASTER = 0x4d0, ELCR_SLAVE = 0x4d1, OCW3_READ_IRR = 0x0a };
enum { IMR_MASTER = 0xa5, IMR_SLAVE = 0x5a, ELCR_M = 0x48, ELCR_S = 0x82, FOREIGN = 0xff };

static unsigned tried, wrong;

static void expect(const char *what, uint32_t value, uint32_t wanted)
{
	tried++;
	if (value == wanted)
		return;
	wrong++;
	machine_print("vandal: %s: %lx, not %lx\n", what, (unsigned long)value,
	              (unsigned long)wanted);
}

static void set_up(void)
{
	io_out8(PIC_MASTER_COMMAND, OCW3_READ_IRR);
	io_out8(PIC_SLAVE_COMMAND, OCW3_READ_IRR);
	io_out8(PIC_MASTER_DATA, IMR_MASTER);
	io_out8(PIC_SLAVE_DATA, IMR_SLAVE);
	io_out8(ELCR_MASTER, ELCR_M);
	io_out8(ELCR_SLAVE, ELCR_S);
}

static void still(const char *after, uint8_t master, uint8_t slave, uint8_t elcr_master,
                  uint8_t elcr_slave)
{
	expect(after, io_in8(PIC_MASTER_DATA), master);
	expect(after, io_in8(PIC_SLAVE_DATA), slave);
	expect(after, io_in8(ELCR_MASTER), elcr_master);
	expect(after, io_in8(ELCR_SLAVE), elcr_slave);
}

/* Requests read as 0: the guest has no line, or the line is low. */
static void try_reads(void)
{
	expect("16 bits of 20h", io_in16(PIC_MASTER_COMMAND), IMR_MASTER << 8);
	expect("16 bits of A0h", io_in16(PIC_SLAVE_COMMAND), IMR_SLAVE << 8);
	expect("16 bits of 4D0h", io_in16(ELCR_MASTER), ELCR_S << 8 | ELCR_M);
	expect("16 bits of 21h", io_in16(PIC_MASTER_DATA), FOREIGN << 8 | IMR_MASTER);
	expect("16 bits of A1h", io_in16(PIC_SLAVE_DATA), FOREIGN << 8 | IMR_SLAVE);
	expect("16 bits of 4D1h", io_in16(ELCR_SLAVE), FOREIGN << 8 | ELCR_S);
	expect("32 bits of 20h", io_in32(PIC_MASTER_COMMAND), 0xffff0000 | IMR_MASTER << 8);
	expect("32 bits of A1h", io_in32(PIC_SLAVE_DATA), 0xffffff00 | IMR_SLAVE);
	expect("32 bits of 4D0h", io_in32(ELCR_MASTER), 0xffff0000 | ELCR_S << 8 | ELCR_M);
	/* These accesses begin at a port that is nobody's. */
	expect("16 bits of 1Fh", io_in16(PIC_MASTER_COMMAND - 1), FOREIGN);
	expect("32 bits of 9Eh", io_in32(PIC_SLAVE_COMMAND - 2),
	       (uint32_t)IMR_SLAVE << 24 | 0xffff);
	expect("16 bits of 4CFh", io_in16(ELCR_MASTER - 1), ELCR_M << 8 | FOREIGN);
}

static void try_writes(void)
{
	io_out16(PIC_MASTER_COMMAND, 0x77 << 8 | OCW3_READ_IRR);
	io_out16(PIC_SLAVE_DATA, 0x1133);
	io_out32(ELCR_MASTER, 0x44440208);
	still("written together", 0x77, 0x33, 0x08, 0x02);
	io_out16(PIC_MASTER_DATA + 1, 0x1111);
	io_out32(PIC_SLAVE_COMMAND - 4, 0x11111111);
	still("written beside", 0x77, 0x33, 0x08, 0x02);
	io_out16(PIC_MASTER_COMMAND - 1, OCW3_READ_IRR << 8 | 0x11);
	io_out32(PIC_SLAVE_COMMAND - 2, 0x44u << 24 | OCW3_READ_IRR << 16 | 0x1111);
	io_out16(ELCR_MASTER - 1, 0x40 << 8 | 0xff);
	still("written from below", 0x77, 0x44, 0x40, 0x02);
}

static void try_strings(void)
{
	static const uint8_t bytes[] = { 0xf1, 0xf2, 0xf3 };
	static const uint16_t words[] = { 0xc1 << 8 | OCW3_READ_IRR, 0xc2 << 8 | OCW3_READ_IRR };
	uint8_t read[4] = { 0 };
	const void *from = bytes;
	void *to = read;
	uint64_t count = sizeof(bytes);

	__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(PIC_SLAVE_DATA) : "memory");
	from = words;
	count = 2;
	__asm__ volatile("rep outsw"
	                 : "+S"(from), "+c"(count)
	                 : "d"(PIC_MASTER_COMMAND)
	                 : "memory");
	still("a string", 0xc2, 0xf3, 0x40, 0x02);
	count = sizeof(read);
	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(PIC_MASTER_DATA) : "memory");
	expect("a string read", read[0] | read[1] << 8 | read[2] << 16 | (uint32_t)read[3] << 24,
	       0xc2c2c2c2);
}

void vandal_wide(const char *argument)
{
	(void)argument;
	tried = wrong = 0;
	set_up();
	still("written by bytes", IMR_MASTER, IMR_SLAVE, ELCR_M, ELCR_S);
	try_reads();
	set_up();
	try_writes();
	try_strings();
	io_out8(ELCR_MASTER, 0);
	io_out8(ELCR_SLAVE, 0);
	pic_init((uint8_t)args_number("base", PIC_BASE), PIC_EOI_SPECIFIC);
	/* On the bare machine the ports beside belong to other devices, and lines of firmware's
	 * devices may request interrupts. */
	vandal_says(!machine_is_virtual() || wrong == 0, "%u accesses of odd sizes, %u went wrong",
	            tried, wrong);
}
