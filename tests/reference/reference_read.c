/* SPDX-License-Identifier: MIT */
/**
 * From JSON to plain structures, with every violation noted on the way.
 */
#include "tests/reference/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ref_usage_names[] = {
	"cpu_read", "cpu_write", "cpu_read_often", "cpu_write_often",
	"gpu",	    "video",	 "display",	   "dma",
	"none",	    NULL
};
const char *const ref_coherency_names[] = { "cpu", "ram", "inaccessible", NULL };
const char *const ref_class_names[] = { "memfd",   "udmabuf",  "dma_heap", "drm", "v4l2",
					"hugetlb", "carveout", "vfio",	   NULL };
const char *const ref_cache_names[] = { "cached", "write_combined", "uncached", NULL };

static const char *const participant_keys[] = { "name",	   "usage",  "buffers", "memory",
						"formats", "attach", NULL };
static const char *const buffer_keys[] = { "camping",	   "dedicated_slack",
					   "shared_slack", "min",
					   "max",	   NULL };
static const char *const memory_keys[] = { "size_bytes", "contiguous", "address",	"segments",
					   "iommu",	 "secure",     "coherency",	"cache",
					   "heaps",	 "imports",    "pad_end_bytes", NULL };
static const char *const range_keys[] = { "min", "max", NULL };
static const char *const address_keys[] = { "align", "max", NULL };
static const char *const segment_keys[] = { "max_count", "max_bytes", "boundary_bytes", NULL };
static const char *const attach_names[] = { "required", "dispensable", "late", NULL };
static const char *const heap_keys[] = { "name",	"class",
					 "contiguous",	"contiguous_max_bytes",
					 "address_max", "size_max_bytes",
					 "free_bytes",	"largest_free_bytes",
					 "coherency",	"cache",
					 "secure",	"zeroed",
					 "cost",	NULL };
static const char *const group_keys[] = { "name", "one_of", NULL };
static const char *const top_keys[] = { "collection", "heaps", "participants", NULL };
static const char *const collection_keys[] = { "name", NULL };

static const char *name_of(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	return name != NULL && name[0] != '\0' ? name : NULL;
}

static void read_usage(struct ref_reader *reader, const json_t *object,
		       struct ref_participant *participant)
{
	bool states_more = false;
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)object, key, value) {
		if (strcmp(key, "name") != 0 && strcmp(key, "attach") != 0 &&
		    strcmp(key, "comment") != 0)
			states_more = true;
	}
	participant->usage =
		ref_take_set(reader, object, "", "usage", ref_usage_names, REF_USAGE_NONE);
	if (json_object_get(object, "usage") == NULL && states_more)
		ref_complain(reader, "", "usage");
	if ((participant->usage & REF_USAGE_NONE) != 0 && participant->usage != REF_USAGE_NONE)
		ref_complain(reader, "", "usage");
}

static void read_buffers(struct ref_reader *reader, const json_t *object, struct ref_participant *p)
{
	const json_t *buffers = ref_take_object(reader, object, "", "buffers", buffer_keys);
	p->camping = ref_take_number(reader, buffers, "buffers.", "camping", 0, REF_ANY_NUMBER);
	p->dedicated =
		ref_take_number(reader, buffers, "buffers.", "dedicated_slack", 0, REF_ANY_NUMBER);
	p->shared = ref_take_number(reader, buffers, "buffers.", "shared_slack", 0, REF_ANY_NUMBER);
	p->buffers_min = ref_take_number(reader, buffers, "buffers.", "min", 0, REF_ANY_NUMBER);
	p->buffers_max =
		ref_take_number(reader, buffers, "buffers.", "max", REF_NO_LIMIT, REF_NOT_ZERO);
	if (p->buffers_min > p->buffers_max)
		ref_complain(reader, "buffers.", "min");
}

static const json_t *read_heap_names(struct ref_reader *reader, const json_t *memory)
{
	const json_t *list = json_object_get(memory, "heaps");
	if (list == NULL)
		return NULL;
	bool good = json_array_size(list) > 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		good = json_is_string(json_array_get(list, i)) && good;
		for (size_t k = 0; k < i; k++)
			if (json_equal(json_array_get(list, i), json_array_get(list, k)))
				good = false;
	}
	if (!good)
		ref_complain(reader, "memory.", "heaps");
	return list;
}

static void read_coherency(struct ref_reader *reader, const json_t *memory,
			   struct ref_participant *p)
{
	bool cpu_usage = (p->usage & REF_CPU_USAGE) != 0;
	uint32_t absent = 0;
	if (!p->secure)
		absent |= REF_CPU;
	if (!p->secure && !cpu_usage)
		absent |= REF_RAM;
	if (!cpu_usage)
		absent |= REF_INACCESSIBLE;
	p->coherency =
		ref_take_set(reader, memory, "memory.", "coherency", ref_coherency_names, absent);

	if (cpu_usage && p->secure)
		ref_complain(reader, "memory.", "secure");
	else if (cpu_usage && (p->coherency & (REF_CPU | REF_RAM)) == 0)
		ref_complain(reader, "memory.", "coherency");
	else if (p->secure && (p->coherency & (REF_CPU | REF_RAM)) != 0)
		ref_complain(reader, "memory.", "coherency");
}

static void read_reach(struct ref_reader *reader, const json_t *memory, struct ref_participant *p)
{
	const json_t *address = ref_take_object(reader, memory, "memory.", "address", address_keys);
	const json_t *segments =
		ref_take_object(reader, memory, "memory.", "segments", segment_keys);

	p->contiguous = ref_take_bool(reader, memory, "memory.", "contiguous", false);
	p->iommu = ref_take_bool(reader, memory, "memory.", "iommu", false);
	p->address_align =
		ref_take_number(reader, address, "memory.address.", "align", 1, REF_POWER_OF_TWO);
	p->address_max = ref_take_number(reader, address, "memory.address.", "max", REF_NO_LIMIT,
					 REF_NOT_ZERO);
	p->segments_count = ref_take_number(reader, segments, "memory.segments.", "max_count",
					    REF_NO_LIMIT, REF_NOT_ZERO);
	p->segments_bytes = ref_take_number(reader, segments, "memory.segments.", "max_bytes",
					    REF_NO_LIMIT, REF_NOT_ZERO);
	p->segments_boundary = ref_take_number(reader, segments, "memory.segments.",
					       "boundary_bytes", REF_NO_LIMIT, REF_POWER_OF_TWO);
}

static void read_memory(struct ref_reader *reader, const json_t *object, struct ref_participant *p)
{
	const json_t *memory = ref_take_object(reader, object, "", "memory", memory_keys);
	const json_t *size = ref_take_object(reader, memory, "memory.", "size_bytes", range_keys);
	bool no_formats = json_array_size(json_object_get(object, "formats")) == 0;

	p->size_min = ref_take_number(reader, size, "memory.size_bytes.", "min", 0,
				      no_formats ? REF_NOT_ZERO : REF_ANY_NUMBER);
	p->size_max = ref_take_number(reader, size, "memory.size_bytes.", "max", REF_NO_LIMIT,
				      REF_NOT_ZERO);
	if (p->size_min > p->size_max)
		ref_complain(reader, "memory.size_bytes.", "min");
	read_reach(reader, memory, p);
	p->secure = ref_take_bool(reader, memory, "memory.", "secure", false);
	read_coherency(reader, memory, p);
	p->cache = ref_take_name(reader, memory, "memory.", "cache", ref_cache_names, -1);
	p->heaps = read_heap_names(reader, memory);
	p->imports =
		ref_take_set(reader, memory, "memory.", "imports", ref_class_names, UINT32_MAX);
	p->pad_end = ref_take_number(reader, memory, "memory.", "pad_end_bytes", 0, REF_ANY_NUMBER);
}

static struct ref_participant *read_participant(struct ref_reader *reader, const json_t *object)
{
	struct ref_participant *participant = calloc(1, sizeof(*participant));
	const json_t *formats = json_object_get(object, "formats");

	participant->name = reader->who != NULL ? reader->who : "";
	ref_check_keys(reader, object, "", participant_keys);
	participant->late = ref_take_name(reader, object, "", "attach", attach_names, 0) == 2;
	read_usage(reader, object, participant);
	read_buffers(reader, object, participant);
	read_memory(reader, object, participant);
	if (formats != NULL && !json_is_array(formats))
		ref_complain(reader, "", "formats");
	ref_read_entries(reader, formats, participant);
	return participant;
}

static void read_list(struct ref_document *document, const json_t *array, const char *path,
		      json_t *names, struct ref_list *list);

static void read_group(struct ref_document *document, struct ref_reader *reader,
		       const json_t *object, const char *path, json_t *names, struct ref_item *item)
{
	const json_t *alternatives = json_object_get(object, "one_of");
	reader->who = NULL; /* a group's name is never listed */
	ref_check_keys(reader, object, "", group_keys);
	if (json_array_size(alternatives) == 0)
		ref_complain(reader, "", "one_of");
	item->n_alternatives = json_array_size(alternatives);
	item->alternatives = calloc(item->n_alternatives + 1, sizeof(*item->alternatives));
	for (size_t i = 0; i < item->n_alternatives; i++) {
		json_t *inner = json_sprintf("%s.one_of[%zu]", path, i);
		read_list(document, json_array_get(alternatives, i), json_string_value(inner),
			  names, &item->alternatives[i]);
		json_decref(inner);
	}
}

static void read_list(struct ref_document *document, const json_t *array, const char *path,
		      json_t *names, struct ref_list *list)
{
	struct ref_reader top = { .errors = document->errors };
	if (!json_is_array(array))
		ref_complain(&top, path, "");
	list->items = calloc(json_array_size(array) + 1, sizeof(*list->items));
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *object = json_array_get(array, i);
		struct ref_item *item = &list->items[list->n_items];
		struct ref_reader reader = { .errors = document->errors, .who = name_of(object) };
		char inner[1024];
		snprintf(inner, sizeof(inner), "%s[%zu]", path, i);
		reader.base = inner;
		if (!json_is_object(object)) {
			ref_complain(&top, inner, "");
			continue;
		}
		if (reader.who == NULL)
			ref_complain(&reader, "", "name");
		else if (json_object_get(names, reader.who) != NULL)
			ref_complain(&reader, "", "name");
		else
			json_object_set_new(names, reader.who, json_true());
		if (json_object_get(object, "one_of") != NULL) {
			read_group(document, &reader, object, inner, names, item);
		} else {
			item->participant = read_participant(&reader, object);
			document->n_participants++;
		}
		list->n_items++;
	}
}

static void read_heap(struct ref_reader *reader, const json_t *object, const char *prefix,
		      struct ref_heap *heap)
{
	ref_check_keys(reader, object, prefix, heap_keys);
	heap->name = name_of(object);
	if (heap->name == NULL) {
		ref_complain(reader, prefix, "name");
		heap->name = "";
	}
	int class = ref_take_name(reader, object, prefix, "class", ref_class_names, -1);
	if (class < 0)
		ref_complain(reader, prefix, "class");
	else
		heap->class = 1u << class;
	heap->contiguous = ref_take_bool(reader, object, prefix, "contiguous", false);
	heap->contiguous_max =
		ref_take_number(reader, object, prefix, "contiguous_max_bytes", 0, 0);
	if (json_object_get(object, "contiguous") != NULL &&
	    json_object_get(object, "contiguous_max_bytes") != NULL)
		ref_complain(reader, prefix, "contiguous_max_bytes");
	heap->address_max = ref_take_number(reader, object, prefix, "address_max", REF_NO_LIMIT, 0);
	heap->size_max = ref_take_number(reader, object, prefix, "size_max_bytes", REF_NO_LIMIT, 0);
	heap->free = ref_take_number(reader, object, prefix, "free_bytes", REF_NO_LIMIT, 0);
	heap->largest_free =
		ref_take_number(reader, object, prefix, "largest_free_bytes", REF_NO_LIMIT, 0);
	heap->secure = ref_take_bool(reader, object, prefix, "secure", false);
	ref_take_bool(reader, object, prefix, "zeroed", true);
	heap->coherency = ref_take_set(reader, object, prefix, "coherency", ref_coherency_names,
				       heap->secure ? REF_INACCESSIBLE : 7);
	heap->cache = ref_take_name(reader, object, prefix, "cache", ref_cache_names, 0);
	heap->cost = ref_take_number(reader, object, prefix, "cost", 0, 0);
}

static void read_heaps(struct ref_document *document, const json_t *array)
{
	struct ref_reader reader = { .errors = document->errors };
	if (array != NULL && !json_is_array(array))
		ref_complain(&reader, "", "heaps");
	document->heaps = calloc(json_array_size(array) + 1, sizeof(*document->heaps));
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct ref_heap *heap = &document->heaps[document->n_heaps];
		char prefix[64];
		snprintf(prefix, sizeof(prefix), "heaps[%zu].", i);
		if (!json_is_object(json_array_get(array, i))) {
			ref_complain(&reader, prefix, "");
			continue;
		}
		read_heap(&reader, json_array_get(array, i), prefix, heap);
		for (size_t k = 0; k < document->n_heaps; k++)
			if (strcmp(document->heaps[k].name, heap->name) == 0)
				ref_complain(&reader, prefix, "name");
		document->n_heaps++;
	}
}

struct ref_document *ref_read(const json_t *root)
{
	struct ref_document *document = calloc(1, sizeof(*document));
	struct ref_reader reader = { .errors = json_array() };
	document->errors = reader.errors;
	if (!json_is_object(root)) {
		ref_complain(&reader, "", "");
		return document;
	}
	ref_check_keys(&reader, root, "", top_keys);
	const json_t *collection =
		ref_take_object(&reader, root, "", "collection", collection_keys);
	const json_t *name = json_object_get(collection, "name");
	if (name != NULL && !json_is_string(name))
		ref_complain(&reader, "collection.", "name");
	read_heaps(document, json_object_get(root, "heaps"));
	const json_t *participants = json_object_get(root, "participants");
	json_t *names = json_object();
	if (participants != NULL)
		read_list(document, participants, "participants", names, &document->list);
	json_decref(names);
	return document;
}

static void destroy_list(struct ref_list *list)
{
	for (size_t i = 0; i < list->n_items; i++) {
		struct ref_item *item = &list->items[i];
		for (size_t k = 0; item->participant != NULL && k < item->participant->n_entries;
		     k++)
			free(item->participant->entries[k].required);
		if (item->participant != NULL)
			free(item->participant->entries);
		free(item->participant);
		for (size_t k = 0; k < item->n_alternatives; k++)
			destroy_list(&item->alternatives[k]);
		free(item->alternatives);
	}
	free(list->items);
}

void ref_document_destroy(struct ref_document *document)
{
	destroy_list(&document->list);
	free(document->heaps);
	json_decref(document->errors);
	free(document);
}
