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
		.granule_shift = (uint32_t)__builtin_ctzll(config->granule_bytes),
		.spare = NONE,
		.first = NONE,
	};
	memset(region->heads, 0xff, sizeof(uint32_t) << layout.hash_bits);
	memset(region->roots, 0xff, sizeof(region->roots));
	return 0;
}

static uint64_t granule(const struct umm_region *region)
{
	return 1ull << region->granule_shift;
}

static bool on_granule(const struct umm_region *region, struct umm_range range)
{
	return umm_range_sane(range) && ((range.start | range.size) & (granule(region) - 1)) == 0;
}

/* Nodes */

static uint32_t node_new(struct umm_region *region, struct umm_range range)
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
static void node_link(struct umm_region *region, uint32_t index, uint32_t lower, uint32_t higher)
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

static void node_make_free(struct umm_region *region, uint32_t index)
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

	uint32_t index = node_new(region, range);
	uint32_t higher = lower == NONE ? region->first : region->nodes[lower].higher;
	node_link(region, index, lower, higher);
	region->nodes[index].first_of_range = true;
	node_make_free(region, index);
	region->n_ranges++;
	region->total_bytes += range.size;
	region->free_bytes += range.size;
	return 0;
}

/* Taking */

/** A request made exact: nothing is 0 for "any" any more. */
struct wish {
	uint64_t size, align, last, boundary;
	enum umm_region_order order;
};

static int make_wish(const struct umm_region *region, const struct umm_region_request *request,
		     struct wish *out)
{
	uint64_t mask = granule(region) - 1;
	if (request->size_bytes == 0 ||
	    (request->align_bytes != 0 && !umm_is_power_of_two(request->align_bytes)) ||
	    (request->boundary_bytes != 0 && !umm_is_power_of_two(request->boundary_bytes)))
		return -EINVAL;
	uint64_t size = (request->size_bytes + mask) & ~mask;
	if (size == 0 || (request->boundary_bytes != 0 && size > request->boundary_bytes))
		return -ENOSPC;
	bool limited = request->max_address != 0;
	*out = (struct wish){
		.size = size,
		.align = request->align_bytes > mask ? request->align_bytes : mask + 1,
		.last = limited ? request->max_address : UINT64_MAX,
		.boundary = request->boundary_bytes,
		.order = limited ? UMM_REGION_LOWEST_FIRST : UMM_REGION_HIGHEST_FIRST,
	};
	return 0;
}

static bool crosses(const struct wish *wish, uint64_t start)
{
	uint64_t last = start + (wish->size - 1);
	return wish->boundary != 0 && ((start ^ last) & ~(wish->boundary - 1)) != 0;
}

/** The lowest place in [first, last]. A place that crosses a boundary moves up to the boundary,
 * which is aligned, or the alignment is a multiple of it and nothing crosses. */
static bool place_low(const struct wish *wish, uint64_t first, uint64_t last, uint64_t *out)
{
	uint64_t start = (first + (wish->align - 1)) & ~(wish->align - 1);
	if (start < first)
		return false;
	if (crosses(wish, start) && start <= UINT64_MAX - (wish->size - 1))
		start = (start | (wish->boundary - 1)) + 1;
	if (start < first || start > last || last - start < wish->size - 1)
		return false;
	*out = start;
	return true;
}

/** The highest place in [first, last], which has one. */
static uint64_t place_high(const struct wish *wish, uint64_t last)
{
	uint64_t start = (last - (wish->size - 1)) & ~(wish->align - 1);
	if (!crosses(wish, start))
		return start;
	uint64_t boundary = (start + (wish->size - 1)) & ~(wish->boundary - 1);
	return (boundary - wish->size) & ~(wish->align - 1);
}

/** Where the wish goes in a free run: at the end where it leaves the smaller crumb. */
static bool place(const struct wish *wish, const struct umm_region_node *node, uint64_t *out)
{
	uint64_t node_last = node->start + (node->size - 1), low;
	uint64_t last = node_last < wish->last ? node_last : wish->last;
	if (!place_low(wish, node->start, last, &low))
		return false;
	uint64_t high = place_high(wish, last);
	uint64_t crumb_low = low - node->start, crumb_high = node_last - (high + (wish->size - 1));
	bool tie_goes_low = wish->order == UMM_REGION_LOWEST_FIRST && crumb_low == crumb_high;
	*out = crumb_low < crumb_high || tie_goes_low ? low : high;
	return true;
}

static uint32_t find_in_class(const struct umm_region *region, unsigned class,
			      const struct wish *wish, uint64_t *out_start)
{
	uint32_t index = umm_region_tree_first(region, class, wish->size, wish->order);
	while (index != NONE) {
		const struct umm_region_node *node = &region->nodes[index];
		if (place(wish, node, out_start))
			return index;
		if (wish->order == UMM_REGION_LOWEST_FIRST && node->start > wish->last)
			return NONE;
		index = umm_region_tree_next(region, index, wish->size, wish->order);
	}
	return NONE;
}

static uint32_t find_in_classes(const struct umm_region *region, uint64_t classes,
				const struct wish *wish, uint64_t *out_start)
{
	for (classes &= region->filled; classes != 0; classes &= classes - 1) {
		unsigned class = (unsigned)__builtin_ctzll(classes);
		uint32_t index = find_in_class(region, class, wish, out_start);
		if (index != NONE)
			return index;
	}
	return NONE;
}

/** First the classes whose runs mostly hold the wish wherever alignment puts it. Shorter runs would
 * need a lucky alignment; trying them one by one makes the search long and the placement no better,
 * so they come last. But they come: what fits must succeed. */
static uint32_t find_free(const struct umm_region *region, const struct wish *wish,
			  uint64_t *out_start)
{
	uint64_t ample = wish->size + (wish->align - granule(region));
	uint64_t possible = ~0ull << umm_region_class(wish->size);
	uint64_t likely = ample < wish->size ? 0 : ~0ull << umm_region_class(ample);
	uint32_t index = find_in_classes(region, likely, wish, out_start);
	return index != NONE ? index : find_in_classes(region, possible & ~likely, wish, out_start);
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
	uint32_t upper = node_new(region, (struct umm_range){ at, node->size - below });
	node_link(region, upper, index, node->higher);
	return upper;
}

/** Cut a run out of a free one. What is left keeps the free run's node and, mostly, its place in
 * the tree; only what is left above a run that leaves something below as well is new. */
static void carve(struct umm_region *region, uint32_t index, struct umm_range run)
{
	struct umm_region_node *node = &region->nodes[index];
	uint64_t below = run.start - node->start, above = node->size - below - run.size;
	if (below == 0 && above == 0) {
		carve_whole(region, index);
		return;
	}
	if (below == 0) {
		uint32_t taken = node_new(region, run);
		node_link(region, taken, node->lower, index);
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
		node_make_free(region, rest);
	}
	umm_region_tree_resize(region, index, (struct umm_range){ node->start, below });
	node_make_taken(region, taken);
}

int umm_region_take(struct umm_region *region, const struct umm_region_request *request,
		    struct umm_range *out)
{
	struct wish wish;
	int ret = make_wish(region, request, &wish);
	if (ret < 0)
		return ret;
	if (region->n_taken == region->max_runs)
		return -ENOMEM;

	struct umm_range run = { .size = wish.size };
	uint32_t index = find_free(region, &wish, &run.start);
	if (index == NONE)
		return -ENOSPC;
	carve(region, index, run);
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
	carve(region, index, run);
	return 0;
}

/* Giving back */

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
static void join(struct umm_region *region, uint32_t index)
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
		node_make_free(region, index);
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

static int explain_refusal(const struct umm_region *region, struct umm_range run)
{
	if (!umm_range_sane(run))
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
	hash_remove(region, index);
	region->n_taken--;
	region->free_bytes += run.size;
	join(region, index);
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
