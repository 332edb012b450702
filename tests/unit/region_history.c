/* SPDX-License-Identifier: MIT */
#include "tests/unit/region_history.h"

#include <errno.h>

#define PAGES REGION_HISTORY_PAGES
#define BASE  REGION_HISTORY_BASE

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

bool region_history_model(const struct history_event *event, uint64_t *state)
{
	uint64_t first = event->argument[0], n = event->argument[1];
	switch (event->operation) {
	case REGION_TAKE: /* argument[0]: the alignment */
		if (event->result == 0)
			return event->value % event->argument[0] == 0 &&
			       took(event->value, n, state);
		return event->result == -ENOSPC && !some_free_run(*state, n, event->argument[0]);
	case REGION_RESERVE:
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

static struct umm_range run_of(const struct history_event *event)
{
	return (struct umm_range){ BASE + event->argument[0] * PAGE, event->argument[1] * PAGE };
}

void region_history_call(struct umm_region *region, const struct umm_lock *lock,
			 struct history_event *event)
{
	struct umm_region_request request = {
		.size_bytes = event->argument[1] * PAGE,
		.align_bytes = event->argument[0] * PAGE,
	};
	struct umm_range run = { 0 };
	umm_lock_take(lock);
	if (event->operation == REGION_TAKE)
		event->result = umm_region_take(region, &request, &run);
	else if (event->operation == REGION_RESERVE)
		event->result = umm_region_reserve(region, run_of(event));
	else
		event->result = umm_region_give(region, run_of(event));
	umm_lock_give(lock);
	if (event->operation == REGION_TAKE && event->result == 0)
		event->value = (run.start - BASE) / PAGE;
}

void region_history_draw(struct test_random *random, const struct history_event *first,
			 struct history_event *event)
{
	uint64_t n = 1 + test_random_below(random, 4);
	*event = (struct history_event){ .operation = (unsigned)test_random_below(random, 3) };
	event->argument[1] = n;
	event->argument[0] = test_random_below(random, PAGES - n + 1);
	if (event->operation == REGION_TAKE)
		event->argument[0] = 1ull << test_random_below(random, 3);
	if (event->operation != REGION_GIVE || event == first)
		return;
	const struct history_event *before = event - 1;
	if (before->result == 0 && before->operation != REGION_GIVE) {
		bool taken = before->operation == REGION_TAKE;
		event->argument[0] = taken ? before->value : before->argument[0];
		event->argument[1] = before->argument[1];
	}
}
