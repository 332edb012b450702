/* SPDX-License-Identifier: MIT */
/**
 * A region: ranges of addresses, and who may have which run of them.
 *
 * This is the contiguous memory allocator of the system, and the address book behind the IOVA
 * allocator. It never touches the memory it hands out: all it knows lies in the caller's `memory`,
 * whose size umm_region_memory() tells beforehand. Nothing is ever allocated, so giving back cannot
 * fail for want of memory.
 *
 * Threads: the caller locks, every call but umm_region_memory(). Whoever puts a region where
 * threads meet has a lock of its own: core/iova behind its magazines, heap/arena.
 */
#ifndef UMM_CORE_REGION_H
#define UMM_CORE_REGION_H

#include <stddef.h>

#include "core/range.h"

struct umm_region_node;

/** One class of free runs for each power of two of their size. */
#define UMM_REGION_CLASSES 64

struct umm_region_config {
	uint64_t granule_bytes; /**< power of two; every size and address is a multiple of it */
	uint32_t max_runs;	/**< runs that can be taken at one time */
	uint32_t max_ranges;	/**< ranges that can be added */
};

struct umm_region {
	struct umm_region_node *nodes;
	uint32_t *heads; /**< of the hash of taken runs, by their start */
	uint32_t n_nodes, max_runs, max_ranges;
	uint32_t hash_bits, granule_shift;
	uint32_t spare;			    /**< first of the nodes given back; singly linked */
	uint32_t fresh;			    /**< nodes from here on were never used */
	uint32_t first;			    /**< the run with the lowest address */
	uint32_t roots[UMM_REGION_CLASSES]; /**< trees of free runs */
	uint64_t filled;		    /**< bit c: roots[c] has a run */
	uint64_t total_bytes, free_bytes;
	uint32_t n_taken, n_free, n_ranges;
};

struct umm_region_request {
	uint64_t size_bytes;	 /**< rounded up to the granule */
	uint64_t align_bytes;	 /**< of the address itself; a power of two; 0: the granule */
	uint64_t max_address;	 /**< of the last byte; 0: any */
	uint64_t boundary_bytes; /**< no run crosses a multiple of it; a power of two; 0: any */
};

struct umm_region_stats {
	uint64_t total_bytes, free_bytes, largest_free_bytes;
	uint32_t free_runs, taken_runs, ranges;
	uint32_t fragmentation_permille; /**< of the free bytes, those outside the largest run */
};

/** Bytes of `memory` that umm_region_init() wants. 0 when the configuration makes no sense. */
size_t umm_region_memory(const struct umm_region_config *config);

/**
 * Start with no range at all. `memory` stays in use until the region is forgotten; there is nothing
 * to finish. Returns 0, -EINVAL (configuration), -ENOMEM (`memory_bytes` too small).
 */
int umm_region_init(struct umm_region *region, const struct umm_region_config *config, void *memory,
		    size_t memory_bytes);

/**
 * Add a free range. Ranges may touch, but no run will ever lie in two of them.
 * Returns 0, -EINVAL (not on the granule, empty, wraps), -EEXIST (overlaps a range), -ENOMEM
 * (max_ranges reached), -EOVERFLOW (all ranges together have 2^64 bytes or more).
 */
int umm_region_add(struct umm_region *region, struct umm_range range);

/**
 * Take a free run. Every request that fits in some free run succeeds.
 *
 * Returns 0, -EINVAL (size 0, alignment or boundary no power of two), -ENOSPC (nothing fits),
 * -ENOMEM (max_runs are taken). *out is the run with its rounded size: give back exactly this.
 */
int umm_region_take(struct umm_region *region, const struct umm_region_request *request,
		    struct umm_range *out);

/**
 * Take this very run.
 * Returns 0, -EINVAL (not on the granule, empty, wraps), -EFAULT (not inside one range), -EBUSY
 * (some of it is taken), -ENOMEM (max_runs are taken).
 */
int umm_region_reserve(struct umm_region *region, struct umm_range run);

/**
 * Give a taken run back. What was not taken exactly so is refused and changes nothing:
 * -EFAULT: not inside one range; -EALREADY: free already, all of it; -ERANGE: overlaps taken runs
 * but is not one of them; -EINVAL: empty, or wraps.
 */
int umm_region_give(struct umm_region *region, struct umm_range run);

/** A number the caller keeps with a taken run; 0 when just taken. -ENOENT: no such run. */
int umm_region_set_tag(struct umm_region *region, struct umm_range run, uint64_t tag);
int umm_region_get_tag(const struct umm_region *region, struct umm_range run, uint64_t *out);

void umm_region_get_stats(const struct umm_region *region, struct umm_region_stats *out);

/** A walk over all runs, free and taken, by rising address. */
struct umm_region_run {
	struct umm_range range;
	uint64_t tag; /**< of a taken run */
	bool taken;
	bool first_of_range; /**< does not go on from the run before it, even where it touches */
	uint32_t cursor;
};

/** The lowest run, or the one after *run; false at the end. */
bool umm_region_first(const struct umm_region *region, struct umm_region_run *out);
bool umm_region_next(const struct umm_region *region, struct umm_region_run *run);

/** Check every invariant: O(runs). For tests and for the suspicious. */
bool umm_region_valid(const struct umm_region *region);

#endif
