/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a VM's own that exit all the same. See the header for the rule.
 */
#include "vmm/core/port_filter.h"

#include "arch/x86/cpu/io.h"

enum { PORT_KEYBOARD_DATA = 0x60, PORT_NMI = 0x61, PORT_KEYBOARD = 0x64, PORT_RTC_INDEX = 0x70 };

/* ---- The keyboard controller (8042) ---- */

/*
 * Commands to port 64h (IBM PS/2 Technical Reference, keyboard and auxiliary device controller):
 *
 *   D1h        the next byte at port 60h goes to the output port: bit 0 = 0 resets, bit 1 = 0
 *              closes A20
 *   DDh, DFh   A20 off, on (some controllers)
 *   Fxh        pulses those of the output port's bits 3:0 that are 0 here
 */
enum {
	WRITE_OUTPUT_PORT = 0xd1,
	A20_OFF = 0xdd,
	A20_ON = 0xdf,
	PULSE = 0xf0,
	OUTPUT_RESET = 1,
	OUTPUT_A20 = 2
};

/* Opens port 60h, or closes the port for the byte that belongs to command D1h. The byte is dropped
 * with its command: the output port's other bits are the keyboard's clock and data, and no guest
 * drives these lines by hand. */
static void await_data(struct vm *vm, bool awaited)
{
	if (vm->drops_keyboard_data == awaited)
		return;
	vm->drops_keyboard_data = awaited;
	virt_open_port(vm->vcpu, PORT_KEYBOARD_DATA, !awaited);
}

static __attribute__((cold)) bool write_keyboard(struct vm *vm, uint8_t command)
{
	bool pulse = command >= PULSE;

	await_data(vm, command == WRITE_OUTPUT_PORT);
	if (pulse && !(command & OUTPUT_RESET))
		return vm_fault(
			vm, VM_EXIT_IO, true,
			&(struct denial){ "reset by the keyboard controller (%lxh to port 64h)",
		                          { command } });
	if (command != WRITE_OUTPUT_PORT && command != A20_OFF && command != A20_ON &&
	    !(pulse && !(command & OUTPUT_A20)))
		io_out8(PORT_KEYBOARD, command);
	return true;
}

static bool write_keyboard_data(struct vm *vm, uint8_t value)
{
	if (!vm->drops_keyboard_data)
		io_out8(PORT_KEYBOARD_DATA, value);
	await_data(vm, false);
	return true;
}

/* ---- The board's NMIs ---- */

/*
 * Port 61h (I/O Controller Hub 9 datasheet, 13.7.1)
 *   7 SERR# | 6 IOCHK# | 5 timer 2's output | 4 refresh | 3 IOCHK# off | 2 SERR# off | 1 speaker |
 *   0 timer 2's gate
 */
static bool write_nmi_status(struct vm *vm, uint8_t value)
{
	enum { GUESTS = 0x03, MACHINES = 0x0c };
	(void)vm;
	io_out8(PORT_NMI, (uint8_t)((value & GUESTS) | (io_in8(PORT_NMI) & MACHINES)));
	return true;
}

/* Port 70h: 7 NMIs off | 6:0 index. The port cannot be read, so bit 7 is always written as 0 (NMIs
 * on). */
static bool write_rtc_index(struct vm *vm, uint8_t value)
{
	enum { INDEX = 0x7f };
	(void)vm;
	io_out8(PORT_RTC_INDEX, value & INDEX);
	return true;
}

/* ---- The table ---- */

struct filter {
	uint16_t port;
	bool open; /* open except while a filter needs the port's writes */
	enum trust trust;
	bool (*write)(struct vm *vm, uint8_t value);
};

static const struct filter filters[] = {
	{ PORT_KEYBOARD_DATA, true, TRUST_RESET, write_keyboard_data },
	{ PORT_NMI, false, TRUST_NMI, write_nmi_status },
	{ PORT_KEYBOARD, false, TRUST_RESET, write_keyboard },
	{ PORT_RTC_INDEX, false, TRUST_NMI, write_rtc_index },
};

static const struct filter *find(const struct vm *vm, uint16_t port)
{
	for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (filters[i].port == port)
			return vm->config.trust & filters[i].trust ? NULL : &filters[i];
	return NULL;
}

bool port_is_own(const struct vm *vm, uint16_t port)
{
	for (unsigned i = 0; i < vm->config.io_count; i++)
		if (port >= vm->config.io[i].first && port <= vm->config.io[i].last)
			return true;
	return false;
}

bool port_is_filtered(const struct vm *vm, uint16_t port)
{
	return port <= PORT_RTC_INDEX && find(vm, port) != NULL && port_is_own(vm, port);
}

bool port_filter_write(struct vm *vm, uint16_t port, uint8_t value)
{
	const struct filter *f = find(vm, port);

	if (f != NULL)
		return f->write(vm, value);
	io_out8(port, value);
	return true;
}

__attribute__((cold)) void port_filter_reset(struct vm *vm)
{
	vm->drops_keyboard_data = false;
	for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (port_is_own(vm, filters[i].port))
			virt_open_port(vm->vcpu, filters[i].port,
			               filters[i].open || vm->config.trust & filters[i].trust);
}
