/* SPDX-License-Identifier: MIT */
#include "tests/unit/history.h"

#include "tests/harness.h"

#define PLACES_BITS 16
#define PLACES	    (1u << PLACES_BITS)

struct place {
	uint64_t state;
	uint32_t done; /* 0: nobody was here */
};

struct search {
	const struct history_event *events;
	unsigned count;
	history_model model;
	struct place places[PLACES];
	unsigned n_places;
};

/* Remember a dead end, or know it. True: it was new. */
static bool remember(struct search *search, uint32_t done, uint64_t state)
{
	uint64_t hash = (state ^ (uint64_t)done << 32 ^ done) * 0x9e3779b97f4a7c15ull;
	for (unsigned i = (unsigned)(hash >> (64 - PLACES_BITS));; i = (i + 1) % PLACES) {
		struct place *place = &search->places[i];
		if (place->done == done && place->state == state)
			return false;
		if (place->done != 0)
			continue;
		CHECK(++search->n_places < PLACES / 2);
		*place = (struct place){ state, done };
		return true;
	}
}

/* No pending call returned before this one was called. */
static bool may_be_next(const struct search *search, uint32_t done, unsigned index)
{
	for (unsigned i = 0; i < search->count; i++)
		if ((done >> i & 1) == 0 &&
		    search->events[i].returned < search->events[index].called)
			return false;
	return true;
}

static bool explore(struct search *search, uint32_t done, uint64_t state)
{
	uint32_t all = search->count == 32 ? UINT32_MAX : (1u << search->count) - 1;
	if (done == all)
		return true;
	for (unsigned i = 0; i < search->count; i++) {
		uint64_t next = state;
		if ((done >> i & 1) != 0 || !may_be_next(search, done, i) ||
		    !search->model(&search->events[i], &next))
			continue;
		if (remember(search, done | 1u << i, next) && explore(search, done | 1u << i, next))
			return true;
	}
	return false;
}

bool history_is_linearizable(const struct history_event *events, unsigned count,
			     history_model model, uint64_t state)
{
	static struct search search;
	CHECK(count <= HISTORY_MAX);
	memset(search.places, 0, sizeof(search.places));
	search.n_places = 0;
	search.events = events;
	search.count = count;
	search.model = model;
	return explore(&search, 0, state);
}
