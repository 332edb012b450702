/* SPDX-License-Identifier: MIT */
/** Random numbers that come again with the same seed, and the length of the long test runs. */
#ifndef UMM_TESTS_UNIT_RANDOM_H
#define UMM_TESTS_UNIT_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

/** xorshift64*: small, and good enough to shake data structures. */
struct test_random {
	uint64_t state;
};

static inline struct test_random test_random_seed(uint64_t seed)
{
	return (struct test_random){ .state = seed * 0x9e3779b97f4a7c15ull + 1 };
}

static inline uint64_t test_random_next(struct test_random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dull;
}

/** 0 .. limit - 1 */
static inline uint64_t test_random_below(struct test_random *random, uint64_t limit)
{
	return test_random_next(random) % limit;
}

/** `count` steps, times UMM_TEST_LONG where that is set: the long runs are the same tests, and so
 * are the short ones (0.1) of machines that are only imitated. */
static inline uint64_t test_steps(uint64_t count)
{
	const char *factor = getenv("UMM_TEST_LONG");
	double times = factor != NULL ? strtod(factor, NULL) : 1;
	double steps = times > 0 ? (double)count * times : (double)count;
	return steps < 1 ? 1 : (uint64_t)steps;
}

#endif
