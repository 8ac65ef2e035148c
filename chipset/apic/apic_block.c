/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The multiplexers and the VMM block: the pins of the I/O APIC.
 *
 *   routed to the controller: the pin delivers the vector of the guest's redirection entry
 *   routed to the VMM block:  the pin is in NMI delivery mode, until the edge has been seen; then
 *                             the pin is masked, and the assertion is held in software
 *
 * Rule: no interrupt is lost. A line that is not routed, and that its guest has open, is armed. An
 * armed line's first edge is an NMI, and the 8259's IRR tells the line (apic_status.c). A pin is
 * armed first and IRR looked at afterwards: an edge then shows as an NMI, in IRR, or as both.
 *
 * A line that its guest has masked stays masked at the pin, whoever runs: whether a masked pin
 * keeps an edge is the machine's own affair.
 */
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "chipset/apic/apic.h"

struct controller *apic_current;

/* The multiplexers (Figure 2, 206), and the VMM block (Figure 2, 210). */
static struct {
	line_set claimed;  /* lines that have an owner and a pin */
	line_set served;   /* claimed lines that the VMM serves itself: always armed */
	line_set open;     /* lines that a guest has open */
	line_set direct;   /* pins that deliver a vector now */
	line_set armed;    /* pins that raise NMI now */
	line_set asserted; /* the status register */
	const struct controller *routed;
} block;

/* The host's NMI handler calls the function, wherever the VMM is. */
static void snapshot(void)
{
	nmi_account_see(&nmi_account, (uint32_t)(apic_status_read() & block.armed));
}

void apic_block_init(void)
{
	apic_status_init();
	nmi_hook = snapshot;
}

static inline void write_pin(unsigned line)
{
	const struct line_pin *pin = &platform.line[line];
	uint32_t low = RTE_MASKED;

	if (line_in(block.armed, line))
		low = RTE_NMI;
	else if (line_in(block.direct, line))
		low = apic_line_vector(block.routed, line);
	ioapic_write((unsigned)pin->pin, low | (pin->low ? RTE_LOW : 0));
}

/* Takes into the status register the lines of the set that are armed. */
static inline void latch(line_set irr)
{
	line_set spoke = irr & block.armed;

	if (spoke == 0)
		return;
	nmi_account_explain(&nmi_account);
	nmi_account_find(&nmi_account, (uint32_t)(spoke & ~block.asserted));
	block.asserted |= spoke;
}

static unsigned count(line_set lines)
{
	unsigned n = 0;

	for (; lines; lines &= lines - 1)
		n++;
	return n;
}

/* NMIs have come while edges were forgotten. An NMI without a line to explain it may be of an armed
 * line whose edge was forgotten: then each armed line of these chips counts as asserted. A guest
 * may find no cause; no guest loses an interrupt. earlier: lines seen before. */
static __attribute__((cold)) void explain_nmis(line_set chips, line_set earlier, uint32_t nmis)
{
	line_set found = (apic_status_read() | nmi_account.seen) & block.armed;

	found &= ~earlier | block.served;
	if (nmis > count(found) || nmi_count >= NMI_STORM)
		latch(chips & ~block.served);
}

/* Forgets the edges of lines that are delivered already. Best done before the lines' pins are
 * armed: an edge that comes meanwhile is delivered too. */
static void forget_edges(line_set lines)
{
	line_set chips = (lines & 0xff ? 0xff : 0) | (lines & 0xff00 ? 0xff00 : 0);
	line_set earlier = nmi_account.seen;
	uint32_t before = nmi_count;

	nmi_account_see(&nmi_account, (uint32_t)(apic_status_read() & block.armed & ~lines));
	apic_status_clear(lines);
	uint32_t nmis = nmi_count - before;
	if (nmis != 0)
		explain_nmis(chips, earlier, nmis);
}

/* Sets the pins by the routes and the status. Pins that stay as they are cost no access. */
static void set_pins(void)
{
	line_set own = block.routed != NULL ? block.routed->lines & block.open : 0;
	line_set armed = block.claimed & ~own & (block.served | (block.open & ~block.asserted));
	line_set direct = block.claimed & own;
	line_set change = (armed ^ block.armed) | (direct ^ block.direct);

	if (change == 0)
		return;
	line_set anew = armed & ~block.armed & ~block.served;

	line_set stale = anew != 0 ? apic_status_read() & anew : 0;

	if (stale != 0)
		forget_edges(stale);
	uint32_t before = nmi_count;
	block.armed = armed;
	block.direct = direct;
	for (; change; change &= change - 1)
		write_pin(line_first(change));
	if (anew == 0 || nmi_count != before)
		return;
	stale = apic_status_read() & anew; /* edges right before their pins were armed */
	if (stale != 0 && nmi_count == before)
		forget_edges(stale);
}

void apic_connect(const struct controller *c)
{
	line_set before = block.armed;

	block.routed = c;
	set_pins();
	/* lines whose NMI was counted, and that no code has looked for yet */
	line_set gone = before & ~block.armed;
	if (gone == 0 || (nmi_count == 0 && nmi_account.seen == 0))
		return;
	gone &= apic_status_read() | nmi_account_take_lines(&nmi_account, (uint32_t)gone);
	if (gone != 0) {
		block.asserted |= gone;
		nmi_account_explain(&nmi_account);
	}
}

void apic_block_lend(line_set lines)
{
	block.claimed = lines;
	block.direct = 0;
}

line_set apic_take_held(const struct controller *c)
{
	line_set held = (block.asserted | c->shared) & c->lines & c->apic.open;

	block.asserted &= ~held;
	nmi_account_take_back(&nmi_account, (uint32_t)held);
	return held;
}

__attribute__((cold)) void apic_follow_entry(const struct controller *c, unsigned line)
{
	if (c->apic.open & LINE(line))
		block.open |= LINE(line);
	else if (!(c->shared & LINE(line)))
		block.open &= ~LINE(line);
	set_pins();
	if (line_in(block.direct, line)) /* with another vector */
		write_pin(line);
}

__attribute__((cold)) void apic_claim(line_set lines, bool by_vmm)
{
	for (line_set rest = lines; rest; rest &= rest - 1) {
		unsigned line = line_first(rest);
		if (platform.line[line].pin < 0) {
			log_line("chipset apic: line %u reaches no I/O APIC pin: its interrupts "
			         "never come",
			         line);
			lines &= ~LINE(line);
		} else {
			ioapic_set_destination((unsigned)platform.line[line].pin, lapic_id());
		}
	}
	block.claimed |= lines;
	block.served |= by_vmm ? lines : 0;
	apic_status_listen(lines, by_vmm);
	set_pins();
}

void apic_mask(line_set masked)
{
	/* An NMI latches every first edge, masked or not. The dispatcher knows which line ends a
	 * turn. */
	(void)masked;
	set_pins();
}

/* ---- The status register ---- */

static void silence(line_set found)
{
	found &= block.armed & ~block.served;
	block.armed &= ~found;
	for (; found; found &= found - 1)
		write_pin(line_first(found));
}

struct chipset_status apic_read_status(unsigned nmis)
{
	line_set irr = apic_status_read(), seen = nmi_account_take_seen(&nmi_account);

	latch(irr | seen);
	/* the line was armed when its NMI came, and may have been silenced since */
	if (seen != 0)
		nmi_account_explain(&nmi_account);
	struct chipset_status s = { .asserted = block.asserted,
		                    .fresh = nmi_account_tell(&nmi_account) };
	silence(s.fresh);
	s.external = nmi_account_judge(&nmi_account, nmis, false);
	nmi_account_settle_lines(&nmi_account, nmi_count != 0 || nmis >= NMI_STORM);
	return s;
}

int apic_identify_line(void)
{
	line_set fresh = apic_status_read() & block.armed & ~block.asserted;

	if (fresh == 0 || (fresh & (fresh - 1)) != 0 || !nmi_account_has_no_line(&nmi_account)) {
		nmi_account_see(&nmi_account, (uint32_t)fresh);
		return -1;
	}
	block.asserted |= fresh;
	silence(fresh);
	return (int)line_first(fresh);
}

void apic_echo(void)
{
	nmi_account_explain(&nmi_account);
}

line_set apic_asserted(void)
{
	return block.asserted;
}

line_set apic_masked(void)
{
	return block.claimed & ~block.armed;
}

void apic_acknowledge(line_set lines)
{
	chipset_present.dirty |= (lines & ~block.served) != 0; /* to be armed again */
	block.asserted &= ~lines;
}
