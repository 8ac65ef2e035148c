/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership: a VM's lines, ports and memory against the VMM's own and against the other VMs' own.
 *
 * Rule: a device has a single owner, unless every owner says 'share'. Devices for the VMM's hold on
 * the machine have no owner but the VMM. A refusal names the owner.
 */
#include "arch/x86/virt/guest_ram.h"
#include "vmm/config/config_refuse.h"
#include "vmm/config/config_reserved.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LEGACY_HOLE_FIRST UINT64_C(0xa0000) /* VGA memory and firmware: no RAM of a VM */
#define LEGACY_HOLE_LAST UINT64_C(0xfffff)

enum { MEMORY_PAGE = 4096 };

int check_refuse(const struct check *c, int error, const char *format, ...)
{
	va_list args;
	int length = snprintf(c->err, c->size, "module %u (%s): ", c->n, c->vm->name);

	if (length > 0 && (size_t)length < c->size) {
		va_start(args, format);
		vsnprintf(c->err + length, c->size - (size_t)length, format, args);
		va_end(args);
	}
	return error;
}

/* Writes the set as text, about as the owner wrote the set: "0,3,8". */
static const char *lines_text(line_set lines, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (unsigned n = 0; n < LINES; n++)
		if (line_in(lines, n) && length < size)
			length += (size_t)snprintf(text + length, size - length,
			                           length ? ",%u" : "%u", n);
	return text;
}

const char *config_function_text(unsigned function, char text[CONFIG_FUNCTION_TEXT])
{
	snprintf(text, CONFIG_FUNCTION_TEXT, "%02x:%02x.%x", function >> 8 & 0xff,
	         function >> 3 & 31, function & 7);
	return text;
}

/* Bytes of a word with its range, the NUL included. */
enum { NAMED_MAX = 64 };

/* Writes the word that gives the VM a range: "io=0x40-0x43", or "pci=00:06.0 (0xc000-0xc01f)" where
 * the range is a function's. */
static const char *range_text(const char *word, unsigned function, const struct config_range *range,
                              char text[NAMED_MAX])
{
	char name[CONFIG_FUNCTION_TEXT], last[24] = "";

	if (range->first != range->last)
		snprintf(last, sizeof(last), "-0x%lx", (unsigned long)range->last);
	snprintf(text, NAMED_MAX, function ? "pci=%s (0x%lx%s)" : "%s=0x%lx%s",
	         function ? config_function_text(function, name) : word,
	         (unsigned long)range->first, last);
	return text;
}

/* Writes the word that gives the VM a line: a function's pci=, or irq= with all lines. */
static const char *line_text(const struct check *c, unsigned line, char text[NAMED_MAX])
{
	enum { AFTER = 4 }; /* the place behind "irq=" and "pci=" */

	for (unsigned i = 0; i < c->vm->pci_count; i++)
		if (c->vm->pci_line[i] == line) {
			config_function_text(c->vm->pci[i], strcpy(text, "pci=") + AFTER);
			return text;
		}
	lines_text(c->vm->lines, strcpy(text, "irq=") + AFTER, NAMED_MAX - AFTER);
	return text;
}

/* Returns the words that keep two owners from sharing a device; NULL: both say 'share'. */
static const char *way_out(const struct vm_config *a, const struct vm_config *b)
{
	if (a->share && b->share)
		return NULL;
	if (a->share)
		return "add 'share' to that one too, or take it from one";
	if (b->share)
		return "add 'share' here too, or take it from one";
	return "add 'share' to both, or take it from one";
}

static int check_lines(const struct check *c, line_set reserved,
                       const struct vm_config *const *accepted, unsigned count)
{
	line_set lines = c->vm->lines;
	char text[NAMED_MAX];

	if (lines & LINE(LINE_CASCADE))
		return check_refuse(c, -EPERM, "%s: line 2 joins the two 8259s; no device is on it",
		                    line_text(c, LINE_CASCADE, text));
	if (lines & reserved)
		return check_refuse(c, -EPERM, "%s: line %u belongs to the VMM",
		                    line_text(c, line_first(lines & reserved), text),
		                    line_first(lines & reserved));
	for (unsigned i = 0; i < count; i++) {
		line_set both = lines & accepted[i]->lines; /* line 0 of two PITs is no clash */
		const char *out = way_out(c->vm, accepted[i]);

		if (line_in(both, 0) && c->vm->pit != accepted[i]->pit)
			return check_refuse(c, -EEXIST,
			                    "line 0 is the PIT's, and vm %s has it by %s; %s",
			                    accepted[i]->name, accepted[i]->pit ? "pit" : "irq=0",
			                    "with 'pit' in both, each has a PIT of its own");
		if (c->vm->pit && accepted[i]->pit)
			both &= (line_set)~LINE(0);
		if (both && out)
			return check_refuse(c, -EEXIST, "%s: line %u belongs to vm %s; %s",
			                    line_text(c, line_first(both), text), line_first(both),
			                    accepted[i]->name, out);
	}
	return 0;
}

/* A status bit of the VMM block stands for all lines that enter the same input. While the bit is
 * set for a line, an edge of another line raises no NMI. So all lines of an input have to belong to
 * the same VM; the VM is told of all its lines. */
static int check_neighbours(const struct check *c, line_set reserved,
                            const struct vm_config *const *accepted, unsigned count, unsigned n)
{
	unsigned input = line_input(c->vm->block_input, n);

	if (line_in(reserved & (line_set)~LINE(LINE_CASCADE), input))
		return check_refuse(
			c, -EPERM,
			"block=%u:%u: this input of the VMM block is for the VMM's own line %u", n,
			input, input);
	for (unsigned i = 0; i < count; i++)
		for (line_set rest = accepted[i]->lines & (line_set)~LINE(n); rest;
		     rest &= rest - 1)
			if (line_input(accepted[i]->block_input, line_first(rest)) == input)
				return check_refuse(
					c, -EEXIST,
					"line %u enters input %u of the VMM block, "
					"as line %u of vm %s does; block= can part them",
					n, input, line_first(rest), accepted[i]->name);
	return 0;
}

/* An input for a line of another owner has no meaning and is refused. All owners of a shared line
 * have to name the same inputs. */
static int check_inputs(const struct check *c, line_set reserved,
                        const struct vm_config *const *accepted, unsigned count)
{
	for (unsigned n = 0; n < LINES; n++) {
		unsigned to_controller = line_input(c->vm->controller_input, n);
		unsigned to_block = line_input(c->vm->block_input, n);

		if (!line_in(c->vm->lines, n) && to_block != n)
			return check_refuse(c, -EPERM,
			                    "block=%u:%u: line %u is not the VM's (irq=)", n,
			                    to_block, n);
		for (unsigned i = 0; i < count; i++)
			if (line_in(c->vm->lines & accepted[i]->lines, n) &&
			    (line_input(accepted[i]->controller_input, n) != to_controller ||
			     line_input(accepted[i]->block_input, n) != to_block))
				return check_refuse(c, -EEXIST,
				                    "line %u enters other inputs for vm %s; "
				                    "say the same for both",
				                    n, accepted[i]->name);
	}
	for (line_set rest = c->vm->lines; rest; rest &= rest - 1) {
		int error = check_neighbours(c, reserved, accepted, count, line_first(rest));
		if (error)
			return error;
	}
	return 0;
}

static bool overlap(const struct config_range *a, const struct config_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* A range of the VM: its text for a message, and the name of a single element. */
struct named {
	const char *one;
	const struct config_range *range;
	char text[NAMED_MAX];
};

static int refuse_reserved(const struct check *c, const struct named *n, const struct refusal *r)
{
	unsigned long first = (unsigned long)later(n->range->first, r->first);

	if (r->remedy == NULL)
		return check_refuse(c, -EPERM, "%s: %s 0x%lx belongs to the VMM (%s)", n->text,
		                    n->one, first, r->what);
	return check_refuse(c, -EPERM, "%s: %s 0x%lx is no VM's (%s); %s", n->text, n->one, first,
	                    r->what, r->remedy);
}

static int check_other(const struct check *c, const struct named *n,
                       const struct config_range *theirs, unsigned count,
                       const struct vm_config *other)
{
	const char *out = way_out(c->vm, other);

	for (unsigned i = 0; i < count && out; i++)
		if (overlap(n->range, &theirs[i]))
			return check_refuse(c, -EEXIST, "%s: %s 0x%lx belongs to vm %s; %s",
			                    n->text, n->one,
			                    (unsigned long)later(n->range->first, theirs[i].first),
			                    other->name, out);
	return 0;
}

static int check_ports(const struct check *c, const struct vm_config *const *accepted,
                       unsigned count)
{
	int error = 0;

	for (unsigned i = 0; i < c->vm->io_count && !error; i++) {
		struct named n = { "port", &c->vm->io[i], "" };
		const struct refusal r = config_reserved_port(n.range, c->vm->trust);

		range_text("io", c->vm->io_function[i], n.range, n.text);
		if (r.what != NULL)
			return refuse_reserved(c, &n, &r);
		for (unsigned j = 0; j < count && !error; j++)
			error = check_other(c, &n, accepted[j]->io, accepted[j]->io_count,
			                    accepted[j]);
	}
	return error;
}

/* The ports of a PIT of one's own. */
static const struct config_range pit_ports[] = { { 0x40, 0x43 }, { 0x61, 0x61 } };
enum { PIT_RANGES = sizeof(pit_ports) / sizeof(pit_ports[0]) };

/* Looks for ports of the PIT in io= of one VM. `pit`: the VM with the word; `owner`: the VM with
 * the ports, perhaps the same VM. */
static int check_pit_ports(const struct check *c, const struct vm_config *pit,
                           const struct vm_config *owner)
{
	for (unsigned i = 0; pit->pit && i < owner->io_count; i++)
		for (unsigned j = 0; j < PIT_RANGES; j++) {
			if (!overlap(&owner->io[i], &pit_ports[j]))
				continue;
			unsigned long port = (unsigned long)later(owner->io[i].first,
			                                          pit_ports[j].first);
			if (pit == owner)
				return check_refuse(
					c, -EPERM,
					"io=: port 0x%lx comes with pit; take it out of io=", port);
			return check_refuse(c, -EEXIST,
			                    "port 0x%lx is the PIT's: vm %s has it by %s; %s", port,
			                    c->vm == pit ? owner->name : pit->name,
			                    c->vm == pit ? "io=" : "pit",
			                    "with 'pit' in both, each has a PIT of its own");
		}
	return 0;
}

static int check_pit(const struct check *c, const struct vm_config *const *accepted, unsigned count)
{
	int error = check_pit_ports(c, c->vm, c->vm);

	if (!error && c->vm->ticks_all && !c->vm->pit)
		error = check_refuse(c, -EPERM,
		                     "ticks=all: the ticks of a PIT of its own; add 'pit'");
	if (!error && c->vm->pit && c->vm->io_count > CONFIG_RANGES_MAX - PIT_RANGES)
		error = check_refuse(c, -EPERM, "pit: its ports are two ranges of the %d of io=",
		                     CONFIG_RANGES_MAX);
	for (unsigned i = 0; i < count && !error; i++) {
		error = check_pit_ports(c, c->vm, accepted[i]);
		if (!error)
			error = check_pit_ports(c, accepted[i], c->vm);
	}
	return error;
}

/* The UART of one's own asks at input 4, where no wire of the VM may be. */
static int check_uart(const struct check *c)
{
	enum { UART_LINE = 4 };
	line_set lines = c->vm->uart ? c->vm->lines : 0;

	for (; lines; lines &= lines - 1)
		if (line_input(c->vm->controller_input, line_first(lines)) == UART_LINE)
			return check_refuse(c, -EPERM,
			                    "irq=: input 4 is uart=com1's; take line %u out",
			                    line_first(lines));
	return 0;
}

/* The tables lie in the hole, in a page that the VM needs for nothing else. */
static int check_acpi(const struct check *c)
{
	const struct config_range page = { CONFIG_ACPI_AT, CONFIG_ACPI_AT + MEMORY_PAGE - 1 };
	const char *why = NULL;

	if (c->vm->type == GUEST_BIOS)
		why = "a BIOS brings its own tables";
	else if (c->vm->pci_count != 0)
		why = "the tables have no PCI, so pci= would not be found";
	for (unsigned i = 0; i < c->vm->mmio_count; i++)
		if (overlap(&c->vm->mmio[i], &page))
			why = "the tables lie at 0xe0000, where mmio= is";
	if (!c->vm->acpi || why == NULL)
		return 0;
	return check_refuse(c, -EPERM, "acpi: %s", why);
}

/* The VM's own RAM lies at the same guest-physical addresses as its mmio would. */
static int check_own_ram(const struct check *c, const struct named *n)
{
	const struct guest_ram ram = guest_ram_plan(c->vm->memory, GUEST_RAM_LOW_END);

	if (!guest_ram_overlaps(&ram, n->range->first, n->range->last) ||
	    (n->range->first >= LEGACY_HOLE_FIRST && n->range->last <= LEGACY_HOLE_LAST))
		return 0;
	return check_refuse(c, -EPERM,
	                    "%s: this lies in the VM's own memory (mem=%luK); "
	                    "it has to be above it, or in 0xa0000-0xfffff",
	                    n->text, (unsigned long)(c->vm->memory >> 10));
}

static int check_memory(const struct check *c, const struct vm_config *const *accepted,
                        unsigned count)
{
	int error = 0;

	for (unsigned i = 0; i < c->vm->mmio_count && !error; i++) {
		struct named n = { "address", &c->vm->mmio[i], "" };
		const struct refusal r = config_reserved_memory(n.range);

		range_text("mmio", c->vm->mmio_function[i], n.range, n.text);
		error = check_own_ram(c, &n);
		if (!error && r.what != NULL)
			error = refuse_reserved(c, &n, &r);
		for (unsigned j = 0; j < count && !error; j++)
			error = check_other(c, &n, accepted[j]->mmio, accepted[j]->mmio_count,
			                    accepted[j]);
	}
	return error;
}

/* Looks for a function of `owner` in busmaster= of `other`, perhaps the same VM. */
static int check_masters(const struct check *c, const struct vm_config *owner,
                         const struct vm_config *other)
{
	char text[CONFIG_FUNCTION_TEXT];

	for (unsigned i = 0; i < owner->pci_count; i++)
		for (unsigned j = 0; j < other->busmaster_count; j++)
			if (owner->pci[i] == other->busmaster[j])
				return check_refuse(
					c, -EPERM, "busmaster=%s: vm %s has it by pci=; use dma=",
					config_function_text(owner->pci[i], text), owner->name);
	return 0;
}

static int check_functions(const struct check *c, const struct vm_config *const *accepted,
                           unsigned count)
{
	int error = 0;

	if (c->vm->dma_unsafe && c->vm->pci_count == 0)
		error = check_refuse(c, -EPERM, "dma=unsafe: there is no pci=");
	for (unsigned i = 0; i <= count && !error; i++) {
		const struct vm_config *other = i < count ? accepted[i] : c->vm;

		error = check_masters(c, c->vm, other);
		if (!error)
			error = check_masters(c, other, c->vm);
	}
	return error;
}

int config_check_vm(unsigned n, const struct vm_config *vm, const struct vm_config *const *accepted,
                    unsigned count, line_set reserved_lines, char *err, size_t size)
{
	const struct check c = { n, vm, err, size };
	int error;

	if (size > 0)
		err[0] = '\0';
	if (count >= CONFIG_VMS_MAX)
		return check_refuse(&c, -EPERM, "there are %d VMs already, and no room for more",
		                    CONFIG_VMS_MAX);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(vm->name, accepted[i]->name) == 0)
			return check_refuse(
				&c, -EEXIST,
				"vm=%s: another VM has this name; choose one of its own", vm->name);

	error = check_pit(&c, accepted, count);
	if (!error)
		error = check_uart(&c);
	if (!error)
		error = check_acpi(&c);
	if (!error)
		error = check_lines(&c, reserved_lines, accepted, count);
	if (!error)
		error = check_inputs(&c, reserved_lines, accepted, count);
	if (!error)
		error = check_ports(&c, accepted, count);
	if (!error)
		error = check_memory(&c, accepted, count);
	if (!error)
		error = check_functions(&c, accepted, count);
	return error;
}
