/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration: the VMM's command line and the modules' lines, word by word.
 *
 * Rule: there is a table of words for each kind of line. Each word has its parser, and the parser
 * refuses with a reason. The first refusal is the message; reading goes on with the default for
 * that word.
 */
#include "vmm/config/config.h"
#include "vmm/config/config_words.h"
#include "vmm/config/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_DEFAULT (UINT64_C(16) << 20)
enum { PRIORITY_DEFAULT = 1, SLICE_DEFAULT = 5000 /* us */, STATUS_DEFAULT = 1000 /* ms */ };

/* Returns the keyword whose name is the first length bytes of word, or NULL. */
static const struct keyword *find(const struct keyword *table, const char *word, size_t length)
{
	for (; table->name[0] != '\0'; table++)
		if (strlen(table->name) == length && memcmp(table->name, word, length) == 0)
			return table;
	return NULL;
}

/* Applies a word. seen: the set of keywords (by index) that the line had already. */
static int apply(struct reader *r, const struct keyword *table, const char *word, uint32_t *seen)
{
	const char *equals = strchr(word, '=');
	const struct keyword *k = find(table, word,
	                               equals ? (size_t)(equals - word) : strlen(word));

	if (k == NULL && r->vmm != NULL && config_is_part(word))
		return config_frame_part(r, word);
	if (k == NULL)
		return config_refuse(r, "unknown word");
	if (k->flag && equals)
		return config_refuse(r, "'%s' takes no value", k->name);
	if (!k->flag && !equals)
		return config_refuse(r, "a value is missing: %s=...", k->name);
	if (*seen & (1u << (k - table)))
		return config_refuse(r, "'%s' was given before", k->name);
	*seen |= 1u << (k - table);
	return k->parse(r, equals ? equals + 1 : "");
}

/* Some loaders put the file's name first. */
static bool is_file_name(const char *word, const struct keyword *table)
{
	return word[0] == '/' ||
	       (strchr(word, '=') == NULL && find(table, word, strlen(word)) == NULL &&
	        !(table == config_vmm_words && config_is_part(word)));
}

static int read_word(struct reader *r, const struct keyword *table, enum word_kind kind,
                     const char *word, uint32_t *seen)
{
	if (kind == WORD_TOO_LONG)
		return config_refuse(r, "the word is longer than %d bytes", WORD_MAX - 1);
	if (kind == WORD_OPEN_QUOTE)
		return config_refuse(r, "the closing quote is missing");
	return apply(r, table, word, seen);
}

/* Notes the first error, as "[before]word: reason". */
static void note(const char *before, const char *word, const char *reason, char *err, size_t size,
                 int *error)
{
	char shown[SHOWN_MAX];

	if (*error == 0 && size > 0)
		snprintf(err, size, "%s%s: %s", before, word_shown(word, shown), reason);
	*error = -EINVAL;
}

/* Sets prefix to the words that name the module in a message. The module's own vm= counts at any
 * place of the line. */
static void module_prefix(unsigned n, const char *line, char name[CONFIG_NAME_MAX], char *prefix,
                          size_t size)
{
	struct words w = { line };
	char given[CONFIG_NAME_MAX];
	struct reader r = { .vm = NULL };
	char word[WORD_MAX];
	enum word_kind kind;

	while ((kind = words_next(&w, word)) != WORD_END && strcmp(word, "--") != 0) {
		if (kind == WORD_PLAIN && strncmp(word, "vm=", 3) == 0 &&
		    config_name(&r, word + 3, given) == 0) {
			strcpy(name, given);
			break;
		}
	}
	snprintf(prefix, size, "module %u (%s): ", n, name);
}

/* "--": all the rest of the line, as written, is for the guest. */
static int read_rest(struct reader *r, const struct keyword *text, struct words *w, uint32_t seen,
                     size_t index)
{
	if (seen & (1u << index))
		return config_refuse(r, "the guest's text was given by %s= before", text->name);
	return text->parse(r, words_rest(w));
}

static int read_line(struct reader *r, const struct keyword *table, const char *line,
                     const char *prefix, char *err, size_t size)
{
	const struct keyword *text = find(table, "args", 4);
	struct words w = { line };
	char word[WORD_MAX];
	enum word_kind kind;
	uint32_t seen = 0;
	bool first = true;
	int error = 0;

	for (; (kind = words_next(&w, word)) != WORD_END; first = false) {
		if (text && kind == WORD_PLAIN && strcmp(word, "--") == 0) {
			if (read_rest(r, text, &w, seen, (size_t)(text - table)))
				note(prefix, word, r->reason, err, size, &error);
			break;
		}
		if (first && is_file_name(word, table))
			continue;
		if (read_word(r, table, kind, word, &seen))
			note(prefix, word, r->reason, err, size, &error);
	}
	return error;
}

int config_parse_vmm(const char *line, struct vmm_config *out, char *err, size_t size)
{
	struct reader r = { .vmm = out };

	*out = (struct vmm_config){
		.console = "com1", .chipset = "auto", .nmi = NMI_LOG, .status_ms = STATUS_DEFAULT
	};
	if (size > 0)
		err[0] = '\0';
	return read_line(&r, config_vmm_words, line, "", err, size);
}

int config_parse_vm(unsigned n, const char *line, struct vm_config *out, char *err, size_t size)
{
	struct reader r = { .vm = out };
	char prefix[CONFIG_NAME_MAX + 32];

	*out = (struct vm_config){ .memory = MEMORY_DEFAULT,
		                   .priority = PRIORITY_DEFAULT,
		                   .slice_us = SLICE_DEFAULT,
		                   .onfault = FAULT_LOG,
		                   .controller_input = LINE_INPUTS_OWN,
		                   .block_input = LINE_INPUTS_OWN };
	if (size > 0)
		err[0] = '\0';
	snprintf(out->name, sizeof(out->name), "vm%u", n);
	module_prefix(n, line, out->name, prefix, sizeof(prefix));
	int error = read_line(&r, config_vm_words, line, prefix, err, size);

	if (out->pit)
		out->lines |= LINE(0);
	return error;
}

bool config_is_of(const char *line)
{
	struct words w = { line };
	char word[WORD_MAX];
	enum word_kind kind;

	while ((kind = words_next(&w, word)) != WORD_END && strcmp(word, "--") != 0)
		if (strncmp(word, "of=", 3) == 0)
			return true;
	return false;
}

int config_parse_of(unsigned n, const char *line, struct of_config *out, char *err, size_t size)
{
	struct reader r = { .of = out };
	char prefix[32];

	memset(out, 0, sizeof(*out));
	if (size > 0)
		err[0] = '\0';
	snprintf(prefix, sizeof(prefix), "module %u: ", n);
	return read_line(&r, config_of_words, line, prefix, err, size);
}
