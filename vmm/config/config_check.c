/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership: a VM's lines, ports and memory against the VMM's own and against the other VMs' own.
 *
 * Rule: a device has a single owner, unless every owner says 'share'. Devices for the VMM's hold on
 * the machine have no owner but the VMM. A refusal names the owner.
 */
#include "vmm/config/config_reserved.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LEGACY_HOLE_FIRST UINT64_C(0xa0000) /* VGA memory and firmware: no RAM of a VM */
#define LEGACY_HOLE_LAST UINT64_C(0xfffff)

/* The VM that is checked, and the place of the message. */
struct check {
	unsigned n;
	const struct vm_config *vm;
	char *err;
	size_t size;
};

static int refuse(const struct check *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct check *c, int error, const char *format, ...)
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

static const char *range_text(const struct config_range *range, char *text, size_t size)
{
	if (range->first == range->last)
		snprintf(text, size, "0x%lx", (unsigned long)range->first);
	else
		snprintf(text, size, "0x%lx-0x%lx", (unsigned long)range->first,
		         (unsigned long)range->last);
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
	char text[48];

	lines_text(lines, text, sizeof(text));
	if (lines & LINE(LINE_CASCADE))
		return refuse(c, -EPERM, "irq=%s: line 2 joins the two 8259s; no device is on it",
		              text);
	if (lines & reserved)
		return refuse(c, -EPERM, "irq=%s: line %u belongs to the VMM", text,
		              line_first(lines & reserved));
	for (unsigned i = 0; i < count; i++) {
		line_set both = lines & accepted[i]->lines; /* line 0 of two PITs is no clash */
		const char *out = way_out(c->vm, accepted[i]);

		if (line_in(both, 0) && c->vm->pit != accepted[i]->pit)
			return refuse(c, -EEXIST, "line 0 is the PIT's, and vm %s has it by %s; %s",
			              accepted[i]->name, accepted[i]->pit ? "pit" : "irq=0",
			              "with 'pit' in both, each has a PIT of its own");
		if (c->vm->pit && accepted[i]->pit)
			both &= (line_set)~LINE(0);
		if (both && out)
			return refuse(c, -EEXIST, "irq=%s: line %u belongs to vm %s; %s", text,
			              line_first(both), accepted[i]->name, out);
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
		return refuse(
			c, -EPERM,
			"block=%u:%u: this input of the VMM block is for the VMM's own line %u", n,
			input, input);
	for (unsigned i = 0; i < count; i++)
		for (line_set rest = accepted[i]->lines & (line_set)~LINE(n); rest;
		     rest &= rest - 1)
			if (line_input(accepted[i]->block_input, line_first(rest)) == input)
				return refuse(c, -EEXIST,
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
			return refuse(c, -EPERM, "block=%u:%u: line %u is not the VM's (irq=)", n,
			              to_block, n);
		for (unsigned i = 0; i < count; i++)
			if (line_in(c->vm->lines & accepted[i]->lines, n) &&
			    (line_input(accepted[i]->controller_input, n) != to_controller ||
			     line_input(accepted[i]->block_input, n) != to_block))
				return refuse(c, -EEXIST,
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

/* A kind of range: its configuration word, and the name of a single element. */
struct kind {
	const char *word, *one;
};

static int refuse_reserved(const struct check *c, const struct kind *k,
                           const struct config_range *range, const struct reserved *r)
{
	char text[48];
	unsigned long first = (unsigned long)later(range->first, r->range.first);

	range_text(range, text, sizeof(text));
	if (r->remedy == NULL)
		return refuse(c, -EPERM, "%s=%s: %s 0x%lx belongs to the VMM (%s)", k->word, text,
		              k->one, first, r->what);
	return refuse(c, -EPERM, "%s=%s: %s 0x%lx is no VM's (%s); %s", k->word, text, k->one,
	              first, r->what, r->remedy);
}

static int check_other(const struct check *c, const struct kind *k,
                       const struct config_range *range, const struct config_range *theirs,
                       unsigned count, const struct vm_config *other)
{
	const char *out = way_out(c->vm, other);
	char text[48];

	for (unsigned i = 0; i < count && out; i++)
		if (overlap(range, &theirs[i]))
			return refuse(c, -EEXIST, "%s=%s: %s 0x%lx belongs to vm %s; %s", k->word,
			              range_text(range, text, sizeof(text)), k->one,
			              (unsigned long)later(range->first, theirs[i].first),
			              other->name, out);
	return 0;
}

static int check_ports(const struct check *c, const struct vm_config *const *accepted,
                       unsigned count)
{
	static const struct kind k = { "io", "port" };
	int error = 0;

	for (unsigned i = 0; i < c->vm->io_count && !error; i++) {
		const struct reserved *r = config_reserved_port(&c->vm->io[i], c->vm->trust);

		if (r != NULL)
			return refuse_reserved(c, &k, &c->vm->io[i], r);
		for (unsigned j = 0; j < count && !error; j++)
			error = check_other(c, &k, &c->vm->io[i], accepted[j]->io,
			                    accepted[j]->io_count, accepted[j]);
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
				return refuse(
					c, -EPERM,
					"io=: port 0x%lx comes with pit; take it out of io=", port);
			return refuse(c, -EEXIST, "port 0x%lx is the PIT's: vm %s has it by %s; %s",
			              port, c->vm == pit ? owner->name : pit->name,
			              c->vm == pit ? "io=" : "pit",
			              "with 'pit' in both, each has a PIT of its own");
		}
	return 0;
}

static int check_pit(const struct check *c, const struct vm_config *const *accepted, unsigned count)
{
	int error = check_pit_ports(c, c->vm, c->vm);

	if (!error && c->vm->ticks_all && !c->vm->pit)
		error = refuse(c, -EPERM, "ticks=all: the ticks of a PIT of its own; add 'pit'");
	if (!error && c->vm->pit && c->vm->io_count > CONFIG_RANGES_MAX - PIT_RANGES)
		error = refuse(c, -EPERM,
		               "pit: its ports are two ranges of the %d of io=", CONFIG_RANGES_MAX);
	for (unsigned i = 0; i < count && !error; i++) {
		error = check_pit_ports(c, c->vm, accepted[i]);
		if (!error)
			error = check_pit_ports(c, accepted[i], c->vm);
	}
	return error;
}

/* The VM's own RAM lies at the same guest-physical addresses as its mmio would. */
static int check_own_ram(const struct check *c, const struct config_range *range)
{
	char text[48];

	if (range->first >= c->vm->memory ||
	    (range->first >= LEGACY_HOLE_FIRST && range->last <= LEGACY_HOLE_LAST))
		return 0;
	return refuse(c, -EPERM,
	              "mmio=%s: this lies in the VM's own memory (mem=%luK); "
	              "it has to be above it, or in 0xa0000-0xfffff",
	              range_text(range, text, sizeof(text)), (unsigned long)(c->vm->memory >> 10));
}

static int check_memory(const struct check *c, const struct vm_config *const *accepted,
                        unsigned count)
{
	static const struct kind k = { "mmio", "address" };
	int error = 0;

	for (unsigned i = 0; i < c->vm->mmio_count && !error; i++) {
		const struct reserved *r = config_reserved_memory(&c->vm->mmio[i]);

		error = check_own_ram(c, &c->vm->mmio[i]);
		if (!error && r != NULL)
			error = refuse_reserved(c, &k, &c->vm->mmio[i], r);
		for (unsigned j = 0; j < count && !error; j++)
			error = check_other(c, &k, &c->vm->mmio[i], accepted[j]->mmio,
			                    accepted[j]->mmio_count, accepted[j]);
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
		return refuse(&c, -EPERM, "there are %d VMs already, and no room for more",
		              CONFIG_VMS_MAX);
	for (unsigned i = 0; i < count; i++)
		if (strcmp(vm->name, accepted[i]->name) == 0)
			return refuse(&c, -EEXIST,
			              "vm=%s: another VM has this name; choose one of its own",
			              vm->name);

	error = check_pit(&c, accepted, count);
	if (!error)
		error = check_lines(&c, reserved_lines, accepted, count);
	if (!error)
		error = check_inputs(&c, reserved_lines, accepted, count);
	if (!error)
		error = check_ports(&c, accepted, count);
	if (!error)
		error = check_memory(&c, accepted, count);
	return error;
}
