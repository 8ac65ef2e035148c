/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's tables: GDT, TSS and IDT, and the handling of exceptions in the VMM.
 *
 * Rule: only four events are expected here: an NMI, an interrupt in its moments (interrupts.h), the
 * #GP of a guarded access (guarded.h), and the #DB of a guest's breakpoint in an emulator. Any
 * other exception is a defect and panics. An unknown interrupt is only counted.
 */
#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/interrupts.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/stacks.h"
#include "arch/x86/cpu/text_list.h"
#include "arch/x86/cpu/work.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"

enum {
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_DOUBLE_FAULT = 8,
	VECTOR_GP = 13,
	VECTOR_PAGE_FAULT = 14,
	VECTOR_MACHINE_CHECK = 18,
	EXCEPTIONS = 32,
	VECTOR_SHARED = 48, /* nobody tells this vector and those above apart */
	VECTORS = 256
};
enum { IST_NMI = 1, IST_FATAL = 2, STUB_BYTES = 9 };
enum { CR4_MCE = 1 << 6, CPUID_EDX_MCE = 1 << 7, RFLAGS_RF = 1 << 16 };

/* 64-bit TSS (SDM 3A figure 7-11). */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* ist[n - 1] is IST n */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

/* Interrupt gate (SDM 3A figure 6-8): access 15 present | 14:13 DPL | 12:8 type (1110: interrupt
 * gate). */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, access;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
} __attribute__((packed));

enum { GATE_INTERRUPT = 0x8e };

/* The frame that exceptions.S and the processor push. */
struct exception_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/*
 * Descriptors (SDM 3A figures 3-8 and 7-4)
 *   55 granularity | 53 64-bit code | 47 present |
 *   43:40 type: 1011 code, 0011 data, both accessed; 1001 64-bit TSS
 * Code and data are those of boot/entry.S. The TSS takes two entries.
 */
#define DESCRIPTOR_CODE 0x00af9b000000ffffull
#define DESCRIPTOR_DATA 0x00cf93000000ffffull
#define DESCRIPTOR_TSS 0x0000890000000000ull

/* The tables of a processor. */
static struct {
	struct tss tss __attribute__((aligned(128)));
	struct gate idt[VECTORS] __attribute__((aligned(16)));
	uint64_t gdt[SELECTOR_TSS / 8 + 2];
} tables;

/* The number of unknown interrupts, for a debugger. */
volatile uint32_t spurious_interrupts;
bool (*interrupt_hook)(unsigned vector);

extern const uint8_t exception_stubs[]; /* exceptions.S */
extern void nmi_entry(void);            /* nmi.S */
void exception_dispatch(struct exception_frame *f);

/* By vector. Behind the last, and where the text is empty, the vector is reserved. */
static const char exception_names[] =
	"#DE divide error\0#DB debug\0\0#BP breakpoint\0#OF overflow\0"
	"#BR bound range\0#UD invalid opcode\0#NM no device\0"
	"#DF double fault\0\0#TS invalid TSS\0"
	"#NP segment not present\0#SS stack fault\0"
	"#GP general protection\0#PF page fault\0\0#MF x87 error\0"
	"#AC alignment check\0#MC machine check\0#XM SIMD error\0"
	"#VE virtualisation\0#CP control protection\0";
enum { EXCEPTION_NAMES = 22 };

static const char *exception_name(uint64_t vector)
{
	const char *name = vector < EXCEPTION_NAMES
	                           ? text_list_get(exception_names, (unsigned)vector)
	                           : "";

	return name[0] != '\0' ? name : "reserved";
}

/* The frame's general registers, the last one first, and the others that registers_print() has. */
static const char register_names[] = "rax\0rcx\0rdx\0rbx\0rbp\0rsi\0rdi\0r8\0r9\0r10\0r11\0"
				     "r12\0r13\0r14\0r15\0rsp\0cr0\0cr2\0cr3\0cr4";

static void registers_print(const struct exception_frame *f)
{
	enum { PER_LINE = 4, GENERAL = 15, COUNT = 20 };
	const uint64_t *first = (const uint64_t *)f;
	uint64_t value[COUNT];
	const char *name[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		name[i] = text_list_get(register_names, i);
		value[i] = first[i < GENERAL ? GENERAL - 1 - i : 0];
	}
	value[GENERAL] = f->rsp;
	value[GENERAL + 1] = cr0_read();
	value[GENERAL + 2] = cr2_read();
	value[GENERAL + 3] = cr3_read();
	value[GENERAL + 4] = cr4_read();
	for (unsigned i = 0; i < COUNT; i += PER_LINE)
		log_line("  %s %016lx  %s %016lx  %s %016lx  %s %016lx", name[i], value[i],
		         name[i + 1], value[i + 1], name[i + 2], value[i + 2], name[i + 3],
		         value[i + 3]);
}

/* Prints the top of the stack that the exception interrupted. Return addresses are among the
 * words. */
static void stack_print(uint64_t rsp)
{
	enum { PER_LINE = 4, WORDS = 32 };
	const struct stack *stack = stack_of(rsp);
	if (stack == NULL || rsp % sizeof(uint64_t) != 0)
		return;
	const uint64_t *at = (const uint64_t *)rsp,
		       *top = (const uint64_t *)(stack->absent + PAGE + stack->bytes);
	log_line("  %lu bytes are on the %s stack:", (uint64_t)top - rsp, stack->name);
	for (unsigned i = 0; i < WORDS && at + PER_LINE <= top; i += PER_LINE, at += PER_LINE)
		log_line("  %016lx %016lx %016lx %016lx", at[0], at[1], at[2], at[3]);
}

/* Panics with the stack's name when a stack has run out. A push of an exception's frame can touch
 * the page below a stack, too: that is a double fault. */
static void panic_if_stack_ran_out(const struct exception_frame *f)
{
	const struct stack *stack = stack_run_out(cr2_read());

	if (stack != NULL && (f->vector == VECTOR_PAGE_FAULT || f->vector == VECTOR_DOUBLE_FAULT))
		panic("stack overflow: the VMM's %s stack of %lu bytes has run out, at %lx:%016lx",
		      stack->name, stack->bytes, f->cs, f->rip);
}

__attribute__((cold)) void exception_dispatch(struct exception_frame *f)
{
	static bool again;
	uint64_t resume = f->vector == VECTOR_GP ? guarded_resume(f->rip) : 0;

	if (f->vector >= EXCEPTIONS) {
		if (interrupt_hook == NULL || !interrupt_hook((unsigned)f->vector))
			spurious_interrupts++;
		return;
	}
	if (resume != 0) {
		f->rip = resume;
		return;
	}
	/* An exit switches breakpoints off (SDM 3C 27.5.1, APM 2 15.6). QEMU 7.2 leaves a guest's
	 * own on, wherever the guest sets them. RF: the instruction executes now. */
	if (f->vector == VECTOR_DB) {
		f->rflags |= RFLAGS_RF;
		return;
	}
	const char *name = exception_name(f->vector);

	if (!again) { /* an exception during this printing goes straight to the panic */
		again = true;
		work_end();
		log_urgent();
		log_line("exception in the VMM: vector %lu, %s", f->vector, name);
		registers_print(f);
		stack_print(f->rsp);
		panic_if_stack_ran_out(f);
	}
	panic("exception %lu (%s), error %lxh, at %lx:%016lx, rflags %lx, cr2 %lx", f->vector, name,
	      f->error, f->cs, f->rip, f->rflags, cr2_read());
}

static void gate_set(unsigned vector, const void *handler, unsigned ist)
{
	uint64_t offset = (uint64_t)handler;

	tables.idt[vector] = (struct gate){
		.offset_low = (uint16_t)offset,
		.selector = SELECTOR_CODE,
		.ist = (uint8_t)ist,
		.access = GATE_INTERRUPT,
		.offset_middle = (uint16_t)(offset >> 16),
		.offset_high = (uint32_t)(offset >> 32),
	};
}

static void idt_init(void)
{
	struct table_pointer pointer = { sizeof(tables.idt) - 1, (uint64_t)tables.idt };

	for (unsigned v = 0; v < VECTORS; v++)
		gate_set(v, exception_stubs + (v < VECTOR_SHARED ? v : VECTOR_SHARED) * STUB_BYTES,
		         v == VECTOR_DOUBLE_FAULT || v == VECTOR_PAGE_FAULT ||
		                         v == VECTOR_MACHINE_CHECK
		                 ? IST_FATAL
		                 : 0);
	gate_set(VECTOR_NMI, (const void *)(uintptr_t)nmi_entry, IST_NMI);
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void tss_init(void)
{
	uint64_t base = (uint64_t)&tables.tss, limit = sizeof(tables.tss) - 1;

	tables.tss.ist[IST_NMI - 1] = (uint64_t)stack_top(STACK_NMI);
	tables.tss.ist[IST_FATAL - 1] = (uint64_t)stack_top(STACK_FATAL);
	tables.tss.io_map = sizeof(tables.tss); /* none */
	tables.gdt[SELECTOR_TSS / 8] = DESCRIPTOR_TSS | limit | (base & 0xffffff) << 16 |
	                               (base >> 24 & 0xff) << 56;
	tables.gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

static void gdt_load(void)
{
	struct table_pointer pointer = { sizeof(tables.gdt) - 1, (uint64_t)tables.gdt };

	tables.gdt[SELECTOR_CODE / 8] = DESCRIPTOR_CODE;
	tables.gdt[SELECTOR_DATA / 8] = DESCRIPTOR_DATA;
	__asm__ volatile("lgdt %0\n\t"
	                 "pushq %1\n\t"
	                 "leaq 1f(%%rip), %%rax\n\t"
	                 "pushq %%rax\n\t"
	                 "lretq\n"
	                 "1:\n\t"
	                 "mov %2, %%ds\n\t"
	                 "mov %2, %%es\n\t"
	                 "mov %2, %%ss\n\t"
	                 "ltr %w3"
	                 :
	                 : "m"(pointer), "i"(SELECTOR_CODE), "r"(SELECTOR_DATA), "r"(SELECTOR_TSS)
	                 : "rax", "memory");
}

void tables_init(void)
{
	tss_init();
	gdt_load();
	idt_init();
	if (cpu_id(1, 0).edx & CPUID_EDX_MCE)
		cr4_write(cr4_read() | CR4_MCE);
}

uint64_t tables_tss_base(void)
{
	return (uint64_t)&tables.tss;
}

uint64_t tables_gdt_base(void)
{
	return (uint64_t)tables.gdt;
}

uint64_t tables_idt_base(void)
{
	return (uint64_t)tables.idt;
}
