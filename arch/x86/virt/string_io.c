/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INS and OUTS, a piece at a time. See the header for the rule.
 */
#include "arch/x86/virt/string_io.h"
#include "arch/x86/cpu/exception.h"
#include "arch/x86/cpu/hints.h"
#include "arch/x86/virt/backends.h"

#include <string.h>

enum { PAGE_BYTES = 4096, RFLAGS_DF = 1 << 10 };

static bool is_in(const struct string_io *s)
{
	return s->io->kind & IO_IN;
}

static uint64_t *index_of(const struct string_io *s)
{
	return is_in(s) ? &s->regs->rdi : &s->regs->rsi;
}

/* Returns the count before the piece: 1 without a prefix. */
static uint64_t left(const struct string_io *s)
{
	return s->io->kind & IO_REPEAT ? address_part(s->regs->rcx, s->address) : 1;
}

static bool fault(struct string_io *s, unsigned vector, uint32_t error)
{
	s->vector = vector;
	s->error = error;
	return false;
}

/* Looks whether the guest may access the element. An OUTS reads the element. */
static bool access_first(struct string_io *s, struct vcpu_string *piece)
{
	const unsigned size = s->io->size;
	struct guest_fault f;

	if (is_in(s) ? guest_may_write(&s->memory, piece->linear, size, &f)
	             : guest_read(&s->memory, piece->linear, &piece->value, size, &f))
		return true;
	s->page_address = f.address;
	return fault(s, VECTOR_PF, f.error);
}

/* Returns the elements from the first element to the end of its page, in the direction of travel,
 * n at most. A piece never goes round the end of its segment or of its addresses. */
static unsigned in_piece(const struct string_io *s, const struct vcpu_string *piece,
                         uint64_t offset, uint64_t n)
{
	const unsigned size = s->io->size, place = piece->linear & (PAGE_BYTES - 1);
	const bool down = s->rflags & RFLAGS_DF;
	const uint64_t here = down ? place / size + 1 : (PAGE_BYTES - place) / size;
	uint64_t linear;

	if (n > here)
		n = here;
	const uint64_t before = down ? (n - 1) * size : 0, first = offset - before;
	if (n <= 1 || s->single || offset < before ||
	    address_part(first + n * size - 1, s->address) != first + n * size - 1 ||
	    !guest_operand_linear(&s->operand, first, (unsigned)n * size, is_in(s), &linear))
		return 1;
	return (unsigned)n;
}

bool string_io_begin(struct string_io *s, unsigned most, struct vcpu_string *piece)
{
	const uint64_t offset = address_part(*index_of(s), s->address), n = left(s);

	piece->elements = 0;
	piece->value = 0;
	if (n == 0)
		return true;
	if (!guest_operand_linear(&s->operand, offset, s->io->size, is_in(s), &piece->linear))
		return fault(s, s->stack ? VECTOR_SS : VECTOR_GP, 0);
	if (s->aligned && piece->linear & (s->io->size - 1u))
		return fault(s, VECTOR_AC, 0);
	if (!access_first(s, piece))
		return false;
	piece->elements = in_piece(s, piece, offset, n < most ? n : most);
	return true;
}

bool string_io_end(struct string_io *s, const struct vcpu_string *piece)
{
	const unsigned bytes = piece->elements * s->io->size;
	const bool down = s->rflags & RFLAGS_DF;
	uint8_t ones[VCPU_STRING_BYTES];
	struct guest_fault f;

	if (is_in(s)) { /* many elements: each is all ones */
		memset(ones, 0xff, bytes);
		memcpy(ones, &piece->value, s->io->size);
		(void)guest_write(&s->memory, piece->linear - (down ? bytes - s->io->size : 0),
		                  ones, bytes, &f);
	}
	address_advance(index_of(s), down ? 0 - (uint64_t)bytes : bytes, s->address);
	if (!(s->io->kind & IO_REPEAT))
		return false;
	address_advance(&s->regs->rcx, 0 - (uint64_t)piece->elements, s->address);
	return left(s) != 0;
}

/* As virt_skip(). slow_path, and not virt_skip(): a call from here costs exit_port() 2 instructions
 * (a mask write: 207, 205). */
static slow_path void skip(struct vcpu *v)
{
	(void)(virt_is_second ? svm_skip(v) : vmx_skip(v));
}

static bool find(struct vcpu *v, const struct vcpu_io *io, struct string_io *s)
{
	memset(s, 0, sizeof(*s));
	s->io = io;
	s->regs = vcpu_regs(v);
	if (virt_is_second ? svm_string_find(v, s) : vmx_string_find(v, s))
		return true;
	return fault(s, VECTOR_UD, 0);
}

bool virt_string_begin(struct vcpu *v, const struct vcpu_io *io, unsigned most,
                       struct vcpu_string *piece)
{
	struct string_io s;

	if (!find(v, io, &s) || !string_io_begin(&s, most, piece)) {
		virt_is_second ? svm_string_fault(v, &s) : vmx_string_fault(v, &s);
		return false;
	}
	if (piece->elements == 0)
		skip(v);
	return piece->elements != 0;
}

void virt_string_end(struct vcpu *v, const struct vcpu_io *io, const struct vcpu_string *piece)
{
	struct string_io s;

	(void)find(v, io, &s);
	const bool more = string_io_end(&s, piece);
	skip(v);
	if (more)
		virt_is_second ? svm_string_again(v, &s) : vmx_string_again(v, &s);
	virt_break_on_io(v, io, piece);
}
