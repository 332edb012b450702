/* SPDX-License-Identifier: MIT */
/** An arena of small pages whose addresses are made up, so that runs are longer than a page
 * wherever this is run. */
#ifndef UMM_TESTS_UNIT_ARENA_FIXTURE_H
#define UMM_TESTS_UNIT_ARENA_FIXTURE_H

#include "heap/arena.h"
#include "tests/unit/random.h"

#define BASE 0x40000000u
#define PAGE 4096u

/** All pages are neighbours in memory from BASE on, but lie crosswise in the file. One at a time in
 * a test. */
struct umm_arena *arena_open_crosswise(unsigned pages);

/** What contiguous requests do to buffers that move: a run of up to `most` pages is taken and
 * written over, or the one that is held is given back. A held run of size 0 is none. */
void arena_disturb(struct umm_arena *arena, struct test_random *random, unsigned most,
		   struct umm_range *held);

#endif
