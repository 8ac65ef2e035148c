/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's view of the chipset block of Figure 2: multiplexers, VMM block (mask, status, external
 * signal) and an interrupt controller whose state moves with the VM. Each of the three is an
 * interface. There are four realisations. irqmux is the block itself, as a device. pc is made of
 * stock parts that stand in for the block. soft is the block's model in the VMM's memory. apic has
 * the processor's local APIC as the controller.
 *
 * Rule: no interrupt is lost. A rising edge on a line that is routed to the VMM block sets the
 * line's status bit, masked or not. Two actions clear the bit: block.acknowledge(), and routing the
 * line to the controller. In the second case the assertion arrives at the controller.
 *
 * All calls run on the boot processor, in the VMM, with interrupts off. No call sleeps, except
 * halt().
 */
#ifndef CHIPSET_CHIPSET_H
#define CHIPSET_CHIPSET_H

#include "arch/x86/cpu/nmi_account.h"
#include "arch/x86/machine/lines.h"
#include "chipset/controller.h"

#include <stdbool.h>
#include <stdint.h>

/* The contents of the status register at a look. */
struct chipset_status {
	line_set asserted; /* masked or not */
	line_set fresh;    /* asserted lines that no call has reported yet */
	uint16_t external; /* R06: 0, or EXTERNAL_... (arch/x86/cpu/nmi_account.h) */
};

/* The multiplexers (Figure 2, 206). */
struct chipset_multiplexers {
	/* R03, R04: connects a line to an input of the controller and to an input of the VMM block.
	 * Call at boot, before the VMs run. NULL: every line enters the input of its own number,
	 * and no call can change the inputs. */
	void (*wire)(unsigned line, unsigned controller_input, unsigned block_input);
	/* 402: routes the lines of c to the controller and all other lines to the VMM block (R02).
	 * With c NULL, all lines go to the block. chipset_route() calls the function, before every
	 * entry. */
	void (*route)(struct controller *c);
};

/* The VMM block (Figure 2, 210). */
struct chipset_block {
	/* Tells the block that the lines have an owner: from now on the lines' assertions are
	 * latched. served: the VMM itself serves the lines at once, so that the block need not
	 * silence the lines while a status bit is set. Call at boot. */
	void (*claim)(line_set lines, bool served);
	/* 404: writes the VMM block's mask register; 1 holds a line pending (R05, R08).
	 * chipset_mask() calls the function, before an entry where chipset_mask_due() is true. */
	void (*mask)(line_set masked);
	/* Reads the VMM block's status register. nmis is the number of NMIs since the last call.
	 * Call when NMIs have been counted. */
	struct chipset_status (*read_status)(unsigned nmis);
	/* The short look after an NMI exit. Returns the only line that explains the NMI, and sets
	 * the line's status bit. Returns -1 where the case is not so simple. After -1 no line has
	 * been reported: call read_status(1). */
	int (*identify_line)(void);
	/* Tells the block that a second NMI waited while identify_line() found the line. Call when
	 * NMIs are unblocked again. NULL: the block counts its own pulses. */
	void (*echo)(void);
	/* Returns the status register alone. For reports. */
	line_set (*asserted)(void);
	/* Returns the mask register, for the lines that have an owner. For reports. */
	line_set (*masked)(void);
	/* Raises the external signal, as the signal's source would. NULL: the block has no such
	 * input; the processor has the input. */
	void (*raise_external)(void);
	/* Clears the status bits of lines. Call before the device is serviced, so that an edge
	 * during the service sets the bit again. */
	void (*acknowledge)(line_set lines);
	/* Drops requests that the controller still holds: of the VMM's own lines that have been
	 * served, or of a line whose request a VM takes with it (vmm/core/pit.c). Call with no VM
	 * in the chipset and every line routed to the VMM block. NULL: the controller holds no such
	 * request. */
	void (*settle)(line_set lines);
};

/* The interrupt controller (Figure 2, 204) of a VM. */
struct vcpu;
struct chipset_controller {
	/* Brings a VM's controller to the state at reset. lines and shared are the VM's lines. Call
	 * when a VM is made and when a VM starts again. */
	void (*reset)(struct controller *c, line_set lines, line_set shared);
	/* 520: saves the controller's state to c. Returns 0, or -EBUSY while an interrupt is in
	 * service; call again at the guest's EOI. With force the in-service bits move into software
	 * and the call always succeeds. */
	int (*save)(struct controller *c, bool force);
	/* 540: restores the state that was saved to c. Held assertions of the lines of c become
	 * requests. Call when c's VM gets the processor. */
	void (*restore)(struct controller *c);
	/* Does a trapped read of the VM that runs. Returns 0 and the value. Call at the exit. */
	int (*port_read)(struct controller *c, uint16_t port, uint8_t *value);
	/* Does a trapped write of the VM that runs. Returns 0, or -EPERM for an ICW1 that asks for
	 * a mode that the realisation does not have; the realisation then takes the usual mode.
	 * Returns -EACCES for an OCW1 that opens lines of other VMs; other VMs' lines stay masked.
	 * Call at the exit. */
	int (*port_write)(struct controller *c, uint16_t port, uint8_t value);
	/* Does an access that exited, of the VM that runs, to the guest-physical address of a
	 * register of the controller. Returns false where there is no register. NULL: the
	 * controller has no registers in memory. Call at the exit. */
	bool (*memory)(struct vcpu *v, uint64_t address);
	/* The timer in the controller. NULL: the controller has no timer. timer() returns the TSC
	 * of the next work for the timer of c, UINT64_MAX where there is none: of a VM that is
	 * away, the moment of its interrupt; of a VM that comes, a moment of tick(). tick() does
	 * the timer's work for the VM that runs. Call timer() after the save and before the
	 * restore, and both at the moment itself. */
	uint64_t (*timer)(const struct controller *c, bool comes);
	uint64_t (*tick)(struct controller *c);
	/* Returns the lines that would interrupt their VM if the VM ran now: lines that the VM's
	 * controller has latched, and lines in asserted that have a status bit. (pc knows all
	 * status bits itself.) Call when a line asserts while its VM is halted, and after the
	 * save. */
	line_set (*deliverable)(const struct controller *c, line_set asserted);
	/* Returns whether an interrupt is in service in the controller of the VM that ran last.
	 * Call where the VMM might take the processor from a handler, and not at each decision: pc
	 * asks the chips at their ports. */
	bool (*in_service)(const struct controller *c);
	/* Returns the vector of a request that must be injected at the next entry, or -1. A request
	 * that waits for the guest's EOI or mask is not offered. An offered request stays until
	 * injected() confirms the injection. Call before an entry. */
	int (*pending_vector)(struct controller *c);
	/* Confirms the injection of the offered request. Returns the request's line. Call after the
	 * injection. */
	unsigned (*injected)(struct controller *c);
	/* Makes an edge on a line of c by software. Call when c's VM does not run or leaves the
	 * processor now. The controller has the request when the VM comes back. */
	void (*request)(struct controller *c, unsigned line);
	/* Sets the level of an unwired line of c, whose VM runs. A rise makes a request; a fall
	 * takes a request back that the guest has not taken. Call it at an exit of the VM; where
	 * reroutes_at_exits is true, after chipset_route(NULL). */
	void (*drive)(struct controller *c, unsigned line, bool high);
	/* Tells the controller that c->held may have changed. held is true while an injected
	 * interrupt waits for the guest to take the interrupt: until then the controller's own
	 * interrupts must not come first. NULL: the controller's own interrupts never reach the
	 * guest beside injected interrupts. */
	void (*hold)(struct controller *c);
};

/* A realisation: its properties, and Figure 2 as three interfaces. */
struct chipset {
	const char *name;
	/* A masked line raises no NMI at all. Do not mask the lines that a halted VM waits for. */
	bool masks_in_hardware;
	/* routes can change at each exit (R17): the controller's state stays as it is */
	bool reroutes_at_exits;
	/* The lines raise NMIs themselves: an unexplained NMI may be a line's (R06). */
	bool ambiguous;
	/* physical interrupts exit, and interrupted() takes them */
	bool intercepts_interrupts;
	bool elcr; /* a VM's controller has the edge/level control registers, 4D0h and 4D1h */
	/* Looks for the realisation's hardware and prepares the hardware. Returns 0, or -ENODEV
	 * after a message on the console that names the missing part. Call once, at boot. */
	int (*probe)(void);
	/* Sets how many banks are in use (R16); 0 means all that exist. Returns how many banks
	 * exist. If fewer banks exist than were asked for, all existing banks are used. Call once,
	 * after probe(). */
	unsigned (*banks)(unsigned wanted);
	/* Takes all interrupts that are pending at the processor. Returns the count of NMIs to
	 * dispatch now: a pulse of the block's output is counted as an NMI (arch/x86/cpu/nmi.h).
	 * Call at the exit for an interrupt, and by chipset_look(). NULL where physical interrupts
	 * do not exit. */
	unsigned (*interrupted)(void);
	/* Sleeps until an interrupt was taken or an NMI came. Call when no VM can run. NULL where
	 * physical interrupts do not exit. */
	void (*halt)(void);
	struct chipset_multiplexers mux;
	struct chipset_block block;
	struct chipset_controller controller;
};

/* The realisation in use. chipset_init() sets the pointer. */
extern const struct chipset *chipset;

/* The present state of the block: a step that changes no state then costs only a comparison.
 * Realisations keep routed up to date. Realisations set dirty after every event that mask() has
 * to act on, another VM's turn included. Code that changes a VM's mask sets dirty too. */
struct chipset_present {
	const struct controller *routed;
	bool dirty;
};
extern struct chipset_present chipset_present;

/* Routes the lines of c to the controller and all other lines to the VMM block. Call before every
 * entry. With c NULL, all lines go to the block. */
static inline void chipset_route(struct controller *c)
{
	if (c != chipset_present.routed)
		chipset->mux.route(c);
}

/* Returns whether chipset_mask() has to be called before the next entry. */
static inline bool chipset_mask_due(void)
{
	return chipset_present.dirty;
}

/* Writes the VMM block's mask. Call before an entry where chipset_mask_due() is true. */
static inline void chipset_mask(line_set masked)
{
	chipset_present.dirty = false;
	chipset->block.mask(masked);
}

/* Counts the interrupts that have come, where interrupts do not come as NMIs (arch/x86/cpu/nmi.h).
 * Call from code that has the processor for longer than an exit takes. */
static inline void chipset_look(void)
{
	if (chipset->interrupted)
		(void)chipset->interrupted();
}

/* Address of the block's register window, 4 KiB; 0 means that the block has no window. No guest
 * ever has the window. */
extern uint64_t chipset_window;

/* Chooses a realisation by name, or with "auto" the first that probes. banks is as in the table
 * above. Returns 0, -EINVAL (no such name; a message has been printed), or -ENODEV. Call once, at
 * boot. */
int chipset_init(const char *wanted, unsigned banks);

#endif
