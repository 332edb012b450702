/* SPDX-License-Identifier: MIT */
/**
 * A region among threads, as its rule says: under a lock of the caller's. Short histories of four
 * threads, wrong calls included, are recorded and searched for an order that a bitmap agrees with:
 * refusals too must have been true at some moment of the call.
 */
#include "tests/harness.h"
#include "tests/unit/region_history.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define N_THREADS 4
#define STEPS	  REGION_HISTORY_STEPS

/* ---- the checker itself ---- */

TEST(histories_that_cannot_be_are_found)
{
	struct history_event first = { 1, 4, REGION_RESERVE, { 0, 2 }, 0, 0 };
	struct history_event second = { 2, 3, REGION_RESERVE, { 1, 2 }, 0, -EBUSY };
	struct history_event events[2] = { first, second };
	CHECK(history_is_linearizable(events, 2, region_history_model, 0));
	events[1].result = 0; /* both have page 1 */
	CHECK(!history_is_linearizable(events, 2, region_history_model, 0));
	events[1] = (struct history_event){ 5, 6, REGION_GIVE, { 0, 2 }, 0, -EALREADY };
	CHECK(!history_is_linearizable(events, 2, region_history_model,
				       0)); /* it returned before */
	events[1].called = 3;
	CHECK(history_is_linearizable(events, 2, region_history_model, 0));
	events[1] = (struct history_event){ 5, 6, REGION_TAKE, { 1, 10 }, 0, -ENOSPC };
	CHECK(!history_is_linearizable(events, 2, region_history_model,
				       0)); /* pages 2 to 11 are free */
	events[1].argument[1] = 11;
	CHECK(history_is_linearizable(events, 2, region_history_model, 0));
}

/* ---- threads ---- */

static struct shared {
	struct region_fixture f;
	pthread_mutex_t mutex;
	pthread_barrier_t barrier;
	atomic_uint_least64_t clock;
	struct history_event events[N_THREADS * STEPS];
	uint64_t rounds;
} shared;

struct worker {
	struct test_random random;
	struct history_event *events;
};

static void mutex_lock(void *mutex)
{
	pthread_mutex_lock(mutex);
}

static void mutex_unlock(void *mutex)
{
	pthread_mutex_unlock(mutex);
}

static void call(struct history_event *event)
{
	struct umm_lock lock = { mutex_lock, mutex_unlock, &shared.mutex };
	event->called = atomic_fetch_add(&shared.clock, 1);
	if (event->argument[1] % 2 == 0)
		sched_yield(); /* let others call meanwhile */
	region_history_call(&shared.f.region, &lock, event);
	event->returned = atomic_fetch_add(&shared.clock, 1);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	for (uint64_t round = 0; round < shared.rounds; round++) {
		pthread_barrier_wait(&shared.barrier);
		for (unsigned i = 0; i < STEPS; i++) {
			region_history_draw(&w->random, w->events, &w->events[i]);
			call(&w->events[i]);
		}
		pthread_barrier_wait(&shared.barrier);
	}
	return NULL;
}

/* Between rounds the main thread alone looks: was it possible, and is the region in order? */
static void check_round(void)
{
	CHECK(history_is_linearizable(shared.events, N_THREADS * STEPS, region_history_model, 0));
	CHECK(umm_region_valid(&shared.f.region));
	struct umm_region_run run;
	for (bool more = umm_region_first(&shared.f.region, &run); more;) {
		struct umm_range range = run.range;
		if (!run.taken) {
			more = umm_region_next(&shared.f.region, &run);
			continue;
		}
		CHECK_INT(umm_region_give(&shared.f.region, range), 0);
		more = umm_region_first(&shared.f.region, &run);
	}
}

TEST(histories_under_a_lock_can_be_linearized)
{
	struct worker workers[N_THREADS];
	pthread_t ids[N_THREADS];
	region_setup(&shared.f, REGION_HISTORY_BASE, REGION_HISTORY_PAGES * PAGE);
	shared.rounds = test_steps(2000);
	pthread_mutex_init(&shared.mutex, NULL);
	pthread_barrier_init(&shared.barrier, NULL, N_THREADS + 1);
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){ test_random_seed(i + 1), &shared.events[i * STEPS] };
		CHECK_INT(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
	}
	for (uint64_t round = 0; round < shared.rounds; round++) {
		pthread_barrier_wait(&shared.barrier);
		pthread_barrier_wait(&shared.barrier);
		check_round();
	}
	for (unsigned i = 0; i < N_THREADS; i++)
		CHECK_INT(pthread_join(ids[i], NULL), 0);
	region_teardown(&shared.f);
}
