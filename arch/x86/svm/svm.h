/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the SVM back end share: the processor's capabilities and the virtual processor.
 *
 * Rule: nobody outside arch/x86/svm/ includes this.
 */
#ifndef ARCH_X86_SVM_SVM_H
#define ARCH_X86_SVM_SVM_H

#include "arch/x86/backends.h"
#include "arch/x86/guest_code.h"
#include "arch/x86/guest_registers.h"
#include "arch/x86/guest_state.h"
#include "arch/x86/svm/vmcb.h"

#include <stdbool.h>
#include <stdint.h>

/* CPUID 8000000Ah (APM 3 E.4.9). */
struct svm_capabilities {
	uint32_t revision, asids; /* asids: how many there are, number 0 being the VMM's */
	bool next_rip;            /* EDX[3]: the exit says where the next instruction is */
	/* EDX[7]: and which register a MOV CR uses, and the instruction's bytes */
	bool decode_assists;
	bool lost_shadow;   /* quirk.c: VMRUN forgets the interrupt shadow */
	bool unseen_xsetbv; /* quirk.c: XSETBV does not exit */
	/* quirk.c: an interrupt in the event's field is delivered twice */
	bool doubled_event;
	/* quirk.c: an exit calls the interrupt that it interrupted an exception */
	bool wrong_event;
};

extern struct svm_capabilities svm_caps;

/*
 * Where an instruction without prefixes has exited before (decode.c): its RIP, address space and CS
 * base, where its bytes are in the VMM's memory, and what they were. They are compared each time: a
 * page mapped anew shows itself by holding something else.
 */
struct svm_code {
	uint64_t rip, cr3, base;
	const uint32_t *at;
	uint32_t bytes, mask, length;
};
enum { SVM_CODE_PLACES = 16 };

struct vcpu {
	struct vcpu_regs
		/* first: the entry code has its address. RAX and RSP are in the VMCB while the
		 * guest runs */
		regs;
	struct vmcb *vmcb; /* physical = virtual */
	struct guest_state state;
	struct guest_registers registers;
	const char *name;
	uint8_t *io_bitmap; /* IOPM: three pages, bit per port, 1 = exits */
	uint64_t *npt;      /* nested page tables' PML4 */
	/* executed HLT, which exited: RIP is behind it, and nothing has ended it yet */
	bool halted;
	/* the timer ends at once: a virtual NMI or an interrupt waits for when the guest can take
	 * it */
	bool ends_soon;
	bool nmi_masked;      /* a virtual NMI was injected, and its IRET has not come, or */
	bool iret_exited;     /* has exited, at */
	uint64_t iret_at;     /* this RIP */
	bool end_wanted;      /* the IRET of an injected interrupt's handler is to exit */
	uint64_t window_rest; /* of its slice, while the timer ends at once */
	struct svm_code code[SVM_CODE_PLACES];
	bool shares_asid, rare; /* rare: uses one of registers, or the debug registers */
	uint64_t timer_left;    /* TSC ticks of its slice, while another one is loaded, or */
	bool timer_due;         /* that are to be armed at its entry */
};

/* Who was loaded last; NULL: none. */
extern struct vcpu *svm_loaded;
/* Entry's slow path: v is not the one that can be entered with nothing to do before. */
void svm_settle(struct vcpu *v);

/* Read and check the capabilities: prints what is missing. 0 or -ENODEV. (capabilities.c) */
int svm_check(void);

/* Nested page tables (npt.c): as ept.c */
uint64_t *npt_create(void);
int npt_map(uint64_t *pml4, uint64_t guest, uint64_t host, uint64_t bytes, bool writable,
            bool executable);
int npt_absent(uint64_t *pml4);
int npt_absent_page(uint64_t *pml4, uint64_t guest);
int npt_forbid(uint64_t *pml4, uint64_t guest, uint64_t bytes);
/* Where guest-physical memory is; NULL where nothing is mapped. */
void *npt_translate(const uint64_t *pml4, uint64_t guest);

/* How its instructions see memory (decode.c). */
struct guest_mode svm_mode(const struct vcpu *v);
/* Segments in the order of their selectors' numbers (APM 3 1.4). */
enum svm_segment { SVM_ES, SVM_CS, SVM_SS, SVM_DS, SVM_FS, SVM_GS, SVM_SEGMENTS };
/* The general register that has its place in the VMCB, and its neighbour that is of the stack
 * too. */
enum { REGISTER_RSP = 4, REGISTER_RBP = 5 };
/* What an instruction's ModR/M byte says of its operand: base + (index << scale) + displacement. */
enum { SVM_RIP = 16, SVM_NONE = 17 }; /* for a base: the next instruction's RIP; no register */
struct svm_operand {
	bool in_memory; /* false: the register rm */
	uint8_t bytes;  /* by the operand's size: 2, 4, 8 */
	uint8_t base, index, scale, address_bytes;
	enum svm_segment segment;
	int32_t displacement;
};

/* The instruction at RIP (decode.c). */
struct svm_instruction {
	/* bytes, prefixes included; 0: could not be read, or is none of those that exit */
	uint8_t length;
	uint8_t opcode;  /* the last byte of it; those of two bytes begin with 0Fh */
	bool two_bytes;  /* 0Fh came first */
	uint8_t reg, rm; /* of the ModR/M byte with REX: register numbers, where there is one */
	struct svm_operand operand;
};
/* Read count bytes of the guest's code at CS:rip, as far as they are mapped; returns how many. */
unsigned svm_fetch(const struct vcpu *v, uint64_t rip, uint8_t *bytes, unsigned count);
struct svm_instruction svm_decode(const struct vcpu *v);
/* Bytes of the instruction that exited at RIP, 0: as svm_decode(); it is noted in code. */
unsigned svm_instruction_length(struct vcpu *v);
void svm_forget_code(struct vcpu *v);

/* A general register by its number. */
static inline uint64_t *svm_register(struct vcpu *v, unsigned number)
{
	return number == REGISTER_RSP ? &v->vmcb->rsp : &v->regs.rax + number;
}

/* Two bytes at the memory operand of the instruction at RIP, with the checks of segments and pages
 * that the processor makes. False: the exception is set up. (operand.c) */
bool svm_operand_read(struct vcpu *v, const struct svm_instruction *i, uint16_t *value);
bool svm_operand_write(struct vcpu *v, const struct svm_instruction *i, uint16_t value);

/* CR0, whose NE is the guest's own only to look at (cr0.c): after a reset; as the guest reads CR0;
 * and an access that exited, with the result of svm_emulate(). */
void svm_cr0_reset(struct vcpu *v);
uint64_t svm_cr0(const struct vcpu *v);
int svm_cr0_emulate(struct vcpu *v, const struct svm_instruction *i, struct denial *what);

/* The MSR permission map that all VMs share, and accesses that exit (msr.c) */
uint64_t msrpm_create(void);
int svm_msr_emulate(struct vcpu *v, bool write, struct denial *what);

/* The exit of an IRET that ends the handler of a virtual NMI; and whether the timer ended for the
 * sake of the next one. (event.c) */
enum vm_exit_reason svm_iret_exit(struct vcpu *v);
bool svm_nmi_window(struct vcpu *v);

/* The quirk of lost shadows (quirk.c): before an entry with interrupt_shadow set. */
void quirk_lost_shadow(struct vcpu *v);
/* The quirk of wrong events: what an exit interrupted; true: it is what it was again, and waits
 * for the next entry. */
bool quirk_wrong_event(struct vcpu *v, uint64_t event);
/* The quirk of the unseen XSETBV: before a vcpu is created. */
void quirk_unseen_xsetbv(void);

/* Say which of the manual's rules for VMRUN the VMCB breaks (APM 2 15.5.1); returns how many.
 * (audit.c) */
unsigned svm_audit(struct vcpu *v);

/* An exception for the guest at its next entry; what the exit interrupted counts (SDM 3A table
 * 6-5). False: that would be a triple fault. (retire.c) */
bool svm_raise(struct vcpu *v, unsigned vector, uint32_t error);
/* Step over an instruction of so many bytes; true: as svm_skip(). */
bool svm_retire(struct vcpu *v, unsigned length);

/* The calls of arch/x86/virt.h. */
#define X_PROTOTYPE(type, name, parameters) type svm_##name parameters;
VIRT_CALLS(X_PROTOTYPE)
#undef X_PROTOTYPE

#endif
