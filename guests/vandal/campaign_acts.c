/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Acts of ring 0: a guest's kernel at the processor, the ports and the VMM.
 *
 * Rule: whatever the result, an act restores state that the guest itself could not run without
 * (paging, system calls, breakpoints).
 */
#include "guests/vandal/campaign.h"

#include "arch/x86/cpu/io.h"
#include "guests/lib/machine.h"
#include "guests/lib/traps.h"

#include <stdbool.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define PICK(list) (list)[campaign_any(COUNT(list))]

static void *scratch(void)
{
	return (void *)(uintptr_t)(CAMPAIGN_SCRATCH + campaign_any(CAMPAIGN_SCRATCH_BYTES / 2));
}

/* The access under way, for trap_try(). */
static struct {
	uint32_t number, size;
	uint64_t value;
	bool write;
} a;

static void try_and_note(void (*body)(void *))
{
	campaign_note((uint64_t)(int64_t)trap_try(body, NULL));
}

/* ---- Ports ---- */

static void try_port(void *unused)
{
	void *at = scratch();
	uint64_t count = campaign_any(8);
	uint16_t port = (uint16_t)a.number;
	uint32_t value = (uint32_t)a.value;

	(void)unused;
	switch (a.size << 1 | a.write) {
	case 0:
		__asm__ volatile("inb %w1, %b0" : "+a"(value) : "Nd"(port));
		break;
	case 1:
		__asm__ volatile("outb %b0, %w1" : : "a"(value), "Nd"(port));
		break;
	case 2:
		__asm__ volatile("inw %w1, %w0" : "+a"(value) : "Nd"(port));
		break;
	case 3:
		__asm__ volatile("outw %w0, %w1" : : "a"(value), "Nd"(port));
		break;
	case 4:
		__asm__ volatile("inl %w1, %0" : "+a"(value) : "Nd"(port));
		break;
	case 5:
		__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
		break;
	case 6:
		__asm__ volatile("rep insw" : "+D"(at), "+c"(count) : "d"(port) : "memory");
		break;
	default:
		__asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(port) : "memory");
		break;
	}
}

/* Half of the accesses go to a port that exists: the 8259s, which are the guest's own, and ports of
 * other owners. */
void campaign_port(void)
{
	static const uint16_t known[] = { 0x20,   0x21,   0xa0,  0xa1,  0x40,  0x43,  0x60,  0x61,
		                          0x64,   0x70,   0x71,  0x72,  0x80,  0x92,  0xb2,  0xcf8,
		                          0xcf9,  0xcfc,  0xcfe, 0x170, 0x177, 0x1f0, 0x2e8, 0x2f8,
		                          0x376,  0x3c0,  0x3f8, 0x3fd, 0x402, 0x4d0, 0x4d1, 0x501,
		                          0x510,  0x511,  0xf4,  0xe9,  0x24,  0x3c,  0xa4,  0x604,
		                          0xb004, 0x8900, 0xffff };

	a.number = campaign_any(2) ? PICK(known) : campaign_any(0x10000);
	a.size = campaign_any(4);
	a.write = campaign_any(2);
	a.value = campaign_value();
	try_and_note(try_port);
}

/* ---- Model-specific registers ---- */

#define MSR_EFER 0xc0000080u
enum { MSR_SYSENTER_CS = 0x174 };

static void try_msr(void *unused)
{
	(void)unused;
	if (a.write)
		msr_write(a.number, a.value);
	else
		(void)msr_read(a.number);
}

static void restore_msr(void *unused)
{
	(void)unused;
	/* A system call of ring 3 would leave ring 3 for an invalid address. Such a call would end
	 * the guest, by the guest's own fault. */
	msr_write(MSR_SYSENTER_CS, 0);
	msr_write(MSR_EFER, msr_read(MSR_EFER) & ~1ul);
}

void campaign_msr(void)
{
	static const uint32_t first[] = {
		0,          0x10,       0x1b,       0x3a,       0x48,       0x8b,
		0x10a,      0x174,      0x179,      0x186,      0x198,      0x1a0,
		0x1d9,      0x200,      0x250,      0x268,      0x277,      0x2ff,
		0x345,      0x38d,      0x400,      0x480,      0x560,      0x6e0,
		0x800,      0xc80,      0xd90,      0x40000000, 0x4b564d00, 0xc0000080,
		0xc0000100, 0xc0001fff, 0xc0010010, 0xc0010111, 0xc0010114, 0xc0010117
	};

	a.number = campaign_any(8) ? PICK(first) + campaign_any(5) : (uint32_t)campaign_value();
	a.write = campaign_any(2);
	a.value = campaign_value();
	try_and_note(try_msr);
	if (a.write && (a.number == MSR_SYSENTER_CS || a.number == MSR_EFER))
		trap_try(restore_msr, NULL);
}

/* ---- Control registers ---- */

/* For QEMU's processor, which accepts bits that hardware refuses. The next entry then fails
 * (docs/testing.md). */
#define CR4_HARMLESS 0x68cul

static void try_control(void *unused)
{
	(void)unused;
	switch (a.number) {
	case 0:
		cr0_write(a.value);
		break;
	case 2:
		cr2_write(a.value);
		break;
	case 3:
		cr3_write(a.value);
		break;
	case 4:
		cr4_write(a.value);
		break;
	case 5:
		__asm__ volatile("clts");
		break;
	case 6:
		__asm__ volatile("lmsw %w0" : : "r"(a.value));
		break;
	case 7:
		__asm__ volatile("mov %%cr8, %0" : "=r"(a.value));
		break;
	default:
		__asm__ volatile("mov %0, %%cr8" : : "r"(a.value));
		break;
	}
}

static uint64_t changed(uint64_t now, uint64_t harmless)
{
	uint64_t bit = 1ul << campaign_any(64),
		 value = campaign_any(4) ? now ^ bit : campaign_value();

	return machine_by_vmmcall ? now ^ ((now ^ value) & harmless) : value;
}

/* CR3 keeps its table: another table would end the guest. */
void campaign_control(void)
{
	const uint64_t cr0 = cr0_read(), cr3 = cr3_read(), cr4 = cr4_read();

	a.number = campaign_any(9);
	a.value = a.number == 0   ? changed(cr0, UINT64_MAX)
	          : a.number == 3 ? cr3 ^ (campaign_any(4) << 3)
	          : a.number == 4 ? changed(cr4, CR4_HARMLESS)
	                          : campaign_value();
	try_and_note(try_control);
	cr4_write(cr4);
	cr3_write(cr3);
	cr0_write(cr0);
}

/* ---- Debug registers ---- */

static void try_debug(void *unused)
{
	(void)unused;
	switch (a.number) {
#define WRITE(n)                                                      \
	case n:                                                       \
		__asm__ volatile("mov %0, %%dr" #n : : "r"(a.value)); \
		break;
		WRITE(0)
		WRITE(1)
		WRITE(2)
		WRITE(3)
		WRITE(4)
		WRITE(5)
		WRITE(6)
		WRITE(7)
#undef WRITE
	default:
		__asm__ volatile("mov %%dr6, %0" : "=r"(a.value));
		break;
	}
	*(volatile uint64_t *)scratch() = a.value;
}

static void restore_debug(void *unused)
{
	(void)unused;
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x400ul));
}

/* DR7.GD makes the first try to restore DR7 fault. */
void campaign_debug(void)
{
	a.number = campaign_any(9);
	a.value = campaign_any(4) ? campaign_value() & UINT32_MAX : campaign_value();
	if (campaign_gentle) /* DR7 and its old name: no breakpoint is enabled */
		a.value &= (a.number | 2) == 7 ? ~0xfful : UINT64_MAX;
	try_and_note(try_debug);
	for (unsigned i = 0; i < 2; i++)
		trap_try(restore_debug, NULL);
}

/* ---- CPUID and calls ---- */

static void try_cpuid(void *unused)
{
	(void)unused;
	(void)cpu_id(a.number, (uint32_t)a.value);
}

void campaign_cpuid(void)
{
	static const uint32_t first[] = { 0,          0x10,       0x40000000, 0x40000010,
		                          0x80000000, 0x80000008, 0x8000001a };

	a.number = campaign_any(4) ? PICK(first) + campaign_any(16) : (uint32_t)campaign_value();
	a.value = campaign_any(2) ? campaign_any(32) : campaign_value();
	try_and_note(try_cpuid);
}

/* Exit is left out. The counters go to a place in the scratch memory, or to an address outside the
 * guest's memory, because elsewhere the counters would overwrite the image. A valid print is short:
 * the console is slow. */
void campaign_call(void)
{
	uint64_t call = campaign_any(4) ? campaign_any(9) : campaign_value(), b = campaign_value(),
		 c = campaign_value();

	if (call == SB_CALL_EXIT || !machine_is_virtual())
		return;
	if (call == SB_CALL_COUNTERS)
		b = campaign_any(2) ? b | 1ul << (23 + campaign_any(41))
		                    : (uint64_t)(uintptr_t)scratch();
	if (call == SB_CALL_PRINT && c <= SB_PRINT_MAX)
		c %= 17;
	int64_t answer = machine_call(call, b, c, campaign_value());
	campaign_note(call == SB_CALL_PRINT || call == SB_CALL_RAN ? 0 : (uint64_t)answer);
}

/* ---- Instructions ---- */

/* RDI and R15 point to the scratch memory: operands in memory lie there. HLT is left out: no event
 * could wake the guest. SYSRET, LGDT, LIDT, LTR and loads of a stack segment are left out: they are
 * the guest's own business, and end the guest. */
static const struct {
	uint8_t length, bytes[5];
} known[] = {
	{ 3, { 0x0f, 0x01, 0xc2 } },             /* VMLAUNCH */
	{ 3, { 0x0f, 0x01, 0xc3 } },             /* VMRESUME */
	{ 3, { 0x0f, 0x01, 0xc4 } },             /* VMXOFF */
	{ 3, { 0x0f, 0x01, 0xc8 } },             /* MONITOR */
	{ 3, { 0x0f, 0x01, 0xc9 } },             /* MWAIT */
	{ 3, { 0x0f, 0x01, 0xca } },             /* CLAC */
	{ 3, { 0x0f, 0x01, 0xcf } },             /* ENCLS */
	{ 3, { 0x0f, 0x01, 0xd0 } },             /* XGETBV */
	{ 3, { 0x0f, 0x01, 0xd1 } },             /* XSETBV */
	{ 3, { 0x0f, 0x01, 0xd4 } },             /* VMFUNC */
	{ 3, { 0x0f, 0x01, 0xd8 } },             /* VMRUN */
	{ 3, { 0x0f, 0x01, 0xda } },             /* VMLOAD */
	{ 3, { 0x0f, 0x01, 0xdb } },             /* VMSAVE */
	{ 3, { 0x0f, 0x01, 0xdc } },             /* STGI */
	{ 3, { 0x0f, 0x01, 0xdd } },             /* CLGI */
	{ 3, { 0x0f, 0x01, 0xde } },             /* SKINIT */
	{ 3, { 0x0f, 0x01, 0xdf } },             /* INVLPGA */
	{ 3, { 0x0f, 0x01, 0xf8 } },             /* SWAPGS */
	{ 3, { 0x0f, 0x01, 0xf9 } },             /* RDTSCP */
	{ 3, { 0x0f, 0x01, 0xfd } },             /* RDPRU */
	{ 2, { 0x0f, 0x08 } },                   /* INVD */
	{ 2, { 0x0f, 0x09 } },                   /* WBINVD */
	{ 2, { 0x0f, 0x0b } },                   /* UD2 */
	{ 2, { 0x0f, 0x33 } },                   /* RDPMC */
	{ 2, { 0x0f, 0x37 } },                   /* GETSEC */
	{ 2, { 0x0f, 0xaa } },                   /* RSM */
	{ 2, { 0x0f, 0xa2 } },                   /* CPUID */
	{ 2, { 0x0f, 0x31 } },                   /* RDTSC */
	{ 1, { 0xf1 } },                         /* INT1 */
	{ 1, { 0xcc } },                         /* INT3 */
	{ 1, { 0x90 } },                         /* NOP */
	{ 3, { 0x0f, 0x78, 0xd0 } },             /* VMREAD */
	{ 3, { 0x0f, 0x79, 0xd0 } },             /* VMWRITE */
	{ 3, { 0x0f, 0xc7, 0x37 } },             /* VMPTRLD, with prefixes VMCLEAR and VMXON */
	{ 3, { 0x0f, 0xc7, 0x3f } },             /* VMPTRST */
	{ 3, { 0x0f, 0xc7, 0xf0 } },             /* RDRAND */
	{ 5, { 0x66, 0x0f, 0x38, 0x80, 0x07 } }, /* INVEPT */
	{ 5, { 0x66, 0x0f, 0x38, 0x81, 0x07 } }, /* INVVPID */
	{ 5, { 0x66, 0x0f, 0x38, 0x82, 0x07 } }, /* INVPCID */
	{ 3, { 0x0f, 0x01, 0x07 } },             /* SGDT */
	{ 3, { 0x0f, 0x01, 0x0f } },             /* SIDT */
	{ 3, { 0x0f, 0x01, 0x27 } },             /* SMSW */
	{ 3, { 0x0f, 0x01, 0x3f } },             /* INVLPG */
	{ 3, { 0x0f, 0x00, 0xd0 } },             /* LLDT */
	{ 3, { 0x0f, 0x00, 0xe8 } },             /* VERW */
	{ 3, { 0x0f, 0x02, 0xc0 } },             /* LAR */
	{ 3, { 0x0f, 0xae, 0x3f } },             /* CLFLUSH */
	{ 3, { 0x0f, 0xae, 0x07 } },             /* FXSAVE */
	{ 3, { 0x0f, 0xae, 0x27 } },             /* XSAVE */
	{ 3, { 0x0f, 0x20, 0xc0 } },             /* MOV RAX, CR0 */
	{ 3, { 0x0f, 0x23, 0xc0 } },             /* MOV DR0, RAX */
};

/* RET (C3h) follows the instruction to the end: an instruction may be longer on some processors
 * (VMREAD behind F2h is AMD's INSERTQ, with two bytes more), and must not eat the only RET. */
enum { CODE_BYTES = 64, PREFIXES_MAX = 4, RET = 0xc3 };
static uint8_t code[CODE_BYTES] __attribute__((aligned(64)));

static void try_code(void *unused)
{
	register uint64_t r15 __asm__("r15") = (uint64_t)(uintptr_t)scratch() & ~63ul;
	uint64_t rdi = r15, rax = a.value, rcx = campaign_value(), rdx = campaign_value();

	(void)unused;
	__asm__ volatile("call *%[code]"
	                 : "+a"(rax), "+c"(rcx), "+d"(rdx), "+D"(rdi), "+r"(r15)
	                 : [code] "r"(code)
	                 : "rbx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}

/* Runs an instruction of the list behind random prefixes. Half of the instructions run with a
 * single step behind. */
void campaign_instruction(void)
{
	/* PUSHFQ; OR; POPFQ */
	static const uint8_t step[] = { 0x9c, 0x48, 0x81, 0x0c, 0x24, 0, 1, 0, 0, 0x9d };
	static const uint8_t prefixes[] = { 0x66, 0xf2, 0xf3, 0xf0, 0x48, 0x40, 0x41, 0x4f };
	unsigned at = 0, which = campaign_any(COUNT(known));

	memset(code, RET, sizeof(code));
	if (campaign_any(2)) {
		memcpy(code, step, sizeof(step));
		at = sizeof(step);
	}
	for (unsigned i = campaign_any(3) ? 0 : campaign_any(PREFIXES_MAX); i > 0; i--)
		code[at++] = PICK(prefixes);
	memcpy(code + at, known[which].bytes, known[which].length);
	a.value = campaign_value();
	try_and_note(try_code);
	__asm__ volatile("lldt %w0" : : "r"(0));
}

void campaign_interrupt(void)
{
	memset(code, RET, sizeof(code));
	code[0] = 0xcd; /* INT n */
	code[1] = (uint8_t)campaign_any(256);
	try_and_note(try_code);
}

/* ---- Foreign memory ---- */

/* Absent memory, and memory of devices: of the VMM's and of other owners. The number of such pages
 * has no limit. */
static void try_memory(void *at)
{
	volatile uint32_t *word = at;
	uint32_t value = (uint32_t)a.value;

	switch (a.size) {
	case 0:
		(void)*word;
		break;
	case 1:
		*word = value;
		break;
	case 2:
		__asm__ volatile("lock xaddl %0, %1" : "+r"(value), "+m"(*word));
		break;
	default:
		__asm__ volatile("pushq %0; popq %0" : "+m"(*(volatile uint64_t *)at));
		break;
	}
}

void campaign_memory(void)
{
	uint64_t at = campaign_value() << (campaign_any(2) ? 0 : 12);

	if (at < CAMPAIGN_SCRATCH + CAMPAIGN_SCRATCH_BYTES || !machine_is_virtual())
		return;
	a.size = campaign_any(4);
	a.value = campaign_value();
	campaign_note((uint64_t)(int64_t)trap_try(try_memory,
	                                          (void *)(uintptr_t)machine_window(at & ~7ul)));
}
