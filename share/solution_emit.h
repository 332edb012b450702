/* SPDX-License-Identifier: MIT */
/**
 * A solution as the contract's JSON and as the public layout.
 */
#ifndef UMM_SHARE_SOLUTION_EMIT_H
#define UMM_SHARE_SOLUTION_EMIT_H

#include <jansson.h>

#include "core/solve.h"
#include "share/document.h"

/** The object of `"status": "ok"`; `all`: with every candidate and its verdict. NULL: out of
 * memory. */
json_t *umm_solution_emit(const struct umm_document *document, const struct umm_solution *solution,
			  bool all);

void umm_solution_layout(const struct umm_problem *problem, const struct umm_solution *solution,
			 struct umm_layout *layout);

/** A number, or null where it is UMM_NO_LIMIT. */
json_t *umm_emit_limit(uint64_t value);
json_t *umm_emit_size(struct umm_size size);
/** The sizes that a solution has to have. */
json_t *umm_emit_required(const struct umm_solution *solution);
/** The name of the word with that value, as a string or null. */
struct umm_word;
json_t *umm_emit_word(const struct umm_word *words, uint32_t value);
/** The names of a set, in the vocabulary's order. */
json_t *umm_emit_words(const struct umm_word *words, uint32_t set);
json_t *umm_emit_format(uint32_t format);
json_t *umm_emit_modifier(uint64_t modifier);

#endif
