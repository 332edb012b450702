/* SPDX-License-Identifier: MIT */
/**
 * How a region is made; region.c has the idea.
 */
#ifndef UMM_CORE_REGION_PRIVATE_H
#define UMM_CORE_REGION_PRIVATE_H

#include "core/region.h"

/** "No node". */
#define UMM_REGION_NONE UINT32_MAX

enum umm_region_state {
	UMM_REGION_UNUSED,
	UMM_REGION_FREE,
	UMM_REGION_TAKEN,
};

/** A run of one range, one cache line on 64-bit machines. */
struct umm_region_node {
	uint64_t start, size;
	union {
		uint64_t longest; /**< FREE: of the runs in this subtree */
		uint64_t tag;	  /**< TAKEN */
	};
	uint32_t child[2], parent; /**< FREE: lower addresses in child[0] */
	uint32_t lower, higher;	   /**< the runs beside it in all ranges, whatever their state */
	uint32_t link;		   /**< TAKEN: next in the hash chain; UNUSED: next spare */
	uint8_t state;
	bool first_of_range;
};

/** Which tree a free run of `size` bytes belongs to. */
static inline unsigned umm_region_class(uint64_t size)
{
	return umm_highest_bit(size);
}

static inline struct umm_range umm_region_node_range(const struct umm_region_node *node)
{
	return (struct umm_range){ .start = node->start, .size = node->size };
}

static inline uint64_t umm_region_granule(const struct umm_region *region)
{
	return 1ull << region->granule_shift;
}

/* region_node.c */

/** A node in no state; there are always enough of them. */
uint32_t umm_region_node_new(struct umm_region *region, struct umm_range range);

/** Put a node between two neighbours, either of which may be UMM_REGION_NONE. */
void umm_region_node_link(struct umm_region *region, uint32_t index, uint32_t lower,
			  uint32_t higher);
void umm_region_make_free(struct umm_region *region, uint32_t index);

/** Cut a run out of a free one; it is taken. */
void umm_region_carve(struct umm_region *region, uint32_t index, struct umm_range run);

/** A taken run is free, and one with its free neighbours. */
void umm_region_join(struct umm_region *region, uint32_t index);

/** The taken run that starts here, or UMM_REGION_NONE. */
uint32_t umm_region_find_taken(const struct umm_region *region, uint64_t start);

/* region_search.c */

/** The free run to take a request from, and where. 0, -EINVAL, -ENOSPC. */
int umm_region_search(const struct umm_region *region, const struct umm_region_request *request,
		      uint32_t *out_index, struct umm_range *out);

/* region_tree.c */

void umm_region_tree_insert(struct umm_region *region, uint32_t index);
void umm_region_tree_remove(struct umm_region *region, uint32_t index);

/** A free run grows or shrinks at its ends: it keeps its place among its neighbours. */
void umm_region_tree_resize(struct umm_region *region, uint32_t index, struct umm_range range);

bool umm_region_tree_valid(const struct umm_region *region, unsigned class, uint32_t *count);

/** Which end of a tree a search starts from. */
enum umm_region_order { UMM_REGION_LOWEST_FIRST = 0, UMM_REGION_HIGHEST_FIRST = 1 };

/** The first run of at least `size` bytes of a class, and the one after it, or UMM_REGION_NONE. */
uint32_t umm_region_tree_first(const struct umm_region *region, unsigned class, uint64_t size,
			       enum umm_region_order order);
uint32_t umm_region_tree_next(const struct umm_region *region, uint32_t index, uint64_t size,
			      enum umm_region_order order);

/** The free run that has this address, or UMM_REGION_NONE. */
uint32_t umm_region_tree_find(const struct umm_region *region, uint64_t address);

#endif
