/* SPDX-License-Identifier: MIT */
/** The IOVA allocator against a bitmap: one thread, one cache or several. */
#include "tests/harness.h"
#include "tests/unit/iova_fixture.h"
#include "tests/unit/random.h"

#include <errno.h>

#define MODEL_PAGES 2048
#define MAX_LIVE    512

struct trial {
	struct iova_fixture f;
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
		CHECK_INT(iova_give(&t->f, cache, range), 0);
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
	struct umm_iova_config config = iova_usual_config(&t->f);
	config.checks = checks;
	iova_setup_config(&t->f, &config, n_caches);
	CHECK_INT(umm_iova_add(&t->f.iova, (struct umm_range){ APERTURE, MODEL_PAGES * PAGE }), 0);
	t->random = test_random_seed(seed);
	t->n_caches = n_caches;
	trial_run(t, steps);
	while (t->n_live > 0)
		trial_give(t, 0);
	for (unsigned i = 0; i < n_caches; i++)
		iova_leave(&t->f, i);
	CHECK_INT(iova_stats_of(&t->f).region.free_bytes, MODEL_PAGES * PAGE);
	iova_teardown(&t->f);
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
