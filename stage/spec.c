/* SPDX-License-Identifier: MIT */
/**
 * Reading a STAGE argument: kind[:argument][,key=value...].
 *
 * The colon ends the kind only, so that arguments may hold ':' and '/' (file:/tmp/a:b.mp4). A comma
 * ends a part; a comma that belongs to a name is written `\,` and a backslash before a comma `\\`.
 * Any other backslash stands for itself. The first '=' of a part separates key and value, so values
 * may hold '='.
 *
 * Whatever is wrong is told in one line that lists what would have been right.
 */
#include "stage/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/cleanup.h"
#include "stage/kinds.h"

/* A list of words for a message; what does not fit is cut. */
struct words {
	char text[512];
	size_t length;
};

static void words_add(struct words *words, const char *word, const char *value)
{
	int n = snprintf(words->text + words->length, sizeof(words->text) - words->length,
			 "%s%s%s%s", words->length ? ", " : "", word, value ? "=" : "",
			 value ? value : "");
	if (n > 0 && words->length + (size_t)n < sizeof(words->text))
		words->length += (size_t)n;
}

static const char *kinds_text(struct words *words)
{
	*words = (struct words){ 0 };
	for (const struct stage_ops *const *ops = stage_kinds(); *ops != NULL; ops++)
		words_add(words, (*ops)->kind, NULL);
	return words->text;
}

const struct stage_ops *stage_find(const char *kind)
{
	for (const struct stage_ops *const *ops = stage_kinds(); ops != NULL && *ops != NULL; ops++)
		if (strcmp((*ops)->kind, kind) == 0)
			return *ops;
	return NULL;
}

bool stage_is_named(const char *text)
{
#define NAME_OF_KIND(kind) #kind,
	static const char *const names[] = { STAGE_KINDS(NAME_OF_KIND) };
#undef NAME_OF_KIND
	size_t length = strcspn(text, ":,");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
			return true;
	return false;
}

static const char *keys_text(const struct stage_ops *ops, struct words *words)
{
	*words = (struct words){ 0 };
	for (const struct stage_key *key = ops->keys; key->name != NULL; key++)
		words_add(words, key->name, key->value);
	return words->length ? words->text : "none";
}

/* Copy up to the first of `stops` that is not escaped, and move *cursor onto it (or the end). */
static char *take_part(const char **cursor, const char *stops)
{
	char *part = malloc(strlen(*cursor) + 1);
	if (part == NULL)
		return NULL;

	char *end = part;
	const char *at = *cursor;
	while (*at != '\0' && strchr(stops, *at) == NULL) {
		if (at[0] == '\\' && (at[1] == ',' || at[1] == '\\'))
			at++;
		*end++ = *at++;
	}
	*end = '\0';
	*cursor = at;
	return part;
}

static int out_of_memory(const struct stage_spec *spec)
{
	stage_error(spec, "out of memory");
	return -1;
}

static int parse_kind(struct stage_spec *spec, const char **cursor)
{
	umm_autofree char *kind = take_part(cursor, ":,");
	if (kind == NULL)
		return out_of_memory(spec);
	if (stage_kinds() == NULL)
		return -1;

	struct words words;
	spec->ops = stage_find(kind);
	if (spec->ops == NULL) {
		stage_error(NULL, "there is no stage \"%s\"; stages are: %s", kind,
			    kinds_text(&words));
		return -1;
	}
	spec->name = spec->ops->kind;
	return 0;
}

static int parse_argument(struct stage_spec *spec, const char **cursor)
{
	const struct stage_ops *ops = spec->ops;
	if (**cursor != ':') {
		if (!ops->argument_required)
			return 0;
		stage_error(spec, "needs an argument: %s:%s", ops->kind, ops->argument_help);
		return -1;
	}

	(*cursor)++;
	spec->argument = take_part(cursor, ",");
	if (spec->argument == NULL)
		return out_of_memory(spec);

	struct words words;
	if (ops->argument_help == NULL) {
		stage_error(spec, "takes no argument, but got \"%s\"; its keys are: %s",
			    spec->argument, keys_text(ops, &words));
		return -1;
	}
	if (spec->argument[0] != '\0')
		return 0;
	if (ops->argument_required) {
		stage_error(spec, "nothing behind the colon; write %s:%s", ops->kind,
			    ops->argument_help);
		return -1;
	}
	free((char *)spec->argument); /* "kms:" is "kms" */
	spec->argument = NULL;
	return 0;
}

static bool key_known(const struct stage_ops *ops, const char *name)
{
	for (const struct stage_key *key = ops->keys; key->name != NULL; key++)
		if (strcmp(key->name, name) == 0)
			return true;
	return false;
}

static int check_option(const struct stage_spec *spec, const char *key, const char *value)
{
	struct words words;
	if (spec->ops->any_words)
		return 0;
	if (value == NULL) {
		stage_error(spec,
			    "\"%s\" is not key=value; keys are: %s (a comma inside a name is "
			    "written \"\\,\")",
			    key, keys_text(spec->ops, &words));
		return -1;
	}
	if (!key_known(spec->ops, key)) {
		stage_error(spec, "does not know the key \"%s\"; keys are: %s", key,
			    keys_text(spec->ops, &words));
		return -1;
	}
	if (value[0] == '\0') {
		stage_error(spec, "%s= needs a value; keys are: %s", key,
			    keys_text(spec->ops, &words));
		return -1;
	}
	if (stage_option(spec, key) != NULL) {
		stage_error(spec, "%s= is given twice; give it once", key);
		return -1;
	}
	return 0;
}

static int parse_option(struct stage_spec *spec, const char **cursor)
{
	umm_autofree char *key = take_part(cursor, "=,");
	if (key == NULL)
		return out_of_memory(spec);
	umm_autofree char *value = NULL;
	if (**cursor == '=') {
		(*cursor)++;
		value = take_part(cursor, ",");
		if (value == NULL)
			return out_of_memory(spec);
	}
	if (check_option(spec, key, value) < 0)
		return -1;

	struct stage_option *options =
		realloc(spec->options, (spec->n_options + 1) * sizeof(*options));
	if (options == NULL)
		return out_of_memory(spec);
	spec->options = options;
	options[spec->n_options++] =
		(struct stage_option){ .key = umm_steal(key), .value = umm_steal(value) };
	return 0;
}

static int parse(struct stage_spec *spec, const char *text)
{
	spec->text = strdup(text);
	if (spec->text == NULL)
		return out_of_memory(spec);

	const char *cursor = text;
	if (parse_kind(spec, &cursor) < 0 || parse_argument(spec, &cursor) < 0)
		return -1;
	while (*cursor == ',') {
		cursor++;
		if (parse_option(spec, &cursor) < 0)
			return -1;
	}
	return 0;
}

int stage_spec_parse(const char *text, struct stage_spec *out)
{
	struct stage_spec spec = { 0 };
	if (parse(&spec, text) < 0) {
		stage_spec_finish(&spec);
		return -1;
	}
	*out = spec;
	return 0;
}

void stage_spec_finish(struct stage_spec *spec)
{
	for (unsigned i = 0; i < spec->n_options; i++) {
		free((char *)spec->options[i].key);
		free((char *)spec->options[i].value);
	}
	free(spec->options);
	free((char *)spec->argument);
	free((char *)spec->text);
	*spec = (struct stage_spec){ 0 };
}
