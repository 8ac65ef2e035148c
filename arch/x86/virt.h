/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware virtualisation behind one small interface: a virtual processor that is entered and that
 * exits. Two back ends answer its calls, one for each vendor's way (vmx/, svm/).
 *
 * Rule: no vendor's name, field or number is visible above this header.
 */
#ifndef ARCH_X86_VIRT_H
#define ARCH_X86_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the hardware's push; the entry code knows the offsets. */
struct vcpu_regs {
	uint64_t rax, rcx, rdx, rbx, rsp_unused, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

#define VM_EXIT_REASONS(X)                                                                       \
	X(NMI, "nmi")     /* the VMM block's output, or the external signal (410) */             \
	X(TIMER, "slice") /* the slice timer ran out */                                          \
	X(HLT, "hlt")                                                                            \
	X(IO, "io") /* a port that is not open */                                                \
	X(CPUID, "cpuid")                                                                        \
	X(CALL, "vmcall")                                                                        \
	X(WINDOW, "irq-window") /* the guest can take an interrupt now */                        \
	X(NMI_WINDOW, "nmi-window")                                                              \
	X(INTERRUPT, "interrupt") /* a physical interrupt, where those exit */                   \
	X(CR, "cr")                                                                              \
	X(DR, "dr")                                                                              \
	X(MSR_READ, "rdmsr")                                                                     \
	X(MSR_WRITE, "wrmsr")                                                                    \
	X(XSETBV, "xsetbv")                                                                      \
	X(MEMORY, "memory")           /* guest-physical memory that is not the VM's */           \
	X(VIRT, "virt")               /* a virtualisation instruction */                         \
	X(INSTRUCTION, "instruction") /* another instruction that the VMM intercepts */          \
	X(CACHES, "caches")           /* WBINVD, INVD: the guest's memory is coherent without */ \
	X(EXCEPTION, "exception")                                                                \
	X(TASK_SWITCH, "task-switch")                                                            \
	X(SHUTDOWN, "triple-fault")                                                              \
	/* an NMI between the last check and the entry: nothing of the guest ran */              \
	X(ABORTED, "aborted-entry")                                                              \
	/* the processor refused the entry; the message named the rule */                        \
	X(FAILED, "failed-entry")                                                                \
	X(OTHER, "other")                                                                        \
	/* a quirk of this processor: an interrupt may be waiting, and would not exit */         \
	X(POLL, "poll")                                                                          \
	/* it slept, and what ends that is at its door; or an event of its own ended */          \
	X(WAKE, "wake")

#define X_ENUM(id, name) VM_EXIT_##id,
enum vm_exit_reason { VM_EXIT_REASONS(X_ENUM) VM_EXIT_COUNT };
#undef X_ENUM

const char *vm_exit_name(enum vm_exit_reason reason);

struct vcpu; /* vendor's own */

/* When to exit because the guest can take an interrupt. LATER and SOON differ behind an interrupt
 * that was injected and is not taken yet: at the end of its handler, or as soon as it has been
 * taken, for one that is deliverable beside it. */
enum window { WINDOW_NONE, WINDOW_LATER, WINDOW_SOON };

/* What an exit of kind IO, MEMORY, CR or MSR is about; asked for only where it is needed. */
struct vcpu_io {
	uint16_t port;
	uint8_t size; /* bytes: 1, 2, 4 */
	uint8_t kind; /* 0: OUT */
};
enum { IO_IN = 1 << 0, IO_STRING = 1 << 1, IO_REPEAT = 1 << 2 };

/* What a guest was denied: a format of printf's, and its values. Each conversion is of an
 * unsigned long, or of a string that stays (cast to uint64_t). Text is made of a denial only
 * where somebody prints it, and never between an exit and an entry. */
enum { DENIAL_VALUES = 4 };
struct denial {
	const char *format;
	uint64_t value[DENIAL_VALUES];
};

/* The calls that a back end answers: result, name, parameters. Those from `rip` on are for the
 * loaded vcpu, between exit and entry. */
#define VIRT_CALLS(X)                                                                             \
	/* One line of what was found, for the banner. */                                         \
	X(const char *, describe, (void))                                                         \
	/* Turn virtualisation off before the machine is handed back or powered off. */           \
	X(void, leave, (void))                                                                    \
	/* A virtual processor with its nested page tables; NULL when memory has run out. name \
	 * is for messages. */  \
	X(struct vcpu *, create, (const char *name))                                              \
	/* Back to the state of a multiboot entry: protected mode without paging, EAX, EBX and \
	 * EIP as given. */  \
	X(void, reset, (struct vcpu * v, uint32_t eip, uint32_t eax, uint32_t ebx))               \
	/* Guest-physical to host-physical, both page aligned; 2M pages where both sides allow \
	 * it. 0 or -ENOMEM. */  \
	X(int, map,                                                                               \
	  (struct vcpu * v, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,         \
	   bool executable))                                                                      \
	/* All that is not mapped is absent from now on: it reads as ones, and a write exits. 0 \
	 * or -ENOMEM. */ \
	X(int, absent, (struct vcpu * v))                                                         \
	/* This page is absent again; any access to these exits. 0 or -ENOMEM. */                 \
	X(int, absent_page, (struct vcpu * v, uint64_t guest))                                    \
	X(int, forbid, (struct vcpu * v, uint64_t guest, uint64_t bytes))                         \
	/* Open or close one port for the guest. Closed at first, all of them. */                 \
	X(void, open_port, (struct vcpu * v, uint16_t port, bool open))                           \
	/* Can physical interrupts exit on this processor? */                                     \
	X(bool, can_exit_on_interrupt, (void))                                                    \
	X(uint64_t, rip, (struct vcpu * v))                                                       \
	/* Interrupts on, no shadow of STI or MOV SS, and no event waiting for delivery \
	 * already. */         \
	X(bool, can_inject, (struct vcpu * v))                                                    \
	/* At the next entry, whenever that is. It is no longer halted. Only where can_inject() \
	 * says so. */ \
	X(void, inject_interrupt, (struct vcpu * v, uint8_t vector))                              \
	/* One that was injected, or put back, waits for the guest to take it, and one of the \
	 * guest's own may come first: keep those away, and ask again after each exit. Never on \
	 * a processor whose entry delivers it before all else. */   \
	X(bool, may_be_overtaken, (struct vcpu * v))                                              \
	/* Has the guest loaded an interrupt table since its reset? Before that an NMI would be \
	 * its end. */ \
	X(bool, has_interrupt_table, (struct vcpu * v))                                           \
	/* A virtual NMI for the guest (nmi=vm:NAME) at the next entry. False: it cannot take \
	 * one now; ask again before each entry, there is an exit as soon as it can. */   \
	X(bool, inject_nmi, (struct vcpu * v))                                                    \
	/* Exit as soon as the guest can take an interrupt. */                                    \
	X(void, want_window, (struct vcpu * v, enum window wanted))                               \
	/* Do physical interrupts exit, or does the guest take them? Not at first. One that \
	 * exits is still pending then. */     \
	X(void, exit_on_interrupt, (struct vcpu * v, bool exits))                                 \
	X(struct vcpu_io, exit_io, (struct vcpu * v))                                             \
	/* MEMORY: guest-physical address, and whether it was a write. */                         \
	X(uint64_t, exit_address, (struct vcpu * v, bool *write))                                 \
	/* MEMORY, a write: step over the instruction as if it had written, where that is all \
	 * that it does; false: it is none of those (arch/x86/store.h), or no instruction of \
	 * the guest's wrote. */   \
	X(bool, drop_store, (struct vcpu * v))                                                    \
	/* The exit came while an event was being delivered to the guest: deliver it again at \
	 * the next entry. */   \
	X(void, requeue_event, (struct vcpu * v))                                                 \
	/* Exits whose handling is the processor's own business (CR, DR, MSR, XSETBV ...). 0: \
	 * handled. -EPERM: denied, a #GP or #UD is set up; the caller logs and applies the \
	 * VM's policy. -ENOSYS: not one of these. -EFAULT: the guest cannot go on. what says \
	 * what was denied. */   \
	X(int, emulate, (struct vcpu * v, enum vm_exit_reason reason, struct denial * what))      \
	/* A few lines of registers for a VM that stops. */                                       \
	X(void, dump, (struct vcpu * v))

#define X_FIELD(type, name, parameters) type(*name) parameters;
struct virt_calls {
	VIRT_CALLS(X_FIELD)
};
#undef X_FIELD

/* The back end of this processor, chosen by virt_init(); a copy, so that a call costs no more
 * than a direct one. */
extern struct virt_calls virt;

/*
 * The calls on the way of exits and switches are chosen by a branch, which the linker's optimiser
 * sees through: indirect calls there cost the first back end a tenth of its instructions. Result,
 * name, parameters, arguments.
 */
#define VIRT_HOT_CALLS(X)                                                                         \
	/* 412: enter the loaded vcpu; returns at its exit. */                                    \
	X(enum vm_exit_reason, enter, (struct vcpu * v), (v))                                     \
	/* After an NMI exit further NMIs are blocked; unblock on purpose, in one place (R12). */ \
	X(void, unblock_nmi, (void), ())                                                          \
	/* Step over the instruction that exited; true: the next entry begins with an \
	 * exception. */           \
	X(bool, skip, (struct vcpu * v), (v))                                                     \
	/* Answer CPUID and step over it. */                                                      \
	X(void, cpuid, (struct vcpu * v), (v))                                                    \
	/* Make v the one that is entered next: loads its control structure and whatever state \
	 * moves only then. */  \
	X(void, load, (struct vcpu * v), (v))                                                     \
	/* Exit after so many TSC ticks of guest time, less than 2^32. */                         \
	X(void, set_timer, (struct vcpu * v, uint64_t ticks), (v, ticks))                         \
	/* Does HLT exit, or does the processor sleep in the guest? Returns what is the case: \
	 * one that would be for ever has to exit where it leaves no trace. */   \
	X(bool, exit_on_hlt, (struct vcpu * v, bool exits), (v, exits))                           \
	X(bool, halted, (struct vcpu * v), (v))                                                   \
	X(void, set_halted, (struct vcpu * v, bool halted), (v, halted))                          \
	X(bool, interrupts_on, (struct vcpu * v), (v))                                            \
	/* Is what the guest executes its own ring 0? */                                          \
	X(bool, in_ring_0, (struct vcpu * v), (v))

extern bool virt_is_second; /* the back end that virt_init() chose */
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

/* Look at the processor, choose its back end and turn virtualisation on. 0 or -ENODEV; the line
 * that was printed names what is missing. */
int virt_init(void);

/* The general registers are where every back end's vcpu begins. */
static inline struct vcpu_regs *vcpu_regs(struct vcpu *v)
{
	return (struct vcpu_regs *)v;
}

#endif
