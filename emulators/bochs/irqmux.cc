/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The block in the place of Bochs's 8259 pair: the core plugin `pic`.
 *
 * Rule: drive() follows every access to the block from any side, so that the processor always sees
 * the block's present outputs.
 */
#include "irqmux.h"

#include "cpu/cpu.h"
#include "emulators/times_file.h"

#include <cstdlib>
#include <vector>

#define LOG_THIS this->

static irqmux_c *irqmux;

PLUGIN_ENTRY_FOR_MODULE(pic)
{
	switch (mode) {
	case PLUGIN_INIT:
		irqmux = new irqmux_c();
		bx_devices.pluginPicDevice = irqmux;
		BX_REGISTER_DEVICE_DEVMODEL(plugin, type, irqmux, BX_PLUGIN_PIC);
		break;
	case PLUGIN_FINI:
		delete irqmux;
		break;
	case PLUGIN_PROBE:
		return PLUGTYPE_CORE;
	}
	return 0;
}

irqmux_c::irqmux_c(void) : block(hardware_new()), copy(nullptr), window(this), button(this)
{
	/* the configuration's log options know an interrupt controller by this name */
	put("PIC", "IRQMX");
	if (!block)
		BX_PANIC(("the host has no memory for the block"));
	take_ports();
}

irqmux_c::~irqmux_c(void)
{
	char text[100];
	hardware_describe(block, text, sizeof text);
	timeline.end();
	BX_INFO(("%s", text));
	const char *times = getenv("IRQMUX_TIMES");
	if (times && *times && !times_file_write(block, times))
		BX_ERROR(("IRQMUX_TIMES=%s: the file cannot be written", times));
	SIM->get_bochs_root()->remove("irqmux");
	hardware_free(block);
}

/* Called at construction, before any device's init(). A port belongs to the first device that
 * registers the port, and the PCI-ISA bridge would take ELCR's ports for its own copy. */
void irqmux_c::take_ports(void)
{
	static const Bit16u ports[] = { PORT_MASTER,    PORT_MASTER + 1, PORT_SLAVE,
		                        PORT_SLAVE + 1, PORT_ELCR1,      PORT_ELCR2 };
	for (Bit16u port : ports) {
		DEV_register_ioread_handler(this, read_port, port, "irqmux", 1 | 2 | 4);
		DEV_register_iowrite_handler(this, write_port, port, "irqmux", 1 | 2 | 4);
	}
}

/* Bochs counts instructions, and `ips` of the configuration says how many are a second. */
static uint64_t machine_time(void *)
{
	return bx_pc_system.time_ticks();
}

void irqmux_c::init(void)
{
	const struct hardware_clock clock = { machine_time, nullptr,
		                              (uint64_t)SIM->get_param_num(BXPN_IPS)->get() };
	hardware_keep_time(block, &clock);
	window.init();
	button.init();
	timeline.init();
}

void irqmux_c::reset(unsigned type)
{
	hardware_reset(block);
	window.reset(type);
	button.disarm();
	drive();
}

void irqmux_c::register_state(void)
{
	bx_list_c *list = new bx_list_c(SIM->get_bochs_root(), "irqmux", "Chipset block");
	bx_shadow_filedata_c *state = new bx_shadow_filedata_c(list, "block", &copy);
	state->set_sr_handlers(this, save_block, restore_block);
	window.register_pci(list);
}

void irqmux_c::save_block(void *self, FILE *file)
{
	irqmux_c *device = (irqmux_c *)self;
	std::vector<Bit8u> state(hardware_save(device->block, nullptr, 0));
	hardware_save(device->block, state.data(), state.size());
	if (fwrite(state.data(), 1, state.size(), file) != state.size())
		device->panic("the state of the block cannot be written");
}

/* Bochs has read the file to the end, into a copy that a later save would put before the state. */
void irqmux_c::restore_block(void *self, FILE *file)
{
	irqmux_c *device = (irqmux_c *)self;
	if (device->copy)
		fclose(device->copy);
	device->copy = nullptr;
	rewind(file);
	std::vector<Bit8u> state(hardware_save(device->block, nullptr, 0) + 1);
	size_t bytes = fread(state.data(), 1, state.size(), file);
	if (!hardware_restore(device->block, state.data(), bytes))
		device->panic("the saved state is of another make or build of the block: restore "
		              "the state on the platform that saved the state");
}

void irqmux_c::after_restore_state(void)
{
	window.after_restore_state();
	drive();
}

/* The processor latches an NMI and follows INTR's level. */
void irqmux_c::drive(void)
{
	timeline.look(block);
	if (hardware_take_nmi(block))
		BX_CPU(0)->deliver_NMI();
	if (hardware_intr(block))
		BX_RAISE_INTR();
	else
		BX_CLEAR_INTR();
}

/* ---- Lines ---- */

/* The I/O APIC gets the line too, as beside the emulator's 8259s. IRQ2 is the cascade, and no
 * line. */
void irqmux_c::set_line(unsigned line, bool high)
{
	if (DEV_ioapic_present() && line != BLOCK_LINE_ABSENT)
		DEV_ioapic_set_irq_level(line, high);
	uint16_t before = hardware_lines(block);
	hardware_set_line(block, line, high);
	bool changed = hardware_lines(block) != before, risen = changed && high;
	if (changed)
		timeline.line(line, high);
	if (risen && button.comes_with(line))
		hardware_press(block);
	drive();
}

void irqmux_c::raise_irq(unsigned line)
{
	set_line(line, true);
}

void irqmux_c::lower_irq(unsigned line)
{
	set_line(line, false);
}

void irqmux_c::press(void)
{
	hardware_press(block);
	drive();
}

/* ---- The processor's side ---- */

Bit8u irqmux_c::IAC(void)
{
	Bit8u vector = hardware_acknowledge(block);
	drive();
	return vector;
}

/* The PCI-ISA bridge would report ELCR's value here, if the bridge had the ports. */
void irqmux_c::set_mode(bool master, Bit8u mode)
{
	hardware_port_write(block, master ? PORT_ELCR1 : PORT_ELCR2, mode);
	drive();
}

/* A wide access is an access to each byte, as on the ISA bus. */
Bit32u irqmux_c::read_port(void *self, Bit32u port, unsigned len)
{
	irqmux_c *device = (irqmux_c *)self;
	if (len == 1) {
		Bit32u value = hardware_port_read(device->block, (Bit16u)port);
		device->drive();
		return value;
	}
	Bit32u value = 0;
	for (unsigned i = 0; i < len; i++)
		value |= (bx_devices.inp((Bit16u)(port + i), 1) & 0xff) << 8 * i;
	return value;
}

void irqmux_c::write_port(void *self, Bit32u port, Bit32u value, unsigned len)
{
	irqmux_c *device = (irqmux_c *)self;
	if (len == 1) {
		hardware_port_write(device->block, (Bit16u)port, (Bit8u)value);
		device->drive();
		return;
	}
	for (unsigned i = 0; i < len; i++)
		bx_devices.outp((Bit16u)(port + i), value >> 8 * i & 0xff, 1);
}

/* ---- The VMM's side ---- */

Bit64u irqmux_c::read_window(Bit32u offset, unsigned len)
{
	Bit64u value = hardware_window_read(block, offset, len);
	drive();
	return value;
}

void irqmux_c::write_window(Bit32u offset, unsigned len, Bit64u value)
{
	hardware_window_write(block, offset, len, value);
	button.arm();
	drive();
}
