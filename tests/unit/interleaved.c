/* SPDX-License-Identifier: MIT */
/**
 * Regions and IOVA spaces among threads that are interrupted anywhere (interleave.h): under their
 * lock every history can be linearized, and the checkers of those histories are no ornament: with
 * the lock removed they find one that cannot, before anything else goes wrong.
 */
#include "tests/harness.h"
#include "tests/unit/interleave.h"
#include "tests/unit/iova_fixture.h"
#include "tests/unit/region_history.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N_THREADS	   INTERLEAVE_THREADS
#define SECONDS_FOR_MUTANT 30

/* ---- regions ---- */

static struct {
	struct region_fixture f;
	struct interleave_lock lock;
	struct test_random random[N_THREADS];
	struct history_event events[N_THREADS][REGION_HISTORY_STEPS];
} region;

static void use_region(void *user, unsigned thread)
{
	struct umm_lock lock = { interleave_lock, interleave_unlock, &region.lock };
	struct history_event *events = region.events[thread];
	(void)user;
	for (unsigned i = 0; i < REGION_HISTORY_STEPS; i++) {
		region_history_draw(&region.random[thread], events, &events[i]);
		events[i].called = interleave_now();
		interleave_pass(); /* let others call meanwhile */
		region_history_call(&region.f.region, &lock, &events[i]);
		events[i].returned = interleave_now();
	}
}

/* Whether the history of this seed can be linearized. */
static bool region_history(uint64_t seed, bool without_lock)
{
	region_setup(&region.f, REGION_HISTORY_BASE, REGION_HISTORY_PAGES * PAGE);
	region.lock = (struct interleave_lock){ .removed = without_lock };
	for (unsigned i = 0; i < N_THREADS; i++)
		region.random[i] = test_random_seed(seed * N_THREADS + i);
	interleave(seed, use_region, NULL);
	bool possible = history_is_linearizable(region.events[0], N_THREADS * REGION_HISTORY_STEPS,
						region_history_model, 0);
	if (!without_lock)
		CHECK(umm_region_valid(&region.f.region));
	free(region.f.memory);
	return possible;
}

/* ---- IOVA spaces ---- */

#define IOVA_STEPS 24
#define IOVA_PAGES 48u
#define IOVA_LIVE  6u

static struct {
	struct iova_fixture f;
	struct interleave_lock lock;
	struct test_random random[N_THREADS];
	unsigned users[IOVA_PAGES]; /* of each page */
	bool wrong;
} iova;

/* A take counts from its return, a give from its call: that only shortens the time a range is
 * held. */
static void count(struct umm_range range, unsigned by)
{
	uint64_t first = (range.start - APERTURE) / PAGE;
	for (uint64_t page = first; page < first + range.size / PAGE; page++) {
		if (page >= IOVA_PAGES) {
			iova.wrong = true;
			return;
		}
		iova.users[page] += by;
		iova.wrong |= iova.users[page] > 1;
	}
}

static bool take_iova(unsigned thread, struct umm_range *out)
{
	uint64_t size = PAGE << test_random_below(&iova.random[thread], 3);
	int ret = iova_take(&iova.f, thread, size, out);
	if (ret == 0)
		count(*out, 1);
	else
		iova.wrong |= ret != -EAGAIN && ret != -ENOSPC;
	return ret == 0;
}

static void give_iova(unsigned thread, struct umm_range range)
{
	count(range, -1u);
	iova.wrong |= iova_give(&iova.f, thread, range) != 0;
}

static void use_iova(void *user, unsigned thread)
{
	struct umm_range live[IOVA_LIVE];
	unsigned n = 0;
	(void)user;
	for (unsigned i = 0; i < IOVA_STEPS && !iova.wrong; i++) {
		if (n < IOVA_LIVE && test_random_below(&iova.random[thread], 2) == 0)
			n += take_iova(thread, &live[n]);
		else if (n > 0)
			give_iova(thread, live[--n]);
	}
	while (n > 0 && !iova.wrong)
		give_iova(thread, live[--n]);
}

static bool iova_history(uint64_t seed, bool without_lock)
{
	struct umm_iova_config config = iova_usual_config(&iova.f);
	config.lock = (struct umm_lock){ interleave_lock, interleave_unlock, &iova.lock };
	config.checks = seed % 2 == 0 ? UMM_IOVA_CHECKED : UMM_IOVA_TRUSTED;
	iova_setup_config(&iova.f, &config, N_THREADS);
	CHECK_INT(umm_iova_add(&iova.f.iova, (struct umm_range){ APERTURE, IOVA_PAGES * PAGE }), 0);
	memset(iova.users, 0, sizeof(iova.users));
	iova.wrong = false;
	iova.lock = (struct interleave_lock){ .removed = without_lock };
	for (unsigned i = 0; i < N_THREADS; i++)
		iova.random[i] = test_random_seed(seed * N_THREADS + i);
	interleave(seed, use_iova, NULL);
	if (!without_lock)
		iova_teardown(&iova.f);
	return !iova.wrong;
}

/* ---- with the lock, and without ---- */

typedef bool (*history_of)(uint64_t seed, bool without_lock);

static void all_are_possible(history_of history, size_t steps)
{
	uint64_t n = test_steps(TEST_SANITIZED ? steps / 5 : steps);
	for (uint64_t seed = 1; seed <= n; seed++)
		if (!history(seed, false))
			test_fail(__FILE__, __LINE__, "seed %llu", (unsigned long long)seed);
}

enum verdict { POSSIBLE, IMPOSSIBLE, BROKEN };

/* Exit statuses of its process: neither that of a failed CHECK() nor that of a sanitizer. */
#define STATUS_OF(verdict) (40 + (verdict))

/* In a process of its own: books in disorder can crash, and never end. */
static enum verdict without_lock(history_of history, uint64_t seed)
{
	int status;
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(STATUS_OF(history(seed, true) ? POSSIBLE : IMPOSSIBLE));
	CHECK(waitpid(child, &status, 0) == child);
	if (!WIFEXITED(status))
		return BROKEN;
	return WEXITSTATUS(status) == STATUS_OF(POSSIBLE)     ? POSSIBLE
	       : WEXITSTATUS(status) == STATUS_OF(IMPOSSIBLE) ? IMPOSSIBLE
							      : BROKEN;
}

static void one_is_found(history_of history)
{
	unsigned verdicts[3] = { 0 };
	time_t start = time(NULL);
	for (uint64_t seed = 1; verdicts[IMPOSSIBLE] == 0; seed++) {
		CHECK(time(NULL) - start < SECONDS_FOR_MUTANT);
		verdicts[without_lock(history, seed)]++;
	}
	printf("found in history %u; %u were possible, %u broke the books at once\n",
	       verdicts[0] + verdicts[1] + verdicts[2], verdicts[POSSIBLE], verdicts[BROKEN]);
}

TEST(a_region_under_its_lock_is_linearizable_wherever_threads_change)
{
	all_are_possible(region_history, 600);
}

TEST(a_region_without_its_lock_is_found_by_the_checker)
{
	one_is_found(region_history);
}

TEST(an_iova_space_under_its_lock_is_linearizable_wherever_threads_change)
{
	all_are_possible(iova_history, 100);
}

TEST(an_iova_space_without_its_lock_is_found_by_the_checker)
{
	one_is_found(iova_history);
}
