/* SPDX-License-Identifier: MIT */
/**
 * An arena among threads: they take runs, write their number into every page, look whether it stays
 * theirs alone, and give the same runs back twice. Small pages at addresses that were made up, so
 * that runs are longer than a page wherever this is run.
 */
#include "tests/harness.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/random.h"

#include <errno.h>
#include <pthread.h>

#define N_THREADS 4
#define PAGES	  48u

static struct umm_arena *arena;

struct worker {
	unsigned index;
	uint64_t rounds, takes;
	const char *failure;
};

static bool all_bytes_are(const char *map, uint64_t size, char value)
{
	for (uint64_t at = 0; at < size; at += 64)
		if (map[at] != value)
			return false;
	return true;
}

static void use_run(struct worker *w, struct umm_range run)
{
	void *map;
	if (umm_arena_map(arena, run, UMM_MAP_WRITE, &map) != 0) {
		w->failure = "a run is not mapped";
		return;
	}
	char mine = (char)(w->index + 1);
	if (!all_bytes_are(map, run.size, 0))
		w->failure = "a run is not zero";
	memset(map, mine, run.size);
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	if (stats.free_bytes + run.size > stats.total_bytes)
		w->failure = "more is free than can be";
	if (!all_bytes_are(map, run.size, mine))
		w->failure = "somebody else has the run too";
	umm_arena_unmap(arena, map, run);
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct test_random random = test_random_seed(w->index + 1);
	for (uint64_t round = 0; round < w->rounds && w->failure == NULL; round++) {
		struct umm_region_request request = {
			.size_bytes = PAGE * (1 + test_random_below(&random, 12)),
		};
		struct umm_range run;
		int ret = umm_arena_take(arena, &request, &run);
		if (ret == -ENOSPC)
			continue;
		w->takes++;
		use_run(w, run);
		if (ret != 0 || umm_arena_give(arena, run) != 0)
			w->failure = "a run is not taken back";
	}
	return NULL;
}

TEST(runs_of_threads_are_their_own)
{
	static struct worker workers[N_THREADS];
	pthread_t ids[N_THREADS];
	arena = arena_open_crosswise(PAGES);
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){ .index = i, .rounds = test_steps(500) };
		CHECK_INT(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		CHECK_INT(pthread_join(ids[i], NULL), 0);
		if (workers[i].failure != NULL)
			test_fail(__FILE__, __LINE__, "thread %u: %s", i, workers[i].failure);
		CHECK(workers[i].takes > 0);
	}
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	CHECK(stats.free_bytes == stats.total_bytes && stats.free_runs == stats.ranges);
	umm_arena_destroy(arena);
}

static pthread_barrier_t barrier;
static struct umm_range contested;

static void *give_too(void *argument)
{
	int *result = argument;
	pthread_barrier_wait(&barrier);
	*result = umm_arena_give(arena, contested);
	return NULL;
}

TEST(of_two_who_give_a_run_one_is_refused)
{
	arena = arena_open_crosswise(PAGES);
	pthread_barrier_init(&barrier, NULL, 2);
	struct umm_region_request request = { .size_bytes = 8 * PAGE };
	for (uint64_t round = test_steps(300); round > 0; round--) {
		int results[2];
		pthread_t ids[2];
		CHECK_INT(umm_arena_take(arena, &request, &contested), 0);
		for (unsigned i = 0; i < 2; i++)
			CHECK_INT(pthread_create(&ids[i], NULL, give_too, &results[i]), 0);
		for (unsigned i = 0; i < 2; i++)
			CHECK_INT(pthread_join(ids[i], NULL), 0);
		CHECK_INT(results[0] + results[1], -EALREADY);
	}
	umm_arena_destroy(arena);
}
