/* SPDX-License-Identifier: MIT */
/**
 * Contiguous buffers for everybody. Huge pages are needed (sysctl vm.nr_hugepages=16), and for most
 * tests the right to know where they are; without them tests are skipped.
 */
#include "heap/arena.h"
#include "heap/heap.h"
#include "heap/movable.h"
#include "os/hugepages.h"
#include "os/memfd.h"
#include "os/pagemap.h"
#include "share/answer.h"
#include "share/heap_json.h"
#include "share/json.h"
#include "tests/harness.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/cleanup.h"
#include "os/clock.h"
#include "tests/unit/random.h"

#define PAGE   UMM_HUGE_PAGE_BYTES
#define MOST   256u
#define NOBODY 65534 /* nobody, who may not know where anything is */

static struct umm_heap heap;

static struct umm_heap_properties properties(void)
{
	struct umm_heap_properties out;
	CHECK(umm_heap_find("arena", &heap));
	umm_heap_probe(&heap, &out);
	return out;
}

/* The longest run that there may be: at least `pages`, of huge pages. */
static uint64_t need(unsigned pages)
{
	struct umm_heap_properties here = properties();
	if (!here.present || here.contiguous)
		SKIP("%s", here.source);
	if (here.caveat[0] != '\0' && pages > 1)
		SKIP("%s", here.caveat);
	if (here.contiguous_max_bytes < pages * PAGE)
		SKIP("no %u huge pages of 2 MiB side by side (sysctl vm.nr_hugepages reserves "
		     "some)",
		     pages);
	return here.contiguous_max_bytes;
}

static int allocate(uint64_t size, struct umm_heap_memory *out)
{
	struct umm_heap_request request = { .label = "test", .size_bytes = size };
	return umm_heap_allocate(&heap, &request, out);
}

static uint64_t free_pages(void)
{
	uint64_t pages = 0;
	CHECK(umm_hugepages_free(&pages));
	return pages;
}

/* Write on all free pages, and give them back in a random order. */
static void shuffle(uint64_t seed)
{
	int fds[MOST];
	unsigned n = 0;
	struct test_random random = test_random_seed(seed);
	while (n < MOST && umm_memfd_create("dirt", PAGE, UMM_PAGES_2M, &fds[n]) == 0) {
		void *map;
		CHECK_INT(umm_map_fd(fds[n++], PAGE, UMM_MAP_WRITE, &map), 0);
		memset(map, 0xee, PAGE);
		umm_unmap(map, PAGE);
	}
	for (; n > 0; n--) {
		unsigned i = (unsigned)test_random_below(&random, n);
		close(fds[i]);
		fds[i] = fds[n - 1];
	}
}

/* A mapping of a dma-buf has no addresses. */
static int file_of(const struct umm_heap_memory *memory)
{
	return memory->backing_fd >= 0 ? memory->backing_fd : memory->fd;
}

/* One zeroed run: where is it? */
static uint64_t check_run(int fd, uint64_t size)
{
	uint64_t first, address;
	void *map;
	CHECK_INT(umm_map_fd(fd, size, UMM_MAP_READ, &map), 0);
	CHECK_INT(umm_physical_address(map, &first), 0);
	for (uint64_t at = 0; at < size; at += 4096) {
		CHECK_INT(umm_physical_address((char *)map + at, &address), 0);
		CHECK(address == first + at);
		CHECK(memcmp((char *)map + at, (char[4096]){ 0 }, 4096) == 0);
	}
	umm_unmap(map, size);
	return first;
}

TEST(a_buffer_is_one_zeroed_run_however_the_free_pages_lie)
{
	uint64_t longest = need(2), before = free_pages();
	for (unsigned round = 0; round < 4; round++) {
		struct umm_heap_memory memory;
		shuffle(round);
		CHECK_INT(allocate(longest, &memory), 0);
		uint64_t first = check_run(file_of(&memory), longest);
		CHECK(first + longest - 1 <= properties().address_max);
		umm_heap_memory_close(&memory);
		CHECK_INT(free_pages(), before); /* nothing is kept */
	}
}

TEST(buffers_that_are_there_together_share_no_page)
{
	uint64_t longest = need(2), before = free_pages();
	struct umm_heap_memory memory[2];
	if (longest < 4 * PAGE)
		SKIP("no 4 huge pages of 2 MiB side by side");
	for (unsigned i = 0; i < 2; i++)
		CHECK_INT(allocate(2 * PAGE - 5, &memory[i]), 0);
	uint64_t one = check_run(file_of(&memory[0]), 2 * PAGE);
	uint64_t other = check_run(file_of(&memory[1]), 2 * PAGE);
	CHECK(one + 2 * PAGE <= other || other + 2 * PAGE <= one);
	CHECK_INT(free_pages(), before - 4);
	umm_heap_memory_close(&memory[0]);
	umm_heap_memory_close(&memory[1]);
}

TEST(a_buffer_keeps_its_size_and_in_the_end_its_writers)
{
	struct umm_heap_memory memory;
	need(1);
	CHECK_INT(allocate(12345, &memory), 0);
	int file = file_of(&memory);
	CHECK(ftruncate(file, 0) < 0);
	char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CHECK(map != MAP_FAILED);
	CHECK_INT(umm_heap_finish(&heap, &memory), 0);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED);
	CHECK(umm_memfd_hollow_out(file, (struct umm_range){ 0, PAGE }) < 0);
	map[PAGE - 1] = 1; /* who had it goes on */
	munmap(map, PAGE);
	umm_heap_memory_close(&memory);
}

TEST(what_cannot_be_had_is_refused_and_changes_nothing)
{
	uint64_t longest = need(1), before = free_pages();
	struct umm_heap_memory memory = { .fd = -7, .backing_fd = -7 };
	CHECK_INT(allocate(longest + 1, &memory), -ENOSPC);
	CHECK_INT(allocate(0, &memory), -EINVAL);
	CHECK_INT(allocate(UINT64_MAX, &memory), -EINVAL);
	CHECK(memory.fd == -7 && memory.backing_fd == -7);
	CHECK_INT(free_pages(), before);
}

/* ---- limits ---- */

TEST(what_32_bits_do_not_reach_is_not_given_to_those_who_have_no_more)
{
	struct umm_heap_properties low;
	struct umm_heap_memory memory;
	uint64_t before = free_pages();
	need(2);
	CHECK(umm_heap_find("arena-dma32", &heap));
	umm_heap_probe(&heap, &low);
	CHECK(!low.present || (low.address_max <= UINT32_MAX && low.address_max > PAGE));
	CHECK(low.free_bytes <= before * PAGE && low.contiguous_max_bytes <= low.free_bytes);
	CHECK(!low.present || low.cost > properties().cost);
	CHECK(umm_heap_find("arena-dma32", &heap));
	for (unsigned round = 0; round < 4 && low.present; round++) {
		shuffle(round);
		uint64_t size = round % 2 == 0 ? PAGE : low.contiguous_max_bytes;
		CHECK_INT(allocate(size, &memory), 0);
		CHECK(check_run(file_of(&memory), size) + size - 1 <= UINT32_MAX);
		umm_heap_memory_close(&memory);
	}
	if (!low.present) {
		CHECK_INT(allocate(PAGE, &memory), -ENOSPC);
		SKIP("%s", low.source);
	}
	CHECK_INT(free_pages(), before);
}

/* ---- several at a time ---- */

/* All pages are gone for a moment, and a process asks this heap for one. */
static void ask_meanwhile(const char *name)
{
	int all, status, turn = umm_hugepages_lock();
	CHECK(turn >= 0);
	CHECK_INT(umm_memfd_create("all", free_pages() * PAGE, UMM_PAGES_2M, &all), 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		struct umm_heap_memory memory;
		close(turn);
		close(all);
		CHECK(umm_heap_find(name, &heap));
		CHECK_INT(allocate(PAGE, &memory), 0);
		umm_heap_memory_close(&memory);
		_exit(0);
	}
	usleep(30000); /* it should be asking by now; else it finds pages, and all is well, too */
	close(all);
	close(turn);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
}

TEST(who_gathers_pages_does_not_leave_others_without)
{
	need(1);
	ask_meanwhile("arena");
	ask_meanwhile("hugetlb");
}

TEST(who_holds_the_turn_for_ever_is_waited_for_once)
{
	int turn = umm_hugepages_lock();
	if (turn < 0)
		SKIP("no huge pages in this kernel");
	int64_t start = umm_now_ns();
	CHECK_INT(umm_hugepages_lock(), -1);
	CHECK(umm_now_ns() - start >= UMM_NS_PER_SECOND);
	start = umm_now_ns();
	for (unsigned i = 0; i < 10; i++)
		CHECK_INT(umm_hugepages_lock(), -1);
	CHECK(umm_now_ns() - start < 10 * UMM_NS_PER_SECOND); /* and not twenty */
	close(turn);
	CHECK((turn = umm_hugepages_lock()) >= 0);
	close(turn);
}

TEST(the_turn_ends_although_a_child_has_inherited_it)
{
	int turn = umm_hugepages_lock(), pipe_fds[2];
	if (turn < 0)
		SKIP("no huge pages in this kernel");
	CHECK_INT(pipe(pipe_fds), 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		char byte;
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &byte, 1) == 0 ? 0 : 1); /* until the parent closes */
	}
	umm_hugepages_unlock(&turn);
	CHECK_INT(turn, -1);
	turn = umm_hugepages_lock();
	CHECK(turn >= 0);
	umm_hugepages_unlock(&turn);
	umm_hugepages_unlock(&turn);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	CHECK(waitpid(child, NULL, 0) == child);
}

/* ---- who may not know ---- */

static void report(void)
{
	struct umm_heap_properties here = properties();
	struct umm_heap_memory memory;
	CHECK(here.present && !here.contiguous);
	CHECK(here.contiguous_max_bytes == PAGE && here.size_max_bytes == PAGE);
	struct umm_heap low;
	struct umm_heap_properties unknown;
	CHECK(umm_heap_find("arena-dma32", &low));
	umm_heap_probe(&low, &unknown);
	CHECK(!unknown.present && strstr(unknown.source, here.caveat) != NULL);
	CHECK_INT(here.address_max, 0);
	CHECK(strstr(here.caveat, "each huge page is its own run") != NULL);
	CHECK(strstr(here.source, here.caveat) != NULL);
	CHECK_INT(allocate(PAGE, &memory), 0);
	umm_heap_memory_close(&memory);
	CHECK_INT(allocate(PAGE + 1, &memory), -ENOSPC);
}

TEST(without_the_right_to_look_each_page_is_a_run_and_it_says_so)
{
	int status;
	need(2);
	if (geteuid() != 0)
		SKIP("only root can give rights up");
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK_INT(setuid(NOBODY), 0);
		report();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
}

/* ---- what the solver makes of it ---- */

static const char *choice(json_t *heaps, const char *memory)
{
	static char name[64];
	json_error_t error;
	umm_autojson json_t *participant = json_loads(memory, 0, &error);
	umm_autojson json_t *document =
		json_pack("{sOs[O]}", "heaps", heaps, "participants", participant);
	umm_autofree char *text = json_dumps(document, 0);
	struct umm_answer *answer;
	CHECK_INT(umm_solve_json(text, strlen(text), &answer), UMM_OK);
	snprintf(name, sizeof(name), "%s", umm_answer_layout(answer)->heap);
	umm_answer_destroy(answer);
	return name;
}

TEST(it_is_taken_by_those_who_need_long_runs_and_by_nobody_else)
{
	need(2);
	umm_autojson json_t *heaps = json_array();
	static const char *const names[] = { "memfd", "hugetlb", "arena" };
	for (unsigned i = 0; i < 3; i++) {
		struct umm_heap one;
		struct umm_heap_properties here;
		CHECK(umm_heap_find(names[i], &one));
		umm_heap_probe(&one, &here);
		json_array_append_new(heaps, umm_heap_json(&here));
	}
	CHECK_STR(choice(heaps, "{\"name\":\"a\",\"usage\":[\"dma\"],"
				"\"memory\":{\"size_bytes\":{\"min\":4000000}},"
				"\"buffers\":{\"min\":1}}"),
		  "memfd");
	CHECK_STR(choice(heaps, "{\"name\":\"a\",\"usage\":[\"dma\"],"
				"\"memory\":{\"size_bytes\":{\"min\":2000000},"
				"\"contiguous\":true},\"buffers\":{\"min\":1}}"),
		  "hugetlb");
	CHECK_STR(choice(heaps, "{\"name\":\"a\",\"usage\":[\"dma\"],"
				"\"memory\":{\"size_bytes\":{\"min\":4000000},"
				"\"contiguous\":true},\"buffers\":{\"min\":1}}"),
		  "arena");
}

/* ---- arenas that are offered ---- */

static struct umm_arena *arena;

static struct umm_movable *movable;
static struct umm_movable_view *views[MOST];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void give(uint64_t address)
{
	CHECK_INT(umm_arena_give(arena, (struct umm_range){ address, PAGE }), 0);
}

/* Take every page; `pages` gets their addresses in order. */
static void take_all(uint64_t *pages, unsigned n)
{
	struct umm_region_request one = { .size_bytes = PAGE };
	CHECK_INT(umm_arena_create("test", n * PAGE, &arena), 0);
	for (unsigned i = 0; i < n; i++) {
		struct umm_range run;
		CHECK_INT(umm_arena_take(arena, &one, &run), 0);
		pages[i] = run.start;
	}
	qsort(pages, n, sizeof(pages[0]), compare);
}

static unsigned find_stretch(const uint64_t *pages, unsigned length)
{
	unsigned first = 0;
	while (pages[first + length - 1] != pages[first] + (length - 1) * PAGE)
		first++;
	return first;
}

static void check_contents(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		CHECK_INT(umm_movable_view_begin(views[i]), 0);
		const char *bytes = umm_movable_view_data(views[i]);
		for (uint64_t at = 0; at < PAGE; at += 64)
			CHECK_INT(bytes[at], (char)(i + 1));
		umm_movable_view_end(views[i]);
	}
}

static void put_buffers(unsigned n)
{
	struct umm_movable_config config = { n, PAGE, 1 };
	CHECK_INT(umm_movable_create(arena, &config, &movable), 0);
	for (unsigned i = 0; i < n; i++) {
		CHECK_INT(umm_movable_view_create(movable, i, 0, UMM_MAP_WRITE, &views[i]), 0);
		memset(umm_movable_view_data(views[i]), (int)i + 1, PAGE);
	}
}

/* All free pages in an arena, a buffer that moves on every second page of the longest stretch, and
 * few free pages elsewhere. Returns the longest run that there is if they move. */
static uint64_t occupy(unsigned total, unsigned length)
{
	uint64_t pages[MOST];
	unsigned n = length / 2, elsewhere = total - length < n ? total - length : n;
	take_all(pages, total);
	unsigned first = find_stretch(pages, length);
	for (unsigned i = 0; i < n; i++)
		give(pages[first + 2 * i + 1]);
	put_buffers(n);
	for (unsigned i = 0; i < length; i++)
		if (i % 2 == 0 || i / 2 >= n)
			give(pages[first + i]);
	for (unsigned i = 0; elsewhere > 0; i++) {
		if (i >= first && i < first + length)
			continue;
		give(pages[i]);
		elsewhere--;
	}
	return (total - length >= n ? length : n) * PAGE;
}

TEST(an_arena_makes_room_and_parts_with_a_run)
{
	unsigned length = (unsigned)(need(4) / PAGE), before = (unsigned)free_pages();
	struct umm_heap_memory memory;
	if (before > MOST)
		SKIP("%u free huge pages are too many", before);
	uint64_t size = occupy(before, length);
	CHECK_INT(allocate(size, &memory), -ENOSPC);
	umm_arena_offer(arena);
	CHECK(properties().contiguous_max_bytes >= size);
	int64_t start = umm_now_ns();
	CHECK_INT(allocate(size, &memory), 0);
	printf("a run of %llu pages was made in %.1f ms, %llu of them moved\n",
	       (unsigned long long)(size / PAGE), (double)(umm_now_ns() - start) / 1e6,
	       (unsigned long long)(umm_arena_moved_bytes(arena) / PAGE));
	check_run(file_of(&memory), size);
	CHECK(umm_arena_moved_bytes(arena) > 0 && umm_arena_moved_bytes(arena) <= size);
	check_contents(length / 2);

	for (unsigned i = 0; i < length / 2; i++)
		umm_movable_view_destroy(views[i]);
	umm_movable_destroy(movable);
	umm_arena_destroy(arena);
	check_run(file_of(&memory), size); /* it is nobody else's */
	CHECK_INT(free_pages(), before - size / PAGE);
	umm_heap_memory_close(&memory);
	CHECK_INT(free_pages(), before);
}

TEST(a_run_that_was_parted_with_is_no_run_any_more)
{
	struct umm_region_request two = { .size_bytes = 2 * PAGE };
	struct umm_range run;
	void *map;
	int fd = -7;
	need(2);
	uint64_t pages = free_pages();
	CHECK_INT(umm_arena_create("test", pages * PAGE, &arena), 0);
	CHECK_INT(umm_arena_take(arena, &two, &run), 0);
	CHECK_INT(umm_arena_part_with(arena, (struct umm_range){ run.start, PAGE }, "x", &fd),
		  -ENOENT);
	CHECK_INT(fd, -7);
	CHECK_INT(umm_arena_part_with(arena, run, "x", &fd), 0);
	int other = -7;
	CHECK_INT(umm_arena_part_with(arena, run, "x", &other), -ENOENT);
	CHECK_INT(other, -7);
	CHECK_INT(umm_arena_give(arena, run), -ENOENT);
	CHECK_INT(umm_arena_map(arena, run, UMM_MAP_READ, &map), -ENOENT);
	CHECK_INT(umm_arena_room(arena, UINT64_MAX).all_bytes, (pages - 2) * PAGE);
	umm_arena_destroy(arena);
	close(fd);
	CHECK_INT(free_pages(), pages);
}

static int anywhere(const void *byte, uint64_t *out)
{
	*out = (uintptr_t)byte;
	return 0;
}

/* Small pages move: nobody could be told where they are. */
TEST(an_arena_that_cannot_part_with_a_run_is_not_asked)
{
	uint64_t pages;
	struct umm_heap_memory memory;
	if (!umm_hugepages_free(&pages) || pages > 8 || properties().contiguous)
		SKIP("few free huge pages of 2 MiB are needed, and no contiguous area");
	uint64_t size = (pages + 1) * PAGE;
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = size,
		.pages = UMM_PAGES_4K,
		.address_of = anywhere,
	};
	CHECK_INT(umm_arena_open(&config, &arena), 0);
	CHECK(umm_arena_is_physical(arena));
	uint64_t before = properties().free_bytes;
	umm_arena_offer(arena);
	CHECK_INT(properties().free_bytes, before);
	CHECK_INT(allocate(size, &memory), -ENOSPC);
	umm_arena_destroy(arena);
}

static uint64_t lie;

static int tell(const void *byte, uint64_t *out)
{
	int ret = umm_physical_address(byte, out);
	*out += lie;
	return ret;
}

TEST(pages_that_are_not_those_of_the_run_are_found_out)
{
	struct umm_region_request two = { .size_bytes = 2 * PAGE };
	struct umm_range run;
	int fd = -7;
	need(2);
	uint64_t pages = free_pages();
	struct umm_arena_config config = {
		.name = "test",
		.size_bytes = pages * PAGE,
		.pages = UMM_PAGES_2M,
		.address_of = tell,
	};
	CHECK_INT(umm_arena_open(&config, &arena), 0);
	CHECK_INT(umm_arena_take(arena, &two, &run), 0);
	lie = PAGE;
	CHECK_INT(umm_arena_part_with(arena, run, "x", &fd), -EAGAIN);
	CHECK_INT(fd, -7);
	CHECK_INT(umm_arena_give(arena, run), -ENOENT);
	umm_arena_destroy(arena);
	CHECK_INT(free_pages(), pages);
}

/* ---- forks ---- */

static _Atomic bool enough;

static void *go_on_offering(void *unused)
{
	while (!enough)
		umm_arena_offer(arena);
	return unused;
}

TEST(a_process_can_be_forked_while_another_thread_offers)
{
	struct umm_arena_config config = { "test", 4096, UMM_PAGES_4K, NULL };
	pthread_t thread;
	CHECK_INT(umm_arena_open(&config, &arena), 0);
	CHECK_INT(pthread_create(&thread, NULL, go_on_offering, NULL), 0);
	for (unsigned i = 0; i < 100; i++) {
		int status;
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			alarm(10); /* it may wait for ever */
			umm_arena_offer(arena);
			_exit(0);
		}
		CHECK(waitpid(child, &status, 0) == child);
		CHECK_INT(status, 0);
	}
	enough = true;
	CHECK_INT(pthread_join(thread, NULL), 0);
	umm_arena_destroy(arena);
}
