/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as operations on the chipset block: every call of block.h. The fuzzer, its corpus and the
 * measurement of the model's rate use the same bytes.
 *
 * Rule: any bytes are a program, short ones are common operations, and what is missing at the end
 * is zero.
 */
#ifndef TESTS_UNIT_BLOCK_OPS_H
#define TESTS_UNIT_BLOCK_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op_kind {
	OP_LINE,     /* a: line, high */
	OP_EXTERNAL, /* high */
	OP_RAISE_EXTERNAL,
	OP_ACKNOWLEDGE,
	OP_TAKE_NMI,
	OP_RESET,
	OP_READ,         /* a: port */
	OP_WRITE,        /* a: port, value */
	OP_SELECT,       /* value: as the window's SELECT; high: told */
	OP_CLEAR_STATUS, /* a: inputs; high: the external signal's too */
	OP_INPUTS,       /* value, other */
	OP_LEVEL,        /* a */
	OP_WINDOW_READ,  /* a: offset, size */
	OP_WINDOW_WRITE, /* a: offset, size, value */
};

struct op {
	enum op_kind kind;
	bool high;
	unsigned size;
	uint32_t a;
	uint64_t value, other;
};

struct op_stream {
	const uint8_t *at, *end;
};

/* false: no more. */
bool op_next(struct op_stream *stream, struct op *op);

#endif
