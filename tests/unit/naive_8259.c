/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/naive_8259.h"

#include <string.h>

/* ---- Bools and bytes ---- */

static uint8_t byte_of(const bool bits[8])
{
	unsigned byte = 0;

	for (unsigned i = 0; i < 8; i++)
		if (bits[i])
			byte += 1u << i;
	return (uint8_t)byte;
}

static void bits_of(bool bits[8], unsigned byte)
{
	for (unsigned i = 0; i < 8; i++)
		bits[i] = byte >> i & 1;
}

static void clear(bool bits[8])
{
	for (unsigned i = 0; i < 8; i++)
		bits[i] = false;
}

/* ---- Requests and priorities ---- */

static bool requests(const struct naive_chip *chip, unsigned level)
{
	if (chip->held[level])
		return true;
	if (chip->ltim || chip->elcr[level])
		return chip->pin[level];
	return chip->edge[level];
}

static bool has_slave(const struct naive_chip *chip, unsigned level)
{
	return chip->master && !chip->single && (chip->icw3 >> level & 1);
}

/* "Special fully nested mode: a slave in service is not locked out from the master's priority
 * logic." */
static bool nests_in_itself(const struct naive_chip *chip, unsigned level)
{
	return (chip->icw4 >> 4 & 1) && has_slave(chip, level);
}

/* "Special mask mode: a mask bit enables interrupts from all other levels": an ISR bit that is
 * masked holds nothing back. */
static bool holds_back(const struct naive_chip *chip, unsigned level)
{
	return chip->service[level] && !(chip->special_mask && chip->masked[level]);
}

/* The level that INT is about, or -1. */
static int wanted(const struct naive_chip *chip)
{
	if (chip->expects != 0)
		return -1;
	for (unsigned i = 1; i <= 8; i++) {
		unsigned level = (chip->lowest + i) % 8;
		bool wants = requests(chip, level) && !chip->masked[level];

		if (holds_back(chip, level))
			return wants && nests_in_itself(chip, level) ? (int)level : -1;
		if (wants)
			return (int)level;
	}
	return -1;
}

/* The level that a non-specific EOI ends, or -1: "an IS bit that is masked by an IMR bit will not
 * be cleared by a non-specific EOI if the 8259A is in the special mask mode." */
static int highest_in_service(const struct naive_chip *chip)
{
	for (unsigned i = 1; i <= 8; i++) {
		unsigned level = (chip->lowest + i) % 8;

		if (holds_back(chip, level))
			return (int)level;
	}
	return -1;
}

static void end(struct naive_chip *chip, bool rotate)
{
	int level = highest_in_service(chip);

	if (level < 0)
		return;
	chip->service[level] = false;
	if (rotate)
		chip->lowest = (unsigned)level;
}

/* ---- A chip's pins and cycles ---- */

static void set_pin(struct naive_chip *chip, unsigned level, bool high)
{
	if (high && !chip->pin[level])
		chip->edge[level] = true;
	if (!high)
		chip->edge[level] = false;
	chip->pin[level] = high;
}

static int first_inta(struct naive_chip *chip, bool *was_in_service)
{
	int level = wanted(chip);

	*was_in_service = level >= 0 && chip->service[level];
	if (level < 0)
		return -1;
	chip->edge[level] = false;
	chip->held[level] = false;
	chip->service[level] = true;
	return level;
}

/*
 * "AEOI: the 8259A will automatically perform a non-specific EOI at the trailing edge of the last
 * INTA pulse." In AEOI mode nothing is in service before, unless somebody wrote it there; that is
 * left alone.
 */
static void last_inta(struct naive_chip *chip, int level, bool was_in_service)
{
	if (level < 0 || !(chip->icw4 >> 1 & 1))
		return;
	chip->service[level] = was_in_service;
	if (chip->rotate_auto)
		chip->lowest = (unsigned)level;
}

static uint8_t vector(const struct naive_chip *chip, unsigned level)
{
	if (chip->icw4 & 1)
		return (uint8_t)(chip->icw2 / 8 * 8 + level);
	if (chip->adi)
		return (uint8_t)(chip->a7_a5 * 32 + level * 4);
	return (uint8_t)(chip->a7_a5 / 2 * 64 + level * 8);
}

static void power_up(struct naive_chip *chip, bool master)
{
	memset(chip, 0, sizeof(*chip));
	for (unsigned i = 0; i < 8; i++)
		/* the datasheet names no state at power-up; silence is the safe one */
		chip->masked[i] = true;
	chip->lowest = 7;
	chip->expects = 1;
	chip->master = master;
}

/* ---- A chip's ports ---- */

static void icw1(struct naive_chip *chip, unsigned value)
{
	chip->a7_a5 = value / 32;
	chip->icw1_written = true;
	chip->ltim = value >> 3 & 1;
	chip->adi = value >> 2 & 1;
	chip->single = value >> 1 & 1;
	chip->icw4_needed = value & 1;
	chip->expects = 2;
	clear(chip->edge);   /* a: the edge sense circuit is reset */
	clear(chip->held);   /*    and so is what stood in for it */
	clear(chip->masked); /* b */
	chip->lowest = 7;    /* c */
	if (!chip->master)
		chip->icw3 = 7;     /* d: the slave mode address is set to 7 */
	chip->special_mask = false; /* e */
	chip->read_isr = false;
	/* f: for IC4 = 0; with IC4 = 1 it is written anew before the chip does anything */
	chip->icw4 = 0;
	/* The datasheet says nothing of ISR, of rotation in AEOI mode and of a poll command; every
	 * chip that is sold as an 8259A starts anew. */
	clear(chip->service);
	chip->rotate_auto = false;
	chip->poll = false;
}

static void ocw2(struct naive_chip *chip, unsigned value)
{
	unsigned level = value % 8;

	switch (value / 32) {
	case 0: /* 000: rotate in automatic EOI mode, clear */
		chip->rotate_auto = false;
		break;
	case 1: /* 001: non-specific EOI */
		end(chip, false);
		break;
	case 2: /* 010: no operation */
		break;
	case 3: /* 011: specific EOI */
		chip->service[level] = false;
		break;
	case 4: /* 100: rotate in automatic EOI mode, set */
		chip->rotate_auto = true;
		break;
	case 5: /* 101: rotate on non-specific EOI */
		end(chip, true);
		break;
	case 6: /* 110: set priority */
		chip->lowest = level;
		break;
	case 7: /* 111: rotate on specific EOI */
		chip->service[level] = false;
		chip->lowest = level;
		break;
	}
}

static void ocw3(struct naive_chip *chip, unsigned value)
{
	bool esmm = value >> 6 & 1, smm = value >> 5 & 1, poll = value >> 2 & 1,
	     rr = value >> 1 & 1, ris = value & 1;

	if (esmm)
		chip->special_mask = smm;
	chip->poll = poll; /* a later OCW3 without P takes it back: the datasheet does not say */
	if (rr)
		chip->read_isr = ris;
}

static void data(struct naive_chip *chip, unsigned value)
{
	switch (chip->expects) {
	case 0:
	case 1:
		bits_of(chip->masked, value);
		return;
	case 2:
		chip->icw2 = value;
		chip->expects = !chip->single ? 3 : chip->icw4_needed ? 4 : 0;
		return;
	case 3:
		/* a slave's identity has three bits */
		chip->icw3 = chip->master ? value : value % 8;
		chip->expects = chip->icw4_needed ? 4 : 0;
		return;
	case 4:
		chip->icw4 = value % 32;
		chip->expects = 0;
		return;
	}
}

static void write_port(struct naive_chip *chip, bool a0, unsigned value)
{
	if (a0)
		data(chip, value);
	else if (value >> 4 & 1)
		icw1(chip, value);
	else if (value >> 3 & 1)
		ocw3(chip, value);
	else
		ocw2(chip, value);
}

/* "The next RD pulse (RD = 0, CS = 0)": A0 does not count. */
static uint8_t read_port(struct naive_chip *chip, bool a0)
{
	bool requested[8];

	if (chip->poll) {
		bool was_in_service;
		int level = first_inta(chip, &was_in_service);

		chip->poll = false;
		last_inta(chip, level, was_in_service);
		return level < 0 ? 0 : (uint8_t)(0x80 + level);
	}
	if (a0)
		return byte_of(chip->masked);
	if (chip->read_isr)
		return byte_of(chip->service);
	for (unsigned i = 0; i < 8; i++)
		requested[i] = requests(chip, i);
	return byte_of(requested);
}

/* ---- The pair ---- */

static void cascade(struct naive_pair *pair)
{
	set_pin(&pair->master, 2, wanted(&pair->slave) >= 0);
}

void naive_pair_cascade(struct naive_pair *pair)
{
	cascade(pair);
}

void naive_pair_reset(struct naive_pair *pair)
{
	power_up(&pair->master, true);
	power_up(&pair->slave, false);
}

static struct naive_chip *chip_of(struct naive_pair *pair, unsigned input)
{
	return input < 8 ? &pair->master : &pair->slave;
}

void naive_pair_set_input(struct naive_pair *pair, unsigned input, bool high)
{
	set_pin(chip_of(pair, input), input % 8, high);
}

void naive_pair_hold(struct naive_pair *pair, unsigned input)
{
	chip_of(pair, input)->held[input % 8] = true;
}

bool naive_pair_requests(const struct naive_pair *pair, unsigned input)
{
	return input != 2 && requests(input < 8 ? &pair->master : &pair->slave, input % 8);
}

bool naive_pair_enabled(const struct naive_pair *pair, unsigned input)
{
	const struct naive_chip *chip = input < 8 ? &pair->master : &pair->slave;

	if (input == 2 || pair->master.expects != 0 || chip->expects != 0 ||
	    chip->masked[input % 8])
		return false;
	return input < 8 || !pair->master.masked[2];
}

bool naive_pair_intr(const struct naive_pair *pair)
{
	return wanted(&pair->master) >= 0;
}

/*
 * The master answers "level 7" where nothing is requested any more, and so does the slave. A chip
 * that nobody answers for leaves the bus floating: all ones.
 */
uint8_t naive_pair_acknowledge(struct naive_pair *pair)
{
	bool was_at_master, was_at_slave;
	int at_master = first_inta(&pair->master, &was_at_master);
	unsigned level = at_master < 0 ? 7 : (unsigned)at_master;
	uint8_t bus = vector(&pair->master, level);

	if (has_slave(&pair->master, level)) {
		bus = 0xff;
		/* The slave compares the CAS lines with its identity, whichever input its INT is
		 * wired to. */
		if (!pair->slave.single && pair->slave.expects == 0 && pair->slave.icw3 == level) {
			int at_slave = first_inta(&pair->slave, &was_at_slave);

			cascade(pair);
			bus = vector(&pair->slave, at_slave < 0 ? 7 : (unsigned)at_slave);
			last_inta(&pair->slave, at_slave, was_at_slave);
			cascade(pair);
		}
	}
	last_inta(&pair->master, at_master, was_at_master);
	cascade(pair);
	return bus;
}

/* The edge/level registers: a bit for each input that can be level triggered (ICH9 datasheet
 * 13.4.11, 13.4.12). */
static bool has_elcr(unsigned input)
{
	return input != 0 && input != 1 && input != 2 && input != 8 && input != 13;
}

static uint8_t chip_bits(unsigned value, unsigned first)
{
	for (unsigned i = 0; i < 8; i++)
		if (!has_elcr(first + i) && (value >> i & 1))
			value -= 1u << i;
	return (uint8_t)value;
}

uint8_t naive_pair_read(struct naive_pair *pair, uint16_t port)
{
	uint8_t value = 0xff;

	if (port == 0x20 || port == 0x21)
		value = read_port(&pair->master, port == 0x21);
	if (port == 0xa0 || port == 0xa1)
		value = read_port(&pair->slave, port == 0xa1);
	if (port < 0x100)
		cascade(pair); /* a poll acknowledges */
	if (port == 0x4d0)
		value = byte_of(pair->master.elcr);
	if (port == 0x4d1)
		value = byte_of(pair->slave.elcr);
	return value;
}

void naive_pair_write(struct naive_pair *pair, uint16_t port, uint8_t value)
{
	if (port == 0x20 || port == 0x21)
		write_port(&pair->master, port == 0x21, value);
	if (port == 0xa0 || port == 0xa1)
		write_port(&pair->slave, port == 0xa1, value);
	if (port == 0x4d0)
		bits_of(pair->master.elcr, chip_bits(value, 0));
	if (port == 0x4d1)
		bits_of(pair->slave.elcr, chip_bits(value, 8));
	cascade(pair);
}

/* ---- The state words (window.h) ---- */

static uint64_t join(const uint8_t bytes[8])
{
	uint64_t word = 0;

	for (unsigned i = 8; i-- > 0;)
		word = word * 256 + bytes[i];
	return word;
}

static uint64_t chip_word(const struct naive_chip *chip)
{
	const uint8_t bytes[8] = { byte_of(chip->edge),   byte_of(chip->service),
		                   byte_of(chip->masked), byte_of(chip->pin),
		                   byte_of(chip->held),   byte_of(chip->elcr),
		                   (uint8_t)chip->icw2,   (uint8_t)chip->icw3 };

	return join(bytes);
}

/* The numbers of the steps: 0 never initialised, 1 ready, 2-4 an ICW. Here 0 is ready and 1 never
 * initialised. */
static unsigned step_swap(unsigned step)
{
	return step == 0 ? 1 : step == 1 ? 0 : step;
}

static uint64_t modes(const struct naive_chip *chip)
{
	uint64_t word = step_swap(chip->expects);

	word = word * 2 + chip->rotate_auto;
	word = word * 2 + chip->special_mask;
	word = word * 2 + chip->poll;
	word = word * 2 + chip->read_isr;
	word = word * 16 + chip->lowest;
	word = word * 256 + chip->icw4;
	return word * 256 + chip->a7_a5 * 32 + chip->icw1_written * 16u + chip->ltim * 8u +
	       chip->adi * 4u + chip->single * 2u + chip->icw4_needed;
}

uint64_t naive_pair_word(const struct naive_pair *pair, unsigned word)
{
	if (word == 2)
		return (modes(&pair->slave) << 32) + modes(&pair->master);
	return chip_word(word == 0 ? &pair->master : &pair->slave);
}

static void set_chip_word(struct naive_chip *chip, uint64_t value)
{
	bits_of(chip->edge, value % 256);
	bits_of(chip->service, value >> 8 & 255);
	bits_of(chip->masked, value >> 16 & 255);
	bits_of(chip->pin, value >> 24 & 255);
	bits_of(chip->held, value >> 32 & 255);
	bits_of(chip->elcr, chip_bits(value >> 40 & 255, chip->master ? 0 : 8));
	chip->icw2 = value >> 48 & 255;
	chip->icw3 = chip->master ? value >> 56 : value >> 56 & 7;
	if (chip->master)
		chip->held[2] = false; /* no line leads to the cascade */
	/* An edge is only kept while its input is high. */
	for (unsigned i = 0; i < 8; i++)
		if (!chip->pin[i])
			chip->edge[i] = false;
}

static void set_modes(struct naive_chip *chip, uint32_t value)
{
	unsigned step = value >> 24 & 7;

	chip->a7_a5 = value >> 5 & 7;
	chip->icw1_written = value >> 4 & 1;
	chip->ltim = value >> 3 & 1;
	chip->adi = value >> 2 & 1;
	chip->single = value >> 1 & 1;
	chip->icw4_needed = value & 1;
	chip->icw4 = value >> 8 & 31;
	chip->lowest = value >> 16 & 7;
	chip->read_isr = value >> 20 & 1;
	chip->poll = value >> 21 & 1;
	chip->special_mask = value >> 22 & 1;
	chip->rotate_auto = value >> 23 & 1;
	chip->expects = step_swap(step > 4 ? 1 : step);
}

void naive_pair_set_word(struct naive_pair *pair, unsigned word, uint64_t value)
{
	if (word == 0)
		set_chip_word(&pair->master, value);
	if (word == 1)
		set_chip_word(&pair->slave, value);
	if (word == 2) {
		set_modes(&pair->master, (uint32_t)value);
		set_modes(&pair->slave, (uint32_t)(value >> 32));
	}
}
