/* SPDX-License-Identifier: MIT */
/**
 * Making room, so that it can be undone until the last moment.
 *
 *  1. fence: the free parts of the window are reserved, so that no frame moves into them
 *  2. evict outside, where the plan needs room for the movable frames; these stay evicted
 *  3. copy every movable frame of the window; the old place still counts
 *  4. evict the purgeable frames of the window
 *  5. commit: tell the tenants that their frames are at the new place. Nothing can fail any more
 *  6. the window is free of tenants: lift the fence, reserve it for the owner
 *
 * A refusal in 2, 3 or 4 drops the copies and lifts the fence: no byte that had to survive was ever
 * at one place only. Moving back what was moved, the other way to roll back, could fail as well.
 *
 * The copy of a frame is noted beside its address in the tenant's own table, so a plan of any
 * length needs no memory. Loops step to the next lent frame before they give one back: giving joins
 * free runs, but the node of a lent frame stays.
 */
#include <errno.h>

#include "core/tenant_private.h"

struct job {
	struct umm_area *area;
	struct umm_area_plan plan;
	struct umm_area_cost *cost;
};

static struct umm_range window_of(const struct job *job)
{
	return job->plan.window;
}

/** From *run on, the first lent frame of one kind inside, or outside, the window. */
static bool seek(const struct job *job, struct umm_region_run *run, enum umm_tenant_kind kind,
		 bool inside)
{
	const struct umm_area *area = job->area;
	for (bool more = true; more; more = umm_region_next(area->region, run)) {
		if (!umm_area_is_lent(run) ||
		    umm_range_overlaps(run->range, window_of(job)) != inside)
			continue;
		const struct umm_tenant *tenant = umm_area_tenant(area, run);
		if (tenant->kind == kind && umm_tenant_yields(tenant))
			return true;
	}
	return false;
}

static bool first_frame(const struct job *job, struct umm_region_run *run,
			enum umm_tenant_kind kind, bool inside)
{
	return umm_region_first(job->area->region, run) && seek(job, run, kind, inside);
}

static bool next_frame(const struct job *job, struct umm_region_run *run, enum umm_tenant_kind kind,
		       bool inside)
{
	return umm_region_next(job->area->region, run) && seek(job, run, kind, inside);
}

static struct umm_tenant_frame *frame_of(const struct umm_area *area,
					 const struct umm_region_run *run)
{
	return &umm_area_tenant(area, run)->frames[umm_area_index(run)];
}

/* 1 and 6: the fence */

static struct umm_range part_in(struct umm_range run, struct umm_range window)
{
	uint64_t first = run.start > window.start ? run.start : window.start;
	uint64_t run_last = umm_range_last(run), window_last = umm_range_last(window);
	uint64_t last = run_last < window_last ? run_last : window_last;
	return (struct umm_range){ first, last - first + 1 };
}

static int fence(struct job *job)
{
	struct umm_region *region = job->area->region;
	struct umm_region_run run;
	for (bool more = umm_region_first(region, &run); more;
	     more = umm_region_next(region, &run)) {
		if (run.taken || !umm_range_overlaps(run.range, window_of(job)))
			continue;
		struct umm_range part = part_in(run.range, window_of(job));
		int ret = umm_region_reserve(region, part);
		if (ret < 0)
			return ret;
		(void)umm_region_set_tag(region, part, umm_area_tag(UMM_AREA_FENCE, 0, 0));
	}
	return 0;
}

static bool seek_fence(const struct umm_region *region, struct umm_region_run *run)
{
	for (bool more = true; more; more = umm_region_next(region, run))
		if (run->taken && umm_area_use(run) == UMM_AREA_FENCE)
			return true;
	return false;
}

static void lift_fence(struct job *job)
{
	struct umm_region *region = job->area->region;
	struct umm_region_run run;
	bool more = umm_region_first(region, &run) && seek_fence(region, &run);
	while (more) {
		struct umm_range part = run.range;
		more = umm_region_next(region, &run) && seek_fence(region, &run);
		(void)umm_region_give(region, part);
	}
}

/* 2 and 4: eviction */

static int evict(struct job *job, const struct umm_region_run *run)
{
	struct umm_tenant *tenant = umm_area_tenant(job->area, run);
	uint32_t index = umm_area_index(run);
	if (tenant->ops->evict(tenant, index, run->range) < 0) {
		tenant->refused = true;
		return -EBUSY;
	}
	tenant->frames[index].address = UMM_TENANT_NO_FRAME;
	tenant->n_present--;
	job->cost->evicted_frames++;
	job->cost->evicted_bytes += run->range.size;
	return umm_region_give(job->area->region, run->range);
}

static int evict_frames(struct job *job, bool inside, uint32_t count)
{
	struct umm_region_run run;
	bool more = first_frame(job, &run, UMM_TENANT_PURGEABLE, inside);
	for (; more && count > 0; count--) {
		struct umm_region_run victim = run;
		more = next_frame(job, &run, UMM_TENANT_PURGEABLE, inside);
		int ret = evict(job, &victim);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* 3 and 5: migration */

static int copy_frame(struct job *job, const struct umm_region_run *run)
{
	struct umm_area *area = job->area;
	struct umm_tenant *tenant = umm_area_tenant(area, run);
	uint32_t index = umm_area_index(run);
	struct umm_region_request request = { .size_bytes = area->frame_bytes,
					      .align_bytes = area->frame_bytes };
	struct umm_range to;
	int ret = umm_region_take(area->region, &request, &to);
	if (ret < 0)
		return ret;
	if (tenant->ops->migrate(tenant, index, run->range, to) < 0) {
		tenant->refused = true;
		(void)umm_region_give(area->region, to);
		return -EBUSY;
	}
	tenant->frames[index].copy = to.start;
	return umm_region_set_tag(area->region, to,
				  umm_area_tag(UMM_AREA_COPY, tenant->slot, index));
}

static int copy_frames(struct job *job)
{
	struct umm_region_run run;
	int ret = 0;
	for (bool more = first_frame(job, &run, UMM_TENANT_MOVABLE, true); more && ret == 0;
	     more = next_frame(job, &run, UMM_TENANT_MOVABLE, true))
		ret = copy_frame(job, &run);
	return ret;
}

/** Whoever refused has copies too: ask the table, not the kind and the mood. */
static void drop_copies(struct job *job)
{
	struct umm_area *area = job->area;
	struct umm_region_run run;
	for (bool more = umm_region_first(area->region, &run); more;
	     more = umm_region_next(area->region, &run)) {
		if (!umm_area_is_lent(&run) || !umm_range_overlaps(run.range, window_of(job)))
			continue;
		struct umm_tenant *tenant = umm_area_tenant(area, &run);
		struct umm_tenant_frame *frame = frame_of(area, &run);
		if (frame->copy == UMM_TENANT_NO_FRAME)
			continue;
		struct umm_range to = { frame->copy, area->frame_bytes };
		frame->copy = UMM_TENANT_NO_FRAME;
		if (tenant->ops->undone != NULL)
			tenant->ops->undone(tenant, umm_area_index(&run), to);
		(void)umm_region_give(area->region, to);
	}
}

static void commit_frame(struct job *job, const struct umm_region_run *run)
{
	struct umm_area *area = job->area;
	struct umm_tenant *tenant = umm_area_tenant(area, run);
	struct umm_tenant_frame *frame = frame_of(area, run);
	uint32_t index = umm_area_index(run);
	struct umm_range to = { frame->copy, area->frame_bytes };
	*frame = (struct umm_tenant_frame){ to.start, UMM_TENANT_NO_FRAME };
	(void)umm_region_set_tag(area->region, to,
				 umm_area_tag(UMM_AREA_LENT, tenant->slot, index));
	(void)umm_region_give(area->region, run->range);
	job->cost->moved_frames++;
	job->cost->moved_bytes += to.size;
	tenant->ops->migrated(tenant, index, to);
}

static void commit(struct job *job)
{
	struct umm_region_run run;
	bool more = first_frame(job, &run, UMM_TENANT_MOVABLE, true);
	while (more) {
		struct umm_region_run moved = run;
		more = next_frame(job, &run, UMM_TENANT_MOVABLE, true);
		commit_frame(job, &moved);
	}
}

/* All of it */

static int clear_window(struct job *job)
{
	int ret = fence(job);
	if (ret == 0 && job->plan.evict_outside > 0)
		ret = evict_frames(job, false, job->plan.evict_outside);
	if (ret == 0)
		ret = copy_frames(job);
	if (ret == 0)
		ret = evict_frames(job, true, job->plan.purgeable);
	if (ret < 0)
		drop_copies(job);
	else
		commit(job);
	lift_fence(job);
	return ret;
}

static void forget_refusals(struct umm_area *area)
{
	for (uint32_t slot = 0; slot < area->max_tenants; slot++)
		if (area->tenants[slot] != NULL)
			area->tenants[slot]->refused = false;
}

/** Plan after plan, until one works. Each failure marks one more tenant as refusing, so it ends. */
static int make_room(struct umm_area *area, const struct umm_region_request *request,
		     struct umm_range *out, struct umm_area_cost *cost)
{
	struct job job = { .area = area, .cost = cost };
	int ret = -ENOSPC;
	while (umm_area_plan(area, request, &job.plan)) {
		cost->attempts++;
		ret = clear_window(&job);
		if (ret == 0)
			ret = umm_region_reserve(area->region, window_of(&job));
		if (ret == 0)
			*out = window_of(&job);
		if (ret != -EBUSY)
			break;
	}
	forget_refusals(area);
	return ret;
}

int umm_area_take(struct umm_area *area, const struct umm_region_request *request,
		  struct umm_range *out, struct umm_area_cost *cost)
{
	struct umm_area_cost unused;
	cost = cost != NULL ? cost : &unused;
	*cost = (struct umm_area_cost){ .attempts = 0 };
	int ret = umm_region_take(area->region, request, out);
	return ret == -ENOSPC ? make_room(area, request, out, cost) : ret;
}
