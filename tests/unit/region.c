/* SPDX-License-Identifier: MIT */
/**
 * The region against a bitmap: the naive model has one owner per granule, and says of every call
 * what its result must be. Sizes are small on purpose: edges are met all the time.
 */
#include "core/region.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

#include <errno.h>

#define PAGE	   4096ull
#define MAX_RANGES 8
#define MAX_PAGES  4096
#define MAX_RUNS   512

struct fixture {
	struct umm_region region;
	void *memory;
};

static void setup_sized(struct fixture *f, uint64_t granule, uint32_t runs, uint32_t ranges)
{
	struct umm_region_config config = { granule, runs, ranges };
	size_t bytes = umm_region_memory(&config);
	CHECK(bytes > 0);
	f->memory = malloc(bytes);
	CHECK(f->memory != NULL);
	CHECK_INT(umm_region_init(&f->region, &config, f->memory, bytes), 0);
}

static void setup(struct fixture *f, uint64_t start, uint64_t size)
{
	setup_sized(f, PAGE, MAX_RUNS, MAX_RANGES);
	CHECK_INT(umm_region_add(&f->region, (struct umm_range){ start, size }), 0);
}

static void teardown(struct fixture *f)
{
	CHECK(umm_region_valid(&f->region));
	free(f->memory);
}

static int take(struct fixture *f, uint64_t size, uint64_t align, struct umm_range *out)
{
	struct umm_region_request request = { .size_bytes = size, .align_bytes = align };
	return umm_region_take(&f->region, &request, out);
}

static uint64_t free_bytes(struct fixture *f)
{
	struct umm_region_stats stats;
	umm_region_get_stats(&f->region, &stats);
	return stats.free_bytes;
}

TEST(metadata_size_is_told_and_kept_to)
{
	struct umm_region region;
	struct umm_region_config config = { PAGE, 100, 4 };
	size_t bytes = umm_region_memory(&config);
	char *memory = malloc(bytes);
	CHECK(memory != NULL);
	CHECK_INT(umm_region_init(&region, &config, memory, bytes - 1), -ENOMEM);
	CHECK_INT(umm_region_init(&region, &config, memory, bytes), 0);
	free(memory);
}

TEST(senseless_configurations_are_refused)
{
	struct umm_region region;
	char memory[64];
	const struct umm_region_config bad[] = {
		{ 0, 10, 1 }, { 3000, 10, 1 }, { PAGE, 0, 1 }, { PAGE, 10, 0 }, { PAGE, ~0u, ~0u },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(umm_region_memory(&bad[i]), 0);
		CHECK_INT(umm_region_init(&region, &bad[i], memory, sizeof(memory)), -EINVAL);
	}
}

TEST(whole_area_is_taken_and_given_back)
{
	struct fixture f;
	struct umm_range run, more;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, 16 * PAGE, 0, &run), 0);
	CHECK(run.start == 0x10000 && run.size == 16 * PAGE);
	CHECK_INT(take(&f, 1, 0, &more), -ENOSPC);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(take(&f, 16 * PAGE + 1, 0, &more), -ENOSPC);
	CHECK_INT(free_bytes(&f), 16 * PAGE);
	teardown(&f);
}

TEST(size_zero_and_crooked_numbers_are_refused)
{
	struct fixture f;
	struct umm_range run = { 1, 2 };
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, 0, 0, &run), -EINVAL);
	CHECK_INT(take(&f, PAGE, 3, &run), -EINVAL);
	struct umm_region_request request = { .size_bytes = PAGE, .boundary_bytes = 5000 };
	CHECK_INT(umm_region_take(&f.region, &request, &run), -EINVAL);
	CHECK_INT(take(&f, UINT64_MAX, 0, &run), -ENOSPC);
	CHECK(run.start == 1 && run.size == 2);
	teardown(&f);
}

TEST(sizes_round_up_to_the_granule)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, PAGE + 1, 0, &run), 0);
	CHECK_INT(run.size, 2 * PAGE);
	CHECK_INT(umm_region_give(&f.region, (struct umm_range){ run.start, PAGE + 1 }), -ERANGE);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	teardown(&f);
}

TEST(alignment_is_of_the_absolute_address)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x7fff000, 3 * PAGE); /* the base is not aligned; one page in it is */
	CHECK_INT(take(&f, PAGE, 0x8000000, &run), 0);
	CHECK_INT(run.start, 0x8000000);
	CHECK_INT(take(&f, PAGE, 0x8000000, &run), -ENOSPC);
	teardown(&f);
}

TEST(alignment_above_the_area_needs_an_aligned_page_in_it)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, PAGE, 64 * PAGE);
	CHECK_INT(take(&f, PAGE, 1ull << 63, &run), -ENOSPC);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0, PAGE }), 0);
	CHECK_INT(take(&f, PAGE, 1ull << 63, &run), 0);
	CHECK_INT(run.start, 0);
	teardown(&f);
}

TEST(last_page_of_the_address_space_is_a_page_like_any_other)
{
	struct fixture f;
	struct umm_range run;
	uint64_t last_page = 0 - PAGE;
	setup(&f, 0 - 4 * PAGE, 4 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ last_page, PAGE }), 0);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ last_page, 2 * PAGE }),
		  -EINVAL);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), -ENOSPC);
	CHECK_INT(take(&f, 3 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_give(&f.region, (struct umm_range){ last_page, PAGE }), 0);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(take(&f, 2 * PAGE, 2 * PAGE, &run), 0);
	CHECK(run.start == 0 - 2 * PAGE);
	teardown(&f);
}

TEST(ranges_that_wrap_are_not_added)
{
	struct fixture f;
	setup(&f, 0x10000, PAGE);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0 - PAGE, 2 * PAGE }), -EINVAL);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x20000, 0 }), -EINVAL);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x20001, PAGE }), -EINVAL);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x10000, PAGE }), -EEXIST);
	teardown(&f);
}

TEST(all_of_the_address_space_but_a_page_fits)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, PAGE, 0 - PAGE);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0, PAGE }), -EOVERFLOW);
	CHECK_INT(take(&f, 1ull << 63, 1ull << 63, &run), 0);
	CHECK(run.start == 1ull << 63);
	CHECK_INT(take(&f, 1ull << 63, 0, &run), -ENOSPC);
	teardown(&f);
}

TEST(runs_of_four_gib_and_more_keep_their_length)
{
	struct fixture f;
	struct umm_range a, b;
	setup(&f, 1ull << 40, 16ull << 30);
	CHECK_INT(take(&f, 4ull << 30, 1 << 30, &a), 0);
	CHECK_INT(take(&f, (8ull << 30) + 1, 0, &b), 0);
	CHECK(a.size == 4ull << 30 && b.size == (8ull << 30) + PAGE);
	CHECK(!umm_range_overlaps(a, b));
	CHECK_INT(free_bytes(&f), (16ull << 30) - a.size - b.size);
	teardown(&f);
}

TEST(no_run_crosses_a_boundary)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0xe000, 4 * PAGE); /* the boundary of 64 KiB lies in the middle */
	struct umm_region_request request = { .size_bytes = 3 * PAGE, .boundary_bytes = 0x10000 };
	CHECK_INT(umm_region_take(&f.region, &request, &run), -ENOSPC);
	request.size_bytes = 2 * PAGE;
	CHECK_INT(umm_region_take(&f.region, &request, &run), 0);
	CHECK_INT(umm_region_take(&f.region, &request, &run), 0);
	request.size_bytes = 0x10001;
	CHECK_INT(umm_region_take(&f.region, &request, &run), -ENOSPC);
	teardown(&f);
}

TEST(max_address_is_the_last_byte_allowed)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x10000, 16 * PAGE);
	struct umm_region_request request = { .size_bytes = PAGE, .max_address = 0x10ffe };
	CHECK_INT(umm_region_take(&f.region, &request, &run), -ENOSPC);
	request.max_address = 0x10fff;
	CHECK_INT(umm_region_take(&f.region, &request, &run), 0);
	CHECK_INT(run.start, 0x10000);
	teardown(&f);
}

TEST(requests_without_a_limit_leave_low_addresses_to_those_with_one)
{
	struct fixture f;
	struct umm_range high, low;
	setup(&f, 0x10000, 16 * PAGE);
	struct umm_region_request limited = { .size_bytes = PAGE, .max_address = 0x1ffff };
	CHECK_INT(take(&f, PAGE, 0, &high), 0);
	CHECK_INT(umm_region_take(&f.region, &limited, &low), 0);
	CHECK(high.start == 0x1f000 && low.start == 0x10000);
	teardown(&f);
}

TEST(no_run_lies_in_two_ranges_that_touch)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x10000, 4 * PAGE);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x14000, 4 * PAGE }), 0);
	CHECK_INT(take(&f, 5 * PAGE, 0, &run), -ENOSPC);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x13000, 2 * PAGE }), -EFAULT);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(umm_region_give(&f.region, (struct umm_range){ 0x13000, 2 * PAGE }), -EFAULT);
	CHECK_INT(take(&f, 5 * PAGE, 0, &run), -ENOSPC);
	teardown(&f);
}

TEST(regions_grow_while_in_use)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x10000, 4 * PAGE);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x1000, 4 * PAGE }), 0);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x100000, 8 * PAGE }), 0);
	CHECK_INT(take(&f, 8 * PAGE, 0, &run), 0);
	CHECK_INT(run.start, 0x100000);
	teardown(&f);
}

TEST(double_partial_and_foreign_gives_change_nothing)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }), 0);
	run = (struct umm_range){ 0x12000, 4 * PAGE };
	const struct {
		struct umm_range range;
		int result;
	} bad[] = {
		{ { 0x12000, 2 * PAGE }, -ERANGE },   { { 0x13000, 2 * PAGE }, -ERANGE },
		{ { 0x12000, 5 * PAGE }, -ERANGE },   { { 0x10000, 16 * PAGE }, -ERANGE },
		{ { 0x12000, PAGE / 2 }, -ERANGE },   { { 0x10000, PAGE }, -EALREADY },
		{ { 0x16000, 4 * PAGE }, -EALREADY }, { { 0x1f000, 2 * PAGE }, -EFAULT },
		{ { 0x20000, PAGE }, -EFAULT },	      { { 0xf000, 2 * PAGE }, -EFAULT },
		{ { 0x12000, 0 }, -EINVAL },	      { { 0x12000, UINT64_MAX }, -EINVAL },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(umm_region_give(&f.region, bad[i].range), bad[i].result);
		CHECK_INT(free_bytes(&f), 12 * PAGE);
		CHECK(umm_region_valid(&f.region));
	}
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(umm_region_give(&f.region, run), -EALREADY);
	teardown(&f);
}

TEST(reserve_refuses_what_overlaps_taken_runs)
{
	struct fixture f;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }), 0);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }), -EBUSY);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x11000, 2 * PAGE }), -EBUSY);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x10000, 16 * PAGE }), -EBUSY);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x10800, PAGE }), -EINVAL);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0xf000, 2 * PAGE }), -EFAULT);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x10000, 2 * PAGE }), 0);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x1f000, PAGE }), 0);
	CHECK_INT(free_bytes(&f), 9 * PAGE);
	teardown(&f);
}

TEST(more_runs_than_agreed_are_refused_and_giving_makes_room)
{
	struct fixture f;
	struct umm_range runs[4], run;
	setup_sized(&f, PAGE, 4, 1);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0, 64 * PAGE }), 0);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 1 << 20, PAGE }), -ENOMEM);
	for (unsigned i = 0; i < 4; i++) {
		runs[i] = (struct umm_range){ (2 * i + 1) * PAGE, PAGE };
		CHECK_INT(umm_region_reserve(&f.region, runs[i]), 0);
	}
	CHECK_INT(take(&f, PAGE, 0, &run), -ENOMEM);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0, PAGE }), -ENOMEM);
	CHECK_INT(umm_region_give(&f.region, runs[2]), 0);
	CHECK_INT(take(&f, PAGE, 0, &run), 0);
	teardown(&f);
}

TEST(exhaustion_ends_when_something_is_given_back)
{
	struct fixture f;
	struct umm_range run, runs[16];
	setup(&f, 0x10000, 16 * PAGE);
	for (int i = 0; i < 16; i++)
		CHECK_INT(take(&f, PAGE, 0, &runs[i]), 0);
	CHECK_INT(take(&f, PAGE, 0, &run), -ENOSPC);
	for (int i = 0; i < 16; i++)
		CHECK_INT(umm_region_give(&f.region, runs[i]), 0);
	CHECK_INT(take(&f, 16 * PAGE, 0, &run), 0);
	teardown(&f);
}

TEST(tags_stay_with_their_run)
{
	struct fixture f;
	struct umm_range run;
	uint64_t tag = 7;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_get_tag(&f.region, run, &tag), 0);
	CHECK_INT(tag, 0);
	CHECK_INT(umm_region_set_tag(&f.region, run, 42), 0);
	CHECK_INT(umm_region_get_tag(&f.region, run, &tag), 0);
	CHECK_INT(tag, 42);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(umm_region_get_tag(&f.region, run, &tag), -ENOENT);
	CHECK_INT(umm_region_set_tag(&f.region, run, 1), -ENOENT);
	teardown(&f);
}

TEST(fragmentation_is_what_lies_outside_the_largest_run)
{
	struct fixture f;
	struct umm_region_stats stats;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x14000, 4 * PAGE }), 0);
	umm_region_get_stats(&f.region, &stats);
	CHECK_INT(stats.largest_free_bytes, 8 * PAGE);
	CHECK_INT(stats.fragmentation_permille, 333);
	CHECK_INT(stats.free_runs, 2);
	CHECK_INT(stats.taken_runs, 1);
	teardown(&f);
}

TEST(check_sees_broken_books)
{
	struct fixture f;
	struct umm_range run;
	setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, PAGE, 0, &run), 0);
	CHECK(umm_region_valid(&f.region));
	f.region.free_bytes += PAGE;
	CHECK(!umm_region_valid(&f.region));
	f.region.free_bytes -= PAGE;
	f.region.filled ^= 1;
	CHECK(!umm_region_valid(&f.region));
	f.region.filled ^= 1;
	teardown(&f);
}

/* The model: the owner of each page, 0 for none. */

struct model {
	struct umm_range ranges[MAX_RANGES];
	uint32_t first_page[MAX_RANGES + 1]; /* of each range in `owner` */
	uint32_t owner[MAX_PAGES];
	unsigned n_ranges;
};

struct live {
	struct umm_range run;
	uint32_t owner;
};

static uint32_t *model_page(struct model *m, uint64_t address, unsigned *out_range)
{
	for (unsigned i = 0; i < m->n_ranges; i++)
		if (address - m->ranges[i].start < m->ranges[i].size) {
			*out_range = i;
			return &m->owner[m->first_page[i] + (address - m->ranges[i].start) / PAGE];
		}
	return NULL;
}

/** What lies under a run: outside, free, taken (something is), or exactly one whole taken run. */
enum under { OUTSIDE, FREE, TAKEN };

static enum under model_look(struct model *m, struct umm_range run)
{
	unsigned range = 0, last_range = 0;
	uint32_t *first = model_page(m, run.start, &range);
	uint32_t *last = model_page(m, umm_range_last(run), &last_range);
	if (first == NULL || last == NULL || range != last_range)
		return OUTSIDE;
	for (uint32_t *page = first; page <= last; page++)
		if (*page != 0)
			return TAKEN;
	return FREE;
}

static void model_mark(struct model *m, struct umm_range run, uint32_t owner)
{
	unsigned range;
	uint32_t *page = model_page(m, run.start, &range);
	for (uint64_t i = 0; i < run.size / PAGE; i++)
		page[i] = owner;
}

static bool model_obeys(const struct umm_region_request *request, struct umm_range run)
{
	uint64_t align = request->align_bytes > PAGE ? request->align_bytes : PAGE;
	if (run.start % align != 0)
		return false;
	if (request->max_address != 0 && umm_range_last(run) > request->max_address)
		return false;
	return request->boundary_bytes == 0 ||
	       run.start / request->boundary_bytes == umm_range_last(run) / request->boundary_bytes;
}

static bool model_fits(struct model *m, const struct umm_region_request *request)
{
	uint64_t size = (request->size_bytes + PAGE - 1) / PAGE * PAGE;
	for (unsigned i = 0; i < m->n_ranges; i++) {
		if (size > m->ranges[i].size)
			continue;
		for (uint64_t at = 0; at <= m->ranges[i].size - size; at += PAGE) {
			struct umm_range run = { m->ranges[i].start + at, size };
			if (model_obeys(request, run) && model_look(m, run) == FREE)
				return true;
		}
	}
	return false;
}

static void model_stats(struct model *m, struct umm_region_stats *out)
{
	*out = (struct umm_region_stats){ .ranges = m->n_ranges };
	for (unsigned i = 0; i < m->n_ranges; i++) {
		uint64_t run = 0;
		for (uint32_t page = m->first_page[i]; page < m->first_page[i + 1]; page++) {
			bool is_free = m->owner[page] == 0;
			out->free_runs += is_free && run == 0;
			out->free_bytes += is_free ? PAGE : 0;
			run = is_free ? run + PAGE : 0;
			if (run > out->largest_free_bytes)
				out->largest_free_bytes = run;
		}
		out->total_bytes += m->ranges[i].size;
	}
}

struct trial {
	struct fixture f;
	struct model m;
	struct live live[MAX_RUNS];
	unsigned n_live;
	uint32_t owners;
	struct test_random random;
	unsigned check_every; /* steps between checks of all invariants */
};

static void trial_add_range(struct trial *t, uint64_t start, uint32_t pages)
{
	struct umm_range range = { start, pages * PAGE };
	CHECK_INT(umm_region_add(&t->f.region, range), 0);
	t->m.ranges[t->m.n_ranges] = range;
	t->m.first_page[t->m.n_ranges + 1] = t->m.first_page[t->m.n_ranges] + pages;
	CHECK(t->m.first_page[t->m.n_ranges + 1] <= MAX_PAGES);
	t->m.n_ranges++;
}

static void trial_note(struct trial *t, struct umm_range run)
{
	t->live[t->n_live++] = (struct live){ run, ++t->owners };
	model_mark(&t->m, run, t->owners);
}

static void trial_take(struct trial *t)
{
	struct umm_region_request request = {
		.size_bytes =
			1 + test_random_below(&t->random, PAGE << test_random_below(&t->random, 7)),
		.align_bytes = test_random_below(&t->random, 3) == 0
				       ? 0
				       : 256ull << test_random_below(&t->random, 14),
	};
	const struct umm_range *some = &t->m.ranges[test_random_below(&t->random, t->m.n_ranges)];
	if (test_random_below(&t->random, 4) == 0)
		request.max_address = some->start + test_random_below(&t->random, some->size);
	if (test_random_below(&t->random, 4) == 0)
		request.boundary_bytes = PAGE << test_random_below(&t->random, 10);

	struct umm_range run;
	int ret = umm_region_take(&t->f.region, &request, &run);
	if (ret == -ENOMEM) {
		CHECK_INT(t->n_live, MAX_RUNS);
		return;
	}
	if (ret == -ENOSPC) {
		CHECK(!model_fits(&t->m, &request));
		return;
	}
	CHECK_INT(ret, 0);
	CHECK(run.size >= request.size_bytes && run.size - request.size_bytes < PAGE);
	CHECK(model_obeys(&request, run) && model_look(&t->m, run) == FREE);
	trial_note(t, run);
}

static struct umm_range random_run(struct trial *t)
{
	const struct umm_range *some = &t->m.ranges[test_random_below(&t->random, t->m.n_ranges)];
	uint64_t at = test_random_below(&t->random, some->size / PAGE + 2);
	return (struct umm_range){ some->start + (at - 1) * PAGE,
				   PAGE << test_random_below(&t->random, 6) };
}

static void trial_reserve(struct trial *t)
{
	struct umm_range run = random_run(t);
	int ret = umm_region_reserve(&t->f.region, run);
	if (!umm_range_sane(run)) {
		CHECK_INT(ret, -EINVAL);
		return;
	}
	switch (model_look(&t->m, run)) {
	case OUTSIDE:
		CHECK_INT(ret, -EFAULT);
		break;
	case TAKEN:
		CHECK_INT(ret, -EBUSY);
		break;
	case FREE:
		CHECK_INT(ret, t->n_live == MAX_RUNS ? -ENOMEM : 0);
		if (ret == 0)
			trial_note(t, run);
		break;
	}
}

static void trial_give(struct trial *t)
{
	if (t->n_live == 0)
		return;
	unsigned victim = (unsigned)test_random_below(&t->random, t->n_live);
	struct umm_range run = t->live[victim].run;
	CHECK_INT(umm_region_give(&t->f.region, run), 0);
	model_mark(&t->m, run, 0);
	t->live[victim] = t->live[--t->n_live];
}

static void trial_give_wrongly(struct trial *t)
{
	struct umm_range run = random_run(t);
	if (!umm_range_sane(run)) {
		CHECK_INT(umm_region_give(&t->f.region, run), -EINVAL);
		return;
	}
	for (unsigned i = 0; i < t->n_live; i++)
		if (umm_range_equal(t->live[i].run, run))
			return;
	static const int expected[] = {
		[OUTSIDE] = -EFAULT,
		[FREE] = -EALREADY,
		[TAKEN] = -ERANGE,
	};
	CHECK_INT(umm_region_give(&t->f.region, run), expected[model_look(&t->m, run)]);
}

static void trial_compare(struct trial *t)
{
	struct umm_region_stats real, naive;
	umm_region_get_stats(&t->f.region, &real);
	model_stats(&t->m, &naive);
	CHECK(real.total_bytes == naive.total_bytes);
	CHECK(real.free_bytes == naive.free_bytes);
	CHECK(real.largest_free_bytes == naive.largest_free_bytes);
	CHECK_INT(real.free_runs, naive.free_runs);
	CHECK_INT(real.taken_runs, t->n_live);
	CHECK_INT(real.ranges, naive.ranges);
}

/** Percent of steps that take, reserve, give wrongly; the rest give back. */
static void trial_run(struct trial *t, uint64_t steps, unsigned takes)
{
	for (uint64_t step = 0; step < steps; step++) {
		uint64_t dice = test_random_below(&t->random, 100);
		if (dice < takes)
			trial_take(t);
		else if (dice < takes + 6)
			trial_reserve(t);
		else if (dice < takes + 10)
			trial_give_wrongly(t);
		else
			trial_give(t);
		if (step % t->check_every == 0 && !umm_region_valid(&t->f.region))
			test_fail(__FILE__, __LINE__, "broken after step %llu",
				  (unsigned long long)step);
		if (step % 64 == 0)
			trial_compare(t);
	}
}

static struct trial *trial_start(uint64_t seed)
{
	struct trial *t = calloc(1, sizeof(*t));
	CHECK(t != NULL);
	setup_sized(&t->f, PAGE, MAX_RUNS, MAX_RANGES);
	t->random = test_random_seed(seed);
	t->check_every = 1;
	return t;
}

static void trial_end(struct trial *t)
{
	while (t->n_live > 0)
		trial_give(t);
	trial_compare(t);
	teardown(&t->f);
	free(t);
}

TEST(random_calls_agree_with_a_bitmap)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct trial *t = trial_start(seed);
		trial_add_range(t, 0x7ff3000, 700);
		for (unsigned round = 0; round < 4; round++)
			trial_run(t, test_steps(40000), 38 + 7 * (round % 3));
		trial_end(t);
	}
}

TEST(random_calls_agree_with_a_bitmap_in_several_ranges)
{
	for (uint64_t seed = 11; seed <= 14; seed++) {
		struct trial *t = trial_start(seed);
		trial_add_range(t, 0x100000, 37);
		trial_add_range(t, 0x100000 + 37 * PAGE, 64); /* touches the first */
		trial_run(t, test_steps(30000), 45);
		trial_add_range(t, 0, 16);
		trial_add_range(t, 1ull << 32, 333);
		trial_add_range(t, 0 - 200 * PAGE, 200); /* ends with the address space */
		for (unsigned round = 0; round < 4; round++)
			trial_run(t, test_steps(30000), 38 + 7 * (round % 3));
		trial_end(t);
	}
}

TEST(random_calls_agree_with_a_bitmap_when_runs_run_out)
{
	struct trial *t = trial_start(21);
	t->check_every = 16;
	trial_add_range(t, 0x40000000, 4000);
	trial_run(t, test_steps(20000), 60);
	CHECK(t->n_live > MAX_RUNS / 2);
	trial_run(t, test_steps(100000), 50);
	trial_end(t);
}
