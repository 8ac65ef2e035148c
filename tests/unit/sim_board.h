/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board around the 8259 pair: lines that devices drive, an I/O APIC whose pins can raise NMI,
 * and NMI as the processor takes it in and out of a guest.
 *
 * Rule: a line's edge reaches 8259 and I/O APIC in one moment; a masked pin drops it, a masked 8259
 * input latches it.
 */
#ifndef TESTS_UNIT_SIM_BOARD_H
#define TESTS_UNIT_SIM_BOARD_H

#include "arch/x86/machine/lines.h"

#include <stdbool.h>
#include <stdint.h>

enum { NMIS_KEPT = 8 };

/* What the lines enter, and what a guest's open ports and the processor's INTA reach. */
struct board_controller {
	void (*set_line)(unsigned line, bool high);
	void (*external)(void); /* the external signal */
	bool (*interrupt)(void);
	uint8_t (*acknowledge)(void);
	uint8_t (*read)(uint16_t port);
	void (*write)(uint16_t port, uint8_t value);
	bool (*in_service)(unsigned input);
};

struct board {
	/* board_reset(): the 8259 pair, beside the I/O APIC */
	const struct board_controller *controller;
	line_set high; /* lines that are asserted now */
	/* an NMI is an exit, else the host's handler counts it */
	bool in_guest;
	bool nmi_exit; /* the guest is to be left */
	bool nmi_blocked, nmi_waits;
	uint64_t nmis;    /* all that were raised */
	uint64_t handled; /* those that the host's handler has counted */
	/* who raised the last ones, -1 the external signal; and at which access of the VMM */
	int nmi_line[NMIS_KEPT];
	uint64_t nmi_access[NMIS_KEPT];
	uint8_t nmi_status;          /* port 61h */
	uint64_t accesses;           /* port and I/O APIC accesses that the VMM made */
	void (*edge)(unsigned line); /* told of each rising edge; NULL: nobody */
	void (*between)(
		/* called before each access of the VMM: the world goes on meanwhile; NULL: it does
		 * not */
		void);
	/* called while the VMM sleeps with its interrupts on; false, or NULL: it is to wake */
	bool (*asleep)(void);
};

extern struct board board;

/* Power-on. platform describes this board: IRQ0 on pin 2, all others on the pin of their number. */
void board_reset(void);
void board_set_line(unsigned line, bool high);
/* Down and up again: a new edge. */
void board_pulse(unsigned line);
/* The external signal. */
void board_external_nmi(void);
/* An NMI that reaches the processor; line: who raised it, -1 the external signal. */
void board_raise_nmi(int line);
/* One that came at an exit of another reason: the host's handler takes it. */
void board_take_nmi(void);
/* What an IRET in the VMM does. */
void board_unblock_nmi(void);
/* A register of the I/O APIC is written. */
void board_ioapic_write(uint64_t address, uint32_t value);
/* Is this line's pin armed to raise NMI? */
bool board_armed(unsigned line);

#endif
