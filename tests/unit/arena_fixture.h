/* SPDX-License-Identifier: MIT */
/** An arena of small pages whose addresses are made up, so that runs are longer than a page
 * wherever this is run. */
#ifndef UMM_TESTS_UNIT_ARENA_FIXTURE_H
#define UMM_TESTS_UNIT_ARENA_FIXTURE_H

#include "heap/arena.h"

#define BASE 0x40000000u
#define PAGE 4096u

/** All pages are neighbours in memory from BASE on, but lie crosswise in the file. One at a time in
 * a test. */
struct umm_arena *arena_open_crosswise(unsigned pages);

#endif
