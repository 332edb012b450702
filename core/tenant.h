/* SPDX-License-Identifier: MIT */
/**
 * Tenants: idle contiguous memory at work, until somebody needs it contiguous.
 *
 * An area is a region whose free memory is lent, frame by frame, to tenants. Their frames may lie
 * anywhere. When an owner asks for a contiguous run and no free run holds it, the frames in its way
 * are evicted (purgeable tenants: caches, recycled buffers) or migrated (movable ones: buffers
 * nobody is accessing at the moment).
 *
 * The caller locks, as for a region. Callbacks run inside umm_area_take(); they must not call the
 * area.
 */
#ifndef UMM_CORE_TENANT_H
#define UMM_CORE_TENANT_H

#include "core/region.h"

struct umm_tenant;

enum umm_tenant_kind {
	UMM_TENANT_PURGEABLE, /**< its bytes can be had again elsewhere: evicted, not moved */
	UMM_TENANT_MOVABLE,   /**< its bytes must survive */
};

struct umm_tenant_ops {
	/**
	 * Movable: copy frame number `index` of the tenant to `to`. Until migrated() or undone(),
	 * the old place counts: the tenant keeps it as it is. 0, or a negative errno: not now.
	 */
	int (*migrate)(struct umm_tenant *tenant, uint32_t index, struct umm_range from,
		       struct umm_range to);

	/** Movable: every frame was copied; from now on this frame is at its new place. */
	void (*migrated)(struct umm_tenant *tenant, uint32_t index, struct umm_range to);

	/** Movable: forget the copy. Nothing has changed. Optional. */
	void (*undone)(struct umm_tenant *tenant, uint32_t index, struct umm_range to);

	/** Purgeable: let go of a frame. 0, or a negative errno: not now. */
	int (*evict)(struct umm_tenant *tenant, uint32_t index, struct umm_range frame);
};

/** Where one frame of a tenant is. */
struct umm_tenant_frame {
	uint64_t address; /**< UMM_TENANT_NO_FRAME: not lent, or evicted */
	uint64_t copy;	  /**< where it is being copied to; the area's */
};

/** No frame begins at the last byte. */
#define UMM_TENANT_NO_FRAME UINT64_MAX

/** One who borrows. The caller's memory, filled by umm_tenant_init(); it stays where it is. */
struct umm_tenant {
	const struct umm_tenant_ops *ops;
	void *user;
	struct umm_tenant_frame *frames;
	uint32_t n_frames;  /**< how many `frames` has room for */
	uint32_t n_present; /**< how many of them are there */
	uint32_t pins;	    /**< while not 0, nothing is moved or evicted */
	uint32_t slot;	    /**< in the area's table */
	bool refused;	    /**< the take that is going on */
	enum umm_tenant_kind kind;
};

struct umm_area {
	struct umm_region *region;
	uint64_t frame_bytes;
	struct umm_tenant **tenants; /**< NULL: the slot is free */
	uint32_t max_tenants;
};

/** What a take had to do. */
struct umm_area_cost {
	uint64_t moved_bytes, evicted_bytes;
	uint32_t moved_frames, evicted_frames;
	uint32_t attempts; /**< plans that were carried out or rolled back; 0: a run was free */
};

/**
 * Lend the free memory of a region. `frame_bytes` is a power of two and at least the region's
 * granule; small frames lend more of the memory and move less, large ones make shorter lists.
 * `tenants` is the caller's table of max_tenants pointers.
 *
 * The region stays the caller's, who may add ranges, but takes and gives through the area only;
 * tags of runs are the area's. Each lent frame is one of the region's max_runs, and during
 * umm_area_take() each frame that moves is two. Returns 0 or -EINVAL.
 */
int umm_area_init(struct umm_area *area, struct umm_region *region, uint64_t frame_bytes,
		  struct umm_tenant **tenants, uint32_t max_tenants);

/**
 * Fill in a tenant that borrows nothing yet. `frames` has n_frames elements.
 * Returns 0, or -EINVAL: a callback is missing.
 */
int umm_tenant_init(struct umm_tenant *tenant, enum umm_tenant_kind kind,
		    const struct umm_tenant_ops *ops, struct umm_tenant_frame *frames,
		    uint32_t n_frames, void *user);

/** Become a tenant. -ENOMEM: the table is full. */
int umm_area_join(struct umm_area *area, struct umm_tenant *tenant);

/**
 * Lend frame number `index` to a tenant. Returns 0, -EINVAL (no such frame), -EALREADY (it has it),
 * -ENOSPC (no frame is free), -ENOMEM (the region's max_runs are taken).
 */
int umm_area_lend(struct umm_area *area, struct umm_tenant *tenant, uint32_t index);

/** Take one frame back from a tenant that no longer needs it. -EINVAL, or -ENOENT: not lent. */
int umm_area_unlend(struct umm_area *area, struct umm_tenant *tenant, uint32_t index);

/** Take all frames back: the tenant leaves. */
void umm_area_leave(struct umm_area *area, struct umm_tenant *tenant);

/** Somebody is accessing the tenant's memory: it stays where it is. Pins nest. */
void umm_tenant_pin(struct umm_tenant *tenant);

/** -EINVAL: it is not pinned. */
int umm_tenant_unpin(struct umm_tenant *tenant);

/**
 * Take a contiguous run. As umm_region_take(), and where that finds nothing free, tenants make
 * room: of all places where the request could lie, the one that moves the fewest bytes, of those
 * the one that evicts the fewest.
 *
 * It succeeds whenever there is a place without owned and pinned memory, and room elsewhere for the
 * movable frames in it, however they lie - unless tenants refuse. A tenant that refuses counts as
 * pinned for the rest of the call: what was copied is undone, and the next best place is tried,
 * umm_area_bound() tells how often at most. Evictions are not undone: what is purgeable is
 * dispensable.
 *
 * Returns as umm_region_take(); -ENOSPC: no such place; -EBUSY: there was one, but tenants refused.
 * *cost may be NULL; it is written always.
 */
int umm_area_take(struct umm_area *area, const struct umm_region_request *request,
		  struct umm_range *out, struct umm_area_cost *cost);

/** Give back what umm_area_take() gave. As umm_region_give(); lent frames are refused: -ERANGE. */
int umm_area_give(struct umm_area *area, struct umm_range run);

/** What a take of this size can cost at most, whatever the tenants look like. */
struct umm_area_bound {
	uint64_t moved_bytes;	/**< per attempt, and in all when nobody refuses */
	uint64_t evicted_bytes; /**< per attempt */
	uint32_t attempts;	/**< tenants that can refuse, and the last one that succeeds */
};

struct umm_area_bound umm_area_bound(const struct umm_area *area, uint64_t size_bytes);

/** Check every invariant: O(runs + frames). */
bool umm_area_valid(const struct umm_area *area);

#endif
