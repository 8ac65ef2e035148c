/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of stock PC parts. ISA lines reach both the 8259 pair and the I/O APIC. The
 * pair and the I/O APIC together make the multiplexer:
 *
 *   routed to the controller: I/O APIC pin masked, 8259 mask as the guest wants it
 *   routed to the VMM block:  8259 mask bit 1 while a guest runs, pin in NMI delivery mode, until
 *                             the edge has been seen
 *
 * Rule: no interrupt is lost. The status register is kept in software. A line that is not routed
 * and has no status bit is armed. An armed line's first edge is an NMI. The 8259's IRR, where
 * masked lines latch too, tells the line. From then on the pin is masked and the assertion is held,
 * at no further cost, until the line's VM runs. Order matters wherever a route changes: arm the pin
 * first, then read IRR. An edge then shows as an NMI, in IRR, or as both.
 */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/nmi.h"
#include "arch/x86/log/log.h"
#include "arch/x86/machine/platform.h"
#include "chipset/pc/pc.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The multiplexers (Figure 2, 206). */
static struct {
	line_set claimed; /* lines that have an owner */
	/* Claimed lines that reach no I/O APIC pin. The VMM sees their requests only at a look. */
	line_set pinless;
	line_set served;    /* claimed lines that the VMM serves itself: always armed */
	line_set routed;    /* to the controller */
	line_set passed_on; /* their device goes from VM to VM */
} mux;

/* The VMM block (Figure 2, 210). */
static struct {
	line_set armed;    /* pins that raise NMI now: the lines that are not masked */
	line_set asserted; /* the status register */
} vmm_block;

/* The last save. */
static struct {
	line_set irr;
	bool is_new; /* no guest has run since the save, and no ICW1 was written */
} saved;

/* The host's NMI handler calls the function, wherever the VMM is, in the middle of ICWs too. (OCW3
 * does not disturb the ICW sequence, which waits for the data port.) An edge in IRR now may be gone
 * again when the dispatcher looks (a square wave's lower half, an ICW1). */
static void irr_snapshot(void)
{
	nmi_account_see(&nmi_account, pc_read_irr() & vmm_block.armed);
}

/* Takes the handler's snapshots of some lines, and leaves the snapshots of all others. */
static inline line_set take_lines(line_set lines)
{
	return (uint16_t)nmi_account_take_lines(&nmi_account, lines);
}

/* Returns all present requests and the requests that were present when an NMI came. */
static inline line_set take_irr(void)
{
	line_set irr = pc_read_irr();

	return irr | (uint16_t)nmi_account_take_seen(&nmi_account);
}

__attribute__((cold)) int pc_probe(void)
{
	if (!platform.has_8259) {
		log_line("chipset pc: this machine has no 8259 pair (MADT flags)");
		return -ENODEV;
	}
	if (platform.ioapic == 0) {
		log_line("chipset pc: no I/O APIC in the MADT; "
		         "it has to stand in for the VMM block");
		return -ENODEV;
	}
	for (unsigned chip = 0; chip < PICS; chip++)
		pc_program(chip, chip == PIC_MASTER ? 0x20 : 0x28, 1);
	pc_leave_slave();
	memset(&mux, 0, sizeof(mux));
	memset(&vmm_block, 0, sizeof(vmm_block));
	nmi_hook = irr_snapshot;
	return 0;
}

static inline void change_pin(unsigned line, bool arms)
{
	ioapic_write((unsigned)platform.line[line].pin, arms ? RTE_NMI : RTE_NMI | RTE_MASKED);
}

static void change_pins(line_set wanted)
{
	line_set before = vmm_block.armed;

	vmm_block.armed |= wanted; /* the NMI handler may look while the pins change */
	for (line_set change = wanted ^ before; change; change &= change - 1)
		change_pin(line_first(change), line_in(wanted, line_first(change)));
	vmm_block.armed = wanted;
}

/* Arms the lines that are neither routed nor asserted already, and disarms all others. Pins that
 * stay as they are cost no access. */
static inline void arm(void)
{
	line_set wanted = mux.claimed & ~(mux.routed | (vmm_block.asserted & ~mux.served));

	if (wanted != vmm_block.armed)
		change_pins(wanted);
}

/* A line of the VMM's own is never taken from the controller. By level (ELCR, ICH9 datasheet
 * 13.4.11) the line's request is the line's level. By edge, some controllers (QEMU's, KVM's) would
 * keep the request of an edge that was served long ago, and the VMM would look after the request at
 * every NMI. */
static void sense_by_level(line_set lines)
{
	line_set level = (uint16_t)(io_in8(PORT_ELCR1) | io_in8(PORT_ELCR2) << 8);

	if (level & (uint16_t)~ELCR_BITS) /* the register does not exist */
		return;
	level |= lines & ELCR_BITS;
	io_out8(PORT_ELCR1, (uint8_t)level);
	io_out8(PORT_ELCR2, (uint8_t)(level >> 8));
}

__attribute__((cold)) void pc_claim(line_set lines, bool by_vmm)
{
	chipset_present.dirty = true;
	if (lines >> 8 != 0)
		pc_use_slave();
	for (line_set rest = lines; rest; rest &= rest - 1) {
		unsigned line = line_first(rest);
		if (platform.line[line].pin < 0) {
			log_line("chipset pc: line %u reaches no I/O APIC pin: "
			         "held until its VM runs",
			         line);
			lines &= (uint16_t)~LINE(line);
			mux.pinless |= LINE(line);
		} else {
			ioapic_set_destination((unsigned)platform.line[line].pin, lapic_id());
		}
	}
	mux.claimed |= lines;
	mux.served |= by_vmm ? lines : 0;
	if (by_vmm)
		sense_by_level(lines);
	arm();
}

void pc_arm(void)
{
	arm();
	saved.is_new = false;
}

/* Takes into the status register the lines in irr whose pin is armed: an armed line has raised an
 * NMI. */
static inline void latch(line_set irr)
{
	line_set spoke = irr & (vmm_block.armed | (mux.pinless & ~mux.routed));

	if (spoke == 0)
		return;
	nmi_account_explain(&nmi_account);
	nmi_account_find(&nmi_account, spoke & ~vmm_block.asserted);
	vmm_block.asserted |= spoke;
}

/* ---- The account around an ICW1 of the VMM ---- */

/*
 * An initialisation of a chip by the VMM takes some 7 us on an ISA bus, and below 1 us in most
 * emulators. An initialisation was held up if the time is far above the quickest so far. Then the
 * processor waited at a port (QEMU, where the thread of the devices was at work), or was elsewhere
 * (KVM, SMI). Several lines may have risen meanwhile, and their NMIs are merged.
 */
enum { HELD_UP_TIMES = 3, HELD_UP_US = 5 };

static uint64_t quickest = UINT64_MAX; /* ticks of the quickest initialisation so far */

static unsigned count(line_set lines)
{
	unsigned n = 0;

	for (; lines; lines &= lines - 1)
		n++;
	return n;
}

/* Returns whether an initialisation of so many ticks was held up. */
static bool held_up(uint64_t took)
{
	if (took < quickest)
		quickest = took;
	return took > HELD_UP_TIMES * quickest && took > tsc_from_us(HELD_UP_US);
}

/* Finds the line of a request that ICW1 has dropped. If more NMIs have come than requests can be
 * found, ICW1 has dropped a request. The dropped request may be of any armed line of the chip, so
 * every armed line of the chip counts as asserted. A guest may find no cause; no guest loses an
 * interrupt. Where the VMM was held up, the count is no evidence. A single NMI may then be of a
 * line of the other chip, and stand for a dropped request too. seen: the handler's snapshots before
 * the ICW1. cold: an NMI came within the few microseconds of an ICW1. */
static __attribute__((cold)) void find_dropped(line_set inputs, line_set seen, uint32_t nmis,
                                               bool merged)
{
	/* A line of the VMM's own asserts again and again. */
	line_set known = vmm_block.asserted | (seen & (uint16_t)~mux.served);
	line_set found = (pc_read_irr() | (uint16_t)nmi_account.seen) & vmm_block.armed &
	                 (uint16_t)~known;
	if (merged || nmis > count(found))
		latch(inputs & vmm_block.armed);
}

void pc_program(unsigned chip, uint8_t icw2, uint8_t icw4)
{
	/* The snapshots are read first. An NMI between the two reads is then counted before, and
	 * the NMI's line is found after. In the other order the NMI would count and the line would
	 * not. */
	line_set seen = (uint16_t)nmi_account.seen;
	uint32_t nmis = nmi_count;
	uint64_t tsc = cpu_tsc();
	/* The look at IRR misses an edge between the look and ICW1, and ICW1 drops the edge. The
	 * edge's NMI has come when pc_initialise() ends. */
	line_set irr = pc_initialise(chip, icw2, icw4);
	nmi_account_see(&nmi_account, irr & vmm_block.armed);
	nmis = nmi_count - nmis;
	bool merged = held_up(cpu_tsc() - tsc);
	if (nmis != 0)
		find_dropped(chip == PIC_MASTER ? 0x00ff : 0xff00, seen, nmis, merged);
}

/* A guest may initialise its pair and then poll the pair, or the VMM's first look at the port may
 * be the answer to the guest's poll. Then the request of another VM's line goes into service. The
 * line has raised an NMI all the same. */
void pc_latch_service(void)
{
	latch(pc_read_isr());
}

/* Initialises the running VM's chip and keeps the requests. The VM's lines go through the block
 * meanwhile, so that the VMM sees the requests that ICW1 drops. */
void pc_reprogram(struct controller *c, unsigned chip, uint8_t icw2, uint8_t icw4)
{
	line_set inputs = c->lines & (chip == PIC_MASTER ? 0x00ff : 0xff00);
	uint32_t before = nmi_count;

	mux.routed = 0;
	arm();
	line_set requests = take_irr();
	latch(requests & ~c->lines);
	pc_program(chip, icw2, icw4);
	mux.routed = c->lines;
	arm();
	requests |= take_lines(c->lines) | vmm_block.asserted;
	vmm_block.asserted &= ~c->lines;
	nmi_account_take_back(&nmi_account, c->lines);
	if (nmi_count != before)
		nmi_account_explain(&nmi_account);
	c->inject |= requests & inputs & ~pc_read_irr_rarely();
}

/* ---- The status register ---- */

/*
 * NMI status and control, port 61h (ICH9 datasheet 13.7.1)
 *   7 SERR# | 6 IOCHK# | 3 IOCHK# disable and clear | 2 SERR# disable and clear
 */
static bool system_error(void)
{
	enum { PORT_NMI_STATUS = 0x61, NMI_SOURCES = 0xc0, NMI_CLEAR = 0x0c };
	uint8_t seen = io_in8(PORT_NMI_STATUS);
	if (!(seen & NMI_SOURCES))
		return false;
	io_out8(PORT_NMI_STATUS, (seen & 0x03) | NMI_CLEAR);
	io_out8(PORT_NMI_STATUS, seen & 0x0f);
	return true;
}

/* Silences lines that have just been found: from now on their assertions are held. */
static inline void silence(line_set found)
{
	for (line_set rest = found & vmm_block.armed & ~mux.served; rest; rest &= rest - 1)
		change_pin(line_first(rest), false);
	vmm_block.armed &= ~(found & ~mux.served);
}

void pc_gather(void)
{
	line_set irr = pc_read_irr(), seen = (uint16_t)nmi_account_take_seen(&nmi_account);

	latch(irr | seen);
	/* the line was armed when its NMI came, and may have been silenced since */
	if (seen != 0)
		nmi_account_explain(&nmi_account);
}

struct chipset_status pc_report(unsigned nmis)
{
	struct chipset_status s = { .asserted = vmm_block.asserted,
		                    .fresh = (uint16_t)nmi_account_tell(&nmi_account) };

	silence(s.fresh);
	/* Edges of a line that was armed all the time may have raised several NMIs. So a line that
	 * was found explains all NMIs, unless the chipset itself reports another source. The read
	 * of port 61h clears the source. */
	bool told = nmi_account_asks_source(&nmi_account, nmis) && system_error();
	s.external = nmi_account_judge(&nmi_account, nmis, told);
	/* in a storm NMIs are blocked, and an NMI may wait */
	nmi_account_settle_lines(&nmi_account, nmi_count != 0 || nmis >= NMI_STORM);
	return s;
}

/* Most often there is a single line and no special case. In all other cases the IRR value is not
 * lost: the request stays in IRR, or the next look finds the request in the account. */
int pc_identify_line(void)
{
	line_set irr = pc_look(), fresh = irr & vmm_block.armed & ~vmm_block.asserted;
	bool sole = fresh != 0 && (fresh & (fresh - 1)) == 0;

	if (!sole || !nmi_account_has_no_line(&nmi_account) || !pc_masks_of_others_stand()) {
		nmi_account_see(&nmi_account, fresh);
		return -1;
	}
	unsigned line = line_first(fresh);
	vmm_block.asserted |= fresh;
	if (!(fresh & mux.served)) {
		change_pin(line, false);
		vmm_block.armed &= ~fresh;
	}
	return (int)line;
}

/* Two edges of a line can fall between an NMI exit and the look at the lines. The line accounts for
 * the second NMI too. */
void pc_hear(void)
{
	nmi_account_explain(&nmi_account);
}

line_set pc_asserted(void)
{
	return vmm_block.asserted;
}

/* A pin that is not in NMI delivery mode raises no NMI. */
line_set pc_masked(void)
{
	return mux.claimed & ~vmm_block.armed;
}

void pc_acknowledge(line_set lines)
{
	vmm_block.asserted &= ~lines;
}

/* Keep the NMI handler from looking at the chips, and make up for the looks. look_away() returns
 * the NMIs so far, for look_again(). */
static uint32_t look_away(void)
{
	nmi_hook = NULL;
	return nmi_count;
}

static void look_again(uint32_t before)
{
	nmi_hook = irr_snapshot;
	if (nmi_count != before)
		irr_snapshot();
}

void pc_pass_on(line_set lines)
{
	mux.passed_on |= lines;
}

/* Ends the request of an edge-triggered line that was served, or whose request went elsewhere, and
 * whose request is still latched.
 * (ELCR has no level mode for lines 0 to 2, 8 and 13.) The chip takes the request as if the
 * processor had taken the interrupt. A line that rises meanwhile is a new edge. The NMI handler
 * does not look at the chip between a poll and the answer: the handler would get the answer. */
void pc_settle(line_set lines)
{
	lines &= pc_read_irr_rarely() & (mux.served | mux.passed_on) & 0x00ff;
	for (; lines; lines &= lines - 1) {
		uint32_t before = look_away();
		pc_take_request(line_first(lines));
		look_again(before);
	}
}

uint8_t pc_poll(unsigned chip)
{
	uint32_t before = look_away();
	uint8_t answer = pc_poll_chip(chip);

	look_again(before);
	return answer;
}

/* ---- The multiplexers' part of save and restore ---- */

void pc_connect(line_set lines)
{
	mux.routed = lines;
	arm();
}

void pc_keep_requests(const struct controller *c)
{
	saved.irr = pc_leave_irr();
	saved.is_new = true;
	line_set own = (saved.irr & c->lines) | take_lines(c->lines);
	vmm_block.asserted |= own | (c->inject & c->lines);
	arm();
}

void pc_latch_requests(void)
{
	latch(take_irr());
	saved.is_new = false;
}

/* Returns IRR for the lines of c. The chips are not read where no line of c has asserted, because
 * IRR has no effect then. The chips are not read either where the save has just read the chips and
 * no NMI came since. */
static inline line_set requests_of(const struct controller *c)
{
	if (((vmm_block.asserted | c->shared) & c->lines) == 0 && nmi_count == 0)
		return 0;
	line_set irr = saved.is_new && nmi_count == 0 ? saved.irr : pc_read_irr();
	return irr & c->lines;
}

void pc_hand_over(struct controller *c)
{
	line_set was_armed = vmm_block.armed & c->lines;

	mux.routed = c->lines;
	arm();
	line_set irr = requests_of(c);
	line_set seen = take_lines(c->lines) & was_armed;
	/* an NMI of c's lines is still to be taken */
	if ((irr & was_armed) | seen)
		nmi_account_explain(&nmi_account);
	nmi_account_settle_lines(&nmi_account, nmi_count != 0);
	vmm_block.asserted |= seen;
	/* The chip itself delivers the requests that the chip still holds. The VMM has to inject
	 * requests that the chip lost or never saw. The other VM may have taken a shared line's
	 * request, so this VM gets a request in each turn and can look at the device. */
	c->inject |= (vmm_block.asserted | c->shared) & c->lines & ~irr;
	vmm_block.asserted &= ~c->lines;
	nmi_account_take_back(&nmi_account, c->lines);
}
