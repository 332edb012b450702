/* SPDX-License-Identifier: MIT */
/*
 * The pairs (format, modifier) that a FORMAT entry covers: reading them, and finding entries of one
 * participant that cover the same.
 *
 * Overlaps are found in sorted lists of all pairs, not by comparing entries with each other: a
 * document may spell out millions. A coordinate that is `any` sorts as the greatest, so that it is
 * met at the end of those it covers.
 */
#include "share/document_read.h"

#include <string.h>

#include "core/number.h"

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

bool umm_read_pairs(struct umm_reader *reader, const struct umm_path *path, json_t *object,
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

/** What keys are sorted by first, and what they have besides. */
static uint64_t first_of(const struct pair_key *key, bool by_format)
{
	return by_format ? key->format : key->modifier;
}

static uint64_t second_of(const struct pair_key *key, bool by_format)
{
	return by_format ? key->modifier : key->format;
}

/** In keys sorted by one coordinate: equal keys, and a key whose other coordinate is `any` beside
 * any other. */
static void find_overlaps(struct umm_reader *reader, const struct umm_path *path,
			  const struct pair_key *keys, size_t count, bool by_format, bool *told)
{
	size_t start = 0;
	for (size_t i = 1; i < count; i++) {
		if (first_of(&keys[i], by_format) != first_of(&keys[start], by_format)) {
			start = i;
			continue;
		}
		uint64_t mine = second_of(&keys[i], by_format);
		uint64_t before = second_of(&keys[i - 1], by_format);
		if (mine == before)
			overlap(reader, path, keys[i].entry, keys[i - 1].entry, told);
		else if (mine == ANY)
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

void umm_read_check_overlaps(struct umm_reader *reader, const struct umm_path *path,
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

void umm_sort_by_pairs(struct umm_entry *entries, size_t count)
{
	qsort(entries, count, sizeof(*entries), compare_entries);
}
