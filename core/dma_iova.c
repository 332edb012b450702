/* SPDX-License-Identifier: MIT */
#include "core/dma_iova.h"

#include <errno.h>

static int take(void *space, const struct umm_dma_iova_want *want, struct umm_range *range)
{
	struct umm_region_request request = {
		.size_bytes = want->size_bytes,
		.align_bytes = want->align_bytes,
		.max_address = want->address_max,
	};
	struct umm_range taken;
	int ret = umm_iova_take(space, &request, &taken);
	if (ret < 0) /* to the mapper there is one reason: there is no address */
		return -ENOSPC;
	*range = taken;
	return 0;
}

/* What was taken exactly so is always taken back. */
static void give(void *space, struct umm_range range)
{
	umm_iova_give(space, range);
}

static int reserve(void *space, struct umm_range window)
{
	struct umm_iova_cache *cache = space;
	return umm_iova_reserve(cache->iova, window);
}

const struct umm_dma_iova_ops umm_dma_iova_cache_ops = { take, give, reserve };
