/* SPDX-License-Identifier: MIT */
#include "cli/printable.h"

#include <stdbool.h>
#include <string.h>

#include "os/cleanup.h"
#include "share/json.h"

/* U+0080 to U+009F, which some terminals obey, are C2 80 to C2 9F. */
static bool is_c1(const unsigned char *at)
{
	return at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;
}

void printable_text(char *text)
{
	char *to = text;
	for (const char *at = text; *at != '\0'; at++) {
		bool c1 = is_c1((const unsigned char *)at);
		*to++ = c1 || (unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at;
		at += c1;
	}
	*to = '\0';
}

static json_t *copy_string(const json_t *value)
{
	umm_autofree char *text = strdup(json_string_value(value));
	if (text == NULL)
		return NULL;
	printable_text(text);
	return json_string(text);
}

static json_t *copy_list(const json_t *list)
{
	umm_autojson json_t *copy = json_array();
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		if (json_array_append_new(copy, printable_copy(item)) < 0)
			return NULL;
	return json_incref(copy);
}

static json_t *copy_object(const json_t *object)
{
	umm_autojson json_t *copy = json_object();
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value)
		if (json_object_set_new(copy, key, printable_copy(value)) < 0)
			return NULL;
	return json_incref(copy);
}

json_t *printable_copy(const json_t *value)
{
	if (json_is_string(value))
		return copy_string(value);
	if (json_is_array(value))
		return copy_list(value);
	return json_is_object(value) ? copy_object(value) : json_deep_copy(value);
}
