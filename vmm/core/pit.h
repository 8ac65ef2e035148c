/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PIT of its own for each VM whose line says `pit`, although the machine has one (an 82C54, line
 * 0).
 *
 * Rule: while such a VM runs, the machine's counter 0 is the VM's counter 0, and a tick costs no
 * exit. While the VM is away, the VMM knows by arithmetic (pit_counter.h) when the counter's output
 * rises, and wakes a halted VM in time. The machine's counter never stands for a VM that is away:
 * the counter is silent before the next VM's lines are routed.
 *
 * The ports 40h to 43h and 61h exit for such a VM, so the VMM knows every mode, count and latch.
 * Counters 1 and 2, and port 61h, are arithmetic alone: no line and no sound depends on them.
 *
 * Where one VM alone has `pit`, the VM has the machine's PIT, as by irq=0 io=0x40-0x43,0x61.
 */
#ifndef VMM_PIT_H
#define VMM_PIT_H

#include "vmm/core/pit_counter.h"

#include <stdbool.h>
#include <stdint.h>

struct vm;

enum { PIT_COUNTERS = 3, PIT_TICK_LINE = 0, PIT_PORT_FIRST = 0x40, PIT_PORT_LAST = 0x43 };

/* The PIT of a VM. Times are CLK pulses of the machine since pit_begin(). */
struct pit {
	struct pit_counter counter[PIT_COUNTERS];
	bool own; /* the VM has a PIT of its own, and the VMM moves it */
	bool all; /* ticks=all */
	bool speaker;
	bool requested; /* a tick was asked for while the VM was away */
	/* Rising edges of counter 0 until then have reached the VM, or are counted in backlog or
	 * merged. */
	uint64_t told;
	/* The machine's counter is so many pulses behind the VM's counter, and was so at its
	 * loading. */
	int64_t slip, loaded_slip;
	uint64_t due;     /* TSC of the next work for this PIT, or PIT_NEVER */
	uint64_t timer;   /* the same for the timer in the VM's controller (vm_timer.h) */
	uint64_t backlog; /* ticks=all: ticks that are still to be delivered */
	uint64_t merged;  /* ticks that fell due with another tick, and were dropped */
};

/* TSC of the earliest work for any VM's PIT or timer, or PIT_NEVER. */
extern uint64_t pit_due;
/* There are VMs with a PIT of their own, or with a timer in their controller. */
extern bool pit_moves;

/* The machine's counter is the VMs' in turn. */
extern bool pit_ticks;

/* Decides whether VMs have PITs of their own, and silences the machine's counter where they do.
 * Call it once, after the last VM was made and before the first VM runs. */
void pit_begin(void);
/* Brings vm's PIT to its state after power-on. Call it at each start of vm. */
void pit_reset(struct vm *vm);

/* Takes the machine's counter away from vm. Call it before vm's controller is saved. */
void pit_take(struct vm *vm);
/* Ends what pit_take() began: the controller of vm was saved, and vm's state is final. */
void pit_put_away(struct vm *vm);
/* Loads the machine's counter for vm, and asks for a tick that fell due. Call it before vm's
 * controller is restored; or after pit_take(), where the controller could not be saved. */
void pit_load(struct vm *vm);
/* Does the work that is due at `now`, a TSC: wakes halted VMs whose tick falls due. Call it where
 * pit_is_due() is true, before the next VM is chosen: the call leaves no decision to be made
 * (processor.attention). */
void pit_work(uint64_t now);
/* Loads the machine's counter for the next due tick, while the VMM itself has the processor: line 0
 * goes to the VMM block, and its NMI ends the VMM's work. Call when no VM is in the processor. */
void pit_load_alarm(void);
/* Silences that counter. Call it after the work; then look at the NMIs, and call
 * pit_forget_alarm(). */
void pit_silence_alarm(void);
/* Drops the assertion of line 0 by the alarm: it is nobody's tick. */
void pit_forget_alarm(void);

/* Returns true where there is an alarm now. */
static inline bool pit_set_alarm(void)
{
	if (pit_due == PIT_NEVER || !pit_ticks)
		return false;
	pit_load_alarm();
	return true;
}

/* Work so near is done at once: an exit and an entry take longer. In TSC ticks. */
enum { PIT_NEAR = 100 };
static inline bool pit_is_due(uint64_t now)
{
	return now + PIT_NEAR >= pit_due && pit_due != PIT_NEVER;
}

/* Returns true where the port is one of vm's own PIT. */
bool pit_has_port(const struct vm *vm, uint16_t port);
/* Does an access of the running vm to a port of its own PIT. */
uint8_t pit_read(struct vm *vm, uint16_t port);
void pit_write(struct vm *vm, uint16_t port, uint8_t value);

#endif
