/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine: a processor, memory, lines and ports of its own, and what the VMM counts of it.
 *
 * Rule: ownership has one home, the VM's configuration, checked before the VM exists; everything here follows from it.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "arch/x86/virt.h"
#include "chipset/chipset.h"
#include "vmm/abi.h"
#include "vmm/config.h"

#include <stdbool.h>
#include <stdint.h>

enum vm_state {
	VM_STOPPED, /* does not run until somebody starts it */
	VM_HALTED,  /* executed HLT: ready again when one of its lines has status */
	VM_READY,
};

enum { VM_LINE_MAX = 224 };

struct vm {
	struct vcpu *vcpu;
	struct controller controller;
	uint8_t number;      /* index in vms[] */
	uint8_t open_ports;  /* what the port bitmap has of controller.open */
	line_set masked;     /* 404: what does not end its turn */
	bool fresh_slice;    /* its next turn begins a new slice; else the rest of the last one goes on */
	bool sliced;         /* its timer measures a slice, not the VMM's chores */
	bool switch_waits;   /* its turn is over, but something is in service: at the EOI then (R11) */
	bool routes_at_exit; /* as configured (R17) */
	bool slept;          /* since the processor was last told that it is awake */
	bool nmi_due;        /* an external NMI is to be injected (nmi=vm:NAME) */
	enum vm_state state;
	uint64_t slice; /* TSC ticks */
	uint64_t exits[VM_EXIT_COUNT];
	uint64_t interrupt_exits; /* see struct sb_counters */
	uint64_t run_ticks, started_at, switches_in;

	uint64_t memory; /* host-physical */
	const void *image;
	uint64_t image_bytes;
	void *sink; /* stands in for memory that is not the VM's: all ones */
	unsigned sink_pages, faults, restarts;
	uint32_t reinitialisations_said; /* of controller.reinitialised */
	bool done;
	int exit_status;
	unsigned line_length;
	char line[VM_LINE_MAX]; /* output up to the next newline */
	char status[SB_STATUS_MAX + 1];
	struct vm_config config;
};

extern struct vm *vms[CONFIG_VMS_MAX];
extern unsigned vm_count;
extern struct vm *vm_current; /* whose state is in the processor and the chipset; NULL before the first */

/* What happened on a line (vmm/dispatch.c counts). */
struct line_counters {
	uint64_t exits, injected, wakeups;
};
extern struct line_counters line_counters[LINES];

struct vm *vm_find(const char *name);
/* Allocate what the VM needs and map it; image stays where it is. NULL, with a line that says what does not fit. */
struct vm *vm_create(unsigned module, const struct vm_config *config, const void *image, uint64_t bytes);
/* Load the image and bring the VM to its entry point, ready to run. 0, or -ENOEXEC with a line that names the rule. */
int vm_start(struct vm *vm);
/* Out of the processor for good, or until vm_start(); why is printed. status: its result (0 = well). */
void vm_stop(struct vm *vm, int status, const char *why);
/* A denied access: logged, and the VM's policy applied (onfault=). fatal: it cannot go on, whatever the policy says. True:
 * it goes on from where it is; false: it was stopped, or started anew. */
bool vm_fault(struct vm *vm, bool fatal, const char *what);
/* Memory of the VM as the VMM sees it; NULL where [address, address + bytes) is not all the VM's. */
void *vm_memory(struct vm *vm, uint64_t address, uint64_t bytes);

#endif
