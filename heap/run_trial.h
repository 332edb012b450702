/* SPDX-License-Identifier: MIT */
/**
 * Whether a heap gives physically contiguous memory, found out by looking: drivers do not tell.
 *
 * A buffer is allocated, mapped, and its pages are looked up in /proc/self/pagemap. Scattered pages
 * prove that the heap promises nothing. One run proves little if the buffer is small, for a fresh
 * machine often hands out neighbours by chance; so several buffers that live at the same time must
 * each be one run, and be larger than the largest block of the page allocator (4 MiB) where the
 * caller can afford it.
 *
 * The verdict is kept for the process: trials cost memory and time, nodes do not change their mind.
 */
#ifndef UMM_HEAP_RUN_TRIAL_H
#define UMM_HEAP_RUN_TRIAL_H

#include "heap/heap.h"

enum umm_run_verdict {
	UMM_RUN_UNKNOWN, /**< no memory, or addresses are hidden from this user */
	UMM_RUN_ONE,
	UMM_RUN_SCATTERED,
};

/** Also where the largest block of the page allocator ends. */
#define UMM_RUN_TRIAL_BYTES (UINT64_C(5) << 20)

struct umm_run_trial {
	enum umm_run_verdict verdict;
	int error; /**< UMM_RUN_UNKNOWN: why */
};

/** Try with buffers of `size_bytes`. Thread-safe. */
struct umm_run_trial umm_run_trial(const struct umm_heap *heap, uint64_t size_bytes);

#endif
