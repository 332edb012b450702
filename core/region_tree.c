/* SPDX-License-Identifier: MIT */
/**
 * The free runs of one class: a treap by address, whose nodes know the longest run below them.
 *
 * A treap is a search tree by address and a heap by priority; with priorities that look random its
 * depth is logarithmic in expectation, whatever order the runs come in. The priority of a node is a
 * hash of its index, so it costs no memory. Knowing the longest run of each subtree, a search for
 * "the lowest address with at least this size" goes straight down.
 *
 * A new node goes in where its priority belongs, and the subtree that was there is split along its
 * address into its two children; a removed node's children are merged in its place. Both paths are
 * two steps long on average. Everything is a loop: no recursion, so no stack to bound. AVL was
 * rejected because it must store balances, and repair them on the way up.
 */
#include "core/region_private.h"

#define NONE UMM_REGION_NONE

static uint32_t priority(uint32_t index)
{
	uint32_t hash = index * 0x9e3779b1u;
	hash ^= hash >> 15;
	hash *= 0x85ebca77u;
	return hash ^ hash >> 13;
}

static uint64_t longest_of(const struct umm_region *region, uint32_t index)
{
	return index == NONE ? 0 : region->nodes[index].longest;
}

static uint64_t longest_here(const struct umm_region *region, const struct umm_region_node *node)
{
	uint64_t longest = node->size;
	for (int side = 0; side < 2; side++) {
		uint64_t below = longest_of(region, node->child[side]);
		longest = below > longest ? below : longest;
	}
	return longest;
}

/** The place that points to a node: its parent's child, or the root of its class. */
static uint32_t *link_to(struct umm_region *region, uint32_t index)
{
	struct umm_region_node *node = &region->nodes[index];
	if (node->parent == NONE)
		return &region->roots[umm_region_class(node->size)];
	struct umm_region_node *parent = &region->nodes[node->parent];
	return &parent->child[parent->child[1] == index];
}

/** From `index` up to, not including, `end`. */
static void refresh_between(struct umm_region *region, uint32_t index, uint32_t end)
{
	for (; index != end; index = region->nodes[index].parent)
		region->nodes[index].longest = longest_here(region, &region->nodes[index]);
}

/** Hang a subtree below a node that belongs in the middle of it: lower addresses on its left. Each
 * side grows at one open link. */
static void split_below(struct umm_region *region, uint32_t index, uint32_t subtree)
{
	struct umm_region_node *node = &region->nodes[index];
	uint32_t *open[2] = { &node->child[0], &node->child[1] };
	uint32_t edge[2] = { index, index };
	while (subtree != NONE) {
		struct umm_region_node *below = &region->nodes[subtree];
		unsigned side = below->start > node->start;
		*open[side] = subtree;
		below->parent = edge[side];
		edge[side] = subtree;
		open[side] = &below->child[!side];
		subtree = *open[side];
	}
	*open[0] = *open[1] = NONE;
	refresh_between(region, edge[0], index);
	refresh_between(region, edge[1], index);
	node->longest = longest_here(region, node);
}

void umm_region_tree_insert(struct umm_region *region, uint32_t index)
{
	struct umm_region_node *node = &region->nodes[index];
	unsigned class = umm_region_class(node->size);
	uint32_t *link = &region->roots[class], parent = NONE, mine = priority(index);
	while (*link != NONE && priority(*link) >= mine) {
		parent = *link;
		struct umm_region_node *above = &region->nodes[parent];
		if (above->longest < node->size)
			above->longest = node->size;
		link = &above->child[node->start > above->start];
	}
	uint32_t subtree = *link;
	*link = index;
	node->parent = parent;
	split_below(region, index, subtree);
	region->filled |= 1ull << class;
}

/** Something below `index` changed: what it and those above it know as the longest follows. */
static void refresh_above(struct umm_region *region, uint32_t index)
{
	for (; index != NONE; index = region->nodes[index].parent) {
		struct umm_region_node *node = &region->nodes[index];
		uint64_t longest = longest_here(region, node);
		if (longest == node->longest)
			return;
		node->longest = longest;
	}
}

/** Put two subtrees, all of one below all of the other, where one node was; the deepest node that
 * got new children, or `parent`. */
static uint32_t merge(struct umm_region *region, uint32_t *link, uint32_t parent, uint32_t lower,
		      uint32_t higher)
{
	while (lower != NONE && higher != NONE) {
		bool lower_wins = priority(lower) >= priority(higher);
		uint32_t winner = lower_wins ? lower : higher;
		*link = winner;
		region->nodes[winner].parent = parent;
		parent = winner;
		link = &region->nodes[winner].child[lower_wins];
		*(lower_wins ? &lower : &higher) = *link;
	}
	uint32_t rest = lower != NONE ? lower : higher;
	*link = rest;
	if (rest != NONE)
		region->nodes[rest].parent = parent;
	return parent;
}

void umm_region_tree_remove(struct umm_region *region, uint32_t index)
{
	struct umm_region_node *node = &region->nodes[index];
	uint32_t deepest =
		merge(region, link_to(region, index), node->parent, node->child[0], node->child[1]);
	refresh_between(region, deepest, node->parent);
	refresh_above(region, node->parent);

	unsigned class = umm_region_class(node->size);
	if (region->roots[class] == NONE)
		region->filled &= ~(1ull << class);
}

void umm_region_tree_resize(struct umm_region *region, uint32_t index, struct umm_range range)
{
	struct umm_region_node *node = &region->nodes[index];
	bool stays = umm_region_class(range.size) == umm_region_class(node->size);
	if (!stays)
		umm_region_tree_remove(region, index);
	node->start = range.start;
	node->size = range.size;
	if (stays)
		refresh_above(region, index);
	else
		umm_region_tree_insert(region, index);
}

/** The first node below `index` that is long enough; its subtree has one. */
static uint32_t first_below(const struct umm_region *region, uint32_t index, uint64_t size,
			    enum umm_region_order order)
{
	for (;;) {
		const struct umm_region_node *node = &region->nodes[index];
		if (longest_of(region, node->child[order]) >= size)
			index = node->child[order];
		else if (node->size >= size)
			return index;
		else
			index = node->child[!order];
	}
}

uint32_t umm_region_tree_first(const struct umm_region *region, unsigned class, uint64_t size,
			       enum umm_region_order order)
{
	uint32_t root = region->roots[class];
	return longest_of(region, root) < size ? NONE : first_below(region, root, size, order);
}

uint32_t umm_region_tree_next(const struct umm_region *region, uint32_t index, uint64_t size,
			      enum umm_region_order order)
{
	for (;;) {
		const struct umm_region_node *node = &region->nodes[index];
		if (longest_of(region, node->child[!order]) >= size)
			return first_below(region, node->child[!order], size, order);
		uint32_t from;
		do {
			from = index;
			index = region->nodes[from].parent;
			if (index == NONE)
				return NONE;
		} while (region->nodes[index].child[order] != from);
		if (region->nodes[index].size >= size)
			return index;
	}
}

static uint32_t find_in(const struct umm_region *region, uint32_t index, uint64_t address)
{
	while (index != NONE) {
		const struct umm_region_node *node = &region->nodes[index];
		if (address < node->start)
			index = node->child[0];
		else if (address - node->start < node->size)
			return index;
		else
			index = node->child[1];
	}
	return NONE;
}

uint32_t umm_region_tree_find(const struct umm_region *region, uint64_t address)
{
	for (uint64_t left = region->filled; left != 0; left &= left - 1) {
		uint32_t found = find_in(region, region->roots[umm_lowest_bit(left)], address);
		if (found != NONE)
			return found;
	}
	return NONE;
}

static bool node_valid(const struct umm_region *region, uint32_t index)
{
	const struct umm_region_node *node = &region->nodes[index];
	for (int side = 0; side < 2; side++) {
		uint32_t child = node->child[side];
		if (child == NONE)
			continue;
		if (child >= region->n_nodes || region->nodes[child].parent != index ||
		    priority(child) > priority(index))
			return false;
	}
	return node->longest == longest_here(region, node);
}

static uint32_t leftmost(const struct umm_region *region, uint32_t index)
{
	while (index != NONE && region->nodes[index].child[0] != NONE)
		index = region->nodes[index].child[0];
	return index;
}

bool umm_region_tree_valid(const struct umm_region *region, unsigned class, uint32_t *count)
{
	uint32_t root = region->roots[class];
	if ((root != NONE) != (region->filled >> class & 1))
		return false;
	if (root != NONE && region->nodes[root].parent != NONE)
		return false;
	uint32_t before = NONE;
	for (uint32_t index = leftmost(region, root); index != NONE;
	     index = umm_region_tree_next(region, index, 1, UMM_REGION_LOWEST_FIRST)) {
		const struct umm_region_node *node = &region->nodes[index];
		if (!node_valid(region, index) || node->state != UMM_REGION_FREE ||
		    umm_region_class(node->size) != class)
			return false;
		if (before != NONE && region->nodes[before].start >= node->start)
			return false;
		before = index;
		if (++*count > region->n_nodes)
			return false;
	}
	return true;
}
