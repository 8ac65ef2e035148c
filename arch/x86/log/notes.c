/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notes: lines from the code between an exit and an entry, printed later.
 *
 * Rule: the queue is a ring. Exits write and move the head. The background work reads and moves the
 * tail. Head and tail only grow.
 */
#include "arch/x86/log/log.h"
#include "arch/x86/log/log_parts.h"

#include <stdio.h>
#include <string.h>

static struct {
	struct note note[NOTES];
	bool printed[NOTES]; /* for the reader: later notes without a wait */
	volatile uint32_t head, tail;
	volatile uint64_t dropped;
	uint64_t dropped_said;
	void (*told)(void); /* NULL: notes are printed at once */
} queue;

/* The condition of log_notes_after(), for the notes to come. */
static struct {
	const volatile uint32_t *counter;
	uint32_t position;
} after;

/* snprintf() gets a value for every possible conversion of a format, and reads only the values of
 * the present format. */
static void note_print(const struct note *note)
{
	char text[LOG_LINE_MAX];
	const uint64_t *v = note->value, *d = note->value + note->split;
	size_t used = sizeof(LOG_PREFIX) - 1;

	memcpy(text, LOG_PREFIX, used);
	used = log_used_with(used, snprintf(text + used, sizeof(text) - used, note->format, v[0],
	                                    v[1], v[2], v[3], v[4], v[5], v[6], v[7]));
	log_pause();
	if (note->detail != NULL)
		used = log_used_with(used, snprintf(text + used, sizeof(text) - used, note->detail,
		                                    d[0], d[1], d[2], d[3]));
	text[used++] = '\n'; /* in the place of the terminator */
	log_bytes(text, used);
}

void log_note_post(const struct note *note)
{
	uint32_t head = queue.head;

	if (queue.told == NULL) {
		note_print(note);
	} else if (head - queue.tail == NOTES) {
		queue.dropped++;
	} else {
		queue.note[head % NOTES] = *note;
		queue.note[head % NOTES].counter = after.counter;
		queue.note[head % NOTES].position = after.position;
		__asm__ volatile("" : : : "memory"); /* complete before the head moves */
		queue.head = head + 1;
		queue.told();
	}
}

void log_notes_later(void (*told)(void))
{
	queue.told = told;
}

void log_notes_after(const volatile uint32_t *counter, uint32_t position)
{
	after.counter = counter;
	after.position = position;
}

static bool is_ready(const struct note *note)
{
	return note->counter == NULL || (int32_t)(*note->counter - note->position) >= 0;
}

bool log_notes_print(void)
{
	uint64_t dropped = queue.dropped;
	uint32_t head = queue.head;

	for (uint32_t i = queue.tail; i != head; i++) {
		if (queue.printed[i % NOTES] || !is_ready(&queue.note[i % NOTES]))
			continue;
		note_print(&queue.note[i % NOTES]);
		queue.printed[i % NOTES] = true;
		while (queue.tail != head && queue.printed[queue.tail % NOTES]) {
			queue.printed[queue.tail % NOTES] = false;
			queue.tail++;
		}
		return true;
	}
	if (dropped == queue.dropped_said)
		return false;
	log_line("%lu notes were dropped: they came faster than the console takes them",
	         (unsigned long)(dropped - queue.dropped_said));
	queue.dropped_said = dropped;
	return true;
}
