/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's local APIC: which of its registers the guest reaches with no exit, and the others
 * (SDM 3A 10.12, table 10-6).
 *
 * Rule: what interrupts no other VM and loses no state is open. The entries of LINT0, LINT1 and the
 * rest of the local vector table are the VMM's: the guest's values are kept, and have no effect.
 * The guest's interrupts to processors that it has not go nowhere.
 *
 * The local APIC is in x2APIC mode from the start, and stays there.
 *
 * Quirks of QEMU's TCG, seen in 10.0 (docs/emulators.md). Other processors' guests have no such
 * exits.
 *
 * Deadly count. Where QEMU counts instructions, RDMSR of the current count ends QEMU, unless the
 * RDMSR is the last instruction of its block of code. So a guest's RDMSR exits, and the VMM's own
 * is a block (msr_read_apart()).
 *
 * Low vectors. Vectors below 16, which a local APIC refuses (10.5.2), come as interrupts from the
 * timer and from SELF IPI; vector 0 stays in IRR for ever. So the writes of both registers exit.
 */
#include "arch/x86/cpu/guarded.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/virt/guest_registers.h"
#include "arch/x86/virt/virt.h"
#include "chipset/apic/apic.h"

#include <errno.h>

/* CPUID.1: ECX 24 deadline timer | 21 x2APIC; EDX 9 local APIC */
enum { ECX_DEADLINE = 1 << 24, ECX_X2APIC = 1 << 21, EDX_APIC = 1 << 9 };
/* Base: 51:12 address | 11 enable | 10 x2APIC | 8 the first processor */
#define BASE_VALUE 0xfee00d00ull
/* Version: 23:16 last entry of the vector table | 7:0 version */
enum { VERSION_VALUE = 0x50014, LDR_VALUE = 1 };
enum { SVR_AT_RESET = 0xff, SVR_WRITABLE = 0x3ff };
/* ICR (figure 10-28): 63:32 destination | 19:18 shorthand | 11 logical | 10:8 delivery mode | 7:0
 * vector */
enum { ICR_SHORTHAND_SHIFT = 18, ICR_LOGICAL = 1 << 11, ICR_MODE_SHIFT = 8, ICR_MODE = 7 };
#define ICR_WRITABLE 0xffffffff000ccfffull
enum { TO_FIELD, TO_SELF, TO_ALL, TO_OTHERS };
#define EVERYBODY 0xffffffffu

static void open_registers(void (*open)(uint32_t number, bool read, bool write))
{
	static const uint16_t both[] = { APIC_TPR, APIC_INITIAL, APIC_DIVIDE };
	bool sound = !apic_pace.is_tcg;

	for (unsigned i = 0; i < sizeof(both) / sizeof(both[0]); i++)
		open(both[i], true, true);
	for (unsigned msr = APIC_ISR; msr <= APIC_IRR_LAST; msr++)
		open(msr, true, false);
	open(APIC_PPR, true, false);
	open(APIC_COUNT, sound, false);
	open(APIC_EOI, false, true);
	open(APIC_TIMER, true, sound);
	open(APIC_SELF_IPI, false, sound);
	if (guest_msr_device->features_ecx & ECX_DEADLINE)
		open(APIC_DEADLINE, true, true);
}

static void close_register(uint32_t number, bool read, bool write)
{
	(void)read;
	(void)write;
	virt_open_msr(number, false, false);
}

void apic_msr_open(bool opens)
{
	open_registers(opens ? virt_open_msr : close_register);
}

static uint32_t *lvt_of(struct apic_controller *a, uint32_t number)
{
	return number >= APIC_THERMAL && number <= APIC_ERROR ? &a->lvt[number - APIC_THERMAL]
	                                                      : NULL;
}

/* both: an access to a register has the running VM leave its 8259s. Returns true for that access,
 * which exits although the register may be open from then on. */
static bool arrives(uint32_t number)
{
	if (apic_current != NULL || number < APIC_FIRST || number > APIC_LAST ||
	    number == APIC_CMCI)
		return false;
	apic_arrive();
	return true;
}

static int read_register(uint32_t number, uint64_t *value)
{
	bool first = arrives(number);
	struct apic_controller *a = &apic_current->apic;
	const uint32_t *lvt = lvt_of(a, number);

	switch (number) {
	case APIC_BASE:
		*value = BASE_VALUE;
		return 0;
	case APIC_ID:
	case APIC_ESR:
		*value = 0;
		return 0;
	case APIC_INITIAL:
		*value = a->local.initial;
		return 0;
	case APIC_COUNT:
		*value = apic_local_count(&a->local);
		return 0;
	case APIC_VERSION:
		*value = VERSION_VALUE;
		return 0;
	case APIC_LDR:
		*value = LDR_VALUE;
		return 0;
	case APIC_SVR:
		*value = a->svr;
		return 0;
	case APIC_ICR:
		*value = a->icr;
		return 0;
	default:
		if (lvt == NULL)
			return first && guarded_msr_read(number, value) == 0 ? 0 : -EPERM;
		*value = *lvt;
		return 0;
	}
}

/* Returns whether an interrupt by ICR goes to the guest's processor: number 0, and logical 1. */
static bool is_for_itself(uint64_t icr)
{
	uint32_t to = (uint32_t)(icr >> 32);

	switch (icr >> ICR_SHORTHAND_SHIFT & 3) {
	case TO_FIELD:
		return to == EVERYBODY || (icr & ICR_LOGICAL ? to == LDR_VALUE : to == 0);
	case TO_OTHERS:
		return false;
	default:
		return true;
	}
}

/* Fixed interrupts alone: NMI, SMI, INIT and SIPI to itself are no use of a local APIC. */
static int write_icr(struct apic_controller *a, uint64_t value)
{
	unsigned vector = value & APIC_VECTOR, mode = value >> ICR_MODE_SHIFT & ICR_MODE;

	if (value & ~ICR_WRITABLE)
		return -EPERM;
	a->icr = value;
	if (mode <= 1 && vector >= APIC_VECTOR_FIRST && is_for_itself(value))
		msr_write(APIC_SELF_IPI, vector);
	return 0;
}

/* Switched off, the entries of the local vector table are masked, and stay masked (10.4.7.2). */
static int write_svr(struct apic_controller *a, uint64_t value)
{
	if (value & ~(uint64_t)SVR_WRITABLE)
		return -EPERM;
	a->svr = (uint32_t)value;
	if (!(value & APIC_SVR_ENABLE)) {
		for (unsigned i = 0; i < APIC_LVTS; i++)
			a->lvt[i] |= APIC_LVT_MASKED;
		msr_write(APIC_TIMER, msr_read(APIC_TIMER) | APIC_LVT_MASKED);
	}
	apic_load_svr(apic_current);
	apic_follow_svr(apic_current);
	return 0;
}

/* The writes that exit for the quirk *low vectors*. The timer with such a vector is masked. */
static void write_vector(uint32_t number, uint32_t value)
{
	bool low = (value & APIC_VECTOR) < APIC_VECTOR_FIRST;

	if (number == APIC_TIMER)
		msr_write(number, low ? value | APIC_LVT_MASKED : value);
	else if (!low)
		msr_write(number, value & APIC_VECTOR);
}

static int write_register(uint32_t number, uint64_t value)
{
	bool first = arrives(number);
	struct apic_controller *a = &apic_current->apic;
	uint32_t *lvt = lvt_of(a, number);

	if (number == APIC_BASE)
		return value == BASE_VALUE ? 0 : -EPERM;
	if (number == APIC_ICR)
		return write_icr(a, value);
	if (number == APIC_ESR)
		return value == 0 ? 0 : -EPERM;
	if (number == APIC_SVR)
		return write_svr(a, value);
	if (value >> 32)
		return -EPERM;
	if (number == APIC_INITIAL) {
		apic_local_set_initial(&a->local, (uint32_t)value);
		return 0;
	}
	if (number == APIC_TIMER || number == APIC_SELF_IPI) {
		write_vector(number, (uint32_t)value);
		return 0;
	}
	if (lvt == NULL)
		return first && guarded_msr_write(number, value) == 0 ? 0 : -EPERM;
	*lvt = (uint32_t)value;
	return 0;
}

__attribute__((cold)) void apic_msr_init(void)
{
	static struct guest_msr_device device = {
		.read = read_register,
		.write = write_register,
		.open = open_registers,
		.features_ecx = ECX_DEADLINE | ECX_X2APIC,
		.features_edx = EDX_APIC,
	};

	device.features_ecx &= cpu_id(1, 0).ecx;
	guest_msr_device = &device;
}

void apic_msr_reset(struct controller *c)
{
	struct apic_controller *a = &c->apic;

	a->icr = 0;
	a->svr = SVR_AT_RESET;
	for (unsigned i = 0; i < APIC_LVTS; i++)
		a->lvt[i] = APIC_LVT_MASKED;
}
