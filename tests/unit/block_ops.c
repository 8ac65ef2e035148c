/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/block_ops.h"

/* Those of the pair, and one that is not. */
static const uint16_t ports[8] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x20, 0x22 };

/* Registers of the window that a program is likely to use. */
static const struct {
	uint16_t offset;
	uint8_t size;
} registers[16] = {
	{ 0x10, 8 },  { 0x10, 2 },  { 0x12, 2 },  { 0x14, 2 },  { 0x16, 2 }, { 0x18, 4 },
	{ 0x18, 2 },  { 0x1c, 2 },  { 0x18, 8 },  { 0x20, 8 },  { 0x28, 8 }, { 0x30, 1 },
	{ 0x100, 8 }, { 0x108, 8 }, { 0x110, 8 }, { 0x120, 8 },
};

static uint8_t take(struct op_stream *stream)
{
	return stream->at < stream->end ? *stream->at++ : 0;
}

static uint64_t take_bytes(struct op_stream *stream, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value |= (uint64_t)take(stream) << (8 * i);
	return value;
}

/* SELECT with banks that are mostly there. */
static uint64_t take_select(struct op_stream *stream)
{
	uint64_t value = take_bytes(stream, 6);
	uint64_t bank = take(stream);

	return value | (bank < 0xf0 ? bank % 4 : bank % 32) << 48;
}

static void short_op(struct op_stream *stream, unsigned code, struct op *op)
{
	switch (code) {
	case 0x20:
	case 0x21:
		op->kind = OP_EXTERNAL;
		op->high = code & 1;
		return;
	case 0x22:
		op->kind = OP_RAISE_EXTERNAL;
		return;
	case 0x23:
	case 0x24:
		op->kind = OP_TAKE_NMI;
		return;
	case 0x25:
		op->kind = OP_RESET;
		return;
	case 0x26:
		op->kind = OP_CLEAR_STATUS;
		op->a = (uint32_t)take_bytes(stream, 2);
		op->high = take(stream) & 1;
		return;
	case 0x27:
		op->kind = OP_LEVEL;
		op->a = (uint32_t)take_bytes(stream, 2);
		return;
	case 0x28:
		op->kind = OP_INPUTS;
		op->value = take_bytes(stream, 8);
		op->other = take_bytes(stream, 8);
		return;
	case 0x29: /* the input of one line */
		op->kind = OP_WINDOW_WRITE;
		op->a = 0x20 + take(stream) % 16;
		op->size = 1;
		op->value = take(stream);
		return;
	case 0x2a:
	case 0x2b:
		op->kind = OP_SELECT;
		op->value = take_select(stream);
		op->high = code & 1;
		return;
	default:
		op->kind = OP_ACKNOWLEDGE;
		return;
	}
}

static void window_op(struct op_stream *stream, unsigned code, struct op *op)
{
	bool known = code & 8;

	op->kind = code & 4 ? OP_WINDOW_WRITE : OP_WINDOW_READ;
	if (known) {
		unsigned which = take(stream) % 16;

		op->a = registers[which].offset;
		op->size = registers[which].size;
	} else {
		op->a = (uint32_t)take_bytes(stream, 2) % 8192;
		op->size = 1u << (code & 3);
		if (op->a < 4096) /* aligned, and where registers are; else as it comes */
			op->a = op->a % 0x320 / op->size * op->size;
	}
	if (op->kind == OP_WINDOW_WRITE)
		op->value = op->a == 0x10 && op->size == 8 ? take_select(stream)
		                                           : take_bytes(stream, op->size % 9);
}

bool op_next(struct op_stream *stream, struct op *op)
{
	unsigned code;

	if (stream->at >= stream->end)
		return false;
	code = take(stream) % 0x50;
	*op = (struct op){ .kind = OP_LINE };
	if (code < 0x20) {
		op->a = code % 16;
		op->high = code / 16;
	} else if (code < 0x30) {
		short_op(stream, code, op);
	} else if (code < 0x38) {
		op->kind = OP_READ;
		op->a = ports[code % 8];
	} else if (code < 0x40) {
		op->kind = OP_WRITE;
		op->a = ports[code % 8];
		op->value = take(stream);
	} else {
		window_op(stream, code, op);
	}
	return true;
}
