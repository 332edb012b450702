/* SPDX-License-Identifier: MIT */
#include "tests/unit/arena_fixture.h"
#include "tests/harness.h"

/* A prime that divides no number of pages here: all have an address of their own. */
#define STEP 13

static unsigned n_pages;
static const char *first;

static int made_up(const void *byte, uint64_t *out)
{
	if (first == NULL)
		first = byte;
	uint64_t page = (uint64_t)((const char *)byte - first) / PAGE;
	*out = BASE + (page * STEP % n_pages) * PAGE;
	return 0;
}

struct umm_arena *arena_open_crosswise(unsigned pages)
{
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = (uint64_t)pages * PAGE,
		.pages = UMM_PAGES_4K,
		.address_of = made_up,
	};
	struct umm_arena *arena;
	CHECK(pages % STEP != 0);
	n_pages = pages;
	first = NULL;
	CHECK_INT(umm_arena_open(&config, &arena), 0);
	return arena;
}

void arena_disturb(struct umm_arena *arena, struct test_random *random, unsigned most,
		   struct umm_range *held)
{
	struct umm_region_request request = {
		.size_bytes = PAGE * (1 + test_random_below(random, most)),
	};
	void *map;
	if (held->size > 0) {
		CHECK_INT(umm_arena_give(arena, *held), 0);
		held->size = 0;
	} else if (umm_arena_take(arena, &request, held) == 0) {
		CHECK_INT(umm_arena_map(arena, *held, UMM_MAP_WRITE, &map), 0);
		memset(map, 0x5a, held->size);
		umm_arena_unmap(arena, map, *held);
	}
}
