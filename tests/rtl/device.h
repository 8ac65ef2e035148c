/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Verilated block (chipset/rtl) as a device: clocks, accesses, and the registers as words.
 *
 * Rule: a call drives the signals of block.sv as docs/rtl.md describes the signals, and nothing
 * else. registers() looks inside, and changes nothing.
 */
#ifndef TESTS_RTL_DEVICE_H
#define TESTS_RTL_DEVICE_H

#include <cstdint>
#include <memory>

class Vblock;
class VerilatedContext;
class VerilatedVcdC;

/* The registers of the block, but for the banks. */
struct device_registers {
	uint16_t route, mask, share, bank, status, level, lines;
	uint8_t pulses;
	bool external;
	uint64_t controller_input, block_input;
};

class device
{
public:
	enum { BANK_WORDS = 6 /* of 32 bits */, LINE_CLOCKS = 4 };

	device();
	~device();

	/* One clock. Counts the clocks, and keeps a pulse of NMI for take_nmi(). */
	void tick(void);
	/* As many clocks as a line needs from its edge to INTR. */
	void settle(void);
	/* Clocks of reset, with all lines and the external signal low. */
	void reset(void);
	/* The signals. No clock passes. */
	void drive_lines(uint16_t lines);
	void drive_external(bool high);
	uint16_t driven_lines(void) const;
	bool driven_external(void) const;

	bool intr(void) const;
	bool nmi(void) const;
	/* Returns whether NMI has risen since the last call. */
	bool take_nmi(void);
	bool peek_nmi(void) const;

	/* Accesses, each with its strobe and its acknowledge. */
	uint8_t acknowledge(void);
	uint8_t port_read(uint16_t port);
	void port_write(uint16_t port, uint8_t value);
	uint64_t window_read(uint32_t offset, unsigned size);
	void window_write(uint32_t offset, unsigned size, uint64_t value);

	struct device_registers registers(void) const;
	/* Returns the bits of a bank, in words of 32 bits. */
	const uint32_t *bank(unsigned number) const;
	/* Returns a state word of a bank: 0 master, 1 slave, 2 modes. */
	uint64_t state_word(unsigned number, unsigned word) const;

	/* The signals themselves, for tests of single clocks. */
	Vblock &top(void);
	uint64_t clocks(void) const;
	/* Writes each clock from now on into a file (VCD), where the block was Verilated with
	 * --trace. Else nothing happens. */
	void record(const char *name);
	/* Ends the file. */
	void stop_recording(void);
	bool recording(void) const;
	/* Writes the lines and toggles that were reached, where the block was Verilated with
	 * coverage. Else nothing happens. */
	void write_coverage(const char *name);

private:
	void show(unsigned moment);
	std::unique_ptr<VerilatedContext> context;
	std::unique_ptr<Vblock> block;
	std::unique_ptr<VerilatedVcdC> file;
	uint64_t clock_count = 0;
	bool nmi_before = false, nmi_risen = false;
};

#endif
