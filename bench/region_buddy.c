/* SPDX-License-Identifier: MIT */
/**
 * A binary buddy system: blocks of 2^order pages, each aligned to its size, halved and joined. A
 * request takes the power of two above its size or alignment, whichever is more, so its failures
 * are mostly room lost inside blocks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/region.h"

#define ORDERS 40u
#define NONE   UINT32_MAX

/** Free blocks are doubly linked by their first page; order 0xff: not the head of a free block. */
struct buddy {
	uint64_t start;
	uint32_t n_pages;
	uint32_t heads[ORDERS];
	struct page {
		uint32_t next, previous;
		uint8_t free_order;
	} pages[];
};

static unsigned order_of(uint64_t bytes)
{
	uint64_t pages = (bytes + REGION_BENCH_PAGE - 1) / REGION_BENCH_PAGE;
	return pages <= 1 ? 0 : 64u - (unsigned)__builtin_clzll(pages - 1);
}

static void push(struct buddy *buddy, uint32_t page, unsigned order)
{
	uint32_t next = buddy->heads[order];
	buddy->pages[page] = (struct page){ next, NONE, (uint8_t)order };
	if (next != NONE)
		buddy->pages[next].previous = page;
	buddy->heads[order] = page;
}

static void unlink_block(struct buddy *buddy, uint32_t page)
{
	struct page *block = &buddy->pages[page];
	if (block->previous == NONE)
		buddy->heads[block->free_order] = block->next;
	else
		buddy->pages[block->previous].next = block->next;
	if (block->next != NONE)
		buddy->pages[block->next].previous = block->previous;
	block->free_order = 0xff;
}

static int create(struct umm_range area, void **out)
{
	uint32_t n_pages = (uint32_t)(area.size / REGION_BENCH_PAGE);
	struct buddy *buddy = malloc(sizeof(*buddy) + n_pages * sizeof(buddy->pages[0]));
	if (buddy == NULL)
		return -ENOMEM;
	buddy->start = area.start;
	buddy->n_pages = n_pages;
	memset(buddy->heads, 0xff, sizeof(buddy->heads));
	memset(buddy->pages, 0xff, n_pages * sizeof(buddy->pages[0]));
	for (uint32_t page = 0; page < n_pages;) {
		unsigned order = page == 0 ? 31u : (unsigned)__builtin_ctz(page);
		while (page + (1ull << order) > n_pages)
			order--;
		push(buddy, page, order);
		page += 1u << order;
	}
	*out = buddy;
	return 0;
}

static bool take(void *self, uint64_t size, uint64_t align, uint64_t *out_start)
{
	struct buddy *buddy = self;
	unsigned wanted = order_of(size > align ? size : align), order = wanted;
	while (order < ORDERS && buddy->heads[order] == NONE)
		order++;
	if (order == ORDERS)
		return false;
	uint32_t page = buddy->heads[order];
	unlink_block(buddy, page);
	while (order > wanted) {
		order--;
		push(buddy, page + (1u << order), order);
	}
	*out_start = buddy->start + page * REGION_BENCH_PAGE;
	buddy->pages[page].next = wanted; /* give() is not told the alignment */
	return true;
}

static void give(void *self, struct umm_range run)
{
	struct buddy *buddy = self;
	uint32_t page = (uint32_t)((run.start - buddy->start) / REGION_BENCH_PAGE);
	unsigned order = buddy->pages[page].next;
	for (;; order++) {
		uint32_t other = page ^ 1u << order;
		if (other >= buddy->n_pages || buddy->pages[other].free_order != order)
			break;
		unlink_block(buddy, other);
		page &= ~(1u << order);
	}
	push(buddy, page, order);
}

static uint64_t largest(void *self)
{
	const struct buddy *buddy = self;
	for (unsigned order = ORDERS; order-- > 0;)
		if (buddy->heads[order] != NONE)
			return REGION_BENCH_PAGE << order;
	return 0;
}

const struct region_contender region_buddy = {
	.name = "buddy",
	.what = "binary buddy system",
	.create = create,
	.take = take,
	.give = give,
	.largest = largest,
	.destroy = free,
};
