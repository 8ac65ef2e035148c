/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest at its 8259 pair on pc, beside a model of a pair that the guest has alone.
 *
 * An access of the guest's goes to the model. The same access goes to the simulated chips where the
 * port is open, else through chipset_pc. INTR has to be the model's, and so has each vector and
 * each answer of a port.
 *
 * The VMM cannot carry some modes over (docs/limits.md), so the model takes over the chips' modes
 * after an exit (kit_adopt()). A turn of another VM may end a mode; no other exit may. While the
 * VMM keeps a request or a level in software, interrupts may come in another order (kit_loose()).
 * Even then each vector is of a present request, each EOI ends at most one level on both sides, and
 * no request comes or goes.
 *
 * IRR is compared at the guest's own inputs. The open port shows the others' inputs as well, and no
 * request of a masked line once the chip has lost the request.
 *
 * Rule: a difference ends the program.
 */
#ifndef TESTS_UNIT_PC_8259_KIT_H
#define TESTS_UNIT_PC_8259_KIT_H

#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "tests/unit/naive_8259.h"

#include <stdbool.h>
#include <stdint.h>

enum { MASTER = 0x20, SLAVE = 0xa0, READ_IRR = 0x0a, READ_ISR = 0x0b };
enum { AEOI = 2 }; /* in ICW4 */
/* The guest's lines. */
enum { OWN = LINE(1) | LINE(3) | LINE(6) | LINE(9) | LINE(12) };

struct kit {
	struct controller guest;
	struct naive_pair model;
	uint64_t exits[VM_EXIT_COUNT + 1]; /* controller.counters */
	int pending;                       /* vector that waits to be injected, -1: none */
	unsigned step;                     /* of the program, for the message */
	bool automatic;                    /* the program uses automatic EOI */
	bool modes;     /* the program rotates and masks specially; the vector tells the chip */
	bool was_loose; /* kit_loose() before the step */
};

/* Says what differs, and ends the program. */
void kit_differ(const struct kit *kit, const char *what, unsigned is, unsigned should);
void kit_expect(const struct kit *kit, const char *what, unsigned is, unsigned should);
/* After each step: masks, requests, levels in service and INTR. */
void kit_check(struct kit *kit);

/* Returns whether the VMM keeps a request or a level of the guest's in software, where the program
 * may have changed priorities. */
bool kit_loose(const struct kit *kit);
/* The model takes over the chips' modes. turn: another VM had the processor. */
void kit_adopt(struct kit *kit, bool turn);

/* As the run loop does for the guest that has the chips. */
void kit_enter(struct kit *kit);
void kit_leave(void);
/* The VMM takes the NMIs that came. */
void kit_dispatch(void);
/* An NMI that ended the guest's turn, if one did. */
void kit_take_exit(struct kit *kit);

/* An access by the guest. inputs: the bits that are compared. */
void kit_write(struct kit *kit, uint16_t port, uint8_t value);
void kit_read(struct kit *kit, uint16_t port, uint8_t inputs, const char *what);
/* select: READ_IRR or READ_ISR. */
void kit_read_register(struct kit *kit, uint16_t port, uint8_t select);
/* Polls a chip, and then the slave where the master names the slave. */
void kit_poll(struct kit *kit, uint16_t port);

/* A line of the board changes. The model sees the guest's lines only. */
void kit_set_line(struct kit *kit, unsigned line, bool high);
/* The guest has its interrupts on for one. An injected one comes first: the window exits before
 * INTR is looked at. */
void kit_take(struct kit *kit);

#endif
