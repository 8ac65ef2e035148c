/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block of Figure 2 as the VMM sees it: multiplexers, VMM block (mask, status, external signal) and an
 * interrupt controller whose state moves with the VM. One interface, several realisations (pc; irqmux and soft fit the
 * same table).
 *
 * Rule: nothing is lost. A rising edge on a line that is routed to the VMM block sets its status bit, masked or not; the
 * bit goes by chipset_acknowledge() or by routing the line to the controller, where the assertion then arrives.
 *
 * All calls run on the boot processor, in the VMM, with interrupts off. None sleeps.
 */
#ifndef CHIPSET_CHIPSET_H
#define CHIPSET_CHIPSET_H

#include "arch/x86/lines.h"

#include <stdbool.h>
#include <stdint.h>

/* One 8259A as its VM sees it; what a realisation cannot read back from the chip it keeps here. Sixteen bytes. */
struct pic_state {
	uint8_t icw1, icw2, icw3, icw4; /* the last complete initialisation (8259A datasheet, Figure 7) */
	uint8_t imr;                    /* OCW1 as the guest wrote it */
	uint8_t isr;                    /* in service, kept in software because the chip no longer holds it */
	uint8_t init_step;              /* 0, or the ICW (2-4) that the guest's sequence expects next */
	uint8_t next[5];                /* ICWs of a sequence under way */
	bool ready;                     /* initialised once: before that the chip is as after reset */
	bool read_isr;                  /* OCW3 read select, known while the command port is trapped */
	bool poll;                      /* OCW3 poll command: the next read is the poll's answer */
	uint8_t unused;
};

/* A VM's interrupt controller while the VM does not run, and its bookkeeping while it does (R07, R11). */
struct controller {
	struct pic_state pic[2]; /* master, slave */
	line_set lines;          /* lines of the VM's devices */
	line_set shared;         /* those of them that another VM has as well (R15) */
	line_set inject;         /* requests that the chip lost and that an event injection has to bring back */
	bool changed;            /* open or inject is not what the last entry saw; the VMM clears it */
	bool settled;            /* saved with nothing in the way: its masks and open ports are good as they were */
	uint8_t masks[2];        /* the chips' masks at the save */
	uint8_t inputs[2];       /* the chips' inputs that are the VM's */
	uint8_t may_open
		[2];  /* what its OCW1 may open without being told: those, and the cascade, which every system opens */
	bool busy;    /* the command ports are trapped because the VMM waits for the guest's EOI */
	uint8_t open; /* 408: ports that the guest may touch with no exit: bit 0 20h, 1 21h, 2 A0h, 3 A1h */
	uint32_t reinitialised; /* how often the guest's ICW1 was caught after the fact */
};

enum { OPEN_MASTER_COMMAND = 1 << 0, OPEN_MASTER_DATA = 1 << 1, OPEN_SLAVE_COMMAND = 1 << 2, OPEN_SLAVE_DATA = 1 << 3 };

/* What a look at the status register shows. */
struct chipset_status {
	line_set asserted; /* masked or not */
	line_set fresh;    /* those of them that no call has reported yet */
	uint16_t external; /* not 0: one of the NMIs came from no line (R06) */
};

struct chipset {
	const char *name;
	/* 0, or -ENODEV with a line on the console that says what is missing. */
	int (*probe)(void);
	/* Bring a VM's controller to its state at reset; lines and shared are the VM's. */
	void (*reset)(struct controller *c, line_set lines, line_set shared);

	/* These lines matter: their assertions are latched from now on. served: by the VMM itself, at once, so that they need
	 * not be silenced while a status bit stands. */
	void (*claim)(line_set lines, bool served);

	/* 402: route the lines of c to the controller, all others to the VMM block (R02). c may be NULL: all to the block. */
	void (*route)(struct controller *c);
	/* 404: the VMM block's mask register: 1 = held pending (R05, R08). */
	void (*mask)(line_set masked);
	/* The VMM block's status register. nmis: how many NMIs came since the last call. */
	struct chipset_status (*status)(unsigned nmis);
	/* The short look after an NMI exit: the one line that explains it, now with a status bit; -1 where it is not as simple
	 * as that, and nothing has been looked at: status(1) then. */
	int (*single)(void);
	/* The status register alone, for reports. */
	line_set (*asserted)(void);
	/* Clear status bits; call it before the device is serviced, so that an edge in between sets the bit anew. */
	void (*acknowledge)(line_set lines);
	/* Lines with a status bit whose VM would be interrupted if it ran now, from the bookkeeping alone. */
	line_set (*deliverable)(const struct controller *c);

	/* 520: save the controller's state to c. -EBUSY: something is in service, come back at its EOI; with force the
	 * in-service bits move into software and it always succeeds. */
	int (*save)(struct controller *c, bool force);
	/* 540: restore the state that c was saved with; held assertions of its lines become requests. */
	void (*restore)(struct controller *c);

	/* A trapped access of the VM that runs. 0; -EPERM: an ICW1 that asks for what the realisation does not have, and that is
	 * taken as the usual one; -EACCES: an OCW1 that opens lines which are not the VM's; they stay masked. */
	int (*port_read)(struct controller *c, uint16_t port, uint8_t *value);
	int (*port_write)(struct controller *c, uint16_t port, uint8_t value);

	/* The vector of a request that must be injected at the next entry, or -1. A request that waits for the guest's
	 * EOI or mask is not offered; one offered stays until injected() confirms it. */
	int (*pending_vector)(struct controller *c);
	void (*injected)(struct controller *c);
};

/* The realisation in use; set by chipset_init(). */
extern const struct chipset *chipset;

/* How the block stands, so that a step which changes nothing costs a comparison. Realisations keep routed, and set touched
 * when something happened that mask() has to act on, another VM's turn included; so does whoever changes what a VM's mask
 * is. */
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

static inline void chipset_mask(line_set masked)
{
	if (__builtin_expect(chipset_standing.touched, 0)) {
		chipset_standing.touched = false;
		chipset->mask(masked);
	}
}

/* Choose a realisation: a name, or "auto" for the first that probes. 0, -EINVAL (no such name, line printed), -ENODEV. */
int chipset_init(const char *wanted);

#endif
