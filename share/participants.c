/* SPDX-License-Identifier: MIT */
/*
 * A question put by calls instead of text. It becomes the document that the caller would have
 * written, so there is one reader, one set of rules, and paths in the answer mean the same.
 */
#include <errno.h>
#include <string.h>

#include <umm/solve.h>

#include "share/answer.h"
#include "share/builder.h"
#include "share/constraints.h"
#include "share/json.h"

static void build_heap(struct umm_builder *builder, const struct umm_heap_offer *heap)
{
	umm_build_name(builder, "name", heap->name);
	umm_build_word(builder, "class", umm_class_words, heap->heap_class);
	umm_build_flag(builder, "contiguous", heap->contiguous);
	umm_build_flag(builder, "secure", heap->secure);
	umm_build_number(builder, "contiguous_max_bytes", heap->contiguous_max_bytes);
	umm_build_number(builder, "address_max", heap->address_max);
	umm_build_number(builder, "size_max_bytes", heap->size_max_bytes);
	umm_build_number(builder, "free_bytes", heap->free_bytes);
	umm_build_number(builder, "largest_free_bytes", heap->largest_free_bytes);
	umm_build_set(builder, "coherency", umm_coherency_words, heap->coherency);
	umm_build_word(builder, "cache", umm_cache_words, heap->cache);
	umm_build_number(builder, "cost", heap->cost);
}

static void build_heaps(struct umm_builder *document, const struct umm_heap_offer *heaps,
			size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		umm_autobuilder heap = umm_builder_start();
		build_heap(&heap, &heaps[i]);
		umm_build_fail(document, heap.error);
		umm_build_append(document, list, json_incref(heap.object));
	}
	umm_build(document, "heaps", list);
}

static void build_participants(struct umm_builder *document,
			       const struct umm_constraints *const *participants, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		umm_build_append(document, list,
				 json_incref((json_t *)umm_constraints_object(participants[i])));
	umm_build(document, "participants", list);
}

int umm_solve_participants(const struct umm_constraints *const *participants, size_t n_participants,
			   const struct umm_heap_offer *heaps, size_t n_heaps,
			   struct umm_answer **out)
{
	umm_autobuilder document = umm_builder_start();
	build_heaps(&document, heaps, n_heaps);
	build_participants(&document, participants, n_participants);
	if (document.error != 0)
		return document.error;
	umm_autofree char *text = json_dumps(document.object, JSON_COMPACT);
	if (text == NULL)
		return -ENOMEM;
	return umm_answer_solve(text, strlen(text), UMM_ANSWER_PLAIN, out);
}
