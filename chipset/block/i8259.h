/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A complete 8259A programmable interrupt controller (Intel 231468-003), and two 8259As cascaded as
 * in a PC.
 *
 * Rule: a pure state machine. There are no dependencies, no allocation and no clock. Only the calls
 * below change the state. The structure is the whole state of a chip. Two words can hold the whole
 * state.
 */
#ifndef CHIPSET_BLOCK_I8259_H
#define CHIPSET_BLOCK_I8259_H

#include <stdbool.h>
#include <stdint.h>

/*
 * ICW1, A0 = 0, D4 = 1                 7:5 A7-A5 (MCS-80) | 4 = 1 | 3 LTIM | 2 ADI | 1 SNGL | 0 IC4
 * ICW4, A0 = 1                         4 SFNM | 3 BUF | 2 M/S | 1 AEOI | 0 uPM
 * OCW2, A0 = 0, D4 D3 = 0 0            7 R | 6 SL | 5 EOI | 2:0 level
 * OCW3, A0 = 0, D4 D3 = 0 1            6 ESMM | 5 SMM | 2 P | 1 RR | 0 RIS
 */
enum {
	ICW1_IC4 = 1 << 0,
	ICW1_SNGL = 1 << 1,
	ICW1_ADI = 1 << 2,
	ICW1_LTIM = 1 << 3,
	ICW1_SELECT = 1 << 4
};
enum {
	ICW4_UPM = 1 << 0,
	ICW4_AEOI = 1 << 1,
	ICW4_MS = 1 << 2,
	ICW4_BUF = 1 << 3,
	ICW4_SFNM = 1 << 4
};
enum { OCW2_LEVEL = 7, OCW2_EOI = 1 << 5, OCW2_SL = 1 << 6, OCW2_R = 1 << 7 };
enum {
	OCW3_RIS = 1 << 0,
	OCW3_RR = 1 << 1,
	OCW3_P = 1 << 2,
	OCW3_SELECT = 1 << 3,
	OCW3_SMM = 1 << 5,
	OCW3_ESMM = 1 << 6
};

/* The value that the chip expects next at the data port. RAW: never initialised. */
enum i8259_step { I8259_RAW, I8259_READY, I8259_ICW2, I8259_ICW3, I8259_ICW4 };

struct i8259 {
	/* edge-sense latches: there was a rising edge, and the input has been high since */
	uint8_t edges;
	/* requests that the VMM block held for this controller: no falling edge takes a held
	 * request back */
	uint8_t held;
	uint8_t pins; /* present levels of the inputs IR0-IR7 */
	uint8_t isr;  /* in service */
	uint8_t imr;  /* OCW1 */
	/* inputs that are level triggered by the edge/level control register, whatever LTIM says */
	uint8_t elcr;
	uint8_t icw1; /* LTIM, ADI, SNGL, IC4, A7-A5 */
	uint8_t icw2; /* 8086: T7-T3; MCS-80: A15-A8 */
	uint8_t icw3; /* master: inputs with a slave; slave: the slave's identity */
	uint8_t icw4;
	uint8_t lowest; /* the level with the lowest priority: 7 until a rotation */
	uint8_t step;   /* enum i8259_step */
	bool read_isr;  /* OCW3 selected ISR, not IRR */
	bool poll;      /* OCW3 poll command: the next read is an acknowledge */
	bool special_mask;
	bool rotate_auto; /* rotate in automatic EOI mode */
	/* the SP/EN pin, by the board's wiring: buffered mode's M/S bit has no effect on a PC */
	bool is_slave;
};

/* Brings the chip to the state at power-on. Call before any other call. */
void i8259_reset(struct i8259 *chip, bool is_slave);
/* Returns the inputs with a slave behind: ICW3 of a master that is not single. */
uint8_t i8259_slaves(const struct i8259 *chip);
/* Sets the levels of the inputs. Rising edges are latched. A falling edge takes a request back that
 * was not acknowledged. */
void i8259_set_pins(struct i8259 *chip, uint8_t pins);
/* Returns the requests, like a read of IRR by OCW3. */
uint8_t i8259_irr(const struct i8259 *chip);
/* INT: returns whether there is a request that is neither masked nor held back by a level in
 * service. */
bool i8259_int(const struct i8259 *chip);
/* First INTA: returns the level that goes into service. Returns -1 for none; the master, or a chip
 * alone, then answers with level 7. */
int i8259_acknowledge(struct i8259 *chip);
/* Returns the byte on the bus at the second INTA, where this chip gives the byte: the vector in
 * 8086 mode, the low address in MCS-80 mode. */
uint8_t i8259_vector(const struct i8259 *chip, unsigned level);
/* Reads or writes a port. a0: 0 command port, 1 data port. */
uint8_t i8259_read(struct i8259 *chip, bool a0);
void i8259_write(struct i8259 *chip, bool a0, uint8_t value);

/* The pair: the slave's INT is the master's IR2, and the slave's identity is 2. Inputs of the pair:
 * 0-15, without 2. */
enum { PAIR_CASCADE = 2, PAIR_MASTER = 0, PAIR_SLAVE = 1 };

struct pair {
	struct i8259 chip[2];
};

/* Ports that reach a pair. */
enum {
	PORT_MASTER = 0x20,
	PORT_SLAVE = 0xa0,
	PORT_ELCR1 = 0x4d0, /* ICH9 datasheet 13.4.11: 7:3 IRQ7-3; others read 0 */
	PORT_ELCR2 = 0x4d1, /* 13.4.12: 7:6 IRQ15-14, 4:1 IRQ12-9; others read 0 */
};

/* Brings both chips to the state at power-on. Call before any other call. */
void pair_reset(struct pair *pair);
/* Sets the levels of the pair's inputs. */
void pair_set_pins(struct pair *pair, uint16_t pins);
/* Returns the levels of the pair's inputs. */
uint16_t pair_pins(const struct pair *pair);
/* Makes another rising edge on inputs that are high already. Several lines at a single input have
 * an edge detector each. */
void pair_pulse(struct pair *pair, uint16_t inputs);
/* The inputs latch a request that no falling edge takes back. */
void pair_hold(struct pair *pair, uint16_t inputs);
/* Returns the requests of both chips, without the cascade. */
uint16_t pair_irr(const struct pair *pair);
/* Returns the inputs whose request would reach INTR with no level in service. */
uint16_t pair_enabled(const struct pair *pair);
/* Returns the level of INTR. */
bool pair_intr(const struct pair *pair);
/* Does both INTA cycles and returns the vector. */
uint8_t pair_acknowledge(struct pair *pair);
/* Reads or writes a port. Any port that is not the pair's reads as all ones and ignores writes. */
uint8_t pair_port_read(struct pair *pair, uint16_t port);
void pair_port_write(struct pair *pair, uint16_t port, uint8_t value);

/* Reads and writes the whole state as three words (docs/register-window.md). Any value may be
 * written; a state that no chip can be in becomes the nearest possible state. The cascade stands
 * still while words are written, so the words may come in any order. Write the words while no line
 * is routed to the pair. */
enum { PAIR_WORDS = 3 };
uint64_t pair_word(const struct pair *pair, unsigned word);
void pair_set_word(struct pair *pair, unsigned word, uint64_t value);

#endif
