/* SPDX-License-Identifier: MIT */
/**
 * How an area tells its runs apart, and what its three parts ask of each other.
 */
#ifndef UMM_CORE_TENANT_PRIVATE_H
#define UMM_CORE_TENANT_PRIVATE_H

#include "core/tenant.h"

/** The top bits of a run's tag; below them the tenant's slot and the number of its frame. */
enum umm_area_use {
	UMM_AREA_OWNED = 0, /**< somebody took it */
	UMM_AREA_LENT = 1,
	UMM_AREA_COPY = 2,  /**< a lent frame is being copied here */
	UMM_AREA_FENCE = 3, /**< free, but in the way of a take that is going on */
};

static inline uint64_t umm_area_tag(enum umm_area_use use, uint32_t slot, uint32_t index)
{
	return (uint64_t)use << 62 | (uint64_t)slot << 32 | index;
}

static inline enum umm_area_use umm_area_use(const struct umm_region_run *run)
{
	return (enum umm_area_use)(run->tag >> 62);
}

static inline bool umm_area_is_lent(const struct umm_region_run *run)
{
	return run->taken && umm_area_use(run) == UMM_AREA_LENT;
}

static inline struct umm_tenant *umm_area_tenant(const struct umm_area *area,
						 const struct umm_region_run *run)
{
	return area->tenants[run->tag >> 32 & 0x3fffffff];
}

static inline uint32_t umm_area_index(const struct umm_region_run *run)
{
	return (uint32_t)run->tag;
}

/** Whether a tenant's frames can be had at the moment. */
static inline bool umm_tenant_yields(const struct umm_tenant *tenant)
{
	return tenant->pins == 0 && !tenant->refused;
}

/** The place of a take, and what lies there. */
struct umm_area_plan {
	struct umm_range window;
	uint32_t movable, purgeable; /**< frames in the window */
	uint32_t evict_outside;	     /**< frames that must go to make room for the movable ones */
};

/** The cheapest place, or false: there is none. */
bool umm_area_plan(const struct umm_area *area, const struct umm_region_request *request,
		   struct umm_area_plan *out);

#endif
