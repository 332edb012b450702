/* SPDX-License-Identifier: MIT */
#include "tests/unit/region_fixture.h"
#include "tests/harness.h"

void region_setup_sized(struct region_fixture *f, uint64_t granule, uint32_t runs, uint32_t ranges)
{
	struct umm_region_config config = { granule, runs, ranges };
	size_t bytes = umm_region_memory(&config);
	CHECK(bytes > 0);
	f->memory = malloc(bytes);
	CHECK(f->memory != NULL);
	CHECK_INT(umm_region_init(&f->region, &config, f->memory, bytes), 0);
}

void region_setup(struct region_fixture *f, uint64_t start, uint64_t size)
{
	region_setup_sized(f, PAGE, MAX_RUNS, MAX_RANGES);
	CHECK_INT(umm_region_add(&f->region, (struct umm_range){ start, size }), 0);
}

void region_teardown(struct region_fixture *f)
{
	CHECK(umm_region_valid(&f->region));
	free(f->memory);
}
