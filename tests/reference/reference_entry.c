/* SPDX-License-Identifier: MIT */
/**
 * One FORMAT of a participant's list.
 */
#include "tests/reference/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ref_color_names[] = {
	"srgb",	      "rec2100",	  "rec2020",	 "rec709",	"rec601_pal_full",
	"rec601_pal", "rec601_ntsc_full", "rec601_ntsc", "passthrough", "any",
	NULL
};
#define COLOR_ANY (1u << 9)

static const char *const entry_keys[] = { "format",
					  "modifier",
					  "color_spaces",
					  "alpha",
					  "size",
					  "required_sizes",
					  "required_min_size",
					  "stride",
					  "offset_divisor_bytes",
					  "planes",
					  "handles",
					  "rows_align",
					  "pad_block",
					  "extra_rows",
					  "total_min_bytes",
					  "cost",
					  NULL };
static const char *const size_keys[] = { "min", "max", "align", "area_max", NULL };
static const char *const stride_keys[] = { "min_bytes",	   "max_bytes", "divisor_bytes",
					   "whole_pixels", "exact",	NULL };
static const char *const plane_keys[] = { "stride_divisor_bytes", "offset_divisor_bytes", NULL };
static const char *const handle_names[] = { "any", "one", "per_plane", NULL };

static bool is_any(const json_t *value)
{
	return json_is_string(value) && strcmp(json_string_value(value), "any") == 0;
}

static bool add_format(struct ref_entry *entry, const json_t *value)
{
	const struct ref_format *format =
		json_is_string(value) ? ref_format_find(json_string_value(value)) : NULL;
	for (size_t i = 0; i < entry->n_formats; i++)
		if (entry->formats[i] == format)
			return false;
	if (format == NULL)
		return false;
	entry->formats[entry->n_formats++] = format;
	return true;
}

static bool add_modifier(struct ref_entry *entry, const json_t *value)
{
	uint64_t modifier;
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		modifier = (uint64_t)json_integer_value(value);
	else if (!json_is_string(value) || !ref_modifier_find(json_string_value(value), &modifier))
		return false;
	if (modifier == UINT64_C(0x00ffffffffffffff) || entry->n_modifiers == 96)
		return false;
	for (size_t i = 0; i < entry->n_modifiers; i++)
		if (entry->modifiers[i] == modifier)
			return false;
	entry->modifiers[entry->n_modifiers++] = modifier;
	return true;
}

/** One value, a list, or any. */
static bool take_list(struct ref_entry *entry, const json_t *value, bool *any,
		      bool (*add)(struct ref_entry *, const json_t *))
{
	if (is_any(value) || (json_array_size(value) == 1 && is_any(json_array_get(value, 0)))) {
		*any = true;
		return true;
	}
	if (!json_is_array(value))
		return add(entry, value);
	bool good = json_array_size(value) > 0;
	for (size_t i = 0; i < json_array_size(value); i++)
		good = add(entry, json_array_get(value, i)) && good;
	return good;
}

static void read_pairs(struct ref_reader *reader, const json_t *object, const char *prefix,
		       bool is_none, struct ref_entry *entry)
{
	const json_t *format = json_object_get(object, "format");
	const json_t *modifier = json_object_get(object, "modifier");

	if (format == NULL || !take_list(entry, format, &entry->any_format, add_format))
		ref_complain(reader, prefix, "format");
	if (modifier != NULL) {
		if (!take_list(entry, modifier, &entry->any_modifier, add_modifier))
			ref_complain(reader, prefix, "modifier");
	} else if (entry->any_format || is_none) {
		entry->any_modifier = true;
	} else {
		entry->modifiers[entry->n_modifiers++] = 0;
	}
}

static void read_colors(struct ref_reader *reader, const json_t *object, const char *prefix,
			struct ref_entry *entry)
{
	entry->states_colors = json_object_get(object, "color_spaces") != NULL;
	entry->colors = ref_take_set(reader, object, prefix, "color_spaces", ref_color_names, 0);
	entry->any_color = (entry->colors & COLOR_ANY) != 0;
	if (entry->any_color && entry->colors != COLOR_ANY)
		ref_complain(reader, prefix, "color_spaces");
	entry->colors &= ~COLOR_ANY;
}

static void read_sizes(struct ref_reader *reader, const json_t *object, const char *prefix,
		       struct ref_entry *entry)
{
	char inner[128];
	json_t *size = ref_take_object(reader, object, prefix, "size", size_keys);
	snprintf(inner, sizeof(inner), "%ssize.", prefix);
	entry->min = ref_take_size(reader, size, inner, "min", 1, REF_ANY_NUMBER);
	entry->max = ref_take_size(reader, size, inner, "max", REF_NO_LIMIT, REF_NOT_ZERO);
	entry->align = ref_take_size(reader, size, inner, "align", 1, REF_POWER_OF_TWO);
	entry->area_max =
		ref_take_number(reader, size, inner, "area_max", REF_NO_LIMIT, REF_NOT_ZERO);
	entry->min.w = ref_max(entry->min.w, 1);
	entry->min.h = ref_max(entry->min.h, 1);
	if (entry->min.w > entry->max.w || entry->min.h > entry->max.h)
		ref_complain(reader, inner, "min");

	entry->has_required_min = json_object_get(object, "required_min_size") != NULL;
	entry->required_min =
		ref_take_size(reader, object, prefix, "required_min_size", 1, REF_NOT_ZERO);
}

static void read_required(struct ref_reader *reader, const json_t *object, const char *prefix,
			  struct ref_entry *entry)
{
	const json_t *list = json_object_get(object, "required_sizes");
	size_t n = json_array_size(list);
	if (list == NULL)
		return;
	if (!json_is_array(list))
		ref_complain(reader, prefix, "required_sizes");
	entry->required = calloc(n + 1, sizeof(*entry->required));
	for (size_t i = 0; i < n; i++) {
		json_t *wrapped = json_pack("{s:O}", "size", json_array_get(list, i));
		json_t *errors = json_array();
		struct ref_reader inner = { .errors = errors };
		entry->required[entry->n_required++] =
			ref_take_size(&inner, wrapped, "", "size", 1, REF_NOT_ZERO);
		if (json_array_size(errors) > 0)
			ref_complain(reader, prefix, "required_sizes");
		json_decref(errors);
		json_decref(wrapped);
	}
}

static void read_stride(struct ref_reader *reader, const json_t *object, const char *prefix,
			struct ref_entry *entry)
{
	char inner[128];
	json_t *stride = ref_take_object(reader, object, prefix, "stride", stride_keys);
	snprintf(inner, sizeof(inner), "%sstride.", prefix);
	entry->stride_min = ref_take_number(reader, stride, inner, "min_bytes", 0, REF_ANY_NUMBER);
	entry->stride_max =
		ref_take_number(reader, stride, inner, "max_bytes", REF_NO_LIMIT, REF_NOT_ZERO);
	entry->stride_divisor =
		ref_take_number(reader, stride, inner, "divisor_bytes", 1, REF_NOT_ZERO);
	entry->whole_pixels = ref_take_bool(reader, stride, inner, "whole_pixels", false);
	entry->exact = ref_take_bool(reader, stride, inner, "exact", false);
	if (entry->stride_min > entry->stride_max)
		ref_complain(reader, inner, "min_bytes");
}

static void read_planes(struct ref_reader *reader, const json_t *object, const char *prefix,
			struct ref_entry *entry)
{
	const json_t *list = json_object_get(object, "planes");
	for (size_t i = 0; i < REF_MAX_PLANES; i++)
		entry->plane_stride[i] = entry->plane_offset[i] = 1;
	if (list != NULL && !json_is_array(list))
		ref_complain(reader, prefix, "planes");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *plane = json_array_get(list, i);
		char inner[128];
		ref_wide stride, offset;
		snprintf(inner, sizeof(inner), "%splanes[%zu].", prefix, i);
		if (!json_is_object(plane)) {
			ref_complain(reader, prefix, "planes");
			continue;
		}
		ref_check_keys(reader, plane, inner, plane_keys);
		stride = ref_take_number(reader, plane, inner, plane_keys[0], 1, REF_NOT_ZERO);
		offset = ref_take_number(reader, plane, inner, plane_keys[1], 1, REF_NOT_ZERO);
		if (i < REF_MAX_PLANES) {
			entry->plane_stride[i] = stride;
			entry->plane_offset[i] = offset;
		}
	}
}

static void read_rest(struct ref_reader *reader, const json_t *object, const char *prefix,
		      struct ref_entry *entry)
{
	const json_t *alpha = json_object_get(object, "alpha");
	if (ref_take_bool(reader, object, prefix, "alpha", false))
		entry->alpha = REF_ALPHA_TRUE;
	else
		entry->alpha = alpha == NULL ? REF_ALPHA_UNSET : REF_ALPHA_FALSE;
	entry->handles = (enum ref_handles)ref_take_name(reader, object, prefix, "handles",
							 handle_names, REF_HANDLES_ANY);
	ref_take_number(reader, object, prefix, "offset_divisor_bytes", 1, REF_POWER_OF_TWO);
	entry->rows_align =
		ref_take_number(reader, object, prefix, "rows_align", 1, REF_POWER_OF_TWO);
	entry->pad_block = ref_take_size(reader, object, prefix, "pad_block", 1, REF_POWER_OF_TWO);
	entry->extra_rows =
		ref_take_number(reader, object, prefix, "extra_rows", 0, REF_ANY_NUMBER);
	entry->total_min =
		ref_take_number(reader, object, prefix, "total_min_bytes", 0, REF_ANY_NUMBER);
	entry->cost = ref_take_number(reader, object, prefix, "cost", 0, REF_ANY_NUMBER);
	if (entry->cost > 1000000)
		ref_complain(reader, prefix, "cost");
}

static bool share_format(const struct ref_entry *a, const struct ref_entry *b)
{
	for (size_t i = 0; i < a->n_formats; i++)
		for (size_t k = 0; k < b->n_formats; k++)
			if (a->formats[i] == b->formats[k])
				return true;
	return a->any_format || b->any_format;
}

static bool share_modifier(const struct ref_entry *a, const struct ref_entry *b)
{
	for (size_t i = 0; i < a->n_modifiers; i++)
		for (size_t k = 0; k < b->n_modifiers; k++)
			if (a->modifiers[i] == b->modifiers[k])
				return true;
	return a->any_modifier || b->any_modifier;
}

static void check_overlap(struct ref_reader *reader, const struct ref_participant *participant)
{
	for (size_t i = 0; i < participant->n_entries; i++)
		for (size_t k = 0; k < i; k++)
			if (share_format(&participant->entries[i], &participant->entries[k]) &&
			    share_modifier(&participant->entries[i], &participant->entries[k]))
				ref_complain(reader, "formats", "");
}

void ref_read_entries(struct ref_reader *reader, const json_t *formats,
		      struct ref_participant *participant)
{
	bool is_none = (participant->usage & REF_USAGE_NONE) != 0;

	participant->entries = calloc(json_array_size(formats) + 1, sizeof(struct ref_entry));
	for (size_t i = 0; i < json_array_size(formats); i++) {
		const json_t *object = json_array_get(formats, i);
		struct ref_entry *entry = &participant->entries[participant->n_entries];
		char prefix[64];
		if (!json_is_object(object)) {
			ref_complain(reader, "formats", "");
			continue;
		}
		snprintf(prefix, sizeof(prefix), "formats[%zu].", i);
		ref_check_keys(reader, object, prefix, entry_keys);
		read_pairs(reader, object, prefix, is_none, entry);
		read_colors(reader, object, prefix, entry);
		read_sizes(reader, object, prefix, entry);
		read_required(reader, object, prefix, entry);
		read_stride(reader, object, prefix, entry);
		read_planes(reader, object, prefix, entry);
		read_rest(reader, object, prefix, entry);
		participant->n_entries++;
	}
	check_overlap(reader, participant);
}
