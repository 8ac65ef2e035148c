/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storms at the controller's ports: hundreds of thousands of accesses with interrupts on, each
 * storm of a single kind. Words: ops=200000 seed=1; own=3 where the guest has COM2 and COM2's line
 * enters input 3 (the storm then raises and lowers the line).
 *
 * Rule: every value that a guest reads from its controller, and each vector that the guest takes,
 * comes from the guest's own writes and own lines. So no read shows the bit of another input, and
 * no vector is another line's. The digest of all values is the same, whichever VMs run besides.
 */
#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/cpu.h"
#include "guests/lib/machine.h"
#include "guests/lib/pic.h"
#include "guests/lib/traps.h"
#include "guests/lib/uart.h"
#include "guests/vandal/vandal.h"

#include <stddef.h>

enum { OPS = 200000, MOVES_AT_ONCE = 512 };
enum {
	ICW1 = 0x10,
	ICW1_LTIM = 0x08,
	ICW1_SNGL = 0x02,
	ICW1_IC4 = 0x01,
	ICW4_BITS = 0x1f,
	ICW4_8086 = 0x01,
	OCW3 = 0x08
};
enum {
	OCW3_POLL = OCW3 | 0x04,
	OCW3_READ_IRR = OCW3 | 0x02,
	OCW3_READ_ISR = OCW3 | 0x03,
	OCW2_BITS = 0xe7,
	OCW3_BITS = 0x6f,
};
enum {
	POLL_REQUEST = 0x80,
	POLL_LEVEL = 7,
	CASCADE = 1 << 2,
	ELCR_MASTER = 0x4d0,
	ELCR_SLAVE = 0x4d1
};
/* Vectors without a handler in the guest: 40h-EFh, in blocks of 16. */
enum { BASE_FIRST = 0x40, BASE_STEP = 0x10, BASES = 11 };

#define FNV_START 2166136261u
#define FNV_PRIME 16777619u

static const uint16_t commands[2] = { PIC_MASTER_COMMAND, PIC_SLAVE_COMMAND };
static const uint16_t elcr[2] = { ELCR_MASTER, ELCR_SLAVE };

static uint32_t random_state, done, digest, foreign_bits, foreign_vectors, vectors;
static uint8_t own[2]; /* inputs that may show */
/* base of the vectors, where the storm keeps a base; 0: the base changes */
static uint8_t base;
static volatile bool polls[2]; /* a poll command waits for its read */

static uint32_t any(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static uint8_t any_byte(void)
{
	return (uint8_t)any(256);
}

/* ---- Accesses ---- */

static void out(uint16_t port, uint8_t value)
{
	unsigned chip = port >> 7 & 1;
	bool tells = port == commands[chip] && value & (ICW1 | OCW3),
	     poll = tells && (value & (ICW1 | OCW3_POLL)) == OCW3_POLL;

	/* An interrupt may end the storm's move at any of these steps. */
	polls[chip] |= poll;
	io_out8(port, value);
	polls[chip] = tells ? poll : polls[chip];
	done++;
}

static bool poll_answer_is_own(unsigned chip, uint8_t value)
{
	return value & POLL_REQUEST && !(value & ~(POLL_REQUEST | POLL_LEVEL)) &&
	       own[chip] >> (value & POLL_LEVEL) & 1;
}

static void in(uint16_t port)
{
	unsigned chip = port >> 7 & 1;
	uint8_t value = io_in8(port);

	done++;
	digest = (digest ^ (port << 8 | value)) * FNV_PRIME;
	/* Data ports and ELCR answer the last written value, whatever the value was. A poll's
	 * answer may come there too. */
	if (port == commands[chip] && value & ~own[chip] &&
	    !(polls[chip] && poll_answer_is_own(chip, value)))
		foreign_bits++;
	if (port < ELCR_MASTER)
		polls[chip] = false;
}

/* ---- Moves ---- */

static void move_anything(unsigned chip)
{
	uint16_t port = any(3) == 0 ? elcr[chip] : (uint16_t)(commands[chip] + any(2));

	if (any(2))
		in(port);
	else
		out(port, any_byte());
}

static void initialise(unsigned chip, uint8_t icw1, uint8_t icw3, uint8_t icw4)
{
	out(commands[chip], ICW1 | icw1);
	out(commands[chip] + 1, (uint8_t)((base ? base : any_byte()) + 8 * chip));
	if (!(icw1 & ICW1_SNGL))
		out(commands[chip] + 1, icw3);
	if (icw1 & ICW1_IC4)
		out(commands[chip] + 1, icw4);
	out(commands[chip] + 1, 0);
}

/* Initialises in any mode: level, single, MCS-80, another cascade, automatic EOI. Some sequences
 * stop half way. */
static void move_initialise(unsigned chip)
{
	if (any(8) == 0)
		out(commands[chip], ICW1 | any_byte());
	else
		initialise(chip, any_byte() & 0xef, any_byte(), any_byte());
}

/* Initialises with a PC's wiring, in modes that keep the vectors. */
static void move_ready(unsigned chip)
{
	initialise(chip, (uint8_t)(ICW1_IC4 | (any(2) ? ICW1_LTIM : 0)), chip ? 2 : CASCADE,
	           (uint8_t)((any_byte() & ICW4_BITS) | ICW4_8086));
}

static void move_poll(unsigned chip)
{
	out(commands[chip], OCW3_POLL);
	in((uint16_t)(commands[chip] + any(2)));
}

static void move_look(unsigned chip)
{
	out(commands[chip], OCW3_READ_IRR);
	in(commands[chip]);
	out(commands[chip], OCW3_READ_ISR);
	in(commands[chip]);
}

static void move_ocw2(unsigned chip)
{
	out(commands[chip], any_byte() & OCW2_BITS);
}

static void move_ocw3(unsigned chip)
{
	out(commands[chip], (any_byte() & OCW3_BITS) | OCW3);
}

static void move_mask(unsigned chip)
{
	out(commands[chip] + 1, any(2) ? 0 : any_byte());
	in(commands[chip] + 1);
}

static void move_elcr(unsigned chip)
{
	out(elcr[chip], any(2) ? 0xff : any_byte());
	in(elcr[chip]);
}

/* COM2's transmitter is empty and stays empty: the line is high exactly while the transmitter's
 * interrupt is enabled. */
static void move_line(unsigned chip)
{
	(void)chip;
	if (own[0])
		io_out8(UART_COM2 + UART_IER, any(2) ? UART_IER_THRI : 0);
}

/* ---- Storms ---- */

typedef void move(unsigned chip);

enum { MOVES = 8 };
static move *const at_ports[MOVES] = { move_anything, move_anything, move_anything, move_anything,
	                               move_anything, move_anything, move_anything, move_line };
static move *const of_initialisations[MOVES] = { move_initialise, move_initialise, move_initialise,
	                                         move_look,       move_mask,       move_ocw2,
	                                         move_poll,       move_line };
static move *const of_polls[MOVES] = { move_poll, move_poll, move_poll,  move_poll,
	                               move_look, move_ocw2, move_ready, move_line };
static move *const of_elcr[MOVES] = { move_elcr, move_elcr, move_elcr,  move_look,
	                              move_poll, move_ocw2, move_ready, move_line };
static move *const of_levels[MOVES] = { move_elcr, move_look, move_ocw2, move_line,
	                                move_line, move_mask, move_look, move_ready };
static move *const of_modes[MOVES] = { move_ocw2, move_ocw3, move_ocw2,  move_ocw3,
	                               move_look, move_mask, move_ready, move_line };

static move *const *storm;

static void play(void *moves)
{
	cpu_interrupts_on();
	for (uint32_t i = *(const uint32_t *)moves; i > 0; i--)
		storm[any(MOVES)](any(2));
	cpu_interrupts_off();
}

/* For a vector of the guest's own handlers: the level behind the vector would keep the handlers
 * busy for ever. */
static struct context *calm(struct context *context)
{
	vectors++;
	if (own[0])
		io_out8(UART_COM2 + UART_IER, 0);
	return context;
}

/* Judges whether a vector belongs to an own line, where the base is known. Level 7 may be spurious;
 * ISR then shows no bit. */
static void judge(int vector)
{
	unsigned input = (unsigned)vector - base, chip = input / 8;

	vectors++;
	digest = (digest ^ (uint32_t)vector) * FNV_PRIME;
	if (own[0] == 0)
		foreign_vectors++;
	else if (base && (input > 15 || (!(own[chip] >> input % 8 & 1) && input % 8 != 7)))
		foreign_vectors++;
	move_look(0);
	move_look(1);
	if (own[0] && any(2))
		/* else a level would keep the guest busy for ever */
		io_out8(UART_COM2 + UART_IER, 0);
	move_ocw2(0);
}

static void begin(move *const *which, bool keeps_base)
{
	uint16_t lines = vandal_own_lines();

	own[0] = (uint8_t)lines | (lines >> 8 ? CASCADE : 0);
	own[1] = (uint8_t)(lines >> 8);
	random_state = (uint32_t)args_number("seed", 1);
	done = foreign_bits = foreign_vectors = vectors = 0;
	digest = FNV_START;
	polls[0] = polls[1] = false;
	base = keeps_base ? (uint8_t)(BASE_FIRST + BASE_STEP * any(BASES)) : 0;
	storm = which;
	if (own[0])
		uart_init(UART_COM2);
	irq_set_switch(calm);
	move_ready(0);
	move_ready(1);
}

static void end(void)
{
	if (own[0])
		io_out8(UART_COM2 + UART_IER, 0);
	irq_set_switch(NULL);
	io_out8(ELCR_MASTER, 0);
	io_out8(ELCR_SLAVE, 0);
	pic_init((uint8_t)args_number("base", PIC_BASE), PIC_EOI_SPECIFIC);
}

static void run(const char *argument, move *const *which, bool keeps_base)
{
	uint32_t ops = (uint32_t)vandal_number(argument, "ops", OPS), moves;
	struct sb_counters before, after;

	begin(which, keeps_base);
	moves = own[0] ? 1 : MOVES_AT_ONCE; /* a vector ends the moves */
	machine_counters(&before);
	while (done < ops) {
		int vector = trap_try(play, &moves);

		if (vector >= 0)
			judge(vector);
	}
	machine_counters(&after);
	end();
	vandal_says(!machine_is_virtual() || (foreign_bits == 0 && foreign_vectors == 0),
	            "%u accesses, digest %08lx, %u vectors, %u of them foreign, %u foreign bits, "
	            "exits %lu",
	            (unsigned)done, (unsigned long)digest, (unsigned)vectors,
	            (unsigned)foreign_vectors, (unsigned)foreign_bits,
	            after.interrupt - before.interrupt);
}

void vandal_ports(const char *argument)
{
	run(argument, at_ports, false);
}

void vandal_initialisations(const char *argument)
{
	run(argument, of_initialisations, false);
}

void vandal_polls(const char *argument)
{
	run(argument, of_polls, true);
}

void vandal_elcr(const char *argument)
{
	run(argument, of_elcr, true);
}

void vandal_levels(const char *argument)
{
	run(argument, of_levels, true);
}

void vandal_modes(const char *argument)
{
	run(argument, of_modes, true);
}
