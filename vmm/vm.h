/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine: a processor, memory, lines and ports of its own, and what the VMM counts of
 * it.
 *
 * Rule: ownership has one home, the VM's configuration, checked before the VM exists; everything
 * here follows from it.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "arch/x86/virt.h"
#include "chipset/chipset.h"
#include "vmm/abi.h"
#include "vmm/config.h"
#include "vmm/elf.h"
#include "vmm/output.h"

#include <stdbool.h>
#include <stdint.h>

enum vm_state {
	VM_STOPPED, /* does not run until somebody starts it */
	VM_HALTED,  /* executed HLT: ready again when one of its lines has status */
	VM_READY,
};

enum { SINKS = 64 };

struct vm {
	struct vcpu *vcpu;
	struct controller controller;
	uint8_t number;           /* index in vms[] */
	bool drops_keyboard_data; /* vmm/port_filter.c */
	uint8_t open_ports;       /* what the port bitmap has of controller.open */
	line_set masked;          /* 404: what does not end its turn */
	/* its turns go into vm_start_step() until the guest can be entered */
	bool starting;
	/* its turn is over, but something is in service: at the EOI then (R11) */
	bool switch_waits;
	bool routes_at_exit; /* as configured (R17) */
	bool asleep;         /* the processor enters it in its HLT */
	/* its HLT does not exit, so only the processor knows whether it sleeps */
	bool dozes;
	bool nmi_due;     /* an external NMI is to be injected (nmi=vm:NAME) */
	bool x87_latched; /* vmm/x87.c */
	enum vm_state state;
	uint64_t slice; /* TSC ticks */
	/* of the slice that was interrupted; 0: its next turn begins a new one (vmm/turn.h) */
	uint64_t slice_left;
	uint64_t exits[VM_EXIT_COUNT];
	uint64_t interrupt_exits; /* see struct sb_counters */
	uint64_t run_ticks, started_at, switches_in;

	uint64_t memory; /* host-physical */
	const void *image;
	uint64_t image_bytes;
	/* stands in for absent memory that has to be written to (vmm/absent.c) */
	void *sink;
	uint64_t sinks[SINKS]; /* where something stands in, in a ring */
	uint64_t sinks_used;
	unsigned faults, restarts, nmis_dropped;
	uint64_t probes;                 /* ports and memory where nothing is, that it looked for */
	uint32_t reinitialisations_said; /* of controller.reinitialised */
	bool done;
	bool stopped_by_operator; /* that is no failure; exit_status says nothing then */
	int exit_status;
	struct load load; /* while it starts */
	struct output output;
	char status[SB_STATUS_MAX + 1];
	struct vm_config config;
};

/* A set of VMs by their numbers. */
typedef uint64_t vm_set;
#define VM_BIT(number) (UINT64_C(1) << (number))
_Static_assert(CONFIG_VMS_MAX <= 64, "a VM has a bit in a vm_set");

extern struct vm *vms[CONFIG_VMS_MAX];
extern unsigned vm_count;
/* whose state is in the processor and the chipset; NULL before the first */
extern struct vm *vm_current;

struct vm *vm_find(const char *name);
/* Begins to load the image and to bring the VM to its entry point: its turns go into that from
 * now on (vm_start_step()). A VM that runs is taken out of the processor. The image has been
 * checked. */
void vm_start(struct vm *vm);
/* Out of the processor for good, or until vm_start(); why is printed. status: its result (0 =
 * well). */
void vm_stop(struct vm *vm, int status, const struct denial *why);
/* A denied access (reason: the exit that it was): noted, and the VM's policy applied (onfault=).
 * fatal: it cannot go on, whatever the policy says. True: it goes on from where it is; false: it
 * was stopped, or starts anew. */
bool vm_fault(struct vm *vm, enum vm_exit_reason reason, bool fatal, const struct denial *what);
/* Memory of the VM as the VMM sees it; NULL where [address, address + bytes) is not all the
 * VM's. */
void *vm_memory(struct vm *vm, uint64_t address, uint64_t bytes);

#endif
