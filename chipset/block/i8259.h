/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One 8259A programmable interrupt controller, complete (Intel 231468-003), and two of them as a PC
 * cascades them.
 *
 * Rule: a pure state machine. No dependencies, no allocation, no clock: it changes by the calls
 * below and by nothing else, and its state is the structure, whole: what two words of it hold is
 * what a chip is.
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

/* What the chip expects next at its data port. */
/* RAW: never initialised */
enum i8259_step { I8259_RAW, I8259_READY, I8259_ICW2, I8259_ICW3, I8259_ICW4 };

struct i8259 {
	uint8_t edges; /* edge-sense latches: a rising edge, and the input has been high since */
	/* requests that the VMM block held for this controller: no falling edge takes them back */
	uint8_t held;
	uint8_t pins; /* the inputs IR0-IR7, as the chip sees them now */
	uint8_t isr;  /* in service */
	uint8_t imr;  /* OCW1 */
	/* inputs that are level triggered by the edge/level control register, whatever LTIM says */
	uint8_t elcr;
	uint8_t icw1; /* LTIM, ADI, SNGL, IC4, A7-A5 */
	uint8_t icw2; /* 8086: T7-T3; MCS-80: A15-A8 */
	uint8_t icw3; /* master: inputs with a slave; slave: its identity */
	uint8_t icw4;
	uint8_t lowest; /* the level with the lowest priority: 7 until something rotates */
	uint8_t step;   /* enum i8259_step */
	bool read_isr;  /* OCW3 selected ISR, not IRR */
	bool poll;      /* OCW3 poll command: the next read is an acknowledge */
	bool special_mask;
	bool rotate_auto; /* rotate in automatic EOI mode */
	/* the SP/EN pin, by the board's wiring: buffered mode's M/S bit changes nothing on a PC */
	bool is_slave;
};

void i8259_reset(struct i8259 *chip, bool is_slave);
/* Inputs with a slave behind them: ICW3 of a master that is not single. */
uint8_t i8259_slaves(const struct i8259 *chip);
/* The inputs' levels: rising edges are latched, a falling edge takes back what was not
 * acknowledged. */
void i8259_set_pins(struct i8259 *chip, uint8_t pins);
/* Requests as OCW3 reads them. */
uint8_t i8259_irr(const struct i8259 *chip);
/* INT: a request that is neither masked nor held back by what is in service. */
bool i8259_int(const struct i8259 *chip);
/* First INTA: the level that goes into service, -1: none (the master or the chip alone then answers
 * with level 7). */
int i8259_acknowledge(struct i8259 *chip);
/* The byte on the bus at the second INTA, where this chip gives it: the vector in 8086 mode, the
 * low address in MCS-80 mode. */
uint8_t i8259_vector(const struct i8259 *chip, unsigned level);
/* a0: 0 command port, 1 data port. */
uint8_t i8259_read(struct i8259 *chip, bool a0);
void i8259_write(struct i8259 *chip, bool a0, uint8_t value);

/* The pair: the slave's INT is the master's IR2, its identity 2. inputs of the pair: 0-15, without
 * 2. */
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

void pair_reset(struct pair *pair);
void pair_set_pins(struct pair *pair, uint16_t pins);
uint16_t pair_pins(const struct pair *pair);
/* Another rising edge on inputs that are high already: several lines at one input have an edge
 * detector each. */
void pair_pulse(struct pair *pair, uint16_t inputs);
/* Inputs latch a request that no falling edge takes back. */
void pair_hold(struct pair *pair, uint16_t inputs);
uint16_t pair_irr(const struct pair *pair);
/* Inputs whose request would come through to INTR, were nothing in service. */
uint16_t pair_enabled(const struct pair *pair);
bool pair_intr(const struct pair *pair);
/* Both INTA cycles: the vector. */
uint8_t pair_acknowledge(struct pair *pair);
/* Any port that is not the pair's reads as all ones and ignores writes. */
uint8_t pair_port_read(struct pair *pair, uint16_t port);
void pair_port_write(struct pair *pair, uint16_t port, uint8_t value);

/* The whole state in three words (docs/register-window.md), and back. Any value may be written;
 * what no chip can be in is brought to the nearest that it can. Between the words the cascade
 * stands still, so their order is free: write them while no line is routed to the pair. */
enum { PAIR_WORDS = 3 };
uint64_t pair_word(const struct pair *pair, unsigned word);
void pair_set_word(struct pair *pair, unsigned word, uint64_t value);

#endif
