/* SPDX-License-Identifier: MIT */
/**
 * A checker of recorded histories: can they be linearized? Wing and Gong's search, with memory of
 * where it has been: of the calls that no other pending call precedes, one is tried after the
 * other on a sequential model, which says whether the recorded result was possible there.
 *
 * The model's state is one number, so that a place in the search is two: what has been done, and
 * the state it led to.
 */
#ifndef UMM_TESTS_UNIT_HISTORY_H
#define UMM_TESTS_UNIT_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_MAX 32

/** One call: from when to when it ran, by one clock for all threads, and what came of it. */
struct history_event {
	uint64_t called, returned;
	unsigned operation;
	uint64_t argument[2], value; /**< the model knows what they mean */
	int result;
};

/** Could the call have had this result in *state? Then *state is what follows. */
typedef bool (*history_model)(const struct history_event *event, uint64_t *state);

/** Is there an order of the events that the model agrees with? At most HISTORY_MAX of them. */
bool history_is_linearizable(const struct history_event *events, unsigned count,
			     history_model model, uint64_t state);

#endif
