/* SPDX-License-Identifier: MIT */
/**
 * Threads that run one at a time, and change over wherever a seed says.
 *
 * Two processors show few of the ways in which threads can meet. Here the code under test is
 * compiled with -fsanitize-coverage=trace-pc (gcc and clang): it calls the scheduler in every basic
 * block, which now and then lets another thread go on from there. The same seed gives the same
 * order, and a critical section without its lock is torn apart in the middle.
 */
#ifndef UMM_TESTS_UNIT_INTERLEAVE_H
#define UMM_TESTS_UNIT_INTERLEAVE_H

#include <stdbool.h>
#include <stdint.h>

#define INTERLEAVE_THREADS 4

/** All of them call does(user, thread). Returns when the last one is done; a thread that does not
 * end (books in disorder can go round for ever) ends the test with INTERLEAVE_ENDLESS. */
void interleave(uint64_t seed, void (*does)(void *user, unsigned thread), void *user);

#define INTERLEAVE_ENDLESS 9

/** Let another thread go on. */
void interleave_pass(void);

/** A lock among them. Not a mutex: those who wait for one would never be let go on. */
struct interleave_lock {
	bool held, removed; /**< removed: the mutant, it locks nothing */
};
void interleave_lock(void *lock);
void interleave_unlock(void *lock);

/** A clock for histories: it moves by one with each call, whoever calls. */
uint64_t interleave_now(void);

#endif
