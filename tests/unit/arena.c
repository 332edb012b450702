/* SPDX-License-Identifier: MIT */
/** Most of it needs huge pages (sysctl vm.nr_hugepages=8), and is skipped without them. */
#include "heap/arena.h"
#include "os/pagemap.h"
#include "tests/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  UMM_HUGE_PAGE_BYTES
#define PAGES 6u

static struct umm_arena *arena;

static void setup(void)
{
	int ret = umm_arena_create("test", PAGES * PAGE, &arena);
	if (ret == -ENOMEM)
		SKIP("no %u free huge pages of 2 MiB (sysctl vm.nr_hugepages reserves some)",
		     PAGES);
	CHECK_INT(ret, 0);
}

static struct umm_range take(uint64_t size)
{
	struct umm_region_request request = { .size_bytes = size };
	struct umm_range run;
	CHECK_INT(umm_arena_take(arena, &request, &run), 0);
	return run;
}

static char *map_run(struct umm_range run)
{
	void *map;
	CHECK_INT(umm_arena_map(arena, run, UMM_MAP_WRITE, &map), 0);
	return map;
}

TEST(physical_addresses_are_found_or_refused_in_words)
{
	static char byte = 1;
	uint64_t address = 0;
	int ret = umm_physical_address(&byte, &address);
	if (ret == -EACCES)
		SKIP("the kernel hides physical addresses from this user");
	CHECK_INT(ret, 0);
	CHECK(address != 0 && address % 4096 == (uintptr_t)&byte % 4096);
	CHECK_INT(umm_physical_address(NULL, &address), -ENXIO);
}

TEST(senseless_sizes_are_refused)
{
	CHECK_INT(umm_arena_create("test", 0, &arena), -EINVAL);
	CHECK_INT(umm_arena_create("test", UINT64_MAX, &arena), -EINVAL);
	CHECK(arena == NULL);
	umm_arena_destroy(NULL);
}

TEST(whole_arena_is_taken_page_by_page)
{
	struct umm_region_stats stats;
	struct umm_range runs[PAGES];
	setup();
	for (unsigned i = 0; i < PAGES; i++) {
		runs[i] = take(1);
		CHECK(runs[i].size == PAGE && runs[i].start % PAGE == 0);
	}
	umm_arena_get_stats(arena, &stats);
	CHECK_INT(stats.free_bytes, 0);
	CHECK_INT(stats.total_bytes, PAGES * PAGE);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_INT(umm_arena_give(arena, runs[i]), 0);
	CHECK_INT(umm_arena_give(arena, runs[0]), -EALREADY);
	umm_arena_destroy(arena);
}

TEST(runs_are_where_their_addresses_say)
{
	setup();
	if (!umm_arena_is_physical(arena))
		SKIP("%s", umm_arena_source(arena));
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	struct umm_range run = take(stats.largest_free_bytes);
	char *map = map_run(run);
	for (uint64_t at = 0; at < run.size; at += PAGE / 2) {
		uint64_t address;
		map[at] = 1;
		CHECK_INT(umm_physical_address(map + at, &address), 0);
		CHECK(address == run.start + at);
	}
	umm_arena_unmap(arena, map, run);
	CHECK_INT(umm_arena_give(arena, run), 0);
	umm_arena_destroy(arena);
}

TEST(without_addresses_each_page_is_its_own_run)
{
	setup();
	if (umm_arena_is_physical(arena))
		SKIP("this user may read physical addresses");
	struct umm_region_request request = { .size_bytes = PAGE + 1 };
	struct umm_range run;
	CHECK_INT(umm_arena_take(arena, &request, &run), -ENOSPC);
	CHECK(strstr(umm_arena_source(arena), "pagemap") != NULL);
	umm_arena_destroy(arena);
}

TEST(memory_is_zero_for_the_next_owner)
{
	setup();
	struct umm_range runs[PAGES];
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < PAGES; i++) {
			runs[i] = take(PAGE);
			char *map = map_run(runs[i]);
			for (uint64_t at = 0; at < PAGE; at += 511)
				CHECK_INT(map[at], 0);
			memset(map, 0x55, PAGE);
			umm_arena_unmap(arena, map, runs[i]);
		}
		for (unsigned i = 0; i < PAGES; i++)
			CHECK_INT(umm_arena_give(arena, runs[i]), 0);
	}
	umm_arena_destroy(arena);
}

TEST(bytes_are_where_locate_says)
{
	setup();
	struct umm_range run = take(PAGE);
	char *map = map_run(run);
	uint64_t offset;
	int fd;
	map[12345] = 42;
	CHECK_INT(umm_arena_locate(arena, run.start + 12345, &fd, &offset), 0);
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (off_t)(offset & ~(PAGE - 1)));
	CHECK(page != MAP_FAILED);
	CHECK_INT(page[12345], 42);
	munmap(page, PAGE);
	CHECK_INT(umm_arena_locate(arena, UINT64_MAX, &fd, &offset), -EFAULT);
	umm_arena_unmap(arena, map, run);
	CHECK_INT(umm_arena_give(arena, run), 0);
	umm_arena_destroy(arena);
}

static int signal_of_touch(const volatile char *address)
{
	pid_t child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		(void)*address;
		_exit(0);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(stray_touches_beside_a_run_fault)
{
	setup();
	struct umm_range run = take(PAGE);
	char *map = map_run(run);
	CHECK_INT(signal_of_touch(map), 0);
	CHECK_INT(signal_of_touch(map + PAGE - 1), 0);
	CHECK_INT(signal_of_touch(map - 1), SIGSEGV);
	CHECK_INT(signal_of_touch(map + PAGE), SIGSEGV);
	umm_arena_unmap(arena, map, run);
	umm_arena_destroy(arena);
}

/* Of this process; read without a call that could map something. */
static uint64_t address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Address space that is mapped with a run, beside its own. */
static uint64_t guards_of(enum umm_page_size pages, enum umm_arena_guards guards)
{
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = PAGES * PAGE,
		.pages = pages,
		.guards = guards,
	};
	int ret = umm_arena_open(&config, &arena);
	if (ret == -ENOMEM && pages == UMM_PAGES_2M)
		SKIP("no %u free huge pages of 2 MiB (sysctl vm.nr_hugepages reserves some)",
		     PAGES);
	CHECK_INT(ret, 0);
	struct umm_range run = take(1);
	uint64_t before = address_space();
	char *map = map_run(run);
	uint64_t all = address_space() - before;
	CHECK((uintptr_t)map % umm_arena_page_bytes(arena) == 0);
	memset(map, 1, run.size);
	umm_arena_unmap(arena, map, run);
	CHECK(address_space() == before);
	umm_arena_destroy(arena);
	return all - run.size;
}

TEST(guards_are_optional)
{
	CHECK_INT(guards_of(UMM_PAGES_4K, UMM_ARENA_GUARDS_ON), 2 * 4096);
	CHECK_INT(guards_of(UMM_PAGES_4K, UMM_ARENA_GUARDS_OFF), 0);
}

TEST(guards_of_huge_pages_are_optional)
{
	CHECK_INT(guards_of(UMM_PAGES_2M, UMM_ARENA_GUARDS_ON), 2 * PAGE);
	CHECK_INT(guards_of(UMM_PAGES_2M, UMM_ARENA_GUARDS_OFF), 0);
}

TEST(the_user_can_do_without_guards)
{
	setenv("UMM_ARENA_GUARDS", "off", 1);
	CHECK_INT(guards_of(UMM_PAGES_4K, UMM_ARENA_GUARDS_ON), 0);
	setenv("UMM_ARENA_GUARDS", "on", 1);
	CHECK_INT(guards_of(UMM_PAGES_4K, UMM_ARENA_GUARDS_ON), 2 * 4096);
	CHECK_INT(guards_of(UMM_PAGES_4K, UMM_ARENA_GUARDS_OFF), 0);
}

TEST(stray_touches_beside_a_run_of_small_pages_fault)
{
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = PAGE,
		.pages = UMM_PAGES_4K,
	};
	CHECK_INT(umm_arena_open(&config, &arena), 0);
	struct umm_range run = take(1);
	char *map = map_run(run);
	CHECK_INT(signal_of_touch(map), 0);
	CHECK_INT(signal_of_touch(map - 1), SIGSEGV);
	CHECK_INT(signal_of_touch(map + run.size), SIGSEGV);
	umm_arena_unmap(arena, map, run);
	umm_arena_destroy(arena);
}

TEST(only_taken_runs_are_mapped)
{
	void *map = NULL;
	setup();
	struct umm_range run = take(PAGE);
	CHECK_INT(umm_arena_give(arena, run), 0);
	CHECK_INT(umm_arena_map(arena, run, UMM_MAP_READ, &map), -ENOENT);
	CHECK(map == NULL);
	umm_arena_destroy(arena);
}
