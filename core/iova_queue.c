/* SPDX-License-Identifier: MIT */
/**
 * Lazy invalidation: one flush of the IOTLB for many ranges.
 *
 * A range given lazily stays taken until a flush that began after it was queued has returned 0.
 * Each cache flushes for itself, so that is plain to see: everything in the queue was put there
 * before the call. The kernel lets one CPU's flush serve the others too (drivers/iommu, fq_ring);
 * that saves few flushes and needs an ordering between page tables and counters that nothing here
 * could check.
 */
#include <errno.h>

#include "core/iova_private.h"

static int flush_iotlb(struct umm_iova *iova)
{
	return iova->config.flush != NULL ? iova->config.flush(iova->config.flush_user) : 0;
}

int umm_iova_flush(struct umm_iova_cache *cache)
{
	struct umm_iova *iova = cache->iova;
	if (cache->n_queued == 0)
		return 0;
	int ret = flush_iotlb(iova);
	if (ret < 0)
		return ret;
	uint32_t n = cache->n_queued;
	cache->n_queued = 0;
	umm_iova_count_kept(cache, -(int)n);
	for (uint32_t i = 0; i < n; i++) {
		if (iova->config.checks == UMM_IOVA_CHECKED)
			(void)umm_iova_retag(iova, cache->queue[i], UMM_IOVA_TAG_QUEUED,
					     UMM_IOVA_TAG_KEPT);
		umm_iova_keep(cache, cache->queue[i]);
	}
	return 0;
}

/** Without a queue every lazy give is a flush and a give. */
static int flush_and_give(struct umm_iova_cache *cache, struct umm_range range)
{
	int ret = flush_iotlb(cache->iova);
	return ret < 0 ? ret : umm_iova_give(cache, range);
}

/** What the caller has is a range like those we give out; CHECKED: it is one of them. */
static int accept(struct umm_iova *iova, struct umm_range range)
{
	if (iova->config.checks == UMM_IOVA_CHECKED)
		return umm_iova_retag(iova, range, UMM_IOVA_TAG_LIVE, UMM_IOVA_TAG_QUEUED);
	uint64_t mask = iova->config.granule_bytes - 1;
	return umm_range_valid(range) && ((range.start | range.size) & mask) == 0 ? 0 : -EINVAL;
}

int umm_iova_give_lazy(struct umm_iova_cache *cache, struct umm_range range)
{
	struct umm_iova *iova = cache->iova;
	if (iova->config.lazy_entries == 0)
		return flush_and_give(cache, range);
	if (cache->n_queued == iova->config.lazy_entries) {
		int ret = umm_iova_flush(cache);
		if (ret < 0)
			return ret;
	}
	int ret = accept(iova, range);
	if (ret < 0)
		return ret;
	cache->queue[cache->n_queued++] = range;
	umm_iova_count_kept(cache, 1);
	return 0;
}
