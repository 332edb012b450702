/* SPDX-License-Identifier: MIT */
/**
 * The parts of `umm bench region`: allocators that are compared, and the work they are given.
 */
#ifndef UMM_BENCH_REGION_H
#define UMM_BENCH_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/range.h"

#define REGION_BENCH_PAGE 4096ull
#define REGION_BENCH_BIG  (8ull << 20)

/** An allocator over one area. */
struct region_contender {
	const char *name, *what;
	int (*create)(struct umm_range area, void **out); /**< 0 or a negative errno */
	bool (*take)(void *self, uint64_t size, uint64_t align, uint64_t *out_start);
	void (*give)(void *self, struct umm_range run);
	uint64_t (*largest)(void *self); /**< the longest free run; NULL: cannot be asked */
	bool (*valid)(void *self);	 /**< its books are in order; NULL: cannot be asked */
	void (*destroy)(void *self);
};

extern const struct region_contender region_umm, region_cma, region_best_fit, region_buddy,
	region_jemalloc;

/** Why jemalloc cannot be measured in this process, or NULL. */
const char *region_jemalloc_missing(void);

struct region_work {
	uint64_t area_bytes, fill_permille, operations, seed;
};

/** What one contender did with one work, or with several added up. */
struct region_result {
	uint64_t takes, failures, big_takes, big_failures;
	uint64_t operations, total_ns; /**< of CPU time, in the pass without a clock */
	double fill_sum;	       /**< of the area, after each take */
	double fragmentation_sum;
	uint64_t fragmentation_count;
	uint32_t p50_ns, p99_ns, max_ns; /**< of takes and gives, the clock's own time included */
};

/** 0, or a negative errno: -EBADMSG: the allocator's books are wrong. */
int region_work_run(const struct region_contender *contender, const struct region_work *work,
		    unsigned seeds, struct region_result *out);

/** Owners hold at most so much of the area, in `region_tenants_run`; tenants have the rest. */
#define REGION_TENANTS_OWNED_PERMILLE 600

struct region_tenants_result {
	uint64_t takes;
	uint64_t fitting, fitting_failed; /**< requests that fit; of them, those that failed */
	uint64_t in_the_way;		  /**< takes for which tenants had to move */
	uint64_t moved_bytes, moved_most; /**< in all; by one take */
	uint64_t beyond_bound;		  /**< takes that moved more than was computed beforehand */
	uint32_t p50_ns, p99_ns;	  /**< of a take, without the copying itself */
};

/** Owners and a movable tenant share an area. 0 or a negative errno, as region_work_run(). */
int region_tenants_run(const struct region_work *work, struct region_tenants_result *out);

/** What reading the clock twice costs, in the middle of many tries. */
uint32_t region_clock_ns(void);

#endif
