/* SPDX-License-Identifier: MIT */
/**
 * Late participants, and the answer as JSON.
 */
#include "tests/reference/reference.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	const struct ref_participant *const *left = a, *const *right = b;
	return strcmp((*left)->name, (*right)->name);
}

static bool same_to_the_others(const struct ref_result *a, const struct ref_result *b)
{
	return a->buffers == b->buffers && a->size == b->size && a->raw == b->raw &&
	       a->secure == b->secure && a->address_align == b->address_align &&
	       a->handles == b->handles && a->alpha == b->alpha &&
	       memcmp(a->planes, b->planes, sizeof(a->planes)) == 0;
}

/** Merge everybody of choice->who at the settled choice. */
static bool settle(const struct ref_choice *choice, struct ref_result *result)
{
	const struct ref_result *settled = &choice->result;
	const struct ref_entry **entries = calloc(choice->n_who + 1, sizeof(*entries));
	struct ref_party party = { .who = choice->who, .entry = entries, .n = choice->n_who };
	bool good = true;

	*result = (struct ref_result){
		.format = settled->format,
		.modifier = settled->modifier,
		.color = settled->color,
		.heap = settled->heap,
		.coherency = settled->coherency,
		.cost = settled->cost,
	};
	for (size_t i = 0; i < party.n; i++) {
		if (party.who[i]->n_entries == 0)
			continue;
		if (settled->format != NULL)
			entries[i] = ref_covering(party.who[i], settled->format, settled->modifier);
		good = good && entries[i] != NULL;
	}
	good = good && ref_merge(&party, REF_STRICT, result) &&
	       ref_heap_serves(&party, result, settled->heap, settled->coherency) &&
	       same_to_the_others(result, settled);
	free(entries);
	return good;
}

static json_t *admit_late(struct ref_choice *choice)
{
	json_t *refused = json_array();
	qsort(choice->late, choice->n_late, sizeof(*choice->late), by_name);
	for (size_t i = 0; i < choice->n_late; i++) {
		struct ref_result result;
		choice->who[choice->n_who++] = choice->late[i];
		if (settle(choice, &result)) {
			choice->result = result;
			continue;
		}
		choice->n_who--;
		json_array_append_new(refused, json_string(choice->late[i]->name));
	}
	return refused;
}

static json_t *number(ref_wide value)
{
	return value == REF_NO_LIMIT ? json_null() : json_integer((json_int_t)value);
}

static json_t *pair(struct ref_size size)
{
	return json_pack("[o,o]", number(size.w), number(size.h));
}

/** [w, h] with null for each side without limit; null without both. */
static json_t *limit_pair(struct ref_size size)
{
	if (size.w == REF_NO_LIMIT && size.h == REF_NO_LIMIT)
		return json_null();
	return pair(size);
}

static unsigned bit_index(unsigned bit)
{
	unsigned index = 0;
	while (bit >> index != 1)
		index++;
	return index;
}

static json_t *write_alpha(enum ref_alpha alpha)
{
	return alpha == REF_ALPHA_UNSET ? json_null() : json_boolean(alpha == REF_ALPHA_TRUE);
}

static json_t *write_planes(const struct ref_result *result)
{
	json_t *planes = json_array();
	for (unsigned i = 0; i < result->format->n_planes; i++) {
		const struct ref_plane *plane = &result->planes[i];
		json_array_append_new(planes,
				      json_pack("{s:o,s:o,s:o,s:o}", "offset_bytes",
						number(plane->offset), "stride_bytes",
						number(plane->stride), "rows", number(plane->rows),
						"size_bytes", number(plane->size)));
	}
	return planes;
}

static json_t *write_image(const struct ref_result *result)
{
	if (result->format == NULL)
		return json_null();
	json_t *required = json_array();
	for (size_t i = 0; i < result->n_required; i++)
		json_array_append_new(required, pair(result->required[i]));
	json_t *stride = json_pack("{s:o,s:o,s:o,s:b}", "min_bytes", number(result->stride_min),
				   "max_bytes", number(result->stride_max), "divisor_bytes",
				   number(result->stride_divisor), "whole_pixels",
				   (int)result->whole_pixels);
	return json_pack(
		"{s:s,s:o,s:s?,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "format", result->format->name,
		"modifier", ref_modifier_name(result->modifier), "color_space",
		result->color == REF_NO_COLOR ? NULL : ref_color_names[result->color], "alpha",
		write_alpha(result->alpha), "handles",
		result->handles == REF_HANDLES_PER_PLANE ? "per_plane" : "one", "size_min",
		pair(result->size_min), "size_max", limit_pair(result->size_max), "required_sizes",
		required, "stride", stride, "planes", write_planes(result));
}

static json_t *write_answer(struct ref_choice *choice)
{
	json_t *refused = admit_late(choice);
	const struct ref_result *result = &choice->result;
	json_t *names = json_array();
	qsort(choice->who, choice->n_who, sizeof(*choice->who), by_name);
	for (size_t i = 0; i < choice->n_who; i++)
		json_array_append_new(names, json_string(choice->who[i]->name));
	return json_pack("{s:s,s:o,s:o,s:o,s:s,s:s,s:b,s:s,s:b,s:o,s:o,s:o,s:o}", "status", "ok",
			 "buffers", number(result->buffers), "size_bytes", number(result->size),
			 "raw_size_bytes", number(result->raw), "heap", result->heap->name, "cache",
			 ref_cache_names[result->heap->cache], "contiguous",
			 (int)result->contiguous, "coherency",
			 ref_coherency_names[bit_index(result->coherency)], "secure",
			 (int)result->secure, "address_align", number(result->address_align),
			 "image", write_image(result), "participants", names, "refused", refused);
}

json_t *ref_solve(const json_t *root)
{
	struct ref_document *document = ref_read(root);
	struct ref_choice choice = { .n_who = 0 };
	json_t *answer;

	if (json_array_size(document->errors) > 0)
		answer = json_pack("{s:s,s:O}", "status", "invalid", "errors", document->errors);
	else if (ref_choose(document, REF_STRICT, &choice))
		answer = write_answer(&choice);
	else
		answer = json_pack("{s:s}", "status", "conflict");
	ref_choice_finish(&choice);
	ref_document_destroy(document);
	return answer;
}

bool ref_feasible(const json_t *root, unsigned forgive)
{
	struct ref_document *document = ref_read(root);
	struct ref_choice choice;
	bool found = ref_choose(document, forgive, &choice);
	ref_choice_finish(&choice);
	ref_document_destroy(document);
	return found;
}
