/* SPDX-License-Identifier: MIT */
/**
 * From demands to memory that everybody has really attached:
 *
 *	solve -> allocate one buffer -> every member that wants to attaches it -> allocate the pool
 *	  ^___ a heap ran out, or somebody refused: a finding more, a candidate less ________|
 *
 * Drivers are oracles, tables are hints. The steps are apart because members may be in other
 * processes, whose answers come later (broker/server_trial.c) or at once (share/local.c).
 *
 * Ends: every round takes a heap away, or a pair of format and modifier from an alternative. Where
 * a finding takes nothing away that the solver would see, the heap goes.
 *
 * The buffer on trial is thrown away: readers got it before it was closed to writers.
 */
#ifndef UMM_SHARE_SETTLE_H
#define UMM_SHARE_SETTLE_H

#include "share/negotiation.h"
#include "share/pool.h"

struct umm_settle {
	struct umm_negotiation *negotiation;
	struct umm_arena *arena; /**< for buffers that move, where no device is; NULL: none */
	char excluded_names[UMM_MAX_HEAPS][UMM_HEAP_NAME_MAX + 1];
	const char *excluded[UMM_MAX_HEAPS + 1]; /**< NULL-terminated */
	unsigned n_excluded;
	int shortage; /**< errno of the last heap that ran out; 0: none has */
	unsigned rounds;
	bool refused; /**< in this round */
	struct umm_heap heap;
	struct umm_heap_memory trial; /**< one buffer; no memory where nobody is asked */
};

void umm_settle_init(struct umm_settle *settle, struct umm_negotiation *negotiation);
/** What was found out is kept, however it ended. A zeroed one is fine. */
void umm_settle_finish(struct umm_settle *settle);

/** Find the next candidate: negotiation->answer has its layout, settle->trial a buffer of it.
 * Returns 0, or why there is none, as umm_collection_seal(). */
int umm_settle_next(struct umm_settle *settle);

/** Whether the member at `index` is to attach settle->trial: it wants to, and takes part. */
bool umm_settle_asks(const struct umm_settle *settle, unsigned index);

/** What the member at `index` says to settle->trial: 0 or a negative errno. Returns 0 or a negative
 * errno of our own. */
int umm_settle_hear(struct umm_settle *settle, unsigned index, int result, const char *why);

/** All have spoken: allocate the pool. Returns 0 and *out; -EAGAIN: somebody refused, or the heap
 * ran out, and umm_settle_next() finds another; or why there is no pool. */
int umm_settle_allocate(struct umm_settle *settle, struct umm_pool **out);

#endif
