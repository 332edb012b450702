/* SPDX-License-Identifier: MIT */
/**
 * What drivers do all day, on a modelled machine, with every byte compared to what it must be.
 *
 * Each scenario is run with a seed, which also picks the machine (with or without an outer cache).
 * It says in words what went wrong, or NULL. tests/unit/model.c runs them on the code as it is;
 * tests/unit/mutants.c on code with a step removed.
 */
#ifndef UMM_TESTS_UNIT_SCENARIOS_H
#define UMM_TESTS_UNIT_SCENARIOS_H

#include <stdint.h>

struct scenario {
	const char *name;
	const char *(*run)(uint64_t seed);
};

/** Ended by a NULL name. */
extern const struct scenario scenarios[];

#endif
