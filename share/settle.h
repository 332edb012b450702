/* SPDX-License-Identifier: MIT */
/**
 * From demands to memory that everybody has really attached:
 *
 *	solve -> allocate one buffer -> every member that wants to attaches it -> allocate the pool
 *	  ^                                                                              |
 *	  |___ a heap ran out, or somebody refused: one more finding,	  every member attaches
 *	       a candidate less ______________________________________________ each of it
 *
 * Drivers are oracles, tables are hints. The steps are apart because members may be in other
 * processes, whose answers come later (broker/server_trial.c) or at once (share/local.c).
 *
 * Ends: every round takes a heap away, or a pair of format and modifier from an alternative. Where
 * a finding takes nothing away that the solver would see, the heap goes.
 *
 * One buffer may be taken by luck, where another one is not: pages that happen to lie side by side
 * look contiguous. So those of the pool are tried as well, if they are dma-bufs. The first buffer
 *is thrown away, and memory files are tried by it alone: readers must not get one before it is
 *closed to writers. A dma-buf cannot be closed: nothing is lost by showing it early.
 */
#ifndef UMM_SHARE_SETTLE_H
#define UMM_SHARE_SETTLE_H

#include "share/negotiation.h"
#include "share/pool.h"
#include "share/trial.h"

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
	struct umm_heap_properties properties; /**< of it, when it was chosen */
	struct umm_heap_memory trial;	       /**< one buffer; no memory where nobody is asked */
	struct umm_pool *pool;		       /**< NULL, or its buffers are on trial instead */
};

void umm_settle_init(struct umm_settle *settle, struct umm_negotiation *negotiation);
/** What was found out is kept, however it ended. A zeroed one is fine. */
void umm_settle_finish(struct umm_settle *settle);

/** Find the next candidate: negotiation->answer has its layout. Returns 0, or why there is none, as
 * umm_collection_seal(). */
int umm_settle_next(struct umm_settle *settle);

/** How many buffers are on trial now, and each of them (borrowed). */
unsigned umm_settle_count(const struct umm_settle *settle);
const struct umm_heap_memory *umm_settle_memory(const struct umm_settle *settle, unsigned i);

/** Whether the member at `index` is to attach them: it wants to, and takes part. */
bool umm_settle_asks(const struct umm_settle *settle, unsigned index);

/** Whether that member is to compare contents. Only of the first buffer: what a driver makes of a
 * kind of memory is no matter of luck. */
enum umm_trial_depth umm_settle_depth(const struct umm_settle *settle, unsigned index);

/** What the member at `index` says to one of them: as umm_trial_run(). Returns 0 or a negative
 * errno of our own. */
int umm_settle_hear(struct umm_settle *settle, unsigned index, int result, const char *why);

/** All have spoken. Returns 0 and the pool in *out; -EINPROGRESS: now its buffers are on trial, ask
 * again; -EAGAIN: somebody refused, or the heap ran out, and umm_settle_next() finds another; or
 * why there is no pool. */
int umm_settle_conclude(struct umm_settle *settle, struct umm_pool **out);

#endif
