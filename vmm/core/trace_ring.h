/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The events of the trace, and the ring that holds the last events of a processor.
 *
 * Rule: the types alone. vmm/core/trace.h records the events.
 */
#ifndef VMM_TRACE_RING_H
#define VMM_TRACE_RING_H

#include <stdint.h>

/* id, name, and the meaning of a and b. The letters: r an exit reason, l a line, v another VM's
 * number, m a set of lines, p a port, x a number in hexadecimal, d in decimal, - no meaning. */
#define TRACE_EVENTS(X)                                                                           \
	X(NONE, "none", '-', '-')                                                                 \
	X(EXIT, "exit", 'r', '-') /* the guest was left: reason */                                \
	X(NMI, "nmi", 'm', 'd')   /* the dispatcher: status, NMIs since the last look */          \
	X(EXTERNAL, "external-nmi", '-', 'd')                                                     \
	X(LINE, "line", 'l', 'm')     /* a line is handled: line, status */                       \
	X(SWITCH, "switch", 'v', 'm') /* another VM's turn: its number, its lines */              \
	X(BUSY, "busy", '-', 'd')     /* a switch waits for an EOI */                             \
	X(INJECT, "inject", 'x', '-') /* an event is injected: vector */                          \
	X(WAKE, "wake", 'l', 'v')     /* a line ended the turn: line, for the VM */               \
	X(SLICE, "slice", '-', 'd')   /* the slice ran out */                                     \
	X(HALT, "halt", '-', '-')     /* no VM is ready: the processor sleeps */                  \
	X(PORT, "port", 'p', 'x')     /* a trapped read: port, value */                           \
	X(FAULT, "fault", 'r', 'x')   /* a denied access: exit reason, low half of the address */ \
	X(STATE, "state", 'd', '-')   /* a VM's state changed */                                  \
	X(MARK, "mark", 'd', 'x')     /* for a search by hand */                                  \
	/* with trace=on (vmm/operator/watch.c); IN, OUT and CALL come right before EXIT */       \
	X(ENTRY, "entry", '-', 'd') /* a VM is entered: TSC ticks since its exit */               \
	X(IN, "in", 'p', 'd')       /* the exit's read: port, bytes */                            \
	X(OUT, "out", 'p', 'x')     /* the exit's write: port, value */                           \
	X(CALL, "call", 'd', 'x')   /* the exit's call: number, first argument */                 \
	X(HELD, "held", 'l', 'd')   /* a line of a VM was reported: line, so many times so far */ \
	/* with trace=on, right before ENTRY: the line has ended a turn for this VM */            \
	X(WAKE_UP, "wake-up", 'l', 'd') /* line, TSC ticks since the exit */

#define X_ENUM(id, name, a, b) TRACE_##id,
enum trace_event { TRACE_EVENTS(X_ENUM) TRACE_EVENT_COUNT };
#undef X_ENUM

enum { TRACE_ENTRIES = 4096 /* a power of two */, TRACE_NO_VM = 0xff };

/* An event of the VMM, with its time and two operands. */
struct trace_entry {
	/* The TSC at the event. */
	uint64_t tsc;
	/* An enum trace_event. */
	uint8_t event;
	uint8_t vm; /* the VM's number, or TRACE_NO_VM */
	/* The operands; TRACE_EVENTS has their meaning. */
	uint16_t a;
	uint32_t b;
};

/* The events before a stop (trace stop on). Few: they are copied in a single piece. */
enum { TRACE_KEPT = 64 /* a power of two */ };
struct trace_kept {
	uint64_t count; /* as in struct trace_ring; 0: the trace has not stopped */
	struct trace_entry entry[TRACE_KEPT];
};

/* The last TRACE_ENTRIES events. */
struct trace_ring {
	uint64_t count; /* entries ever written; the next entry goes to count % TRACE_ENTRIES */
	struct trace_entry entry[TRACE_ENTRIES];
};

#endif
