/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driving the chipset block by its register window. See the header for the rule.
 *
 * A VM's state is in its bank of interrupt controllers. Where every VM has one of its own (R16) it
 * stays there, and a switch is two accesses: every line to the VMM block, and later route, mask and
 * bank at once. Where VMs have a bank in common the state is read at the save and written at the
 * restore, by three words each.
 */
#include "chipset/driver.h"
#include "arch/x86/nmi.h"

#include <stddef.h>

enum { CONTROLLERS_MAX = 64 };

static struct controller *known[CONTROLLERS_MAX]; /* in the order of their first reset */
static unsigned known_count, banks_in_use = 1;
static uint8_t users[BLOCK_BANKS];                   /* how many controllers have the bank */
static const struct controller *holder[BLOCK_BANKS]; /* whose state is in it */

static line_set claimed, served, masked;
/* told to the dispatcher, masked until it is acknowledged */
static line_set reported;
/* shared ones that were acknowledged before the dispatcher had looked */
static line_set untold;
/* whose lines are, or were last, routed to its bank; NULL: nobody's */
static const struct controller *current;
static bool sharing;      /* some of them are others' as well */
static bool wired;        /* a line enters an input that is not its own number's */
static uint64_t selected; /* WINDOW_SELECT as written last */
static uint64_t controller_input = LINE_INPUTS_OWN, block_input = LINE_INPUTS_OWN;
static line_set firmware_level; /* lines that the firmware made level triggered */
/* of NMI that the block told of and that have not been seen to arrive */
static unsigned pulses;

/* ---- Lines and inputs ---- */

static __attribute__((noinline)) line_set scatter(uint64_t inputs, line_set lines)
{
	line_set set = 0;
	for (; lines; lines &= lines - 1)
		set |= LINE(line_input(inputs, line_first(lines)));
	return set;
}

static __attribute__((noinline)) line_set gather(uint64_t inputs, line_set set)
{
	line_set lines = 0;
	for (unsigned line = 0; line < LINES; line++)
		lines |= line_in(set, line_input(inputs, line)) ? LINE(line) : 0;
	return lines;
}

static inline line_set to_inputs(uint64_t inputs, line_set lines)
{
	return __builtin_expect(!wired, 1) ? lines : scatter(inputs, lines);
}

/* The lines that enter one of these inputs and that somebody owns. */
static inline line_set to_lines(uint64_t inputs, line_set set)
{
	return (__builtin_expect(!wired, 1) ? set : gather(inputs, set)) & claimed;
}

void driver_wire(unsigned line, unsigned to_controller, unsigned to_block)
{
	controller_input = line_set_input(controller_input, line, to_controller);
	block_input = line_set_input(block_input, line, to_block);
	wired = true;
	driver_write64(WINDOW_CONTROLLER_INPUT, controller_input);
	driver_write64(WINDOW_BLOCK_INPUT, block_input);
}

/* ---- Banks ---- */

static inline uint32_t state_of(unsigned bank, uint32_t word)
{
	return WINDOW_STATE + bank * WINDOW_STATE_STRIDE + word;
}

/* The words one after the other; the paths apart, because a switch counts its instructions. */
static __attribute__((noinline)) void move_slowly(unsigned bank, uint64_t words[PAIR_WORDS],
                                                  bool out)
{
	for (unsigned word = 0; word < PAIR_WORDS; word++)
		if (out)
			driver_write64(state_of(bank, 8 * word), words[word]);
		else
			words[word] = driver_read64(state_of(bank, 8 * word));
}

static inline void read_state(unsigned bank, uint64_t words[PAIR_WORDS])
{
	if (__builtin_expect(chipset_window == 0, 0)) {
		move_slowly(bank, words, false);
		return;
	}
	mmio_read_3x64(chipset_window + state_of(bank, WINDOW_STATE_MASTER), words);
}

static inline void write_state(unsigned bank, uint64_t words[PAIR_WORDS])
{
	if (__builtin_expect(chipset_window == 0, 0)) {
		move_slowly(bank, words, true);
		return;
	}
	mmio_write_3x64(chipset_window + state_of(bank, WINDOW_STATE_MASTER), words);
}

unsigned driver_banks(unsigned wanted)
{
	unsigned there = driver_read32(WINDOW_CAPABILITY) & 0xff;
	/* connected is one in any case */
	there = there == 0 ? 1 : there < BLOCK_BANKS ? there : BLOCK_BANKS;
	banks_in_use = wanted != 0 && wanted < there ? wanted : there;
	return there;
}

void driver_init(void)
{
	enum { ELCR = 5 }; /* byte of a chip's word */
	firmware_level = driver_read8(state_of(0, WINDOW_STATE_MASTER + ELCR)) |
	                 (line_set)(driver_read8(state_of(0, WINDOW_STATE_SLAVE + ELCR)) << 8);
	driver_write16(WINDOW_LEVEL, firmware_level);
	selected = 0xffff0000;
	driver_write64(WINDOW_SELECT, selected);
}

static void introduce(struct controller *c)
{
	c->known = true;
	c->bank = (uint16_t)(known_count % banks_in_use);
	users[c->bank]++;
	known[known_count++] = c;
}

/* route, share and bank of c, in their places. */
static void prepare_select(struct controller *c)
{
	c->select = c->lines | (uint64_t)c->shared << 32 | (uint64_t)c->bank << 48;
}

void driver_reset(struct controller *c, line_set lines, line_set shared)
{
	bool was_known = c->known;
	uint16_t bank = c->bank;
	*c = (struct controller){
		.lines = lines, .shared = shared, .known = was_known, .bank = bank
	};
	if (!was_known)
		introduce(c);
	prepare_select(c);
	if (holder[c->bank] == c)
		holder[c->bank] = NULL;
	struct pair fresh;
	/* never initialised; edge and level as the firmware has them, wherever the lines enter */
	pair_reset(&fresh);
	line_set inputs = to_inputs(controller_input, lines);
	line_set level = (firmware_level & (line_set)~inputs) |
	                 to_inputs(controller_input, firmware_level & lines);
	pair_port_write(&fresh, PORT_ELCR1, (uint8_t)level);
	pair_port_write(&fresh, PORT_ELCR2, (uint8_t)(level >> 8));
	for (unsigned word = 0; word < PAIR_WORDS; word++)
		c->state[word] = pair_word(&fresh, word);
}

/* ---- Route, mask, status ---- */

void driver_claim(line_set lines, bool by_vmm)
{
	claimed |= lines;
	served |= by_vmm ? lines : 0;
	for (unsigned i = 0; i < known_count; i++)
		prepare_select(known[i]); /* another sharer may have come */
	chipset_standing.touched = true;
}

/* 402 and 404, in one access; none where it would change nothing. */
void driver_mask(line_set wanted)
{
	masked = wanted | reported;
	if (__builtin_expect(pulses != 0, 0) && nmi_count == 0)
		/* nothing is under way, so those that were left were merged on theirs */
		pulses = 0;
	line_set open = to_inputs(block_input, claimed & (line_set)~masked);
	uint64_t select = (uint64_t)(uint16_t)~open << 16;
	if (__builtin_expect(current != NULL, 1))
		select |= current->select;
	if (select != selected) {
		selected = select;
		driver_write64(WINDOW_SELECT, select);
	}
}

/* R06: what explains an NMI is the external bit, or a pulse that the block counts. Those that are
 * left over have been merged on their way to the processor, or were counted between the NMIs and
 * this look: driver_mask() finds out. */
static bool unexplained(unsigned nmis, uint32_t status)
{
	pulses += status >> WINDOW_STATUS_PULSES_SHIFT;
	bool more = nmis > pulses;
	pulses = more ? 0 : pulses - nmis;
	return more;
}

static inline line_set note(uint32_t status)
{
	line_set fresh = to_lines(block_input, (line_set)status) & (line_set)~masked;
	reported |= fresh & (line_set)~served;
	masked |= fresh & (line_set)~served;
	return fresh;
}

struct chipset_status driver_status(unsigned nmis)
{
	uint32_t status = driver_read32(WINDOW_STATUS);
	struct chipset_status s = { .asserted = to_lines(block_input, (line_set)status) | untold,
		                    .fresh = note(status) | untold };
	untold = 0;
	s.external = unexplained(nmis, status);
	if (status & WINDOW_STATUS_EXTERNAL) {
		s.external = EXTERNAL_TOLD;
		driver_write8(WINDOW_STATUS + 2, WINDOW_STATUS_EXTERNAL >> 16);
	}
	chipset_standing.touched = true;
	return s;
}

int driver_single(void)
{
	uint32_t status = driver_read32(WINDOW_STATUS);
	line_set fresh = to_lines(block_input, (line_set)status) & (line_set)~masked;
	bool sole = fresh != 0 && ((fresh | untold) & ((fresh | untold) - 1)) == 0;
	if (!sole || status & WINDOW_STATUS_EXTERNAL || unexplained(1, status)) {
		pulses += status >> WINDOW_STATUS_PULSES_SHIFT; /* for the long look */
		return -1;
	}
	(void)note(status);
	chipset_standing.touched = true;
	return (int)line_first(fresh);
}

line_set driver_asserted(void)
{
	return to_lines(block_input, driver_read16(WINDOW_STATUS));
}

line_set driver_masked(void)
{
	return to_lines(block_input, (line_set)(driver_read64(WINDOW_SELECT) >> 16));
}

void driver_raise_external(void)
{
	driver_write8(WINDOW_EXTERNAL, 1);
}

void driver_acknowledge(line_set lines)
{
	reported &= (line_set)~lines;
	chipset_standing.touched = true;
	driver_write16(WINDOW_STATUS, to_inputs(block_input, lines));
}

static inline uint32_t read_view(const struct controller *c)
{
	return driver_read32(state_of(c->bank, WINDOW_STATE_VIEW));
}

line_set driver_deliverable(const struct controller *c, line_set asserted)
{
	uint32_t view = holder[c->bank] == c
	                        ? read_view(c)
	                        /* where no line is routed to a bank, it stands still */
	                        : c->view;
	line_set inputs = to_inputs(controller_input, (asserted | c->owed) & c->lines) |
	                  (line_set)view;
	return to_lines(controller_input, inputs & (line_set)(view >> VIEW_ENABLED_SHIFT)) &
	       c->lines;
}

/* The slave's interrupts pass the master's input 2, so the master's ISR tells of both chips. */
bool driver_in_service(const struct controller *c)
{
	enum { ISR_SHIFT = 8 };
	uint64_t master = holder[c->bank] == c
	                          ? driver_read64(state_of(c->bank, WINDOW_STATE_MASTER))
	                          : c->state[0];
	return (uint8_t)(master >> ISR_SHIFT) != 0;
}

/* ---- Devices of several VMs (R15) ---- */

/* What has asserted on the lines that c shares: every sharer is owed it, but for c, where they were
 * routed to it. A sharer that waits is to be told, too: what was not masked has raised an NMI, and
 * the look that it leads to would find nothing any more. */
static __attribute__((noinline)) void collect_shared(const struct controller *c)
{
	line_set seen = driver_asserted() & c->shared;
	if (seen == 0)
		return;
	untold |= seen & (line_set)~masked;
	driver_acknowledge(seen);
	bool routed = (uint16_t)selected != 0; /* else it was brought in, and not entered */
	for (unsigned i = 0; i < known_count; i++)
		if (known[i] != c || !routed)
			known[i]->owed |= seen & known[i]->shared;
}

/* A request at the input of a shared line stays one: while c is away another sharer may serve its
 * device, and the line fall. */
static __attribute__((noinline)) void keep_requests(struct controller *c)
{
	line_set requests = (line_set)(holder[c->bank] == c ? read_view(c) : c->view);
	c->owed |= to_lines(controller_input, requests) & c->shared;
}

/* What is owed is held, in the bank or in the words that go there. No line is routed to it, so
 * nothing else changes it. */
static __attribute__((noinline)) void pay(struct controller *c)
{
	enum { HELD_SHIFT = 32, HELD_BYTE = HELD_SHIFT / 8 }; /* of a chip's word */
	line_set inputs = to_inputs(controller_input, c->owed);
	for (unsigned chip = 0; chip < 2; chip++) {
		uint8_t held = (uint8_t)(inputs >> 8 * chip);
		uint32_t byte = state_of(c->bank, WINDOW_STATE_SLAVE * chip + HELD_BYTE);
		if (holder[c->bank] != c)
			c->state[chip] |= (uint64_t)held << HELD_SHIFT;
		else if (held != 0)
			driver_write8(byte, driver_read8(byte) | held);
	}
	c->owed = 0;
}

/* ---- Save and restore ---- */

/* Every line to the VMM block. */
static inline void withdraw(void)
{
	if (__builtin_expect(sharing, 0))
		collect_shared(current);
	driver_write16(WINDOW_ROUTE, 0);
	selected &= ~0xffffull;
}

/* Out of the bank, which another controller is to have. */
static __attribute__((noinline)) void take_state(struct controller *c)
{
	c->view = read_view(c);
	read_state(c->bank, c->state);
	holder[c->bank] = NULL;
}

static __attribute__((noinline)) void put_state(struct controller *c)
{
	write_state(c->bank, c->state);
	holder[c->bank] = c;
}

int driver_save(struct controller *c, bool force)
{
	(void)force; /* the state is exact at any moment */
	withdraw();
	if (users[c->bank] > 1 && holder[c->bank] == c)
		take_state(c);
	if (__builtin_expect(c->shared != 0, 0))
		keep_requests(c);
	return 0;
}

void driver_restore(struct controller *c)
{
	if (__builtin_expect(c->owed != 0, 0))
		pay(c); /* what stands latched, the write to SELECT brings itself */
	if (holder[c->bank] != c)
		put_state(c);
	reported &= (line_set)~c->lines;
	current = c;
	sharing = c->shared != 0;
	chipset_standing.routed = c;
	chipset_standing.touched = true;
}

/* As one of a shared line that asserted while another sharer ran. */
void driver_request(struct controller *c, unsigned line)
{
	c->owed |= LINE(line);
}

void driver_route(struct controller *c)
{
	if (c != NULL) {
		driver_restore(c);
		return;
	}
	withdraw();
	current = chipset_standing.routed = NULL;
	sharing = false;
	chipset_standing.touched = true;
}
