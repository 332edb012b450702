/* SPDX-License-Identifier: MIT */
/**
 * How the IOVA allocator is made; iova.c has the idea.
 */
#ifndef UMM_CORE_IOVA_PRIVATE_H
#define UMM_CORE_IOVA_PRIVATE_H

#include "core/iova.h"

/** Starts the depot keeps of each class. */
#define UMM_IOVA_DEPOT_CAP 128u

/** What the region's tags say of a taken run. Reserved windows have UMM_IOVA_TAG_NONE. */
enum umm_iova_tag {
	UMM_IOVA_TAG_NONE,
	UMM_IOVA_TAG_LIVE,   /**< a caller has it; kept up to date when UMM_IOVA_CHECKED */
	UMM_IOVA_TAG_KEPT,   /**< in a magazine, the depot or a queue */
	UMM_IOVA_TAG_QUEUED, /**< lazily given */
	UMM_IOVA_TAG_SEEN,   /**< umm_iova_valid() passed here */
};

static inline void umm_iova_lock(struct umm_iova *iova)
{
	umm_lock_take(&iova->config.lock);
}

static inline void umm_iova_unlock(struct umm_iova *iova)
{
	umm_lock_give(&iova->config.lock);
}

/**
 * Classes: 1 to 8 granules each their own, then 8 to each power of two, so that rounding up wastes
 * at most an eighth: class 8 * (j + 1) + k has (9 + k) << j granules, with 0 <= k < 8.
 */
static inline unsigned umm_iova_class(uint64_t granules)
{
	if (granules <= 8)
		return (unsigned)granules - 1;
	unsigned shift = umm_highest_bit(granules - 1) - 3;
	return 8 * shift + (unsigned)((granules - 1) >> shift);
}

static inline uint64_t umm_iova_class_granules(unsigned class)
{
	return class < 8 ? class + 1u : (uint64_t)(class % 8 + 9) << (class / 8 - 1);
}

static inline uint64_t umm_iova_class_bytes(const struct umm_iova *iova, unsigned class)
{
	return umm_iova_class_granules(class) << iova->granule_shift;
}

/** How many ranges a magazine keeps: fewer of the long ones, at most 2^16 granules in all, so that
 * caches do not hold all of a 32-bit space. Ranges of class c have at most 2^(c / 8 + 3). */
static inline uint32_t umm_iova_magazine_cap(unsigned class)
{
	uint32_t cap = (1u << 13) >> (class / 8);
	return cap < UMM_IOVA_MAGAZINE_CAP ? cap : UMM_IOVA_MAGAZINE_CAP;
}

static inline uint64_t umm_iova_natural_align(uint64_t size_bytes)
{
	return size_bytes >= 2u << 20 ? 2u << 20 : size_bytes >= 64u << 10 ? 64u << 10 : 1;
}

static inline void umm_iova_count_kept(struct umm_iova_cache *cache, int change)
{
	uint32_t kept = atomic_load_explicit(&cache->kept, memory_order_relaxed);
	atomic_store_explicit(&cache->kept, kept + (uint32_t)change, memory_order_relaxed);
}

/** Which magazine keeps such ranges, or UMM_IOVA_CLASSES. */
unsigned umm_iova_class_of(const struct umm_iova *iova, struct umm_range range);

/** Take the topmost start that serves the request out of a magazine. */
bool umm_iova_pop(struct umm_iova_cache *cache, unsigned class,
		  const struct umm_region_request *request, struct umm_range *out);

/** No magazine serves the request: ask the depot, the region, and everybody's caches. `class` is
 * UMM_IOVA_CLASSES for sizes no magazine keeps. */
int umm_iova_take_shared(struct umm_iova_cache *cache, unsigned class,
			 const struct umm_region_request *request, struct umm_range *out);

/** Move the older half of a full magazine to the depot. */
void umm_iova_spill(struct umm_iova_cache *cache, unsigned class);

/** Return a range to the region, under the lock. */
int umm_iova_return(struct umm_iova *iova, struct umm_range range);

/** Keep a range for the next to take it. */
void umm_iova_keep(struct umm_iova_cache *cache, struct umm_range range);

/** Set the tag of a taken run from one value to another, under the lock, or tell what is wrong with
 * it. */
int umm_iova_retag(struct umm_iova *iova, struct umm_range range, enum umm_iova_tag from,
		   enum umm_iova_tag to);

/** Return every range in the magazines, or in the depot, to the region. The lock is held. */
void umm_iova_empty_magazines(struct umm_iova_cache *cache);
void umm_iova_empty_depot(struct umm_iova *iova);

#endif
