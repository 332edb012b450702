/* SPDX-License-Identifier: MIT */
/**
 * A region among threads, as its rule says: under a lock of the caller's. Short histories of four
 * threads, wrong calls included, are recorded and searched for an order that a bitmap agrees with:
 * refusals too must have been true at some moment of the call.
 */
#include "tests/harness.h"
#include "tests/unit/history.h"
#include "tests/unit/random.h"
#include "tests/unit/region_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define N_THREADS 4
#define STEPS	  7
#define PAGES	  12u
#define BASE	  0x100000u

enum operation { TAKE, RESERVE, GIVE };

/* The model's state: bit p, page p is taken; bit 32 + p, a taken run begins there. */

static uint64_t pages_of(uint64_t first, uint64_t n)
{
	return ((1ull << n) - 1) << first;
}

static bool is_run(uint64_t state, uint64_t first, uint64_t n)
{
	uint64_t pages = pages_of(first, n), starts = state >> 32;
	bool ends = first + n == PAGES || (state >> (first + n) & 1) == 0 ||
		    (starts >> (first + n) & 1) != 0;
	return (state & pages) == pages && (starts & pages) == 1ull << first && ends;
}

static bool some_free_run(uint64_t state, uint64_t n, uint64_t align)
{
	for (uint64_t first = 0; first + n <= PAGES; first++)
		if ((BASE / PAGE + first) % align == 0 && (state & pages_of(first, n)) == 0)
			return true;
	return false;
}

static bool took(uint64_t first, uint64_t n, uint64_t *state)
{
	if (first + n > PAGES || (*state & pages_of(first, n)) != 0)
		return false;
	*state |= pages_of(first, n) | 1ull << (32 + first);
	return true;
}

static bool model(const struct history_event *event, uint64_t *state)
{
	uint64_t first = event->argument[0], n = event->argument[1];
	switch (event->operation) {
	case TAKE: /* argument[0]: the alignment */
		if (event->result == 0)
			return event->value % event->argument[0] == 0 &&
			       took(event->value, n, state);
		return event->result == -ENOSPC && !some_free_run(*state, n, event->argument[0]);
	case RESERVE:
		if (event->result == 0)
			return took(first, n, state);
		return event->result == -EBUSY && (*state & pages_of(first, n)) != 0;
	default:
		break;
	}
	if (event->result == -EALREADY)
		return (*state & pages_of(first, n)) == 0;
	if (event->result == -ERANGE)
		return (*state & pages_of(first, n)) != 0 && !is_run(*state, first, n);
	if (event->result != 0 || !is_run(*state, first, n))
		return false;
	*state &= ~(pages_of(first, n) | 1ull << (32 + first));
	return true;
}

/* ---- the checker itself ---- */

TEST(histories_that_cannot_be_are_found)
{
	struct history_event first = { 1, 4, RESERVE, { 0, 2 }, 0, 0 };
	struct history_event second = { 2, 3, RESERVE, { 1, 2 }, 0, -EBUSY };
	struct history_event events[2] = { first, second };
	CHECK(history_is_linearizable(events, 2, model, 0));
	events[1].result = 0; /* both have page 1 */
	CHECK(!history_is_linearizable(events, 2, model, 0));
	events[1] = (struct history_event){ 5, 6, GIVE, { 0, 2 }, 0, -EALREADY };
	CHECK(!history_is_linearizable(events, 2, model, 0)); /* it returned before */
	events[1].called = 3;
	CHECK(history_is_linearizable(events, 2, model, 0));
	events[1] = (struct history_event){ 5, 6, TAKE, { 1, 10 }, 0, -ENOSPC };
	CHECK(!history_is_linearizable(events, 2, model, 0)); /* pages 2 to 11 are free */
	events[1].argument[1] = 11;
	CHECK(history_is_linearizable(events, 2, model, 0));
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

static struct umm_range run_of(const struct history_event *event)
{
	return (struct umm_range){ BASE + event->argument[0] * PAGE, event->argument[1] * PAGE };
}

static void call(struct history_event *event)
{
	struct umm_region_request request = {
		.size_bytes = event->argument[1] * PAGE,
		.align_bytes = event->argument[0] * PAGE,
	};
	struct umm_range run = { 0 };
	event->called = atomic_fetch_add(&shared.clock, 1);
	if (event->argument[1] % 2 == 0)
		sched_yield(); /* let others call meanwhile */
	pthread_mutex_lock(&shared.mutex);
	if (event->operation == TAKE)
		event->result = umm_region_take(&shared.f.region, &request, &run);
	else if (event->operation == RESERVE)
		event->result = umm_region_reserve(&shared.f.region, run_of(event));
	else
		event->result = umm_region_give(&shared.f.region, run_of(event));
	pthread_mutex_unlock(&shared.mutex);
	event->returned = atomic_fetch_add(&shared.clock, 1);
	if (event->operation == TAKE && event->result == 0)
		event->value = (run.start - BASE) / PAGE;
}

/* What it took itself it gives back; sometimes it lies about what is its own. */
static void draw(struct worker *w, struct history_event *event)
{
	uint64_t n = 1 + test_random_below(&w->random, 4);
	*event = (struct history_event){ .operation = (unsigned)test_random_below(&w->random, 3) };
	event->argument[1] = n;
	event->argument[0] = test_random_below(&w->random, PAGES - n + 1);
	if (event->operation == TAKE)
		event->argument[0] = 1ull << test_random_below(&w->random, 3);
	if (event->operation != GIVE || event == w->events)
		return;
	const struct history_event *before = event - 1;
	if (before->result == 0 && before->operation != GIVE) {
		event->argument[0] =
			before->operation == TAKE ? before->value : before->argument[0];
		event->argument[1] = before->argument[1];
	}
}

static void *work(void *argument)
{
	struct worker *w = argument;
	for (uint64_t round = 0; round < shared.rounds; round++) {
		pthread_barrier_wait(&shared.barrier);
		for (unsigned i = 0; i < STEPS; i++) {
			draw(w, &w->events[i]);
			call(&w->events[i]);
		}
		pthread_barrier_wait(&shared.barrier);
	}
	return NULL;
}

/* Between rounds the main thread alone looks: was it possible, and is the region in order? */
static void check_round(void)
{
	CHECK(history_is_linearizable(shared.events, N_THREADS * STEPS, model, 0));
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
	region_setup(&shared.f, BASE, PAGES * PAGE);
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
