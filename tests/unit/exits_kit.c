/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM around a virtual processor of a back end. See the header for the rule.
 */
#include "tests/unit/exits_kit.h"

#include "arch/x86/cpu/fpu.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/slice_timer.h"
#include "arch/x86/virt/io_break.h"
#include "chipset/chipset.h"
#include "vmm/config/config_reserved.h"
#include "vmm/core/cmos.h"
#include "vmm/core/exits.h"
#include "vmm/core/flows.h"
#include "vmm/core/pit.h"
#include "vmm/core/sched.h"
#include "vmm/core/trace.h"
#include "vmm/core/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOREIGN_FIRST = 0x300, FOREIGN_LAST = 0x30f, DEVICE_PAGE = 0x9000 };

struct exits_seen exits_seen;
uint64_t fake_dr[IO_BREAKS];
uint64_t fake_tsc;
volatile uint32_t nmi_count;
struct vm *vms[CONFIG_VMS_MAX];
unsigned vm_count;
struct processor processor;
struct chipset_present chipset_present;
bool slice_timer_by_nmi, virt_is_second;

static struct vm vm;

/* The VM's choices, by the input. */
static struct {
	bool goes_on; /* vm_fault() lets the VM go on */
	bool controller_refuses;
} choice;

/* ---- The input ---- */

uint64_t exits_take(struct exits_input *in, unsigned bytes)
{
	uint64_t value = 0;
	const unsigned here = in->left < bytes ? (unsigned)in->left : bytes;

	memcpy(&value, in->at, here);
	in->at += here;
	in->left -= here;
	return value;
}

uint64_t exits_pick(struct exits_input *in, const uint64_t *values, unsigned count)
{
	const unsigned which = (unsigned)exits_take(in, 1);

	return which >= 0xf0 ? exits_take(in, 8) : values[which % count];
}

void exits_require(bool condition, const char *text)
{
	if (condition)
		return;
	fprintf(stderr, "not so: %s\n", text);
	abort();
}

void exits_registers(struct exits_input *in, struct vcpu_regs *regs)
{
	static const uint64_t values[] = {
		0,          1,          0x10,       0x20,       0x21,   0x60000010,
		0x80000011, 0x80050033, 0xc0000080, 0xc0000103, 0xd01,  0x277,
		0x3f5,      0x6f8,      0x2fff,     0x5ffe,     0xffff, 0xfffff000,
		UINT32_MAX, 1ull << 32, UINT64_MAX, 7,
	};

	for (unsigned i = 0; i < 16; i++)
		(&regs->rax)[i] = exits_pick(in, values, sizeof(values) / sizeof(values[0]));
	for (unsigned i = 0; i < IO_BREAKS; i++)
		fake_dr[i] = exits_pick(in, values, sizeof(values) / sizeof(values[0]));
}

void exits_fill(struct exits_input *in, uint8_t *memory, unsigned bytes)
{
	enum { PIECES = 40, FULL = 0xfff };
	for (unsigned i = 0; i < PIECES && in->left >= 4; i++) {
		const unsigned at = (unsigned)exits_take(in, 2) * 8 % bytes;
		const unsigned kind = (unsigned)exits_take(in, 1);
		uint64_t value = exits_take(in, kind & 0x80 ? 8 : 2);
		if ((kind & 0x87) == 1) /* an entry of a page table */
			value = (value << 12) % bytes | (kind >> 3 & 1) << 7 | 7;
		else if ((kind & 0x80) == 0) /* a descriptor, of bytes that are in memory */
			value = (uint64_t)(kind | 0x80) << 40 | value * 8 % bytes << 16 | FULL;
		memcpy(memory + at, &value, sizeof(value));
	}
}

/* ---- The VM ---- */

static const struct config_range own[] = { { 0x60, 0x64 }, { 0x70, 0x71 }, { 0x3f0, 0x3f7 } };

static int port_read(struct controller *c, uint16_t port, uint8_t *value)
{
	(void)c;
	*value = (uint8_t)port;
	return 0;
}

static int port_write(struct controller *c, uint16_t port, uint8_t value)
{
	(void)port;
	c->reinitialised += value == 0x11;
	return !choice.controller_refuses ? 0 : value & 1 ? -EACCES : -EPERM;
}

static void request(struct controller *c, unsigned line)
{
	exits_require(c == &vm.controller && line < LINES, "a request is for a line of the VM");
}

static const struct chipset block = {
	.name = "none",
	.elcr = true,
	.controller = { .port_read = port_read, .port_write = port_write, .request = request },
};
const struct chipset *chipset = &block;

void exits_begin(struct vcpu *v, struct exits_input *in)
{
	static uint8_t absent_page[4096] __attribute__((aligned(4096)));
	const unsigned bits = (unsigned)exits_take(in, 1);

	vm = (struct vm){ .vcpu = v, .absent_page = absent_page };
	memcpy(vm.config.name, "vandal", sizeof("vandal"));
	vm.config.pc = bits & 1;
	vm.config.memory = 1 << 16;
	vm.config.io_count = sizeof(own) / sizeof(own[0]);
	memcpy(vm.config.io, own, sizeof(own));
	vm.config.trust = bits & 2 ? TRUST_RESET : 0;
	vm.pit.own = bits & 4;
	vm.config.uart = bits & 0x80;
	vm.controller.lines = bits & 8 ? UINT16_MAX : 1;
	vm.controller.busy = bits & 0x10;
	choice.goes_on = bits & 0x20;
	choice.controller_refuses = bits & 0x40;
	slice_timer_by_nmi = bits & 0x80;
	ports_take(FOREIGN_FIRST, FOREIGN_LAST);
	vms[0] = processor.vm = &vm;
	vm_count = 1;
	exits_seen = (struct exits_seen){ 0 };
}

void exits_handle(enum vm_exit_reason reason)
{
	exits_require(reason < VM_EXIT_COUNT, "an exit has a reason");
	exit_handle(&vm, reason);
}

uint32_t exits_may_change(enum vm_exit_reason reason)
{
	enum { RAX = 1, RCX = 2, RDX = 4, RBX = 8, RSI = 0x40, RDI = 0x80, ALL = 0xffff };
	switch (reason) {
	case VM_EXIT_CPUID:
		return RAX | RBX | RCX | RDX;
	case VM_EXIT_IO:
		return RAX | RCX | RSI | RDI;
	case VM_EXIT_CALL:
		return RAX;
	case VM_EXIT_MSR_READ:
		return RAX | RDX;
	case VM_EXIT_CR:
	case VM_EXIT_MEMORY:
	case VM_EXIT_TASK_SWITCH:
		return ALL;
	default:
		return 0;
	}
}

/* ---- What the handlers call ---- */

/* Denials are formatted, so that a wrong conversion is seen. */
static void say(const struct denial *what)
{
	char text[256];

	exits_require(what->format != NULL, "a denial has a text");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), what->format, what->value[0], what->value[1], what->value[2],
	         what->value[3]);
#pragma GCC diagnostic pop
	exits_require(text[0] != '\0', "a denial has a text");
	exits_seen.said++;
}

bool vm_fault_of_hlt(struct vm *of)
{
	return !vm_fault(of, VM_EXIT_HLT, true, &(struct denial){ .format = "HLT" });
}

bool vm_fault(struct vm *of, enum vm_exit_reason reason, bool fatal, const struct denial *what)
{
	exits_require(of == &vm && reason < VM_EXIT_COUNT, "a fault has a VM and a reason");
	say(what);
	exits_seen.fatal |= fatal;
	exits_seen.stopped |= fatal || !choice.goes_on;
	return !fatal && choice.goes_on;
}

void vm_stop(struct vm *of, int status, const struct denial *why)
{
	exits_require(of == &vm && status >= 0, "a VM is stopped with a status");
	say(why);
	exits_seen.stopped = true;
}

void *vm_memory(struct vm *of, uint64_t address, uint64_t bytes)
{
	(void)of;
	(void)address;
	(void)bytes;
	return NULL; /* a call's memory: fuzz_calls.c */
}

_Noreturn void panic(const char *format, ...)
{
	fprintf(stderr, "panic: %s\n", format);
	abort();
}

void log_note_post(const struct note *note)
{
	exits_require(note->format != NULL, "a note has a text");
}

uint64_t fpu_offered(void)
{
	return 7;
}

uint32_t fpu_offered_bytes(void)
{
	return 0x340;
}

/* As vmm/core/calls.c begins. Calls themselves: fuzz_calls.c. */
void exit_call(struct vm *of, enum vm_exit_reason reason)
{
	(void)reason;
	virt_skip(of->vcpu);
	vcpu_regs(of->vcpu)->rax = (uint64_t)(virt_in_ring_0(of->vcpu) ? -ENOSYS : -EPERM);
}

void dispatch_exit(struct vm *running)
{
	exits_require(running == &vm, "the dispatcher knows who ran");
}

void dispatch_counted(struct vm *running)
{
	dispatch_exit(running);
	nmi_count = 0;
}

void dispatch_timer(struct vm *running, bool slice)
{
	(void)slice;
	dispatch_exit(running);
}

void turn_look(struct vm *of)
{
	dispatch_exit(of);
}

void sched_set_state(struct vm *of, enum vm_state state)
{
	of->state = state;
}

void sched_end_turn(struct vm *of)
{
	dispatch_exit(of);
}

void sched_set_frozen(struct vm *of)
{
	of->state = VM_HALTED;
}

bool config_is_device(uint64_t address)
{
	return address == DEVICE_PAGE;
}

void config_devices(void (*take)(uint64_t first, uint64_t last))
{
	(void)take;
}

uint8_t cmos_read(uint8_t index, const struct guest_ram *ram, uint64_t tsc)
{
	(void)ram;
	(void)tsc;
	return index;
}

bool pit_has_port(const struct vm *of, uint16_t port)
{
	return of->pit.own && port >= PIT_PORT_FIRST && port <= PIT_PORT_LAST;
}

uint8_t pit_read(struct vm *of, uint16_t port)
{
	exits_require(pit_has_port(of, port), "the PIT has the port");
	return (uint8_t)port;
}

void pit_write(struct vm *of, uint16_t port, uint8_t value)
{
	(void)value;
	exits_require(pit_has_port(of, port), "the PIT has the port");
}

bool vm_uart_has_port(const struct vm *of, uint16_t port)
{
	return of->config.uart && port >= VM_UART_PORT && port < VM_UART_PORT + NS16550_REGISTERS;
}

uint32_t vm_uart_access(struct vm *of, const struct vcpu_io *io, uint32_t value)
{
	exits_require(vm_uart_has_port(of, io->port), "the UART has the port");
	return value;
}

static void require_own(uint16_t port)
{
	bool is_own = false;

	for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		is_own |= port >= own[i].first && port <= own[i].last;
	exits_require(is_own, "the machine's ports that an exit reaches are the VM's own");
}

uint8_t io_in8(uint16_t port)
{
	require_own(port);
	return (uint8_t)~port;
}

/* Rules of port_filter.c. */
void io_out8(uint16_t port, uint8_t value)
{
	require_own(port);
	exits_require(port != 0x70 || !(value & 0x80), "no guest switches the board's NMI off");
	exits_require(port != 0x64 || vm.config.trust || value < 0xf0 || value & 1,
	              "no guest resets the machine");
}

/* ---- Without libFuzzer ---- */

/* No VM of the kit has a PCI function, so no exit reaches the configuration space. */
uint32_t io_in32(uint16_t port)
{
	(void)port;
	exits_require(false, "configuration space is read for a VM with pci= alone");
	return 0;
}

void io_out32(uint16_t port, uint32_t value)
{
	(void)port;
	(void)value;
	exits_require(false, "configuration space is written for a VM with pci= alone");
}

void exits_tries(const char *name, unsigned tries, int (*one)(const uint8_t *data, size_t size))
{
	static uint8_t bytes[1200];
	uint64_t seed = 0x9e3779b97f4a7c15;

	for (unsigned n = 0; n < tries; n++) {
		for (size_t at = 0; at < sizeof(bytes); at += sizeof(seed)) {
			seed ^= seed >> 12;
			seed ^= seed << 25;
			seed ^= seed >> 27;
			const uint64_t value = seed * UINT64_C(0x2545f4914f6cdd1d);
			memcpy(bytes + at, &value, sizeof(value));
		}
		one(bytes, sizeof(bytes));
	}
	printf("%s: %u random exits ... ok\n", name, tries);
}
