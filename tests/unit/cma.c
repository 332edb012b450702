/* SPDX-License-Identifier: MIT */
/** What contiguous areas can give; the machine is a directory of files. */
#include "os/cma.h"
#include "tests/harness.h"
#include "tests/unit/machine.h"

#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

static uint64_t pages(uint64_t n)
{
	return n * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_area(const char *name, const char *taken, const char *given_back)
{
	char path[128];
	snprintf(path, sizeof(path), UMM_CMA_AREAS "/%s/alloc_pages_success", name);
	machine_put(path, taken);
	if (given_back == NULL)
		return;
	snprintf(path, sizeof(path), UMM_CMA_AREAS "/%s/release_pages_success", name);
	machine_put(path, given_back);
}

TEST(pages_of_programs_in_an_area_do_not_make_it_smaller)
{
	uint64_t total, taken;
	machine_put("/proc/meminfo", "MemFree: 1 kB\nCmaTotal:   49152 kB\nCmaFree:     12 kB\n");
	put_area("reserved", "700\n", "200\n");
	put_area("camera", "33\n", "33\n");
	CHECK(umm_cma_total(MACHINE, &total) && umm_cma_taken(MACHINE, &taken));
	CHECK_INT(total, 48 * MIB);
	CHECK_INT(taken, pages(500));
	CHECK(umm_cma_ever_taken(MACHINE, &taken));
	CHECK_INT(taken, pages(733));
	CHECK(umm_cma_has_area(MACHINE, "camera") && !umm_cma_has_area(MACHINE, "screen"));
}

TEST(a_machine_without_areas_says_so)
{
	uint64_t out = 7;
	CHECK(!umm_cma_total(MACHINE, &out) && !umm_cma_taken(MACHINE, &out));
	machine_put("/proc/meminfo", "MemFree: 1 kB\nCmaTotal:   0 kB\nCmaFree:     0 kB\n");
	CHECK(!umm_cma_total(MACHINE, &out) && !umm_cma_ever_taken(MACHINE, &out));
	CHECK_INT(out, 7);
}

TEST(an_older_kernel_tells_what_was_taken_and_not_what_came_back)
{
	uint64_t out = 7;
	put_area("reserved", "700\n", NULL);
	CHECK(umm_cma_ever_taken(MACHINE, &out));
	CHECK_INT(out, pages(700));
	CHECK(!umm_cma_taken(MACHINE, &out));
	put_area("reserved", "nonsense\n", "1\n");
	CHECK(!umm_cma_ever_taken(MACHINE, &out) && !umm_cma_taken(MACHINE, &out));
}
