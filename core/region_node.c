/* SPDX-License-Identifier: MIT */
/**
 * The runs of a region as nodes: cutting a taken run out of a free one, and joining it with its
 * free neighbours again.
 *
 * A node stays what it is as long as it can: what is left of a free run keeps its node and, mostly,
 * its place in the tree, and a run that is given back disappears into the longer of its neighbours.
 * That is most of what taking and giving cost.
 */
#include "core/region_private.h"

#define NONE UMM_REGION_NONE

uint32_t umm_region_node_new(struct umm_region *region, struct umm_range range)
{
	uint32_t index = region->spare;
	if (index == NONE)
		index = region->fresh++;
	else
		region->spare = region->nodes[index].link;
	region->nodes[index] = (struct umm_region_node){
		.start = range.start,
		.size = range.size,
		.lower = NONE,
		.higher = NONE,
		.link = NONE,
	};
	return index;
}

static void node_drop(struct umm_region *region, uint32_t index)
{
	region->nodes[index].state = UMM_REGION_UNUSED;
	region->nodes[index].link = region->spare;
	region->spare = index;
}

/** Put a node between two neighbours, either of which may be NONE. */
void umm_region_node_link(struct umm_region *region, uint32_t index, uint32_t lower,
			  uint32_t higher)
{
	region->nodes[index].lower = lower;
	region->nodes[index].higher = higher;
	if (lower == NONE)
		region->first = index;
	else
		region->nodes[lower].higher = index;
	if (higher != NONE)
		region->nodes[higher].lower = index;
}

static void node_unlink(struct umm_region *region, uint32_t index)
{
	uint32_t lower = region->nodes[index].lower, higher = region->nodes[index].higher;
	if (lower == NONE)
		region->first = higher;
	else
		region->nodes[lower].higher = higher;
	if (higher != NONE)
		region->nodes[higher].lower = lower;
}

void umm_region_make_free(struct umm_region *region, uint32_t index)
{
	region->nodes[index].state = UMM_REGION_FREE;
	region->n_free++;
	umm_region_tree_insert(region, index);
}

static void node_unfree(struct umm_region *region, uint32_t index)
{
	umm_region_tree_remove(region, index);
	region->n_free--;
}

/* The hash of taken runs */

static uint32_t *chain_of(const struct umm_region *region, uint64_t start)
{
	uint64_t hash = (start >> region->granule_shift) * 0x9e3779b97f4a7c15ull;
	return &region->heads[hash >> (64 - region->hash_bits)];
}

static void hash_insert(struct umm_region *region, uint32_t index)
{
	uint32_t *chain = chain_of(region, region->nodes[index].start);
	region->nodes[index].link = *chain;
	*chain = index;
}

static void hash_remove(struct umm_region *region, uint32_t index)
{
	uint32_t *link = chain_of(region, region->nodes[index].start);
	while (*link != index)
		link = &region->nodes[*link].link;
	*link = region->nodes[index].link;
}

uint32_t umm_region_find_taken(const struct umm_region *region, uint64_t start)
{
	uint32_t index = *chain_of(region, start);
	while (index != NONE && region->nodes[index].start != start)
		index = region->nodes[index].link;
	return index;
}

static void node_make_taken(struct umm_region *region, uint32_t index)
{
	struct umm_region_node *node = &region->nodes[index];
	node->state = UMM_REGION_TAKEN;
	node->tag = 0;
	hash_insert(region, index);
	region->n_taken++;
	region->free_bytes -= node->size;
}

/** All of a free run is taken. */
static void carve_whole(struct umm_region *region, uint32_t index)
{
	umm_region_tree_remove(region, index);
	region->n_free--;
	node_make_taken(region, index);
}

/** The upper part of a free run becomes a node of its own, in no state yet. */
static uint32_t split(struct umm_region *region, uint32_t index, uint64_t at)
{
	struct umm_region_node *node = &region->nodes[index];
	uint64_t below = at - node->start;
	uint32_t upper = umm_region_node_new(region, (struct umm_range){ at, node->size - below });
	umm_region_node_link(region, upper, index, node->higher);
	return upper;
}

/** Cut a run out of a free one. What is left keeps the free run's node and, mostly, its place in
 * the tree; only what is left above a run that leaves something below as well is new. */
void umm_region_carve(struct umm_region *region, uint32_t index, struct umm_range run)
{
	struct umm_region_node *node = &region->nodes[index];
	uint64_t below = run.start - node->start, above = node->size - below - run.size;
	if (below == 0 && above == 0) {
		carve_whole(region, index);
		return;
	}
	if (below == 0) {
		uint32_t taken = umm_region_node_new(region, run);
		umm_region_node_link(region, taken, node->lower, index);
		region->nodes[taken].first_of_range = node->first_of_range;
		node->first_of_range = false;
		struct umm_range rest = { run.start + run.size, above };
		umm_region_tree_resize(region, index, rest);
		node_make_taken(region, taken);
		return;
	}
	uint32_t taken = split(region, index, run.start);
	if (above != 0) {
		uint32_t rest = split(region, taken, run.start + run.size);
		region->nodes[taken].size = run.size;
		umm_region_make_free(region, rest);
	}
	umm_region_tree_resize(region, index, (struct umm_range){ node->start, below });
	node_make_taken(region, taken);
}

/* Giving */

/** The free run beside a node in its range, or NONE. */
static uint32_t free_below(const struct umm_region *region, uint32_t index)
{
	const struct umm_region_node *node = &region->nodes[index];
	bool joins = node->lower != NONE && !node->first_of_range &&
		     region->nodes[node->lower].state == UMM_REGION_FREE;
	return joins ? node->lower : NONE;
}

static uint32_t free_above(const struct umm_region *region, uint32_t index)
{
	uint32_t higher = region->nodes[index].higher;
	bool joins = higher != NONE && !region->nodes[higher].first_of_range &&
		     region->nodes[higher].state == UMM_REGION_FREE;
	return joins ? higher : NONE;
}

/** A node is no more: its bytes belong to a neighbour now. */
static void node_vanish(struct umm_region *region, uint32_t index)
{
	node_unlink(region, index);
	node_drop(region, index);
}

/** The run joins the longer of its free neighbours, which then likely stays in its class, and the
 * other one does too. */
static void join_neighbours(struct umm_region *region, uint32_t index)
{
	uint32_t below = free_below(region, index), above = free_above(region, index);
	struct umm_range whole = umm_region_node_range(&region->nodes[index]);
	bool first = region->nodes[index].first_of_range;
	if (below != NONE) {
		whole.start = region->nodes[below].start;
		whole.size += region->nodes[below].size;
		first = region->nodes[below].first_of_range;
	}
	if (above != NONE)
		whole.size += region->nodes[above].size;

	if (below == NONE && above == NONE) {
		umm_region_make_free(region, index);
		return;
	}
	bool into_below = above == NONE ||
			  (below != NONE && region->nodes[below].size >= region->nodes[above].size);
	uint32_t into = into_below ? below : above, other = into_below ? above : below;
	if (other != NONE) {
		node_unfree(region, other);
		node_vanish(region, other);
	}
	node_vanish(region, index);
	region->nodes[into].first_of_range = first;
	umm_region_tree_resize(region, into, whole);
}

void umm_region_join(struct umm_region *region, uint32_t index)
{
	hash_remove(region, index);
	region->n_taken--;
	region->free_bytes += region->nodes[index].size;
	join_neighbours(region, index);
}
