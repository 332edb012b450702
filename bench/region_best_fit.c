/* SPDX-License-Identifier: MIT */
/** Best fit: the shortest free run that holds the request, lowest address first; a sorted array. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/region.h"

struct list {
	size_t count;
	struct umm_range runs[]; /* free, by address */
};

static int create(struct umm_range area, void **out)
{
	size_t most = (size_t)(area.size >> 15) + 2; /* a free run beside each taken one */
	struct list *list = malloc(sizeof(*list) + most * sizeof(list->runs[0]));
	if (list == NULL)
		return -ENOMEM;
	list->count = 1;
	list->runs[0] = area;
	*out = list;
	return 0;
}

static void insert(struct list *list, size_t at, struct umm_range run)
{
	memmove(&list->runs[at + 1], &list->runs[at], (list->count++ - at) * sizeof(run));
	list->runs[at] = run;
}

static void drop(struct list *list, size_t at)
{
	memmove(&list->runs[at], &list->runs[at + 1], (--list->count - at) * sizeof(list->runs[0]));
}

static bool fits(struct umm_range run, uint64_t size, uint64_t align)
{
	uint64_t crumb = -run.start & (align - 1);
	return crumb < run.size && run.size - crumb >= size;
}

static bool take(void *self, uint64_t size, uint64_t align, uint64_t *out_start)
{
	struct list *list = self;
	size_t best = list->count;
	for (size_t i = 0; i < list->count; i++)
		if (fits(list->runs[i], size, align) &&
		    (best == list->count || list->runs[i].size < list->runs[best].size))
			best = i;
	if (best == list->count)
		return false;
	struct umm_range run = list->runs[best];
	uint64_t below = -run.start & (align - 1), above = run.size - below - size;
	*out_start = run.start + below;
	drop(list, best);
	if (above != 0)
		insert(list, best, (struct umm_range){ *out_start + size, above });
	if (below != 0)
		insert(list, best, (struct umm_range){ run.start, below });
	return true;
}

static void give(void *self, struct umm_range run)
{
	struct list *list = self;
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (list->runs[middle].start < run.start)
			low = middle + 1;
		else
			high = middle;
	}
	insert(list, low, run);
	if (low + 1 < list->count && run.start + run.size == list->runs[low + 1].start) {
		list->runs[low].size += list->runs[low + 1].size;
		drop(list, low + 1);
	}
	if (low > 0 && list->runs[low - 1].start + list->runs[low - 1].size == run.start) {
		list->runs[low - 1].size += list->runs[low].size;
		drop(list, low);
	}
}

static uint64_t largest(void *self)
{
	const struct list *list = self;
	uint64_t best = 0;
	for (size_t i = 0; i < list->count; i++)
		best = list->runs[i].size > best ? list->runs[i].size : best;
	return best;
}

const struct region_contender region_best_fit = {
	.name = "best-fit",
	.what = "shortest run that holds it, sorted array",
	.create = create,
	.take = take,
	.give = give,
	.largest = largest,
	.destroy = free,
};
