/* SPDX-License-Identifier: MIT */
/** The contenders of `umm bench iova`. */
#ifndef UMM_BENCH_IOVA_H
#define UMM_BENCH_IOVA_H

#include <stdint.h>

#include "core/range.h"

#define IOVA_BENCH_MAX_THREADS 2u

/** An allocator of device addresses below 2^47, in pages of 4 KiB. */
struct iova_contender {
	const char *name, *what;
	int (*create)(unsigned n_threads, uint32_t max_runs, void **out); /**< 0 or -errno */
	void *(*thread)(void *self, unsigned thread); /**< what a thread passes to take and give */
	int (*take)(void *mine, uint64_t size, struct umm_range *out);
	void (*give)(void *mine, struct umm_range range);
	void (*destroy)(void *self);
};

extern const struct iova_contender iova_umm, iova_tree, iova_nothing;

#endif
