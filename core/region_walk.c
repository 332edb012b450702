/* SPDX-License-Identifier: MIT */
/**
 * Looking at a region: statistics, the walk over its runs, and the check of every invariant.
 *
 * What holds between any two calls:
 *  1. the runs are linked by rising address; within a range each begins where the last one ended
 *  2. no two free runs of one range lie side by side
 *  3. each free run is in the tree of its class, each taken run in the chain of its start
 *  4. every node is free, taken or unused, and the counts and sums are those of the runs
 */
#include "core/region_private.h"

#define NONE UMM_REGION_NONE

static uint64_t largest_free(const struct umm_region *region)
{
	if (region->filled == 0)
		return 0;
	return region->nodes[region->roots[umm_highest_bit(region->filled)]].longest;
}

/** 1000 * part / whole, in 32 bits: 64-bit division is a function call on small machines. */
static uint32_t permille(uint64_t part, uint64_t whole)
{
	while (whole > UINT32_MAX / 1000) {
		part >>= 1;
		whole >>= 1;
	}
	return whole == 0 ? 0 : (uint32_t)part * 1000 / (uint32_t)whole;
}

void umm_region_get_stats(const struct umm_region *region, struct umm_region_stats *out)
{
	uint64_t largest = largest_free(region);
	*out = (struct umm_region_stats){
		.total_bytes = region->total_bytes,
		.free_bytes = region->free_bytes,
		.largest_free_bytes = largest,
		.free_runs = region->n_free,
		.taken_runs = region->n_taken,
		.ranges = region->n_ranges,
		.fragmentation_permille =
			permille(region->free_bytes - largest, region->free_bytes),
	};
}

static bool show(const struct umm_region *region, uint32_t index, struct umm_region_run *out)
{
	if (index == NONE)
		return false;
	const struct umm_region_node *node = &region->nodes[index];
	bool taken = node->state == UMM_REGION_TAKEN;
	*out = (struct umm_region_run){
		.range = umm_region_node_range(node),
		.tag = taken ? node->tag : 0,
		.taken = taken,
		.first_of_range = node->first_of_range,
		.cursor = index,
	};
	return true;
}

bool umm_region_first(const struct umm_region *region, struct umm_region_run *out)
{
	return show(region, region->first, out);
}

bool umm_region_next(const struct umm_region *region, struct umm_region_run *run)
{
	return show(region, region->nodes[run->cursor].higher, run);
}

struct tally {
	uint64_t total_bytes, free_bytes;
	uint32_t n_taken, n_free, n_ranges;
};

/** Rules 1 and 2: a node against the one below it. */
static bool goes_on(const struct umm_region *region, uint32_t lower, uint32_t index)
{
	const struct umm_region_node *node = &region->nodes[index];
	if (node->lower != lower || !umm_range_valid(umm_region_node_range(node)))
		return false;
	if (((node->start | node->size) & ((1ull << region->granule_shift) - 1)) != 0)
		return false;
	if (lower == NONE)
		return node->first_of_range;
	const struct umm_region_node *before = &region->nodes[lower];
	uint64_t before_last = before->start + (before->size - 1);
	if (node->first_of_range)
		return node->start > before_last;
	return node->start == before_last + 1 && node->start != 0 &&
	       !(node->state == UMM_REGION_FREE && before->state == UMM_REGION_FREE);
}

static bool count_runs(const struct umm_region *region, struct tally *tally)
{
	uint32_t lower = NONE;
	for (uint32_t index = region->first; index != NONE; index = region->nodes[index].higher) {
		if (index >= region->fresh || tally->n_free + tally->n_taken >= region->n_nodes ||
		    !goes_on(region, lower, index))
			return false;
		const struct umm_region_node *node = &region->nodes[index];
		bool taken = node->state == UMM_REGION_TAKEN;
		if (taken ? umm_region_find_taken(region, node->start) != index
			  : node->state != UMM_REGION_FREE)
			return false;
		*(taken ? &tally->n_taken : &tally->n_free) += 1;
		tally->free_bytes += taken ? 0 : node->size;
		tally->total_bytes += node->size;
		tally->n_ranges += node->first_of_range;
		lower = index;
	}
	return true;
}

static bool count_spares(const struct umm_region *region, uint32_t *count)
{
	for (uint32_t index = region->spare; index != NONE; index = region->nodes[index].link)
		if (index >= region->fresh || region->nodes[index].state != UMM_REGION_UNUSED ||
		    ++*count > region->fresh)
			return false;
	return true;
}

static bool count_chains(const struct umm_region *region, uint32_t *count)
{
	for (uint32_t chain = 0; chain < 1u << region->hash_bits; chain++)
		for (uint32_t index = region->heads[chain]; index != NONE;
		     index = region->nodes[index].link)
			if (++*count > region->n_taken)
				return false;
	return true;
}

bool umm_region_valid(const struct umm_region *region)
{
	struct tally tally = { 0 };
	uint32_t in_trees = 0, spares = 0, in_chains = 0;
	if (!count_runs(region, &tally) || !count_spares(region, &spares) ||
	    !count_chains(region, &in_chains))
		return false;
	for (unsigned class = 0; class < UMM_REGION_CLASSES; class ++)
		if (!umm_region_tree_valid(region, class, &in_trees))
			return false;
	return tally.total_bytes == region->total_bytes && tally.free_bytes == region->free_bytes &&
	       tally.n_taken == region->n_taken && tally.n_free == region->n_free &&
	       tally.n_ranges == region->n_ranges && in_trees == region->n_free &&
	       in_chains == region->n_taken &&
	       spares + tally.n_free + tally.n_taken == region->fresh &&
	       region->fresh <= region->n_nodes;
}
