/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A. See the header for the rule. Words and names in quotes are the datasheet's (Intel
 * 231468-003). chipset/rtl/resolver.sv and i8259.sv have the same functions in the same order.
 */
#include "chipset/block/i8259.h"

void i8259_reset(struct i8259 *chip, bool is_slave)
{
	*chip = (struct i8259){ .imr = 0xff, .lowest = 7, .step = I8259_RAW, .is_slave = is_slave };
}

static uint8_t bit(unsigned level)
{
	return (uint8_t)(1u << level);
}

/* Returns the level with the highest priority of a set, -1 for none. "Automatic rotation",
 * "Specific rotation": the level after the lowest comes first. */
static int highest(const struct i8259 *chip, uint8_t levels)
{
	if (levels == 0)
		return -1;
	unsigned first = (chip->lowest + 1u) & 7, turned = levels | (unsigned)levels << 8;
	return (int)(((unsigned)__builtin_ctz(turned >> first) + first) & 7);
}

/* Returns the level's distance from the top: 0 is the highest priority. */
static unsigned rank(const struct i8259 *chip, int level)
{
	return ((unsigned)level - chip->lowest - 1u) & 7;
}

/* "Edge and level triggered modes": an input that LTIM or ELCR makes level triggered asks by its
 * pin. */
uint8_t i8259_irr(const struct i8259 *chip)
{
	uint8_t level = chip->icw1 & ICW1_LTIM ? 0xff : chip->elcr;

	return (uint8_t)((chip->edges & ~level) | (chip->pins & level) | chip->held);
}

uint8_t i8259_slaves(const struct i8259 *chip)
{
	return chip->is_slave || chip->icw1 & ICW1_SNGL ? 0 : chip->icw3;
}

/*
 * The priority resolver. "Fully nested mode": a level in service holds back the same level and all
 * levels below. "Special mask mode": a masked level holds no level back. "The special fully nested
 * mode": a slave in service may ask again.
 */
static int request(const struct i8259 *chip)
{
	int asked = highest(chip, i8259_irr(chip) & (uint8_t)~chip->imr);

	if (asked < 0 || chip->step != I8259_READY)
		return -1;
	int serving = highest(chip,
	                      chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr);
	if (serving < 0 || rank(chip, asked) < rank(chip, serving))
		return asked;
	bool again = asked == serving && chip->icw4 & ICW4_SFNM &&
	             i8259_slaves(chip) & bit((unsigned)asked);
	return again ? asked : -1;
}

bool i8259_int(const struct i8259 *chip)
{
	return request(chip) >= 0;
}

void i8259_set_pins(struct i8259 *chip, uint8_t pins)
{
	chip->edges |= pins & (uint8_t)~chip->pins;
	/* "IR must remain high until after the falling edge of the first INTA": an edge goes with
	 * its input's level. */
	chip->edges &= pins;
	chip->pins = pins;
}

/* "Automatic end of interrupt mode": no level goes into service. */
int i8259_acknowledge(struct i8259 *chip)
{
	int level = request(chip);

	if (level < 0)
		return -1;
	uint8_t mine = bit((unsigned)level);
	chip->edges &= (uint8_t)~mine;
	chip->held &= (uint8_t)~mine;
	if (!(chip->icw4 & ICW4_AEOI))
		chip->isr |= mine;
	else if (chip->rotate_auto)
		chip->lowest = (uint8_t)level;
	return level;
}

/* "Interrupt sequence outputs". */
uint8_t i8259_vector(const struct i8259 *chip, unsigned level)
{
	if (chip->icw4 & ICW4_UPM)
		return (uint8_t)((chip->icw2 & 0xf8) | level);
	/* MCS-80: an x86 takes the low byte of the CALL's address for the vector. */
	return (uint8_t)(chip->icw1 & ICW1_ADI ? (chip->icw1 & 0xe0) | level << 2
	                                       : (chip->icw1 & 0xc0) | level << 3);
}

/* "Poll command": "the 8259A treats the next RD pulse as an interrupt acknowledge", at either
 * port. */
static uint8_t poll(struct i8259 *chip)
{
	enum { POLL_REQUEST = 0x80 };
	chip->poll = false;
	int level = i8259_acknowledge(chip);
	return level < 0 ? 0 : (uint8_t)(POLL_REQUEST | level);
}

/* "Reading the 8259A status": IMR at the data port, else ISR or IRR. */
uint8_t i8259_read(struct i8259 *chip, bool a0)
{
	if (chip->poll)
		return poll(chip);
	if (a0)
		return chip->imr;
	return chip->read_isr ? chip->isr : i8259_irr(chip);
}

/* "Initialization command words 1 and 2": "the following automatically occur". The edge sense
 * circuit is reset, IMR is cleared, IR7 gets the lowest priority, a slave's address is 7, special
 * mask mode ends, and IRR is read. Without IC4 all functions of ICW4 are off. */
static void write_icw1(struct i8259 *chip, uint8_t value)
{
	chip->icw1 = value;
	chip->icw4 = 0;
	if (chip->is_slave)
		chip->icw3 = 7;
	chip->edges = chip->held = chip->isr = chip->imr = 0;
	chip->lowest = 7;
	chip->read_isr = chip->poll = chip->special_mask = chip->rotate_auto = false;
	chip->step = I8259_ICW2;
}

static void end_of_interrupt(struct i8259 *chip, int level, bool rotates)
{
	if (level < 0)
		return;
	chip->isr &= (uint8_t)~bit((unsigned)level);
	if (rotates)
		chip->lowest = (uint8_t)level;
}

/*
 * OCW2 (Figure 8)
 *   R SL EOI                               R SL EOI
 *   0  0  1  non-specific EOI              1  0  0  rotate in automatic EOI mode: set
 *   0  1  1  specific EOI                  0  0  0  ... clear
 *   1  0  1  rotate on non-specific EOI    1  1  0  set priority
 *   1  1  1  rotate on specific EOI        0  1  0  no operation
 */
static void write_ocw2(struct i8259 *chip, uint8_t value)
{
	bool rotates = value & OCW2_R, specific = value & OCW2_SL;

	if (value & OCW2_EOI) {
		/* "An ISR bit that is masked by an IMR bit will not be cleared by a non-specific
		 * EOI in special mask mode." */
		uint8_t ended = chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr;
		end_of_interrupt(chip, specific ? value & OCW2_LEVEL : highest(chip, ended),
		                 rotates);
	} else if (!specific) {
		chip->rotate_auto = rotates;
	} else if (rotates) {
		chip->lowest = value & OCW2_LEVEL;
	}
}

/* Figure 8: 6 ESMM | 5 SMM | 2 P | 1 RR | 0 RIS. */
static void write_ocw3(struct i8259 *chip, uint8_t value)
{
	if (value & OCW3_ESMM)
		chip->special_mask = value & OCW3_SMM;
	if (value & OCW3_RR)
		chip->read_isr = value & OCW3_RIS;
	chip->poll = value & OCW3_P;
}

static void write_command(struct i8259 *chip, uint8_t value)
{
	if (value & ICW1_SELECT)
		write_icw1(chip, value);
	else if (value & OCW3_SELECT)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
}

/* Figure 6: the initialisation sequence. */
static uint8_t after(const struct i8259 *chip, enum i8259_step step)
{
	if (step == I8259_ICW2 && !(chip->icw1 & ICW1_SNGL))
		return I8259_ICW3;
	return step != I8259_ICW4 && chip->icw1 & ICW1_IC4 ? I8259_ICW4 : I8259_READY;
}

/* Figure 6: the initialisation sequence, or OCW1. */
static void write_data(struct i8259 *chip, uint8_t value)
{
	enum { ICW3_IDENTITY = 7, ICW4_BITS = 0x1f };
	enum i8259_step step = chip->step;
	if (step == I8259_RAW || step == I8259_READY) {
		chip->imr = value;
		return;
	}
	if (step == I8259_ICW2)
		chip->icw2 = value;
	else if (step == I8259_ICW3)
		chip->icw3 = chip->is_slave ? value & ICW3_IDENTITY : value;
	else
		chip->icw4 = value & ICW4_BITS;
	chip->step = after(chip, step);
}

void i8259_write(struct i8259 *chip, bool a0, uint8_t value)
{
	if (a0)
		write_data(chip, value);
	else
		write_command(chip, value);
}
