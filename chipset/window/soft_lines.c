/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's lines as far as software can see: in the request register (IRR) of the real 8259
 * pair, which belongs to the VMM here.
 *
 * The VMM masks a line that has risen, and leaves the line's request in IRR. So INTR is free for
 * other lines, and IRR shows when the line falls. When the model has taken the edge, a real
 * acknowledge takes the real latch as well, so that the next edge shows. A level-triggered input's
 * IRR bit is the input's level. A level-triggered line never needs an acknowledge.
 *
 *         edge -> IRR, INTR        look: risen        the model's INTA: soft_lines_taken()
 *   open --------------------> open -----------> up ---------------------------------> open
 *    ^                                         masked
 *    +------------------------------------------+  look: IRR is clear, fallen
 *
 * Rule: the VMM sees every edge of an open line. While a line is up, further edges merge with the
 * first, as in the real IRR.
 */
#include "arch/x86/cpu/interrupts.h"
#include "arch/x86/cpu/io.h"
#include "chipset/block/i8259.h"
#include "chipset/chipset.h"
#include "chipset/window/soft.h"

enum { CHIPS = 2, INPUTS = 8, VECTORS = 0x20, SPURIOUS = 7 };
enum { OCW2_SPECIFIC_EOI = OCW2_EOI | OCW2_SL };
enum { READ_IRR = OCW3_SELECT | OCW3_RR, READ_ISR = OCW3_SELECT | OCW3_RR | OCW3_RIS };

static const uint16_t command[CHIPS] = { PORT_MASTER, PORT_SLAVE };
static const uint16_t elcr_port[CHIPS] = { PORT_ELCR1, PORT_ELCR2 };

/* The lines as the VMM has seen them. */
static struct {
	line_set claimed; /* lines that have an owner */
	line_set up;      /* claimed lines that have risen and whose request is still in IRR */
	line_set dropped; /* lines found low outside a look, to be reported at the next look */
	/* edges that an acknowledge took. The hook sets bits; soft_lines_look() takes the bits. */
	volatile uint32_t noted;
} watch;

/* The pair as it is programmed now. */
static struct {
	line_set level;  /* level triggered lines */
	line_set closed; /* the mask, the cascade's bit included */
	bool has_elcr;
} real_pair;

static inline uint32_t take(volatile uint32_t *from)
{
	uint32_t value = 0;

	__asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(*from));
	return value;
}

static inline line_set read_irr(void)
{
	return (uint16_t)(io_in8(PORT_MASTER) | io_in8(PORT_SLAVE) << 8);
}

/* Writes the slave's mask first and the master's mask after it in any case: Bochs's master
 * withdraws INTR only when the master itself is written. */
static inline void set_closed(line_set lines)
{
	if (lines == real_pair.closed)
		return;
	if ((lines ^ real_pair.closed) & 0xff00)
		io_out8(PORT_SLAVE + 1, (uint8_t)(lines >> 8));
	real_pair.closed = lines;
	io_out8(PORT_MASTER + 1, (uint8_t)lines);
}

/* Opens the claimed lines that are not up. */
static inline void open_lines(void)
{
	set_closed((uint16_t)(~watch.claimed | watch.up) & (uint16_t)~LINE(LINE_CASCADE));
}

static void end(unsigned line)
{
	if (line >= INPUTS)
		io_out8(PORT_SLAVE, (uint8_t)(OCW2_SPECIFIC_EOI | (line & OCW2_LEVEL)));
	io_out8(PORT_MASTER, (uint8_t)(OCW2_SPECIFIC_EOI | (line < INPUTS ? line : LINE_CASCADE)));
}

/* Returns whether there was a spurious interrupt: level 7 of a chip with no such level in service.
 * The request was gone at the acknowledge. A spurious interrupt of the slave leaves the master's
 * cascade input in service. */
static bool spurious(unsigned chip)
{
	io_out8(command[chip], READ_ISR);
	bool none = !(io_in8(command[chip]) >> SPURIOUS & 1);
	io_out8(command[chip], READ_IRR);
	if (none && chip == PAIR_SLAVE)
		io_out8(PORT_MASTER, OCW2_SPECIFIC_EOI | LINE_CASCADE);
	return none;
}

/* An acknowledge. The edge is either known (then the edge's latch is gone now), or new. A new
 * edge's line stays closed until the next look, so that no line keeps the VMM busy with interrupts.
 * Returns false for a vector of no line. */
static bool hook(unsigned vector)
{
	unsigned line = vector - VECTORS;

	if (line >= LINES)
		return false;
	if (line % INPUTS == SPURIOUS && spurious(line / INPUTS))
		return true;
	if (line_in(watch.up & (uint16_t)~real_pair.level, line)) {
		watch.up &= (uint16_t)~LINE(line);
	} else {
		watch.noted |= LINE(line);
		set_closed(real_pair.closed | LINE(line));
	}
	end(line);
	return true;
}

static line_set read_elcr(void)
{
	line_set found = (uint16_t)(io_in8(PORT_ELCR1) | io_in8(PORT_ELCR2) << 8);

	/* a missing register reads as all ones */
	real_pair.has_elcr = !(found & (uint16_t)~ELCR_BITS);
	return real_pair.has_elcr ? found : 0;
}

line_set soft_lines_init(void)
{
	static const uint8_t icw3[CHIPS] = { LINE(LINE_CASCADE), LINE_CASCADE };

	for (unsigned chip = 0; chip < CHIPS; chip++) {
		io_out8(command[chip], ICW1_SELECT | ICW1_IC4);
		io_out8(command[chip] + 1, (uint8_t)(VECTORS + INPUTS * chip));
		io_out8(command[chip] + 1, icw3[chip]);
		io_out8(command[chip] + 1, ICW4_UPM);
		io_out8(command[chip], READ_IRR); /* not every emulator selects IRR at ICW1 */
	}
	watch.claimed = watch.up = watch.dropped = 0;
	real_pair.closed = 0;
	set_closed(0xffff);
	interrupt_hook = hook;
	return real_pair.level = read_elcr();
}

void soft_lines_open(line_set lines)
{
	watch.claimed |= lines;
	open_lines();
}

line_set soft_lines_up(void)
{
	return watch.up;
}

struct soft_changes soft_lines_look(void)
{
	line_set irr = read_irr() & watch.claimed;
	struct soft_changes changes = { .risen = irr & (uint16_t)~watch.up,
		                        .fallen = (watch.up & (uint16_t)~irr) | watch.dropped };

	watch.dropped = 0;
	watch.up = irr;
	open_lines();
	if (watch.noted != 0)
		changes.risen |= (uint16_t)take(&watch.noted) & watch.claimed;
	return changes;
}

/* IRR is empty, and INTR is active all the same: INTR's request was withdrawn. An acknowledge ends
 * INTR. */
void soft_lines_clear(void)
{
	interrupts_take();
}

void soft_lines_taken(line_set lines)
{
	for (lines &= watch.up & (uint16_t)~real_pair.level; lines; lines &= lines - 1) {
		line_set only = LINE(line_first(lines));
		set_closed((uint16_t) ~(only | (only > 0xff ? LINE(LINE_CASCADE) : 0)));
		interrupts_take();
	}
	open_lines();
}

/* When a line becomes level triggered, the level by the line's edges is no longer valid. IRR has
 * the level. */
void soft_lines_set_level(line_set lines, line_set wanted)
{
	lines &= real_pair.has_elcr ? ELCR_BITS : 0;
	line_set before = real_pair.level;
	real_pair.level = (real_pair.level & (uint16_t)~lines) | (wanted & lines);
	for (unsigned chip = 0; chip < CHIPS; chip++)
		if ((real_pair.level ^ before) >> INPUTS * chip & 0xff)
			io_out8(elcr_port[chip], (uint8_t)(real_pair.level >> INPUTS * chip));
	if (real_pair.level & (uint16_t)~before)
		watch.dropped |= real_pair.level & (uint16_t) ~(before | watch.up | read_irr());
}
