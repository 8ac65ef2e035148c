/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chipset block as a device of QEMU 7.2 and 10.0: -device irqmux, on machine pc or q35.
 *
 *   devices --- lines --->+-------+--- INTR ---> local APIC (LINT0)
 *   guest ----- ports --->| block |--- NMI ----> boot processor
 *   VMM ------ window --->|       |<-- INTA ---- pic_read_irq()
 *   monitor ---- nmi ---->+-------+
 *
 * The machine's own 8259 pair stays in the machine, without users: the device takes over the pair's
 * inputs and ports. The rest of the pair carries the vector to the processor (section "INTA").
 *
 * Rule: this file does not know the block's behaviour. The whole behaviour is behind
 * emulators/hardware.h: the C model (qemu-irqmux), or the Verilated RTL (qemu-rtl). drive() follows
 * every access to the block from any side, so that the processor always sees the block's present
 * outputs.
 *
 * As a shared object for the stock binary (emulators/qemu/qemu.mk) the build defines IRQMUX_PLUGIN.
 * docs/emulators.md has the line that builds the device inside QEMU's tree.
 */
#include "qemu/osdep.h"

#include "qapi/error.h"
#include "qapi/qapi-commands-control.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/timer.h"

#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/irq.h"
#include "hw/isa/i8259_internal.h"
#include "hw/nmi.h"
#include "hw/pci/pci.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"

#include "chipset/block/block.h"
#include "chipset/block/window.h"
#include "emulators/hardware.h"
#include "emulators/qemu/info.h"
#include "emulators/qemu/pit_pulse.h"
#include "emulators/qemu/snapshot.h"
#include "emulators/qemu/times_end.h"
#include "emulators/qemu/versions.h"

#define TYPE_IRQMUX "irqmux"
OBJECT_DECLARE_SIMPLE_TYPE(IrqmuxState, IRQMUX)

enum { LONGEST_US = 1000000000, NO_LINE = BLOCK_LINES, PORT_RANGES = 4 };

typedef struct IrqmuxPorts {
	IrqmuxState *owner;
	uint16_t first;
	MemoryRegion region;
} IrqmuxPorts;

struct IrqmuxState {
	PCIDevice parent_obj;

	struct hardware *block;
	MemoryRegion window;
	IrqmuxPorts ports[PORT_RANGES];
	PICCommonState *chip[2]; /* the machine's chips: PAIR_MASTER, PAIR_SLAVE */
	qemu_irq intr;           /* the input that the machine's master drove */

	bool pit_level; /* emulators/qemu/pit_pulse.h */

	bool shown;                           /* property window: the PCI function is there */
	uint32_t nmi_us, nmi_line, nmi_every; /* the button's properties; docs/emulators.md */
	/* the VMM has written to the window since the reset */
	bool armed;
	uint32_t seen; /* rising edges of nmi_line since the last edge that counted */
	QEMUTimer *period;
	int64_t due; /* end of the period, in ns of the machine's time */
	struct times_end times;
	struct snapshot snapshot;
};

/* A machine has a single device of this type, and an input's handler gets no owner. */
static IrqmuxState *irqmux;

/* ---- INTA ---- */

/*
 * The processor's INTA is a call of pic_read_irq() (hw/intc/i8259.c). For a request at the slave,
 * the call does these steps in this order:
 *
 *   the master's level: the highest in irr            2, the cascade: carry() has set this bit and
 *                                                     no other
 *   the slave's level: the highest in irr             0, likewise
 *   the slave's acknowledge: irr &= ~1, set output    on_slave_output(): the block's acknowledge,
 *                                                     its vector into irq_base
 *   vector = the slave's irq_base + level             the block's vector
 *   the master's acknowledge: irr &= ~4, set output   on_master_output(): drive(), which sets the
 *                                                     bits for the next INTA
 *
 * So the block is asked once per INTA, at the very moment. pic_get_output() asks whether the master
 * has a request: the master has a request while INTR is high. With INTR low no function is called,
 * and the vector is the master's irq_base + 7: the block's answer, looked up beforehand.
 */
static void reset_carrier(PICCommonState *chip, uint8_t requests)
{
	chip->irr = requests;
	chip->last_irr = chip->imr = chip->isr = chip->elcr = chip->priority_add = 0;
	chip->special_mask = chip->special_fully_nested_mode = chip->rotate_on_auto_eoi = 0;
	chip->auto_eoi = 1;
}

static void carry(IrqmuxState *s)
{
	enum { SPURIOUS = 7 };
	bool intr = hardware_intr(s->block);
	reset_carrier(s->chip[PAIR_MASTER], (uint8_t)(intr << PAIR_CASCADE));
	reset_carrier(s->chip[PAIR_SLAVE], intr);
	if (!intr)
		s->chip[PAIR_MASTER]->irq_base = (uint8_t)(hardware_spurious(s->block) - SPURIOUS);
}

/* The processor latches an NMI and follows INTR's level. */
static void drive(IrqmuxState *s)
{
	if (hardware_take_nmi(s->block))
		cpu_interrupt(first_cpu, CPU_INTERRUPT_NMI);
	carry(s);
	qemu_set_irq(s->intr, hardware_intr(s->block));
}

/* The machine's reset sets this output too: then automatic EOI is off. */
static void on_slave_output(void *opaque, int n, int level)
{
	IrqmuxState *s = opaque;
	PICCommonState *slave = s->chip[PAIR_SLAVE];
	bool inta = s->chip[PAIR_MASTER]->irr && !slave->irr && slave->auto_eoi;

	if (inta)
		slave->irq_base = hardware_acknowledge(s->block);
}

static void on_master_output(void *opaque, int n, int level)
{
	drive(opaque);
}

/* ---- The button: the source of the external signal ---- */

static void press(void *opaque)
{
	IrqmuxState *s = opaque;

	hardware_press(s->block);
	drive(s);
}

/* The monitor's "nmi", QMP's inject-nmi. The machine's own handler would send the NMI to every
 * processor, past the block. */
static void on_monitor_nmi(NMIState *machine, int cpu_index, Error **errp)
{
	press(irqmux);
}

/* The next press is due a period after this press was due, however late the host is. */
static void wait_for_period(IrqmuxState *s)
{
	s->due += s->nmi_us * (int64_t)SCALE_US;
	timer_mod(s->period, s->due);
}

static void on_period(void *opaque)
{
	wait_for_period(opaque);
	press(opaque);
}

/* Called when the VMM has written to the window. The first write starts the period. */
static void arm(IrqmuxState *s)
{
	if (s->armed)
		return;
	s->armed = true;
	s->due = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
	if (s->nmi_us)
		wait_for_period(s);
}

static void disarm(IrqmuxState *s)
{
	s->armed = false;
	s->seen = 0;
	timer_del(s->period);
}

/* Returns whether the signal comes with a line that has risen. */
static bool comes_with(IrqmuxState *s, unsigned line)
{
	if (!s->armed || line != s->nmi_line || ++s->seen < s->nmi_every)
		return false;
	s->seen = 0;
	return true;
}

/* ---- Lines ---- */

/* The I/O APIC gets the line by a separate call, beside the block. */
static void set_line(unsigned line, bool high)
{
	IrqmuxState *s = irqmux;
	bool risen = high && !(hardware_lines(s->block) >> line & 1);

	pic_stat_update_irq((int)line, high);
	if (line == PIT_LINE && !pit_pulse_passes(s->block, &s->pit_level, high))
		return;
	hardware_set_line(s->block, line, high);
	if (risen && comes_with(s, line))
		hardware_press(s->block);
	drive(s);
}

static void on_master_input(void *opaque, int n, int level)
{
	set_line((unsigned)n, level);
}

static void on_slave_input(void *opaque, int n, int level)
{
	set_line(8 + (unsigned)n, level);
}

/* ---- Ports ---- */

/* Each byte of a wide access comes here separately. Bytes beyond a range reach no device, as on the
 * bus. */
static uint64_t read_port(void *opaque, hwaddr offset, unsigned size)
{
	IrqmuxPorts *ports = opaque;
	uint8_t value = hardware_port_read(ports->owner->block, (uint16_t)(ports->first + offset));

	drive(ports->owner);
	return value;
}

static void write_port(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
	IrqmuxPorts *ports = opaque;

	hardware_port_write(ports->owner->block, (uint16_t)(ports->first + offset), (uint8_t)value);
	drive(ports->owner);
}

static const MemoryRegionOps port_ops = {
	.read = read_port,
	.write = write_port,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.impl = { .min_access_size = 1, .max_access_size = 1 },
};

/* ---- The register window ---- */

static uint64_t read_window(void *opaque, hwaddr offset, unsigned size)
{
	IrqmuxState *s = opaque;
	uint64_t value = hardware_window_read(s->block, (uint32_t)offset, size);

	drive(s);
	return value;
}

static void write_window(void *opaque, hwaddr offset, uint64_t value, unsigned size)
{
	IrqmuxState *s = opaque;

	hardware_window_write(s->block, (uint32_t)offset, size, value);
	arm(s);
	drive(s);
}

/* Whole accesses, misaligned accesses too: the block refuses misaligned accesses. */
static const MemoryRegionOps window_ops = {
	.read = read_window,
	.write = write_window,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/* window=off: a machine whose 8259s are the block's, without the rest of the block. */
static uint32_t read_config(PCIDevice *dev, uint32_t address, int size)
{
	return IRQMUX(dev)->shown ? pci_default_read_config(dev, address, size)
	                          : UINT32_MAX >> (32 - 8 * size);
}

static void write_config(PCIDevice *dev, uint32_t address, uint32_t value, int size)
{
	if (IRQMUX(dev)->shown)
		pci_default_write_config(dev, address, value, size);
}

/* ---- The monitor's output: "info pic" ---- */

static void print_chip(InterruptStatsProvider *provider, Printout *out)
{
	bool master = PIC_COMMON(provider) == irqmux->chip[PAIR_MASTER];

	info_print_chip(out, irqmux->block, master ? PAIR_MASTER : PAIR_SLAVE);
}

static void print_block(InterruptStatsProvider *provider, Printout *out)
{
	info_print_block(out, IRQMUX(provider)->block);
}

/* ---- Taking the machine's pair over ---- */

/* The search looks for the 8259s of QEMU itself among the machine's 8259s. kernel: KVM has separate
 * 8259s. kernel_apic: the local APIC is KVM's, with kernel-irqchip=on and split. */
struct search {
	PICCommonState *chip[2];
	bool kernel, kernel_apic;
};

static int look_at(Object *object, void *opaque)
{
	struct search *search = opaque;
	PICCommonState *chip = (PICCommonState *)object_dynamic_cast(object, TYPE_PIC_COMMON);

	if (chip && object_dynamic_cast(object, "isa-i8259"))
		search->chip[chip->master ? PAIR_MASTER : PAIR_SLAVE] = chip;
	else if (chip)
		search->kernel = true;
	else if (object_dynamic_cast(object, "kvm-apic"))
		search->kernel_apic = true;
	return 0;
}

static bool find_chips(IrqmuxState *s, Error **errp)
{
	struct search search = { 0 };

	object_child_foreach_recursive(object_get_root(), look_at, &search);
	if (search.kernel) {
		error_setg(errp, "the 8259s of this machine are KVM's, in the kernel, where their "
		                 "lines cannot be split: kernel-irqchip=off keeps them here");
		return false;
	}
	if (search.kernel_apic) {
		error_setg(errp, "kernel-irqchip=split: the 8259s acknowledge an interrupt for the "
		                 "VM that runs, and KVM may deliver the vector to the next VM: "
		                 "take kernel-irqchip=off");
		return false;
	}
	if (!search.chip[PAIR_MASTER] || !search.chip[PAIR_SLAVE]) {
		error_setg(errp,
		           "this machine has no 8259 pair whose place the block could take (pc and "
		           "q35 have, unless pic=off)");
		return false;
	}
	memcpy(s->chip, search.chip, sizeof s->chip);
	return true;
}

/* Takes a chip's inputs, outputs, and text for the monitor. The master's input 2 is the slave's
 * output, and no line. */
static void take_chip(IrqmuxState *s, unsigned which)
{
	DeviceState *chip = DEVICE(s->chip[which]);

	for (int n = 0; n < 8; n++) {
		qemu_irq pin = qdev_get_gpio_in(chip, n);
		if (which == PAIR_SLAVE || n != PAIR_CASCADE)
			qemu_irq_intercept_in(
				&pin, which == PAIR_MASTER ? on_master_input : on_slave_input, 1);
	}
	if (which == PAIR_MASTER)
		s->intr = (qemu_irq)object_ref(OBJECT(s->chip[which]->int_out[0]));
	qdev_connect_gpio_out(
		chip, 0,
		qemu_allocate_irq(which == PAIR_MASTER ? on_master_output : on_slave_output, s, 0));
	INTERRUPT_STATS_PROVIDER_GET_CLASS(chip)->print_info = print_chip;
}

/* The regions take precedence over the machine's own regions, which are of priority 0. */
static void take_ports(IrqmuxState *s)
{
	static const struct {
		uint16_t first, count;
	} ranges[PORT_RANGES] = {
		{ PORT_MASTER, 2 }, { PORT_SLAVE, 2 }, { PORT_ELCR1, 1 }, { PORT_ELCR2, 1 }
	};
	for (unsigned i = 0; i < PORT_RANGES; i++) {
		IrqmuxPorts *ports = &s->ports[i];
		*ports = (IrqmuxPorts){ .owner = s, .first = ranges[i].first };
		memory_region_init_io(&ports->region, OBJECT(s), &port_ops, ports, "irqmux-ports",
		                      ranges[i].count);
		memory_region_add_subregion_overlap(pci_address_space_io(PCI_DEVICE(s)),
		                                    ports->first, &ports->region, 1);
	}
}

/* ---- The device ---- */

static bool check_button(const IrqmuxState *s, Error **errp)
{
	if (s->nmi_us > LONGEST_US)
		error_setg(errp, "nmi-us=%u: not a period in microseconds, 1 to %d (0: none)",
		           s->nmi_us, LONGEST_US);
	else if (s->nmi_line > NO_LINE || s->nmi_line == BLOCK_LINE_ABSENT)
		error_setg(errp, "nmi-line=%u: not a line, 0 to 15 without 2 (16: none)",
		           s->nmi_line);
	else if (s->nmi_every < 1 || s->nmi_every > LONGEST_US)
		error_setg(errp, "nmi-every=%u: not a number from 1 on", s->nmi_every);
	else
		return true;
	return false;
}

static void realize(PCIDevice *dev, Error **errp)
{
	IrqmuxState *s = IRQMUX(dev);

	if (irqmux) {
		error_setg(errp, "a machine has one chipset block, and there is one");
		return;
	}
	if (!check_button(s, errp) || !find_chips(s, errp))
		return;
	s->block = hardware_new();
	if (!s->block) {
		error_setg(errp, "the host has no memory for the block");
		return;
	}
	irqmux = s;
	s->times.block = s->block;
	times_begin(&s->times);
	s->snapshot.block = s->block;
	s->period = timer_new_ns(QEMU_CLOCK_VIRTUAL, on_period, s);
	take_chip(s, PAIR_MASTER);
	take_chip(s, PAIR_SLAVE);
	take_ports(s);
	NMI_GET_CLASS(qdev_get_machine())->nmi_monitor_handler = on_monitor_nmi;
	memory_region_init_io(&s->window, OBJECT(s), &window_ops, s, "irqmux-window", WINDOW_BYTES);
	pci_register_bar(dev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->window);
}

/* Devices drive their lines across the machine's reset. */
static void reset(DeviceState *dev)
{
	IrqmuxState *s = IRQMUX(dev);
	uint16_t lines = hardware_lines(s->block);

	hardware_reset(s->block);
	for (unsigned line = 0; line < BLOCK_LINES; line++)
		hardware_set_line(s->block, line, lines >> line & 1);
	disarm(s);
	drive(s);
}

static DeviceProperty properties[] = {
	DEFINE_PROP_BOOL("window", IrqmuxState, shown, true),
	DEFINE_PROP_STRING("times", IrqmuxState, times.path),
	DEFINE_PROP_UINT32("nmi-us", IrqmuxState, nmi_us, 0),
	DEFINE_PROP_UINT32("nmi-line", IrqmuxState, nmi_line, NO_LINE),
	DEFINE_PROP_UINT32("nmi-every", IrqmuxState, nmi_every, 1),
#if QEMU_VERSION_MAJOR < 10
	DEFINE_PROP_END_OF_LIST(),
#endif
};

/* The machine's pair saves and restores its own state. */
static const VMStateDescription vmstate = {
	.name = TYPE_IRQMUX,
	.version_id = 2,
	.minimum_version_id = 2,
	.fields =
		(VMStateField[]){
			VMSTATE_PCI_DEVICE(parent_obj, IrqmuxState),
			VMSTATE_STRUCT(snapshot, IrqmuxState, 1, snapshot_vmstate, struct snapshot),
			VMSTATE_BOOL(pit_level, IrqmuxState),
			VMSTATE_BOOL(armed, IrqmuxState),
			VMSTATE_UINT32(seen, IrqmuxState),
			VMSTATE_TIMER_PTR(period, IrqmuxState),
			VMSTATE_INT64(due, IrqmuxState),
			VMSTATE_END_OF_LIST(),
		},
};

static void class_init(ObjectClass *klass, void *data)
{
	DeviceClass *device = DEVICE_CLASS(klass);
	PCIDeviceClass *pci = PCI_DEVICE_CLASS(klass);

	device->desc = "Chipset block: interrupt multiplexers, VMM block, banks of 8259A pairs";
	device->hotpluggable = false;
	set_reset(device, reset);
	device->vmsd = &vmstate;
	device_class_set_props(device, properties);
	set_bit(DEVICE_CATEGORY_MISC, device->categories);
	pci->realize = realize;
	pci->config_read = read_config;
	pci->config_write = write_config;
	pci->vendor_id = WINDOW_PCI_VENDOR;
	pci->device_id = WINDOW_PCI_DEVICE;
	pci->class_id = WINDOW_PCI_CLASS >> 8;
	INTERRUPT_STATS_PROVIDER_CLASS(klass)->print_info = print_block;
}

static const TypeInfo irqmux_type = {
	.name = TYPE_IRQMUX,
	.parent = TYPE_PCI_DEVICE,
	.instance_size = sizeof(IrqmuxState),
	.class_init = class_init,
	.interfaces =
		(InterfaceInfo[]){
			{ INTERFACE_CONVENTIONAL_PCI_DEVICE },
			{ TYPE_INTERRUPT_STATS_PROVIDER },
			{},
		},
};

static void register_types(void)
{
	type_register_static(&irqmux_type);
}

/* ---- The way into the emulator ---- */

#ifndef IRQMUX_PLUGIN

type_init(register_types)

#else

#include "qemu-version.h"
#include "qemu/qemu-plugin.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* Whether the emulator's description of a saved structure has this field at this offset. */
static bool lies_at(const VMStateDescription *saved, const char *name, size_t offset)
{
	for (const VMStateField *field = saved->fields; field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field->offset == offset;
	return false;
}

/* Compares the emulator's version with the version of the headers: structures change from a patch
 * level to the next. */
static bool is_ours(const char *target)
{
	const DeviceClass *chip = DEVICE_CLASS(object_class_by_name("isa-i8259"));
	VersionInfo *info = qmp_query_version(NULL);
	g_autofree char *here = g_strdup_printf("%" PRId64 ".%" PRId64 ".%" PRId64 " (%s)",
	                                        info->qemu->major, info->qemu->minor,
	                                        info->qemu->micro, info->package);

	qapi_free_VersionInfo(info);
	if (strcmp(here, QEMU_FULL_VERSION) != 0)
		error_report("irqmux: this is QEMU %s, and the plugin was built for %s: "
		             "make qemu-irqmux builds it anew",
		             here, QEMU_FULL_VERSION);
	else if (strcmp(target, "x86_64") != 0)
		error_report("irqmux: this is QEMU for %s, and the plugin was built for x86_64",
		             target);
	else if (!lies_at(&vmstate_pci_device, "version_id", offsetof(PCIDevice, version_id)) ||
	         !lies_at(chip->vmsd, "elcr", offsetof(PICCommonState, elcr)))
		error_report(
			"irqmux: this QEMU %s lays out its devices otherwise than its headers do",
			here);
	else
		return true;
	return false;
}

/* The emulator loads plugins just before making the machine, early enough for a type that -device
 * names. */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
	if (!is_ours(info->target_name))
		return 1;
	register_types();
	return 0;
}

#endif
