/* SPDX-License-Identifier: MIT */
#include "share/teach_pairs.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "share/json.h"
#include "share/solution_emit.h"

static bool is_any(const json_t *value)
{
	const json_t *word = json_is_array(value) ? json_array_get(value, 0) : value;
	return json_is_string(word) && strcmp(json_string_value(word), "any") == 0;
}

static bool reads_as(const json_t *item, const json_t *wanted, bool is_modifier)
{
	uint64_t a, b;
	if (json_equal((json_t *)item, (json_t *)wanted))
		return true;
	if (!is_modifier || umm_modifier_from_name(json_string_value(wanted), &b) < 0)
		return false;
	if (json_is_integer(item))
		return (uint64_t)json_integer_value(item) == b;
	return json_is_string(item) && umm_modifier_from_name(json_string_value(item), &a) == 0 &&
	       a == b;
}

/* The items of a value (one, or a list) that are, or are not, `wanted`. */
static json_t *select_items(const json_t *value, const json_t *wanted, bool is_modifier, bool equal)
{
	json_t *list = json_array();
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_is_array(value) ? json_array_get(value, i) : (json_t *)value;
		if (reads_as(item, wanted, is_modifier) == equal &&
		    json_array_append(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* A copy of the entry with these lists, unless one is empty. */
static int append_part(json_t *to, const json_t *entry, json_t *take_formats,
		       json_t *take_modifiers)
{
	umm_autojson json_t *formats = take_formats, *modifiers = take_modifiers;
	if (formats == NULL || modifiers == NULL)
		return -ENOMEM;
	if (json_array_size(formats) == 0 || json_array_size(modifiers) == 0)
		return 0;
	umm_autojson json_t *part = json_copy((json_t *)entry);
	if (part == NULL || json_object_set(part, "format", formats) < 0 ||
	    json_object_set(part, "modifier", modifiers) < 0 || json_array_append(to, part) < 0)
		return -ENOMEM;
	return 0;
}

/* The entry without the pair; *covered if it had it. */
static int append_without(json_t *to, json_t *entry, const json_t *format, const json_t *modifier,
			  bool *covered)
{
	umm_autojson json_t *linear = json_string("LINEAR");
	const json_t *formats = json_object_get(entry, "format");
	const json_t *modifiers = json_object_get(entry, "modifier");
	if (modifiers == NULL && !is_any(formats))
		modifiers = linear;
	umm_autojson json_t *same_format = select_items(formats, format, false, true);
	umm_autojson json_t *same_modifier = select_items(modifiers, modifier, true, true);
	if (linear == NULL || same_format == NULL || same_modifier == NULL)
		return -ENOMEM;
	bool any_format = is_any(formats), any_modifier = modifiers == NULL || is_any(modifiers);
	bool has_format = any_format || json_array_size(same_format) > 0;
	bool has_modifier = any_modifier || json_array_size(same_modifier) > 0;
	if (!has_format || !has_modifier)
		return json_array_append(to, entry) < 0 ? -ENOMEM : 0;
	if (any_format || any_modifier)
		return -EDOM;
	*covered = true;
	int ret = append_part(to, entry, select_items(formats, format, false, false),
			      json_is_array(modifiers) ? json_deep_copy(modifiers)
						       : json_pack("[O]", modifiers));
	if (ret == 0)
		ret = append_part(to, entry, json_incref(same_format),
				  select_items(modifiers, modifier, true, false));
	return ret;
}

int umm_take_out_pair(json_t *participant, uint32_t format, uint64_t modifier)
{
	umm_autojson json_t *format_name = umm_emit_format(format);
	umm_autojson json_t *modifier_name = umm_emit_modifier(modifier);
	umm_autojson json_t *left = json_array();
	size_t i;
	json_t *entry;
	bool covered = false;
	if (format_name == NULL || modifier_name == NULL || left == NULL)
		return -ENOMEM;
	json_array_foreach (json_object_get(participant, "formats"), i, entry) {
		int ret = append_without(left, entry, format_name, modifier_name, &covered);
		if (ret < 0)
			return ret;
	}
	if (!covered)
		return -ENOENT;
	if (json_array_size(left) == 0)
		return -ERANGE;
	return json_object_set(participant, "formats", left) < 0 ? -ENOMEM : 0;
}
