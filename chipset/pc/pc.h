/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of stock PC parts: declarations that the files of pc share, from the lowest
 * file to the highest. A file calls only files that stand before it here.
 *
 * Rule: outside the files of pc only the two tables are used.
 */
#ifndef CHIPSET_PC_H
#define CHIPSET_PC_H

#include "arch/x86/cpu/io.h"
#include "chipset/chipset.h"

/* The calls; and the calls for a machine whose PIRQs feed lines (pirq.h). */
extern const struct chipset chipset_pc, chipset_pc_pirqs;

/* ---- pc_chips.c: the real 8259 pair ---- */

enum { PIC_MASTER, PIC_SLAVE, PICS };

/* The chips as they are programmed now. */
struct pc_chip {
	uint8_t icw2, icw4;
	/* last written: after an ICW1 that the guest did not announce, another mask reads back */
	uint8_t mask;
};
extern struct pc_chip pc_chips[PICS];

/* The chips' ports, and the ICW3 of a PC's wiring. */
struct pc_ports {
	uint16_t command, data;
	uint8_t icw3;
};
extern const struct pc_ports pc_ports[PICS];

/* Returns IRR of both chips, the slave's in the high byte. The call changes the chips' read select:
 * call pc_return_select() before the entry. */
line_set pc_read_irr(void);
/* The same as a call, where the caller runs rarely. */
line_set pc_read_irr_rarely(void);
/* Does pc_read_irr(), and ends the special mask mode of the guest that leaves. Call at the save. */
line_set pc_leave_irr(void);
/* Returns ISR of both chips, like pc_read_irr(). */
line_set pc_read_isr(void);
/* Tells the file whose read select to keep: the running VM's, or with NULL none. Call at the
 * restore and at the save. */
void pc_follow_select(struct controller *c);
/* Tells the file whether the guest that runs from now on reaches the slave. Call at the restore,
 * before the masks are opened. */
void pc_reach_slave(bool reaches);
/* Puts c's read select back into the chips. Call before the entry. */
void pc_return_select(struct controller *c);
/* Notes the read select that the guest has set. Call before a command port is opened or closed. */
void pc_note_select(void);
/* Returns IRR of a single look that leaves the read select as it was. A chip without lines of other
 * owners is left out. Call in the short look after an NMI exit. */
line_set pc_look(void);
/* Writes a chip's mask and notes the mask in pc_chips. */
void pc_write_mask(unsigned chip, uint8_t mask);
/* Writes both masks, the slave's only where the slave has another one. Call while the masks
 * stand. */
void pc_write_masks(const uint8_t mask[PICS]);
/* Returns whether no mask has been cleared since its last write. In the middle of ICWs the mask is
 * all ones, as written. So a single comparison a chip covers both cases. */
bool pc_masks_stand(void);
/* The same for the chips that have lines of other owners. */
bool pc_masks_of_others_stand(void);
/* Has the slave not looked at, until pc_use_slave(). Call in probe(). */
void pc_leave_slave(void);
/* Has the slave looked at from now on. Call before a line of the slave gets its owner. */
void pc_use_slave(void);

/* Writes ICW1-4 with these values, then a mask of all ones. Drops IRR and ISR of the chip. Returns
 * the requests that the chip had latched just before the ICW1. Call in pc_program() only. */
line_set pc_initialise(unsigned chip, uint8_t icw2, uint8_t icw4);
/* Makes IR0 the highest priority again. Also ends rotation in automatic EOI mode, if c's chips are
 * in automatic EOI mode; no other mode uses the rotation. Call at the restore. */
void pc_reset_priority(const struct controller *c);
/* Makes IR0 of a chip the highest priority, and ends rotation in automatic EOI mode. Call at the
 * end of the guest's ICWs for that mode: not every chip ends the rotation at ICW1. */
void pc_end_rotation(unsigned chip);
/* Takes lines out of service that the guest has not ended yet. Call at a forced save. */
void pc_end_service(line_set isr);

/* Polls a chip: the chip takes a request as at an interrupt acknowledge. Returns the answer: bit 7
 * and the level, or 0 with no request. Call only where no NMI handler looks at the chip. */
uint8_t pc_poll_chip(unsigned chip);
/* Makes the master take a request as at an interrupt acknowledge, and ends the request. The mask is
 * as before afterwards. Call with no interrupt in service. */
void pc_take_request(unsigned line);

/* ---- pc_block.c: the multiplexers, the VMM block and the account of NMIs ---- */

/* Looks for the parts and prepares the pair. Returns 0, or -ENODEV after a message that names the
 * missing part. */
int pc_probe(void);
/* The interface's calls that concern the VMM block only (chipset.h). */
void pc_claim(line_set lines, bool by_vmm);
/* Tells the block that the device of the lines goes from VM to VM. Call at a VM's reset. */
void pc_pass_on(line_set lines);
int pc_identify_line(void);
line_set pc_asserted(void);
line_set pc_masked(void);
void pc_acknowledge(line_set lines);
void pc_settle(line_set lines);

/* Does pc_initialise() and finds the requests that the ICW1 drops. Call at boot and when a chip has
 * to take other ICWs. */
void pc_program(unsigned chip, uint8_t icw2, uint8_t icw4);
/* Does pc_program() for the running VM. The VM's requests survive. Call at the end of the guest's
 * ICWs. */
void pc_reprogram(struct controller *c, unsigned chip, uint8_t icw2, uint8_t icw4);
/* Takes lines in ISR into the status register. Call before an ICW1 of the VMM's own clears ISR. */
void pc_latch_service(void);
/* Takes into the status register the requests of armed lines. Call before an ICW1 of the VMM's own
 * while no guest runs. */
void pc_latch_requests(void);
/* The two halves of read_status(). pc_gather() takes the requests of armed lines into the status
 * register. pc_report() returns the status of the look and accounts for the NMIs. */
void pc_gather(void);
struct chipset_status pc_report(unsigned nmis);
/* Lets the lines that were found account for the NMIs that are under way. The interface's
 * echo(). */
void pc_hear(void);
/* Arms the lines that are to raise NMI. Call before an entry. */
void pc_arm(void);
/* Routes the lines to the controller and all other lines to the VMM block. Call at the save, with
 * 0, before IRR is read. */
void pc_connect(line_set lines);
/* Takes the requests for c's lines out of the chips into the status register. Call at the save,
 * when the lines' pins are armed. */
void pc_keep_requests(const struct controller *c);
/* Routes the lines of c to the controller. Held assertions of c's lines become requests to inject,
 * where the chips do not have the request themselves. Call at the restore. */
void pc_hand_over(struct controller *c);

/* Does pc_poll_chip() for the guest. No NMI handler looks at the chip meanwhile. */
uint8_t pc_poll(unsigned chip);

/* ---- pc_commands.c: the guest's accesses other than OCW1. Call pc_refresh() after each, except
 * after a read of a register. ---- */

/* Returns whether the guest's accesses reach the real chip. A guest without lines of the slave has
 * its slave in software alone: no request comes there, and the VMM need not look at each exit what
 * the guest has done to the chip. */
static inline bool pc_reaches(const struct controller *c, unsigned chip)
{
	return chip == PIC_MASTER || c->pc.inputs[PIC_SLAVE] != 0;
}

/* Finishes the sequence of a chip whose guest has written an ICW1 through the open command port,
 * masked, and follows the rest of the guest's sequence in software. */
void pc_follow_initialisation(struct controller *c, unsigned chip);
/* Takes the guest's ICW1. Returns 0, or -EPERM for a mode that a PC's pair does not have. */
int pc_start_initialisation(struct controller *c, unsigned chip, uint8_t icw1);
/* Takes the guest's next ICW. Returns true where the sequence has ended. */
bool pc_continue_initialisation(struct controller *c, unsigned chip, uint8_t value);
/* Takes the guest's OCW2. */
void pc_end_of_interrupt(struct controller *c, unsigned chip, uint8_t value);
/* Takes the guest's OCW3. */
void pc_ocw3(struct controller *c, unsigned chip, uint8_t value);
/* Takes a level into service by software. Call when a request was injected. */
void pc_serve(struct controller *c, unsigned chip, unsigned level);
/* Returns the answer to a poll command whose read is trapped. */
uint8_t pc_answer_poll(struct controller *c, unsigned chip);
/* Returns the register that the guest has selected for reads of the command port. */
uint8_t pc_read_register(const struct controller *c, unsigned chip);

/* ---- pc_8259.c: the guest's controller ---- */

/* Looks whether the guest has initialised a chip again through the open command port. If so,
 * finishes the chip's sequence, masked, and follows the rest of the guest's sequence in software.
 * Call before the chip's state is used. */
void pc_catch_initialisation(struct controller *c);
/* Brings masks and open ports in line with the guest's wishes and rights. Call after a change of
 * the controller's state. */
void pc_refresh(struct controller *c);

/* The interface's calls that concern the guest's controller only (chipset.h). */
void pc_reset(struct controller *c, line_set lines, line_set shared);
/* Returns the lines of c whose request would reach the processor, by the guest's own masks. */
line_set pc_enabled(const struct controller *c);
bool pc_in_service(const struct controller *c);
int pc_port_read(struct controller *c, uint16_t port, uint8_t *value);
int pc_port_write(struct controller *c, uint16_t port, uint8_t value);
int pc_pending_vector(struct controller *c);
unsigned pc_injected(struct controller *c);
void pc_request(struct controller *c, unsigned line);
void pc_drive(struct controller *c, unsigned line, bool high);

/* ---- pc_steps.c: the interface's calls that concern block and controller (chipset.h) ---- */

void pc_route(struct controller *c);
void pc_mask(line_set masked);
struct chipset_status pc_read_status(unsigned nmis);
line_set pc_deliverable(const struct controller *c, line_set known);
int pc_save(struct controller *c, bool force);
void pc_restore(struct controller *c);

#endif
