/* SPDX-License-Identifier: MIT */
/**
 * Heaps: which of them give a buffer of a certain size, and which is the better one.
 */
#ifndef UMM_CORE_SERVE_H
#define UMM_CORE_SERVE_H

#include "core/constraint.h"

/** Why a heap does not serve. */
enum umm_refusal {
	UMM_REFUSAL_NONE,
	UMM_REFUSAL_SECURE,	/**< a protected heap, and nobody wants protected memory */
	UMM_REFUSAL_SIZE,	/**< size_max_bytes */
	UMM_REFUSAL_FREE,	/**< free_bytes for all the buffers */
	UMM_REFUSAL_RUN,	/**< largest_free_bytes */
	UMM_REFUSAL_CONTIGUOUS, /**< cannot give one run */
	UMM_REFUSAL_SEGMENTS,	/**< too many pieces for somebody's engine */
};

/** What is asked of a heap. */
struct umm_order {
	const struct umm_merge *merge;
	uint64_t buffers, raw_size_bytes;
};

enum umm_refusal umm_serve_refusal(const struct umm_order *order,
				   const struct umm_heap_facts *heap);

/** Preference among heaps that serve: below 0 if `a` is the better one. The least able to give runs
 * goes first, so that scarce memory is not spent on those who don't need it. */
int umm_serve_compare(const struct umm_heap_facts *a, const struct umm_heap_facts *b);

#endif
