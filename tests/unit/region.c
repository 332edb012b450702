/* SPDX-License-Identifier: MIT */
/** The region at every edge. Random calls are in region_random.c. */
#include "tests/harness.h"
#include "tests/unit/region_fixture.h"

#include <errno.h>

static int take(struct region_fixture *f, uint64_t size, uint64_t align, struct umm_range *out)
{
	struct umm_region_request request = { .size_bytes = size, .align_bytes = align };
	return umm_region_take(&f->region, &request, out);
}

static uint64_t free_bytes(struct region_fixture *f)
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
	struct region_fixture f;
	struct umm_range run, more;
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, 16 * PAGE, 0, &run), 0);
	CHECK(run.start == 0x10000 && run.size == 16 * PAGE);
	CHECK_INT(take(&f, 1, 0, &more), -ENOSPC);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(take(&f, 16 * PAGE + 1, 0, &more), -ENOSPC);
	CHECK_INT(free_bytes(&f), 16 * PAGE);
	region_teardown(&f);
}

TEST(size_zero_and_crooked_numbers_are_refused)
{
	struct region_fixture f;
	struct umm_range run = { 1, 2 };
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, 0, 0, &run), -EINVAL);
	CHECK_INT(take(&f, PAGE, 3, &run), -EINVAL);
	struct umm_region_request request = { .size_bytes = PAGE, .boundary_bytes = 5000 };
	CHECK_INT(umm_region_take(&f.region, &request, &run), -EINVAL);
	CHECK_INT(take(&f, UINT64_MAX, 0, &run), -ENOSPC);
	CHECK(run.start == 1 && run.size == 2);
	region_teardown(&f);
}

TEST(sizes_round_up_to_the_granule)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, PAGE + 1, 0, &run), 0);
	CHECK_INT(run.size, 2 * PAGE);
	CHECK_INT(umm_region_give(&f.region, (struct umm_range){ run.start, PAGE + 1 }), -ERANGE);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	region_teardown(&f);
}

TEST(alignment_is_of_the_absolute_address)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x7fff000, 3 * PAGE); /* the base is not aligned; one page in it is */
	CHECK_INT(take(&f, PAGE, 0x8000000, &run), 0);
	CHECK_INT(run.start, 0x8000000);
	CHECK_INT(take(&f, PAGE, 0x8000000, &run), -ENOSPC);
	region_teardown(&f);
}

TEST(alignment_above_the_area_needs_an_aligned_page_in_it)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, PAGE, 64 * PAGE);
	CHECK_INT(take(&f, PAGE, 1ull << 63, &run), -ENOSPC);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0, PAGE }), 0);
	CHECK_INT(take(&f, PAGE, 1ull << 63, &run), 0);
	CHECK_INT(run.start, 0);
	region_teardown(&f);
}

TEST(last_page_of_the_address_space_is_a_page_like_any_other)
{
	struct region_fixture f;
	struct umm_range run;
	uint64_t last_page = 0 - PAGE;
	region_setup(&f, 0 - 4 * PAGE, 4 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ last_page, PAGE }), 0);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ last_page, 2 * PAGE }),
		  -EINVAL);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), -ENOSPC);
	CHECK_INT(take(&f, 3 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_give(&f.region, (struct umm_range){ last_page, PAGE }), 0);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(take(&f, 2 * PAGE, 2 * PAGE, &run), 0);
	CHECK(run.start == 0 - 2 * PAGE);
	region_teardown(&f);
}

TEST(first_page_of_the_address_space_is_a_page_like_any_other)
{
	struct region_fixture f;
	struct umm_range run, first = { 0, PAGE };
	region_setup(&f, 0, 4 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, first), 0);
	CHECK_INT(umm_region_reserve(&f.region, first), -EBUSY);
	CHECK_INT(take(&f, 3 * PAGE, 0, &run), 0);
	CHECK(run.start == PAGE);
	CHECK_INT(umm_region_give(&f.region, first), 0);
	CHECK_INT(umm_region_give(&f.region, first), -EALREADY);
	struct umm_region_request low = { .size_bytes = PAGE, .max_address = PAGE - 1 };
	CHECK_INT(umm_region_take(&f.region, &low, &first), 0);
	CHECK(first.start == 0 && first.size == PAGE);
	CHECK_INT(umm_region_give(&f.region, first), 0);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK(run.start == 0);
	region_teardown(&f);
}

TEST(ranges_that_wrap_are_not_added)
{
	struct region_fixture f;
	region_setup(&f, 0x10000, PAGE);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0 - PAGE, 2 * PAGE }), -EINVAL);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x20000, 0 }), -EINVAL);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x20001, PAGE }), -EINVAL);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x10000, PAGE }), -EEXIST);
	region_teardown(&f);
}

TEST(all_of_the_address_space_but_a_page_fits)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, PAGE, 0 - PAGE);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0, PAGE }), -EOVERFLOW);
	CHECK_INT(take(&f, 1ull << 63, 1ull << 63, &run), 0);
	CHECK(run.start == 1ull << 63);
	CHECK_INT(take(&f, 1ull << 63, 0, &run), -ENOSPC);
	region_teardown(&f);
}

TEST(runs_of_four_gib_and_more_keep_their_length)
{
	struct region_fixture f;
	struct umm_range a, b;
	region_setup(&f, 1ull << 40, 16ull << 30);
	CHECK_INT(take(&f, 4ull << 30, 1 << 30, &a), 0);
	CHECK_INT(take(&f, (8ull << 30) + 1, 0, &b), 0);
	CHECK(a.size == 4ull << 30 && b.size == (8ull << 30) + PAGE);
	CHECK(!umm_range_overlaps(a, b));
	CHECK_INT(free_bytes(&f), (16ull << 30) - a.size - b.size);
	region_teardown(&f);
}

TEST(no_run_crosses_a_boundary)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0xe000, 4 * PAGE); /* the boundary of 64 KiB lies in the middle */
	struct umm_region_request request = { .size_bytes = 3 * PAGE, .boundary_bytes = 0x10000 };
	CHECK_INT(umm_region_take(&f.region, &request, &run), -ENOSPC);
	request.size_bytes = 2 * PAGE;
	CHECK_INT(umm_region_take(&f.region, &request, &run), 0);
	CHECK_INT(umm_region_take(&f.region, &request, &run), 0);
	request.size_bytes = 0x10001;
	CHECK_INT(umm_region_take(&f.region, &request, &run), -ENOSPC);
	region_teardown(&f);
}

TEST(max_address_is_the_last_byte_allowed)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x10000, 16 * PAGE);
	struct umm_region_request request = { .size_bytes = PAGE, .max_address = 0x10ffe };
	CHECK_INT(umm_region_take(&f.region, &request, &run), -ENOSPC);
	request.max_address = 0x10fff;
	CHECK_INT(umm_region_take(&f.region, &request, &run), 0);
	CHECK_INT(run.start, 0x10000);
	region_teardown(&f);
}

TEST(requests_without_a_limit_leave_low_addresses_to_those_with_one)
{
	struct region_fixture f;
	struct umm_range high, low;
	region_setup(&f, 0x10000, 16 * PAGE);
	struct umm_region_request limited = { .size_bytes = PAGE, .max_address = 0x1ffff };
	CHECK_INT(take(&f, PAGE, 0, &high), 0);
	CHECK_INT(umm_region_take(&f.region, &limited, &low), 0);
	CHECK(high.start == 0x1f000 && low.start == 0x10000);
	region_teardown(&f);
}

TEST(no_run_lies_in_two_ranges_that_touch)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x10000, 4 * PAGE);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x14000, 4 * PAGE }), 0);
	CHECK_INT(take(&f, 5 * PAGE, 0, &run), -ENOSPC);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x13000, 2 * PAGE }), -EFAULT);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(umm_region_give(&f.region, (struct umm_range){ 0x13000, 2 * PAGE }), -EFAULT);
	CHECK_INT(take(&f, 5 * PAGE, 0, &run), -ENOSPC);
	region_teardown(&f);
}

TEST(regions_grow_while_in_use)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x10000, 4 * PAGE);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x1000, 4 * PAGE }), 0);
	CHECK_INT(umm_region_add(&f.region, (struct umm_range){ 0x100000, 8 * PAGE }), 0);
	CHECK_INT(take(&f, 8 * PAGE, 0, &run), 0);
	CHECK_INT(run.start, 0x100000);
	region_teardown(&f);
}

TEST(double_partial_and_foreign_gives_change_nothing)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x10000, 16 * PAGE);
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
	region_teardown(&f);
}

TEST(reserve_refuses_what_overlaps_taken_runs)
{
	struct region_fixture f;
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }), 0);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }), -EBUSY);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x11000, 2 * PAGE }), -EBUSY);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x10000, 16 * PAGE }), -EBUSY);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x10800, PAGE }), -EINVAL);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0xf000, 2 * PAGE }), -EFAULT);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x10000, 2 * PAGE }), 0);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x1f000, PAGE }), 0);
	CHECK_INT(free_bytes(&f), 9 * PAGE);
	region_teardown(&f);
}

TEST(more_runs_than_agreed_are_refused_and_giving_makes_room)
{
	struct region_fixture f;
	struct umm_range runs[4], run;
	region_setup_sized(&f, PAGE, 4, 1);
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
	region_teardown(&f);
}

TEST(exhaustion_ends_when_something_is_given_back)
{
	struct region_fixture f;
	struct umm_range run, runs[16];
	region_setup(&f, 0x10000, 16 * PAGE);
	for (int i = 0; i < 16; i++)
		CHECK_INT(take(&f, PAGE, 0, &runs[i]), 0);
	CHECK_INT(take(&f, PAGE, 0, &run), -ENOSPC);
	for (int i = 0; i < 16; i++)
		CHECK_INT(umm_region_give(&f.region, runs[i]), 0);
	CHECK_INT(take(&f, 16 * PAGE, 0, &run), 0);
	region_teardown(&f);
}

TEST(tags_stay_with_their_run)
{
	struct region_fixture f;
	struct umm_range run;
	uint64_t tag = 7;
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, 4 * PAGE, 0, &run), 0);
	CHECK_INT(umm_region_get_tag(&f.region, run, &tag), 0);
	CHECK_INT(tag, 0);
	CHECK_INT(umm_region_set_tag(&f.region, run, 42), 0);
	CHECK_INT(umm_region_get_tag(&f.region, run, &tag), 0);
	CHECK_INT(tag, 42);
	CHECK_INT(umm_region_give(&f.region, run), 0);
	CHECK_INT(umm_region_get_tag(&f.region, run, &tag), -ENOENT);
	CHECK_INT(umm_region_set_tag(&f.region, run, 1), -ENOENT);
	region_teardown(&f);
}

TEST(fragmentation_is_what_lies_outside_the_largest_run)
{
	struct region_fixture f;
	struct umm_region_stats stats;
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x14000, 4 * PAGE }), 0);
	umm_region_get_stats(&f.region, &stats);
	CHECK_INT(stats.largest_free_bytes, 8 * PAGE);
	CHECK_INT(stats.fragmentation_permille, 333);
	CHECK_INT(stats.free_runs, 2);
	CHECK_INT(stats.taken_runs, 1);
	region_teardown(&f);
}

TEST(check_sees_broken_books)
{
	struct region_fixture f;
	struct umm_range run;
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(take(&f, PAGE, 0, &run), 0);
	CHECK(umm_region_valid(&f.region));
	f.region.free_bytes += PAGE;
	CHECK(!umm_region_valid(&f.region));
	f.region.free_bytes -= PAGE;
	f.region.filled ^= 1;
	CHECK(!umm_region_valid(&f.region));
	f.region.filled ^= 1;
	region_teardown(&f);
}

/* All runs, free and taken, and their tags: whether anything changed. */
static uint64_t picture_of(const struct region_fixture *f)
{
	struct umm_region_run run;
	uint64_t sum = 0;
	for (bool more = umm_region_first(&f->region, &run); more;
	     more = umm_region_next(&f->region, &run))
		sum = (sum ^ run.range.start ^ run.range.size << 20 ^ run.tag ^ run.taken) *
		      0x9e3779b97f4a7c15ull;
	return sum ^ free_bytes((struct region_fixture *)f);
}

TEST(every_bad_call_changes_nothing)
{
	static const struct umm_range bad[] = {
		{ 0x10000, 0 },		{ 0x10001, PAGE },	 { 0x10000, PAGE + 1 },
		{ 0 - PAGE, 2 * PAGE }, { 0x10000, UINT64_MAX }, { 0xf000, 2 * PAGE },
		{ 0x1f000, 2 * PAGE },	{ 0x12000, PAGE },	 { 0x13000, PAGE },
		{ 0x11000, 8 * PAGE },	{ 0x10000, 16 * PAGE },	 { 0x40000, PAGE },
	};
	static const struct umm_region_request impossible[] = {
		{ .size_bytes = 0 },
		{ .size_bytes = PAGE, .align_bytes = 24 },
		{ .size_bytes = PAGE, .boundary_bytes = 3 * PAGE },
		{ .size_bytes = 17 * PAGE },
		{ .size_bytes = 2 * PAGE, .boundary_bytes = PAGE },
		{ .size_bytes = PAGE, .max_address = 0xffff },
		{ .size_bytes = PAGE, .align_bytes = 1ull << 40 },
		{ .size_bytes = UINT64_MAX },
	};
	struct region_fixture f;
	struct umm_range out = { 1, 2 };
	region_setup(&f, 0x10000, 16 * PAGE);
	CHECK_INT(umm_region_reserve(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }), 0);
	CHECK_INT(umm_region_set_tag(&f.region, (struct umm_range){ 0x12000, 4 * PAGE }, 9), 0);
	uint64_t before = picture_of(&f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(umm_region_reserve(&f.region, bad[i]) < 0);
		CHECK(umm_region_give(&f.region, bad[i]) < 0);
		CHECK(umm_region_set_tag(&f.region, bad[i], 5) < 0);
		if (i + 1 < sizeof(bad) / sizeof(bad[0])) /* the last one would be a new range */
			CHECK(umm_region_add(&f.region, bad[i]) < 0);
		CHECK(picture_of(&f) == before && umm_region_valid(&f.region));
	}
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		CHECK(umm_region_take(&f.region, &impossible[i], &out) < 0);
		CHECK(picture_of(&f) == before && out.start == 1 && out.size == 2);
	}
	region_teardown(&f);
}
