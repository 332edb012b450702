/* SPDX-License-Identifier: MIT */
/** Short histories of calls to one small region, wrong calls included, and what a bitmap says. */
#ifndef UMM_TESTS_UNIT_REGION_HISTORY_H
#define UMM_TESTS_UNIT_REGION_HISTORY_H

#include "core/lock.h"
#include "tests/unit/history.h"
#include "tests/unit/random.h"
#include "tests/unit/region_fixture.h"

#define REGION_HISTORY_PAGES 12u
#define REGION_HISTORY_BASE  0x100000u
#define REGION_HISTORY_STEPS 7 /* of each thread */

enum region_operation { REGION_TAKE, REGION_RESERVE, REGION_GIVE };

/** Whether the result was possible in this state: bit p, page p is taken; bit 32 + p, a taken run
 * begins there. */
bool region_history_model(const struct history_event *event, uint64_t *state);

/** The next call of a thread, whose own events begin at `first`. What it took itself it gives back;
 * sometimes it lies about what is its own. */
void region_history_draw(struct test_random *random, const struct history_event *first,
			 struct history_event *event);

/** Do it, under the lock. */
void region_history_call(struct umm_region *region, const struct umm_lock *lock,
			 struct history_event *event);

#endif
