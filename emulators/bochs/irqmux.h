/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The chipset block as a device of Bochs: its three parts. irqmux_c takes the place of the
 * emulator's own 8259 pair. window_c is the PCI function with the register window. button_c raises
 * the external signal.
 *
 * Rule: these files do not know the block's behaviour. The whole behaviour is behind
 * emulators/hardware.h: the C model (bochs-irqmux), or the Verilated RTL (bochs-rtl).
 */
#ifndef EMULATORS_BOCHS_IRQMUX_H
#define EMULATORS_BOCHS_IRQMUX_H

// The emulator's headers want to know whether they are read by a plugin.
#define BX_PLUGGABLE

#include "iodev.h"

#include "emulators/hardware.h"
#include "emulators/timeline.h"

extern "C" {
#include "chipset/block/block.h"
#include "chipset/block/window.h"
}

class irqmux_c;

/* Raises the external signal: by SIGUSR1, by a period, and together with a line. docs/emulators.md
 * lists the variables. */
class button_c
{
public:
	explicit button_c(irqmux_c *owner);

	/* Reads the environment. A value that is not a number in its range is a panic. */
	void init(void);
	/* Called when the VMM has written to the window for the first time since the reset: the
	 * period begins. */
	void arm(void);
	/* Stops the period. Called at the machine's reset. */
	void disarm(void);
	/* Returns whether the signal comes with a line that has risen. */
	bool comes_with(unsigned line);

private:
	static void poll(void *self);
	static void period(void *self);

	irqmux_c *irqmux;
	bool armed;
	int period_timer;
	unsigned period_us; /* 0: none */
	unsigned line;      /* BLOCK_LINES: none */
	unsigned every, seen;
};

/* The timeline of a run, as `make trace` asks for the timeline by variables: IRQMUX_TIMELINE is the
 * file, IRQMUX_TRACE says where the VMM's trace lies (emulators/timeline.h). */
class timeline_c
{
public:
	timeline_c(void);

	/* Reads the environment. A variable that is wrong is a panic. */
	void init(void);
	/* A line has a new level. */
	void line(unsigned line, bool high);
	/* Records the lines that had an INTA or an EOI since the last call. */
	void look(const struct hardware *block);
	/* Writes what is not written yet. Call at the emulator's end, while there is memory. */
	void end(void);

private:
	static void drain(void *self);
	void note(enum timeline_kind kind, unsigned line, uint64_t when, uint64_t *last);

	bool begun;
	uint64_t inta[BLOCK_LINES], eoi[BLOCK_LINES]; /* the last that are recorded */
};

/* The PCI function whose BAR0 is the register window. */
class window_c : public bx_pci_device_c
{
public:
	explicit window_c(irqmux_c *owner);

	void init(void) override;
	void reset(unsigned type) override;
	void register_pci(bx_list_c *list);
	void after_restore_state(void) override;
	void pci_write_handler(Bit8u address, Bit32u value, unsigned io_len) override;

private:
	static bool read(bx_phy_address address, unsigned len, void *data, void *self);
	static bool write(bx_phy_address address, unsigned len, void *data, void *self);
	bool decodes(void) const;

	irqmux_c *irqmux;
};

/* The emulator's view of the block: lines in, INTA, ports. */
class irqmux_c : public bx_pic_stub_c
{
public:
	irqmux_c(void);
	~irqmux_c(void) override;

	void init(void) override;
	void reset(unsigned type) override;
	void register_state(void) override;
	void after_restore_state(void) override;

	void raise_irq(unsigned line) override;
	void lower_irq(unsigned line) override;
	void set_mode(bool master, Bit8u mode) override;
	Bit8u IAC(void) override;

	/* The external signal rises and falls. */
	void press(void);
	Bit64u read_window(Bit32u offset, unsigned len);
	void write_window(Bit32u offset, unsigned len, Bit64u value);

private:
	static Bit32u read_port(void *self, Bit32u port, unsigned len);
	static void write_port(void *self, Bit32u port, Bit32u value, unsigned len);
	static void save_block(void *self, FILE *file);
	static void restore_block(void *self, FILE *file);
	void take_ports(void);
	void set_line(unsigned line, bool high);
	void drive(void);

	struct hardware *block;
	FILE *copy; /* Bochs's, while a saved state is restored */
	window_c window;
	button_c button;
	timeline_c timeline;
};

#endif
