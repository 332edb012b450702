/* SPDX-License-Identifier: MIT */
/**
 * Tenants come, borrow, pin and leave.
 *
 * Memory is lent in frames of one size that may lie anywhere: page tables, of the CPU and of an
 * IOMMU, make scattered frames look contiguous to those who have them. That is what makes
 * the promise of umm_area_take() possible: with runs of many sizes, finding places for what moves
 * would be bin packing, which no bounded search can promise to solve; with frames it is counting.
 * Who needs physical contiguity is an owner, not a tenant.
 *
 * Every lent frame is a taken run of the region, tagged with its tenant and number, so the region's
 * books are the only ones. What holds between calls:
 *  1. each run tagged as lent is one aligned frame, and its tenant says it is there
 *  2. tenants have no further frames, and nothing is tagged as a copy or a fence
 */
#include <errno.h>
#include <string.h>

#include "core/tenant_private.h"

#define MAX_TENANTS (1u << 30)

int umm_area_init(struct umm_area *area, struct umm_region *region, uint64_t frame_bytes,
		  struct umm_tenant **tenants, uint32_t max_tenants)
{
	if (!umm_is_power_of_two(frame_bytes) || frame_bytes < 1ull << region->granule_shift ||
	    max_tenants > MAX_TENANTS)
		return -EINVAL;
	*area = (struct umm_area){ region, frame_bytes, tenants, max_tenants };
	for (uint32_t slot = 0; slot < max_tenants; slot++)
		tenants[slot] = NULL;
	return 0;
}

int umm_tenant_init(struct umm_tenant *tenant, enum umm_tenant_kind kind,
		    const struct umm_tenant_ops *ops, struct umm_tenant_frame *frames,
		    uint32_t n_frames, void *user)
{
	bool complete = kind == UMM_TENANT_PURGEABLE
				? ops->evict != NULL
				: ops->migrate != NULL && ops->migrated != NULL;
	if (!complete)
		return -EINVAL;
	*tenant = (struct umm_tenant){
		.ops = ops,
		.user = user,
		.frames = frames,
		.n_frames = n_frames,
		.kind = kind,
	};
	for (uint32_t i = 0; i < n_frames; i++)
		frames[i] = (struct umm_tenant_frame){ UMM_TENANT_NO_FRAME, UMM_TENANT_NO_FRAME };
	return 0;
}

int umm_area_join(struct umm_area *area, struct umm_tenant *tenant)
{
	for (uint32_t slot = 0; slot < area->max_tenants; slot++) {
		if (area->tenants[slot] != NULL)
			continue;
		area->tenants[slot] = tenant;
		tenant->slot = slot;
		return 0;
	}
	return -ENOMEM;
}

int umm_area_lend(struct umm_area *area, struct umm_tenant *tenant, uint32_t index)
{
	struct umm_region_request request = { .size_bytes = area->frame_bytes,
					      .align_bytes = area->frame_bytes };
	struct umm_range frame;
	if (index >= tenant->n_frames)
		return -EINVAL;
	if (tenant->frames[index].address != UMM_TENANT_NO_FRAME)
		return -EALREADY;
	int ret = umm_region_take(area->region, &request, &frame);
	if (ret < 0)
		return ret;
	(void)umm_region_set_tag(area->region, frame,
				 umm_area_tag(UMM_AREA_LENT, tenant->slot, index));
	tenant->frames[index].address = frame.start;
	tenant->n_present++;
	return 0;
}

int umm_area_unlend(struct umm_area *area, struct umm_tenant *tenant, uint32_t index)
{
	if (index >= tenant->n_frames)
		return -EINVAL;
	struct umm_tenant_frame *frame = &tenant->frames[index];
	if (frame->address == UMM_TENANT_NO_FRAME)
		return -ENOENT;
	int ret = umm_region_give(area->region,
				  (struct umm_range){ frame->address, area->frame_bytes });
	if (ret < 0)
		return ret;
	frame->address = UMM_TENANT_NO_FRAME;
	tenant->n_present--;
	return 0;
}

void umm_area_leave(struct umm_area *area, struct umm_tenant *tenant)
{
	for (uint32_t index = 0; index < tenant->n_frames; index++)
		(void)umm_area_unlend(area, tenant, index);
	area->tenants[tenant->slot] = NULL;
}

void umm_tenant_pin(struct umm_tenant *tenant)
{
	tenant->pins++;
}

int umm_tenant_unpin(struct umm_tenant *tenant)
{
	if (tenant->pins == 0)
		return -EINVAL;
	tenant->pins--;
	return 0;
}

int umm_area_give(struct umm_area *area, struct umm_range run)
{
	uint64_t tag;
	if (umm_region_get_tag(area->region, run, &tag) == 0 && tag >> 62 != UMM_AREA_OWNED)
		return -ERANGE;
	return umm_region_give(area->region, run);
}

static uint64_t lent_bytes(const struct umm_area *area, enum umm_tenant_kind kind)
{
	uint64_t frames = 0;
	for (uint32_t slot = 0; slot < area->max_tenants; slot++)
		if (area->tenants[slot] != NULL && area->tenants[slot]->kind == kind)
			frames += area->tenants[slot]->n_present;
	return frames * area->frame_bytes;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

struct umm_area_bound umm_area_bound(const struct umm_area *area, uint64_t size_bytes)
{
	/* A window that begins and ends inside frames touches two more than its size says; moving
	 * them can need as many evictions elsewhere. */
	unsigned shift = umm_lowest_bit(area->frame_bytes);
	uint64_t frames = (size_bytes >> shift) + 2;
	uint64_t touched = frames > UINT64_MAX >> shift ? UINT64_MAX : frames << shift;
	uint32_t n_tenants = 0;
	for (uint32_t slot = 0; slot < area->max_tenants; slot++)
		n_tenants += area->tenants[slot] != NULL;
	return (struct umm_area_bound){
		.moved_bytes = at_most(touched, lent_bytes(area, UMM_TENANT_MOVABLE)),
		.evicted_bytes = at_most(touched, lent_bytes(area, UMM_TENANT_PURGEABLE)),
		.attempts = n_tenants + 1,
	};
}

/** Rule 1. */
static bool run_valid(const struct umm_area *area, const struct umm_region_run *run)
{
	if (!run->taken || umm_area_use(run) == UMM_AREA_OWNED)
		return true;
	if (umm_area_use(run) != UMM_AREA_LENT || run->range.size != area->frame_bytes ||
	    (run->range.start & (area->frame_bytes - 1)) != 0)
		return false;
	const struct umm_tenant *tenant = umm_area_tenant(area, run);
	return tenant != NULL && umm_area_index(run) < tenant->n_frames &&
	       tenant->frames[umm_area_index(run)].address == run->range.start &&
	       tenant->frames[umm_area_index(run)].copy == UMM_TENANT_NO_FRAME;
}

bool umm_area_valid(const struct umm_area *area)
{
	struct umm_region_run run;
	uint64_t lent = 0, present = 0;
	if (!umm_region_valid(area->region))
		return false;
	for (bool more = umm_region_first(area->region, &run); more;
	     more = umm_region_next(area->region, &run)) {
		if (!run_valid(area, &run))
			return false;
		lent += umm_area_is_lent(&run);
	}
	for (uint32_t slot = 0; slot < area->max_tenants; slot++)
		present += area->tenants[slot] != NULL ? area->tenants[slot]->n_present : 0;
	return lent == present;
}
