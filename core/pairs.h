/* SPDX-License-Identifier: MIT */
/**
 * (format, modifier) pairs: an index of who covers which, and a walk over all pairs worth looking
 * at.
 *
 * Entries of one participant never overlap, so for one pair every participant has one entry or
 * none: the pair decides all the tuples, and the search is left with pairs x alternatives. The
 * index is a hash table of the keys that the entries spell out, `any` being a key of its own; a
 * pair is covered by the entries under four keys: (f, m), (f, any), (any, m), (any, any).
 */
#ifndef UMM_CORE_PAIRS_H
#define UMM_CORE_PAIRS_H

#include "core/constraint.h"
#include "core/scratch.h"

/** format 0: no pair, for those who don't look at pixels. */
struct umm_pair {
	uint32_t format;
	uint64_t modifier;
};

/** Entry `entry` of demand `demand` covers the pair. */
struct umm_cover {
	uint32_t demand, entry;
};

struct umm_pair_key {
	uint64_t modifier; /**< UMM_MODIFIER_INVALID: any */
	uint32_t format;   /**< 0: any */
	uint32_t first, count;
};

struct umm_pairs {
	struct umm_pair_key *keys;
	uint32_t *slots; /**< hash table of indexes into keys, + 1; 0: empty */
	struct umm_cover *covers;
	uint32_t *any_modifier, *any_format; /**< indexes of keys (f, any) and (any, m) */
	uint32_t n_keys, slot_mask, n_any_modifier, n_any_format;
	bool any_any;
};

/** A place in the walk; start with zeroes. */
struct umm_pair_cursor {
	uint32_t phase, i, j;
};

/** How many keys the entries spell out; UINT64_MAX when that is more than anybody can mean. */
uint64_t umm_pairs_count(const struct umm_problem *problem);

/** Build the index in `scratch`. Returns false when it is too small. */
bool umm_pairs_build(struct umm_pairs *pairs, const struct umm_problem *problem,
		     struct umm_scratch *scratch);

/**
 * The next pair that somebody is specific about, or false at the end. `hypothetical` adds pairs
 * that are covered though nobody is specific about format or modifier, LINEAR where no modifier is
 * named. The last one is the pair of those who don't look at pixels.
 */
bool umm_pairs_next(const struct umm_pairs *pairs, struct umm_pair_cursor *cursor,
		    bool hypothetical, struct umm_pair *out);

/** The entries under one of the four keys of a pair, `which` from 0 to 3; `count` may be 0. */
const struct umm_cover *umm_pairs_covers(const struct umm_pairs *pairs, struct umm_pair pair,
					 unsigned which, uint32_t *count);

#endif
