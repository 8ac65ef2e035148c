/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chipset block out of stock PC parts. ISA lines reach both the 8259 pair and the I/O APIC. The
 * pair and the I/O APIC together make the multiplexer:
 *
 *   routed to the controller: I/O APIC pin masked, 8259 mask as the guest wants it
 *   routed to the VMM block:  8259 mask bit 1, pin in NMI delivery mode, until the edge has been
 *                             seen
 *
 * Rule: no interrupt is lost. The status register is kept in software. A line that is not routed
 * and has no status bit is armed. An armed line's first edge is an NMI. The 8259's IRR, where
 * masked lines latch too, tells the line. From then on the pin is masked and the assertion is held,
 * at no further cost, until the line's VM runs. Order matters wherever a route changes: arm the pin
 * first, then mask the 8259, then read IRR. An edge then shows as an NMI, in IRR, or as both.
 */
#include "chipset/pc.h"
#include "arch/x86/io.h"
#include "arch/x86/log.h"
#include "arch/x86/nmi.h"
#include "arch/x86/platform.h"
#include "chipset/pirq.h"

#include <errno.h>

static line_set claimed; /* lines that have an owner */
/* Claimed lines that reach no I/O APIC pin. The VMM sees their requests only at a look. */
static line_set pinless;
static line_set served;     /* claimed lines that the VMM serves itself: always armed */
static line_set routed;     /* to the controller */
static line_set asserted;   /* the status register */
static line_set armed;      /* pins that raise NMI now */
static line_set unreported; /* asserted, and the dispatcher was not told yet */
/* a line has been found: the line accounts for the NMIs that are under way */
static bool heard;
static line_set irr_at_save;       /* IRR at the last save */
static bool irr_is_new;            /* no guest has run since irr_at_save, and no ICW1 was written */
static struct controller *current; /* the controller that is in the chips */
/* IRR at the NMI handler's looks. The handler sets bits; take_irr() takes all bits. */
static volatile uint32_t glimpsed;

/* The host's NMI handler calls the function, wherever the VMM is, in the middle of ICWs too. (OCW3
 * does not disturb the ICW sequence, which waits for the data port.) An edge in IRR now may be gone
 * again when the dispatcher looks (a square wave's lower half, an ICW1). */
static void glimpse(void)
{
	glimpsed |= pc_read_irr() & armed;
}

/* Takes the bits that the handler left, in a single instruction, so that no NMI falls between
 * reading and clearing. */
static inline uint32_t take(volatile uint32_t *from)
{
	uint32_t value = 0;
	__asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(*from));
	return value;
}

/* Returns all present requests and the requests that were present when an NMI came. */
static inline line_set take_irr(void)
{
	line_set irr = pc_read_irr();
	return irr | (line_set)take(&glimpsed);
}

static int probe(void)
{
	if (!platform.has_8259) {
		log_line("chipset pc: this machine has no 8259 pair (MADT flags)");
		return -ENODEV;
	}
	if (platform.ioapic == 0) {
		log_line(
			"chipset pc: no I/O APIC in the MADT; it has to stand in for the VMM block");
		return -ENODEV;
	}
	for (unsigned chip = 0; chip < PICS; chip++)
		pc_program(chip, chip == PIC_MASTER ? 0x20 : 0x28, 1);
	nmi_hook = glimpse;
	pirq_probe();
	return 0;
}

/* The real pair is the only bank. */
static unsigned banks(unsigned wanted)
{
	(void)wanted;
	return 1;
}

static inline void change_pin(unsigned line, bool arms)
{
	ioapic_write((unsigned)platform.line[line].pin, arms ? RTE_NMI : RTE_NMI | RTE_MASKED);
}

static __attribute__((noinline)) void change_pins(line_set wanted)
{
	line_set before = armed;
	armed |= wanted; /* the NMI handler may look while the pins change */
	for (line_set change = wanted ^ before; change; change &= change - 1)
		change_pin(line_first(change), line_in(wanted, line_first(change)));
	armed = wanted;
}

/* Arms the lines that are neither routed nor asserted already, and disarms all others. Pins that
 * stay as they are cost no access. */
static inline void arm(void)
{
	line_set wanted = claimed & ~(routed | (asserted & ~served));
	if (__builtin_expect(wanted != armed, 0))
		change_pins(wanted);
}

/* A line of the VMM's own is never taken from the controller. By level (ELCR, ICH9 datasheet
 * 13.4.11) the line's request is the line's level. By edge, some controllers (QEMU's, KVM's) would
 * keep the request of an edge that was served long ago, and the VMM would look after the request at
 * every NMI. */
static void sense_by_level(line_set lines)
{
	line_set level = (line_set)(io_in8(PORT_ELCR1) | io_in8(PORT_ELCR2) << 8);
	if (level & (line_set)~ELCR_BITS) /* the register does not exist */
		return;
	level |= lines & ELCR_BITS;
	io_out8(PORT_ELCR1, (uint8_t)level);
	io_out8(PORT_ELCR2, (uint8_t)(level >> 8));
}

static void claim(line_set lines, bool by_vmm)
{
	chipset_standing.touched = true;
	if (!by_vmm)
		pirq_claim(lines);
	for (line_set rest = lines; rest; rest &= rest - 1) {
		unsigned line = line_first(rest);
		if (platform.line[line].pin < 0) {
			log_line(
				"chipset pc: line %u reaches no I/O APIC pin: held until its VM runs",
				line);
			lines &= (line_set)~LINE(line);
			pinless |= LINE(line);
		} else {
			ioapic_set_destination((unsigned)platform.line[line].pin, lapic_id());
		}
	}
	claimed |= lines;
	served |= by_vmm ? lines : 0;
	if (by_vmm)
		sense_by_level(lines);
	arm();
	pirq_follow();
}

static void mask(line_set masked)
{
	/* An NMI latches every first edge, masked or not. The dispatcher knows which line ends a
	 * turn. */
	(void)masked;
	arm();
	irr_is_new = false;
	if (current != NULL)
		pc_return_select(current);
}

/* Takes into the status register the lines in irr whose pin is armed: an armed line has raised an
 * NMI. */
static inline void latch(line_set irr)
{
	line_set spoke = irr & (armed | (pinless & ~routed));
	if (spoke == 0)
		return;
	heard = true;
	unreported |= spoke & ~asserted;
	asserted |= spoke;
}

/*
 * An initialisation of a chip by the VMM takes some 7 us on an ISA bus, and below 1 us in most
 * emulators. An initialisation was held up if the time is far above the quickest so far. Then the
 * processor waited at a port (QEMU, where the thread of the devices was at work), or was elsewhere
 * (KVM, SMI). Several lines may have risen meanwhile, and their NMIs are merged.
 */
enum { HELD_UP_TIMES = 3, HELD_UP_US = 5 };

static struct {
	uint32_t nmis, glimpsed;
	uint64_t tsc;
	uint64_t quickest;             /* ticks */
} before = { .quickest = UINT64_MAX }; /* as at pc_before_initialisation() */

/* glimpsed is read first. An NMI between the two reads is then counted before, and the NMI's line
 * is found after. In the other order the NMI would count and the line would not. */
void pc_before_initialisation(void)
{
	before.glimpsed = glimpsed;
	before.nmis = nmi_count;
	before.tsc = cpu_tsc();
}

static unsigned count(line_set lines)
{
	unsigned n = 0;
	for (; lines; lines &= lines - 1)
		n++;
	return n;
}

/* Returns whether the initialisation that ends now was held up. */
static bool held_up(void)
{
	uint64_t took = cpu_tsc() - before.tsc;
	if (took < before.quickest)
		before.quickest = took;
	return took > HELD_UP_TIMES * before.quickest && took > tsc_from_us(HELD_UP_US);
}

/* Finds the line of a request that ICW1 has dropped. If more NMIs have come than requests can be
 * found, ICW1 has dropped a request. The dropped request may be of any armed line of the chip, so
 * every armed line of the chip counts as asserted. A guest may find no cause; no guest loses an
 * interrupt. Where the VMM was held up, the count is no evidence. A single NMI may then be of a
 * line of the other chip, and stand for a dropped request too. */
static __attribute__((noinline)) void find_dropped(line_set inputs, uint32_t nmis, bool merged)
{
	/* A line of the VMM's own asserts again and again. */
	line_set known = asserted | ((line_set)before.glimpsed & (line_set)~served);
	line_set found = (pc_read_irr() | (line_set)glimpsed) & armed & (line_set)~known;
	if (merged || nmis > count(found))
		latch(inputs & armed);
}

/* The look at IRR misses an edge between the look and ICW1, and ICW1 drops the edge. The edge's NMI
 * has come by now. */
__attribute__((noinline)) void pc_after_initialisation(line_set inputs, line_set irr)
{
	glimpsed |= irr & armed;
	uint32_t nmis = nmi_count - before.nmis;
	bool merged = held_up();
	if (__builtin_expect(nmis != 0, 0))
		find_dropped(inputs, nmis, merged);
}

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

/* A guest may initialise its pair and then poll the pair, or the VMM's first look at the port may
 * be the answer to the guest's poll. Then the request of another VM's line goes into service. The
 * line has raised an NMI all the same. */
void pc_latch_service(void)
{
	latch(pc_read_isr());
}

/* Silences lines that have just been found: from now on their assertions are held. */
static inline void silence(line_set found)
{
	for (line_set rest = found & armed & ~served; rest; rest &= rest - 1)
		change_pin(line_first(rest), false);
	armed &= ~(found & ~served);
}

static struct chipset_status status(unsigned nmis)
{
	line_set irr = pc_read_irr(), seen = (line_set)take(&glimpsed);
	/* comes before an initialisation is caught, because the catch drops the latched requests */
	latch(irr | seen);
	/* the line was armed when its NMI came, and may have been silenced since */
	heard |= seen != 0;
	if (current != NULL)
		pc_catch_initialisation(current);
	struct chipset_status s = { .asserted = asserted, .fresh = unreported };
	unreported = 0;
	silence(s.fresh);
	/* Edges of a line that was armed all the time may have raised several NMIs. So a line that
	 * was found explains all NMIs, unless the chipset itself reports another source. */
	if (nmis > heard)
		/* read in any case, because the read clears the source */
		s.external = system_error() ? EXTERNAL_TOLD : !heard;
	/* in a storm NMIs are blocked, and an NMI may wait */
	if (nmi_count == 0 && nmis < NMI_STORM)
		/* no NMI is under way, so no NMI is left to be accounted for */
		heard = false;
	return s;
}

/* Most often there is a single line and no special case. In all other cases the IRR value is not
 * lost: the request stays in IRR, or the next look finds the request in glimpsed. */
static int single(void)
{
	line_set irr = pc_look(), fresh = irr & armed & ~asserted;
	bool sole = fresh != 0 && (fresh & (fresh - 1)) == 0;
	if (!sole || (glimpsed | heard) || !pc_masks_stand()) {
		glimpsed |= fresh;
		return -1;
	}
	unsigned line = line_first(fresh);
	asserted |= fresh;
	if (!(fresh & served)) {
		change_pin(line, false);
		armed &= ~fresh;
	}
	return (int)line;
}

/* Two edges of a line can fall between an NMI exit and the look at the lines. The line accounts for
 * the second NMI too. */
static void echo(void)
{
	heard = true;
}

static line_set read_asserted(void)
{
	return asserted;
}

/* A pin that is not in NMI delivery mode raises no NMI. */
static line_set read_masked(void)
{
	return claimed & ~armed;
}

static void acknowledge(line_set lines)
{
	asserted &= ~lines;
}

/* Ends the request of an edge-triggered line that was served and whose request is still latched.
 * (ELCR has no level mode for lines 0 to 2, 8 and 13.) The chip takes the request as if the
 * processor had taken the interrupt. A line that rises meanwhile is a new edge. The NMI handler
 * does not look at the chip between a poll and the answer: the handler would get the answer. */
static void settle(line_set lines)
{
	lines &= pc_read_irr() & served & 0x00ff;
	for (; lines; lines &= lines - 1) {
		uint32_t before_it = nmi_count;
		nmi_hook = NULL;
		pc_take_request(line_first(lines));
		nmi_hook = glimpse;
		if (nmi_count != before_it)
			glimpse();
	}
}

static line_set deliverable(const struct controller *c, line_set known)
{
	(void)known;
	return (asserted | c->inject) & pc_enabled(c);
}

/* Returns whether the running VM's guest is in a handler. save() would close the command port then,
 * and the guest's EOI would exit. */
static bool in_service(const struct controller *c)
{
	return pc_read_isr() != 0 || (c->pic[PIC_MASTER].isr | c->pic[PIC_SLAVE].isr) != 0;
}

/* Interrupts that are still in service go on in software; the command ports are trapped until the
 * guest's EOI. The chip forgets the interrupts. */
static void take_over_service(struct controller *c, line_set isr)
{
	c->pic[PIC_MASTER].isr |= (uint8_t)isr;
	c->pic[PIC_SLAVE].isr |= (uint8_t)(isr >> 8);
	pc_end_service(isr);
}

/* 520: arms the lines first, then closes the 8259, then reads IRR. An edge shows as an NMI, in IRR,
 * or as both. */
static int save(struct controller *c, bool force)
{
	pc_catch_initialisation(c);
	line_set isr = pc_read_isr();
	if (isr != 0 && !force) {
		c->busy = true;
		pc_refresh(c);
		return -EBUSY;
	}
	uint32_t before = nmi_count;
	c->settled = isr == 0 && !(c->busy | c->held);
	c->masks[PIC_MASTER] = pc_chips[PIC_MASTER].mask;
	c->masks[PIC_SLAVE] = pc_chips[PIC_SLAVE].mask;
	routed = 0;
	arm();
	pc_write_mask(PIC_SLAVE, 0xff);
	pc_write_mask(PIC_MASTER, 0xff);
	irr_at_save = pc_read_irr();
	irr_is_new = true;
	line_set own = (irr_at_save | (line_set)glimpsed) & c->lines;
	glimpsed &= ~(uint32_t)c->lines;
	asserted |= own | (c->inject & c->lines);
	arm();
	if (nmi_count != before)
		/* by a pin of the VM's lines that was armed just now, or by a pin that the next
		 * look finds */
		heard = true;
	c->inject = 0;
	c->busy = false;
	if (isr != 0)
		take_over_service(c, isr);
	chipset_standing.routed = current = NULL;
	chipset_standing.touched = true;
	pc_follow_select(NULL);
	return 0;
}

static bool chip_differs(const struct controller *c, unsigned chip)
{
	const struct pic_state *pic = &c->pic[chip];
	return pic->ready && (pic->icw2 != pc_chips[chip].icw2 || pic->icw4 != pc_chips[chip].icw4);
}

/*
 * R19: the chip's state cannot be written, so the initialisation is replayed. ICW1 drops the
 * latched requests. The status register takes the latched requests first.
 */
static void replay(const struct controller *c)
{
	latch(take_irr());
	irr_is_new = false;
	for (unsigned chip = 0; chip < PICS; chip++)
		if (chip_differs(c, chip))
			pc_program(chip, c->pic[chip].icw2, c->pic[chip].icw4);
}

/* Initialises the running VM's chip and keeps the requests. The VM's lines go through the block
 * meanwhile, so that the VMM sees the requests that ICW1 drops. */
void pc_reprogram(struct controller *c, unsigned chip, uint8_t icw2, uint8_t icw4)
{
	line_set inputs = c->lines & (chip == PIC_MASTER ? 0x00ff : 0xff00);
	uint32_t before = nmi_count;
	routed = 0;
	arm();
	line_set requests = take_irr();
	latch(requests & ~c->lines);
	pc_program(chip, icw2, icw4);
	routed = c->lines;
	arm();
	requests |= (line_set)glimpsed | asserted;
	glimpsed &= ~(uint32_t)c->lines;
	asserted &= ~c->lines;
	unreported &= ~c->lines;
	if (nmi_count != before)
		heard = true;
	c->inject |= requests & inputs & ~pc_read_irr();
}

/* Returns IRR for the lines of c. The chips are not read where no line of c has asserted, because
 * IRR has no effect then. The chips are not read either where the save has just read the chips and
 * no NMI came since. */
static inline line_set requests_of(const struct controller *c)
{
	if (((asserted | c->shared) & c->lines) == 0 && nmi_count == 0)
		return 0;
	line_set irr = irr_is_new && nmi_count == 0 ? irr_at_save : pc_read_irr();
	return irr & c->lines;
}

/* 540 */
static void restore(struct controller *c)
{
	if (chip_differs(c, PIC_MASTER) || chip_differs(c, PIC_SLAVE))
		replay(c);
	pc_reset_priority(c); /* the other guest may have rotated the priority */
	line_set was_armed = armed & c->lines;
	routed = c->lines;
	arm();
	line_set irr = requests_of(c), seen = (line_set)glimpsed & was_armed;
	glimpsed &= ~(uint32_t)c->lines;
	/* an NMI of c's lines is still to be taken */
	heard = (heard || ((irr & was_armed) | seen)) && nmi_count != 0;
	asserted |= seen;
	/* The chip itself delivers the requests that the chip still holds. The VMM has to inject
	 * requests that the chip lost or never saw. The other VM may have taken a shared line's
	 * request, so this VM gets a request in each turn and can look at the device. */
	c->inject |= (asserted | c->shared) & c->lines & ~irr;
	asserted &= ~c->lines;
	unreported &= ~c->lines;
	chipset_standing.routed = current = c;
	chipset_standing.touched = true;
	pc_follow_select(c);
	if (c->settled && c->inject == 0) {
		pc_write_mask(PIC_SLAVE, c->masks[PIC_SLAVE]);
		pc_write_mask(PIC_MASTER, c->masks[PIC_MASTER]);
	} else {
		pc_refresh(c);
	}
}

/* Handled like a request that the chip lost: the VMM injects the request. */
static void request(struct controller *c, unsigned line)
{
	c->inject |= LINE(line);
	c->changed = true;
}

static void route(struct controller *c)
{
	if (current != NULL)
		(void)save(current, true);
	if (c != NULL)
		restore(c);
}

const struct chipset chipset_pc = {
	.name = "pc",
	.ambiguous = true,
	.probe = probe,
	.banks = banks,
	.reset = pc_reset,
	.claim = claim,
	.route = route,
	.mask = mask,
	.status = status,
	.single = single,
	.echo = echo,
	.asserted = read_asserted,
	.masked = read_masked,
	.acknowledge = acknowledge,
	.settle = settle,
	.deliverable = deliverable,
	.in_service = in_service,
	.save = save,
	.restore = restore,
	.port_read = pc_port_read,
	.port_write = pc_port_write,
	.pending_vector = pc_pending_vector,
	.injected = pc_injected,
	.request = request,
	.hold = pc_refresh,
};
