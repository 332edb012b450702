/* SPDX-License-Identifier: MIT */
/**
 * The IOVA allocator in threads. Each call is recorded with two numbers from one counter: when it
 * was called, when it returned. If a history of takes and gives can be linearized at all, it can
 * with every take at its return and every give at its call (that only shortens the time a range is
 * held), so replaying the events in that order on the bitmap is a complete check.
 */
#include "tests/harness.h"
#include "tests/unit/iova_fixture.h"
#include "tests/unit/random.h"

#include <errno.h>

#define N_THREADS   4
#define MAX_HISTORY 400000u

struct event {
	uint64_t when;
	struct umm_range range;
	bool take;
};

struct worker {
	struct iova_fixture *f;
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

static void threads(enum umm_iova_checks checks, size_t aperture_pages, size_t steps)
{
	static struct iova_fixture f;
	static struct worker workers[N_THREADS];
	atomic_uint_least64_t clock;
	atomic_init(&clock, 0);
	struct umm_iova_config config = iova_usual_config(&f);
	config.checks = checks;
	config.flush = NULL; /* the IOTLB of this test is not made for threads */
	iova_setup_config(&f, &config, N_THREADS);
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
		CHECK_INT(iova_give(&f, 0, range), 0);
	}
	replay(history, total, in_use, aperture_pages);
	for (unsigned i = 0; i < N_THREADS; i++)
		iova_leave(&f, i);
	CHECK_INT(iova_stats_of(&f).region.free_bytes, aperture_pages * PAGE);
	iova_teardown(&f);
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
