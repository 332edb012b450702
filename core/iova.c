/* SPDX-License-Identifier: MIT */
/**
 * The fast half of the IOVA allocator: each thread's magazines.
 *
 *	take/give            one thread's cache      under the lock
 *	---------            ------------------      --------------
 *	          <------->  magazine of the class
 *	                     full: half goes  -----> depot of the class  --full--> region
 *	                     empty: half comes <---- depot               --empty-> region
 *	          lazy ---->  queue --flush--> magazine
 *
 * Video maps and unmaps the same few sizes for ever, and they are megabytes: the kernel's cache
 * stops at 128 KiB (IOVA_RANGE_CACHE_MAX_SIZE) and sends every frame to a locked tree. Here the
 * classes go on to 64 MiB, eight to each power of two, so that a frame wastes at most an eighth of
 * its size and usually a few percent.
 *
 * A magazine is one array rather than Bonwick's pair of them: moving half of it at a time gives the
 * same guarantee, that a thread which takes and gives in turn does not meet the lock, without
 * magazines as objects that can run out. A thread that only takes and another that only gives meet
 * the lock once in 16 calls.
 *
 * What another thread keeps cannot be taken from it without a lock on its side. So whoever finds
 * the space exhausted asks: it changes `drain`, and every cache returns what it keeps when it is
 * next used.
 */
#include <errno.h>
#include <string.h>

#include "core/iova_private.h"

unsigned umm_iova_class_of(const struct umm_iova *iova, struct umm_range range)
{
	uint64_t granules = range.size >> iova->granule_shift;
	if (granules == 0 || granules > UMM_IOVA_MAX_GRANULES || !umm_range_valid(range))
		return UMM_IOVA_CLASSES;
	unsigned class = umm_iova_class(granules);
	uint64_t natural = umm_iova_natural_align(range.size);
	uint64_t mask = (natural - 1) | (iova->config.granule_bytes - 1);
	bool usual = umm_iova_class_bytes(iova, class) == range.size && (range.start & mask) == 0;
	return usual ? class : UMM_IOVA_CLASSES;
}

static bool serves(uint64_t start, uint64_t size, const struct umm_region_request *request)
{
	uint64_t last = start + (size - 1);
	if (request->align_bytes != 0 && (start & (request->align_bytes - 1)) != 0)
		return false;
	if (request->max_address != 0 && last > request->max_address)
		return false;
	return request->boundary_bytes == 0 ||
	       ((start ^ last) & ~(request->boundary_bytes - 1)) == 0;
}

bool umm_iova_pop(struct umm_iova_cache *cache, unsigned class,
		  const struct umm_region_request *request, struct umm_range *out)
{
	struct umm_iova_magazine *magazine = &cache->magazines[class];
	uint64_t size = umm_iova_class_bytes(cache->iova, class);
	for (uint32_t i = magazine->count; i-- > 0;) {
		if (!serves(magazine->starts[i], size, request))
			continue;
		*out = (struct umm_range){ .start = magazine->starts[i], .size = size };
		magazine->starts[i] = magazine->starts[--magazine->count];
		umm_iova_count_kept(cache, -1);
		return true;
	}
	return false;
}

static void heed_drain(struct umm_iova_cache *cache)
{
	uint32_t drain = atomic_load_explicit(&cache->iova->drain, memory_order_relaxed);
	if (cache->drain_seen == drain)
		return;
	cache->drain_seen = drain;
	(void)umm_iova_flush(cache); /* what cannot be flushed stays queued */
	umm_iova_drain(cache);
}

static int check_request(const struct umm_region_request *request)
{
	bool sound = request->size_bytes != 0 &&
		     (request->align_bytes == 0 || umm_is_power_of_two(request->align_bytes)) &&
		     (request->boundary_bytes == 0 || umm_is_power_of_two(request->boundary_bytes));
	return sound ? 0 : -EINVAL;
}

static int take_any(struct umm_iova_cache *cache, const struct umm_region_request *request,
		    struct umm_range *out)
{
	struct umm_iova *iova = cache->iova;
	uint64_t granules = ((request->size_bytes - 1) >> iova->granule_shift) + 1;
	unsigned class = UMM_IOVA_CLASSES;
	if (granules <= UMM_IOVA_MAX_GRANULES) {
		class = umm_iova_class(granules);
		if (umm_iova_pop(cache, class, request, out))
			return 0;
	}
	return umm_iova_take_shared(cache, class, request, out);
}

static int take_slowly(struct umm_iova_cache *cache, const struct umm_region_request *request,
		       struct umm_range *out)
{
	struct umm_range taken;
	int ret = check_request(request);
	if (ret < 0)
		return ret;
	heed_drain(cache);
	ret = take_any(cache, request, &taken);
	if (ret < 0)
		return ret;
	if (cache->checks == UMM_IOVA_CHECKED)
		(void)umm_iova_retag(cache->iova, taken, UMM_IOVA_TAG_KEPT, UMM_IOVA_TAG_LIVE);
	*out = taken;
	return 0;
}

/** Whether nothing but the magazine needs to be looked at. */
static bool undisturbed(const struct umm_iova_cache *cache)
{
	uint32_t drain = atomic_load_explicit(&cache->iova->drain, memory_order_relaxed);
	return cache->drain_seen == drain && cache->checks == UMM_IOVA_TRUSTED;
}

/** The common case in a few instructions: no constraints, and the magazine has one. */
int umm_iova_take(struct umm_iova_cache *cache, const struct umm_region_request *request,
		  struct umm_range *out)
{
	/* Size 0 becomes more granules than any magazine has. */
	uint64_t more = (request->size_bytes - 1) >> cache->granule_shift;
	bool plain = (request->align_bytes | request->max_address | request->boundary_bytes) == 0;
	if (!plain || more >= UMM_IOVA_MAX_GRANULES || !undisturbed(cache))
		return take_slowly(cache, request, out);
	unsigned class = umm_iova_class(more + 1);
	struct umm_iova_magazine *magazine = &cache->magazines[class];
	if (magazine->count == 0)
		return take_slowly(cache, request, out);
	*out = (struct umm_range){
		.start = magazine->starts[--magazine->count],
		.size = umm_iova_class_granules(class) << cache->granule_shift,
	};
	umm_iova_count_kept(cache, -1);
	return 0;
}

static void keep_in_magazine(struct umm_iova_cache *cache, unsigned class, uint64_t start)
{
	struct umm_iova_magazine *magazine = &cache->magazines[class];
	if (magazine->count == umm_iova_magazine_cap(class))
		umm_iova_spill(cache, class);
	magazine->starts[magazine->count++] = start;
	umm_iova_count_kept(cache, 1);
}

void umm_iova_keep(struct umm_iova_cache *cache, struct umm_range range)
{
	unsigned class = umm_iova_class_of(cache->iova, range);
	if (class < UMM_IOVA_CLASSES)
		keep_in_magazine(cache, class, range.start);
	else
		(void)umm_iova_return(cache->iova, range);
}

static int give_slowly(struct umm_iova_cache *cache, struct umm_range range)
{
	struct umm_iova *iova = cache->iova;
	heed_drain(cache);
	if (cache->checks == UMM_IOVA_CHECKED) {
		int ret = umm_iova_retag(iova, range, UMM_IOVA_TAG_LIVE, UMM_IOVA_TAG_KEPT);
		if (ret < 0)
			return ret;
	}
	unsigned class = umm_iova_class_of(iova, range);
	if (class == UMM_IOVA_CLASSES)
		return umm_iova_return(iova, range);
	keep_in_magazine(cache, class, range.start);
	return 0;
}

int umm_iova_give(struct umm_iova_cache *cache, struct umm_range range)
{
	uint64_t more = (range.size - 1) >> cache->granule_shift;
	if (more >= UMM_IOVA_MAX_GRANULES || !undisturbed(cache))
		return give_slowly(cache, range);
	unsigned class = umm_iova_class(more + 1);
	uint64_t size = umm_iova_class_granules(class) << cache->granule_shift;
	uint64_t mask = (umm_iova_natural_align(size) - 1) | ((1ull << cache->granule_shift) - 1);
	struct umm_iova_magazine *magazine = &cache->magazines[class];
	if (size != range.size || (range.start & mask) != 0 || !umm_range_valid(range) ||
	    magazine->count == umm_iova_magazine_cap(class))
		return give_slowly(cache, range);
	magazine->starts[magazine->count++] = range.start;
	umm_iova_count_kept(cache, 1);
	return 0;
}
