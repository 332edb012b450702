/* SPDX-License-Identifier: MIT */
/**
 * How IOVA spaces and caches begin and end, and the check of what holds between calls:
 *  1. the region is valid
 *  2. every range in the depot, in a magazine and in a queue is a taken run of the region, once
 *  3. magazines hold what their class says, and no more than fits
 */
#include <errno.h>
#include <string.h>

#include "core/iova_private.h"

/* Memory: the depot first, the region's own behind it. */

static struct umm_region_config region_config(const struct umm_iova_config *config)
{
	return (struct umm_region_config){
		.granule_bytes = config->granule_bytes,
		.max_runs = config->max_runs,
		.max_ranges = config->max_apertures,
	};
}

#define DEPOT_BYTES (sizeof(uint64_t) * UMM_IOVA_DEPOT_CAP * UMM_IOVA_CLASSES)

size_t umm_iova_memory(const struct umm_iova_config *config)
{
	struct umm_region_config of_region = region_config(config);
	size_t bytes = umm_region_memory(&of_region);
	bool sound = bytes != 0 && bytes <= SIZE_MAX - DEPOT_BYTES - sizeof(uint64_t) &&
		     config->granule_bytes <= 1ull << 32 &&
		     (config->lock.lock == NULL) == (config->lock.unlock == NULL);
	return sound ? bytes + DEPOT_BYTES + sizeof(uint64_t) : 0;
}

int umm_iova_init(struct umm_iova *iova, const struct umm_iova_config *config, void *memory,
		  size_t memory_bytes)
{
	size_t wanted = umm_iova_memory(config);
	if (wanted == 0)
		return -EINVAL;
	if (memory_bytes < wanted)
		return -ENOMEM;
	memset(iova, 0, sizeof(*iova));
	iova->config = *config;
	iova->granule_shift = umm_lowest_bit(config->granule_bytes);
	iova->depot = (uint64_t *)((char *)memory + (-(uintptr_t)memory & (sizeof(uint64_t) - 1)));
	atomic_init(&iova->drain, 0);
	struct umm_region_config of_region = region_config(config);
	return umm_region_init(&iova->region, &of_region, (char *)iova->depot + DEPOT_BYTES,
			       wanted - DEPOT_BYTES - sizeof(uint64_t));
}

int umm_iova_finish(struct umm_iova *iova)
{
	umm_iova_lock(iova);
	int ret = iova->caches != NULL ? -EBUSY : 0;
	umm_iova_unlock(iova);
	return ret;
}

int umm_iova_add(struct umm_iova *iova, struct umm_range aperture)
{
	umm_iova_lock(iova);
	int ret = umm_region_add(&iova->region, aperture);
	umm_iova_unlock(iova);
	return ret;
}

int umm_iova_reserve(struct umm_iova *iova, struct umm_range window)
{
	umm_iova_lock(iova);
	int ret = umm_region_reserve(&iova->region, window);
	umm_iova_unlock(iova);
	return ret;
}

int umm_iova_release(struct umm_iova *iova, struct umm_range window)
{
	uint64_t tag;
	umm_iova_lock(iova);
	int ret = umm_region_get_tag(&iova->region, window, &tag);
	if (ret == 0 && tag != UMM_IOVA_TAG_NONE)
		ret = -ERANGE;
	else
		ret = umm_region_give(&iova->region, window);
	umm_iova_unlock(iova);
	return ret;
}

/* Caches */

size_t umm_iova_cache_memory(const struct umm_iova_config *config)
{
	if (config->lazy_entries == 0)
		return 0;
	uint64_t bytes = ((uint64_t)config->lazy_entries + 1) * sizeof(struct umm_range);
	return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

int umm_iova_cache_init(struct umm_iova_cache *cache, struct umm_iova *iova, void *memory,
			size_t memory_bytes)
{
	size_t wanted = umm_iova_cache_memory(&iova->config);
	if (memory_bytes < wanted || wanted == SIZE_MAX)
		return -ENOMEM;
	memset(cache, 0, sizeof(*cache));
	cache->iova = iova;
	cache->granule_shift = iova->granule_shift;
	cache->checks = iova->config.checks;
	if (wanted != 0)
		cache->queue = (struct umm_range *)((char *)memory + (-(uintptr_t)memory & 7));
	atomic_init(&cache->kept, 0);

	umm_iova_lock(iova);
	cache->drain_seen = atomic_load_explicit(&iova->drain, memory_order_relaxed);
	cache->next = iova->caches;
	iova->caches = cache;
	umm_iova_unlock(iova);
	return 0;
}

int umm_iova_cache_finish(struct umm_iova_cache *cache)
{
	struct umm_iova *iova = cache->iova;
	int ret = umm_iova_flush(cache);
	if (ret < 0)
		return ret;
	umm_iova_lock(iova);
	umm_iova_empty_magazines(cache);
	struct umm_iova_cache **link = &iova->caches;
	while (*link != cache)
		link = &(*link)->next;
	*link = cache->next;
	if (iova->caches == NULL)
		umm_iova_empty_depot(iova);
	umm_iova_unlock(iova);
	return 0;
}

/* Looking */

void umm_iova_get_stats(struct umm_iova *iova, struct umm_iova_stats *out)
{
	struct umm_iova_stats stats = { .kept = 0 };
	umm_iova_lock(iova);
	umm_region_get_stats(&iova->region, &stats.region);
	for (unsigned class = 0; class < UMM_IOVA_CLASSES; class ++)
		stats.kept += iova->depot_count[class];
	for (struct umm_iova_cache *cache = iova->caches; cache != NULL; cache = cache->next) {
		stats.kept += atomic_load_explicit(&cache->kept, memory_order_relaxed);
		stats.caches++;
	}
	stats.refused = iova->refused;
	umm_iova_unlock(iova);
	*out = stats;
}

/** Visit one kept range: the first time mark it as seen, the second time as kept again. */
typedef bool (*visit_range)(struct umm_iova *iova, struct umm_range range);

static bool mark_seen(struct umm_iova *iova, struct umm_range range)
{
	uint64_t tag;
	if (umm_region_get_tag(&iova->region, range, &tag) < 0 || tag == UMM_IOVA_TAG_NONE ||
	    tag == UMM_IOVA_TAG_SEEN)
		return false;
	if (iova->config.checks == UMM_IOVA_CHECKED && tag == UMM_IOVA_TAG_LIVE)
		return false;
	return umm_region_set_tag(&iova->region, range, UMM_IOVA_TAG_SEEN) == 0;
}

static bool mark_kept(struct umm_iova *iova, struct umm_range range)
{
	return umm_region_set_tag(&iova->region, range, UMM_IOVA_TAG_KEPT) == 0;
}

static bool mark_queued(struct umm_iova *iova, struct umm_range range)
{
	return umm_region_set_tag(&iova->region, range, UMM_IOVA_TAG_QUEUED) == 0;
}

static bool visit_starts(struct umm_iova *iova, unsigned class, const uint64_t *starts,
			 uint32_t count, visit_range visit)
{
	uint64_t size = umm_iova_class_bytes(iova, class);
	bool ok = true;
	for (uint32_t i = 0; i < count; i++)
		ok &= visit(iova, (struct umm_range){ starts[i], size });
	return ok;
}

static bool visit_cache(struct umm_iova_cache *cache, visit_range visit, visit_range visit_queued)
{
	struct umm_iova *iova = cache->iova;
	uint32_t kept = cache->n_queued;
	bool ok = true;
	for (unsigned class = 0; class < UMM_IOVA_CLASSES; class ++) {
		const struct umm_iova_magazine *magazine = &cache->magazines[class];
		ok &= magazine->count <= umm_iova_magazine_cap(class);
		ok &= visit_starts(iova, class, magazine->starts, magazine->count, visit);
		kept += magazine->count;
	}
	for (uint32_t i = 0; i < cache->n_queued; i++)
		ok &= visit_queued(iova, cache->queue[i]);
	return ok && kept == atomic_load_explicit(&cache->kept, memory_order_relaxed);
}

static bool visit_all(struct umm_iova *iova, visit_range visit, visit_range visit_queued)
{
	bool ok = true;
	for (unsigned class = 0; class < UMM_IOVA_CLASSES; class ++)
		ok &= visit_starts(iova, class, &iova->depot[class * UMM_IOVA_DEPOT_CAP],
				   iova->depot_count[class], visit);
	for (struct umm_iova_cache *cache = iova->caches; cache != NULL; cache = cache->next)
		ok &= visit_cache(cache, visit, visit_queued);
	return ok;
}

bool umm_iova_valid(struct umm_iova *iova)
{
	umm_iova_lock(iova);
	bool ok = umm_region_valid(&iova->region);
	ok &= visit_all(iova, mark_seen, mark_seen);
	(void)visit_all(iova, mark_kept, mark_queued);
	umm_iova_unlock(iova);
	return ok;
}
