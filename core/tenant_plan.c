/* SPDX-License-Identifier: MIT */
/**
 * Where a contiguous request costs least.
 *
 * Owned and pinned runs cut each range into gaps; a window must lie in one gap. What it costs is
 * the frames it touches, and the free slots it takes from those that must move. Two windows that
 * begin in the same frame-sized block touch the same at their lower end, and the lower one touches
 * no more at its upper end. So for each block of the gap one place is worth looking at: the lowest
 * allowed one. Two cursors, at the run of the first and of the last byte, follow it upwards; the
 * time is linear in the number of runs and of blocks.
 *
 *	|owned|  lent | free | lent | lent | free    |pinned|
 *	       <gap ------------------------------->
 *	              [ window ]        first byte in run: tail      last byte in run: head
 *
 * A place is possible when the movable frames in it find room elsewhere: in free slots (whole
 * aligned frames of free runs outside the window) or in the place of purgeable ones. All frames
 * have one size, so counting decides; there is nothing to pack, and the answer is exact.
 */
#include "core/tenant_private.h"

/** What a run, or part of one, or many, hold for tenants. */
struct holdings {
	uint64_t slots, movable, purgeable;
};

static uint64_t slots_between(const struct umm_area *area, uint64_t first, uint64_t last)
{
	uint64_t mask = area->frame_bytes - 1;
	uint64_t start = (first + mask) & ~mask;
	if (start < first || start > last)
		return 0;
	/* last - start + 1 may be 2^64: divide before adding. */
	uint64_t rest = last - start;
	return (rest >> umm_lowest_bit(area->frame_bytes)) + ((rest & mask) == mask);
}

static bool is_fixed(const struct umm_area *area, const struct umm_region_run *run)
{
	if (!run->taken)
		return false;
	return !umm_area_is_lent(run) || !umm_tenant_yields(umm_area_tenant(area, run));
}

static struct holdings holdings_of(const struct umm_area *area, const struct umm_region_run *run)
{
	struct holdings holdings = { 0 };
	if (!run->taken)
		holdings.slots = slots_between(area, run->range.start, umm_range_last(run->range));
	else if (!is_fixed(area, run))
		*(umm_area_tenant(area, run)->kind == UMM_TENANT_MOVABLE ? &holdings.movable
									 : &holdings.purgeable) = 1;
	return holdings;
}

static void add(struct holdings *sum, struct holdings more)
{
	sum->slots += more.slots;
	sum->movable += more.movable;
	sum->purgeable += more.purgeable;
}

static void subtract(struct holdings *sum, struct holdings less)
{
	sum->slots -= less.slots;
	sum->movable -= less.movable;
	sum->purgeable -= less.purgeable;
}

static struct holdings holdings_of_all(const struct umm_area *area)
{
	struct holdings all = { 0 };
	struct umm_region_run run;
	for (bool more = umm_region_first(area->region, &run); more;
	     more = umm_region_next(area->region, &run))
		add(&all, holdings_of(area, &run));
	return all;
}

struct search {
	const struct umm_area *area;
	uint64_t size, align, max_address, boundary;
	struct holdings all;

	uint64_t gap_start, gap_last;
	struct umm_region_run tail, head;
	struct holdings touched; /**< of the runs from tail to head */

	bool found;
	struct umm_area_plan best;
};

/** The lowest allowed start from `least` on; its end may lie beyond the gap. 0: none, it wraps. */
static uint64_t lowest_start(const struct search *search, uint64_t least)
{
	uint64_t start = (least + (search->align - 1)) & ~(search->align - 1);
	uint64_t last = start + (search->size - 1);
	if (search->boundary != 0 && ((start ^ last) & ~(search->boundary - 1)) != 0)
		start = (start | (search->boundary - 1)) + 1; /* aligned, or nothing crosses */
	return start < least ? 0 : start;
}

/** Free slots of the first and the last run that the window leaves alone. */
static uint64_t slots_beside(const struct search *search, struct umm_range window)
{
	uint64_t slots = 0, last = umm_range_last(window);
	if (!search->tail.taken && window.start > search->tail.range.start)
		slots += slots_between(search->area, search->tail.range.start, window.start - 1);
	if (!search->head.taken && last < umm_range_last(search->head.range))
		slots += slots_between(search->area, last + 1, umm_range_last(search->head.range));
	return slots;
}

static uint64_t evicted(const struct umm_area_plan *plan)
{
	return (uint64_t)plan->purgeable + plan->evict_outside;
}

static void consider(struct search *search, uint64_t start)
{
	struct umm_range window = { start, search->size };
	const struct holdings *all = &search->all, *in = &search->touched;
	uint64_t slots = all->slots - in->slots + slots_beside(search, window);
	uint64_t missing = in->movable > slots ? in->movable - slots : 0;
	if (missing > all->purgeable - in->purgeable)
		return;
	struct umm_area_plan plan = {
		.window = window,
		.movable = (uint32_t)in->movable,
		.purgeable = (uint32_t)in->purgeable,
		.evict_outside = (uint32_t)missing,
	};
	const struct umm_area_plan *best = &search->best;
	if (search->found && (plan.movable > best->movable ||
			      (plan.movable == best->movable && evicted(&plan) >= evicted(best))))
		return;
	search->best = plan;
	search->found = true;
}

/** Let the cursors stand at the runs of the window's first and last byte. */
static void move_cursors(struct search *search, uint64_t start, uint64_t last)
{
	const struct umm_region *region = search->area->region;
	while (umm_range_last(search->head.range) < last) {
		(void)umm_region_next(region, &search->head);
		add(&search->touched, holdings_of(search->area, &search->head));
	}
	while (umm_range_last(search->tail.range) < start) {
		subtract(&search->touched, holdings_of(search->area, &search->tail));
		(void)umm_region_next(region, &search->tail);
	}
}

/** Try the lowest start of each block; the cursors stand at the first run of the gap. */
static void search_gap(struct search *search)
{
	uint64_t frame = search->area->frame_bytes, limit = search->gap_last;
	if (search->max_address != 0 && search->max_address < limit)
		limit = search->max_address;
	search->touched = holdings_of(search->area, &search->head);
	for (uint64_t least = search->gap_start; least <= limit;) {
		uint64_t start = lowest_start(search, least);
		if (start < least || start > limit || limit - start < search->size - 1)
			return;
		move_cursors(search, start, start + (search->size - 1));
		consider(search, start);
		least = (start | (frame - 1)) + 1;
		if (least == 0)
			return;
	}
}

/** From the first run of a gap to the run behind it; false: there is none. */
static bool measure_gap(struct search *search, struct umm_region_run *run)
{
	search->tail = search->head = *run;
	search->gap_start = run->range.start;
	bool more;
	do {
		search->gap_last = umm_range_last(run->range);
		more = umm_region_next(search->area->region, run);
	} while (more && !run->first_of_range && !is_fixed(search->area, run));
	return more;
}

static void walk(struct search *search)
{
	struct umm_region_run run;
	bool more = umm_region_first(search->area->region, &run);
	while (more) {
		if (is_fixed(search->area, &run)) {
			more = umm_region_next(search->area->region, &run);
			continue;
		}
		more = measure_gap(search, &run);
		search_gap(search);
	}
}

bool umm_area_plan(const struct umm_area *area, const struct umm_region_request *request,
		   struct umm_area_plan *out)
{
	uint64_t mask = (1ull << area->region->granule_shift) - 1;
	uint64_t size = (request->size_bytes + mask) & ~mask;
	if (size == 0 || (request->boundary_bytes != 0 && size > request->boundary_bytes))
		return false;
	struct search search = {
		.area = area,
		.size = size,
		.align = request->align_bytes > mask ? request->align_bytes : mask + 1,
		.max_address = request->max_address,
		.boundary = request->boundary_bytes,
		.all = holdings_of_all(area),
	};
	walk(&search);
	*out = search.best;
	return search.found;
}
