/* SPDX-License-Identifier: MIT */
/**
 * IOVAs: which device addresses are in use, for threads that map and unmap all the time.
 *
 * One `struct umm_iova` is a device's (or domain's) address space; each thread has a `struct
 * umm_iova_cache` of its own and takes and gives through it. In steady state that touches nothing
 * shared. Memory comes from the caller, who is told how much beforehand; the lock does too.
 *
 * A give is strict or lazy. Strict: the IOTLB has already forgotten the range; it can be reused at
 * once. Lazy: it is unmapped, but the IOTLB may still know it; it is queued and reused only after
 * `flush` has returned 0.
 */
#ifndef UMM_CORE_IOVA_H
#define UMM_CORE_IOVA_H

#include <stdatomic.h>

#include "core/lock.h"
#include "core/region.h"

/** Sizes up to 2^14 granules (64 MiB of 4 KiB pages) are kept in magazines, in so many classes. */
#define UMM_IOVA_CLASSES      96
#define UMM_IOVA_MAX_GRANULES (1u << 14)
#define UMM_IOVA_MAGAZINE_CAP 32

/** How giving back is policed. */
enum umm_iova_checks {
	UMM_IOVA_TRUSTED, /**< shape and alignment; the caller keeps books of what is mapped */
	UMM_IOVA_CHECKED, /**< double, partial and foreign gives are refused; costs the lock */
};

struct umm_iova_config {
	uint64_t granule_bytes; /**< the IOMMU's smallest page */
	uint32_t max_runs;	/**< ranges in use, reserved, or kept by caches, at one time */
	uint32_t max_apertures; /**< ranges of addresses the device can use */
	uint32_t lazy_entries;	/**< of each cache's queue; 0: a lazy give flushes at once */
	enum umm_iova_checks checks;
	struct umm_lock lock; /**< without it one thread at a time uses the space and its caches */

	/** Make the IOTLB forget every range whose give began before this call. 0 or a negative
	 * errno. NULL: there is no IOTLB. Called by the thread that gives, without the lock. */
	int (*flush)(void *user);
	void *flush_user;
};

/** A stack of ranges of one class; only their starts, the class tells the size. */
struct umm_iova_magazine {
	uint32_t count;
	uint64_t starts[UMM_IOVA_MAGAZINE_CAP];
};

struct umm_iova_cache;

/** What is behind the caches; every field but `drain` is under the lock. */
struct umm_iova {
	struct umm_iova_config config;
	struct umm_region region;
	uint32_t granule_shift;
	uint64_t *depot; /**< UMM_IOVA_DEPOT_CAP starts for each class */
	uint32_t depot_count[UMM_IOVA_CLASSES];
	struct umm_iova_cache *caches; /**< umm_iova_cache.next */
	uint64_t refused; /**< ranges given as trusted that were never taken; found late */

	char apart[64];	   /**< from what the lock protects: every take and give reads `drain` */
	atomic_uint drain; /**< changes when all caches shall give up what they keep */
	char alone[64];
};

/** One thread's share. Its address stays the same until umm_iova_cache_finish(). */
struct umm_iova_cache {
	char apart[64]; /**< from another thread's cache */
	struct umm_iova *iova;
	uint32_t granule_shift;
	enum umm_iova_checks checks;
	uint32_t drain_seen;
	uint32_t n_queued;
	atomic_uint kept; /**< ranges in magazines and queue; written by the owner alone */
	struct umm_range *queue;
	struct umm_iova_cache *next;
	struct umm_iova_magazine magazines[UMM_IOVA_CLASSES];
	char alone[64];
};

/** Bytes umm_iova_init() wants; 0 when the configuration makes no sense. */
size_t umm_iova_memory(const struct umm_iova_config *config);

/** Returns 0, -EINVAL (configuration), -ENOMEM (`memory_bytes` too small). */
int umm_iova_init(struct umm_iova *iova, const struct umm_iova_config *config, void *memory,
		  size_t memory_bytes);

/** -EBUSY while there are caches. Afterwards the memory is the caller's again. */
int umm_iova_finish(struct umm_iova *iova);

/** Add an aperture; as umm_region_add(). */
int umm_iova_add(struct umm_iova *iova, struct umm_range aperture);

/** Keep a window (interrupts, a peer's BAR) out of use; as umm_region_reserve(), to be undone with
 * umm_iova_release(), which is as umm_region_give(). */
int umm_iova_reserve(struct umm_iova *iova, struct umm_range window);
int umm_iova_release(struct umm_iova *iova, struct umm_range window);

/** Bytes of memory a cache wants for its queue; may be 0. */
size_t umm_iova_cache_memory(const struct umm_iova_config *config);

/** Returns 0, or -ENOMEM (`memory_bytes` too small). */
int umm_iova_cache_init(struct umm_iova_cache *cache, struct umm_iova *iova, void *memory,
			size_t memory_bytes);

/**
 * Flush what is queued, return everything that is kept, and leave. Returns 0, or what `flush`
 * returned: then the cache is as it was and can be finished again.
 */
int umm_iova_cache_finish(struct umm_iova_cache *cache);

/**
 * Take a range of at least the size asked for: *out is to be given back exactly. Ranges of 2 MiB
 * and more are aligned to 2 MiB and those of 64 KiB and more to 64 KiB, for the IOMMU's big pages.
 *
 * Returns 0, -EINVAL, -ENOMEM (max_runs), as umm_region_take(), and
 * -ENOSPC: nothing fits, even with all that caches keep;
 * -EAGAIN: nothing fits, but other caches keep ranges; they return them when they are next used.
 */
int umm_iova_take(struct umm_iova_cache *cache, const struct umm_region_request *request,
		  struct umm_range *out);

/**
 * Give a range back for immediate reuse. Returns 0, or the errors of umm_region_give(), and nothing
 * has changed then. UMM_IOVA_CHECKED finds every wrong range; UMM_IOVA_TRUSTED believes what has
 * the shape of a range that umm_iova_take() returns.
 */
int umm_iova_give(struct umm_iova_cache *cache, struct umm_range range);

/**
 * Give a range back for reuse after the next flush. When the queue is full it is flushed first.
 * Returns as umm_iova_give(), or what `flush` returned: the range is still taken then, and what was
 * queued is still queued.
 */
int umm_iova_give_lazy(struct umm_iova_cache *cache, struct umm_range range);

/** Flush this cache's queue now. Returns 0, or what `flush` returned: nothing has changed then. */
int umm_iova_flush(struct umm_iova_cache *cache);

/** Return what this cache keeps, but for what is queued: for a thread that goes idle. */
void umm_iova_drain(struct umm_iova_cache *cache);

struct umm_iova_stats {
	struct umm_region_stats region; /**< taken_runs: in use, reserved, kept or queued */
	uint32_t kept;			/**< of them, in the depot, in caches and in queues */
	uint32_t caches;
	uint64_t refused; /**< ranges given that were never taken (UMM_IOVA_TRUSTED finds out late)
			   */
};

/** Exact when no cache is in use at the same time. */
void umm_iova_get_stats(struct umm_iova *iova, struct umm_iova_stats *out);

/** Check every invariant. No cache may be in use at the same time. */
bool umm_iova_valid(struct umm_iova *iova);

#endif
