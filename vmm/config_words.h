/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two tables of configuration words (config_vm.c, config_vmm.c) and the reader of lines
 * (config.c) share.
 *
 * Rule: a parser stores its value whole or answers -EINVAL with the reason; it never prints.
 */
#ifndef VMM_CONFIG_WORDS_H
#define VMM_CONFIG_WORDS_H

#include "vmm/config.h"

#include <stdbool.h>

enum { REASON_MAX = 128 };

/* A line that is being read: where its results go and what was said against it. */
struct reader {
	struct vm_config *vm; /* one of the two; the other is NULL */
	struct vmm_config *vmm;
	char reason[REASON_MAX];
};

/* A word of a configuration line. parse gets what follows '=' and answers 0, or -EINVAL with
 * r->reason set. */
struct keyword {
	const char *name;
	bool flag; /* stands alone, takes no value */
	int (*parse)(struct reader *r, const char *value);
};

/* Each ends with a keyword without name. */
extern const struct keyword config_vm_words[], config_vmm_words[];

/* Note the reason; always -EINVAL, so that a parser can return it. */
int config_refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Values that both kinds of line have: 0, or -EINVAL with the reason noted. */
int config_name(struct reader *r, const char *value, char name[CONFIG_NAME_MAX]);
int config_time(struct reader *r, const char *value, uint64_t *us);
int config_number(struct reader *r, const char *value, uint64_t limit, uint64_t *number);
/* One of a list of names that ends with NULL: its index; said is the list in words. */
int config_choice(struct reader *r, const char *value, const char *const *choices,
                  const char *said);

#endif
