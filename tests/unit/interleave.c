/* SPDX-License-Identifier: MIT */
#include "tests/unit/interleave.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/unit/random.h"

/* One change of threads in so many basic blocks: an operation has some tens of them. */
#define CHANGE_IN  12
#define MOST_STEPS 2000000u

struct thread {
	pthread_t id;
	sem_t turn;
	unsigned index;
	bool done;
};

static struct {
	struct thread threads[INTERLEAVE_THREADS];
	struct test_random random;
	void (*does)(void *user, unsigned thread);
	void *user;
	uint64_t now;
	unsigned steps;
} all;

static _Thread_local struct thread *self; /* NULL: not one of them */

/* One that is not done, by lot; NULL: all are. */
static struct thread *draw(const struct thread *except)
{
	struct thread *candidates[INTERLEAVE_THREADS];
	unsigned n = 0;
	for (unsigned i = 0; i < INTERLEAVE_THREADS; i++)
		if (!all.threads[i].done && &all.threads[i] != except)
			candidates[n++] = &all.threads[i];
	return n > 0 ? candidates[test_random_below(&all.random, n)] : NULL;
}

static void wait_for_turn(struct thread *thread)
{
	while (sem_wait(&thread->turn) < 0)
		;
}

void interleave_pass(void)
{
	struct thread *me = self, *next = draw(me);
	if (next == NULL)
		return;
	CHECK_INT(sem_post(&next->turn), 0);
	wait_for_turn(me);
}

/* Called by the code under test, in every basic block. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	if (self == NULL)
		return;
	if (++all.steps > MOST_STEPS)
		_exit(INTERLEAVE_ENDLESS);
	if (test_random_below(&all.random, CHANGE_IN) == 0)
		interleave_pass();
}

static void *run(void *argument)
{
	struct thread *me = argument;
	wait_for_turn(me);
	self = me;
	all.does(all.user, me->index);
	self = NULL;
	me->done = true;
	struct thread *next = draw(me);
	if (next != NULL)
		CHECK_INT(sem_post(&next->turn), 0);
	return NULL;
}

void interleave(uint64_t seed, void (*does)(void *user, unsigned thread), void *user)
{
	all.random = test_random_seed(seed);
	all.does = does;
	all.user = user;
	all.now = all.steps = 0;
	for (unsigned i = 0; i < INTERLEAVE_THREADS; i++) {
		struct thread *thread = &all.threads[i];
		*thread = (struct thread){ .index = i };
		CHECK_INT(sem_init(&thread->turn, 0, 0), 0);
	}
	for (unsigned i = 0; i < INTERLEAVE_THREADS; i++)
		CHECK_INT(pthread_create(&all.threads[i].id, NULL, run, &all.threads[i]), 0);
	CHECK_INT(sem_post(&draw(NULL)->turn), 0);
	for (unsigned i = 0; i < INTERLEAVE_THREADS; i++)
		CHECK_INT(pthread_join(all.threads[i].id, NULL), 0);
	for (unsigned i = 0; i < INTERLEAVE_THREADS; i++)
		sem_destroy(&all.threads[i].turn);
}

void interleave_lock(void *user)
{
	struct interleave_lock *lock = user;
	while (lock->held && !lock->removed)
		interleave_pass();
	lock->held = true;
}

void interleave_unlock(void *user)
{
	struct interleave_lock *lock = user;
	lock->held = false;
}

uint64_t interleave_now(void)
{
	return all.now++;
}
