/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream of instructions in ring 3, and the handler of the exceptions: the stream goes on behind
 * the faulting instruction.
 *
 * Rule: a stream has no jumps, so the stream ends. The end is HLT, a #GP in ring 3.
 */
#ifndef GUESTS_VANDAL_CAMPAIGN_STREAM_H
#define GUESTS_VANDAL_CAMPAIGN_STREAM_H

#define STREAM_BYTES 2048
#define STREAM_FLAGS 0x3002 /* IOPL 3 */
#define STREAM_VECTORS 32

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Runs the stream with the registers of ring3_registers. Returns 0, or 1 where RIP has left the
 * stream. */
int stream_run(void);

/* Bytes of each exception's entry. */
enum { STREAM_ENTRY_BYTES = 16 };
extern char stream_entries[];

/* Where the stream is, the length without HLT, and the stack of ring 3. */
extern uint64_t stream_at, stream_end, stream_rsp;
/* For each byte of the stream: the place of the next instruction. */
extern uint16_t stream_next[STREAM_BYTES];
/* Exceptions so far, and their digest. */
extern uint32_t stream_exceptions, stream_digest;
#endif

#endif
