/* SPDX-License-Identifier: MIT */
#include "cli/demands.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "share/alternatives.h"
#include "share/json.h"

/* One step of a path: a key, or "[N]". Moves *path behind it. */
static const json_t *step(const json_t *value, const char **path)
{
	if (**path == '[') {
		char *end;
		size_t index = strtoul(*path + 1, &end, 10);
		*path = *end == ']' ? end + 1 : end;
		return json_array_get(value, index);
	}
	char key[64];
	size_t length = strcspn(*path, ".[");
	if (length >= sizeof(key))
		return NULL;
	memcpy(key, *path, length);
	key[length] = '\0';
	*path += length;
	return json_object_get(value, key);
}

static const json_t *walk(const json_t *value, const char *path)
{
	while (value != NULL && *path != '\0') {
		path += *path == '.';
		value = *path != '\0' ? step(value, &path) : value;
	}
	return value;
}

static bool has_format(const json_t *entry, const char *format)
{
	size_t i;
	const json_t *item, *formats = json_object_get(entry, "format");
	if (json_is_string(formats))
		return strcmp(json_string_value(formats), format) == 0;
	json_array_foreach (formats, i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), format) == 0)
			return true;
	return false;
}

struct search {
	const char *name;
	const json_t *found; /* NULL: not yet */
};

static bool is_other(void *user, json_t *participant)
{
	struct search *search = user;
	if (strcmp(umm_json_text(participant, "name"), search->name) == 0)
		search->found = participant;
	return search->found == NULL;
}

static const json_t *find_participant(const json_t *participants, const char *name)
{
	size_t i;
	const json_t *item;
	struct search search = { .name = name };
	json_array_foreach (participants, i, item)
		if (!umm_alternatives_walk(item, is_other, &search))
			break;
	return search.found;
}

const json_t *demands_find(const json_t *participants, const char *name, const char *path,
			   const char *format)
{
	const json_t *whole = find_participant(participants, name);
	const json_t *value = walk(whole, path);
	size_t i;
	const json_t *entry;
	json_array_foreach (json_object_get(whole, "formats"), i, entry)
		if (value == NULL && has_format(entry, format))
			value = walk(entry, path);
	return value;
}
