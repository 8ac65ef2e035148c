/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's interrupt controller, as the VMM keeps the controller: the fields that the VMM and every
 * realisation use, and the private state of each realisation in a type of its own.
 *
 * Rule: only the files of a realisation touch the realisation's part. chipset.h has the calls.
 */
#ifndef CHIPSET_CONTROLLER_H
#define CHIPSET_CONTROLLER_H

#include "arch/x86/machine/lines.h"
#include "chipset/apic/apic_local.h"
#include "chipset/block/i8259.h"

#include <stdbool.h>
#include <stdint.h>

/* Lines that an edge/level control register has. The register's other bits read 0 (ICH9 datasheet
 * 13.4.11, 13.4.12). */
enum { ELCR_BITS = 0xdef8 };

/* Ports of the controller, in the order of chipset_ports[]. */
enum {
	OPEN_MASTER_COMMAND = 1 << 0,
	OPEN_MASTER_DATA = 1 << 1,
	OPEN_SLAVE_COMMAND = 1 << 2,
	OPEN_SLAVE_DATA = 1 << 3,
	OPEN_ELCR = 3 << 4,
	CHIPSET_PORTS = 6,
	OPEN_ALL = (1 << CHIPSET_PORTS) - 1,
};
extern const uint16_t chipset_ports[CHIPSET_PORTS];

/* pc: the state of an 8259A as its VM sees the chip. A realisation keeps here every value that the
 * chip does not let software read back. Sixteen bytes. */
struct pic_state {
	/* the last complete initialisation (8259A datasheet, Figure 7) */
	uint8_t icw1, icw2, icw3, icw4;
	uint8_t imr; /* OCW1 of the guest */
	/* Levels in service. Software keeps them because the chip no longer holds them. */
	uint8_t isr;
	/* 0, or the ICW (2-4) that the guest's sequence expects next */
	uint8_t init_step;
	uint8_t next[5]; /* ICWs of a sequence under way */
	/* The guest has initialised the chip. Until then the chip is as after reset. */
	bool ready;
	/* The guest's OCW3 read select: true for ISR. Known while the command port is trapped. */
	bool read_isr;
	bool poll; /* OCW3 poll command: the next read is the poll's answer */
	uint8_t unused;
};

/* pc: the VM's pair on the machine's own pair. */
struct pc_controller {
	struct pic_state pic[2]; /* master, slave */
	/* Saved with no interrupt in service, not busy and not held. Masks and open ports are then
	 * valid as they were at the save. */
	bool saved_clean;
	uint8_t masks[2];  /* the chips' masks at the save */
	uint8_t inputs[2]; /* the chips' inputs of the VM's lines */
	/* The inputs that the guest's OCW1 may open without an error: the VM's inputs and the
	 * cascade. Every system opens the cascade. */
	uint8_t may_open[2];
};

/* irqmux and soft: the VM's pair in a bank of the block. */
struct window_controller {
	/* The state at the last save. While the VM runs, and while the VM has a bank of its own,
	 * the state is in the bank. */
	uint64_t state[PAIR_WORDS];
	/* at the save: requests, and inputs that are enabled (VIEW_ENABLED_SHIFT) */
	uint32_t view;
	uint16_t bank;
	line_set all;    /* lines and unwired, since the last reset */
	bool known;      /* has a bank */
	uint64_t select; /* value of WINDOW_SELECT while the VM runs, without the mask */
	/* Shared lines that asserted while another sharer ran. The VM has not been told yet. */
	line_set pending_shared;
};

/* apic: the VM's local APIC, and its I/O APIC. */
enum { APIC_PINS = 24, APIC_LVTS = 5 };
struct apic_controller {
	struct apic_local local; /* valid while the VM does not run */
	uint32_t rte[APIC_PINS]; /* the lower words of the redirection entries */
	uint32_t rte_high[APIC_PINS];
	uint64_t icr;
	uint32_t svr;
	uint32_t lvt[APIC_LVTS]; /* thermal, counters, LINT0, LINT1, error */
	uint8_t select;          /* the I/O APIC's register select */
	uint8_t id;              /* the I/O APIC's */
	uint8_t mask_8259[2];    /* of a pair that nobody interrupts through */
	line_set open;           /* lines whose entry lets them through, and their vectors */
	uint8_t vector[LINE_ROOM];
};

/* While the VM does not run, the structure holds the controller's state. While the VM runs, the
 * structure is the VMM's bookkeeping (R07, R11). */
struct controller {
	line_set lines;  /* lines of the VM's devices */
	line_set shared; /* lines of the VM that another VM has as well (R15) */
	/* Lines whose device may serve another VM while this VM is away: a request is kept,
	 * although the line may fall. irqmux and soft: the shared lines too. vmm/core/pit.c sets
	 * line 0, and a reset leaves the set as it is. */
	line_set keeps;
	/* Lines of the VM that no wire feeds: a device that the VMM makes asks there, by request()
	 * and drive(). The line's number is the input's. A wire of the same number is another
	 * owner's. A reset leaves the set as it is. */
	line_set unwired;
	/* requests that the chip has lost: the VMM has to inject them as events */
	line_set inject;
	/* open or inject has changed since the last entry. The VMM clears the flag. */
	bool changed;
	bool held;    /* the controller must not interrupt the VM now: see hold() */
	bool busy;    /* the command ports are trapped because the VMM waits for the guest's EOI */
	uint8_t open; /* 408: ports that the guest may touch with no exit, OPEN_... */
	/* both: the controller is the local APIC, and not the 8259 pair */
	bool by_apic;
	uint8_t tpr; /* both: of an 8259's VM that does not run */
	/* Counts the accesses that the back end carries out (virt/quick_ports.h). NULL: the run
	 * loop has to see each access. A reset leaves the pointer as it is. */
	uint64_t *counters;
	uint32_t reinitialised; /* how often the VMM found the guest's ICW1 after the write */
	/* The realisation in use has its own member. */
	union {
		struct pc_controller pc;
		struct window_controller window;
		struct apic_controller apic;
	};
};

#endif
