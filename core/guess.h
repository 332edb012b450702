/* SPDX-License-Identifier: MIT */
/**
 * The guess: one choice of alternatives, tried on a pair before anything is searched for.
 *
 * A choice that worked for one pair, or for nearly the same document, mostly works for the next,
 * and to try it costs one merge instead of a search.
 */
#ifndef UMM_CORE_GUESS_H
#define UMM_CORE_GUESS_H

#include "core/search.h"

/** Guess the choice `from` (NULL: the first alternative everywhere): merge what it needs apart from
 * formats, once for all pairs. Again whenever what somebody needs has changed. */
void umm_guess_prepare(struct umm_search *search, const uint32_t *from);

/** Whether the guess is a solution of the current pair; fills *merge and *state then. */
bool umm_guess_fits(struct umm_search *search, struct umm_merge *merge, struct umm_state *state);

/** Whether every group takes its first alternative: nothing can be preferred to that. */
bool umm_guess_is_first(const struct umm_search *search);

#endif
