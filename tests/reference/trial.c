/* SPDX-License-Identifier: MIT */
/**
 * Taking fields away from a document, by path.
 */
#include "tests/reference/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Split "a[1].b" into its first step and the rest. False at the end or if malformed. */
struct step {
	char key[64]; /* empty in an index step */
	size_t index;
};

static bool next_step(const char **path, struct step *step)
{
	*step = (struct step){ .index = 0 };
	if (**path == '.')
		(*path)++;
	if (**path == '\0')
		return false;
	if (**path == '[') {
		char *end;
		step->index = strtoul(*path + 1, &end, 10);
		if (*end != ']')
			return false;
		*path = end + 1;
		return true;
	}
	size_t length = strcspn(*path, ".[");
	if (length == 0 || length >= sizeof(step->key))
		return false;
	memcpy(step->key, *path, length);
	*path += length;
	return true;
}

static json_t *follow(const json_t *value, const struct step *step)
{
	return step->key[0] != '\0' ? json_object_get(value, step->key)
				    : json_array_get(value, step->index);
}

json_t *path_get(const json_t *object, const char *path)
{
	json_t *at = (json_t *)object;
	struct step step;
	while (at != NULL && next_step(&path, &step))
		at = follow(at, &step);
	return *path == '\0' ? at : NULL;
}

/** Make sure a container is there to go on into. */
static json_t *descend(json_t *at, const struct step *step, bool into_array)
{
	json_t *inner = follow(at, step);
	if (inner != NULL)
		return inner;
	if (!(step->key[0] != '\0' ? json_is_object(at) : json_is_array(at)))
		return NULL;
	inner = into_array ? json_array() : json_object();
	if (step->key[0] != '\0') {
		json_object_set_new(at, step->key, inner);
		return inner;
	}
	while (json_array_size(at) < step->index)
		json_array_append_new(at, json_object());
	json_array_append_new(at, inner);
	return inner;
}

bool path_set(json_t *object, const char *path, json_t *value)
{
	struct step step;
	json_t *at = object;
	if (!next_step(&path, &step)) {
		json_decref(value);
		return false;
	}
	while (*path != '\0' && at != NULL) {
		struct step next;
		at = descend(at, &step, *path == '[');
		if (!next_step(&path, &next))
			break;
		step = next;
	}
	if (at == NULL) {
		json_decref(value);
		return false;
	}
	if (value == NULL)
		return step.key[0] != '\0' ? json_object_del(at, step.key) == 0
					   : json_array_remove(at, step.index) == 0;
	if (step.key[0] != '\0')
		return json_object_set_new(at, step.key, value) == 0;
	return json_array_set_new(at, step.index, value) == 0;
}

static bool each_of(const json_t *list, bool (*visit)(json_t *, void *), void *user)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		const json_t *alternatives = json_object_get(item, "one_of");
		if (alternatives == NULL) {
			if (visit(item, user))
				return true;
			continue;
		}
		for (size_t k = 0; k < json_array_size(alternatives); k++)
			if (each_of(json_array_get(alternatives, k), visit, user))
				return true;
	}
	return false;
}

bool trial_each(const json_t *document, bool (*visit)(json_t *participant, void *user), void *user)
{
	return each_of(json_object_get(document, "participants"), visit, user);
}

struct wanted {
	const char *name;
	json_t *found;
};

static bool is_wanted(json_t *participant, void *user)
{
	struct wanted *wanted = user;
	const char *name = json_string_value(json_object_get(participant, "name"));
	if (name == NULL || strcmp(name, wanted->name) != 0)
		return false;
	wanted->found = participant;
	return true;
}

json_t *trial_find(const json_t *document, const char *name)
{
	struct wanted wanted = { .name = name };
	trial_each(document, is_wanted, &wanted);
	return wanted.found;
}

static bool states_none(const json_t *participant)
{
	const json_t *usage = json_object_get(participant, "usage");
	const char *first = json_string_value(json_array_get(usage, 0));
	return usage == NULL || (first != NULL && strcmp(first, "none") == 0);
}

/** The list reduced to its (format, modifier) pairs, defaults written out. */
static json_t *bare_pairs(const json_t *participant)
{
	const json_t *formats = json_object_get(participant, "formats");
	json_t *pairs = json_array();
	for (size_t i = 0; i < json_array_size(formats); i++) {
		const json_t *entry = json_array_get(formats, i);
		json_t *format = json_object_get(entry, "format");
		json_t *modifier = json_object_get(entry, "modifier");
		const char *name = json_string_value(format);
		bool any = name != NULL && strcmp(name, "any") == 0;
		json_t *bare = json_pack("{s:O}", "format", format);
		if (modifier != NULL)
			json_object_set(bare, "modifier", modifier);
		else
			json_object_set_new(
				bare, "modifier",
				json_string(any || states_none(participant) ? "any" : "LINEAR"));
		json_array_append_new(pairs, bare);
	}
	return pairs;
}

static void copy_field(json_t *bare, const json_t *original, const char *field)
{
	bool in_formats = strncmp(field, "formats", 7) == 0;
	json_t *value = path_get(original, field);
	if (in_formats && json_object_get(bare, "formats") == NULL)
		json_object_set_new(bare, "formats", bare_pairs(original));
	if (value != NULL && strcmp(field, "formats") != 0)
		path_set(bare, field, json_deep_copy(value));
}

struct reduction {
	const json_t *document, *conflict;
	size_t without;
	bool widen;
};

static bool reduce(json_t *participant, void *user)
{
	const struct reduction *reduction = user;
	const char *name = json_string_value(json_object_get(participant, "name"));
	const json_t *original = trial_find(reduction->document, name);
	const json_t *attach = json_object_get(original, "attach");
	json_t *bare = json_pack("{s:s,s:[s]}", "name", name, "usage", "dma");

	if (attach != NULL)
		json_object_set(bare, "attach", (json_t *)attach);
	for (size_t i = 0; i < json_array_size(reduction->conflict); i++) {
		const json_t *entry = json_array_get(reduction->conflict, i);
		const char *who = json_string_value(json_object_get(entry, "participant"));
		const char *field = json_string_value(json_object_get(entry, "field"));
		if (who == NULL || field == NULL || strcmp(who, name) != 0)
			continue;
		if (i == reduction->without)
			field = reduction->widen ? "formats" : NULL;
		if (field != NULL)
			copy_field(bare, original, field);
	}
	json_object_clear(participant);
	json_object_update(participant, bare);
	json_decref(bare);
	return false;
}

json_t *trial_document(const json_t *document, const json_t *conflict, size_t without, bool widen)
{
	struct reduction reduction = { document, conflict, without, widen };
	json_t *trial = json_deep_copy(document);
	trial_each(trial, reduce, &reduction);
	return trial;
}

json_t *trial_change(const json_t *document, const char *name, const char *field, json_t *to)
{
	json_t *trial = json_deep_copy(document);
	json_t *participant = trial_find(trial, name);
	bool leave_out = to == NULL || json_is_null(to);
	if (participant == NULL || (leave_out && path_get(participant, field) == NULL)) {
		json_decref(trial);
		return NULL;
	}
	path_set(participant, field, leave_out ? NULL : json_deep_copy(to));
	return trial;
}
