/* SPDX-License-Identifier: MIT */
/**
 * Where a request goes; core/region.c says why there.
 */
#include <errno.h>

#include "core/region_private.h"

#define NONE UMM_REGION_NONE

/** A request made exact: nothing is 0 for "any" any more. */
struct wish {
	uint64_t size, align, last, boundary;
	enum umm_region_order order;
};

static int make_wish(const struct umm_region *region, const struct umm_region_request *request,
		     struct wish *out)
{
	uint64_t mask = umm_region_granule(region) - 1;
	if (request->size_bytes == 0 ||
	    (request->align_bytes != 0 && !umm_is_power_of_two(request->align_bytes)) ||
	    (request->boundary_bytes != 0 && !umm_is_power_of_two(request->boundary_bytes)))
		return -EINVAL;
	uint64_t size = (request->size_bytes + mask) & ~mask;
	if (size == 0 || (request->boundary_bytes != 0 && size > request->boundary_bytes))
		return -ENOSPC;
	bool limited = request->max_address != 0;
	*out = (struct wish){
		.size = size,
		.align = request->align_bytes > mask ? request->align_bytes : mask + 1,
		.last = limited ? request->max_address : UINT64_MAX,
		.boundary = request->boundary_bytes,
		.order = limited ? UMM_REGION_LOWEST_FIRST : UMM_REGION_HIGHEST_FIRST,
	};
	return 0;
}

static bool crosses(const struct wish *wish, uint64_t start)
{
	uint64_t last = start + (wish->size - 1);
	return wish->boundary != 0 && ((start ^ last) & ~(wish->boundary - 1)) != 0;
}

/** The lowest place in [first, last]. A place that crosses a boundary moves up to the boundary,
 * which is aligned, or the alignment is a multiple of it and nothing crosses. */
static bool place_low(const struct wish *wish, uint64_t first, uint64_t last, uint64_t *out)
{
	uint64_t start = (first + (wish->align - 1)) & ~(wish->align - 1);
	if (start < first)
		return false;
	if (crosses(wish, start) && start <= UINT64_MAX - (wish->size - 1))
		start = (start | (wish->boundary - 1)) + 1;
	if (start < first || start > last || last - start < wish->size - 1)
		return false;
	*out = start;
	return true;
}

/** The highest place in [first, last], which has one. */
static uint64_t place_high(const struct wish *wish, uint64_t last)
{
	uint64_t start = (last - (wish->size - 1)) & ~(wish->align - 1);
	if (!crosses(wish, start))
		return start;
	uint64_t boundary = (start + (wish->size - 1)) & ~(wish->boundary - 1);
	return (boundary - wish->size) & ~(wish->align - 1);
}

/** Where the wish goes in a free run: at the end where it leaves the smaller crumb. */
static bool place(const struct wish *wish, const struct umm_region_node *node, uint64_t *out)
{
	uint64_t node_last = node->start + (node->size - 1), low;
	uint64_t last = node_last < wish->last ? node_last : wish->last;
	if (!place_low(wish, node->start, last, &low))
		return false;
	uint64_t high = place_high(wish, last);
	uint64_t crumb_low = low - node->start, crumb_high = node_last - (high + (wish->size - 1));
	bool tie_goes_low = wish->order == UMM_REGION_LOWEST_FIRST && crumb_low == crumb_high;
	*out = crumb_low < crumb_high || tie_goes_low ? low : high;
	return true;
}

static uint32_t find_in_class(const struct umm_region *region, unsigned class,
			      const struct wish *wish, uint64_t *out_start)
{
	uint32_t index = umm_region_tree_first(region, class, wish->size, wish->order);
	while (index != NONE) {
		const struct umm_region_node *node = &region->nodes[index];
		if (place(wish, node, out_start))
			return index;
		if (wish->order == UMM_REGION_LOWEST_FIRST && node->start > wish->last)
			return NONE;
		index = umm_region_tree_next(region, index, wish->size, wish->order);
	}
	return NONE;
}

static uint32_t find_in_classes(const struct umm_region *region, uint64_t classes,
				const struct wish *wish, uint64_t *out_start)
{
	for (classes &= region->filled; classes != 0; classes &= classes - 1) {
		unsigned class = umm_lowest_bit(classes);
		uint32_t index = find_in_class(region, class, wish, out_start);
		if (index != NONE)
			return index;
	}
	return NONE;
}

/** First the classes whose runs mostly hold the wish wherever alignment puts it. Shorter runs would
 * need a lucky alignment; trying them one by one makes the search long and the placement no better,
 * so they come last. But they come: what fits must succeed. */
static uint32_t find_free(const struct umm_region *region, const struct wish *wish,
			  uint64_t *out_start)
{
	uint64_t ample = wish->size + (wish->align - umm_region_granule(region));
	uint64_t possible = ~0ull << umm_region_class(wish->size);
	uint64_t likely = ample < wish->size ? 0 : ~0ull << umm_region_class(ample);
	uint32_t index = find_in_classes(region, likely, wish, out_start);
	return index != NONE ? index : find_in_classes(region, possible & ~likely, wish, out_start);
}

int umm_region_search(const struct umm_region *region, const struct umm_region_request *request,
		      uint32_t *out_index, struct umm_range *out)
{
	struct wish wish;
	int ret = make_wish(region, request, &wish);
	if (ret < 0)
		return ret;
	struct umm_range run = { .size = wish.size };
	uint32_t index = find_free(region, &wish, &run.start);
	if (index == NONE)
		return -ENOSPC;
	*out_index = index;
	*out = run;
	return 0;
}
