/* SPDX-License-Identifier: MIT */
/**
 * The IOVA allocator: against a bitmap with one cache and with several, against a checker of
 * recorded histories with several threads, and at every edge.
 */
#include "core/iova.h"
#include "tests/harness.h"
#include "tests/unit/random.h"

#include <errno.h>
#include <pthread.h>

#define PAGE	   4096ull
#define MAX_CACHES 4
#define LAZY	   8u
#define APERTURE   0x100000ull

/** A device whose IOTLB only counts. */
struct iotlb {
	unsigned flushes;
	int result;
};

static int iotlb_flush(void *user)
{
	struct iotlb *iotlb = user;
	if (iotlb->result == 0)
		iotlb->flushes++;
	return iotlb->result;
}

static void mutex_lock(void *user)
{
	pthread_mutex_lock(user);
}

static void mutex_unlock(void *user)
{
	pthread_mutex_unlock(user);
}

struct fixture {
	struct umm_iova iova;
	struct umm_iova_cache *caches[MAX_CACHES];
	void *memory, *queues[MAX_CACHES];
	pthread_mutex_t mutex;
	struct iotlb iotlb;
};

static struct umm_iova_config usual_config(struct fixture *f)
{
	return (struct umm_iova_config){
		.granule_bytes = PAGE,
		.max_runs = 4096,
		.max_apertures = 4,
		.lazy_entries = LAZY,
		.lock = { mutex_lock, mutex_unlock, &f->mutex },
		.flush = iotlb_flush,
		.flush_user = &f->iotlb,
	};
}

static void setup_config(struct fixture *f, const struct umm_iova_config *config, unsigned n_caches)
{
	size_t bytes = umm_iova_memory(config), cache_bytes = umm_iova_cache_memory(config);
	CHECK(bytes > 0 && n_caches <= MAX_CACHES);
	memset(f->caches, 0, sizeof(f->caches));
	f->iotlb = (struct iotlb){ 0 };
	CHECK_INT(pthread_mutex_init(&f->mutex, NULL), 0);
	f->memory = malloc(bytes);
	CHECK(f->memory != NULL);
	CHECK_INT(umm_iova_init(&f->iova, config, f->memory, bytes), 0);
	for (unsigned i = 0; i < n_caches; i++) {
		f->caches[i] = malloc(sizeof(*f->caches[i]));
		f->queues[i] = malloc(cache_bytes + 1);
		CHECK(f->caches[i] != NULL && f->queues[i] != NULL);
		CHECK_INT(umm_iova_cache_init(f->caches[i], &f->iova, f->queues[i], cache_bytes),
			  0);
	}
}

static void setup(struct fixture *f, uint64_t start, uint64_t size, unsigned n_caches)
{
	struct umm_iova_config config = usual_config(f);
	setup_config(f, &config, n_caches);
	CHECK_INT(umm_iova_add(&f->iova, (struct umm_range){ start, size }), 0);
}

static void setup_checked(struct fixture *f, uint64_t start, uint64_t size, unsigned n_caches)
{
	struct umm_iova_config config = usual_config(f);
	config.checks = UMM_IOVA_CHECKED;
	setup_config(f, &config, n_caches);
	CHECK_INT(umm_iova_add(&f->iova, (struct umm_range){ start, size }), 0);
}

static struct umm_iova_stats stats_of(struct fixture *f)
{
	struct umm_iova_stats stats;
	umm_iova_get_stats(&f->iova, &stats);
	return stats;
}

static void leave(struct fixture *f, unsigned cache)
{
	CHECK_INT(umm_iova_cache_finish(f->caches[cache]), 0);
	free(f->caches[cache]);
	free(f->queues[cache]);
	f->caches[cache] = NULL;
}

static void teardown(struct fixture *f)
{
	CHECK(umm_iova_valid(&f->iova));
	for (unsigned i = 0; i < MAX_CACHES; i++)
		if (f->caches[i] != NULL)
			leave(f, i);
	CHECK_INT(umm_iova_finish(&f->iova), 0);
	CHECK(umm_iova_valid(&f->iova));
	CHECK_INT(stats_of(f).refused, 0);
	free(f->memory);
}

static int take(struct fixture *f, unsigned cache, uint64_t size, struct umm_range *out)
{
	struct umm_region_request request = { .size_bytes = size };
	return umm_iova_take(f->caches[cache], &request, out);
}

static int give(struct fixture *f, unsigned cache, struct umm_range range)
{
	return umm_iova_give(f->caches[cache], range);
}

TEST(memory_is_told_and_kept_to)
{
	struct fixture f;
	struct umm_iova_config config = usual_config(&f);
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
	struct fixture f;
	char memory[64];
	struct umm_iova_config config = usual_config(&f);
	config.granule_bytes = 5000;
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, sizeof(memory)), -EINVAL);
	config = usual_config(&f);
	config.lock.unlock = NULL;
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, sizeof(memory)), -EINVAL);
	config = usual_config(&f);
	config.max_runs = 0;
	CHECK_INT(umm_iova_init(&f.iova, &config, memory, sizeof(memory)), -EINVAL);
}

TEST(size_zero_and_crooked_numbers_are_refused)
{
	struct fixture f;
	struct umm_range range = { 1, 2 };
	setup(&f, APERTURE, 64 * PAGE, 1);
	CHECK_INT(take(&f, 0, 0, &range), -EINVAL);
	struct umm_region_request request = { .size_bytes = PAGE, .align_bytes = 3 };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &range), -EINVAL);
	request = (struct umm_region_request){ .size_bytes = PAGE, .boundary_bytes = 3 };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &range), -EINVAL);
	CHECK_INT(take(&f, 0, UINT64_MAX, &range), -ENOSPC);
	CHECK(range.start == 1 && range.size == 2);
	teardown(&f);
}

TEST(sizes_waste_at_most_an_eighth)
{
	struct fixture f;
	struct umm_range range;
	setup(&f, 0x10000000, 1ull << 36, 1);
	for (uint64_t pages = 1; pages <= 16384 + 100; pages += 1 + pages / 100) {
		CHECK_INT(take(&f, 0, pages * PAGE, &range), 0);
		CHECK(range.size >= pages * PAGE && range.size - pages * PAGE <= pages * PAGE / 8);
		CHECK_INT(give(&f, 0, range), 0);
	}
	teardown(&f);
}

TEST(frame_sized_ranges_come_back_from_the_magazine)
{
	struct fixture f;
	struct umm_range first, again;
	setup(&f, 0x10000000, 1ull << 36, 1);
	CHECK_INT(take(&f, 0, 3840 * 2160 * 4, &first), 0);
	CHECK_INT(first.start % (2 << 20), 0);
	CHECK_INT(give(&f, 0, first), 0);
	CHECK_INT(stats_of(&f).kept, 1);
	CHECK_INT(take(&f, 0, 3840 * 2160 * 4, &again), 0);
	CHECK(umm_range_equal(first, again));
	CHECK_INT(stats_of(&f).kept, 0);
	CHECK_INT(give(&f, 0, again), 0);
	teardown(&f);
}

TEST(ranges_too_long_for_magazines_go_straight_back)
{
	struct fixture f;
	struct umm_range range;
	setup(&f, 1ull << 32, 1ull << 36, 1);
	CHECK_INT(take(&f, 0, 4ull << 30, &range), 0);
	CHECK(range.size == 4ull << 30);
	CHECK_INT(give(&f, 0, range), 0);
	CHECK_INT(stats_of(&f).kept, 0);
	CHECK(stats_of(&f).region.free_bytes == 1ull << 36);
	teardown(&f);
}

TEST(whole_aperture_is_taken_and_given_back)
{
	struct fixture f;
	struct umm_range range, more;
	setup(&f, 0x12345000, 999 * PAGE, 1);
	CHECK_INT(take(&f, 0, 999 * PAGE, &range), 0);
	CHECK(range.start == 0x12345000 && range.size == 999 * PAGE);
	CHECK_INT(take(&f, 0, 1, &more), -ENOSPC);
	CHECK_INT(give(&f, 0, range), 0);
	CHECK_INT(take(&f, 0, 1000 * PAGE, &more), -ENOSPC);
	teardown(&f);
}

TEST(last_page_of_the_address_space_can_be_used)
{
	struct fixture f;
	struct umm_range a, b;
	setup(&f, 0 - 2 * PAGE, 2 * PAGE, 1);
	CHECK_INT(take(&f, 0, PAGE, &a), 0);
	CHECK_INT(take(&f, 0, PAGE, &b), 0);
	CHECK(umm_range_last(a) == UINT64_MAX || umm_range_last(b) == UINT64_MAX);
	CHECK_INT(give(&f, 0, a), 0);
	CHECK_INT(give(&f, 0, b), 0);
	CHECK_INT(umm_iova_give(f.caches[0], (struct umm_range){ 0 - PAGE, 2 * PAGE }), -EINVAL);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], (struct umm_range){ 0 - PAGE, 2 * PAGE }),
		  -EINVAL);
	teardown(&f);
}

TEST(limits_and_boundaries_hold_for_ranges_from_magazines_too)
{
	struct fixture f;
	struct umm_range high, low, fits;
	setup(&f, 0, 8ull << 30, 1);
	CHECK_INT(take(&f, 0, 1 << 20, &high), 0);
	CHECK(high.start >= 4ull << 30);
	CHECK_INT(give(&f, 0, high), 0);
	struct umm_region_request request = { .size_bytes = 1 << 20, .max_address = UINT32_MAX };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &low), 0);
	CHECK(umm_range_last(low) <= UINT32_MAX);
	CHECK_INT(give(&f, 0, low), 0);
	CHECK_INT(umm_iova_take(f.caches[0], &request, &fits), 0);
	CHECK(umm_range_equal(low, fits)); /* the other one in the magazine does not serve */
	CHECK_INT(give(&f, 0, fits), 0);

	request = (struct umm_region_request){ .size_bytes = 1 << 20, .align_bytes = 1 << 30 };
	CHECK_INT(umm_iova_take(f.caches[0], &request, &fits), 0);
	CHECK_INT(fits.start % (1 << 30), 0);
	CHECK_INT(give(&f, 0, fits), 0);
	teardown(&f);
}

TEST(no_range_crosses_the_boundary_wherever_it_comes_from)
{
	struct fixture f;
	struct umm_range ranges[64];
	struct umm_region_request request = { .size_bytes = 3 * PAGE, .boundary_bytes = 4 * PAGE };
	setup(&f, APERTURE, 1 << 20, 1);
	for (int round = 0; round < 2; round++) { /* with empty magazines, then with full ones */
		for (int i = 0; i < 20; i++)
			CHECK_INT(take(&f, 0, 3 * PAGE, &ranges[i]), 0);
		for (int i = 0; i < 20; i++)
			CHECK_INT(give(&f, 0, ranges[i]), 0);
		for (int i = 0; i < 30; i++) {
			CHECK_INT(umm_iova_take(f.caches[0], &request, &ranges[i]), 0);
			CHECK(ranges[i].start / (4 * PAGE) ==
			      umm_range_last(ranges[i]) / (4 * PAGE));
		}
		for (int i = 0; i < 30; i++)
			CHECK_INT(give(&f, 0, ranges[i]), 0);
	}
	teardown(&f);
}

TEST(reserved_windows_are_never_taken_nor_given)
{
	struct fixture f;
	struct umm_range window = { APERTURE + 16 * PAGE, 16 * PAGE }, range;
	setup(&f, APERTURE, 48 * PAGE, 1);
	CHECK_INT(umm_iova_reserve(&f.iova, window), 0);
	CHECK_INT(umm_iova_reserve(&f.iova, window), -EBUSY);
	CHECK_INT(take(&f, 0, 17 * PAGE, &range), -ENOSPC);
	struct umm_range all[32];
	for (int i = 0; i < 32; i++) {
		CHECK_INT(take(&f, 0, PAGE, &all[i]), 0);
		CHECK(!umm_range_overlaps(all[i], window));
	}
	CHECK_INT(umm_iova_reserve(&f.iova, (struct umm_range){ all[0].start, PAGE }), -EBUSY);
	CHECK_INT(umm_iova_release(&f.iova, all[0]), -ERANGE);
	CHECK_INT(take(&f, 0, PAGE, &range), -ENOSPC);
	for (int i = 0; i < 32; i++)
		CHECK_INT(give(&f, 0, all[i]), 0);
	umm_iova_drain(f.caches[0]);
	CHECK_INT(umm_iova_release(&f.iova, window), 0);
	CHECK_INT(take(&f, 0, 48 * PAGE, &range), 0);
	CHECK_INT(give(&f, 0, range), 0);
	teardown(&f);
}

TEST(full_and_empty_magazines_lose_nothing)
{
	struct fixture f;
	struct umm_range ranges[600];
	setup(&f, APERTURE, 600 * PAGE, 2);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 600; i++)
			CHECK_INT(take(&f, (unsigned)i % 2, PAGE, &ranges[i]), 0);
		CHECK_INT(stats_of(&f).region.free_bytes, 0);
		for (int i = 0; i < 600; i++) /* by the other one than took it, half the time */
			CHECK_INT(give(&f, (unsigned)i / 2 % 2, ranges[i]), 0);
		CHECK(umm_iova_valid(&f.iova));
	}
	teardown(&f);
}

TEST(exhaustion_takes_back_what_this_cache_and_the_depot_keep)
{
	struct fixture f;
	struct umm_range ranges[256], whole;
	setup(&f, APERTURE, 256 * PAGE, 1);
	for (int i = 0; i < 256; i++)
		CHECK_INT(take(&f, 0, PAGE, &ranges[i]), 0);
	CHECK_INT(take(&f, 0, PAGE, &whole), -ENOSPC);
	for (int i = 0; i < 256; i++)
		CHECK_INT(give(&f, 0, ranges[i]), 0);
	CHECK(stats_of(&f).kept > 32);
	CHECK_INT(take(&f, 0, 256 * PAGE, &whole), 0);
	CHECK_INT(give(&f, 0, whole), 0);
	teardown(&f);
}

TEST(exhaustion_asks_other_caches_to_return_what_they_keep)
{
	struct fixture f;
	struct umm_range a, b, whole;
	setup(&f, APERTURE, 8 * PAGE, 2);
	CHECK_INT(take(&f, 1, PAGE, &a), 0);
	CHECK_INT(take(&f, 1, PAGE, &b), 0);
	CHECK_INT(give(&f, 1, a), 0);
	CHECK_INT(take(&f, 0, 7 * PAGE, &whole), -EAGAIN);
	CHECK_INT(give(&f, 1, b), 0); /* it is used again: it returned a, and keeps b now */
	CHECK_INT(stats_of(&f).kept, 1);
	CHECK_INT(take(&f, 0, 7 * PAGE, &whole), -EAGAIN);
	CHECK_INT(take(&f, 1, PAGE, &a), 0); /* it returned b first */
	CHECK_INT(stats_of(&f).kept, 0);
	CHECK_INT(take(&f, 0, 7 * PAGE, &whole), 0);
	CHECK_INT(give(&f, 1, a), 0);
	CHECK_INT(take(&f, 0, 2 * PAGE, &a), -EAGAIN);
	umm_iova_drain(f.caches[1]);
	CHECK_INT(take(&f, 0, 2 * PAGE, &a), -ENOSPC);
	CHECK_INT(give(&f, 0, whole), 0);
	teardown(&f);
}

TEST(more_runs_than_agreed_are_refused_until_some_come_back)
{
	struct fixture f;
	struct umm_iova_config config = usual_config(&f);
	struct umm_range ranges[8], more;
	config.max_runs = 8;
	setup_config(&f, &config, 1);
	CHECK_INT(umm_iova_add(&f.iova, (struct umm_range){ APERTURE, 1 << 20 }), 0);
	for (int i = 0; i < 8; i++)
		CHECK_INT(take(&f, 0, PAGE, &ranges[i]), 0);
	CHECK_INT(take(&f, 0, PAGE, &more), -ENOMEM);
	CHECK_INT(give(&f, 0, ranges[3]), 0);
	CHECK_INT(take(&f, 0, 2 * PAGE, &more), 0); /* what was kept made room */
	teardown(&f);
}

TEST(lazy_ranges_are_not_reused_before_the_flush)
{
	struct fixture f;
	struct umm_range range, again;
	setup(&f, APERTURE, 64 * PAGE, 1);
	CHECK_INT(take(&f, 0, PAGE, &range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	for (int i = 0; i < 63; i++) {
		CHECK_INT(take(&f, 0, PAGE, &again), 0);
		CHECK(again.start != range.start);
	}
	CHECK_INT(f.iotlb.flushes, 0);
	CHECK_INT(take(&f, 0, PAGE, &again), 0); /* exhaustion flushes */
	CHECK_INT(f.iotlb.flushes, 1);
	CHECK(umm_range_equal(range, again));
	teardown(&f);
}

TEST(full_queue_flushes_once_for_all)
{
	struct fixture f;
	struct umm_range ranges[3 * LAZY];
	setup(&f, APERTURE, 64 * PAGE, 1);
	for (unsigned i = 0; i < 3 * LAZY; i++)
		CHECK_INT(take(&f, 0, PAGE, &ranges[i]), 0);
	for (unsigned i = 0; i < 3 * LAZY; i++) {
		CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[i]), 0);
		CHECK_INT(f.iotlb.flushes, i / LAZY);
	}
	CHECK_INT(umm_iova_flush(f.caches[0]), 0);
	CHECK_INT(umm_iova_flush(f.caches[0]), 0);
	CHECK_INT(f.iotlb.flushes, 3);
	teardown(&f);
}

TEST(failed_flush_changes_nothing)
{
	struct fixture f;
	struct umm_range ranges[LAZY + 1], more;
	setup_checked(&f, APERTURE, (LAZY + 1) * PAGE, 1);
	for (unsigned i = 0; i <= LAZY; i++)
		CHECK_INT(take(&f, 0, PAGE, &ranges[i]), 0);
	for (unsigned i = 0; i < LAZY; i++)
		CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[i]), 0);
	f.iotlb.result = -EIO;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[LAZY]), -EIO);
	CHECK_INT(umm_iova_flush(f.caches[0]), -EIO);
	CHECK_INT(take(&f, 0, PAGE, &more), -ENOSPC);
	CHECK_INT(umm_iova_cache_finish(f.caches[0]), -EIO);
	CHECK(umm_iova_valid(&f.iova));
	f.iotlb.result = 0;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], ranges[LAZY]), 0);
	CHECK_INT(take(&f, 0, PAGE, &more), 0);
	CHECK_INT(give(&f, 0, more), 0);
	teardown(&f);
}

TEST(teardown_flushes_what_is_queued)
{
	struct fixture f;
	struct umm_range range;
	setup(&f, APERTURE, 64 * PAGE, 2);
	CHECK_INT(take(&f, 0, 5 * PAGE, &range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	CHECK_INT(umm_iova_finish(&f.iova), -EBUSY);
	leave(&f, 0);
	CHECK_INT(f.iotlb.flushes, 1);
	leave(&f, 1);
	CHECK_INT(f.iotlb.flushes, 1);
	CHECK_INT(stats_of(&f).region.free_bytes, 64 * PAGE);
	CHECK_INT(stats_of(&f).region.taken_runs, 0);
	teardown(&f);
}

TEST(without_a_queue_a_lazy_give_flushes_at_once)
{
	struct fixture f;
	struct umm_iova_config config = usual_config(&f);
	struct umm_range range;
	config.lazy_entries = 0;
	setup_config(&f, &config, 1);
	CHECK_INT(umm_iova_add(&f.iova, (struct umm_range){ APERTURE, 1 << 20 }), 0);
	CHECK_INT(take(&f, 0, PAGE, &range), 0);
	f.iotlb.result = -EIO;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), -EIO);
	f.iotlb.result = 0;
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	CHECK_INT(f.iotlb.flushes, 1);
	teardown(&f);
}

TEST(checked_gives_find_double_partial_and_foreign_ranges)
{
	struct fixture f;
	struct umm_range range, window = { APERTURE, PAGE };
	setup_checked(&f, APERTURE, 64 * PAGE, 2);
	CHECK_INT(umm_iova_reserve(&f.iova, window), 0);
	CHECK_INT(take(&f, 0, 4 * PAGE, &range), 0);
	CHECK_INT(give(&f, 0, (struct umm_range){ range.start, PAGE }), -ERANGE);
	CHECK_INT(give(&f, 0, (struct umm_range){ range.start + PAGE, PAGE }), -ERANGE);
	CHECK_INT(give(&f, 0, (struct umm_range){ range.start - 4 * PAGE, PAGE }), -EALREADY);
	CHECK_INT(give(&f, 0, (struct umm_range){ 0, PAGE }), -EFAULT);
	CHECK_INT(give(&f, 0, window), -ERANGE);
	CHECK_INT(give(&f, 0, range), 0);
	CHECK_INT(give(&f, 0, range), -EALREADY); /* it is in the magazine */
	CHECK_INT(give(&f, 1, range), -EALREADY);
	CHECK_INT(umm_iova_give_lazy(f.caches[1], range), -EALREADY);
	CHECK_INT(take(&f, 0, 4 * PAGE, &range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), 0);
	CHECK_INT(umm_iova_give_lazy(f.caches[0], range), -EALREADY);
	CHECK_INT(give(&f, 1, range), -EALREADY);
	teardown(&f);
}

TEST(trusted_double_gives_are_found_when_the_range_returns)
{
	struct fixture f;
	struct umm_range range;
	setup(&f, APERTURE, 64 * PAGE, 1);
	CHECK_INT(take(&f, 0, PAGE, &range), 0);
	CHECK_INT(give(&f, 0, range), 0);
	CHECK_INT(give(&f, 0, range), 0);
	CHECK(!umm_iova_valid(&f.iova));
	umm_iova_drain(f.caches[0]);
	CHECK_INT(stats_of(&f).refused, 1);
	CHECK(umm_iova_valid(&f.iova));
	leave(&f, 0);
	free(f.memory);
}

/* One thread, several caches, against a bitmap. */

#define MODEL_PAGES 2048
#define MAX_LIVE    512

struct trial {
	struct fixture f;
	struct test_random random;
	bool in_use[MODEL_PAGES]; /* by us, or queued: not to be had */
	struct umm_range live[MAX_LIVE];
	struct umm_range queued[MAX_CACHES][LAZY];
	unsigned n_live, n_queued[MAX_CACHES], n_caches;
};

static void mark(struct trial *t, struct umm_range range, bool in_use)
{
	CHECK(range.start >= APERTURE && range.start % PAGE == 0);
	uint64_t first = (range.start - APERTURE) / PAGE, pages = range.size / PAGE;
	CHECK(first + pages <= MODEL_PAGES);
	for (uint64_t i = first; i < first + pages; i++) {
		CHECK(t->in_use[i] != in_use);
		t->in_use[i] = in_use;
	}
}

static bool pages_free(const struct trial *t, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++)
		if (t->in_use[i])
			return false;
	return true;
}

/** Whether the model has room for it. */
static bool model_fits(const struct trial *t, const struct umm_region_request *request)
{
	uint64_t pages = (request->size_bytes + PAGE - 1) / PAGE;
	uint64_t align = request->align_bytes > PAGE ? request->align_bytes : PAGE;
	for (uint64_t i = 0; i + pages <= MODEL_PAGES; i++) {
		uint64_t start = APERTURE + i * PAGE;
		if (start % align == 0 &&
		    (request->max_address == 0 ||
		     start + pages * PAGE - 1 <= request->max_address) &&
		    pages_free(t, i, pages))
			return true;
	}
	return false;
}

/** A flush by this cache, whoever caused it: its queue is free. */
static void note_flushes(struct trial *t, unsigned cache, unsigned before)
{
	if (t->f.iotlb.flushes == before)
		return;
	for (unsigned i = 0; i < t->n_queued[cache]; i++)
		mark(t, t->queued[cache][i], false);
	t->n_queued[cache] = 0;
}

static void trial_take(struct trial *t, unsigned cache)
{
	if (t->n_live == MAX_LIVE)
		return;
	struct umm_region_request request = {
		.size_bytes =
			1 + test_random_below(&t->random, PAGE << test_random_below(&t->random, 8)),
	};
	if (test_random_below(&t->random, 4) == 0)
		request.align_bytes = PAGE << test_random_below(&t->random, 7);
	if (test_random_below(&t->random, 4) == 0)
		request.max_address = APERTURE + test_random_below(&t->random, MODEL_PAGES * PAGE);
	unsigned flushes = t->f.iotlb.flushes;
	struct umm_range range;
	int ret = umm_iova_take(t->f.caches[cache], &request, &range);
	note_flushes(t, cache, flushes);
	if (ret == -ENOSPC)
		CHECK(!model_fits(t, &request)); /* not even with what caches keep */
	if (ret == -EAGAIN)
		CHECK(t->n_caches > 1);
	if (ret == -ENOSPC || ret == -EAGAIN)
		return;
	CHECK_INT(ret, 0);
	CHECK(range.size >= request.size_bytes);
	CHECK(request.align_bytes == 0 || range.start % request.align_bytes == 0);
	CHECK(request.max_address == 0 || umm_range_last(range) <= request.max_address);
	mark(t, range, true);
	t->live[t->n_live++] = range;
}

static void trial_give(struct trial *t, unsigned cache)
{
	if (t->n_live == 0)
		return;
	unsigned victim = (unsigned)test_random_below(&t->random, t->n_live);
	struct umm_range range = t->live[victim];
	t->live[victim] = t->live[--t->n_live];
	unsigned flushes = t->f.iotlb.flushes;
	if (test_random_below(&t->random, 2) == 0) {
		CHECK_INT(give(&t->f, cache, range), 0);
		note_flushes(t, cache, flushes);
		mark(t, range, false);
	} else {
		CHECK_INT(umm_iova_give_lazy(t->f.caches[cache], range), 0);
		note_flushes(t, cache, flushes);
		CHECK(t->n_queued[cache] < LAZY);
		t->queued[cache][t->n_queued[cache]++] = range;
	}
}

static void trial_run(struct trial *t, uint64_t steps)
{
	for (uint64_t step = 0; step < steps; step++) {
		unsigned cache = (unsigned)test_random_below(&t->random, t->n_caches);
		uint64_t dice = test_random_below(&t->random, 1000);
		if (dice < (step / 1000 % 2 == 0 ? 400 : 600))
			trial_take(t, cache);
		else if (dice < 990)
			trial_give(t, cache);
		else if (dice < 995)
			umm_iova_drain(t->f.caches[cache]);
		else {
			unsigned flushes = t->f.iotlb.flushes;
			CHECK_INT(umm_iova_flush(t->f.caches[cache]), 0);
			note_flushes(t, cache, flushes);
		}
		if (step % 16 == 0)
			CHECK(umm_iova_valid(&t->f.iova));
	}
}

static void trial(uint64_t seed, unsigned n_caches, enum umm_iova_checks checks, uint64_t steps)
{
	struct trial *t = calloc(1, sizeof(*t));
	CHECK(t != NULL);
	struct umm_iova_config config = usual_config(&t->f);
	config.checks = checks;
	setup_config(&t->f, &config, n_caches);
	CHECK_INT(umm_iova_add(&t->f.iova, (struct umm_range){ APERTURE, MODEL_PAGES * PAGE }), 0);
	t->random = test_random_seed(seed);
	t->n_caches = n_caches;
	trial_run(t, steps);
	while (t->n_live > 0)
		trial_give(t, 0);
	for (unsigned i = 0; i < n_caches; i++)
		leave(&t->f, i);
	CHECK_INT(stats_of(&t->f).region.free_bytes, MODEL_PAGES * PAGE);
	teardown(&t->f);
	free(t);
}

TEST(random_calls_agree_with_a_bitmap)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		trial(seed, 1, UMM_IOVA_TRUSTED, test_steps(100000));
}

TEST(random_calls_through_several_caches_agree_with_a_bitmap)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		trial(seed, MAX_CACHES, seed % 2 ? UMM_IOVA_TRUSTED : UMM_IOVA_CHECKED,
		      test_steps(100000));
}

/*
 * Threads. Each call is recorded with two numbers from one counter: when it was called, when it
 * returned. If a history of takes and gives can be linearized at all, it can with every take at its
 * return and every give at its call (that only shortens the time a range is held), so replaying
 * the events in that order on the bitmap is a complete check.
 */

#define N_THREADS   4
#define MAX_HISTORY 400000u

struct event {
	uint64_t when;
	struct umm_range range;
	bool take;
};

struct worker {
	struct fixture *f;
	unsigned cache;
	uint64_t seed, steps;
	atomic_uint_least64_t *clock;
	struct event *history;
	unsigned n_history, refusals;
	const char *failure;
};

/** Ranges are passed between the threads through this, so that they are given by others. */
static struct {
	pthread_mutex_t mutex;
	struct umm_range ranges[64];
	unsigned count;
} exchange = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static bool swap_range(struct test_random *random, struct umm_range *range)
{
	pthread_mutex_lock(&exchange.mutex);
	bool swapped = false;
	if (exchange.count < 64) {
		exchange.ranges[exchange.count++] = *range;
	} else {
		unsigned i = (unsigned)test_random_below(random, 64);
		struct umm_range other = exchange.ranges[i];
		exchange.ranges[i] = *range;
		*range = other;
		swapped = true;
	}
	pthread_mutex_unlock(&exchange.mutex);
	return swapped;
}

static void note(struct worker *w, bool take, struct umm_range range, uint64_t when)
{
	w->history[w->n_history++] = (struct event){ when, range, take };
}

static void work_take(struct worker *w, struct test_random *random, struct umm_range *live,
		      unsigned *n_live)
{
	struct umm_region_request request = {
		.size_bytes = PAGE << test_random_below(random, 6),
	};
	struct umm_range range;
	int ret = umm_iova_take(w->f->caches[w->cache], &request, &range);
	uint64_t when = atomic_fetch_add(w->clock, 1);
	if (ret == 0) {
		note(w, true, range, when);
		live[(*n_live)++] = range;
	} else if (ret == -EAGAIN || ret == -ENOSPC) {
		w->refusals++;
	} else {
		w->failure = "take returned something else";
	}
}

static void work_give(struct worker *w, struct test_random *random, struct umm_range range)
{
	uint64_t when = atomic_fetch_add(w->clock, 1);
	note(w, false, range, when);
	int ret = test_random_below(random, 2) ? umm_iova_give(w->f->caches[w->cache], range)
					       : umm_iova_give_lazy(w->f->caches[w->cache], range);
	if (ret != 0)
		w->failure = "give was refused";
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct test_random random = test_random_seed(w->seed);
	struct umm_range live[40];
	unsigned n_live = 0;
	for (uint64_t step = 0; step < w->steps && w->failure == NULL; step++) {
		if (n_live < 40 && test_random_below(&random, 2) == 0)
			work_take(w, &random, live, &n_live);
		else if (n_live > 0 && test_random_below(&random, 3) != 0)
			work_give(w, &random, live[--n_live]);
		else if (n_live > 0 && !swap_range(&random, &live[n_live - 1]))
			n_live--;
	}
	while (n_live > 0)
		work_give(w, &random, live[--n_live]);
	return NULL;
}

static int earlier(const void *a, const void *b)
{
	uint64_t x = ((const struct event *)a)->when, y = ((const struct event *)b)->when;
	return x < y ? -1 : x > y;
}

static void replay(struct event *events, unsigned count, bool *in_use, uint64_t pages)
{
	qsort(events, count, sizeof(*events), earlier);
	for (unsigned i = 0; i < count; i++) {
		uint64_t first = (events[i].range.start - APERTURE) / PAGE;
		CHECK(first + events[i].range.size / PAGE <= pages);
		for (uint64_t page = first; page < first + events[i].range.size / PAGE; page++) {
			CHECK(in_use[page] != events[i].take);
			in_use[page] = events[i].take;
		}
	}
}

static void threads(enum umm_iova_checks checks, uint64_t aperture_pages, uint64_t steps)
{
	static struct fixture f;
	static struct worker workers[N_THREADS];
	atomic_uint_least64_t clock;
	atomic_init(&clock, 0);
	struct umm_iova_config config = usual_config(&f);
	config.checks = checks;
	config.flush = NULL; /* the IOTLB of this test is not made for threads */
	setup_config(&f, &config, N_THREADS);
	CHECK_INT(umm_iova_add(&f.iova, (struct umm_range){ APERTURE, aperture_pages * PAGE }), 0);

	CHECK(steps <= MAX_HISTORY);
	struct event *history = calloc(N_THREADS * (steps + 64) + 64, sizeof(*history));
	bool *in_use = calloc(aperture_pages, sizeof(*in_use));
	CHECK(history != NULL && in_use != NULL);
	pthread_t ids[N_THREADS];
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i] =
			(struct worker){ &f, i, i + 1, steps, &clock, history + i * (steps + 64),
					 0,  0, NULL };
		CHECK_INT(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
	}
	unsigned total = 0;
	for (unsigned i = 0; i < N_THREADS; i++) {
		CHECK_INT(pthread_join(ids[i], NULL), 0);
		if (workers[i].failure != NULL)
			test_fail(__FILE__, __LINE__, "thread %u: %s", i, workers[i].failure);
		memmove(history + total, workers[i].history,
			workers[i].n_history * sizeof(*history));
		total += workers[i].n_history;
	}
	CHECK(umm_iova_valid(&f.iova));
	for (; exchange.count > 0; exchange.count--) {
		struct umm_range range = exchange.ranges[exchange.count - 1];
		history[total++] = (struct event){ atomic_fetch_add(&clock, 1), range, false };
		CHECK_INT(give(&f, 0, range), 0);
	}
	replay(history, total, in_use, aperture_pages);
	for (unsigned i = 0; i < N_THREADS; i++)
		leave(&f, i);
	CHECK_INT(stats_of(&f).region.free_bytes, aperture_pages * PAGE);
	teardown(&f);
	free(history);
	free(in_use);
}

TEST(histories_of_threads_can_be_linearized)
{
	threads(UMM_IOVA_TRUSTED, 65536, 100000);
}

TEST(histories_of_threads_in_a_narrow_space_can_be_linearized)
{
	threads(UMM_IOVA_TRUSTED, 700, 40000);
	threads(UMM_IOVA_CHECKED, 700, 40000);
}
