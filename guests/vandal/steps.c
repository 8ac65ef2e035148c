/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attack that looks at the end of instructions that a VMM carries out: with a single step over
 * the instruction, with a breakpoint behind the instruction, with a breakpoint on the instruction's
 * port, and with a fault in place of the instruction; in 64-bit, 32-bit, 16-bit protected,
 * virtual-8086 and real mode. In the last four: the exceptions of VMX, SVM, TDX and the like, too.
 *
 * Rule: the manual gives the expected results (SDM 3B 17.3.1), so a bare machine prints the same.
 */
#include "guests/vandal/steps.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/args.h"
#include "guests/lib/machine.h"
#include "guests/lib/selectors.h"
#include "guests/lib/traps.h"
#include "guests/vandal/vandal.h"

#include <string.h>

enum { FLAGS_TF = 1 << 8, CR4_DE = 1 << 3 };
enum { VECTOR_DB = 1, VECTOR_UD = 6, VECTOR_GP = 13, DR6_BS = 1 << 14, FLAGS_RF = 1 << 16 };
/* DR7 (SDM 3B 17.2.4): local enable of breakpoints 0 and 1, on execution, always-one bit 10 */
enum { DR7_TWO = 0x405, DR7_OFF = 0x400 };

static unsigned tried, wrong;
/* The memory operand of INS and OUTS. */
uint64_t steps_operand[2];

static void judge(bool ok, const char *name, const struct notes *n)
{
	tried++;
	if (ok)
		return;
	wrong++;
	machine_print("vandal: %s: %u traps, off by %d, DR6 %x, %u faults, error %x, flags %x, "
	              "%d bytes left, %u and %u of others\n",
	              name, n->traps, (int)n->at, n->dr6, n->faults, n->error, n->flags,
	              (int)n->stack, n->others, n->rings);
}

/* A single step over the instruction; the trap is to come from right behind the instruction. */
#define STEP(name, setup, instruction)                                                           \
	do {                                                                                     \
		memset(&steps_notes, 0, sizeof(steps_notes));                                    \
		__asm__ volatile(setup                                                           \
		                 "\n\tpushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\t" instruction    \
		                 "\n1:\tnop\n\tnop\n\tnop\n\tsubl $1b, %0"                       \
		                 : "+m"(steps_notes.at)                                          \
		                 :                                                               \
		                 : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "memory", "cc");    \
		judge(steps_notes.traps == 1 && steps_notes.at == 0 && steps_notes.dr6 & DR6_BS, \
		      name, &steps_notes);                                                       \
	} while (0)

static void step_in_64_bit(void)
{
	STEP("NOP", "", "nop");
	STEP("CPUID", "xor %%eax, %%eax; xor %%ecx, %%ecx", "cpuid");
	STEP("IN", "mov $0x3f5, %%edx", "inb %%dx, %%al");
	STEP("INS", "mov $0x3f5, %%edx; lea steps_operand(%%rip), %%rdi", "insb");
	STEP("OUTS", "mov $0x3f5, %%edx; lea steps_operand(%%rip), %%rsi", "outsl");
	STEP("OUT 21h", "mov $0xff, %%eax", "outb %%al, $0x21");
	STEP("RDMSR", "mov $0xc0000080, %%ecx", "rdmsr");
	STEP("WRMSR", "mov $0xc0000080, %%ecx; rdmsr", "wrmsr");
	STEP("WBINVD", "", "wbinvd");
	STEP("MOV to CR8", "xor %%eax, %%eax", "mov %%rax, %%cr8");
	STEP("MOV from CR8", "", "mov %%cr8, %%rax");
	STEP("MOV to CR0", "mov %%cr0, %%rax", "mov %%rax, %%cr0");
	STEP("INVD", "", "invd");
	STEP("CLTS", "", "clts");
	STEP("LMSW", "smsw %%eax", "lmsw %%ax");
	STEP("SMSW", "", "smsw %%eax");
	STEP("MOV to CR4", "mov %%cr4, %%rax; btc $6, %%rax", "mov %%rax, %%cr4");
	STEP("MOV to CR4, back", "mov %%cr4, %%rax; btc $6, %%rax", "mov %%rax, %%cr4");
	STEP("MOV from DR6", "", "mov %%dr6, %%rax");
	STEP("a refused OUT", "mov $0x80, %%edx", "outl %%eax, %%dx");
	STEP("HLT", "", "hlt"); /* with interrupts off: the trap ends HLT */
	if (!machine_is_virtual())
		return;
	if (cpu_id(0x40000010, 0).ebx & 2)
		STEP("VMMCALL", "mov $99, %%eax", "vmmcall");
	else
		STEP("VMCALL", "mov $99, %%eax", "vmcall");
}

/* Breakpoints on an instruction that exits and on the next instruction. RF, which the handler sets,
 * is for the first instruction only. */
static void break_behind(void)
{
	memset(&steps_notes, 0, sizeof(steps_notes));
	__asm__ volatile(
		"lea 1f(%%rip), %%rax; mov %%rax, %%dr0; lea 2f(%%rip), %%rax; mov %%rax, %%dr1\n\t"
		"mov %1, %%eax; mov %%rax, %%dr7; xor %%eax, %%eax; xor %%ecx, %%ecx\n"
		"1:\tcpuid\n"
		"2:\tnop\n\tmov %2, %%eax; mov %%rax, %%dr7; subl $2b, %0"
		: "+m"(steps_notes.at)
		: "i"(DR7_TWO), "i"(DR7_OFF)
		: "rax", "rbx", "rcx", "rdx", "memory", "cc");
	judge(steps_notes.traps == 2 && steps_notes.at == 0 && (steps_notes.dr6 & 15) == 2,
	      "breakpoints", &steps_notes);
}

/* A breakpoint on a port (SDM 3B 17.2.4): type 2, length in bytes minus 1. The trap comes from
 * right behind the access. */
#define DR7_ON(type, length) (DR7_OFF | 1 | (type) << 16 | ((length)-1) << 18)
#define BREAK(name, first, length, flags, instruction, hits, steps) \
	BREAK_ON(name, 2, first, length, flags, instruction, hits, steps)
#define BREAK_ON(name, type, first, length, flags, instruction, hits, steps)                     \
	do {                                                                                     \
		memset(&steps_notes, 0, sizeof(steps_notes));                                    \
		__asm__ volatile(                                                                \
			"lea steps_operand(%%rip), %%rdi; mov %%rdi, %%rsi\n\t"                  \
			"mov %[at], %%dr0; mov %[on], %%dr7\n\t"                                 \
			"pushfq\n\torl %[set], (%%rsp)\n\tpopfq\n\t" instruction                 \
			"\n1:\tnop\n\tnop\n\tmov %[off], %%dr7\n\tsubl $1b, %[where]"            \
			: [where] "+m"(steps_notes.at)                                           \
			: [at] "r"((uint64_t)(first)), [on] "r"((uint64_t)DR7_ON(type, length)), \
			  [off] "r"((uint64_t)DR7_OFF), [set] "i"(flags), "d"(STEPS_PORT),       \
			  "a"(0xff)                                                              \
			: "rsi", "rdi", "memory", "cc");                                         \
		judge(steps_notes.traps == ((hits) || (steps)) &&                                \
		              (steps_notes.traps == 0 || steps_notes.at == 0) &&                 \
		              (steps_notes.dr6 & 15) == (hits) &&                                \
		              !(steps_notes.dr6 & DR6_BS) == !(steps),                           \
		      name, &steps_notes);                                                       \
	} while (0)

static void break_on_ports(void)
{
	const uint64_t cr4 = cr4_read();

	BREAK("a breakpoint without DE", STEPS_PORT, 1, 0, "inb %%dx, %%al", 0, 0);
	cr4_write(cr4 | CR4_DE);
	BREAK("a breakpoint on IN", STEPS_PORT, 1, 0, "inb %%dx, %%al", 1, 0);
	BREAK("a breakpoint and a step", STEPS_PORT, 1, FLAGS_TF, "inb %%dx, %%al", 1, 1);
	BREAK("a breakpoint below a wide IN", STEPS_PORT - 1, 1, 0, "inb %%dx, %%al", 0, 0);
	BREAK("a breakpoint in a wide IN", STEPS_PORT + 1, 1, 0, "inw %%dx, %%ax", 1, 0);
	BREAK("a breakpoint of two ports", 0x20, 2, 0, "inb $0x21, %%al", 1, 0);
	BREAK("a breakpoint above IN", 0x22, 1, 0, "inb $0x21, %%al", 0, 0);
	BREAK("a breakpoint on OUT", STEPS_PORT, 1, 0, "outb %%al, %%dx", 1, 0);
	/* the mask of the guest's own controller, where a byte's write has a path of its own */
	BREAK("a breakpoint on OCW1", 0x21, 1, 0, "outb %%al, $0x21", 1, 0);
	BREAK("a breakpoint on the other OCW1", 0xa1, 1, 0, "outb %%al, $0x21", 0, 0);
	BREAK("a breakpoint on the port of INS", STEPS_PORT, 1, 0, "insb", 1, 0);
	cr4_write(cr4);
}

/* Breakpoints on the memory operand of INS and OUTS: type 1 is hit by writes, type 3 by reads
 * too. */
static void break_on_operands(void)
{
	const uint64_t operand = (uintptr_t)steps_operand;

	BREAK_ON("a breakpoint on what INS writes", 1, operand, 1, 0, "insb", 1, 0);
	BREAK_ON("a breakpoint on what INS writes, and a step", 1, operand, 4, FLAGS_TF, "insb", 1,
	         1);
	BREAK_ON("a breakpoint beside what INS writes", 1, operand + 1, 1, 0, "insb", 0, 0);
	BREAK_ON("a breakpoint of writes on what OUTS reads", 1, operand, 1, 0, "outsl", 0, 0);
	BREAK_ON("a breakpoint on what OUTS reads", 3, operand + 3, 1, 0, "outsl", 1, 0);
}

/* An instruction that the VMM refuses: a fault, which is pushed with RF set and with an error
 * code. */
static void fault(void)
{
	memset(&steps_notes, 0, sizeof(steps_notes));
	__asm__ volatile("rdmsr" : : "c"(STEPS_MSR) : "rax", "rdx", "memory");
	judge(steps_notes.faults == 1 && steps_notes.error == 0 && steps_notes.flags & FLAGS_RF,
	      "RDMSR", &steps_notes);
}

static uint64_t gate32(void (*entry)(void))
{
	uint64_t offset = (uint64_t)(uintptr_t)entry;

	return (offset & 0xffff0000) << 32 | 0x8eul << 40 | SELECTOR_CODE32 << 16 |
	       (offset & 0xffff);
}

/* An available TSS of 32 bits. */
static uint64_t tss_descriptor(void)
{
	uint64_t base = (uint64_t)(uintptr_t)steps_tss;

	return (base & 0xff000000) << 32 | 0x89ul << 40 | (base & 0xffffff) << 16 |
	       (STEPS_TSS_BYTES - 1);
}

extern uint64_t guest_gdt[];

/* The call of the VMM answers, and every other instruction is #UD. SVM in virtual-8086 mode, which
 * is ring 3: EFER.SVME is set under a VMM, so the processor itself may raise #GP instead. */
static void judge_others(const char *name, const struct notes *n, bool ring_0)
{
	const bool may_be_gp = !ring_0 && machine_by_vmmcall;

	judge(n->others + n->rings == STEPS_OTHERS - 1 && (may_be_gp || n->rings == 0), name, n);
}

static void other_modes(void)
{
	const struct notes *real = (const struct notes *)(uintptr_t)REAL_NOTES;
	const struct notes *narrow = (const struct notes *)(uintptr_t)PM16_NOTES;
	const struct notes *wide = &steps_notes32, *v86 = &steps_notes_v86;

	steps_idt[VECTOR_DB] = gate32(steps_trap32);
	steps_idt[VECTOR_UD] = gate32(steps_other32);
	steps_idt[VECTOR_GP] = gate32(steps_fault32);
	guest_gdt[SELECTOR_TSS_OLD / 8] = 0x00009b000000ffff; /* code and data of 16 bits */
	guest_gdt[SELECTOR_TSS_NEW / 8] = 0x000093000000ffff;
	memcpy(steps_gdt, guest_gdt, SELECTOR_TSS);
	steps_gdt[SELECTOR_TSS / 8] = tss_descriptor();
	steps_tss[1] = (uint32_t)(uintptr_t)stack_v86_top; /* ESP0, SS0 (SDM 3A 7.2.1) */
	steps_tss[2] = SELECTOR_DATA;
	steps_tss[STEPS_TSS_BYTES / 4 - 1] = (uint32_t)STEPS_TSS_BYTES << 16;
	memcpy((void *)(uintptr_t)REAL_CODE, steps_real, (size_t)(steps_real_end - steps_real));
	memset((void *)(uintptr_t)REAL_NOTES, 0, sizeof(*real));
	memset((void *)(uintptr_t)PM16_NOTES, 0, sizeof(*narrow));
	*(volatile uint8_t *)(uintptr_t)IN_SLOTS = 0;
	memset(&steps_notes32, 0, sizeof(steps_notes32));
	memset(&steps_notes_v86, 0, sizeof(steps_notes_v86));
	steps_modes();
	traps_load();
	judge(wide->traps == 1 && wide->at == 0 && wide->dr6 & DR6_BS, "32-bit mode, a step", wide);
	judge(wide->faults == 1 && wide->error == 0 && wide->flags & FLAGS_RF && wide->stack == 0,
	      "32-bit mode, a fault", wide);
	judge(narrow->traps == 1 && narrow->at == 0 && narrow->dr6 & DR6_BS,
	      "16-bit protected mode, a step", narrow);
	judge(narrow->faults == 1 && narrow->error == 0 && narrow->flags & FLAGS_RF &&
	              narrow->stack == 0,
	      "16-bit protected mode, a fault", narrow);
	judge(v86->traps == 1 && v86->at == 0 && v86->dr6 & DR6_BS, "virtual-8086 mode, a step",
	      v86);
	/* The processor itself raises these two faults. rf=0: a processor that pushes no RF. */
	judge(v86->faults == 2 && v86->error == 0 &&
	              !(v86->flags & FLAGS_RF) == !args_number("rf", 1),
	      "virtual-8086 mode, faults", v86);
	judge(real->traps == 1 && real->at == 0 && real->dr6 & DR6_BS, "real mode, a step", real);
	judge(real->faults == 1 && real->stack == 0, "real mode, a fault", real);
	judge_others("32-bit mode, instructions of others", wide, true);
	judge_others("16-bit protected mode, instructions of others", narrow, true);
	judge_others("virtual-8086 mode, instructions of others", v86, false);
	judge_others("real mode, instructions of others", real, true);
}

void vandal_steps(const char *argument)
{
	(void)argument;
	tried = wrong = 0;
	uint64_t trap = traps_take(VECTOR_DB, (uint64_t)(uintptr_t)steps_trap);
	uint64_t gp = traps_take(VECTOR_GP, (uint64_t)(uintptr_t)steps_fault);
	step_in_64_bit();
	break_behind();
	break_on_ports();
	break_on_operands();
	if (machine_is_virtual()) /* emulated bare machines may know any MSR */
		fault();
	traps_take(VECTOR_DB, trap);
	traps_take(VECTOR_GP, gp);
	if (machine_is_virtual())
		other_modes();
	vandal_says(wrong == 0, "%u steps, breakpoints and faults, %u wrong", tried, wrong);
}
