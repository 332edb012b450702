/* SPDX-License-Identifier: MIT */
/**
 * A model of the kernel's CMA: one bit per page, first fit from the bottom in one pass, alignment
 * of the absolute address, and on a busy page the search goes on behind it (mm/cma.c,
 * bitmap_find_next_zero_area_off). Bits are searched a word at a time, as there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/region.h"

struct cma {
	uint64_t start, n_pages;
	uint64_t bits[];
};

static int create(struct umm_range area, void **out)
{
	uint64_t n_pages = area.size / REGION_BENCH_PAGE;
	struct cma *cma = calloc(1, sizeof(*cma) + (n_pages / 64 + 2) * 8);
	if (cma == NULL)
		return -ENOMEM;
	cma->start = area.start;
	cma->n_pages = n_pages;
	*out = cma;
	return 0;
}

/** The first page in [from, to) whose bit is `wanted`, or `to`. */
static uint64_t find_bit(const struct cma *cma, uint64_t from, uint64_t to, bool wanted)
{
	uint64_t flip = wanted ? 0 : ~0ull;
	if (from >= to)
		return to;
	uint64_t word = (cma->bits[from / 64] ^ flip) & ~0ull << from % 64;
	for (uint64_t at = from / 64; at * 64 < to; word = cma->bits[++at] ^ flip) {
		if (word == 0)
			continue;
		uint64_t found = at * 64 + (uint64_t)__builtin_ctzll(word);
		return found < to ? found : to;
	}
	return to;
}

static void set_bits(struct cma *cma, uint64_t first, uint64_t count, bool value)
{
	uint64_t last = first + count - 1;
	for (uint64_t word = first / 64; word <= last / 64; word++) {
		uint64_t mask = ~0ull;
		if (word == first / 64)
			mask &= ~0ull << first % 64;
		if (word == last / 64)
			mask &= ~0ull >> (63 - last % 64);
		cma->bits[word] = value ? cma->bits[word] | mask : cma->bits[word] & ~mask;
	}
}

static bool take(void *self, uint64_t size, uint64_t align, uint64_t *out_start)
{
	struct cma *cma = self;
	uint64_t count = size / REGION_BENCH_PAGE, from = 0;
	for (;;) {
		from = find_bit(cma, from, cma->n_pages, false);
		uint64_t start = (cma->start + from * REGION_BENCH_PAGE + align - 1) & ~(align - 1);
		from = (start - cma->start) / REGION_BENCH_PAGE;
		if (from + count > cma->n_pages)
			return false;
		uint64_t busy = find_bit(cma, from, from + count, true);
		if (busy == from + count) {
			set_bits(cma, from, count, true);
			*out_start = start;
			return true;
		}
		from = busy + 1;
	}
}

static void give(void *self, struct umm_range run)
{
	struct cma *cma = self;
	set_bits(cma, (run.start - cma->start) / REGION_BENCH_PAGE, run.size / REGION_BENCH_PAGE,
		 false);
}

static uint64_t largest(void *self)
{
	const struct cma *cma = self;
	uint64_t best = 0, from = 0;
	while ((from = find_bit(cma, from, cma->n_pages, false)) < cma->n_pages) {
		uint64_t end = find_bit(cma, from, cma->n_pages, true);
		best = end - from > best ? end - from : best;
		from = end;
	}
	return best * REGION_BENCH_PAGE;
}

const struct region_contender region_cma = {
	.name = "cma",
	.what = "first-fit bitmap, the CMA algorithm",
	.create = create,
	.take = take,
	.give = give,
	.largest = largest,
	.destroy = free,
};
