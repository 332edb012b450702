/* SPDX-License-Identifier: MIT */
/*
 * Reading a PARTICIPANT: its buffers and memory, and the rules between their fields. Its formats
 * are in document_format.c.
 */
#include "share/document_read.h"

#include <string.h>

#define CPU_USAGE                                                                                  \
	(UMM_USAGE_CPU_READ | UMM_USAGE_CPU_WRITE | UMM_USAGE_CPU_READ_OFTEN |                     \
	 UMM_USAGE_CPU_WRITE_OFTEN)

/** A number of an object, and where it goes. */
struct number_key {
	const char *name;
	enum umm_field field;
	size_t offset;
	unsigned rules;
};

#define NUMBER(name, field, member, rules)                                                         \
	{                                                                                          \
		name, field, offsetof(struct umm_demand, member), rules                            \
	}

static const struct number_key buffers_keys[] = {
	NUMBER("camping", UMM_FIELD_CAMPING, camping, UMM_ANY_NUMBER),
	NUMBER("dedicated_slack", UMM_FIELD_DEDICATED_SLACK, dedicated_slack, UMM_ANY_NUMBER),
	NUMBER("shared_slack", UMM_FIELD_SHARED_SLACK, shared_slack, UMM_ANY_NUMBER),
	NUMBER("min", UMM_FIELD_BUFFERS_MIN, buffers_min, UMM_ANY_NUMBER),
	NUMBER("max", UMM_FIELD_BUFFERS_MAX, buffers_max, UMM_NOT_ZERO),
	{ NULL },
};

static const struct number_key size_keys[] = {
	NUMBER("min", UMM_FIELD_SIZE_MIN, size_min, UMM_ANY_NUMBER),
	NUMBER("max", UMM_FIELD_SIZE_MAX, size_max, UMM_NOT_ZERO),
	{ NULL },
};

static const struct number_key address_keys[] = {
	NUMBER("align", UMM_FIELD_ADDRESS_ALIGN, address_align, UMM_NOT_ZERO | UMM_POWER_OF_TWO),
	NUMBER("max", UMM_FIELD_ADDRESS_MAX, address_max, UMM_NOT_ZERO),
	{ NULL },
};

static const struct number_key segments_keys[] = {
	NUMBER("max_count", UMM_FIELD_SEGMENTS_COUNT, segments_count, UMM_NOT_ZERO),
	NUMBER("max_bytes", UMM_FIELD_SEGMENTS_BYTES, segments_bytes, UMM_NOT_ZERO),
	NUMBER("boundary_bytes", UMM_FIELD_SEGMENTS_BOUNDARY, segments_boundary,
	       UMM_NOT_ZERO | UMM_POWER_OF_TWO),
	{ NULL },
};

static const struct number_key memory_keys[] = {
	NUMBER("pad_end_bytes", UMM_FIELD_PAD_END, pad_end, UMM_ANY_NUMBER),
	{ NULL },
};

/** Read `value` if `keys` has `key`. Returns whether it has. */
static bool read_number_key(struct umm_reader *reader, const struct umm_path *path,
			    const struct number_key *keys, const char *key, const json_t *value,
			    struct umm_demand *demand)
{
	for (; keys->name != NULL; keys++) {
		if (strcmp(keys->name, key) != 0)
			continue;
		uint64_t *out = (uint64_t *)(void *)((char *)demand + keys->offset);
		if (umm_read_number(reader, UMM_PATH_KEY(path, key), value, keys->rules, out))
			demand->stated |= UMM_FIELD_BIT(keys->field);
		return true;
	}
	return false;
}

/** An object that consists of numbers. */
static void read_numbers(struct umm_reader *reader, const struct umm_path *path,
			 const struct number_key *keys, json_t *object, struct umm_demand *demand)
{
	const char *key;
	json_t *value;
	if (!umm_read_is_object(reader, path, object))
		return;
	json_object_foreach (object, key, value)
		if (!read_number_key(reader, path, keys, key, value, demand))
			umm_read_unknown_key(reader, path, key, value);
}

static void read_flag(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		      enum umm_field field, bool *out, struct umm_demand *demand)
{
	if (umm_read_bool(reader, path, value, out))
		demand->stated |= UMM_FIELD_BIT(field);
}

static void read_set(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		     enum umm_field field, const struct umm_word *words, uint32_t *out,
		     struct umm_demand *demand)
{
	if (umm_read_words(reader, path, value, words, out))
		demand->stated |= UMM_FIELD_BIT(field);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** Permitted heap names: any strings, none twice. */
static void read_heap_names(struct umm_reader *reader, const struct umm_path *path,
			    const json_t *value, struct umm_demand *demand)
{
	size_t i, count = json_array_size(value);
	json_t *item;
	bool good = true;
	if (!umm_read_is_list(reader, path, value))
		return;
	if (count == 0) {
		umm_read_error(reader, path, "must not be empty");
		return;
	}
	const char **names = umm_read_take(reader, count, sizeof(*names));
	if (names == NULL)
		return;
	json_array_foreach (value, i, item)
		good &= umm_read_name(reader, UMM_PATH_INDEX(path, i), item, &names[i]);
	if (!good)
		return;
	qsort(names, count, sizeof(*names), compare_names);
	for (i = 1; i < count; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			umm_read_error(reader, path, "'%s' is there twice", names[i]);
	demand->heaps = names;
	demand->n_heaps = (uint32_t)count;
	demand->stated |= UMM_FIELD_BIT(UMM_FIELD_HEAPS);
}

static void read_cache(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		       struct umm_demand *demand)
{
	uint32_t cache;
	if (!umm_read_word(reader, path, value, umm_cache_words, &cache))
		return;
	demand->cache = cache;
	demand->stated |= UMM_FIELD_BIT(UMM_FIELD_CACHE);
}

static void read_memory_key(struct umm_reader *reader, const struct umm_path *memory,
			    const char *key, json_t *value, struct umm_demand *demand)
{
	const struct umm_path *path = UMM_PATH_KEY(memory, key);
	if (strcmp(key, "size_bytes") == 0)
		read_numbers(reader, path, size_keys, value, demand);
	else if (strcmp(key, "address") == 0)
		read_numbers(reader, path, address_keys, value, demand);
	else if (strcmp(key, "segments") == 0)
		read_numbers(reader, path, segments_keys, value, demand);
	else if (strcmp(key, "contiguous") == 0)
		read_flag(reader, path, value, UMM_FIELD_CONTIGUOUS, &demand->contiguous, demand);
	else if (strcmp(key, "iommu") == 0)
		read_flag(reader, path, value, UMM_FIELD_IOMMU, &demand->iommu, demand);
	else if (strcmp(key, "secure") == 0)
		read_flag(reader, path, value, UMM_FIELD_SECURE, &demand->secure, demand);
	else if (strcmp(key, "coherency") == 0)
		read_set(reader, path, value, UMM_FIELD_COHERENCY, umm_coherency_words,
			 &demand->coherency, demand);
	else if (strcmp(key, "imports") == 0)
		read_set(reader, path, value, UMM_FIELD_IMPORTS, umm_class_words, &demand->imports,
			 demand);
	else if (strcmp(key, "cache") == 0)
		read_cache(reader, path, value, demand);
	else if (strcmp(key, "heaps") == 0)
		read_heap_names(reader, path, value, demand);
	else if (!read_number_key(reader, memory, memory_keys, key, value, demand))
		umm_read_unknown_key(reader, memory, key, value);
}

static void read_memory(struct umm_reader *reader, const struct umm_path *path, json_t *memory,
			struct umm_demand *demand)
{
	const char *key;
	json_t *value;
	if (!umm_read_is_object(reader, path, memory))
		return;
	json_object_foreach (memory, key, value)
		read_memory_key(reader, path, key, value, demand);
}

static void read_usage(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		       struct umm_demand *demand)
{
	uint32_t usage;
	if (!umm_read_words(reader, path, value, umm_usage_words, &usage))
		return;
	if ((usage & UMM_USAGE_NONE) != 0 && usage != UMM_USAGE_NONE)
		umm_read_error(reader, path, "'none' must be alone");
	demand->usage = usage;
	demand->stated |= UMM_FIELD_BIT(UMM_FIELD_USAGE);
}

static void read_attach(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
			struct umm_demand *demand)
{
	uint32_t attach;
	if (umm_read_word(reader, path, value, umm_attach_words, &attach))
		demand->attach = attach;
}

static bool states(const struct umm_demand *demand, enum umm_field field)
{
	return (demand->stated & UMM_FIELD_BIT(field)) != 0;
}

/** Rules between the fields of `memory` and usage. */
static void check_memory(struct umm_reader *reader, const struct umm_path *path,
			 const struct umm_demand *demand)
{
	const struct umm_path *memory = UMM_PATH_KEY(path, "memory");
	bool cpu = (demand->usage & CPU_USAGE) != 0;
	uint32_t visible = UMM_COHERENCY_CPU | UMM_COHERENCY_RAM;
	if (cpu && demand->coherency != 0 && (demand->coherency & visible) == 0)
		umm_read_error(reader, UMM_PATH_KEY(memory, "coherency"),
			       "cpu usage needs 'cpu' or 'ram'");
	if (cpu && demand->secure)
		umm_read_error(reader, UMM_PATH_KEY(memory, "secure"),
			       "protected memory permits no cpu usage");
	if (demand->secure && (demand->coherency & visible) != 0)
		umm_read_error(reader, UMM_PATH_KEY(memory, "coherency"),
			       "protected memory permits neither 'cpu' nor 'ram'");
	if (states(demand, UMM_FIELD_SIZE_MIN) && demand->size_min == 0 && demand->n_entries == 0 &&
	    !states(demand, UMM_FIELD_FORMATS))
		umm_read_error(reader, UMM_PATH_KEY(UMM_PATH_KEY(memory, "size_bytes"), "min"),
			       "must not be 0 where there are no formats");
	umm_read_check_range(reader, UMM_PATH_KEY(UMM_PATH_KEY(memory, "size_bytes"), "min"),
			     demand->size_min, demand->size_max);
	umm_read_check_range(reader, UMM_PATH_KEY(UMM_PATH_KEY(path, "buffers"), "min"),
			     demand->buffers_min, demand->buffers_max);
}

/** Everything but name and formats. */
static void read_plain_key(struct umm_reader *reader, const struct umm_path *inside,
			   const char *key, json_t *value, struct umm_demand *demand)
{
	const struct umm_path *path = UMM_PATH_KEY(inside, key);
	if (strcmp(key, "usage") == 0)
		read_usage(reader, path, value, demand);
	else if (strcmp(key, "buffers") == 0)
		read_numbers(reader, path, buffers_keys, value, demand);
	else if (strcmp(key, "memory") == 0)
		read_memory(reader, path, value, demand);
	else if (strcmp(key, "attach") == 0)
		read_attach(reader, path, value, demand);
	else if (strcmp(key, "name") != 0 && strcmp(key, "formats") != 0)
		umm_read_unknown_key(reader, inside, key, value);
}

/** Whether the participant states more than its name and how it is attached. */
static bool states_anything(json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach (object, key, value)
		if (strcmp(key, "name") != 0 && strcmp(key, "attach") != 0 &&
		    strcmp(key, "comment") != 0)
			return true;
	return false;
}

bool umm_read_participant(struct umm_reader *reader, const struct umm_path *path,
			  const json_t *value, struct umm_demand *demand)
{
	json_t *object = (json_t *)value, *item;
	const char *key, *name = NULL;
	umm_demand_init(demand, "");
	if (!umm_read_is_object(reader, path, value))
		return false;
	json_t *name_value = json_object_get(object, "name");
	if (name_value == NULL)
		umm_read_error(reader, UMM_PATH_KEY(path, "name"), "a participant needs a name");
	else
		umm_read_name(reader, UMM_PATH_KEY(path, "name"), name_value, &name);
	const struct umm_path inside = { .up = path, .participant = name };
	const struct umm_path *from = name != NULL ? &inside : path;
	demand->name = name != NULL ? name : "";
	json_object_foreach (object, key, item)
		read_plain_key(reader, from, key, item, demand);
	json_t *formats = json_object_get(object, "formats");
	if (formats != NULL)
		umm_read_formats(reader, UMM_PATH_KEY(from, "formats"), formats, demand);
	if (json_object_get(object, "usage") == NULL && states_anything(object))
		umm_read_error(reader, UMM_PATH_KEY(from, "usage"),
			       "a participant that states anything needs a usage");
	check_memory(reader, from, demand);
	return name != NULL;
}
