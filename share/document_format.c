/* SPDX-License-Identifier: MIT */
/*
 * Reading a participant's FORMAT entries, and finding those that overlap.
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

/* ---- format and modifier ---- */

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static bool is_any(const json_t *value)
{
	return json_is_string(value) && strcmp(json_string_value(value), "any") == 0;
}

/** `any`, alone or as the only one of a list. With others beside it: a violation. */
static bool read_any(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		     bool *bad)
{
	size_t i;
	json_t *item;
	*bad = false;
	if (is_any(value))
		return true;
	if (!json_is_array(value))
		return false;
	json_array_foreach (value, i, item) {
		if (!is_any(item))
			continue;
		*bad = json_array_size(value) > 1;
		if (*bad)
			umm_read_error(reader, path, "'any' must be alone");
		return true;
	}
	return false;
}

/** The items of a list, or the one value that stands for a list of one. NULL at the end. */
static const json_t *item_at(const json_t *value, size_t i)
{
	if (json_is_array(value))
		return json_array_get(value, i);
	return i == 0 ? value : NULL;
}

static size_t count_items(struct umm_reader *reader, const struct umm_path *path,
			  const json_t *value)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	if (count == 0)
		umm_read_error(reader, path, "must not be empty");
	return count;
}

static const struct umm_path *item_path(const json_t *value, const struct umm_path *path,
					const struct umm_path *item)
{
	return json_is_array(value) ? item : path;
}

static bool read_fourcc(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
			uint32_t *out)
{
	const char *name = json_string_value(value);
	if (name == NULL) {
		umm_read_error(reader, path, "must be the name of a format");
		return false;
	}
	*out = umm_format_from_name(name);
	if (*out == 0)
		umm_read_error(reader, path, "'%s' is no known format", name);
	return *out != 0;
}

static bool read_formats(struct umm_reader *reader, const struct umm_path *path,
			 const json_t *value, struct umm_entry *entry)
{
	bool bad, good = true;
	if (read_any(reader, path, value, &bad))
		return !bad;
	size_t count = count_items(reader, path, value);
	if (count == 0)
		return false;
	uint32_t *formats = umm_read_take(reader, count, sizeof(*formats));
	if (formats == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		good &= read_fourcc(reader, item_path(value, path, UMM_PATH_INDEX(path, i)),
				    item_at(value, i), &formats[i]);
	if (!good)
		return false;
	qsort(formats, count, sizeof(*formats), compare_u32);
	for (size_t i = 1; i < count; i++) {
		char name[UMM_FORMAT_NAME_SIZE];
		if (formats[i - 1] != formats[i])
			continue;
		umm_read_error(reader, path, "%s is there twice",
			       umm_format_name(formats[i], name));
		good = false;
	}
	entry->formats = formats;
	entry->n_formats = (uint32_t)count;
	return good;
}

static bool read_modifier(struct umm_reader *reader, const struct umm_path *path,
			  const json_t *value, uint64_t *out)
{
	const char *name = json_string_value(value);
	if (name == NULL) {
		if (!umm_read_number(reader, path, value, UMM_ANY_NUMBER, out))
			return false;
		if (*out == UMM_MODIFIER_INVALID)
			umm_read_error(reader, path, "INVALID is no layout");
		return *out != UMM_MODIFIER_INVALID;
	}
	if (umm_modifier_from_name(name, out) == 0)
		return true;
	umm_read_error(reader, path, "'%s' is no known modifier", name);
	return false;
}

static bool read_modifiers(struct umm_reader *reader, const struct umm_path *path,
			   const json_t *value, struct umm_entry *entry)
{
	bool bad, good = true;
	if (read_any(reader, path, value, &bad))
		return !bad;
	size_t count = count_items(reader, path, value);
	if (count == 0)
		return false;
	uint64_t *modifiers = umm_read_take(reader, count, sizeof(*modifiers));
	if (modifiers == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		good &= read_modifier(reader, item_path(value, path, UMM_PATH_INDEX(path, i)),
				      item_at(value, i), &modifiers[i]);
	if (!good)
		return false;
	qsort(modifiers, count, sizeof(*modifiers), compare_u64);
	for (size_t i = 1; i < count; i++) {
		char name[UMM_MODIFIER_NAME_SIZE];
		if (modifiers[i - 1] != modifiers[i])
			continue;
		umm_read_error(reader, path, "%s is there twice",
			       umm_modifier_name(modifiers[i], name));
		good = false;
	}
	entry->modifiers = modifiers;
	entry->n_modifiers = (uint32_t)count;
	return good;
}

static const uint64_t linear = UMM_MODIFIER_LINEAR;

/** Format and modifier after their defaults. Returns whether the entry's pairs are known. */
static bool read_pairs(struct umm_reader *reader, const struct umm_path *path, json_t *object,
		       bool usage_none, struct umm_entry *entry)
{
	json_t *format = json_object_get(object, "format");
	json_t *modifier = json_object_get(object, "modifier");
	bool good = true;
	if (format != NULL) {
		good = read_formats(reader, UMM_PATH_KEY(path, "format"), format, entry);
	} else {
		umm_read_error(reader, UMM_PATH_KEY(path, "format"), "%s",
			       modifier != NULL ? "a modifier needs a format"
						: "an entry needs a format");
		good = false;
	}
	if (modifier != NULL)
		return read_modifiers(reader, UMM_PATH_KEY(path, "modifier"), modifier, entry) &&
		       good;
	if (entry->n_formats > 0 && !usage_none) {
		entry->modifiers = &linear;
		entry->n_modifiers = 1;
	}
	return good;
}

/* ---- the other fields ---- */

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
	else if (strcmp(key, "format") != 0 && strcmp(key, "modifier") != 0 &&
		 !read_entry_number(reader, entry_path, plain_keys, key, value, entry))
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
	bool good = read_pairs(reader, path, object, usage_none, entry);
	json_object_foreach (object, key, value)
		read_entry_key(reader, path, key, value, entry);
	umm_entry_conclude(entry);
	return good;
}

/* ---- overlaps ---- */

/** One key (format, modifier) of an entry; `any` is the greatest of both. */
struct pair_key {
	uint64_t format, modifier;
	uint32_t entry;
};

#define ANY UINT64_MAX

/** A document that spells out more pairs than this is refused. */
#define MAX_PAIRS (UINT64_C(1) << 22)

static int compare_by_format(const void *a, const void *b)
{
	const struct pair_key *x = a, *y = b;
	if (x->format != y->format)
		return x->format < y->format ? -1 : 1;
	if (x->modifier != y->modifier)
		return x->modifier < y->modifier ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static int compare_by_modifier(const void *a, const void *b)
{
	const struct pair_key *x = a, *y = b;
	if (x->modifier != y->modifier)
		return x->modifier < y->modifier ? -1 : 1;
	if (x->format != y->format)
		return x->format < y->format ? -1 : 1;
	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static size_t list_keys(const struct umm_demand *demand, struct pair_key *keys)
{
	size_t count = 0;
	for (uint32_t i = 0; i < demand->n_entries; i++) {
		const struct umm_entry *entry = &demand->entries[i];
		for (size_t f = 0; f < umm_max(entry->n_formats, 1); f++)
			for (size_t m = 0; m < umm_max(entry->n_modifiers, 1); m++)
				keys[count++] = (struct pair_key){
					entry->n_formats > 0 ? entry->formats[f] : ANY,
					entry->n_modifiers > 0 ? entry->modifiers[m] : ANY, i
				};
	}
	return count;
}

static void overlap(struct umm_reader *reader, const struct umm_path *path, uint32_t a, uint32_t b,
		    bool *told)
{
	uint32_t first = a < b ? a : b, second = a < b ? b : a;
	if (a == b || told[second])
		return;
	told[second] = true;
	umm_read_error(reader, UMM_PATH_INDEX(path, second),
		       "overlaps formats[%u] in format and modifier", first);
}

/** In keys sorted by one coordinate: equal keys, and a key whose other coordinate is `any` beside
 * any other. */
static void find_overlaps(struct umm_reader *reader, const struct umm_path *path,
			  const struct pair_key *keys, size_t count, bool by_format, bool *told)
{
	size_t start = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t mine = by_format ? keys[i].format : keys[i].modifier;
		uint64_t other = by_format ? keys[i].modifier : keys[i].format;
		if (mine != (by_format ? keys[start].format : keys[start].modifier))
			start = i;
		if (i > start && keys[i].format == keys[i - 1].format &&
		    keys[i].modifier == keys[i - 1].modifier)
			overlap(reader, path, keys[i].entry, keys[i - 1].entry, told);
		if (i > start && other == ANY &&
		    (by_format ? keys[i - 1].modifier : keys[i - 1].format) != ANY)
			for (size_t j = start; j < i; j++)
				overlap(reader, path, keys[i].entry, keys[j].entry, told);
	}
}

/** (f, any) and (any, m) always meet; (any, any) meets everybody. */
static void find_crossings(struct umm_reader *reader, const struct umm_path *path,
			   const struct umm_demand *demand, bool *told)
{
	const struct umm_entry *any_format = NULL, *any_modifier = NULL, *any_both = NULL;
	for (uint32_t i = 0; i < demand->n_entries; i++) {
		const struct umm_entry *entry = &demand->entries[i];
		if (entry->n_formats == 0 && entry->n_modifiers == 0)
			any_both = entry;
		else if (entry->n_formats == 0)
			any_format = entry;
		else if (entry->n_modifiers == 0)
			any_modifier = entry;
	}
	for (uint32_t i = 0; any_both != NULL && i < demand->n_entries; i++)
		overlap(reader, path, demand->entries[i].index, any_both->index, told);
	if (any_format != NULL && any_modifier != NULL)
		overlap(reader, path, any_format->index, any_modifier->index, told);
}

static void check_overlaps(struct umm_reader *reader, const struct umm_path *path,
			   const struct umm_demand *demand)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < demand->n_entries; i++)
		total = umm_sum(total, umm_product(umm_max(demand->entries[i].n_formats, 1),
						   umm_max(demand->entries[i].n_modifiers, 1)));
	if (total > MAX_PAIRS) {
		umm_read_error(reader, path, "more than %llu pairs of format and modifier",
			       (unsigned long long)MAX_PAIRS);
		return;
	}
	umm_autofree struct pair_key *keys = calloc(total, sizeof(*keys));
	umm_autofree bool *told = calloc(demand->n_entries, sizeof(*told));
	if (keys == NULL || told == NULL) {
		reader->out_of_memory = true;
		return;
	}
	size_t count = list_keys(demand, keys);
	find_crossings(reader, path, demand, told);
	qsort(keys, count, sizeof(*keys), compare_by_format);
	find_overlaps(reader, path, keys, count, true, told);
	qsort(keys, count, sizeof(*keys), compare_by_modifier);
	find_overlaps(reader, path, keys, count, false, told);
}

/** The smallest pair of an entry, by which entries are put in an order of their own. */
static int compare_entries(const void *a, const void *b)
{
	const struct umm_entry *x = a, *y = b;
	uint32_t format_x = x->n_formats > 0 ? x->formats[0] : 0;
	uint32_t format_y = y->n_formats > 0 ? y->formats[0] : 0;
	uint64_t modifier_x = x->n_modifiers > 0 ? x->modifiers[0] : ANY;
	uint64_t modifier_y = y->n_modifiers > 0 ? y->modifiers[0] : ANY;
	if (format_x != format_y)
		return format_x < format_y ? -1 : 1;
	if (modifier_x != modifier_y)
		return modifier_x < modifier_y ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
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
	check_overlaps(reader, path, demand);
	qsort(entries, count, sizeof(*entries), compare_entries);
}
