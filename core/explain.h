/* SPDX-License-Identifier: MIT */
/**
 * Explaining a solution: who bound which field, and why the other candidates were not taken.
 */
#ifndef UMM_CORE_EXPLAIN_H
#define UMM_CORE_EXPLAIN_H

#include "core/solve.h"

#define UMM_NOBODY UINT32_MAX

/** A candidate that was not taken, and who objects. */
struct umm_verdict_on {
	enum { UMM_ON_HEAP, UMM_ON_PAIR, UMM_ON_ALTERNATIVE } kind;
	uint32_t heap, group, alternative; /**< alternative: counted within its group */
	struct umm_pair pair;
	bool rejected;	   /**< false: it would do, but is not preferred */
	uint32_t demand;   /**< who objects, or UMM_NOBODY in particular */
	const char *field; /**< what they object with; a heap's own field where nobody does */
};

typedef void (*umm_verdict_function)(void *user, const struct umm_verdict_on *verdict);

/** Look at every candidate. `memory` has umm_solve_size() bytes and is not the solution's own.
 * Returns false if it is too small. */
bool umm_explain_candidates(const struct umm_problem *problem, const struct umm_solution *solution,
			    void *memory, size_t size, umm_verdict_function visit, void *user);

/** The entry of `demand` that covers `pair`, or NULL. */
const struct umm_entry *umm_explain_entry(const struct umm_demand *demand, struct umm_pair pair);

/** How stated values of a field become the merged one. */
enum umm_bound_kind {
	UMM_BOUND_NONE,
	UMM_BOUND_SUM,
	UMM_BOUND_MOST,
	UMM_BOUND_LEAST,
	UMM_BOUND_LCM,
	UMM_BOUND_FACT,
	UMM_BOUND_SET
};

/** What a participant states for a field, as numbers; 2 for sizes. */
struct umm_statement {
	uint64_t value[2];
	unsigned n_values; /**< 0: nothing that binds */
};

/** Kind of `field`, and whether its values are sizes. */
enum umm_bound_kind umm_explain_kind(enum umm_field field);

struct umm_statement umm_explain_statement(const struct umm_demand *demand,
					   const struct umm_entry *entry, enum umm_field field);

#endif
