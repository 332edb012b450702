/* SPDX-License-Identifier: MIT */
#include "share/solution_emit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"
#include "share/document_read.h"
#include "share/why.h"

json_t *umm_emit_limit(uint64_t value)
{
	return value == UMM_NO_LIMIT ? json_null() : json_integer((json_int_t)value);
}

json_t *umm_emit_size(struct umm_size size)
{
	if (size.width_px == UMM_NO_LIMIT || size.height_px == UMM_NO_LIMIT)
		return json_null();
	return json_pack("[I, I]", (json_int_t)size.width_px, (json_int_t)size.height_px);
}

json_t *umm_emit_word(const struct umm_word *words, uint32_t value)
{
	for (; words->name != NULL; words++)
		if (words->value == value)
			return json_string(words->name);
	return json_null();
}

json_t *umm_emit_words(const struct umm_word *words, uint32_t set)
{
	json_t *list = json_array();
	for (; words->name != NULL; words++) {
		if ((words->value & set) != words->value)
			continue;
		if (json_array_append_new(list, json_string(words->name)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *umm_emit_format(uint32_t format)
{
	char name[UMM_FORMAT_NAME_SIZE];
	return json_string(umm_format_name(format, name));
}

json_t *umm_emit_modifier(uint64_t modifier)
{
	char name[UMM_MODIFIER_NAME_SIZE];
	return json_string(umm_modifier_name(modifier, name));
}

static json_t *emit_planes(const struct umm_image *image)
{
	json_t *planes = json_array();
	for (unsigned i = 0; i < image->n_planes; i++) {
		const struct umm_plane_layout *plane = &image->planes[i];
		json_t *object = json_pack(
			"{s:I, s:I, s:I, s:I}", "offset_bytes", (json_int_t)plane->offset_bytes,
			"stride_bytes", (json_int_t)plane->stride_bytes, "rows",
			(json_int_t)plane->rows, "size_bytes", (json_int_t)plane->size_bytes);
		if (json_array_append_new(planes, object) < 0) {
			json_decref(planes);
			return NULL;
		}
	}
	return planes;
}

json_t *umm_emit_required(const struct umm_solution *solution)
{
	json_t *list = json_array();
	for (size_t i = 0; i < solution->n_required; i++) {
		if (json_array_append_new(list, umm_emit_size(solution->required[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *emit_alpha(enum umm_alpha alpha)
{
	return alpha == UMM_ALPHA_UNSET ? json_null() : json_boolean(alpha == UMM_ALPHA_MEANINGFUL);
}

static json_t *emit_image(const struct umm_solution *solution)
{
	const struct umm_image *image = &solution->image;
	bool whole = (solution->merge.must & UMM_FACT_WHOLE_PIXELS) != 0;
	if (solution->info == NULL)
		return json_null();
	json_t *stride =
		json_pack("{s:I, s:o, s:I, s:b}", "min_bytes", (json_int_t)image->stride_min,
			  "max_bytes", umm_emit_limit(image->stride_max), "divisor_bytes",
			  (json_int_t)image->stride_divisor, "whole_pixels", whole);
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "format",
			 umm_emit_format(solution->pair.format), "modifier",
			 umm_emit_modifier(solution->pair.modifier), "color_space",
			 umm_emit_word(umm_color_words, solution->color), "alpha",
			 emit_alpha(solution->alpha), "handles",
			 image->per_plane ? "per_plane" : "one", "size_min",
			 umm_emit_size(image->size_min), "size_max", umm_emit_size(image->size_max),
			 "required_sizes", umm_emit_required(solution), "stride", stride, "planes",
			 emit_planes(image));
}

static json_t *emit_names(const struct umm_problem *problem, const struct umm_solution *solution,
			  unsigned parts)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < problem->n_demands; i++) {
		if ((parts >> solution->part[i] & 1) == 0)
			continue;
		if (json_array_append_new(list, json_string(problem->demands[i].name)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static uint64_t address_align(const struct umm_solution *solution)
{
	return umm_max(solution->merge.at_least[UMM_LEAST_ADDRESS_ALIGN], UMM_PAGE_BYTES);
}

json_t *umm_solution_emit(const struct umm_document *document, const struct umm_solution *solution,
			  bool all)
{
	const struct umm_problem *problem = &document->problem;
	const struct umm_heap_facts *heap = &problem->heaps[solution->heap];
	bool contiguous = (solution->merge.must & UMM_FACT_CONTIGUOUS) != 0;
	bool secure = (solution->merge.must & UMM_FACT_SECURE) != 0;
	json_t *object = json_pack(
		"{s:s, s:I, s:I, s:I, s:s, s:o, s:b, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:o}",
		"status", "ok", "buffers", (json_int_t)solution->buffers, "size_bytes",
		(json_int_t)solution->image.size_bytes, "raw_size_bytes",
		(json_int_t)solution->image.raw_size_bytes, "heap", heap->name, "cache",
		umm_emit_word(umm_cache_words, heap->cache), "contiguous", contiguous, "coherency",
		umm_emit_word(umm_coherency_words, solution->coherency), "secure", secure,
		"address_align", (json_int_t)address_align(solution), "image", emit_image(solution),
		"participants",
		emit_names(problem, solution, 1 << UMM_PART_TAKES | 1 << UMM_PART_ADMITTED),
		"refused", emit_names(problem, solution, 1 << UMM_PART_REFUSED), "why",
		umm_why(problem, solution), "rejected", umm_why_not(problem, solution, false));
	if (all &&
	    json_object_set_new(object, "candidates", umm_why_not(problem, solution, true)) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static uint32_t clamp(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

void umm_solution_layout(const struct umm_problem *problem, const struct umm_solution *solution,
			 struct umm_layout *layout)
{
	const struct umm_image *image = &solution->image;
	*layout = (struct umm_layout){
		.format = solution->pair.format,
		.modifier = solution->pair.modifier,
		.width_px = clamp(image->visible.width_px),
		.height_px = clamp(image->visible.height_px),
		.n_planes = image->n_planes,
		.handles = image->per_plane ? UMM_HANDLES_PER_PLANE : UMM_HANDLES_ONE,
		.color_space = solution->color,
		.alpha = solution->alpha,
		.size_bytes = image->size_bytes,
		.raw_size_bytes = image->raw_size_bytes,
		.address_align_bytes = address_align(solution),
		.buffers = clamp(solution->buffers),
		.coherency = solution->coherency,
		.contiguous = (solution->merge.must & UMM_FACT_CONTIGUOUS) != 0,
		.secure = (solution->merge.must & UMM_FACT_SECURE) != 0,
	};
	memcpy(layout->planes, image->planes, sizeof(layout->planes));
	snprintf(layout->heap, sizeof(layout->heap), "%s", problem->heaps[solution->heap].name);
}
