/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Declarations that the files of the SVM back end share: the capabilities of the processor and the
 * virtual processor.
 *
 * Rule: only files of arch/x86/virt/svm/ include this header.
 */
#ifndef ARCH_X86_VIRT_SVM_SVM_H
#define ARCH_X86_VIRT_SVM_SVM_H

#include "arch/x86/virt/backends.h"
#include "arch/x86/virt/guest_code.h"
#include "arch/x86/virt/guest_operand.h"
#include "arch/x86/virt/guest_reading.h"
#include "arch/x86/virt/guest_registers.h"
#include "arch/x86/virt/guest_state.h"
#include "arch/x86/virt/svm/vmcb.h"

#include <stdbool.h>
#include <stdint.h>

/* CPUID 8000000Ah (APM 3 E.4.9). */
struct svm_capabilities {
	uint32_t revision, asids; /* asids: their number; the VMM has number 0 */
	bool next_rip;            /* EDX[3]: an exit reports the next RIP */
	/* EDX[7]: an exit also reports the register of a MOV CR and the instruction's bytes */
	bool decode_assists;
	bool lost_shadow;   /* quirk.c: VMRUN forgets the interrupt shadow */
	bool unseen_xsetbv; /* quirk.c: XSETBV does not exit */
	/* quirk.c: an interrupt in the event's field is delivered twice */
	bool doubled_event;
	/* quirk.c: an exit reports an interrupted interrupt as an exception */
	bool wrong_event;
	bool stale_breakpoints; /* quirk.c: breakpoints of a guest stay behind an exit */
};

extern struct svm_capabilities svm_caps;

/*
 * A place where an instruction without prefixes has exited before (decode.c): RIP, address space
 * and CS base, the address of the bytes in the VMM's memory, and the bytes. The bytes are compared
 * each time: a page mapped anew shows other bytes.
 */
struct svm_code {
	uint64_t rip, cr3, base;
	const uint32_t *at;
	uint32_t bytes, mask, length;
};
enum { SVM_CODE_PLACES = 16 };

struct vcpu {
	bool lazy_state; /* as in struct vcpu_head */
	/* a HLT of the guest has exited: RIP is behind the HLT, and no event has ended it */
	bool halted;
	/* the timer ends at once: a virtual NMI or an interrupt waits until the guest can take
	 * it */
	bool ends_soon;
	bool nmi_masked;  /* a virtual NMI was injected, and its IRET has not been executed */
	bool iret_exited; /* the IRET has exited */
	bool end_wanted;  /* the IRET of an injected interrupt's handler must exit */
	bool shares_asid;
	bool timer_due;       /* timer_left must be armed */
	struct vmcb *vmcb;    /* the physical address, equal to the virtual address */
	uint64_t *npt;        /* nested page tables' PML4 */
	uint64_t iret_at;     /* RIP of the IRET that exited */
	uint64_t window_rest; /* the slice's rest in TSC ticks while ends_soon is set */
	uint64_t timer_left;  /* TSC ticks of the slice, to be armed at the next entry */
	uint8_t *io_bitmap;   /* IOPM: three pages, a bit per port, 1 = exits */
	const char *name;
	struct vcpu_regs regs; /* RAX and RSP are in the VMCB while the guest runs */
	struct guest_state state;
	struct guest_registers registers;
	struct svm_code code[SVM_CODE_PLACES];
};

_Static_assert(offsetof(struct vcpu, regs) == offsetof(struct vcpu_head, regs),
               "each vcpu begins with a struct vcpu_head");

/* The virtual processor that was loaded last, or NULL. */
extern struct vcpu *svm_loaded;
/* The slow path of an entry: does the work that v needs before the entry. Call it when v is not
 * entry_ready. */
void svm_settle(struct vcpu *v);

/* Reads and checks the capabilities and prints all that is missing. Returns 0 or -ENODEV.
 * (capabilities.c) */
int svm_check(void);

/* Nested page tables (npt.c): the functions work as those of ept.c. */
uint64_t *npt_create(void);
int npt_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable);
int npt_absent(uint64_t *pml4);
int npt_absent_page(uint64_t *pml4, uint64_t guest);
int npt_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes);
/* Returns where the guest-physical address lies in the machine's memory, or NULL where the tables
 * map no memory. */
void *npt_translate(const uint64_t *pml4, uint64_t guest);

/* Returns the mode in which v's instructions address memory (decode.c). */
struct guest_mode svm_mode(const struct vcpu *v);
/* The operand that an instruction's ModR/M byte names. */
struct svm_operand {
	bool in_memory; /* false: the operand is the register rm */
	uint8_t bytes;  /* the operand's size: 2, 4, 8 */
	struct guest_address address;
};

/* The instruction at RIP (decode.c). */
struct svm_instruction {
	/* bytes, prefixes included; 0: the bytes could not be read, or are no instruction that
	 * exits */
	uint8_t length;
	uint8_t opcode;  /* the opcode's last byte; opcodes of two bytes begin with 0Fh */
	bool two_bytes;  /* true: 0Fh came first */
	uint8_t reg, rm; /* register numbers of the ModR/M byte with REX, if any */
	struct svm_operand operand;
};
/* Reads up to count bytes of the guest's code at CS:rip, as far as they are mapped. Returns the
 * number of bytes. */
unsigned svm_fetch(const struct vcpu *v, uint64_t rip, uint8_t *bytes, unsigned count);
struct svm_instruction svm_decode(const struct vcpu *v);
/* Returns the length in bytes of the instruction that exited at RIP, or 0 as svm_decode(). Notes
 * the place in code. */
unsigned svm_instruction_length(struct vcpu *v);
void svm_forget_code(struct vcpu *v);

/* Returns the address of a general register by its number. */
static inline uint64_t *svm_register(struct vcpu *v, unsigned number)
{
	return number == REGISTER_RSP ? &v->vmcb->rsp : &v->regs.rax + number;
}

/* svm_memory() returns the guest's memory as its instructions reach the memory. svm_operand_in()
 * returns a segment as the checks of an operand need the segment. (operand.c) */
struct guest_memory svm_memory(const struct vcpu *v);
struct guest_operand svm_operand_in(const struct vcpu *v, enum guest_segment segment);
/* Reads or writes two bytes at the memory operand of the instruction at RIP, with the processor's
 * checks of segments and pages. Returns false when the exception is set up. (operand.c) */
bool svm_operand_read(struct vcpu *v, const struct svm_instruction *i, uint16_t *value);
bool svm_operand_write(struct vcpu *v, const struct svm_instruction *i, uint16_t value);

/* CR0 with the guest's NE as a shadow (cr0.c). svm_cr0_reset() sets the value after a reset.
 * svm_cr0() returns CR0 as the guest reads it. svm_cr0_emulate() carries out an access that exited,
 * and returns the result of svm_emulate(). */
void svm_cr0_reset(struct vcpu *v);
uint64_t svm_cr0(const struct vcpu *v);
int svm_cr0_emulate(struct vcpu *v, const struct svm_instruction *i, struct denial *what);

/* The MSR permission map, which all VMs share, and the emulation of MSR accesses that exit
 * (msr.c). */
uint64_t msrpm_create(void);
int svm_msr_emulate(struct vcpu *v, bool write, struct denial *what);

/* svm_iret_exit() handles the exit of an IRET that ends the handler of a virtual NMI.
 * svm_nmi_window() returns true when the timer ended so that the next virtual NMI can be injected.
 * (event.c) */
enum vm_exit_reason svm_iret_exit(struct vcpu *v);
bool svm_nmi_window(struct vcpu *v);

/* The quirk of lost shadows (quirk.c). Call it before an entry with interrupt_shadow set. */
void quirk_lost_shadow(struct vcpu *v);
/* The quirk of wrong events. event is the event that an exit interrupted. Returns true when the
 * event is corrected and waits for the next entry. */
bool quirk_wrong_event(struct vcpu *v, uint64_t event);
/* The quirk of the unseen XSETBV. Call it before a vcpu is created. */
void quirk_unseen_xsetbv(void);
/* Call when a guest begins to use the debug registers (to), or loses them (of); the other is NULL.
 * Takes the breakpoints of the guest that had them last from the processor. */
void quirk_claim_breakpoints(struct vcpu *of, struct vcpu *to);
/* Returns true when the guest's #DB is the breakpoint of another. The guest goes on. */
bool quirk_foreign_breakpoint(struct vcpu *v);

/* Prints each rule of the manual for VMRUN (APM 2 15.5.1) that the VMCB breaks. Returns the number
 * of broken rules. (audit.c) */
unsigned svm_audit(struct vcpu *v);

/* Raises an exception in the guest at the next entry. An event that the exit interrupted is
 * combined with the new exception (SDM 3A table 6-5). Returns false when the result would be a
 * triple fault. (retire.c) */
bool svm_raise(struct vcpu *v, unsigned vector, uint32_t error);
/* Steps over an instruction of length bytes. Outside of 64-bit code RIP has 32 bits. Returns the
 * value of svm_skip(). */
bool svm_retire(struct vcpu *v, unsigned length);

#endif
