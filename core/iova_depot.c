/* SPDX-License-Identifier: MIT */
/**
 * The shared half of the IOVA allocator, all under the lock: the depot, where threads exchange
 * ranges in halves of magazines; the region, which knows every range that is not free; and what
 * happens when it is exhausted. iova.c has the picture.
 */
#include <errno.h>
#include <string.h>

#include "core/iova_private.h"

static uint64_t *depot_of(struct umm_iova *iova, unsigned class)
{
	return &iova->depot[class * UMM_IOVA_DEPOT_CAP];
}

static uint32_t half(unsigned class)
{
	return umm_iova_magazine_cap(class) / 2;
}

/* Tags */

static int retag_locked(struct umm_iova *iova, struct umm_range range, enum umm_iova_tag from,
			enum umm_iova_tag to)
{
	uint64_t tag;
	if (umm_region_get_tag(&iova->region, range, &tag) < 0)
		return umm_region_give(&iova->region, range); /* refuses it, and says why */
	if (tag != from)
		return tag == UMM_IOVA_TAG_NONE ? -ERANGE : -EALREADY;
	return umm_region_set_tag(&iova->region, range, to);
}

int umm_iova_retag(struct umm_iova *iova, struct umm_range range, enum umm_iova_tag from,
		   enum umm_iova_tag to)
{
	umm_iova_lock(iova);
	int ret = retag_locked(iova, range, from, to);
	umm_iova_unlock(iova);
	return ret;
}

/* Returning to the region */

/** A range that is reserved, not taken, is nobody's to give. */
static int return_locked(struct umm_iova *iova, struct umm_range range)
{
	uint64_t tag;
	if (umm_region_get_tag(&iova->region, range, &tag) == 0 && tag == UMM_IOVA_TAG_NONE)
		return -ERANGE;
	return umm_region_give(&iova->region, range);
}

int umm_iova_return(struct umm_iova *iova, struct umm_range range)
{
	umm_iova_lock(iova);
	int ret = return_locked(iova, range);
	umm_iova_unlock(iova);
	return ret;
}

static void return_starts(struct umm_iova *iova, unsigned class, const uint64_t *starts,
			  uint32_t count)
{
	uint64_t size = umm_iova_class_bytes(iova, class);
	for (uint32_t i = 0; i < count; i++)
		if (return_locked(iova, (struct umm_range){ starts[i], size }) < 0)
			iova->refused++;
}

void umm_iova_empty_magazines(struct umm_iova_cache *cache)
{
	for (unsigned class = 0; class < UMM_IOVA_CLASSES; class ++) {
		struct umm_iova_magazine *magazine = &cache->magazines[class];
		return_starts(cache->iova, class, magazine->starts, magazine->count);
		umm_iova_count_kept(cache, -(int)magazine->count);
		magazine->count = 0;
	}
}

void umm_iova_empty_depot(struct umm_iova *iova)
{
	for (unsigned class = 0; class < UMM_IOVA_CLASSES; class ++) {
		return_starts(iova, class, depot_of(iova, class), iova->depot_count[class]);
		iova->depot_count[class] = 0;
	}
}

void umm_iova_drain(struct umm_iova_cache *cache)
{
	umm_iova_lock(cache->iova);
	umm_iova_empty_magazines(cache);
	umm_iova_unlock(cache->iova);
}

/* Between magazines and depot */

void umm_iova_spill(struct umm_iova_cache *cache, unsigned class)
{
	struct umm_iova *iova = cache->iova;
	struct umm_iova_magazine *magazine = &cache->magazines[class];
	uint32_t move = half(class), room_limit = 4 * umm_iova_magazine_cap(class);

	umm_iova_lock(iova);
	uint32_t room = room_limit - iova->depot_count[class];
	uint32_t to_depot = move < room ? move : room;
	memcpy(depot_of(iova, class) + iova->depot_count[class], magazine->starts,
	       to_depot * sizeof(magazine->starts[0]));
	iova->depot_count[class] += to_depot;
	return_starts(iova, class, magazine->starts + to_depot, move - to_depot);
	umm_iova_unlock(iova);

	magazine->count -= move;
	memmove(magazine->starts, magazine->starts + move,
		magazine->count * sizeof(magazine->starts[0]));
	umm_iova_count_kept(cache, -(int)move);
}

static void refill(struct umm_iova_cache *cache, unsigned class)
{
	struct umm_iova *iova = cache->iova;
	struct umm_iova_magazine *magazine = &cache->magazines[class];
	uint32_t move = half(class);
	if (magazine->count > move)
		return;
	if (move > iova->depot_count[class])
		move = iova->depot_count[class];
	iova->depot_count[class] -= move;
	memcpy(magazine->starts + magazine->count, depot_of(iova, class) + iova->depot_count[class],
	       move * sizeof(magazine->starts[0]));
	magazine->count += move;
	umm_iova_count_kept(cache, (int)move);
}

/* Taking */

/** A new range: KEPT, so that what comes out of a magazine and what comes from here look alike. */
static int take_from_region(struct umm_iova *iova, const struct umm_region_request *request,
			    struct umm_range *out)
{
	int ret = umm_region_take(&iova->region, request, out);
	if (ret == 0)
		(void)umm_region_set_tag(&iova->region, *out, UMM_IOVA_TAG_KEPT);
	return ret;
}

/** Of the size and alignment of its class, so that it can be kept when it comes back. */
static int take_usual(struct umm_iova_cache *cache, unsigned class,
		      const struct umm_region_request *request, struct umm_range *out)
{
	struct umm_iova *iova = cache->iova;
	struct umm_region_request usual = *request;
	if (class < UMM_IOVA_CLASSES) {
		refill(cache, class);
		if (umm_iova_pop(cache, class, request, out))
			return 0;
		usual.size_bytes = umm_iova_class_bytes(iova, class);
	}
	uint64_t natural = umm_iova_natural_align(usual.size_bytes);
	usual.align_bytes = natural > usual.align_bytes ? natural : usual.align_bytes;
	return take_from_region(iova, &usual, out);
}

/** Whether giving up what is kept might help. */
static bool exhausted(int ret)
{
	return ret == -ENOSPC || ret == -ENOMEM;
}

static bool others_keep(const struct umm_iova_cache *cache)
{
	for (struct umm_iova_cache *other = cache->iova->caches; other != NULL; other = other->next)
		if (other != cache && atomic_load_explicit(&other->kept, memory_order_relaxed) != 0)
			return true;
	return false;
}

/** The last resort: all that is kept here goes back; not a byte more is taken than was asked. */
static int take_exactly(struct umm_iova_cache *cache, const struct umm_region_request *request,
			struct umm_range *out)
{
	struct umm_iova *iova = cache->iova;
	umm_iova_empty_magazines(cache);
	umm_iova_empty_depot(iova);
	int ret = take_from_region(iova, request, out);
	if (exhausted(ret) && others_keep(cache)) {
		cache->drain_seen =
			atomic_fetch_add_explicit(&iova->drain, 1, memory_order_relaxed) + 1;
		ret = -EAGAIN;
	}
	return ret;
}

int umm_iova_take_shared(struct umm_iova_cache *cache, unsigned class,
			 const struct umm_region_request *request, struct umm_range *out)
{
	struct umm_iova *iova = cache->iova;
	umm_iova_lock(iova);
	int ret = take_usual(cache, class, request, out);
	umm_iova_unlock(iova);
	if (!exhausted(ret))
		return ret;

	(void)umm_iova_flush(cache); /* what cannot be flushed stays queued */
	umm_iova_lock(iova);
	ret = take_exactly(cache, request, out);
	umm_iova_unlock(iova);
	return ret;
}
