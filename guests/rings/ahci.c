/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk of an AHCI controller (Serial ATA AHCI 1.3.1 Specification), on the first port that has
 * one. The device keeps the bytes in a sector.
 *
 * Rule: one command at a time, in slot 0.
 */
#include "guests/rings/rings.h"

#include "guests/lib/machine.h"
#include "guests/lib/pci.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"

#include <string.h>

enum { BAR = 5, SECTOR = 7, SECTOR_BYTES = 512 };
/* The controller's registers (3.1). GHC: 31 AHCI enable | 1 interrupt enable | 0 reset */
enum { CAUSES = 0x08, CONTROL = 0x04, IMPLEMENTED = 0x0c, PORTS = 32 };
enum { CONTROL_RESET = 1 << 0, CONTROL_INTERRUPT = 1 << 1 };
#define CONTROL_AHCI (1u << 31)
/* A port's (3.3), from PORT + 80h * number on. */
enum {
	PORT = 0x100,
	PORT_BYTES = 0x80,
	LIST = 0x00,
	RECEIVED = 0x08,
	PORT_CAUSES = 0x10,
	PORT_ENABLE = 0x14,
	COMMAND = 0x18,
	TASK = 0x20,
	LINK = 0x28,
	ERRORS = 0x30,
	ISSUED = 0x38
};
/* COMMAND: 15 list runs | 14 FIS receive runs | 4 FIS receive enable | 0 start. LINK 3:0: 3 a
 * device talks. TASK: 7 busy | 3 data wanted | 0 error. Causes: 30 task file error | 0 a register
 * FIS. */
enum { START = 1 << 0, RECEIVE = 1 << 4, RUNS = 1 << 15, LINK_BITS = 15, LINK_UP = 3 };
enum { TASK_WAITS = 1 << 7 | 1 << 3, TASK_ERROR = 1 << 0, ERROR = 1 << 30, REGISTERS = 1 << 0 };
/* Command header (4.2.2): 31:16 entries of the table | 6 write | 4:0 length of the FIS in words.
 * Register FIS, host to device (Serial ATA 3.1, 10.5.5). READ and WRITE DMA EXT (ATA8-ACS). */
enum { ONE_ENTRY = 1 << 16, TO_DEVICE = 1 << 6, FIS_WORDS = 5 };
enum { FIS_HOST = 0x27, FIS_COMMAND = 0x80, READ = 0x25, WRITE = 0x35, BY_LBA = 0x40 };

static struct {
	uint32_t list[32][8];
	uint8_t received[256];
	struct {
		uint8_t fis[64], atapi[16], reserved[48];
		uint64_t address;
		uint32_t unused, last; /* last: bytes - 1 */
	} table __attribute__((aligned(128)));
} shared __attribute__((aligned(PAGE)));
static volatile uint8_t *registers;
static unsigned port;

static volatile uint32_t *at(unsigned offset)
{
	return (volatile uint32_t *)(registers + offset);
}

static volatile uint32_t *of_port(unsigned offset)
{
	return at(PORT + PORT_BYTES * port + offset);
}

static void handle(uint64_t tsc)
{
	uint32_t causes = *of_port(PORT_CAUSES);

	if (causes == 0)
		return;
	*of_port(PORT_CAUSES) = causes;
	*at(CAUSES) = 1u << port;
	request_end(tsc);
}

static void set_address(unsigned offset, uint64_t address)
{
	*of_port(offset) = (uint32_t)address;
	*of_port(offset + 4) = (uint32_t)(address >> 32);
}

static bool find_disk(void)
{
	for (port = 0; port < PORTS; port++)
		if (*at(IMPLEMENTED) & 1u << port && (*of_port(LINK) & LINK_BITS) == LINK_UP)
			return true;
	return false;
}

static bool begin(unsigned function, uint64_t foreign)
{
	unsigned line = pci_read8(function, PCI_LINE) % TRAP_LINES;

	registers = machine_window(pci_bar(function, BAR));
	*at(CONTROL) = CONTROL_AHCI | CONTROL_RESET;
	if (!register_await(at(CONTROL), CONTROL_RESET, 0))
		return false;
	*at(CONTROL) = CONTROL_AHCI;
	if (!find_disk())
		return false;
	set_address(LIST, foreign ? foreign : bus_of(shared.list));
	set_address(RECEIVED, foreign ? foreign : bus_of(shared.received));
	*of_port(COMMAND) |= RECEIVE;
	*of_port(COMMAND) |= START;
	bool runs = register_await(of_port(COMMAND), RUNS, RUNS) &&
	            register_await(of_port(TASK), TASK_WAITS, 0);
	*of_port(ERRORS) = *of_port(PORT_CAUSES) = UINT32_MAX;
	*at(CAUSES) = UINT32_MAX;
	irq_install(line, handle);
	pic_unmask(line);
	*of_port(PORT_ENABLE) = ERROR | REGISTERS;
	*at(CONTROL) = CONTROL_AHCI | CONTROL_INTERRUPT;
	return runs;
}

static bool move(uint64_t memory, bool to_memory)
{
	uint64_t table = bus_of(&shared.table);

	memset(&shared.table, 0, sizeof(shared.table));
	memcpy(shared.table.fis,
	       (uint8_t[]){ FIS_HOST, FIS_COMMAND, to_memory ? READ : WRITE, 0, SECTOR, 0, 0,
	                    BY_LBA, 0, 0, 0, 0, 1 },
	       13);
	shared.table.address = memory;
	shared.table.last = SECTOR_BYTES - 1;
	shared.list[0][0] = ONE_ENTRY | FIS_WORDS | (to_memory ? 0 : TO_DEVICE);
	shared.list[0][1] = 0;
	shared.list[0][2] = (uint32_t)table;
	shared.list[0][3] = (uint32_t)(table >> 32);
	request_begin();
	*of_port(ISSUED) = 1;
	return request_await() && !(*of_port(ISSUED) & 1) && !(*of_port(TASK) & TASK_ERROR);
}

const struct device ahci = { "ahci", 0x29228086, SECTOR_BYTES, BAR, begin, move };
