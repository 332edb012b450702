/* SPDX-License-Identifier: MIT */
/**
 * Inside of the solver: its state, and the search over alternatives for one pair.
 */
#ifndef UMM_CORE_SEARCH_H
#define UMM_CORE_SEARCH_H

#include "core/solve.h"

/** A set of alternatives chosen for all groups, and how good it is with the best of pairs and
 * heaps. */
struct umm_candidate {
	bool found;
	uint32_t *choice; /**< of each group, UMM_NOWHERE where it does not come up */
	struct umm_pair pair;
	uint32_t heap;
	enum umm_coherency coherency;
	uint64_t cost;
	unsigned coherency_rank;
	uint32_t color;
};

/** What umm_search_check() finds out about a merged record. */
struct umm_state {
	uint64_t buffers;
	struct umm_image image;
	uint64_t heaps[3]; /**< serving heaps of this block, for cpu, ram, inaccessible */
};

struct umm_search {
	const struct umm_problem *problem;
	unsigned waive;
	uint32_t first_heap; /**< heaps are looked at in blocks of 64 */
	struct umm_pairs pairs;
	struct umm_merge *need; /**< of each demand, without its formats */

	/* who stands where: members[first_member[a]..first_member[a + 1]) for alternative a, the
	   top level being alternative n_alternatives; late ones are left out */
	uint32_t *first_member, *members;

	/* the pair being looked at */
	struct umm_pair pair;
	const struct umm_format_info *info;
	uint32_t *entry, *stamp; /**< entry of each demand, valid where the stamp is now's */
	uint32_t now;

	/* per alternative: its own members, the hull of the groups in it, and of those what stands
	   behind the one that is looked at while a failure is reduced */
	struct umm_merge *own, *inner, *rest;
	uint32_t *open; /**< what open groups in `rest` may add */
	bool *dead;	/**< somebody in it does not cover the pair */
	bool *refused;	/**< failed as it was taken, and why has not been looked into */

	/* per group: its hull, the hulls of those after it in the same alternative, of all that
	   comes after it, and what was decided before it */
	struct umm_merge *hull, *later, *after, *before;
	uint32_t *choice, *next;
	bool *kept; /**< its decision is part of the failure that is being reduced */
	uint8_t *standing;
	uint64_t *clash; /**< per group a set of groups: whose choices its failures rest on */
	uint32_t n_words;

	struct umm_size *required;

	/* Questions about several documents at once, see core/trial.c. */
	const bool *loose;  /**< of each demand: its formats may be anything. NULL: of nobody */
	uint32_t undecided; /**< enum umm_fact that a document in question may add */

	/* the guess that is tried first on every pair */
	struct umm_merge guess_need;
	uint32_t *guess, *guess_members;
	uint32_t n_guess;
	struct umm_candidate best;
};

/** Take the state's arrays; counts only where the scratch has no memory. */
void umm_search_take(struct umm_search *search, const struct umm_problem *problem,
		     struct umm_scratch *scratch);

/** Find out who stands where. Once, before anything below. */
void umm_search_start(struct umm_search *search);

/** Look at the heaps from `first_heap` on: what each demand needs of them. */
void umm_search_block(struct umm_search *search, uint32_t first_heap);

/** Look at `pair` from now on: find each demand's entry. */
void umm_search_enter(struct umm_search *search, struct umm_pair pair);

/** Take `entry` for the pair in place of the demand's own, if it has any. */
void umm_search_use_entry(struct umm_search *search, uint32_t demand, uint32_t entry);

/** Whether `demand` takes the pair, or does not look at pixels. */
bool umm_search_covers(const struct umm_search *search, uint32_t demand);

/** Merge what `demand` states for the pair, formats included. False: it does not cover the pair. */
bool umm_search_add(const struct umm_search *search, uint32_t demand, struct umm_merge *into);

/** As umm_search_add(), the formats alone. */
bool umm_search_add_formats(const struct umm_search *search, uint32_t demand,
			    struct umm_merge *into);

/** Whether `merge` can be satisfied, given that choices yet to be made may add `undecided`. */
enum umm_fault umm_search_check(const struct umm_search *search, const struct umm_merge *merge,
				size_t n_required, uint32_t undecided, struct umm_state *state);

/** Append the required sizes that `demand` states for the pair. Returns the new count. */
size_t umm_search_require(struct umm_search *search, uint32_t demand, size_t count);

/** The group in whose alternative a group stands, or UMM_NOWHERE. */
static inline uint32_t umm_search_parent(const struct umm_search *search, uint32_t group)
{
	uint32_t parent = search->problem->groups[group].parent;
	return parent == UMM_NOWHERE ? UMM_NOWHERE : search->problem->alternative_group[parent];
}

/** The alternative a group stands in; the top level is the one behind the last. */
static inline uint32_t umm_search_place(const struct umm_search *search, uint32_t group)
{
	uint32_t parent = search->problem->groups[group].parent;
	return parent == UMM_NOWHERE ? search->problem->n_alternatives : parent;
}

/** Find out who cannot take part in the pair: an alternative whose member does not cover it, or
 * that has a group without a living alternative, and what stands inside of a dead one. Returns
 * whether the document as a whole lives; before anything is merged. */
bool umm_search_lives(struct umm_search *search);

/** Fold the records of all that live. */
void umm_search_fold(struct umm_search *search);

/**
 * Find the first choice of alternatives, in the order of preference, that the pair admits; only
 * such as come before the best one so far. Fills search->choice.
 */
bool umm_search_alternatives(struct umm_search *search);

#endif
