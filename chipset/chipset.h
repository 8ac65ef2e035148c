/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block of Figure 2 as the VMM sees it: multiplexers, VMM block (mask, status, external
 * signal) and an interrupt controller whose state moves with the VM. One interface, three
 * realisations: irqmux (the block itself, as a device), pc (stock parts that stand in for it) and
 * soft (the block's model in the VMM's memory).
 *
 * Rule: nothing is lost. A rising edge on a line that is routed to the VMM block sets its status
 * bit, masked or not; the bit goes by chipset_acknowledge() or by routing the line to the
 * controller, where the assertion then arrives.
 *
 * All calls run on the boot processor, in the VMM, with interrupts off. None sleeps.
 */
#ifndef CHIPSET_CHIPSET_H
#define CHIPSET_CHIPSET_H

#include "arch/x86/lines.h"
#include "chipset/block/i8259.h"

#include <stdbool.h>
#include <stdint.h>

/* pc: one 8259A as its VM sees it; what a realisation cannot read back from the chip it keeps
 * here. Sixteen bytes. */
struct pic_state {
	/* the last complete initialisation (8259A datasheet, Figure 7) */
	uint8_t icw1, icw2, icw3, icw4;
	uint8_t imr; /* OCW1 as the guest wrote it */
	/* in service, kept in software because the chip no longer holds it */
	uint8_t isr;
	/* 0, or the ICW (2-4) that the guest's sequence expects next */
	uint8_t init_step;
	uint8_t next[5]; /* ICWs of a sequence under way */
	/* initialised once: before that the chip is as after reset */
	bool ready;
	/* OCW3 read select, known while the command port is trapped */
	bool read_isr;
	bool poll; /* OCW3 poll command: the next read is the poll's answer */
	uint8_t unused;
};

/* A VM's interrupt controller while the VM does not run, and its bookkeeping while it does (R07,
 * R11). */
struct controller {
	struct pic_state pic[2]; /* master, slave */
	line_set lines;          /* lines of the VM's devices */
	line_set shared;         /* those of them that another VM has as well (R15) */
	/* requests that the chip lost and that an event injection has to bring back */
	line_set inject;
	/* open or inject is not what the last entry saw; the VMM clears it */
	bool changed;
	bool held; /* nothing of its own may interrupt it now: see hold() */
	/* saved with nothing in the way: its masks and open ports are good as they were */
	bool settled;
	uint8_t masks[2];  /* the chips' masks at the save */
	uint8_t inputs[2]; /* the chips' inputs that are the VM's */
	uint8_t may_open
		/* what its OCW1 may open without being told: those, and the cascade, which every
		 * system opens */
		[2];
	bool busy;    /* the command ports are trapped because the VMM waits for the guest's EOI */
	uint8_t open; /* 408: ports that the guest may touch with no exit, OPEN_... */
	uint32_t reinitialised; /* how often the guest's ICW1 was caught after the fact */

	/* irqmux and soft: the whole state, and where it belongs. */
	/* as saved; while the VM runs, and while its bank is its own, it is in the bank */
	uint64_t state[PAIR_WORDS];
	/* at the save: requests, and inputs that are enabled (VIEW_ENABLED_SHIFT) */
	uint32_t view;
	uint16_t bank;
	bool known;      /* has a bank */
	uint64_t select; /* of WINDOW_SELECT while it runs: all but the mask */
	/* shared lines that asserted while another sharer ran, and that this VM was not told of */
	line_set owed;
};

/* Lines that an edge/level control register has; its other bits read 0 (ICH9 datasheet 13.4.11,
 * 13.4.12). */
enum { ELCR_BITS = 0xdef8 };

/* In the order of chipset_ports[]. */
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

/* One of the NMIs came from no line. Either nothing else explains the NMI, or its source itself
 * says so. */
enum { EXTERNAL_UNEXPLAINED = 1, EXTERNAL_TOLD = 2 };

/* What a look at the status register shows. */
struct chipset_status {
	line_set asserted; /* masked or not */
	line_set fresh;    /* those of them that no call has reported yet */
	uint16_t external; /* R06: 0, or EXTERNAL_... */
};

struct chipset {
	const char *name;
	/* a masked line raises nothing at all: what a halted VM waits for must not be masked */
	bool holds;
	/* routes can change at each exit (R17): the controller's state stays as it is */
	bool withdraws;
	/* lines raise NMIs by themselves: an unexplained NMI may be a line's (R06) */
	bool ambiguous;
	bool exits; /* physical interrupts exit, and are taken by interrupted() */
	bool elcr;  /* a VM's controller has the edge/level control registers, 4D0h and 4D1h */
	/* 0, or -ENODEV with a line on the console that says what is missing. */
	int (*probe)(void);
	/* Use so many banks (R16), 0: all there are. How many there are: with fewer than wanted,
	 * those are used. */
	unsigned (*banks)(unsigned wanted);
	/* R03, R04: the inputs of the controller and of the VMM block that a line enters. NULL:
	 * its own number's, for good. */
	void (*wire)(unsigned line, unsigned controller_input, unsigned block_input);
	/* Bring a VM's controller to its state at reset; lines and shared are the VM's. */
	void (*reset)(struct controller *c, line_set lines, line_set shared);

	/* These lines matter: their assertions are latched from now on. served: by the VMM
	 * itself, at once, so that they need not be silenced while a status bit stands. */
	void (*claim)(line_set lines, bool served);

	/* 402: route the lines of c to the controller, all others to the VMM block (R02). c may
	 * be NULL: all to the block. */
	void (*route)(struct controller *c);
	/* 404: the VMM block's mask register: 1 = held pending (R05, R08). */
	void (*mask)(line_set masked);
	/* The VMM block's status register. nmis: how many NMIs came since the last call. */
	struct chipset_status (*status)(unsigned nmis);
	/* The short look after an NMI exit: the one line that explains it, now with a status
	 * bit; -1 where it is not as simple as that, and nothing has been looked at: status(1)
	 * then. */
	int (*single)(void);
	/* An NMI waited while single() found the line: call it when NMIs are unblocked again.
	 * NULL where the block counts its pulses. */
	void (*echo)(void);
	/* The status register alone, for reports; and the mask register, for the lines that
	 * somebody owns. */
	line_set (*asserted)(void);
	line_set (*masked)(void);
	/* Raise the external signal, as its source would. NULL: the block has no such input, the
	 * processor has. */
	void (*raise_external)(void);
	/* Clear status bits; call it before the device is serviced, so that an edge in between
	 * sets the bit anew. */
	void (*acknowledge)(line_set lines);
	/* Requests of the VMM's own lines that were served go where the controller still holds
	 * them. Call it with no VM in the chipset, every line routed to the VMM block. NULL: none
	 * is held. */
	void (*settle)(line_set lines);
	/* Lines that would interrupt their VM if it ran now: what its controller has latched,
	 * and of these, which have a status bit. (pc knows them all.) */
	line_set (*deliverable)(const struct controller *c, line_set asserted);
	/* Is an interrupt in service in the controller of the VM that runs? Call it where the VMM
	 * might take the processor from a handler. NULL: save() answers -EBUSY then. */
	bool (*in_service)(const struct controller *c);

	/* 520: save the controller's state to c. -EBUSY: something is in service, come back at
	 * its EOI; with force the in-service bits move into software and it always succeeds. */
	int (*save)(struct controller *c, bool force);
	/* 540: restore the state that c was saved with; held assertions of its lines become
	 * requests. */
	void (*restore)(struct controller *c);

	/* A trapped access of the VM that runs. 0; -EPERM: an ICW1 that asks for what the
	 * realisation does not have, and that is taken as the usual one; -EACCES: an OCW1 that
	 * opens lines which are not the VM's; they stay masked. */
	int (*port_read)(struct controller *c, uint16_t port, uint8_t *value);
	int (*port_write)(struct controller *c, uint16_t port, uint8_t value);

	/* The vector of a request that must be injected at the next entry, or -1. A request that
	 * waits for the guest's EOI or mask is not offered; one offered stays until injected()
	 * confirms it, and says whose line it was. */
	int (*pending_vector)(struct controller *c);
	unsigned (*injected)(struct controller *c);
	/* An edge on a line of c's by software. c has left the processor, or leaves it now: its
	 * controller has the request when it comes back. */
	void (*request)(struct controller *c, unsigned line);
	/* held may have changed: an injected interrupt waits for the guest to take it, and the
	 * controller's own must not come before it; or no longer. NULL: the controller's own
	 * never reach the guest beside injected ones. */
	void (*hold)(struct controller *c);

	/* Only where physical interrupts exit, else NULL. interrupted(): take all that are at
	 * the processor's door; not 0: the block's output pulsed, and is counted as NMIs are
	 * (arch/x86/nmi.h), to be dispatched now. halt(): sleep until one came, or an NMI. */
	unsigned (*interrupted)(void);
	void (*halt)(void);
};

/* The realisation in use; set by chipset_init(). */
extern const struct chipset *chipset;

/* How the block stands, so that a step which changes nothing costs a comparison. Realisations
 * keep routed, and set touched when something happened that mask() has to act on, another VM's
 * turn included; so does whoever changes what a VM's mask is. */
struct chipset_standing {
	const struct controller *routed;
	bool touched;
};
extern struct chipset_standing chipset_standing;

static inline void chipset_route(struct controller *c)
{
	if (__builtin_expect(c != chipset_standing.routed, 0))
		chipset->route(c);
}

static inline bool chipset_mask_due(void)
{
	return __builtin_expect(chipset_standing.touched, 0);
}

static inline void chipset_mask(line_set masked)
{
	chipset_standing.touched = false;
	chipset->mask(masked);
}

/* For whoever has the processor for longer than an exit takes: where interrupts do not come as
 * NMIs, those that have come are counted now (arch/x86/nmi.h). */
static inline void chipset_look(void)
{
	if (chipset->interrupted)
		(void)chipset->interrupted();
}

/* Where the block's register window is, 4 KiB; 0: it has none. No guest ever has it. */
extern uint64_t chipset_window;

/* Choose a realisation: a name, or "auto" for the first that probes; banks as in the table. 0,
 * -EINVAL (no such name, line printed), -ENODEV. */
int chipset_init(const char *wanted, unsigned banks);

#endif
