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

/* An operation that a guest was denied: a format of printf, and its values. Each conversion takes
 * an unsigned long, or a string that stays in place (cast to uint64_t). Only code that prints a
 * denial makes text of it, never code between an exit and an entry. */
enum { DENIAL_VALUES = 4 };
struct denial {
	const char *format;
	uint64_t value[DENIAL_VALUES];
};

/* The calls that a back end answers: result, name, parameters. The calls from `rip` on are for the
 * loaded vcpu, between exit and entry. */
#define VIRT_CALLS(X)                                                                           \
	/* Returns one line about the processor, for the banner. */                             \
	X(const char *, describe, (void))                                                       \
	/* Turns virtualisation off. Call it before the machine is handed back or powered \
	 * off. */     \
	X(void, leave, (void))                                                                  \
	/* Returns a new virtual processor with its nested page tables, or NULL when memory \
	 * has run out. name is for messages. */   \
	X(struct vcpu *, create, (const char *name))                                            \
	/* Sets the state of a multiboot entry: protected mode without paging, EAX, EBX and \
	 * EIP as given. */   \
	X(void, reset, (struct vcpu * v, uint32_t eip, uint32_t eax, uint32_t ebx))             \
	/* Maps guest-physical to host-physical memory, both page aligned, by 2M pages where \
	 * both sides allow 2M. Returns 0 or -ENOMEM. */  \
	X(int, map,                                                                             \
	  (struct vcpu * v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,       \
	   bool executable))                                                                    \
	/* Makes all unmapped memory absent from now on: absent memory reads as ones, and a \
	 * write exits. Returns 0 or -ENOMEM. */   \
	X(int, absent, (struct vcpu * v))                                                       \
	/* absent_page makes a page absent again. forbid makes any access to its pages exit. \
	 * Both return 0 or -ENOMEM. */  \
	X(int, absent_page, (struct vcpu * v, uint64_t guest))                                  \
	X(int, forbid, (struct vcpu * v, uint64_t guest, uint64_t bytes))                       \
	/* Opens or closes one port for the guest. At first all ports are closed. */            \
	X(void, open_port, (struct vcpu * v, uint16_t port, bool open))                         \
	/* Returns true when physical interrupts can exit on this processor. */                 \
	X(bool, can_exit_on_interrupt, (void))                                                  \
	X(uint64_t, rip, (struct vcpu * v))                                                     \
	/* Returns true when interrupts are on, there is no shadow of STI or MOV SS, and no \
	 * event waits for delivery already. */   \
	X(bool, can_inject, (struct vcpu * v))                                                  \
	/* Injects an interrupt at the next entry, whenever the entry comes. The guest is no \
	 * longer halted. Call it only when can_inject() returns true. */  \
	X(void, inject_interrupt, (struct vcpu * v, uint8_t vector))                            \
	/* Returns true when an injected or requeued interrupt still waits for the guest, and \
	 * an interrupt that the guest takes directly may come first. Keep such interrupts \
	 * away, and ask again after each exit. Never true when the processor's entry \
	 * delivers the injected interrupt before all other events. */ \
	X(bool, may_be_overtaken, (struct vcpu * v))                                            \
	/* Returns true when the guest has loaded an interrupt table since its reset. Before \
	 * that an NMI would end the guest. */  \
	X(bool, has_interrupt_table, (struct vcpu * v))                                         \
	/* Injects a virtual NMI (nmi=vm:NAME) at the next entry. Returns false when the \
	 * guest cannot take an NMI now. Then ask again before each entry; an exit comes as \
	 * soon as the guest can take the NMI. */      \
	X(bool, inject_nmi, (struct vcpu * v))                                                  \
	/* Requests an exit as soon as the guest can take an interrupt. */                      \
	X(void, want_window, (struct vcpu * v, enum window wanted))                             \
	/* Sets whether physical interrupts exit or go to the guest. At first they go to the \
	 * guest. An interrupt that exits stays pending. */  \
	X(void, exit_on_interrupt, (struct vcpu * v, bool exits))                               \
	X(struct vcpu_io, exit_io, (struct vcpu * v))                                           \
	/* MEMORY: returns the guest-physical address, and sets *write for a write. */          \
	X(uint64_t, exit_address, (struct vcpu * v, bool *write))                               \
	/* MEMORY, a write: steps over the instruction as if it had written, when the \
	 * instruction has no other effect. Returns false for all other instructions \
	 * (arch/x86/virt/store.h), and when the write was not of the guest's \
	 * instruction. */         \
	X(bool, drop_store, (struct vcpu * v))                                                  \
	/* When the exit came during the delivery of an event to the guest: delivers the \
	 * event again at the next entry. */      \
	X(void, requeue_event, (struct vcpu * v))                                               \
	/* Handles exits that concern only the processor (CR, DR, MSR, XSETBV ...). Returns \
	 * 0: handled. -EPERM: denied, and a #GP or #UD is set up; the caller logs the denial \
	 * and applies the VM's policy. -ENOSYS: another exit. -EFAULT: the guest cannot go \
	 * on. what gets the denied operation. */   \
	X(int, emulate, (struct vcpu * v, enum vm_exit_reason reason, struct denial * what))    \
	/* Prints a few lines of registers for a VM that stops. */                              \
	X(void, dump, (struct vcpu * v))

#define X_FIELD(type, name, parameters) type(*name) parameters;
struct virt_calls {
	VIRT_CALLS(X_FIELD)
};
#undef X_FIELD

/* The back end of this processor, chosen by virt_init(). A copy, so that a call costs no more than
 * a direct call. */
extern struct virt_calls virt;

/*
 * A branch chooses the calls on the way of exits and switches, because the linker's optimiser sees
 * through a branch. Indirect calls there cost the first back end a tenth of its instructions.
 * Result, name, parameters, arguments.
 */
#define VIRT_HOT_CALLS(X)                                                                     \
	/* 412: enters the loaded vcpu; returns at its exit. */                               \
	X(enum vm_exit_reason, enter, (struct vcpu * v), (v))                                 \
	/* Unblocks NMIs on purpose, in one place (R12). After an NMI exit further NMIs are \
	 * blocked. */ \
	X(void, unblock_nmi, (void), ())                                                      \
	/* Steps over the instruction that exited. Returns true when the next entry begins \
	 * with an exception. */  \
	X(bool, skip, (struct vcpu * v), (v))                                                 \
	/* Answers CPUID and steps over it. */                                                \
	X(void, cpuid, (struct vcpu * v), (v))                                                \
	/* Makes v the next vcpu to enter: loads its control structure and all state that \
	 * moves only then. */   \
	X(void, load, (struct vcpu * v), (v))                                                 \
	/* Sets the exit after so many TSC ticks of guest time, less than 2^32. */            \
	X(void, set_timer, (struct vcpu * v, uint64_t ticks), (v, ticks))                     \
	/* Sets whether HLT exits or the processor sleeps in the guest. Returns the setting \
	 * in force: a HLT without end must exit on a back end where the HLT would leave no \
	 * trace. */ \
	X(bool, exit_on_hlt, (struct vcpu * v, bool exits), (v, exits))                       \
	X(bool, halted, (struct vcpu * v), (v))                                               \
	X(void, set_halted, (struct vcpu * v, bool halted), (v, halted))                      \
	X(bool, interrupts_on, (struct vcpu * v), (v))                                        \
	/* Returns true when the guest runs in its own ring 0. */                             \
	X(bool, in_ring_0, (struct vcpu * v), (v))

extern bool virt_is_second; /* true: virt_init() chose the second back end */
#define X_CHOICE(type, name, parameters, arguments)                                \
	type vmx_##name parameters;                                                \
	type svm_##name parameters;                                                \
	static inline type virt_##name parameters                                  \
	{                                                                          \
		return __builtin_expect(virt_is_second, 0) ? svm_##name arguments  \
		                                           : vmx_##name arguments; \
	}
VIRT_HOT_CALLS(X_CHOICE)
#undef X_CHOICE

/* Checks the processor, chooses its back end and turns virtualisation on. Returns 0, or -ENODEV
 * after a printed line that names all that is missing. */
int virt_init(void);

/* Returns the general registers. Every back end's vcpu begins with the registers. */
static inline struct vcpu_regs *vcpu_regs(struct vcpu *v)
{
	return (struct vcpu_regs *)v;
}

#endif
