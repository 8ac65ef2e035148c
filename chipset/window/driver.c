/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drives the chipset block by its register window. See the header for the rule.
 *
 * A VM's state is in the VM's bank of interrupt controllers. Where every VM has a bank alone (R16),
 * the state stays in the bank. A switch is then two accesses: the first routes every line to the
 * VMM block, and the later access writes route, mask and bank at once. Where VMs have a bank in
 * common, the save reads the state and the restore writes the state, by three words each.
 */
#include "chipset/window/driver.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"

#include <stddef.h>
#include <string.h>

/* The window, as driver_init() was given the window. */
static struct driver_window window;

/* Accesses to the window by size; offset as in block/window.h. Reads return the value. */
#define DRIVER_READ(bits)                                                                 \
	static inline uint##bits##_t driver_read##bits(uint32_t offset)                   \
	{                                                                                 \
		if (window.address != 0)                                                  \
			return mmio_read##bits(window.address + offset);                  \
		return (uint##bits##_t)block_window_read(window.model, offset, bits / 8); \
	}

#define DRIVER_WRITE(bits)                                                           \
	static inline void driver_write##bits(uint32_t offset, uint##bits##_t value) \
	{                                                                            \
		if (window.address != 0)                                             \
			mmio_write##bits(window.address + offset, value);            \
		else                                                                 \
			write_model(offset, bits / 8, value);                        \
	}

/* cold: the window is a model in memory only where the machine has no block. */
static __attribute__((cold)) void write_model(uint32_t offset, unsigned size, uint64_t value)
{
	block_window_write(window.model, offset, size, value);
	soft_written();
}

DRIVER_READ(8)
DRIVER_READ(16)
DRIVER_READ(32)
DRIVER_READ(64)
DRIVER_WRITE(8)
DRIVER_WRITE(16)
DRIVER_WRITE(64)

enum { CONTROLLERS_MAX = 64 };

/* The controllers, from the first reset on. */
static struct {
	struct controller *known[CONTROLLERS_MAX]; /* in the order of their first reset */
	unsigned count;
} controllers;

static struct {
	unsigned in_use;            /* the controllers have the banks in turn */
	uint8_t users[BLOCK_BANKS]; /* how many controllers have the bank */
	/* the controller whose state is in the bank */
	const struct controller *holder[BLOCK_BANKS];
} banks;

/* The multiplexers (Figure 2, 206). */
static struct {
	/* The controller whose lines are routed to its bank, or were last. NULL: none. */
	const struct controller *current;
	bool sharing;      /* some of current's lines are shared */
	uint64_t selected; /* WINDOW_SELECT as written last */
} mux;

/* The lines' inputs. */
static struct {
	bool changed; /* a line enters an input that is not of the line's own number */
	uint64_t controller_input, block_input;
	line_set firmware_level; /* lines that the firmware made level triggered */
} wiring;

/* The VMM block (Figure 2, 210): the driver's notes beside the block's own registers. */
static struct {
	line_set claimed; /* lines with an owner */
	line_set served;  /* claimed lines of the VMM's own */
	line_set masked;  /* by the dispatcher, and all reported lines */
	/* told to the dispatcher, masked until the acknowledge */
	line_set reported;
} vmm_block;

/* ---- Lines and inputs ---- */

/* cold: lines enter other inputs only after driver_wire(). */
static __attribute__((cold)) line_set scatter(uint64_t inputs, line_set lines)
{
	line_set set = 0;

	for (; lines; lines &= lines - 1)
		set |= LINE(line_input(inputs, line_first(lines)));
	return set;
}

/* cold: as scatter(). */
static __attribute__((cold)) line_set gather(uint64_t inputs, line_set set)
{
	line_set lines = 0;

	for (unsigned line = 0; line < LINES; line++)
		lines |= line_in(set, line_input(inputs, line)) ? LINE(line) : 0;
	return lines;
}

static inline line_set to_inputs(uint64_t inputs, line_set lines)
{
	return !wiring.changed ? lines : scatter(inputs, lines);
}

/* Returns the lines with an owner that enter the inputs in set. */
static inline line_set to_lines(uint64_t inputs, line_set set)
{
	return (!wiring.changed ? set : gather(inputs, set)) & vmm_block.claimed;
}

__attribute__((cold)) void driver_wire(unsigned line, unsigned to_controller, unsigned to_block)
{
	wiring.controller_input = line_set_input(wiring.controller_input, line, to_controller);
	wiring.block_input = line_set_input(wiring.block_input, line, to_block);
	wiring.changed = true;
	driver_write64(WINDOW_CONTROLLER_INPUT, wiring.controller_input);
	driver_write64(WINDOW_BLOCK_INPUT, wiring.block_input);
}

/* ---- Banks ---- */

static inline uint32_t state_of(unsigned bank, uint32_t word)
{
	return WINDOW_STATE + bank * WINDOW_STATE_STRIDE + word;
}

/* Moves the words one after the other. Reading and writing are apart from the fast path, because a
 * switch counts its instructions. cold: as write_model(). */
static __attribute__((cold)) void move_slowly(unsigned bank, uint64_t words[PAIR_WORDS], bool out)
{
	for (unsigned word = 0; word < PAIR_WORDS; word++)
		if (out)
			driver_write64(state_of(bank, 8 * word), words[word]);
		else
			words[word] = driver_read64(state_of(bank, 8 * word));
}

static inline void read_state(unsigned bank, uint64_t words[PAIR_WORDS])
{
	if (window.address == 0) {
		move_slowly(bank, words, false);
		return;
	}
	mmio_read_3x64(window.address + state_of(bank, WINDOW_STATE_MASTER), words);
}

static inline void write_state(unsigned bank, uint64_t words[PAIR_WORDS])
{
	if (window.address == 0) {
		move_slowly(bank, words, true);
		return;
	}
	mmio_write_3x64(window.address + state_of(bank, WINDOW_STATE_MASTER), words);
}

__attribute__((cold)) unsigned driver_banks(unsigned wanted)
{
	unsigned there = driver_read32(WINDOW_CAPABILITY) & 0xff;

	/* there is a connected bank in any case */
	there = there == 0 ? 1 : there < BLOCK_BANKS ? there : BLOCK_BANKS;
	banks.in_use = wanted != 0 && wanted < there ? wanted : there;
	return there;
}

__attribute__((cold)) void driver_init(const struct driver_window *given)
{
	enum { ELCR = 5 }; /* byte of a chip's word */
	window = *given;
	controllers.count = 0;
	memset(&banks, 0, sizeof(banks));
	banks.in_use = 1; /* until driver_banks() */
	mux.current = NULL;
	mux.sharing = false;
	vmm_block.claimed = vmm_block.served = vmm_block.masked = vmm_block.reported = 0;
	wiring.changed = false;
	wiring.controller_input = wiring.block_input = LINE_INPUTS_OWN;
	wiring.firmware_level = driver_read8(state_of(0, WINDOW_STATE_MASTER + ELCR)) |
	                        (uint16_t)(driver_read8(state_of(0, WINDOW_STATE_SLAVE + ELCR))
	                                   << 8);
	driver_write16(WINDOW_LEVEL, wiring.firmware_level);
	mux.selected = 0xffff0000;
	driver_write64(WINDOW_SELECT, mux.selected);
}

static __attribute__((cold)) void assign_bank(struct controller *c)
{
	c->window.known = true;
	c->window.bank = (uint16_t)(controllers.count % banks.in_use);
	banks.users[c->window.bank]++;
	controllers.known[controllers.count++] = c;
}

/* Puts route, share and bank of c in their places of the register. */
static void prepare_select(struct controller *c)
{
	c->window.select = c->lines | (uint64_t)c->shared << 32 | (uint64_t)c->window.bank << 48;
}

__attribute__((cold)) void driver_reset(struct controller *c, line_set lines, line_set shared)
{
	bool was_known = c->window.known;
	uint16_t bank = c->window.bank;

	*c = (struct controller){
		.lines = lines,
		.shared = shared,
		.keeps = c->keeps | shared,
		.unwired = c->unwired,
		.window = { .known = was_known, .bank = bank, .all = lines | c->unwired }
	};
	if (!was_known)
		assign_bank(c);
	prepare_select(c);
	if (banks.holder[c->window.bank] == c)
		banks.holder[c->window.bank] = NULL;
	struct pair fresh;
	/* Never initialised. Edge and level as the firmware has set the lines, at the lines'
	 * inputs. */
	pair_reset(&fresh);
	line_set inputs = to_inputs(wiring.controller_input, lines);
	line_set level = (wiring.firmware_level & (uint16_t)~inputs) |
	                 to_inputs(wiring.controller_input, wiring.firmware_level & lines);
	pair_port_write(&fresh, PORT_ELCR1, (uint8_t)level);
	pair_port_write(&fresh, PORT_ELCR2, (uint8_t)(level >> 8));
	for (unsigned word = 0; word < PAIR_WORDS; word++)
		c->window.state[word] = pair_word(&fresh, word);
}

/* ---- Route, mask, status ---- */

__attribute__((cold)) void driver_claim(line_set lines, bool by_vmm)
{
	vmm_block.claimed |= lines;
	vmm_block.served |= by_vmm ? lines : 0;
	for (unsigned i = 0; i < controllers.count; i++)
		prepare_select(controllers.known[i]); /* another sharer may have come */
	chipset_present.dirty = true;
}

/* 402 and 404, in a single access. No access where no value would change. */
void driver_mask(line_set wanted)
{
	vmm_block.masked = wanted | vmm_block.reported;
	if (nmi_account_has_pulses(&nmi_account) && nmi_count == 0)
		nmi_account_drop_pulses(&nmi_account);
	line_set open = to_inputs(wiring.block_input,
	                          vmm_block.claimed & (uint16_t)~vmm_block.masked);
	uint64_t select = (uint64_t)(uint16_t)~open << 16;
	if (mux.current != NULL)
		select |= mux.current->window.select;
	if (select != mux.selected) {
		mux.selected = select;
		driver_write64(WINDOW_SELECT, select);
	}
}

static inline line_set note(uint32_t status)
{
	line_set fresh = to_lines(wiring.block_input, (uint16_t)status) &
	                 (uint16_t)~vmm_block.masked;

	vmm_block.reported |= fresh & (uint16_t)~vmm_block.served;
	vmm_block.masked |= fresh & (uint16_t)~vmm_block.served;
	return fresh;
}

/* R06: a pulse that the block counts explains an NMI. The external bit tells of the external
 * signal. */
struct chipset_status driver_read_status(unsigned nmis)
{
	uint32_t status = driver_read32(WINDOW_STATUS);
	line_set unreported = (uint16_t)nmi_account_tell(&nmi_account);
	struct chipset_status s = { .asserted = to_lines(wiring.block_input, (uint16_t)status) |
		                                unreported,
		                    .fresh = note(status) | unreported };
	bool told = status & WINDOW_STATUS_EXTERNAL;

	nmi_account_add_pulses(&nmi_account, status >> WINDOW_STATUS_PULSES_SHIFT);
	s.external = nmi_account_judge(&nmi_account, nmis, told);
	if (told)
		driver_write8(WINDOW_STATUS + 2, WINDOW_STATUS_EXTERNAL >> 16);
	chipset_present.dirty = true;
	return s;
}

int driver_identify_line(void)
{
	uint32_t status = driver_read32(WINDOW_STATUS);
	line_set fresh = to_lines(wiring.block_input, (uint16_t)status) &
	                 (uint16_t)~vmm_block.masked;
	line_set all = fresh | (uint16_t)nmi_account.found;
	bool sole = fresh != 0 && (all & (all - 1)) == 0;

	nmi_account_add_pulses(&nmi_account, status >> WINDOW_STATUS_PULSES_SHIFT);
	if (!sole || status & WINDOW_STATUS_EXTERNAL || !nmi_account_take_pulse(&nmi_account))
		return -1;
	(void)note(status);
	chipset_present.dirty = true;
	return (int)line_first(fresh);
}

line_set driver_asserted(void)
{
	return to_lines(wiring.block_input, driver_read16(WINDOW_STATUS));
}

line_set driver_masked(void)
{
	return to_lines(wiring.block_input, (uint16_t)(driver_read64(WINDOW_SELECT) >> 16));
}

void driver_raise_external(void)
{
	driver_write8(WINDOW_EXTERNAL, 1);
}

void driver_acknowledge(line_set lines)
{
	vmm_block.reported &= (uint16_t)~lines;
	chipset_present.dirty = true;
	driver_write16(WINDOW_STATUS, to_inputs(wiring.block_input, lines));
}

static inline uint32_t read_view(const struct controller *c)
{
	return driver_read32(state_of(c->window.bank, WINDOW_STATE_VIEW));
}

/* Returns the inputs of the lines of c in the set. An unwired line enters its own input. */
static line_set inputs_of(const struct controller *c, line_set lines)
{
	line_set unwired = lines & c->unwired;

	return to_inputs(wiring.controller_input, lines ^ unwired) | unwired;
}

/* Does driver_deliverable()'s last step, where lines enter other inputs. cold: as scatter(). */
static __attribute__((cold)) line_set deliverable_elsewhere(const struct controller *c,
                                                            line_set asking, uint32_t view)
{
	line_set inputs = (inputs_of(c, asking) | (uint16_t)view) &
	                  (uint16_t)(view >> VIEW_ENABLED_SHIFT);

	return (to_lines(wiring.controller_input, inputs) & c->lines) | (inputs & c->unwired);
}

line_set driver_deliverable(const struct controller *c, line_set asserted)
{
	uint32_t view = banks.holder[c->window.bank] == c
	                        ? read_view(c)
	                        /* a bank to which no line is routed does not change */
	                        : c->window.view;
	line_set asking = (asserted | c->window.pending_shared) & c->window.all;

	if (wiring.changed)
		return deliverable_elsewhere(c, asking, view);
	return (asking | (uint16_t)view) & (uint16_t)(view >> VIEW_ENABLED_SHIFT) & c->window.all;
}

/* The slave's interrupts pass the master's input 2, so the master's ISR tells of both chips. */
bool driver_in_service(const struct controller *c)
{
	enum { ISR_SHIFT = 8 };
	uint64_t master = banks.holder[c->window.bank] == c
	                          ? driver_read64(state_of(c->window.bank, WINDOW_STATE_MASTER))
	                          : c->window.state[0];
	return (uint8_t)(master >> ISR_SHIFT) != 0;
}

/* ---- Devices of several VMs (R15) ---- */

/* Collects the assertions on the lines that c shares. Every other VM that shares the line gets a
 * pending request. c gets none where the lines were routed to c. A VM that waits is to be told too:
 * a line that was not masked has raised an NMI, and the look after the NMI would find no status bit
 * any more. cold: only lines of several VMs are
 * shared. */
static __attribute__((cold)) void collect_shared(const struct controller *c)
{
	line_set seen = driver_asserted() & c->shared;

	if (seen == 0)
		return;
	line_set unreported = seen & (uint16_t)~vmm_block.masked;
	nmi_account_find(&nmi_account, unreported);
	driver_acknowledge(seen);
	bool routed = (uint16_t)mux.selected != 0; /* else c was restored and did not enter */
	for (unsigned i = 0; i < controllers.count; i++) {
		struct controller *sharer = controllers.known[i];
		if (sharer != c || !routed)
			sharer->window.pending_shared |= seen & sharer->shared;
	}
}

/* Keeps the requests at the inputs of shared lines, and of lines whose device goes to another VM.
 * While c is away another VM may serve the device, and the line may fall. cold: as
 * collect_shared(). */
static __attribute__((cold)) void keep_requests(struct controller *c)
{
	line_set requests = (uint16_t)(banks.holder[c->window.bank] == c ? read_view(c)
	                                                                 : c->window.view);

	c->window.pending_shared |= to_lines(wiring.controller_input, requests) & c->keeps;
}

/* Returns the place of a chip's held requests in the state of c's bank. */
static inline uint32_t held_byte(const struct controller *c, unsigned chip)
{
	enum { HELD_BYTE = 4 }; /* of a chip's word */

	return state_of(c->window.bank, WINDOW_STATE_SLAVE * chip + HELD_BYTE);
}

/* Makes held requests of c's pending shared lines, in the bank or in the words for the bank. No
 * line is routed to the bank, so no other event changes the bank. cold: as collect_shared(). */
static __attribute__((cold)) void deliver_pending_shared(struct controller *c)
{
	enum { HELD_SHIFT = 32 }; /* in a chip's word */
	line_set inputs = inputs_of(c, c->window.pending_shared);

	for (unsigned chip = 0; chip < 2; chip++) {
		uint8_t held = (uint8_t)(inputs >> 8 * chip);
		uint32_t byte = held_byte(c, chip);
		if (banks.holder[c->window.bank] != c)
			c->window.state[chip] |= (uint64_t)held << HELD_SHIFT;
		else if (held != 0)
			driver_write8(byte, driver_read8(byte) | held);
	}
	c->window.pending_shared = 0;
}

/* ---- Save and restore ---- */

/* Routes every line to the VMM block. */
static inline void route_all_to_block(void)
{
	if (mux.sharing)
		collect_shared(mux.current);
	driver_write16(WINDOW_ROUTE, 0);
	mux.selected &= ~0xffffull;
}

/* Takes the state out of the bank, because another controller is to have the bank. */
static void take_state(struct controller *c)
{
	c->window.view = read_view(c);
	read_state(c->window.bank, c->window.state);
	banks.holder[c->window.bank] = NULL;
}

static void put_state(struct controller *c)
{
	write_state(c->window.bank, c->window.state);
	banks.holder[c->window.bank] = c;
}

int driver_save(struct controller *c, bool force)
{
	(void)force; /* the state is exact at any moment */
	route_all_to_block();
	if (banks.users[c->window.bank] > 1 && banks.holder[c->window.bank] == c)
		take_state(c);
	if (c->keeps != 0)
		keep_requests(c);
	return 0;
}

void driver_restore(struct controller *c)
{
	if (c->window.pending_shared != 0)
		deliver_pending_shared(c); /* SELECT's write brings the latched assertions */
	if (banks.holder[c->window.bank] != c)
		put_state(c);
	vmm_block.reported &= (uint16_t)~c->lines;
	mux.current = c;
	mux.sharing = c->shared != 0;
	chipset_present.routed = c;
	chipset_present.dirty = true;
}

/* Handled like a shared line that asserted while another sharer ran. */
void driver_request(struct controller *c, unsigned line)
{
	c->window.pending_shared |= LINE(line);
}

/* A held request stays until the guest takes it; here the device takes it back. */
void driver_drive(struct controller *c, unsigned line, bool high)
{
	uint32_t byte = held_byte(c, line / 8);
	uint8_t held = driver_read8(byte), bit = (uint8_t)(1u << line % 8);

	driver_write8(byte, high ? held | bit : held & (uint8_t)~bit);
}

void driver_route(struct controller *c)
{
	if (c != NULL) {
		driver_restore(c);
		return;
	}
	route_all_to_block();
	mux.current = chipset_present.routed = NULL;
	mux.sharing = false;
	chipset_present.dirty = true;
}
