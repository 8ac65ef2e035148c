/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block of an emulator's device: the hardware description (chipset/rtl), Verilated. The C model
 * is no part of such a shared object.
 *
 * Rule: the block's clock runs during a call and stands still otherwise. A call lasts until the
 * lines have come through and NMI has nothing left to say. So the device sees the outputs as after
 * a call of the C model, and the clocks of docs/rtl.md are hidden.
 */
#include "emulators/hardware.h"

#include "chipset/block/window.h"
#include "tests/rtl/device.h"

#include "Vblock.h"
#include "verilated_save.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

enum { LINES = 16, LINE_ABSENT = 2, WIDEST = 8, STATE_WORDS = 3, WORD_BYTES = 8 };
/* A pause behind a pulse of NMI is shorter; docs/rtl.md. */
enum { PAUSE_CLOCKS = 8 };

/* IRQMUX_WAVE=FILE: the waveform of the first interrupts behind the VMM's first write to the
 * window. */
enum { RECORDED_INTERRUPTS = 100 };

struct hardware {
	class device rtl;
	const char *wave = nullptr; /* NULL: no recording is asked for */
	unsigned recorded = 0;
};

/* Clocks until no pulse of NMI is left. A cause that came during a pulse makes one more pulse
 * behind the pause. */
static void finish_pulses(struct hardware *hardware)
{
	class device &rtl = hardware->rtl;
	if (!rtl.peek_nmi())
		return;
	for (unsigned low = 0; low <= PAUSE_CLOCKS; low = rtl.nmi() ? 0 : low + 1)
		rtl.tick();
}

struct hardware *hardware_new(void)
{
	struct hardware *hardware = new (std::nothrow) struct hardware;
	const char *name = getenv("IRQMUX_WAVE");
	if (hardware)
		hardware->wave = name && *name ? name : nullptr;
	return hardware;
}

/* The RTL is of version 1: it has no clock of the machine's time. */
bool hardware_keep_time(struct hardware *, const struct hardware_clock *)
{
	return false;
}

uint64_t hardware_last_inta(const struct hardware *, unsigned)
{
	return 0;
}

uint64_t hardware_last_eoi(const struct hardware *, unsigned)
{
	return 0;
}

static void begin_recording(struct hardware *hardware)
{
	const char *name = hardware->wave;
	hardware->wave = nullptr;
	hardware->rtl.record(name);
	if (!hardware->rtl.recording())
		fprintf(stderr, "irqmux: IRQMUX_WAVE=%s: the file cannot be written\n", name);
}

/* To be called after an INTA. */
static void go_on_recording(struct hardware *hardware)
{
	if (hardware->rtl.recording() && ++hardware->recorded == RECORDED_INTERRUPTS)
		hardware->rtl.stop_recording();
}

void hardware_free(struct hardware *hardware)
{
	delete hardware;
}

void hardware_describe(const struct hardware *hardware, char *text, size_t bytes)
{
	snprintf(text, bytes, "the block is Verilated RTL, after %" PRIu64 " clocks",
	         hardware->rtl.clocks());
}

void hardware_reset(struct hardware *hardware)
{
	hardware->rtl.reset();
}

/* ---- The signals ---- */

void hardware_set_line(struct hardware *hardware, unsigned line, bool high)
{
	class device &rtl = hardware->rtl;
	uint16_t lines = rtl.driven_lines(), bit = (uint16_t)(1u << (line & 15));

	if (line >= LINES || line == LINE_ABSENT || high == !!(lines & bit))
		return;
	rtl.drive_lines((uint16_t)(lines ^ bit));
	rtl.settle();
	finish_pulses(hardware);
}

uint16_t hardware_lines(const struct hardware *hardware)
{
	return hardware->rtl.driven_lines();
}

void hardware_press(struct hardware *hardware)
{
	for (bool high : { true, false }) {
		hardware->rtl.drive_external(high);
		hardware->rtl.settle();
	}
	finish_pulses(hardware);
}

bool hardware_intr(const struct hardware *hardware)
{
	return hardware->rtl.intr();
}

bool hardware_take_nmi(struct hardware *hardware)
{
	return hardware->rtl.take_nmi();
}

/* ---- Accesses ---- */

uint8_t hardware_acknowledge(struct hardware *hardware)
{
	uint8_t vector = hardware->rtl.acknowledge();
	go_on_recording(hardware);
	return vector;
}

/* The block does the INTA. Where the INTA has changed the connected bank, the window puts the
 * bank's state words back. */
uint8_t hardware_spurious(struct hardware *hardware)
{
	class device &rtl = hardware->rtl;
	unsigned bank = rtl.registers().bank;
	uint64_t before[STATE_WORDS];

	for (unsigned word = 0; word < STATE_WORDS; word++)
		before[word] = rtl.state_word(bank, word);
	uint8_t vector = rtl.acknowledge();
	for (unsigned word = 0; word < STATE_WORDS; word++)
		if (rtl.state_word(bank, word) != before[word])
			rtl.window_write(WINDOW_STATE + WINDOW_STATE_STRIDE * bank +
			                         WORD_BYTES * word,
			                 WORD_BYTES, before[word]);
	return vector;
}

uint8_t hardware_port_read(struct hardware *hardware, uint16_t port)
{
	return hardware->rtl.port_read(port);
}

void hardware_port_write(struct hardware *hardware, uint16_t port, uint8_t value)
{
	hardware->rtl.port_write(port, value);
}

/* The bus makes a size of 0 of any size that the window does not know. */
static unsigned bus_size(unsigned size)
{
	return size <= WIDEST ? size : 0;
}

uint64_t hardware_window_read(struct hardware *hardware, uint32_t offset, unsigned size)
{
	if (offset >= WINDOW_BYTES)
		return 0;
	return hardware->rtl.window_read(offset, bus_size(size));
}

void hardware_window_write(struct hardware *hardware, uint32_t offset, unsigned size,
                           uint64_t value)
{
	if (offset >= WINDOW_BYTES)
		return;
	if (hardware->wave)
		begin_recording(hardware);
	hardware->rtl.window_write(offset, bus_size(size), value);
	finish_pulses(hardware);
}

/* ---- The state as bytes ---- */

/* Verilator's own serializer, with memory in the place of a file. The buffer is larger than any
 * state. */
class saved_block final : public VerilatedSerialize
{
public:
	explicit saved_block(Vblock &top)
	{
		*this << top;
	}
	const uint8_t *data(void) const
	{
		return m_bufp;
	}
	size_t size(void) const
	{
		return (size_t)(m_cp - m_bufp);
	}
};

class loaded_block final : public VerilatedDeserialize
{
public:
	loaded_block(const void *from, size_t bytes)
	{
		memcpy(m_bufp, from, bytes);
		m_endp = m_bufp + bufferSize();
	}

private:
	void fill(void) override
	{
	}
};

size_t hardware_save(struct hardware *hardware, void *to, size_t room)
{
	saved_block saved(hardware->rtl.top());
	if (saved.size() <= room)
		memcpy(to, saved.data(), saved.size());
	return saved.size();
}

/* A state begins with a number that Verilator makes of the whole hardware description. */
bool hardware_restore(struct hardware *hardware, const void *from, size_t bytes)
{
	saved_block now(hardware->rtl.top());
	if (bytes != now.size() || memcmp(from, now.data(), sizeof(uint64_t)) != 0)
		return false;
	loaded_block loaded(from, bytes);
	loaded >> hardware->rtl.top();
	return true;
}
