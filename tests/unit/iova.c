/* SPDX-License-Identifier: MIT */
/** The IOVA allocator at every edge. Random calls are in iova_random.c, threads in iova_threads.c.
 */
#include "tests/harness.h"
#include "tests/unit/iova_fixture.h"

#include <errno.h>

TEST(memory_is_told_and_kept_to)
{
	struct iova_fixture f;
	struct umm_iova_config config = iova_usual_config(&f);
	struct umm_iova_cache *cache = malloc(sizeof(*cache));
	size_t bytes = umm_iova_memory(&config), queue_bytes = umm_iova_cache_memory(&config);
	char *memory = malloc(bytes), *queue = malloc(queue_bytes);
	CHECK(cache != NULL && memory != NULL && queue != NULL);
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, bytes - 1), -ENOMEM);
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, bytes), 0);
	CHECK_INT(umm_iova_cache_init(cache, &f.iova, queue, queue_bytes - 1), -ENOMEM);
	free(cache);
	free(memory);
	free(queue);
}

TEST(senseless_configurations_are_refused)
{
	struct iova_fixture f;
	char memory[64];
	struct umm_iova_config config = iova_usual_config(&f);
	config.granule_bytes = 5000;
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, sizeof(memory)), -EINVAL);
	config = iova_usual_config(&f);
	config.lock.unlock = NULL;
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, sizeof(memory)), -EINVAL);
	config = iova_usual_config(&f);
	config.max_runs = 0;
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, sizeof(memory)), -EINVAL);
}

TEST(size_zero_and_crooked_numbers_are_refused)
{
	struct iova_fixture f;
	struct umm_range range = { 1, 2 };
	iova_setup(&f, APERTURE, 64 * PAGE, 1);
	CHECK_INT(iova_take(&f, 0, 0, &range), -EINVAL);
	struct umm_region_request request = { .size_bytes = PAGE, .align_bytes = 3 };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &range), -EINVAL);
	request = (struct umm_region_request){ .size_bytes = PAGE, .boundary_bytes = 3 };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &range), -EINVAL);
	CHECK_INT(iova_take(&f, 0, UINT64_MAX, &range), -ENOSPC);
	CHECK(range.start == 1 && range.size == 2);
	iova_teardown(&f);
}

TEST(sizes_waste_at_most_an_eighth)
{
	struct iova_fixture f;
	struct umm_range range;
	iova_setup(&f, 0x10000000, 1ull << 36, 1);
	for (uint64_t pages = 1; pages <= 16384 + 100; pages += 1 + pages / 100) {
		CHECK_INT(iova_take(&f, 0, pages * PAGE, &range), 0);
		CHECK(range.size >= pages * PAGE && range.size - pages * PAGE <= pages * PAGE / 8);
		CHECK_INT(iova_give(&f, 0, range), 0);
	}
	iova_teardown(&f);
}

TEST(frame_sized_ranges_come_back_from_the_magazine)
{
	struct iova_fixture f;
	struct umm_range first, again;
	iova_setup(&f, 0x10000000, 1ull << 36, 1);
	CHECK_INT(iova_take(&f, 0, 3840 * 2160 * 4, &first), 0);
	CHECK_INT(first.start % (2 << 20), 0);
	CHECK_INT(iova_give(&f, 0, first), 0);
	CHECK_INT(iova_stats_of(&f).kept, 1);
	CHECK_INT(iova_take(&f, 0, 3840 * 2160 * 4, &again), 0);
	CHECK(umm_range_equal(first, again));
	CHECK_INT(iova_stats_of(&f).kept, 0);
	CHECK_INT(iova_give(&f, 0, again), 0);
	iova_teardown(&f);
}

TEST(ranges_too_long_for_magazines_go_straight_back)
{
	struct iova_fixture f;
	struct umm_range range;
	iova_setup(&f, 1ull << 32, 1ull << 36, 1);
	CHECK_INT(iova_take(&f, 0, 4ull << 30, &range), 0);
	CHECK(range.size == 4ull << 30);
	CHECK_INT(iova_give(&f, 0, range), 0);
	CHECK_INT(iova_stats_of(&f).kept, 0);
	CHECK(iova_stats_of(&f).region.free_bytes == 1ull << 36);
	iova_teardown(&f);
}

TEST(whole_aperture_is_taken_and_given_back)
{
	struct iova_fixture f;
	struct umm_range range, more;
	iova_setup(&f, 0x12345000, 999 * PAGE, 1);
	CHECK_INT(iova_take(&f, 0, 999 * PAGE, &range), 0);
	CHECK(range.start == 0x12345000 && range.size == 999 * PAGE);
	CHECK_INT(iova_take(&f, 0, 1, &more), -ENOSPC);
	CHECK_INT(iova_give(&f, 0, range), 0);
	CHECK_INT(iova_take(&f, 0, 1000 * PAGE, &more), -ENOSPC);
	iova_teardown(&f);
}

TEST(last_page_of_the_address_space_can_be_used)
{
	struct iova_fixture f;
	struct umm_range a, b;
	iova_setup(&f, 0 - 2 * PAGE, 2 * PAGE, 1);
	CHECK_INT(iova_take(&f, 0, PAGE, &a), 0);
	CHECK_INT(iova_take(&f, 0, PAGE, &b), 0);
	CHECK(umm_range_last(a) == UINT64_MAX || umm_range_last(b) == UINT64_MAX);
	CHECK_INT(iova_give(&f, 0, a), 0);
	CHECK_INT(iova_give(&f, 0, b), 0);
	CHECK_INT(umm_iova_give(f.caches[0], (struct umm_range){ 0 - PAGE, 2 * PAGE }), -EINVAL);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], (struct umm_range){ 0 - PAGE, 2 * PAGE }),
		  -EINVAL);
	iova_teardown(&f);
}

TEST(first_page_of_the_address_space_can_be_used)
{
	struct iova_fixture f;
	struct umm_range range;
	iova_setup(&f, 0, PAGE, 1);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(iova_take(&f, 0, PAGE, &range), 0);
		CHECK(range.start == 0 && range.size == PAGE);
		CHECK_INT(iova_give(&f, 0, range), 0);
	}
	iova_teardown(&f);
}

TEST(ranges_of_four_gib_and_more_keep_their_length)
{
	struct iova_fixture f;
	struct umm_range range;
	iova_setup(&f, 0, 64ull << 30, 1);
	for (uint64_t size = 4ull << 30; size < 33ull << 30; size += 4ull << 30) {
		CHECK_INT(iova_take(&f, 0, size, &range), 0);
		CHECK(range.size == size && range.start % (2 << 20) == 0);
		CHECK_INT(iova_give(&f, 0, range), 0);
	}
	CHECK_INT(iova_take(&f, 0, (4ull << 30) + 1, &range), 0);
	CHECK(range.size == (4ull << 30) + PAGE);
	CHECK_INT(iova_give(&f, 0, range), 0);
	iova_teardown(&f);
}

TEST(limits_and_boundaries_hold_for_ranges_from_magazines_too)
{
	struct iova_fixture f;
	struct umm_range high, low, fits;
	iova_setup(&f, 0, 8ull << 30, 1);
	CHECK_INT(iova_take(&f, 0, 1 << 20, &high), 0);
	CHECK(high.start >= 4ull << 30);
	CHECK_INT(iova_give(&f, 0, high), 0);
	struct umm_region_request request = { .size_bytes = 1 << 20, .max_address = UINT32_MAX };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &low), 0);
	CHECK(umm_range_last(low) <= UINT32_MAX);
	CHECK_INT(iova_give(&f, 0, low), 0);
	CHECK_INT(umm_iova_take(f.caches[0], &request, &fits), 0);
	CHECK(umm_range_equal(low, fits)); /* the other one in the magazine does not serve */
	CHECK_INT(iova_give(&f, 0, fits), 0);

	request = (struct umm_region_request){ .size_bytes = 1 << 20, .align_bytes = 1 << 30 };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &fits), 0);
	CHECK_INT(fits.start % (1 << 30), 0);
	CHECK_INT(iova_give(&f, 0, fits), 0);
	iova_teardown(&f);
}

TEST(no_range_crosses_the_boundary_wherever_it_comes_from)
{
	struct iova_fixture f;
	struct umm_range ranges[64];
	struct umm_region_request request = { .size_bytes = 3 * PAGE, .boundary_bytes = 4 * PAGE };
	iova_setup(&f, APERTURE, 1 << 20, 1);
	for (int round = 0; round < 2; round++) { /* with empty magazines, then with full ones */
		for (int i = 0; i < 20; i++)
			CHECK_INT(iova_take(&f, 0, 3 * PAGE, &ranges[i]), 0);
		for (int i = 0; i < 20; i++)
			CHECK_INT(iova_give(&f, 0, ranges[i]), 0);
		for (int i = 0; i < 30; i++) {
			CHECK_INT(umm_iova_take(f.caches[0], &request, &ranges[i]), 0);
			CHECK(ranges[i].start / (4 * PAGE) ==
			      umm_range_last(ranges[i]) / (4 * PAGE));
		}
		for (int i = 0; i < 30; i++)
			CHECK_INT(iova_give(&f, 0, ranges[i]), 0);
	}
	iova_teardown(&f);
}

TEST(reserved_windows_are_never_taken_nor_given)
{
	struct iova_fixture f;
	struct umm_range window = { APERTURE + 16 * PAGE, 16 * PAGE }, range;
	iova_setup(&f, APERTURE, 48 * PAGE, 1);
	CHECK_INT(umm_iova_reserve(&f.iova, window), 0);
	CHECK_INT(umm_iova_reserve(&f.iova, window), -EBUSY);
	CHECK_INT(iova_take(&f, 0, 17 * PAGE, &range), -ENOSPC);
	struct umm_range all[32];
	for (int i = 0; i < 32; i++) {
		CHECK_INT(iova_take(&f, 0, PAGE, &all[i]), 0);
		CHECK(!umm_range_overlaps(all[i], window));
	}
	CHECK_INT(umm_iova_reserve(&f.iova, (struct umm_range){ all[0].start, PAGE }), -EBUSY);
	CHECK_INT(umm_iova_release(&f.iova, all[0]), -ERANGE);
	CHECK_INT(iova_take(&f, 0, PAGE, &range), -ENOSPC);
	for (int i = 0; i < 32; i++)
		CHECK_INT(iova_give(&f, 0, all[i]), 0);
	umm_iova_drain(f.caches[0]);
	CHECK_INT(umm_iova_release(&f.iova, window), 0);
	CHECK_INT(iova_take(&f, 0, 48 * PAGE, &range), 0);
	CHECK_INT(iova_give(&f, 0, range), 0);
	iova_teardown(&f);
}

TEST(full_and_empty_magazines_lose_nothing)
{
	struct iova_fixture f;
	struct umm_range ranges[600];
	iova_setup(&f, APERTURE, 600 * PAGE, 2);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 600; i++)
			CHECK_INT(iova_take(&f, (unsigned)i % 2, PAGE, &ranges[i]), 0);
		CHECK_INT(iova_stats_of(&f).region.free_bytes, 0);
		for (int i = 0; i < 600; i++) /* by the other one than took it, half the time */
			CHECK_INT(iova_give(&f, (unsigned)i / 2 % 2, ranges[i]), 0);
		CHECK(umm_iova_valid(&f.iova));
	}
	iova_teardown(&f);
}

TEST(exhaustion_takes_back_what_this_cache_and_the_depot_keep)
{
	struct iova_fixture f;
	struct umm_range ranges[256], whole;
	iova_setup(&f, APERTURE, 256 * PAGE, 1);
	for (int i = 0; i < 256; i++)
		CHECK_INT(iova_take(&f, 0, PAGE, &ranges[i]), 0);
	CHECK_INT(iova_take(&f, 0, PAGE, &whole), -ENOSPC);
	for (int i = 0; i < 256; i++)
		CHECK_INT(iova_give(&f, 0, ranges[i]), 0);
	CHECK(iova_stats_of(&f).kept > 32);
	CHECK_INT(iova_take(&f, 0, 256 * PAGE, &whole), 0);
	CHECK_INT(iova_give(&f, 0, whole), 0);
	iova_teardown(&f);
}

TEST(exhaustion_asks_other_caches_to_return_what_they_keep)
{
	struct iova_fixture f;
	struct umm_range a, b, whole;
	iova_setup(&f, APERTURE, 8 * PAGE, 2);
	CHECK_INT(iova_take(&f, 1, PAGE, &a), 0);
	CHECK_INT(iova_take(&f, 1, PAGE, &b), 0);
	CHECK_INT(iova_give(&f, 1, a), 0);
	CHECK_INT(iova_take(&f, 0, 7 * PAGE, &whole), -EAGAIN);
	CHECK_INT(iova_give(&f, 1, b), 0); /* it is used again: it returned a, and keeps b now */
	CHECK_INT(iova_stats_of(&f).kept, 1);
	CHECK_INT(iova_take(&f, 0, 7 * PAGE, &whole), -EAGAIN);
	CHECK_INT(iova_take(&f, 1, PAGE, &a), 0); /* it returned b first */
	CHECK_INT(iova_stats_of(&f).kept, 0);
	CHECK_INT(iova_take(&f, 0, 7 * PAGE, &whole), 0);
	CHECK_INT(iova_give(&f, 1, a), 0);
	CHECK_INT(iova_take(&f, 0, 2 * PAGE, &a), -EAGAIN);
	umm_iova_drain(f.caches[1]);
	CHECK_INT(iova_take(&f, 0, 2 * PAGE, &a), -ENOSPC);
	CHECK_INT(iova_give(&f, 0, whole), 0);
	iova_teardown(&f);
}

TEST(more_runs_than_agreed_are_refused_until_some_come_back)
{
	struct iova_fixture f;
	struct umm_iova_config config = iova_usual_config(&f);
	struct umm_range ranges[8], more;
	config.max_runs = 8;
	iova_setup_config(&f, &config, 1);
	CHECK_INT(umm_iova_add(&f.iova, (struct umm_range){ APERTURE, 1 << 20 }), 0);
	for (int i = 0; i < 8; i++)
		CHECK_INT(iova_take(&f, 0, PAGE, &ranges[i]), 0);
	CHECK_INT(iova_take(&f, 0, PAGE, &more), -ENOMEM);
	CHECK_INT(iova_give(&f, 0, ranges[3]), 0);
	CHECK_INT(iova_take(&f, 0, 2 * PAGE, &more), 0); /* what was kept made room */
	iova_teardown(&f);
}

TEST(lazy_ranges_are_not_reused_before_the_flush)
{
	struct iova_fixture f;
	struct umm_range range, again;
	iova_setup(&f, APERTURE, 64 * PAGE, 1);
	CHECK_INT(iova_take(&f, 0, PAGE, &range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	for (int i = 0; i < 63; i++) {
		CHECK_INT(iova_take(&f, 0, PAGE, &again), 0);
		CHECK(again.start != range.start);
	}
	CHECK_INT(f.iotlb.flushes, 0);
	CHECK_INT(iova_take(&f, 0, PAGE, &again), 0); /* exhaustion flushes */
	CHECK_INT(f.iotlb.flushes, 1);
	CHECK(umm_range_equal(range, again));
	iova_teardown(&f);
}

TEST(full_queue_flushes_once_for_all)
{
	struct iova_fixture f;
	struct umm_range ranges[3 * LAZY];
	iova_setup(&f, APERTURE, 64 * PAGE, 1);
	for (unsigned i = 0; i < 3 * LAZY; i++)
		CHECK_INT(iova_take(&f, 0, PAGE, &ranges[i]), 0);
	for (unsigned i = 0; i < 3 * LAZY; i++) {
		CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[i]), 0);
		CHECK_INT(f.iotlb.flushes, i / LAZY);
	}
	CHECK_INT(umm_iova_flush(f.caches[0]), 0);
	CHECK_INT(umm_iova_flush(f.caches[0]), 0);
	CHECK_INT(f.iotlb.flushes, 3);
	iova_teardown(&f);
}

TEST(failed_flush_changes_nothing)
{
	struct iova_fixture f;
	struct umm_range ranges[LAZY + 1], more;
	iova_setup_checked(&f, APERTURE, (LAZY + 1) * PAGE, 1);
	for (unsigned i = 0; i <= LAZY; i++)
		CHECK_INT(iova_take(&f, 0, PAGE, &ranges[i]), 0);
	for (unsigned i = 0; i < LAZY; i++)
		CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[i]), 0);
	f.iotlb.result = -EIO;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[LAZY]), -EIO);
	CHECK_INT(umm_iova_flush(f.caches[0]), -EIO);
	CHECK_INT(iova_take(&f, 0, PAGE, &more), -ENOSPC);
	CHECK_INT(umm_iova_cache_finish(f.caches[0]), -EIO);
	CHECK(umm_iova_valid(&f.iova));
	f.iotlb.result = 0;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[LAZY]), 0);
	CHECK_INT(iova_take(&f, 0, PAGE, &more), 0);
	CHECK_INT(iova_give(&f, 0, more), 0);
	iova_teardown(&f);
}

TEST(teardown_flushes_what_is_queued)
{
	struct iova_fixture f;
	struct umm_range range;
	iova_setup(&f, APERTURE, 64 * PAGE, 2);
	CHECK_INT(iova_take(&f, 0, 5 * PAGE, &range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	CHECK_INT(umm_iova_finish(&f.iova), -EBUSY);
	iova_leave(&f, 0);
	CHECK_INT(f.iotlb.flushes, 1);
	iova_leave(&f, 1);
	CHECK_INT(f.iotlb.flushes, 1);
	CHECK_INT(iova_stats_of(&f).region.free_bytes, 64 * PAGE);
	CHECK_INT(iova_stats_of(&f).region.taken_runs, 0);
	iova_teardown(&f);
}

TEST(without_a_queue_a_lazy_give_flushes_at_once)
{
	struct iova_fixture f;
	struct umm_iova_config config = iova_usual_config(&f);
	struct umm_range range;
	config.lazy_entries = 0;
	iova_setup_config(&f, &config, 1);
	CHECK_INT(umm_iova_add(&f.iova, (struct umm_range){ APERTURE, 1 << 20 }), 0);
	CHECK_INT(iova_take(&f, 0, PAGE, &range), 0);
	f.iotlb.result = -EIO;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), -EIO);
	f.iotlb.result = 0;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	CHECK_INT(f.iotlb.flushes, 1);
	iova_teardown(&f);
}

TEST(checked_gives_find_double_partial_and_foreign_ranges)
{
	struct iova_fixture f;
	struct umm_range range, window = { APERTURE, PAGE };
	iova_setup_checked(&f, APERTURE, 64 * PAGE, 2);
	CHECK_INT(umm_iova_reserve(&f.iova, window), 0);
	CHECK_INT(iova_take(&f, 0, 4 * PAGE, &range), 0);
	CHECK_INT(iova_give(&f, 0, (struct umm_range){ range.start, PAGE }), -ERANGE);
	CHECK_INT(iova_give(&f, 0, (struct umm_range){ range.start + PAGE, PAGE }), -ERANGE);
	CHECK_INT(iova_give(&f, 0, (struct umm_range){ range.start - 4 * PAGE, PAGE }), -EALREADY);
	CHECK_INT(iova_give(&f, 0, (struct umm_range){ 0, PAGE }), -EFAULT);
	CHECK_INT(iova_give(&f, 0, window), -ERANGE);
	CHECK_INT(iova_give(&f, 0, range), 0);
	CHECK_INT(iova_give(&f, 0, range), -EALREADY); /* it is in the magazine */
	CHECK_INT(iova_give(&f, 1, range), -EALREADY);
	CHECK_INT(umm_iova_give_lazy(f.caches[1], range), -EALREADY);
	CHECK_INT(iova_take(&f, 0, 4 * PAGE, &range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), -EALREADY);
	CHECK_INT(iova_give(&f, 1, range), -EALREADY);
	iova_teardown(&f);
}

TEST(trusted_double_gives_are_found_when_the_range_returns)
{
	struct iova_fixture f;
	struct umm_range range;
	iova_setup(&f, APERTURE, 64 * PAGE, 1);
	CHECK_INT(iova_take(&f, 0, PAGE, &range), 0);
	CHECK_INT(iova_give(&f, 0, range), 0);
	CHECK_INT(iova_give(&f, 0, range), 0);
	CHECK(!umm_iova_valid(&f.iova));
	umm_iova_drain(f.caches[0]);
	CHECK_INT(iova_stats_of(&f).refused, 1);
	CHECK(umm_iova_valid(&f.iova));
	iova_leave(&f, 0);
	free(f.memory);
}
