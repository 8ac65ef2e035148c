/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The common part of the two tables of configuration words (config_vm.c, config_vmm.c) and of the
 * reader of lines (config.c).
 *
 * Rule: a parser stores its value whole, or returns -EINVAL with the reason. A parser never prints.
 */
#ifndef VMM_CONFIG_WORDS_H
#define VMM_CONFIG_WORDS_H

#include "vmm/config/config.h"

#include <stdbool.h>

/* Bytes of a reason, the NUL included. */
enum { REASON_MAX = 128 };

/* A line that is being read: the place of its results, and the reason of a refusal. */
struct reader {
	/* The result of a module's line. One of vm, of and vmm is set; the others are NULL. */
	struct vm_config *vm;
	/* The result of the line of a VM's module. */
	struct of_config *of;
	/* The result of the VMM's own line. */
	struct vmm_config *vmm;
	/* The reason of the last refusal, from config_refuse(). */
	char reason[REASON_MAX];
};

/* A word of a configuration line. */
struct keyword {
	/* The word before '='. In the row: a pointer takes as much, and the text more. */
	char name[15];
	bool flag; /* The word stands alone and takes no value. */
	/* Takes the text after '='. Returns 0, or -EINVAL with r->reason set. */
	int (*parse)(struct reader *r, const char *value);
};

/* Each table ends with a keyword of an empty name. */
extern const struct keyword config_vm_words[], config_vmm_words[], config_of_words[];

/* Returns true where a word of the VMM's line without '=' is a part of the frame, as in
 * pulse:3ms. */
bool config_is_part(const char *word);
/* Adds such a part to the frame. Returns 0, or -EINVAL with the reason noted. */
int config_frame_part(struct reader *r, const char *word);

/* Notes the reason. Always returns -EINVAL, so that a parser can return the same value. */
int config_refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Parses a name: a letter, then letters, digits, '-' or '_'. Returns 0, or -EINVAL with the reason
 * noted. */
int config_name(struct reader *r, const char *value, char name[CONFIG_NAME_MAX]);
/* Parses a time into microseconds. Returns 0, or -EINVAL with the reason noted. */
int config_time(struct reader *r, const char *value, uint64_t *us);
/* Parses a number from 0 to limit. Returns 0, or -EINVAL with the reason noted. */
int config_number(struct reader *r, const char *value, uint64_t limit, uint64_t *number);
/* Copies the guest's own text. Returns 0, or -EINVAL with the reason noted where the text does not
 * fit. */
int config_text(struct reader *r, const char *value, char text[CONFIG_TEXT_MAX]);
/* Finds value in names, a list as a person writes the list: "auto, on, off". Returns the index of
 * value, or -EINVAL with the reason noted. */
int config_choice(struct reader *r, const char *value, const char *names);

#endif
