/* SPDX-License-Identifier: MIT */
/** A region of pages and the memory for its books, for its tests. */
#ifndef UMM_TESTS_UNIT_REGION_FIXTURE_H
#define UMM_TESTS_UNIT_REGION_FIXTURE_H

#include "core/region.h"

#define PAGE	   4096ull
#define MAX_RANGES 8
#define MAX_RUNS   512

struct region_fixture {
	struct umm_region region;
	void *memory;
};

void region_setup_sized(struct region_fixture *f, uint64_t granule, uint32_t runs, uint32_t ranges);
void region_setup(struct region_fixture *f, uint64_t start, uint64_t size);
void region_teardown(struct region_fixture *f);

#endif
