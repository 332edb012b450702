/* SPDX-License-Identifier: MIT */
/* The heaps of the constraint document: each as it stands, then all in the order of their names. */
#include "share/document_read.h"

#include <string.h>

#include "core/number.h"

struct heap_key {
	const char *name;
	size_t offset;
};

static const struct heap_key heap_numbers[] = {
	{ "contiguous_max_bytes", offsetof(struct umm_heap_facts, contiguous_max) },
	{ "address_max", offsetof(struct umm_heap_facts, address_max) },
	{ "size_max_bytes", offsetof(struct umm_heap_facts, size_max) },
	{ "free_bytes", offsetof(struct umm_heap_facts, free) },
	{ "largest_free_bytes", offsetof(struct umm_heap_facts, largest_free) },
	{ "cost", offsetof(struct umm_heap_facts, cost) },
	{ NULL },
};

static bool read_heap_number(struct umm_reader *reader, const struct umm_path *path,
			     const char *key, const json_t *value, struct umm_heap_facts *heap)
{
	for (const struct heap_key *known = heap_numbers; known->name != NULL; known++) {
		if (strcmp(known->name, key) != 0)
			continue;
		uint64_t *out = (uint64_t *)(void *)((char *)heap + known->offset);
		umm_read_number(reader, UMM_PATH_KEY(path, key), value, UMM_ANY_NUMBER, out);
		return true;
	}
	return false;
}

static void read_heap_key(struct umm_reader *reader, const struct umm_path *heap_path,
			  const char *key, const json_t *value, struct umm_heap_facts *heap)
{
	const struct umm_path *path = UMM_PATH_KEY(heap_path, key);
	bool zeroed;
	uint32_t cache;
	if (strcmp(key, "name") == 0)
		umm_read_name(reader, path, value, &heap->name);
	else if (strcmp(key, "class") == 0)
		umm_read_word(reader, path, value, umm_class_words, &heap->class);
	else if (strcmp(key, "contiguous") == 0)
		umm_read_bool(reader, path, value, &heap->contiguous);
	else if (strcmp(key, "secure") == 0)
		umm_read_bool(reader, path, value, &heap->secure);
	else if (strcmp(key, "zeroed") == 0)
		umm_read_bool(reader, path, value, &zeroed);
	else if (strcmp(key, "coherency") == 0)
		umm_read_words(reader, path, value, umm_coherency_words, &heap->coherency);
	else if (strcmp(key, "cache") == 0)
		heap->cache = umm_read_word(reader, path, value, umm_cache_words, &cache)
				      ? (enum umm_cache)cache
				      : UMM_CACHE_CACHED;
	else if (!read_heap_number(reader, heap_path, key, value, heap))
		umm_read_unknown_key(reader, heap_path, key, value);
}

static void read_heap(struct umm_reader *reader, const struct umm_path *path, const json_t *value,
		      struct umm_heap_facts *heap)
{
	const uint32_t visible = UMM_COHERENCY_CPU | UMM_COHERENCY_RAM;
	json_t *object = (json_t *)value, *item;
	const char *key;
	*heap = (struct umm_heap_facts){ .name = "",
					 .address_max = UMM_NO_LIMIT,
					 .size_max = UMM_NO_LIMIT,
					 .free = UMM_NO_LIMIT,
					 .largest_free = UMM_NO_LIMIT,
					 .cache = UMM_CACHE_CACHED };
	if (!umm_read_is_object(reader, path, value))
		return;
	json_object_foreach (object, key, item)
		read_heap_key(reader, path, key, item, heap);
	if (json_object_get(object, "name") == NULL)
		umm_read_error(reader, UMM_PATH_KEY(path, "name"), "a heap needs a name");
	if (json_object_get(object, "class") == NULL)
		umm_read_error(reader, UMM_PATH_KEY(path, "class"), "a heap needs a class");
	if (json_object_get(object, "contiguous") != NULL &&
	    json_object_get(object, "contiguous_max_bytes") != NULL)
		umm_read_error(reader, UMM_PATH_KEY(path, "contiguous_max_bytes"),
			       "not both 'contiguous' and 'contiguous_max_bytes'");
	if (heap->secure && (heap->coherency & visible) != 0)
		umm_read_error(reader, UMM_PATH_KEY(path, "coherency"),
			       "protected memory permits neither 'cpu' nor 'ram'");
	if (heap->coherency == 0)
		heap->coherency = UMM_COHERENCY_INACCESSIBLE | (heap->secure ? 0 : visible);
}

static int compare_heaps(const void *a, const void *b)
{
	const struct umm_heap_facts *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static void check_heap_names(struct umm_reader *reader, const struct umm_path *path,
			     const struct umm_heap_facts *sorted, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (sorted[i].name[0] != '\0' && strcmp(sorted[i - 1].name, sorted[i].name) == 0)
			umm_read_error(reader, path, "two heaps are named '%s'", sorted[i].name);
}

void umm_read_heaps(struct umm_reader *reader, const struct umm_path *path, const json_t *list)
{
	size_t i, count = json_array_size(list);
	json_t *item;
	if (!umm_read_is_list(reader, path, list))
		return;
	struct umm_heap_facts *heaps = umm_read_take(reader, count, sizeof(*heaps));
	if (heaps == NULL)
		return;
	json_array_foreach (list, i, item)
		read_heap(reader, UMM_PATH_INDEX(path, i), item, &heaps[i]);
	qsort(heaps, count, sizeof(*heaps), compare_heaps);
	check_heap_names(reader, path, heaps, count);
	reader->document->problem.heaps = heaps;
	reader->document->problem.n_heaps = (uint32_t)count;
}
