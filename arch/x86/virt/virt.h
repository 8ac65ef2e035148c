/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware virtualisation behind one small interface: a virtual processor, its entry and its exit.
 * Two back ends answer the calls, one for each vendor (vmx/, svm/).
 *
 * Rule: no name, field or number of a vendor is visible above this header.
 */
#ifndef ARCH_X86_VIRT_VIRT_H
#define ARCH_X86_VIRT_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the hardware's push. The entry code uses the offsets. */
struct vcpu_regs {
	uint64_t rax, rcx, rdx, rbx, rsp_unused, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

#define VM_EXIT_REASONS(X)                                                                        \
	X(NMI, "nmi")     /* the VMM block's output, or the external signal (410) */              \
	X(TIMER, "slice") /* the slice timer ran out */                                           \
	X(HLT, "hlt")                                                                             \
	X(IO, "io") /* a port that is not open */                                                 \
	X(CPUID, "cpuid")                                                                         \
	X(CALL, "vmcall")                                                                         \
	X(WINDOW, "irq-window") /* the guest can take an interrupt now */                         \
	X(NMI_WINDOW, "nmi-window")                                                               \
	X(INTERRUPT, "interrupt") /* a physical interrupt, when interrupts exit */                \
	X(CR, "cr")                                                                               \
	X(DR, "dr")                                                                               \
	X(MSR_READ, "rdmsr")                                                                      \
	X(MSR_WRITE, "wrmsr")                                                                     \
	X(XSETBV, "xsetbv")                                                                       \
	X(MEMORY, "memory")           /* guest-physical memory outside the VM */                  \
	X(VIRT, "virt")               /* a virtualisation instruction */                          \
	X(INSTRUCTION, "instruction") /* another intercepted instruction */                       \
	X(CACHES, "caches")           /* WBINVD, INVD: no work, the guest's memory is coherent */ \
	X(EXCEPTION, "exception")                                                                 \
	X(TASK_SWITCH, "task-switch")                                                             \
	X(SHUTDOWN, "triple-fault")                                                               \
	/* an NMI between the last test and the entry: the guest did not run */                   \
	X(ABORTED, "aborted-entry")                                                               \
	/* the processor refused the entry; the message has named the rule */                     \
	X(FAILED, "failed-entry")                                                                 \
	X(OTHER, "other")                                                                         \
	/* a quirk of this processor: an interrupt may be waiting and would not exit */           \
	X(POLL, "poll")                                                                           \
	/* the guest slept and its wake-up waits at the processor; or its own event ended */      \
	X(WAKE, "wake")

#define X_ENUM(id, name) VM_EXIT_##id,
enum vm_exit_reason { VM_EXIT_REASONS(X_ENUM) VM_EXIT_COUNT };
#undef X_ENUM

const char *vm_exit_name(enum vm_exit_reason reason);

struct vcpu; /* the vendor's own */

/* A device's registers of 32 bits, for virt_move(): reads or writes the register at a
 * guest-physical address. Returns the register's value for a read. */
typedef uint32_t store_device(uint64_t address, bool write, uint32_t value);

/* The moment of the exit for an interrupt. LATER and SOON differ while an injected interrupt is not
 * taken yet: LATER exits at the end of its handler. SOON exits as soon as the interrupt has been
 * taken, for another interrupt that is deliverable during the handler. */
enum window { WINDOW_NONE, WINDOW_LATER, WINDOW_SOON };

/* The operation of an exit of kind IO, MEMORY, CR or MSR. The caller asks only when needed. */
struct vcpu_io {
	uint16_t port;
	uint8_t size; /* bytes: 1, 2, 4 */
	uint8_t kind; /* 0: OUT */
};
enum { IO_IN = 1 << 0, IO_STRING = 1 << 1, IO_REPEAT = 1 << 2 };

/* A piece of an INS or OUTS: as many elements as are moved in one go. */
struct vcpu_string {
	uint64_t linear; /* the first element's linear address */
	uint32_t value;  /* the element; of an INS with many elements: all ones */
	uint32_t elements;
};
/* The bytes of a piece at most: their time is a tenth of the 2,000 instructions of an exit. */
enum { VCPU_STRING_BYTES = 256 };

/* An operation that a guest was denied: a format of printf, and its values. Each conversion takes
 * an unsigned long, or a string that stays in place (cast to uint64_t). Only code that prints a
 * denial makes text of it, never code between an exit and an entry. */
enum { DENIAL_VALUES = 4 };
struct denial {
	const char *format;
	uint64_t value[DENIAL_VALUES];
};

/* Checks the processor, chooses its back end and turns virtualisation on. Returns 0, or -ENODEV
 * after a printed line that names all that is missing. Call it before all functions below. */
int virt_init(void);
/* Returns one line about the processor, for the banner. */
const char *virt_describe(void);
/* Turns virtualisation off, if virt_init() turned virtualisation on. Call it before the machine is
 * handed back or powered off. */
void virt_leave(void);

/* ---- A virtual processor, its memory and its ports ---- */

/* Returns a new virtual processor with its nested page tables, or NULL when memory has run out.
 * name is for messages. */
struct vcpu *virt_create(const char *name);
/* Sets the state of a multiboot entry: protected mode without paging, EAX, EBX and EIP as given. */
void virt_reset(struct vcpu *v, uint32_t eip, uint32_t eax, uint32_t ebx);
/* Maps guest-physical to host-physical memory, both page aligned, by 2M pages where both sides
 * allow 2M. Returns 0 or -ENOMEM. */
int virt_map(struct vcpu *v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
             bool executable);
/* Makes all unmapped memory absent from now on: absent memory reads as ones, and a write exits.
 * Returns 0 or -ENOMEM. */
int virt_absent(struct vcpu *v);
/* Makes one page absent again. Returns 0 or -ENOMEM. */
int virt_absent_page(struct vcpu *v, uint64_t guest);
/* Makes any access to the pages exit. Returns 0 or -ENOMEM. */
int virt_forbid(struct vcpu *v, uint64_t guest, uint64_t bytes);
/* Opens or closes one port for the guest. At first all ports are closed. */
void virt_open_port(struct vcpu *v, uint16_t port, bool open);

/* Opens or closes reads and writes of an MSR for all guests, when there is a vcpu. At first the
 * MSRs of guest_registers.h are open. */
void virt_open_msr(uint32_t msr, bool read, bool write);

/* ---- Entry and exit. The functions from here on are for the loaded vcpu, between exit and entry,
 * but for virt_load() and virt_can_exit_on_interrupt(). ---- */

/* Makes v the next vcpu to enter: loads its control structure and all state that moves only
 * then. */
void virt_load(struct vcpu *v);
/* 412: enters the loaded vcpu. Returns the reason of its exit. */
enum vm_exit_reason virt_enter(struct vcpu *v);
/* Unblocks NMIs on purpose, in one place (R12). Call it after an NMI exit: further NMIs are blocked
 * until then. */
void virt_unblock_nmi(void);
/* Sets the exit after so many TSC ticks of guest time, less than 2^32. */
void virt_set_timer(struct vcpu *v, uint64_t ticks);
/* Steps over the instruction that exited. Returns true when the next entry begins with an
 * exception. */
bool virt_skip(struct vcpu *v);
/* Returns the instruction pointer. */
uint64_t virt_rip(struct vcpu *v);
/* Returns true when the guest runs in its own ring 0. */
bool virt_in_ring_0(struct vcpu *v);
/* Prints a few lines of registers for a VM that stops. */
void virt_dump(struct vcpu *v);

/* ---- HLT ---- */

/* Sets whether HLT exits or the processor sleeps in the guest. After a reset HLT exits. Returns the
 * setting in force: a HLT without end must exit on a back end where a HLT leaves no trace. */
bool virt_exit_on_hlt(struct vcpu *v, bool exits);
/* Returns true when the guest sleeps in a HLT. */
bool virt_halted(struct vcpu *v);
/* Sets whether the guest sleeps from the next entry on. */
void virt_set_halted(struct vcpu *v, bool halted);

/* ---- Interrupts and NMIs of the guest ---- */

/* Returns true when RFLAGS.IF is set. */
bool virt_interrupts_on(struct vcpu *v);
/* Returns true when interrupts are on, there is no shadow of STI or MOV SS, and no event waits for
 * delivery already. */
bool virt_can_inject(struct vcpu *v);
/* Injects an interrupt at the next entry, whenever the entry comes. The guest is no longer halted.
 * Call it only when virt_can_inject() returns true. */
void virt_inject_interrupt(struct vcpu *v, uint8_t vector);
/* Returns true when an injected or requeued interrupt still waits for the guest, and an interrupt
 * that the guest takes directly may come first. Keep such interrupts away, and ask again after each
 * exit. Never true when the processor's entry delivers the injected interrupt before all other
 * events. */
bool virt_may_be_overtaken(struct vcpu *v);
/* Requests an exit as soon as the guest can take an interrupt. */
void virt_want_window(struct vcpu *v, enum window wanted);
/* Returns true when physical interrupts can exit on this processor. */
bool virt_can_exit_on_interrupt(void);
/* Sets whether physical interrupts exit or go to the guest. At first they go to the guest. An
 * interrupt that exits stays pending. */
void virt_exit_on_interrupt(struct vcpu *v, bool exits);
/* Returns true when the guest has loaded an interrupt table since its reset. Before that an NMI
 * would end the guest. */
bool virt_has_interrupt_table(struct vcpu *v);
/* Injects a virtual NMI (nmi=vm:NAME) at the next entry. Returns false when the guest cannot take
 * an NMI now. Then ask again before each entry; an exit comes as soon as the guest can take the
 * NMI. */
bool virt_inject_nmi(struct vcpu *v);
/* Returns true while the handler of a virtual NMI runs: the guest takes no NMI until an IRET. */
bool virt_nmis_blocked(struct vcpu *v);
/* When the exit came during the delivery of an event to the guest: delivers the event again at the
 * next entry. */
void virt_requeue_event(struct vcpu *v);

/* ---- The instruction or access that exited ---- */

/* Answers CPUID and steps over the instruction. */
void virt_cpuid(struct vcpu *v);
/* IO: returns the access. */
struct vcpu_io virt_exit_io(struct vcpu *v);
/* IO: has the next entry begin with a trap where a breakpoint is on the access's ports, or on the
 * memory operand of string. string: NULL where the instruction is no INS or OUTS. Call after
 * virt_skip(). */
void virt_break_on_io(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *string);
/* IO, an INS or OUTS, in place of virt_skip(): finds the next piece, most elements at most, and
 * reads the element of an OUTS. Returns false when nothing moves: the count is 0 and the
 * instruction is over, or an exception is set up for the operand. */
bool virt_string_begin(struct vcpu *v, const struct vcpu_io *io, unsigned most,
                       struct vcpu_string *piece);
/* Moves the piece that virt_string_begin() found: an INS gets piece->value. Steps over the
 * instruction when no element is left; otherwise the guest goes on at the instruction. */
void virt_string_end(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *piece);
/* MEMORY: returns the guest-physical address, and sets *write for a write. */
uint64_t virt_exit_address(struct vcpu *v, bool *write);
/* MEMORY, a write: steps over the instruction as if it had written, when the instruction has no
 * other effect. Returns false for all other instructions (arch/x86/virt/store.h), and when the
 * write was not of the guest's instruction. */
bool virt_drop_store(struct vcpu *v);
/* MEMORY: does the guest's MOV of 32 bits from or to a device's register, and steps over the
 * instruction. Returns the register's value for a read. Returns false for all other
 * instructions. */
bool virt_move(struct vcpu *v, store_device *device);
/* Handles exits that concern only the processor (CR, DR, MSR, XSETBV ...). Returns 0: handled.
 * -EPERM: denied, and a #GP or #UD is set up; the caller logs the denial and applies the VM's
 * policy. -ENOSYS: another exit. -EFAULT: the guest cannot go on. what gets the denied
 * operation. */
int virt_emulate(struct vcpu *v, enum vm_exit_reason reason, struct denial *what);

/* The beginning of every back end's vcpu. What lies within 128 bytes of the beginning is reached by
 * instructions that are three bytes shorter: the back end's own members of 64 bytes, and the
 * registers with names. */
enum { VCPU_OWN = 64 };
struct vcpu_head {
	/* The guest uses registers that few guests use: a kept MSR (guest_registers.h), or the
	 * debug registers. Until then no breakpoint is on. */
	bool lazy_state;
	uint8_t own[VCPU_OWN - sizeof(bool)];
	struct vcpu_regs regs; /* the entry code gets the address of regs */
};

/* Returns true when the guest may have a breakpoint. */
static inline bool vcpu_may_break(const struct vcpu *v)
{
	return ((const struct vcpu_head *)v)->lazy_state;
}

/* True when virt_init() chose the second back end. */
extern bool virt_is_second;

/* Returns the general registers. */
static inline struct vcpu_regs *vcpu_regs(struct vcpu *v)
{
	return &((struct vcpu_head *)v)->regs;
}

#endif
