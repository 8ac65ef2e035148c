/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine: a processor, memory, lines and ports of its own, and the VMM's counters for
 * the VM.
 *
 * Rule: ownership has a single home, the VM's configuration, checked before the VM exists. All of
 * the structure follows from the configuration.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "arch/x86/virt/virt.h"
#include "chipset/chipset.h"
#include "vmm/abi.h"
#include "vmm/budget/budget.h"
#include "vmm/config/config.h"
#include "vmm/core/output.h"
#include "vmm/core/pit.h"
#include "vmm/core/vm_uart.h"
#include "vmm/device/pci_space.h"
#include "vmm/load/elf.h"

#include <stdbool.h>
#include <stdint.h>

/* A VM's state for the scheduler. */
enum vm_state {
	VM_STOPPED, /* Does not run until a command starts the VM. */
	VM_HALTED,  /* Has executed HLT; ready again when a line of the VM has status. */
	VM_READY,
	/* Has used up its allotted time, and is ready again at a moment (vmm/core/allot.h). */
	VM_WAITING,
};

/* What an exit of the VM has to do before all else: send all lines to the VMM block, as configured
 * (R17); tell flow_watch. */
enum at_exit { AT_EXIT_ROUTES = 1 << 0, AT_EXIT_WATCH = 1 << 1 };
/* What the next entry of the VM has to do, where controller.changed is set: inject an external NMI
 * (nmi=vm:NAME); tell flow_watch. */
enum at_entry { AT_ENTRY_NMI = 1 << 0, AT_ENTRY_WATCH = 1 << 1 };

/* Pages of absent memory that a VM can write to at a time. */
enum { ABSENT_PAGES = 64 };

/* The time that is allotted to a VM. vmm/core/allot.c has the calls. */
struct allotment {
	struct budget budget;
	struct budget wakeups; /* Its tick is an end of another VM's turn. */
	bool framed;           /* The VM has a part of the frame. */
	bool halted;           /* The VM was halted when its wait began. */
	/* The time in each period in microseconds, by budget= or by frame=; 0: no limit. */
	uint32_t share_us, share_of_us;
	uint32_t worst_wait_us; /* The worst blocking (vmm/budget/blocking.h). */
	uint64_t used_up;       /* Times that the VM had to wait for its budget. */
	uint64_t woken_up;      /* Turns of VMs below that the VM has ended. */
	uint64_t too_often;     /* Times that the VM had to wait for the end of its window. */
	uint64_t held; /* Interrupts that were held in both waits: lines with status at the end. */
};

/* A VM. vm_create() makes the structure; it is never freed. What the code speaks of most comes
 * first: within 128 bytes of the beginning an instruction is three bytes shorter. */
struct vm {
	/* The virtual processor. */
	struct vcpu *vcpu;
	uint8_t number;           /* Index in vms[]. */
	bool drops_keyboard_data; /* vmm/core/port_filter.c */
	/* vmm/core/pc_view.c: the CMOS byte that the next read has, and the letters so far of the
	 * word that switches the VM off. */
	uint8_t cmos_index, power_word;
	uint8_t open_ports; /* The port bitmap's copy of controller.open. */
	line_set masked;    /* 404: the lines that do not end the VM's turn. */
	/* The VM's turns go into vm_start_step() until the guest can be entered. */
	bool starting;
	/* The VM's turn is over, but an interrupt is in service: the switch comes at the EOI
	 * (R11). */
	bool switch_waits;
	uint8_t at_exit; /* A set of enum at_exit. */
	bool asleep;     /* The processor enters the VM in its HLT. */
	/* A HLT of the VM does not exit, so only the processor knows whether the VM sleeps. */
	bool dozes;
	uint8_t at_entry; /* A set of enum at_entry. */
	bool x87_latched; /* vmm/core/x87.c */
	/* The VM is stopped for good, or until vm_start(). */
	bool done;
	/* A stop by the operator is no failure; exit_status means nothing then. */
	bool stopped_by_operator;
	/* Only sched.c changes the state. */
	enum vm_state state;
	/* The VM's result, while done is set; 0: all went well. */
	int exit_status;
	uint64_t slice; /* Length of a slice, TSC ticks. */
	/* TSC ticks left of an interrupted slice; 0: the VM's next turn begins a new slice
	 * (vmm/core/turn.h). */
	uint64_t slice_left;
	/* TSC ticks in all turns so far; TSC of the present turn's beginning; number of switches to
	 * the VM. */
	uint64_t run_ticks, started_at, switches_in;
	/* faults: since the last start. restarts: by onfault=restart. nmis_dropped: before the
	 * guest's first interrupt table. */
	unsigned faults, restarts, nmis_dropped;
	unsigned results; /* Places in the table of results. */
	/* The VM's 8259 pair, and its lines. */
	struct controller controller;
	/* Exits by reason. */
	uint64_t exits[VM_EXIT_COUNT];
	uint64_t interrupt_exits; /* Behind exits: controller.counters. See struct sb_counters. */
	struct guest_ram ram;
	/* The modules with the guest's image and its files. */
	struct load_source source;
	/* The command lines of the files. */
	char file_line[LOAD_FILES_MAX][CONFIG_TEXT_MAX];
	/* A page for writes to absent memory that cannot be stepped over (vmm/core/absent.c). */
	void *absent_page;
	/* The guest-physical pages with absent_page or the page of ones mapped, in a ring. */
	uint64_t absent_pages[ABSENT_PAGES];
	/* Number of places in absent_pages that were ever used. */
	uint64_t absent_pages_used;
	uint64_t probes; /* Accesses to ports and memory without a device. */
	/* The value of controller.reinitialised at the last log line. */
	uint32_t reinitialisations_said;
	struct load load; /* The loading, while the VM starts. */
	/* The text that the VM has printed. */
	struct output output;
	/* The guest's part of the status line. */
	char status[SB_STATUS_MAX + 1];
	/* The words of the module's line. */
	struct vm_config config;
	struct pit pit;      /* vmm/core/pit.c */
	struct vm_uart uart; /* vmm/core/vm_uart.c */
	/* Of a VM with pci= only. */
	struct pci_space pci;
	uint16_t pm_enable; /* vmm/core/pc_view.c: ACPI's PM1 enable register */
	struct allotment allot;
};

/* A set of VMs by their numbers. */
typedef uint64_t vm_set;
#define VM_BIT(number) (UINT64_C(1) << (number))
_Static_assert(CONFIG_VMS_MAX <= 64, "a VM has a bit in a vm_set");

/* All VMs by number; there are vm_count of them. */
extern struct vm *vms[CONFIG_VMS_MAX];
extern unsigned vm_count;

/* Sets what an exit of the VM has to do: a set of enum at_exit. The run loop then has to see each
 * exit. Call while the VM does not run. */
static inline void vm_set_at_exit(struct vm *vm, unsigned set)
{
	vm->at_exit = (uint8_t)set;
	vm->controller.counters = set != 0 ? NULL : vm->exits;
}
_Static_assert(offsetof(struct vm, interrupt_exits) ==
                       offsetof(struct vm, exits) + VM_EXIT_COUNT * sizeof(uint64_t),
               "virt/quick_ports.h counts an access in both");

/* Returns the VM with this name, or NULL. */
struct vm *vm_find(const char *name);
/* Begins a start. The VM's turns go into vm_start_step() from now on, until the image is loaded and
 * the VM is at its entry point. A running VM is taken out of the processor. The image has been
 * checked before. */
void vm_start(struct vm *vm);
/* Stops vm for good, or until vm_start(), and prints why. status: the VM's result (0 = well). */
void vm_stop(struct vm *vm, int status, const struct denial *why);
/* Notes a denied access and applies the VM's policy (onfault=). reason: the reason of the exit.
 * fatal: the VM cannot go on, whatever the policy. Returns true where the VM goes on from the same
 * place. Returns false where the VM was stopped, or starts anew. */
bool vm_fault(struct vm *vm, enum vm_exit_reason reason, bool fatal, const struct denial *what);
/* Does the same for a HLT with interrupts off, and returns true. Returns false, and does nothing,
 * where external NMIs go to vm and are not blocked: an NMI ends the HLT. */
bool vm_fault_of_hlt(struct vm *vm);
/* Does the same for a fault of a device of the VM's: the VM may be at any place, or stopped. Call
 * it from the run loop's housekeeping. */
void vm_device_fault(struct vm *vm, const struct denial *what);
/* Returns the end of the hole in the VM's RAM, which begins at 640 KiB. */
uint64_t vm_hole_end(const struct vm *vm);
/* Returns the VMM's view of the VM's memory, or NULL where [address, address + bytes) is not all
 * the VM's. */
void *vm_memory(struct vm *vm, uint64_t address, uint64_t bytes);

#endif
