/* SPDX-License-Identifier: MIT */
#include "core/serve.h"

#include "core/layout.h"
#include "core/number.h"

/** Scatter-gather segments of a buffer: a run of r bytes costs ceil(r / unit), and a buffer that is
 * no run is as many runs as it has pages. */
static uint64_t count_segments(const struct umm_merge *merge, uint64_t raw_bytes, bool one_run)
{
	uint64_t unit = umm_min(merge->at_most[UMM_MOST_SEGMENT_BYTES],
				merge->at_most[UMM_MOST_SEGMENT_BOUNDARY]);
	if (one_run)
		return umm_ceil_div(raw_bytes, unit);
	return umm_product(raw_bytes / UMM_PAGE_BYTES, umm_ceil_div(UMM_PAGE_BYTES, unit));
}

enum umm_refusal umm_serve_refusal(const struct umm_order *order, const struct umm_heap_facts *heap)
{
	const struct umm_merge *merge = order->merge;
	uint64_t raw = order->raw_size_bytes, all = umm_product(order->buffers, raw);
	bool demanded = (merge->must & UMM_FACT_CONTIGUOUS) != 0;
	bool gives_run = heap->contiguous || raw <= heap->contiguous_max;
	if (heap->secure && (merge->may & UMM_FACT_SECURE) == 0)
		return UMM_REFUSAL_SECURE;
	if (raw > heap->size_max)
		return UMM_REFUSAL_SIZE;
	if (all > UMM_NUMBER_MAX || all > heap->free)
		return UMM_REFUSAL_FREE;
	if (demanded && !gives_run)
		return UMM_REFUSAL_CONTIGUOUS;
	if ((demanded || heap->contiguous) && raw > heap->largest_free)
		return UMM_REFUSAL_RUN;
	if (count_segments(merge, raw, gives_run) > merge->at_most[UMM_MOST_SEGMENTS])
		return UMM_REFUSAL_SEGMENTS;
	return UMM_REFUSAL_NONE;
}

static int run_ability(const struct umm_heap_facts *heap)
{
	if (heap->contiguous)
		return 2;
	return heap->contiguous_max > 0 ? 1 : 0;
}

int umm_serve_compare(const struct umm_heap_facts *a, const struct umm_heap_facts *b)
{
	if (run_ability(a) != run_ability(b))
		return run_ability(a) - run_ability(b);
	if (a->address_max != b->address_max)
		return a->address_max > b->address_max ? -1 : 1;
	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	return umm_text_compare(a->name, b->name);
}
