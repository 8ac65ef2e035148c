/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk of an NVMe controller (NVM Express Base Specification 1.4), with the interrupt of the pin.
 * The device keeps the bytes in a block.
 *
 * Rule: one command at a time, on the administration's queues or on the one pair of I/O queues.
 */
#include "guests/rings/rings.h"

#include "guests/lib/machine.h"
#include "guests/lib/pci.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"

#include <string.h>

enum { BAR = 0, BLOCK = 9, BLOCK_BYTES = 512 };
/* Registers (3.1). CC: 23:20 and 19:16 the sizes of a completion and of a command as powers of 2 |
 * 0 enable. CSTS: 0 ready. CAP: 35:32 stride of the doorbells. */
enum {
	CAPABILITIES_HIGH = 0x04,
	UNMASK = 0x10,
	CONTROL = 0x14,
	STATUS = 0x1c,
	ADMIN_SIZES = 0x24,
	ADMIN_COMMANDS = 0x28,
	ADMIN_COMPLETIONS = 0x30,
	DOORBELLS = 0x1000
};
enum { ENABLE = 1 << 0, SIZES = 4 << 20 | 6 << 16, READY = 1 << 0, STRIDE_BITS = 15 };
/* Commands (5.3, 5.4, 6.9, 6.15). A queue of I/O: 15:0 number | 31:16 size - 1; 0 contiguous | 1
 * interrupts, or 31:16 the completions' queue. */
enum { CREATE_COMMANDS = 1, CREATE_COMPLETIONS = 5, WRITE = 1, READ = 2, NAMESPACE = 1 };
enum { CONTIGUOUS = 1 << 0, INTERRUPTS = 1 << 1, ENTRIES = 8, ADMIN = 0, IO = 1, QUEUES = 2 };

struct command {
	uint32_t operation, space, unused[4];
	uint64_t data, data2;
	uint32_t word[6]; /* words 10 to 15 */
};
/* A completion's last 32 bits: 31:17 status, 0: well | 16 phase | 15:0 command */
enum { PHASE = 1 << 16, STATUS_SHIFT = 17 };
struct completion {
	uint32_t result, unused, queue, status;
};

/* Each ring has its page. */
static struct {
	struct command commands[PAGE / sizeof(struct command)];
	struct completion completions[PAGE / sizeof(struct completion)];
} shared[QUEUES] __attribute__((aligned(PAGE)));
static struct {
	unsigned tail, head;
	uint32_t phase;
} place[QUEUES];
static volatile uint8_t *registers;
static unsigned stride;
static volatile uint32_t status; /* of the last completion */

static volatile uint32_t *at(unsigned offset)
{
	return (volatile uint32_t *)(registers + offset);
}

static volatile uint32_t *doorbell(unsigned queue, unsigned of_completions)
{
	return at(DOORBELLS + (2 * queue + of_completions) * stride);
}

/* The pin is high until the doorbell says that the completion was taken (7.5.1). */
static void handle(uint64_t tsc)
{
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		volatile struct completion *c = &shared[queue].completions[place[queue].head];
		if ((c->status & PHASE) != place[queue].phase)
			continue;
		status = c->status >> STATUS_SHIFT;
		place[queue].head = (place[queue].head + 1) % ENTRIES;
		place[queue].phase ^= place[queue].head == 0 ? PHASE : 0;
		*doorbell(queue, 1) = place[queue].head;
		request_end(tsc);
	}
}

static bool command(unsigned queue, const struct command *c)
{
	unsigned tail = place[queue].tail;

	shared[queue].commands[tail] = *c;
	place[queue].tail = (tail + 1) % ENTRIES;
	request_begin();
	*doorbell(queue, 0) = place[queue].tail;
	return request_await() && status == 0;
}

static bool create_queues(uint64_t foreign)
{
	uint64_t commands = foreign ? foreign : bus_of(shared[IO].commands);
	uint64_t completions = foreign ? foreign : bus_of(shared[IO].completions);

	return command(ADMIN, &(struct command){ .operation = CREATE_COMPLETIONS,
	                                         .data = completions,
	                                         .word = { (ENTRIES - 1) << 16 | IO,
	                                                   INTERRUPTS | CONTIGUOUS } }) &&
	       command(ADMIN, &(struct command){ .operation = CREATE_COMMANDS,
	                                         .data = commands,
	                                         .word = { (ENTRIES - 1) << 16 | IO,
	                                                   IO << 16 | CONTIGUOUS } });
}

static void set_address(unsigned offset, uint64_t address)
{
	*at(offset) = (uint32_t)address;
	*at(offset + 4) = (uint32_t)(address >> 32);
}

static bool begin(unsigned function, uint64_t foreign)
{
	unsigned line = pci_read8(function, PCI_LINE) % TRAP_LINES;

	registers = machine_window(pci_bar(function, BAR));
	stride = 4u << (*at(CAPABILITIES_HIGH) & STRIDE_BITS);
	*at(CONTROL) = 0;
	if (!register_await(at(STATUS), READY, 0))
		return false;
	memset(shared, 0, sizeof(shared));
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		place[queue].tail = place[queue].head = 0;
		place[queue].phase = PHASE;
	}
	*at(ADMIN_SIZES) = (ENTRIES - 1) << 16 | (ENTRIES - 1);
	set_address(ADMIN_COMMANDS, bus_of(shared[ADMIN].commands));
	set_address(ADMIN_COMPLETIONS, bus_of(shared[ADMIN].completions));
	*at(CONTROL) = SIZES | ENABLE;
	if (!register_await(at(STATUS), READY, READY))
		return false;
	irq_install(line, handle);
	pic_unmask(line);
	*at(UNMASK) = 1;
	return create_queues(foreign);
}

static bool move(uint64_t memory, bool to_memory)
{
	return command(IO, &(struct command){ .operation = to_memory ? READ : WRITE,
	                                      .space = NAMESPACE,
	                                      .data = memory,
	                                      .word = { BLOCK, 0, 0 /* blocks - 1 */ } });
}

const struct device nvme = { "nvme", 0x00101b36, BLOCK_BYTES, BAR, begin, move };
