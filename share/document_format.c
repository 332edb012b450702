/* SPDX-License-Identifier: MIT */
/*
 * Reading a participant's FORMAT entries; what they cover is for document_pairs.c.
 *
 * An entry goes straight into the record that merges (struct umm_entry.need); only what `exact` and
 * the trials of a conflict need is kept beside it.
 */
#include "share/document_read.h"

#include <string.h>

#include "core/number.h"

/** A number of an entry that is one number of its record. */
struct entry_key {
	const char *name;
	enum umm_field field;
	unsigned rules;
	enum { AT_LEAST, AT_MOST } kind;
	unsigned index;
};

static const struct entry_key stride_keys[] = {
	{ "min_bytes", UMM_FIELD_STRIDE_MIN, UMM_ANY_NUMBER, AT_LEAST, UMM_LEAST_STRIDE },
	{ "max_bytes", UMM_FIELD_STRIDE_MAX, UMM_NOT_ZERO, AT_MOST, UMM_MOST_STRIDE },
	{ NULL },
};

static const struct entry_key size_keys[] = {
	{ "area_max", UMM_FIELD_AREA_MAX, UMM_NOT_ZERO, AT_MOST, UMM_MOST_AREA },
	{ NULL },
};

static const struct entry_key plain_keys[] = {
	{ "offset_divisor_bytes", UMM_FIELD_OFFSET_DIVISOR, UMM_NOT_ZERO | UMM_POWER_OF_TWO,
	  AT_LEAST, UMM_LEAST_OFFSET },
	{ "rows_align", UMM_FIELD_ROWS_ALIGN, UMM_NOT_ZERO | UMM_POWER_OF_TWO, AT_LEAST,
	  UMM_LEAST_ROWS_ALIGN },
	{ "extra_rows", UMM_FIELD_EXTRA_ROWS, UMM_ANY_NUMBER, AT_LEAST, UMM_LEAST_EXTRA_ROWS },
	{ "total_min_bytes", UMM_FIELD_TOTAL_MIN, UMM_ANY_NUMBER, AT_LEAST, UMM_LEAST_TOTAL },
	{ NULL },
};

#define COST_MAX 1000000

static void state(struct umm_entry *entry, enum umm_field field)
{
	entry->stated |= UMM_FIELD_BIT(field);
}

static bool read_entry_number(struct umm_reader *reader, const struct umm_path *path,
			      const struct entry_key *keys, const char *key, const json_t *value,
			      struct umm_entry *entry)
{
	uint64_t number;
	for (; keys->name != NULL; keys++) {
		if (strcmp(keys->name, key) != 0)
			continue;
		if (!umm_read_number(reader, UMM_PATH_KEY(path, key), value, keys->rules, &number))
			return true;
		if (keys->kind == AT_LEAST)
			entry->need.at_least[keys->index] = number;
		else
			entry->need.at_most[keys->index] = number;
		state(entry, keys->field);
		return true;
	}
	return false;
}

static void state_fact(struct umm_entry *entry, enum umm_fact fact, bool holds)
{
	if (!holds)
		return;
	entry->need.must |= fact;
	entry->need.may |= fact;
}

static void read_colors(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
			struct umm_entry *entry)
{
	uint32_t colors;
	if (!umm_read_words(reader, path, value, umm_color_words, &colors))
		return;
	if ((colors & UMM_COLOR_ANY) != 0 && colors != UMM_COLOR_ANY)
		umm_read_error(reader, path, "'any' must be alone");
	state(entry, UMM_FIELD_COLOR_SPACES);
	state_fact(entry, UMM_FACT_COLORS, true);
	if ((colors & UMM_COLOR_ANY) != 0)
		return;
	state_fact(entry, UMM_FACT_COLOR, true);
	entry->need.among[UMM_AMONG_COLORS] = colors;
}

static void read_alpha(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		       struct umm_entry *entry)
{
	bool alpha;
	if (!umm_read_bool(reader, path, value, &alpha))
		return;
	entry->need.among[UMM_AMONG_ALPHA] = alpha ? UMM_ALPHA_BIT_TRUE : UMM_ALPHA_BIT_FALSE;
	state(entry, UMM_FIELD_ALPHA);
}

static void read_handles(struct umm_reader *reader, const struct umm_path *path,
			 const json_t *value, struct umm_entry *entry)
{
	uint32_t handles;
	if (!umm_read_word(reader, path, value, umm_handles_words, &handles))
		return;
	entry->need.among[UMM_AMONG_HANDLES] = handles;
	state(entry, UMM_FIELD_HANDLES);
}

static void set_least_size(struct umm_entry *entry, enum umm_at_least first, struct umm_size size)
{
	entry->need.at_least[first] = umm_max(size.width_px, 1);
	entry->need.at_least[first + 1] = umm_max(size.height_px, 1);
}

static void set_most_size(struct umm_entry *entry, enum umm_at_most first, struct umm_size size)
{
	entry->need.at_most[first] = size.width_px;
	entry->need.at_most[first + 1] = size.height_px;
}

/** A [w, h] that goes into two numbers of the record. Returns whether `key` is one. */
static bool read_size_key(struct umm_reader *reader, const struct umm_path *path, const char *key,
			  const json_t *value, struct umm_entry *entry)
{
	struct umm_size size;
	const struct umm_path *at = UMM_PATH_KEY(path, key);
	if (strcmp(key, "min") == 0) {
		if (umm_read_size(reader, at, value, UMM_ANY_NUMBER, &size)) {
			set_least_size(entry, UMM_LEAST_WIDTH, size);
			state(entry, UMM_FIELD_IMAGE_MIN);
		}
	} else if (strcmp(key, "max") == 0) {
		if (umm_read_size(reader, at, value, UMM_NOT_ZERO, &size)) {
			set_most_size(entry, UMM_MOST_WIDTH, size);
			state(entry, UMM_FIELD_IMAGE_MAX);
		}
	} else if (strcmp(key, "align") == 0) {
		if (umm_read_size(reader, at, value, UMM_NOT_ZERO | UMM_POWER_OF_TWO, &size)) {
			set_least_size(entry, UMM_LEAST_WIDTH_ALIGN, size);
			state(entry, UMM_FIELD_IMAGE_ALIGN);
		}
	} else {
		return false;
	}
	return true;
}

static void read_size_object(struct umm_reader *reader, const struct umm_path *path, json_t *object,
			     struct umm_entry *entry)
{
	const char *key;
	json_t *value;
	if (!umm_read_is_object(reader, path, object))
		return;
	json_object_foreach (object, key, value)
		if (!read_size_key(reader, path, key, value, entry) &&
		    !read_entry_number(reader, path, size_keys, key, value, entry))
			umm_read_unknown_key(reader, path, key, value);
	const struct umm_path *min = UMM_PATH_KEY(path, "min");
	umm_read_check_range(reader, UMM_PATH_INDEX(min, 0), entry->need.at_least[UMM_LEAST_WIDTH],
			     entry->need.at_most[UMM_MOST_WIDTH]);
	umm_read_check_range(reader, UMM_PATH_INDEX(min, 1), entry->need.at_least[UMM_LEAST_HEIGHT],
			     entry->need.at_most[UMM_MOST_HEIGHT]);
}

static void read_whole_pixels(struct umm_reader *reader, const struct umm_path *path,
			      const json_t *value, struct umm_entry *entry)
{
	bool whole;
	if (!umm_read_bool(reader, path, value, &whole))
		return;
	state_fact(entry, UMM_FACT_WHOLE_PIXELS, whole);
	state(entry, UMM_FIELD_WHOLE_PIXELS);
}

static void read_stride_key(struct umm_reader *reader, const struct umm_path *path, const char *key,
			    const json_t *value, struct umm_entry *entry)
{
	const struct umm_path *at = UMM_PATH_KEY(path, key);
	if (strcmp(key, "divisor_bytes") == 0) {
		if (umm_read_number(reader, at, value, UMM_NOT_ZERO, &entry->own_stride))
			state(entry, UMM_FIELD_STRIDE_DIVISOR);
	} else if (strcmp(key, "whole_pixels") == 0) {
		read_whole_pixels(reader, at, value, entry);
	} else if (strcmp(key, "exact") == 0) {
		if (umm_read_bool(reader, at, value, &entry->exact))
			state(entry, UMM_FIELD_EXACT);
	} else if (!read_entry_number(reader, path, stride_keys, key, value, entry)) {
		umm_read_unknown_key(reader, path, key, value);
	}
}

static void read_stride(struct umm_reader *reader, const struct umm_path *path, json_t *object,
			struct umm_entry *entry)
{
	const char *key;
	json_t *value;
	if (!umm_read_is_object(reader, path, object))
		return;
	json_object_foreach (object, key, value)
		read_stride_key(reader, path, key, value, entry);
	umm_read_check_range(reader, UMM_PATH_KEY(path, "min_bytes"),
			     entry->need.at_least[UMM_LEAST_STRIDE],
			     entry->need.at_most[UMM_MOST_STRIDE]);
}

/** One object of `planes`. Planes no format has are checked and left aside. */
static void read_plane(struct umm_reader *reader, const struct umm_path *path, json_t *object,
		       size_t plane, struct umm_entry *entry)
{
	const char *key;
	json_t *value;
	bool counts = plane < UMM_MAX_PLANES;
	if (!umm_read_is_object(reader, path, object))
		return;
	json_object_foreach (object, key, value) {
		const struct umm_path *at = UMM_PATH_KEY(path, key);
		bool stride = strcmp(key, "stride_divisor_bytes") == 0;
		uint64_t divisor;
		if (!stride && strcmp(key, "offset_divisor_bytes") != 0) {
			umm_read_unknown_key(reader, path, key, value);
			continue;
		}
		if (!umm_read_number(reader, at, value, UMM_NOT_ZERO, &divisor) || !counts)
			continue;
		if (stride && plane == 0)
			entry->own_plane_stride = divisor;
		else if (stride)
			entry->need.multiple[UMM_MULTIPLE_STRIDE + plane] = divisor;
		else
			entry->need.multiple[UMM_MULTIPLE_OFFSET + plane] = divisor;
		state(entry,
		      (stride ? UMM_FIELD_PLANE_STRIDE : UMM_FIELD_PLANE_OFFSET) + (unsigned)plane);
	}
}

static void read_planes(struct umm_reader *reader, const struct umm_path *path, const json_t *list,
			struct umm_entry *entry)
{
	size_t i;
	json_t *item;
	if (!umm_read_is_list(reader, path, list))
		return;
	json_array_foreach (list, i, item)
		read_plane(reader, UMM_PATH_INDEX(path, i), item, i, entry);
}

static void read_required(struct umm_reader *reader, const struct umm_path *path,
			  const json_t *list, struct umm_entry *entry)
{
	size_t i;
	json_t *item;
	bool good = true;
	if (!umm_read_is_list(reader, path, list))
		return;
	struct umm_size *sizes = umm_read_take(reader, json_array_size(list), sizeof(*sizes));
	if (sizes == NULL)
		return;
	json_array_foreach (list, i, item)
		good &= umm_read_size(reader, UMM_PATH_INDEX(path, i), item, UMM_NOT_ZERO,
				      &sizes[i]);
	if (!good)
		return;
	entry->required = sizes;
	entry->n_required = (uint32_t)json_array_size(list);
	state(entry, UMM_FIELD_REQUIRED_SIZES);
}

static void read_required_min(struct umm_reader *reader, const struct umm_path *path,
			      const json_t *value, struct umm_entry *entry)
{
	struct umm_size size;
	if (!umm_read_size(reader, path, value, UMM_NOT_ZERO, &size))
		return;
	set_least_size(entry, UMM_LEAST_KEPT_WIDTH, size);
	set_most_size(entry, UMM_MOST_KEPT_WIDTH, size);
	state(entry, UMM_FIELD_REQUIRED_MIN_SIZE);
}

static void read_pad_block(struct umm_reader *reader, const struct umm_path *path,
			   const json_t *value, struct umm_entry *entry)
{
	struct umm_size size;
	if (!umm_read_size(reader, path, value, UMM_NOT_ZERO | UMM_POWER_OF_TWO, &size))
		return;
	set_least_size(entry, UMM_LEAST_PAD_WIDTH, size);
	state(entry, UMM_FIELD_PAD_BLOCK);
}

static void read_cost(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		      struct umm_entry *entry)
{
	uint64_t cost;
	if (!umm_read_number(reader, path, value, UMM_ANY_NUMBER, &cost))
		return;
	if (cost > COST_MAX)
		umm_read_error(reader, path, "must not be above %d", COST_MAX);
	entry->need.total[UMM_TOTAL_COST] = cost;
	state(entry, UMM_FIELD_COST);
}

static void read_entry_key(struct umm_reader *reader, const struct umm_path *entry_path,
			   const char *key, json_t *value, struct umm_entry *entry)
{
	const struct umm_path *path = UMM_PATH_KEY(entry_path, key);
	if (strcmp(key, "format") == 0 || strcmp(key, "modifier") == 0)
		return; /* read before, umm_read_pairs() */
	if (strcmp(key, "color_spaces") == 0)
		read_colors(reader, path, value, entry);
	else if (strcmp(key, "alpha") == 0)
		read_alpha(reader, path, value, entry);
	else if (strcmp(key, "size") == 0)
		read_size_object(reader, path, value, entry);
	else if (strcmp(key, "required_sizes") == 0)
		read_required(reader, path, value, entry);
	else if (strcmp(key, "required_min_size") == 0)
		read_required_min(reader, path, value, entry);
	else if (strcmp(key, "stride") == 0)
		read_stride(reader, path, value, entry);
	else if (strcmp(key, "planes") == 0)
		read_planes(reader, path, value, entry);
	else if (strcmp(key, "handles") == 0)
		read_handles(reader, path, value, entry);
	else if (strcmp(key, "pad_block") == 0)
		read_pad_block(reader, path, value, entry);
	else if (strcmp(key, "cost") == 0)
		read_cost(reader, path, value, entry);
	else if (!read_entry_number(reader, entry_path, plain_keys, key, value, entry))
		umm_read_unknown_key(reader, entry_path, key, value);
}

/** Returns whether the entry's pairs are known, so that overlaps can be looked for. */
static bool read_entry(struct umm_reader *reader, const struct umm_path *path, json_t *object,
		       bool usage_none, struct umm_entry *entry)
{
	const char *key;
	json_t *value;
	umm_entry_init(entry);
	if (!umm_read_is_object(reader, path, object))
		return false;
	bool good = umm_read_pairs(reader, path, object, usage_none, entry);
	json_object_foreach (object, key, value)
		read_entry_key(reader, path, key, value, entry);
	umm_entry_conclude(entry);
	return good;
}

void umm_read_formats(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		      struct umm_demand *demand)
{
	size_t i, count = json_array_size(value);
	json_t *item;
	bool good = true;
	if (!umm_read_is_list(reader, path, value) || count == 0)
		return;
	struct umm_entry *entries = umm_read_take(reader, count, sizeof(*entries));
	if (entries == NULL)
		return;
	json_array_foreach (value, i, item) {
		good &= read_entry(reader, UMM_PATH_INDEX(path, i), item,
				   demand->usage == UMM_USAGE_NONE, &entries[i]);
		entries[i].index = (uint32_t)i;
	}
	demand->entries = entries;
	demand->n_entries = (uint32_t)count;
	demand->stated |= UMM_FIELD_BIT(UMM_FIELD_FORMATS);
	if (!good)
		return;
	umm_read_check_overlaps(reader, path, demand);
	umm_sort_by_pairs(entries, count);
}
