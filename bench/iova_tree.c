/* SPDX-License-Identifier: MIT */
/**
 * What magazines replace: one search tree of the ranges in use, behind one lock, searched from the
 * top of the space down, as in drivers/iommu/iova.c for sizes above its cache. A hint remembers
 * where the last search ended; giving back a range above the hint moves it up again.
 *
 * The tree is a treap. A list through the nodes makes each step down cheaper than rb_prev(), so the
 * model is not slower than its pattern.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/iova.h"

#define TOP_PAGE (1ull << 35)

struct node {
	uint64_t first, last; /* pages */
	uint32_t priority;
	struct node *child[2];
	struct node *below, *above; /* by address; `below` also links unused nodes */
};

struct tree {
	pthread_mutex_t mutex;
	struct node *root, *unused, *hint;
	struct node anchor; /* above all ranges */
	uint32_t seed;
	struct node nodes[];
};

static int create(unsigned n_threads, uint32_t max_runs, void **out)
{
	(void)n_threads;
	struct tree *tree = calloc(1, sizeof(*tree) + max_runs * sizeof(tree->nodes[0]));
	if (tree == NULL)
		return -ENOMEM;
	pthread_mutex_init(&tree->mutex, NULL);
	for (uint32_t i = 0; i < max_runs; i++) {
		tree->nodes[i].below = tree->unused;
		tree->unused = &tree->nodes[i];
	}
	tree->anchor.first = tree->anchor.last = TOP_PAGE;
	tree->hint = &tree->anchor;
	tree->seed = 1;
	*out = tree;
	return 0;
}

/** Nodes below `first` go to *low, the others to *high. */
static void split(struct node *node, uint64_t first, struct node **low, struct node **high)
{
	while (node != NULL) {
		if (node->first < first) {
			*low = node;
			low = &node->child[1];
			node = *low;
		} else {
			*high = node;
			high = &node->child[0];
			node = *high;
		}
	}
	*low = *high = NULL;
}

static struct node *join(struct node *low, struct node *high)
{
	struct node *root, **link = &root;
	while (low != NULL && high != NULL) {
		if (low->priority > high->priority) {
			*link = low;
			link = &low->child[1];
			low = *link;
		} else {
			*link = high;
			link = &high->child[0];
			high = *link;
		}
	}
	*link = low != NULL ? low : high;
	return root;
}

static void insert(struct tree *tree, struct node *node)
{
	struct node **link = &tree->root;
	tree->seed = tree->seed * 1664525u + 1013904223u;
	node->priority = tree->seed;
	while (*link != NULL && (*link)->priority > node->priority)
		link = &(*link)->child[node->first > (*link)->first];
	split(*link, node->first, &node->child[0], &node->child[1]);
	*link = node;
}

static struct node *remove_first(struct tree *tree, uint64_t first)
{
	struct node **link = &tree->root;
	while (*link != NULL && (*link)->first != first)
		link = &(*link)->child[first > (*link)->first];
	struct node *node = *link;
	if (node != NULL)
		*link = join(node->child[0], node->child[1]);
	return node;
}

/** The highest gap below the hint that holds the range, and the node above it. */
static bool find_gap(const struct tree *tree, uint64_t pages, uint64_t align, struct node *above,
		     struct node **out_above, uint64_t *out_first)
{
	(void)tree;
	for (; above != NULL; above = above->below) {
		uint64_t floor = above->below != NULL ? above->below->last + 1 : 1;
		if (above->first < pages + floor)
			continue;
		uint64_t first = (above->first - pages) & ~(align - 1);
		if (first < floor)
			continue;
		*out_above = above;
		*out_first = first;
		return true;
	}
	return false;
}

static void place(struct tree *tree, struct node *node, struct node *above)
{
	node->above = above;
	node->below = above->below;
	above->below = node;
	if (node->below != NULL)
		node->below->above = node;
	insert(tree, node);
	tree->hint = node;
}

static int take_locked(struct tree *tree, uint64_t pages, struct umm_range *out)
{
	struct node *above = NULL, *node = tree->unused;
	uint64_t first = 0, align = pages >= 512 ? 512 : pages >= 16 ? 16 : 1;
	if (node == NULL)
		return -ENOMEM;
	if (!find_gap(tree, pages, align, tree->hint, &above, &first) &&
	    !find_gap(tree, pages, align, &tree->anchor, &above, &first))
		return -ENOSPC;
	tree->unused = node->below;
	*node = (struct node){ .first = first, .last = first + pages - 1 };
	place(tree, node, above);
	*out = (struct umm_range){ first << 12, pages << 12 };
	return 0;
}

static int take(void *mine, uint64_t size, struct umm_range *out)
{
	struct tree *tree = mine;
	pthread_mutex_lock(&tree->mutex);
	int ret = take_locked(tree, (size + 4095) >> 12, out);
	pthread_mutex_unlock(&tree->mutex);
	return ret;
}

static void give(void *mine, struct umm_range range)
{
	struct tree *tree = mine;
	pthread_mutex_lock(&tree->mutex);
	struct node *node = remove_first(tree, range.start >> 12);
	if (node != NULL) {
		if (node->first >= tree->hint->first)
			tree->hint = node->above;
		node->above->below = node->below;
		if (node->below != NULL)
			node->below->above = node->above;
		node->below = tree->unused;
		tree->unused = node;
	}
	pthread_mutex_unlock(&tree->mutex);
}

static void *thread(void *self, unsigned number)
{
	(void)number;
	return self;
}

static void destroy(void *self)
{
	struct tree *tree = self;
	pthread_mutex_destroy(&tree->mutex);
	free(tree);
}

const struct iova_contender iova_tree = {
	.name = "tree",
	.what = "one locked tree, top down",
	.create = create,
	.thread = thread,
	.take = take,
	.give = give,
	.destroy = destroy,
};
