/* SPDX-License-Identifier: MIT */
/**
 * Trials: documents that differ from a given one by a few statements, solved one after the other.
 *
 * Explaining a refusal asks the same question thousands of times: is there a solution without this
 * field? A trial keeps what the documents have in common - the index of pairs, who stands where,
 * what everybody else needs - and answers whether there is a solution, not which is the best.
 */
#ifndef UMM_CORE_TRIAL_H
#define UMM_CORE_TRIAL_H

#include "core/conflict.h"
#include "core/search.h"

/** What is to be solved. */
enum umm_trial_kind {
	UMM_TRIAL_AS_STATED, /**< the document, all its statements being there at the start */
	UMM_TRIAL_BARE, /**< ... none being there: the contract's rules for minimal conflicts */
};

struct umm_trial {
	const struct umm_problem *problem; /**< as stated */
	enum umm_trial_kind kind;
	unsigned waive;
	struct umm_problem copy;
	struct umm_demand *demands;
	struct umm_entry *entries; /**< of all demands, one after the other */
	uint32_t *first_entry;	   /**< of each demand */
	uint64_t *kept;		   /**< of each demand: the fields that are there */
	uint64_t *kept_in_entry;   /**< of each entry, likewise */
	uint32_t *n_limits;	   /**< of each demand: how many fields of its entries are there */
	bool *holds_pairs;	   /**< of each demand: its pairs are there whether stated or not */
	bool *loose;		   /**< of each demand, see umm_trial_helps_any() */
	bool any_pair;		   /**< the last change may matter for every pair */
	bool found;		   /**< search.best.choice is the last solution's */
	struct umm_search search;
};

/** Take the trial's arrays; counts only where the scratch has no memory. */
void umm_trial_take(struct umm_trial *trial, const struct umm_problem *problem,
		    struct umm_scratch *scratch);

/** Make a trial that has taken its memory. */
void umm_trial_start(struct umm_trial *trial, enum umm_trial_kind kind, unsigned waive);

/** State or leave out some fields. Fields of one participant stand together in `changes`. */
void umm_trial_state(struct umm_trial *trial, const struct umm_culprit *changes, size_t count,
		     bool stated);

/** Whether there is a solution. */
bool umm_trial_solved(struct umm_trial *trial);

/** As umm_trial_solved(), when it is known that there was none before `changes`, the last ones,
 * were made: limits of an entry matter for the pairs that it covers. */
bool umm_trial_solved_by(struct umm_trial *trial, const struct umm_culprit *changes, size_t count);

/** Whether `choice` of alternatives solves it with `pair`, for the heaps from `first_heap` on. */
bool umm_trial_solved_as(struct umm_trial *trial, const uint32_t *choice, struct umm_pair pair,
			 uint32_t first_heap);

/** Whether a document without solution has one when a field is left out. */
bool umm_trial_solved_without(struct umm_trial *trial, const struct umm_culprit *field);

/**
 * Whether it has one when an entry that names formats leaves its modifier out, which then is
 * LINEAR. False too where that would overlap another entry. Not for participants of usage `none`,
 * whose default is another.
 */
bool umm_trial_solved_as_linear(struct umm_trial *trial, uint32_t demand, uint32_t entry);

/**
 * False: proved that no field left out by one of the participants [first, end) solves a document
 * without solution. All these documents are asked about at once: each of the participants demands
 * only what it would demand in every one of them.
 */
bool umm_trial_helps_any(struct umm_trial *trial, uint32_t first, uint32_t end);

#endif
