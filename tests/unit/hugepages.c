/* SPDX-License-Identifier: MIT */
/**
 * Where free huge pages lie; the machine is a directory of files, whose /proc/kpageflags is mostly
 * a hole: pages that are nothing.
 */
#include "os/hugepages.h"
#include "os/cleanup.h"
#include "os/memfd.h"
#include "tests/harness.h"
#include "tests/unit/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <unistd.h>

#define KIB	 (UINT64_C(1) << 10)
#define MIB	 (UINT64_C(1) << 20)
#define GIB	 (UINT64_C(1) << 30)
#define PAGE	 UMM_HUGE_PAGE_BYTES
#define HEAD	 (UINT64_C(1) << KPF_HUGE | UINT64_C(1) << KPF_COMPOUND_HEAD)
#define TAIL	 (UINT64_C(1) << KPF_HUGE | UINT64_C(1) << KPF_COMPOUND_TAIL)
#define MAPPED	 (UINT64_C(1) << KPF_MMAP)
#define ANYWHERE UINT64_MAX

#define MAP_PATH MACHINE UMM_HUGEPAGES_MAP

/* A machine with that much memory, and so many pages of 2 MiB in the pool. */
static void make_machine(uint64_t memory_bytes, unsigned pages)
{
	char count[16];
	snprintf(count, sizeof(count), "%u\n", pages);
	machine_put(UMM_HUGEPAGES_COUNTERS "nr_hugepages", count);
	machine_put(UMM_HUGEPAGES_MAP, "");
	CHECK_INT(truncate(MAP_PATH, (off_t)(memory_bytes / 4096 * sizeof(uint64_t))), 0);
}

static void put_flags(uint64_t address, const uint64_t *flags, size_t n)
{
	off_t at = (off_t)(address / 4096 * sizeof(*flags));
	umm_autofd fd = open(MAP_PATH, O_WRONLY | O_CLOEXEC);
	CHECK(pwrite(fd, flags, n * sizeof(*flags), at) == (ssize_t)(n * sizeof(*flags)));
}

/* As the kernel shows a huge page of any size: the first word has flags of its own. */
static void put_page(uint64_t address, uint64_t size, uint64_t more_flags)
{
	size_t n = size / 4096;
	uint64_t *flags = malloc(n * sizeof(*flags));
	CHECK(flags != NULL);
	for (size_t i = 0; i < n; i++)
		flags[i] = i == 0 ? HEAD | more_flags : TAIL;
	put_flags(address, flags, n);
	free(flags);
}

static struct umm_hugepages_survey survey(uint64_t max_address)
{
	struct umm_hugepages_survey out;
	CHECK_INT(umm_hugepages_survey(MACHINE, max_address, &out), 0);
	return out;
}

static void check_survey(uint64_t max_address, struct umm_hugepages_survey expected)
{
	struct umm_hugepages_survey found = survey(max_address);
	CHECK_INT(found.idle_pages, expected.idle_pages);
	CHECK_INT(found.longest_run_pages, expected.longest_run_pages);
	CHECK_INT(found.last_address, expected.last_address);
}

TEST(the_longest_run_is_that_of_idle_neighbours)
{
	make_machine(64 * MIB, 7);
	put_page(2 * PAGE, PAGE, 0);
	put_page(3 * PAGE, PAGE, 0);
	put_page(4 * PAGE, PAGE, MAPPED);
	put_page(5 * PAGE, PAGE, 0);
	put_page(6 * PAGE, PAGE, 0);
	put_page(7 * PAGE, PAGE, 0);
	put_page(31 * PAGE, PAGE, 0); /* the end of memory */
	check_survey(ANYWHERE, (struct umm_hugepages_survey){ 6, 3, 32 * PAGE - 1 });
	check_survey(8 * PAGE - 1, (struct umm_hugepages_survey){ 5, 3, 8 * PAGE - 1 });
	check_survey(8 * PAGE - 2, (struct umm_hugepages_survey){ 4, 2, 7 * PAGE - 1 });
}

TEST(a_page_of_1_gib_is_none_of_2_mib)
{
	make_machine(3 * GIB, 2);
	put_page(GIB - PAGE, PAGE, 0);
	put_page(GIB, GIB, 0);
	put_page(2 * GIB, PAGE, 0);
	check_survey(ANYWHERE, (struct umm_hugepages_survey){ 2, 1, 2 * GIB + PAGE - 1 });
	check_survey(2 * GIB - 1, (struct umm_hugepages_survey){ 1, 1, GIB - 1 });
}

TEST(two_pages_of_1_gib_are_two)
{
	make_machine(3 * GIB, 1);
	put_page(0, GIB, 0);
	put_page(GIB, GIB, MAPPED);
	put_page(3 * GIB - PAGE, PAGE, 0);
	check_survey(ANYWHERE, (struct umm_hugepages_survey){ 1, 1, 3 * GIB - 1 });
}

TEST(smaller_and_other_huge_pages_are_not_counted)
{
	const uint64_t transparent = UINT64_C(1) << KPF_THP | UINT64_C(1) << KPF_COMPOUND_HEAD;
	make_machine(256 * MIB, 1);
	for (uint64_t at = 0; at < PAGE; at += 64 * KIB) /* of arm64 */
		put_page(at, 64 * KIB, 0);
	put_page(32 * MIB, 32 * MIB, 0);
	put_page(64 * MIB, PAGE, 0);
	put_page(64 * MIB + PAGE, 64 * KIB, 0);
	put_flags(128 * MIB, &transparent, 1);
	check_survey(ANYWHERE, (struct umm_hugepages_survey){ 1, 1, 64 * MIB + PAGE - 1 });
}

TEST(no_pool_and_no_map_are_told_apart)
{
	struct umm_hugepages_survey out = { 7, 7, 7 };
	make_machine(16 * MIB, 0);
	put_page(0, PAGE, 0); /* of a pool that is gone by now */
	check_survey(ANYWHERE, (struct umm_hugepages_survey){ 0 });
	CHECK_INT(unlink(MAP_PATH), 0);
	CHECK_INT(umm_hugepages_survey(MACHINE, ANYWHERE, &out), -ENOENT);
	CHECK_INT(out.idle_pages, 7);
}
