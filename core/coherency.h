/* SPDX-License-Identifier: MIT */
/**
 * Who owns a buffer, and what must happen when it changes hands.
 *
 * An agent looks at memory either through the CPU's caches (the CPU, coherent devices) or past them
 * (the others). Of the caches two facts are enough for a buffer:
 *
 *	dirty	they may hold bytes that memory does not have yet
 *	stale	they may hold bytes older than what memory has
 *
 *	            | looks through the caches    | looks past them
 *	------------+-----------------------------+--------------------------
 *	to read     | stale: invalidate           | dirty: clean
 *	to write    | stale: invalidate; -> dirty | dirty: clean; -> stale
 *
 * So the work is done once for a transition, by whoever comes first, and never once per importer;
 * from device to device, both past the caches, there is none at all. (Writing past the caches needs
 * the clean too: a dirty line could be evicted over what the device wrote. The invalidate comes
 * when somebody looks, not before, because speculation brings lines back at any time.)
 *
 * Accesses end with a fence, since devices finish later than their drivers return: a reader waits
 * for the writer, a writer for all. What a device wrote through a bounce slot is copied out once
 * its fence is done.
 *
 * One writer or several readers hold a buffer; a second owner is refused and reported. So are cache
 * lines that two buffers share while different sides own them, CPU accesses outside begin and end,
 * begins without end, ends by others, fences that nobody will signal.
 *
 * Memory is the caller's; calls about one buffer, and about one space, must not run in parallel.
 */
#ifndef UMM_CORE_COHERENCY_H
#define UMM_CORE_COHERENCY_H

#include <umm/buffer.h>

#include "core/dma.h"

#define UMM_OWNERSHIP_AGENTS 33 /**< at a time: one producer, 32 consumers */

/** Who touches a buffer; told apart by address. Lives as long as it holds or has held one. */
struct umm_agent {
	const char *name;
	bool cached;			 /**< looks through the CPU's caches */
	struct umm_dma_mapping *mapping; /**< NULL: none, or one that never bounces */
};

struct umm_ownership;

/** Buffers that may share cache lines. Zero it to start. */
struct umm_ownership_space {
	struct umm_ownership *first; /**< umm_ownership.next */
};

struct umm_ownership_options {
	const char *name;
	const struct umm_sg *memory;
	const struct umm_dma_ops *ops;
	void *machine;
	uint64_t line_bytes;		   /**< power of two; 0: 64 */
	const struct umm_dma_sink *sink;   /**< NULL: nobody listens */
	struct umm_ownership_space *space; /**< NULL: shared lines are not looked for */
};

struct umm_ownership_hold {
	const struct umm_agent *agent;
	enum umm_access access;
	const char *site;
};

struct umm_ownership_fence {
	uint64_t fence; /**< 0: none */
	const struct umm_agent *agent;
	const char *site;
};

struct umm_ownership_stats {
	uint64_t transitions, cleans, cleaned_bytes, invalidates, invalidated_bytes, waits, reports;
};

struct umm_ownership {
	struct umm_ownership_options options;
	struct umm_ownership_hold holds[UMM_OWNERSHIP_AGENTS];
	uint32_t n_holds;
	bool dirty, stale;
	struct umm_ownership_fence written; /**< by the last writer */
	struct umm_dma_mapping *copy_out;   /**< when that is done; NULL: nothing */
	struct umm_ownership_fence reads[UMM_OWNERSHIP_AGENTS];
	uint32_t n_reads;
	struct umm_ownership_stats stats;
	struct umm_ownership *next; /**< in the space */
};

/** The memory is taken as written by the CPU. 0 or -EINVAL. */
int umm_ownership_init(struct umm_ownership *ownership,
		       const struct umm_ownership_options *options);

/**
 * Become an owner: waits for whom it must, does what the hand-over needs.
 *
 * Returns 0; -EBUSY and a report where somebody else's access, or an own one that is open, forbids
 * it; -EINVAL (no access); -ENOSPC (too many agents); or what a failed wait gave, with a report.
 */
int umm_ownership_begin(struct umm_ownership *ownership, const struct umm_agent *agent,
			enum umm_access access, const char *site);

/** Stop being one. What was begun is done when `fence` is; 0: it is done. -EINVAL and a report if
 * this agent holds nothing. */
int umm_ownership_end(struct umm_ownership *ownership, const struct umm_agent *agent,
		      uint64_t fence, const char *site);

/** Wait for all fences and copy out what bounced, for whoever unmaps or frees. 0, or what a failed
 * wait gave. */
int umm_ownership_settle(struct umm_ownership *ownership);

/** The checker's eyes: the agent touches bytes. False, and a report, if its access does not allow
 * that. */
bool umm_ownership_touch(struct umm_ownership *ownership, const struct umm_agent *agent,
			 struct umm_range part, enum umm_access access, const char *site);

/** The buffer goes: every access still open is reported. Returns how many there were. */
uint32_t umm_ownership_finish(struct umm_ownership *ownership);

bool umm_ownership_valid(const struct umm_ownership *ownership);

#endif
