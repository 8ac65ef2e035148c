/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two 8259As, cascaded as in a PC, with the edge/level control registers.
 *
 * Rule: after every change of a chip, the slave's INT is brought to the master's IR2. The exception
 * is a state that is being written word by word, because half a state is no state.
 * chipset/rtl/pair.sv has the same functions in the same order.
 */
#include "chipset/block/i8259.h"

enum { CASCADE_BIT = 1 << PAIR_CASCADE };
/* The registers have no other bits on a PC (ICH9 datasheet 13.4.11, 13.4.12). */
static const uint8_t elcr_bits[2] = { 0xf8, 0xde };

void pair_reset(struct pair *pair)
{
	i8259_reset(&pair->chip[PAIR_MASTER], false);
	i8259_reset(&pair->chip[PAIR_SLAVE], true);
}

/* An INT that rises is an edge at the master's IR2. An INT that falls takes the edge back. */
static void cascade(struct pair *pair)
{
	struct i8259 *master = &pair->chip[PAIR_MASTER];
	uint8_t others = master->pins & (uint8_t)~CASCADE_BIT;

	i8259_set_pins(master, i8259_int(&pair->chip[PAIR_SLAVE]) ? others | CASCADE_BIT : others);
}

void pair_set_pins(struct pair *pair, uint16_t pins)
{
	struct i8259 *master = &pair->chip[PAIR_MASTER];

	i8259_set_pins(&pair->chip[PAIR_SLAVE], (uint8_t)(pins >> 8));
	i8259_set_pins(master, (pins & (uint8_t)~CASCADE_BIT) | (master->pins & CASCADE_BIT));
	cascade(pair);
}

uint16_t pair_pins(const struct pair *pair)
{
	return (uint16_t)((pair->chip[PAIR_MASTER].pins & (uint8_t)~CASCADE_BIT) |
	                  pair->chip[PAIR_SLAVE].pins << 8);
}

void pair_pulse(struct pair *pair, uint16_t inputs)
{
	struct i8259 *master = &pair->chip[PAIR_MASTER], *slave = &pair->chip[PAIR_SLAVE];

	master->edges |= inputs & master->pins & (uint8_t)~CASCADE_BIT;
	slave->edges |= inputs >> 8 & slave->pins;
	cascade(pair);
}

void pair_hold(struct pair *pair, uint16_t inputs)
{
	pair->chip[PAIR_MASTER].held |= inputs & (uint8_t)~CASCADE_BIT;
	pair->chip[PAIR_SLAVE].held |= (uint8_t)(inputs >> 8);
	cascade(pair);
}

uint16_t pair_irr(const struct pair *pair)
{
	return (uint16_t)((i8259_irr(&pair->chip[PAIR_MASTER]) & (uint8_t)~CASCADE_BIT) |
	                  i8259_irr(&pair->chip[PAIR_SLAVE]) << 8);
}

uint16_t pair_enabled(const struct pair *pair)
{
	const struct i8259 *master = &pair->chip[PAIR_MASTER], *slave = &pair->chip[PAIR_SLAVE];
	uint8_t open = (uint8_t)~master->imr;

	if (master->step != I8259_READY)
		return 0;
	bool slave_open = open & CASCADE_BIT && slave->step == I8259_READY;
	return (uint16_t)((open & (uint8_t)~CASCADE_BIT) |
	                  (slave_open ? (uint8_t)~slave->imr << 8 : 0));
}

bool pair_intr(const struct pair *pair)
{
	return i8259_int(&pair->chip[PAIR_MASTER]);
}

/* "The cascade buffer/comparator": at the second INTA the master puts a slave's identity on the
 * cascade lines, and the slave of this identity answers. No chip answers: FFh. */
static uint8_t acknowledge_slave(struct pair *pair, unsigned identity)
{
	enum { NOBODY = 0xff, SPURIOUS = 7 };
	struct i8259 *master = &pair->chip[PAIR_MASTER], *slave = &pair->chip[PAIR_SLAVE];
	bool listens = slave->step == I8259_READY && !(slave->icw1 & ICW1_SNGL) &&
	               slave->icw3 == identity;
	if (!listens)
		return NOBODY;
	int level = i8259_acknowledge(slave);
	/* INT falls with the acknowledge. INT rises again where there are more requests: an edge
	 * for the master. */
	i8259_set_pins(master, master->pins & (uint8_t)~CASCADE_BIT);
	return i8259_vector(slave, level < 0 ? SPURIOUS : (unsigned)level);
}

uint8_t pair_acknowledge(struct pair *pair)
{
	enum { SPURIOUS = 7 };
	struct i8259 *master = &pair->chip[PAIR_MASTER];
	int level = i8259_acknowledge(master);
	/* on the vector and on the cascade lines alike */
	unsigned shown = level < 0 ? SPURIOUS : (unsigned)level;
	bool elsewhere = i8259_slaves(master) >> shown & 1;
	uint8_t vector = elsewhere ? acknowledge_slave(pair, shown) : i8259_vector(master, shown);
	cascade(pair);
	return vector;
}

uint8_t pair_port_read(struct pair *pair, uint16_t port)
{
	enum { NO_PORT = 0xff };
	uint8_t value = NO_PORT;
	if (port == PORT_ELCR1 || port == PORT_ELCR2)
		return pair->chip[port & 1].elcr;
	if ((port & ~1) == PORT_MASTER)
		value = i8259_read(&pair->chip[PAIR_MASTER], port & 1);
	else if ((port & ~1) == PORT_SLAVE)
		value = i8259_read(&pair->chip[PAIR_SLAVE], port & 1);
	cascade(pair); /* a poll may have taken the slave's request */
	return value;
}

void pair_port_write(struct pair *pair, uint16_t port, uint8_t value)
{
	if (port == PORT_ELCR1 || port == PORT_ELCR2)
		pair->chip[port & 1].elcr = value & elcr_bits[port & 1];
	else if ((port & ~1) == PORT_MASTER)
		i8259_write(&pair->chip[PAIR_MASTER], port & 1, value);
	else if ((port & ~1) == PORT_SLAVE)
		i8259_write(&pair->chip[PAIR_SLAVE], port & 1, value);
	cascade(pair);
}

/*
 * A chip's word:  63:56 ICW3 | 55:48 ICW2 | 47:40 ELCR | 39:32 held | 31:24 pins | 23:16 IMR |
 * 15:8 ISR | 7:0 edges
 */
static uint64_t chip_word(const struct i8259 *chip)
{
	return (uint64_t)chip->edges | (uint64_t)chip->isr << 8 | (uint64_t)chip->imr << 16 |
	       (uint64_t)chip->pins << 24 | (uint64_t)chip->held << 32 |
	       (uint64_t)chip->elcr << 40 | (uint64_t)chip->icw2 << 48 | (uint64_t)chip->icw3 << 56;
}

static void set_chip_word(struct i8259 *chip, uint64_t word)
{
	chip->pins = (uint8_t)(word >> 24);
	chip->edges = (uint8_t)word & chip->pins; /* the input of a latched edge is high */
	chip->isr = (uint8_t)(word >> 8);
	chip->imr = (uint8_t)(word >> 16);
	chip->held = (uint8_t)(word >> 32);
	chip->elcr = (uint8_t)(word >> 40) & elcr_bits[chip->is_slave];
	chip->icw2 = (uint8_t)(word >> 48);
	chip->icw3 = (uint8_t)(word >> 56) & (chip->is_slave ? 7 : 0xff);
	if (!chip->is_slave)
		chip->held &= (uint8_t)~CASCADE_BIT;
}

/*
 * A chip's modes:  26:24 step | 23 rotate in AEOI | 22 special mask | 21 poll | 20 read ISR |
 * 18:16 lowest | 15:8 ICW4 | 7:0 ICW1
 */
static uint32_t chip_modes(const struct i8259 *chip)
{
	return (uint32_t)chip->icw1 | (uint32_t)chip->icw4 << 8 | (uint32_t)chip->lowest << 16 |
	       (uint32_t)chip->read_isr << 20 | (uint32_t)chip->poll << 21 |
	       (uint32_t)chip->special_mask << 22 | (uint32_t)chip->rotate_auto << 23 |
	       (uint32_t)chip->step << 24;
}

static void set_chip_modes(struct i8259 *chip, uint32_t modes)
{
	enum { ICW4_BITS = 0x1f };
	uint8_t step = modes >> 24 & 7;
	chip->icw1 = (uint8_t)modes;
	chip->icw4 = (uint8_t)(modes >> 8) & ICW4_BITS;
	chip->lowest = modes >> 16 & 7;
	chip->read_isr = modes >> 20 & 1;
	chip->poll = modes >> 21 & 1;
	chip->special_mask = modes >> 22 & 1;
	chip->rotate_auto = modes >> 23 & 1;
	chip->step = step <= I8259_ICW4 ? step : I8259_READY;
}

uint64_t pair_word(const struct pair *pair, unsigned word)
{
	if (word < 2)
		return chip_word(&pair->chip[word]);
	return chip_modes(&pair->chip[PAIR_MASTER]) | (uint64_t)chip_modes(&pair->chip[PAIR_SLAVE])
	                                                      << 32;
}

void pair_set_word(struct pair *pair, unsigned word, uint64_t value)
{
	if (word < 2) {
		set_chip_word(&pair->chip[word], value);
	} else {
		set_chip_modes(&pair->chip[PAIR_MASTER], (uint32_t)value);
		set_chip_modes(&pair->chip[PAIR_SLAVE], (uint32_t)(value >> 32));
	}
}
