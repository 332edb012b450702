/* SPDX-License-Identifier: MIT */
/**
 * The region: which runs are taken, and where the next one goes.
 *
 * The runs of a range tile it without a gap:
 *
 *	node   | taken | free        | taken | taken | free |   no two free ones side by side
 *	        lower <-> higher links, by address, through all ranges
 *
 * Placement is what decides whether a request of 32 MiB still fits after a million others. First
 * fit (the CMA algorithm) cuts into long runs for short requests; best fit leaves crumbs. Here a
 * request takes from the lowest class (one per power of two) that has a run it fits in, from that
 * class the run with the highest address, and of that run the end where alignment wastes less.
 * Choosing by class keeps long runs whole; choosing by address within the class packs one end.
 * docs/memory.md has the figures. Addresses below a limit are scarce, so requests without
 * a limit fill from the top and those with one from the bottom.
 *
 * Each class is a tree that knows its longest runs (region_tree.c), so a search is exact: a request
 * fails only when no free run can hold it. Taken runs are found by a hash of their start; a run is
 * given back exactly as taken, or refused with the reason.
 *
 * Rejected: a bitmap (its time grows with the area and with how full it is), a buddy system (rounds
 * 33 MiB up to 64, and cannot serve alignment apart from size), boundary tags per page (the
 * metadata would grow with the address space, and an IOVA space has 2^48 bytes).
 */
#include <errno.h>
#include <string.h>

#include "core/region_private.h"

#define NONE	   UMM_REGION_NONE
#define NODE_ALIGN 64u

struct layout {
	uint32_t n_nodes, hash_bits;
	uint64_t heads_offset, bytes;
};

/** Runs that are free lie between taken ones or at the end of a range: there are at most
 * max_runs + max_ranges of them. */
static bool lay_out(const struct umm_region_config *config, struct layout *out)
{
	uint64_t n_nodes = 2 * (uint64_t)config->max_runs + config->max_ranges;
	if (!umm_is_power_of_two(config->granule_bytes) || config->max_runs == 0 ||
	    config->max_ranges == 0 || n_nodes >= NONE)
		return false;
	uint32_t bits = 1;
	while (bits < 31 && 1u << bits < config->max_runs)
		bits++;
	uint64_t heads_offset = n_nodes * sizeof(struct umm_region_node);
	uint64_t bytes = heads_offset + (sizeof(uint32_t) << bits) + NODE_ALIGN - 1;
	if (bytes > SIZE_MAX)
		return false;
	*out = (struct layout){ (uint32_t)n_nodes, bits, heads_offset, bytes };
	return true;
}

size_t umm_region_memory(const struct umm_region_config *config)
{
	struct layout layout;
	return lay_out(config, &layout) ? (size_t)layout.bytes : 0;
}

int umm_region_init(struct umm_region *region, const struct umm_region_config *config, void *memory,
		    size_t memory_bytes)
{
	struct layout layout;
	if (!lay_out(config, &layout))
		return -EINVAL;
	if (memory_bytes < layout.bytes)
		return -ENOMEM;
	char *base = (char *)memory + (-(uintptr_t)memory & (NODE_ALIGN - 1));
	*region = (struct umm_region){
		.nodes = (struct umm_region_node *)base,
		.heads = (uint32_t *)(base + layout.heads_offset),
		.n_nodes = layout.n_nodes,
		.max_runs = config->max_runs,
		.max_ranges = config->max_ranges,
		.hash_bits = layout.hash_bits,
		.granule_shift = umm_lowest_bit(config->granule_bytes),
		.spare = NONE,
		.first = NONE,
	};
	memset(region->heads, 0xff, sizeof(uint32_t) << layout.hash_bits);
	memset(region->roots, 0xff, sizeof(region->roots));
	return 0;
}

static bool on_granule(const struct umm_region *region, struct umm_range range)
{
	return umm_range_valid(range) &&
	       ((range.start | range.size) & (umm_region_granule(region) - 1)) == 0;
}

/* Ranges */

/** The run after which a new range goes, and whether it may. */
static int find_gap(const struct umm_region *region, struct umm_range range, uint32_t *out_lower)
{
	uint32_t lower = NONE;
	for (uint32_t index = region->first; index != NONE; index = region->nodes[index].higher) {
		struct umm_range run = umm_region_node_range(&region->nodes[index]);
		if (umm_range_overlaps(run, range))
			return -EEXIST;
		if (run.start > range.start)
			break;
		lower = index;
	}
	*out_lower = lower;
	return 0;
}

int umm_region_add(struct umm_region *region, struct umm_range range)
{
	uint32_t lower;
	if (!on_granule(region, range))
		return -EINVAL;
	int ret = find_gap(region, range, &lower);
	if (ret < 0)
		return ret;
	if (region->n_ranges == region->max_ranges)
		return -ENOMEM;
	if (region->total_bytes + range.size < range.size)
		return -EOVERFLOW;

	uint32_t index = umm_region_node_new(region, range);
	uint32_t higher = lower == NONE ? region->first : region->nodes[lower].higher;
	umm_region_node_link(region, index, lower, higher);
	region->nodes[index].first_of_range = true;
	umm_region_make_free(region, index);
	region->n_ranges++;
	region->total_bytes += range.size;
	region->free_bytes += range.size;
	return 0;
}

/* Taking */

int umm_region_take(struct umm_region *region, const struct umm_region_request *request,
		    struct umm_range *out)
{
	struct umm_range run;
	uint32_t index;
	int ret = umm_region_search(region, request, &index, &run);
	if (ret < 0)
		return ret;
	if (region->n_taken == region->max_runs)
		return -ENOMEM;
	umm_region_carve(region, index, run);
	*out = run;
	return 0;
}

/* Wrong runs: rare, so a walk over all runs is good enough to tell what is wrong. */

struct cover {
	bool inside, any_taken;
};

/** What lies under a range: all of it in one of our ranges? any of it taken? */
static struct cover look_under(const struct umm_region *region, struct umm_range range)
{
	struct cover cover = { .inside = false };
	uint64_t next = range.start;
	bool ended = false;
	for (uint32_t index = region->first; index != NONE; index = region->nodes[index].higher) {
		const struct umm_region_node *node = &region->nodes[index];
		struct umm_range run = umm_region_node_range(node);
		if (!umm_range_overlaps(run, range))
			continue;
		cover.any_taken |= node->state == UMM_REGION_TAKEN;
		bool goes_on = next == range.start ? run.start <= next : !node->first_of_range;
		if (!goes_on || run.start > next)
			ended = true;
		next = run.start + run.size;
		cover.inside = !ended && umm_range_last(run) >= umm_range_last(range);
	}
	return cover;
}

int umm_region_reserve(struct umm_region *region, struct umm_range run)
{
	if (!on_granule(region, run))
		return -EINVAL;
	uint32_t index = umm_region_tree_find(region, run.start);
	if (index == NONE || !umm_range_contains(umm_region_node_range(&region->nodes[index]), run))
		return look_under(region, run).inside ? -EBUSY : -EFAULT;
	if (region->n_taken == region->max_runs)
		return -ENOMEM;
	umm_region_carve(region, index, run);
	return 0;
}

/* Giving back */

static int explain_refusal(const struct umm_region *region, struct umm_range run)
{
	if (!umm_range_valid(run))
		return -EINVAL;
	struct cover cover = look_under(region, run);
	if (!cover.inside)
		return -EFAULT;
	return cover.any_taken ? -ERANGE : -EALREADY;
}

int umm_region_give(struct umm_region *region, struct umm_range run)
{
	uint32_t index = umm_region_find_taken(region, run.start);
	if (index == NONE || region->nodes[index].size != run.size)
		return explain_refusal(region, run);
	umm_region_join(region, index);
	return 0;
}

/* Tags */

int umm_region_set_tag(struct umm_region *region, struct umm_range run, uint64_t tag)
{
	uint32_t index = umm_region_find_taken(region, run.start);
	if (index == NONE || region->nodes[index].size != run.size)
		return -ENOENT;
	region->nodes[index].tag = tag;
	return 0;
}

int umm_region_get_tag(const struct umm_region *region, struct umm_range run, uint64_t *out)
{
	uint32_t index = umm_region_find_taken(region, run.start);
	if (index == NONE || region->nodes[index].size != run.size)
		return -ENOENT;
	*out = region->nodes[index].tag;
	return 0;
}
