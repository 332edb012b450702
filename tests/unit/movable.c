/* SPDX-License-Identifier: MIT */
/**
 * Buffers that move. The arena's pages are small and have addresses that were made up, so that runs
 * are longer than a page and tests need no reserved huge pages; those that want huge ones skip
 * without.
 */
#include "heap/movable.h"
#include "tests/harness.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/random.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES	  64u
#define BUFFERS	  6u
#define BUF_PAGES 5u

static struct umm_arena *arena;
static struct umm_movable *movable;
static struct umm_movable_view *writers[BUFFERS], *readers[BUFFERS];

static void open_buffers(unsigned n_members)
{
	struct umm_movable_config config = { BUFFERS, BUF_PAGES * PAGE, n_members };
	CHECK_INT(umm_movable_create(arena, &config, &movable), 0);
	for (unsigned i = 0; i < BUFFERS; i++) {
		CHECK_INT(umm_movable_view_create(movable, i, 0, UMM_MAP_WRITE, &writers[i]), 0);
		if (n_members > 1)
			CHECK_INT(umm_movable_view_create(movable, i, 1, UMM_MAP_READ, &readers[i]),
				  0);
	}
}

/* The buffers' pages lie one by one between free ones: nothing longer than a page is free. */
static void start(void)
{
	struct umm_region_request one = { .size_bytes = PAGE };
	struct umm_range run;
	arena = arena_open_crosswise(PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_INT(umm_arena_take(arena, &one, &run), 0);
	for (unsigned i = 0; i < PAGES; i += 2)
		CHECK_INT(umm_arena_give(arena, (struct umm_range){ BASE + i * PAGE, PAGE }), 0);
	open_buffers(2);
	for (unsigned i = 1; i < PAGES; i += 2)
		CHECK_INT(umm_arena_give(arena, (struct umm_range){ BASE + i * PAGE, PAGE }), 0);
}

static void finish(void)
{
	for (unsigned i = 0; i < BUFFERS; i++) {
		umm_movable_view_destroy(writers[i]);
		umm_movable_view_destroy(readers[i]);
	}
	umm_movable_destroy(movable);
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	CHECK(stats.free_bytes == stats.total_bytes);
	umm_arena_destroy(arena);
}

static void fill(unsigned i, unsigned value)
{
	CHECK_INT(umm_movable_view_begin(writers[i]), 0);
	uint32_t *words = umm_movable_view_data(writers[i]);
	for (unsigned at = 0; at < BUF_PAGES * PAGE / 4; at++)
		words[at] = value * 0x10000 + at;
	umm_movable_view_end(writers[i]);
}

static bool is_filled(struct umm_movable_view *view, unsigned value)
{
	CHECK_INT(umm_movable_view_begin(view), 0);
	const uint32_t *words = umm_movable_view_data(view);
	bool fine = true;
	for (unsigned at = 0; at < BUF_PAGES * PAGE / 4; at++)
		fine &= words[at] == value * 0x10000 + at;
	umm_movable_view_end(view);
	return fine;
}

static int take(uint64_t pages, struct umm_range *run)
{
	struct umm_region_request request = { .size_bytes = pages * PAGE };
	return umm_arena_take(arena, &request, run);
}

/* Runs come and go, three of them at a time; owners write all over theirs. */
static unsigned churn(uint64_t rounds, void (*look)(void))
{
	struct test_random random = test_random_seed(1);
	struct umm_range held[3] = { { 0 } };
	unsigned taken = 0;
	for (; rounds > 0; rounds--) {
		struct umm_range *run = &held[test_random_below(&random, 3)];
		void *map;
		if (run->size > 0) {
			CHECK_INT(umm_arena_give(arena, *run), 0);
			run->size = 0;
		} else if (take(1 + test_random_below(&random, 24), run) == 0) {
			taken++;
			CHECK_INT(umm_arena_map(arena, *run, UMM_MAP_WRITE, &map), 0);
			CHECK(((char *)map)[run->size / 2] == 0);
			memset(map, 0x5a, run->size);
			umm_arena_unmap(arena, map, *run);
		}
		if (look != NULL)
			look();
	}
	for (unsigned i = 0; i < 3; i++)
		if (held[i].size > 0)
			CHECK_INT(umm_arena_give(arena, held[i]), 0);
	return taken;
}

static void look_at_all(void)
{
	static unsigned round;
	for (unsigned i = 0; i < BUFFERS; i++)
		CHECK(is_filled(readers[i], i + 1) && is_filled(writers[i], i + 1));
	fill(round % BUFFERS, round % BUFFERS + 1);
	round++;
}

TEST(bytes_migrate_and_every_view_follows_them)
{
	start();
	void *data[2] = { umm_movable_view_data(writers[0]), umm_movable_view_data(readers[0]) };
	for (unsigned i = 0; i < BUFFERS; i++)
		fill(i, i + 1);
	CHECK(churn(test_steps(300), look_at_all) > 0);
	CHECK(umm_movable_stats(movable).moves > 0);
	CHECK(data[0] == umm_movable_view_data(writers[0]));
	CHECK(data[1] == umm_movable_view_data(readers[0]));
	finish();
}

TEST(every_request_that_fits_is_served)
{
	struct umm_range run;
	start();
	for (unsigned i = 0; i < BUFFERS; i++)
		fill(i, i + 1);
	CHECK_INT(take(34, &run), 0); /* all that is not lent */
	CHECK(umm_movable_stats(movable).moved_pages >= 15);
	look_at_all();
	CHECK_INT(umm_arena_give(arena, run), 0);
	finish();
}

TEST(a_buffer_that_is_accessed_stays_where_it_is)
{
	struct umm_range run;
	start();
	for (unsigned i = 0; i < BUFFERS; i++)
		fill(i, i + 1);
	for (unsigned i = 0; i < BUFFERS; i++)
		CHECK_INT(umm_movable_view_begin(readers[i]), 0);
	struct umm_movable_stats before = umm_movable_stats(movable);
	CHECK(take(6, &run) < 0); /* there is no such run without moving */
	CHECK_INT(umm_movable_stats(movable).moved_pages, (long long)before.moved_pages);
	for (unsigned i = 0; i < BUFFERS; i++) {
		umm_movable_view_end(readers[i]);
		CHECK(is_filled(readers[i], i + 1));
	}
	finish();
}

TEST(accesses_nest_and_hold_until_the_last_end)
{
	struct umm_range run;
	arena = arena_open_crosswise(PAGES);
	open_buffers(2);
	CHECK_INT(umm_movable_view_begin(writers[0]), 0);
	CHECK_INT(umm_movable_view_begin(writers[0]), 0);
	CHECK_INT(umm_movable_view_begin(readers[0]), 0);
	char *word = umm_movable_view_data(writers[0]);
	const char *seen = umm_movable_view_data(readers[0]);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned pages = 1; pages < 34; pages++)
			if (take(pages, &run) == 0) {
				word[pages] = (char)(pages + round);
				CHECK_INT(seen[pages], (char)(pages + round));
				CHECK_INT(umm_arena_give(arena, run), 0);
			}
		if (round == 0)
			umm_movable_view_end(writers[0]);
		if (round == 1)
			umm_movable_view_end(readers[0]);
		if (round == 1)
			CHECK_INT(umm_movable_view_begin(readers[0]), 0);
	}
	umm_movable_view_end(writers[0]);
	umm_movable_view_end(readers[0]);
	finish();
}

TEST(owners_and_new_buffers_find_no_bytes_of_others)
{
	struct umm_range run;
	start();
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < BUFFERS; i++)
			fill(i, round + 1);
		void *map;
		CHECK_INT(take(20 + round, &run), 0);
		CHECK_INT(umm_arena_map(arena, run, UMM_MAP_WRITE, &map), 0);
		for (uint64_t at = 0; at < run.size; at++)
			CHECK_INT(((char *)map)[at], 0);
		memset(map, 0x77, run.size);
		umm_arena_unmap(arena, map, run);
		CHECK_INT(umm_arena_give(arena, run), 0);
	}
	struct umm_movable_config config = { 1, 30 * PAGE, 1 };
	struct umm_movable *other;
	struct umm_movable_view *view;
	CHECK_INT(umm_movable_create(arena, &config, &other), 0);
	CHECK_INT(umm_movable_view_create(other, 0, 0, UMM_MAP_READ, &view), 0);
	const char *bytes = umm_movable_view_data(view);
	for (unsigned at = 0; at < 30 * PAGE; at++)
		CHECK_INT(bytes[at], 0);
	umm_movable_view_destroy(view);
	umm_movable_destroy(other);
	finish();
}

TEST(what_makes_no_sense_is_refused_and_changes_nothing)
{
	struct umm_region_stats before, after;
	struct umm_movable *none = NULL;
	struct umm_movable_view *view = NULL;
	start();
	umm_arena_get_stats(arena, &before);
	CHECK_INT(umm_movable_create(arena, &(struct umm_movable_config){ 0, PAGE, 1 }, &none),
		  -EINVAL);
	CHECK_INT(umm_movable_create(arena, &(struct umm_movable_config){ 1, 0, 1 }, &none),
		  -EINVAL);
	CHECK_INT(umm_movable_create(arena, &(struct umm_movable_config){ 1, PAGE, 0 }, &none),
		  -EINVAL);
	CHECK_INT(
		umm_movable_create(arena, &(struct umm_movable_config){ 1, UINT64_MAX, 1 }, &none),
		-ENOSPC);
	CHECK_INT(umm_movable_create(arena, &(struct umm_movable_config){ 5, 7 * PAGE, 1 }, &none),
		  -ENOSPC); /* 34 pages are free */
	CHECK_INT(umm_movable_view_create(movable, BUFFERS, 0, UMM_MAP_READ, &view), -EINVAL);
	CHECK_INT(umm_movable_view_create(movable, 0, 2, UMM_MAP_READ, &view), -EINVAL);
	umm_arena_get_stats(arena, &after);
	CHECK(none == NULL && view == NULL && before.free_bytes == after.free_bytes);
	umm_movable_destroy(NULL);
	umm_movable_view_destroy(NULL);
	finish();
}

TEST(a_buffer_outlives_its_set_as_long_as_it_is_seen)
{
	arena = arena_open_crosswise(PAGES);
	open_buffers(1);
	fill(3, 9);
	for (unsigned i = 0; i < BUFFERS; i++)
		if (i != 3)
			umm_movable_view_destroy(writers[i]);
	umm_movable_destroy(movable);
	struct umm_range run;
	CHECK_INT(take(34, &run), 0); /* it still moves out of the way */
	CHECK(is_filled(writers[3], 9));
	CHECK_INT(umm_arena_give(arena, run), 0);
	umm_movable_view_destroy(writers[3]);
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	CHECK(stats.free_bytes == stats.total_bytes);
	umm_arena_destroy(arena);
}

/* ---- other processes ---- */

static int status_of(void (*child_does)(void))
{
	pid_t child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		child_does();
		_exit(0);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void write_through_reader(void)
{
	*(volatile char *)umm_movable_view_data(readers[0]) = 1;
}

static void make_reader_writable(void)
{
	void *data = umm_movable_view_data(readers[0]);
	if (mprotect(data, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES)
		_exit(3);
}

static void use_the_books(void)
{
	struct umm_range run;
	struct umm_movable *none;
	if (take(1, &run) == -EPERM &&
	    umm_arena_give(arena, (struct umm_range){ BASE, PAGE }) == -EPERM &&
	    umm_movable_create(arena, &(struct umm_movable_config){ 1, PAGE, 1 }, &none) == -EPERM)
		_exit(3);
}

static void destroy_all(void)
{
	for (unsigned i = 0; i < BUFFERS; i++) {
		umm_movable_view_destroy(writers[i]);
		umm_movable_view_destroy(readers[i]);
	}
	umm_movable_destroy(movable);
	umm_arena_destroy(arena);
}

TEST(readers_never_become_writers)
{
	start();
	CHECK_INT(status_of(write_through_reader), -SIGSEGV);
	CHECK_INT(status_of(make_reader_writable), 3);
	CHECK_INT(umm_movable_seal(movable), 0);
	CHECK_INT(umm_arena_seal(arena), 0);
	int fd;
	uint64_t offset;
	CHECK_INT(umm_arena_locate(arena, BASE, &fd, &offset), 0);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_INT(status_of(make_reader_writable), 3);
	finish();
}

static void look_at_writers(void)
{
	for (unsigned i = 0; i < BUFFERS; i++)
		CHECK(is_filled(writers[i], i + 1));
}

static bool can_be_written(int fd)
{
	void *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map != MAP_FAILED && munmap(map, PAGE) == 0;
}

TEST(what_is_lent_for_reading_is_not_written)
{
	struct umm_movable_loan loan;
	start();
	CHECK_INT(umm_movable_lend(movable, 2, UMM_MAP_READ, &loan), -EINVAL);
	CHECK_INT(umm_movable_lend(movable, 1, UMM_MAP_READ, &loan), 0);
	CHECK(!can_be_written(loan.file_fd) && !can_be_written(loan.places_fd));
	CHECK(can_be_written(loan.pins_fd));
	CHECK_INT(umm_movable_seal(movable), 0);
	CHECK(!can_be_written(loan.pins_fd));
	close(loan.pins_fd);
	finish();
}

/* Whoever was lent to may write its pins, and nothing else: here all of them at once. */
TEST(who_scribbles_over_its_pins_refuses_moves_and_does_no_more)
{
	struct umm_movable_loan loan;
	struct umm_range run;
	start();
	for (unsigned i = 0; i < BUFFERS; i++)
		fill(i, i + 1);
	CHECK_INT(umm_movable_lend(movable, 1, UMM_MAP_READ, &loan), 0);
	uint32_t *pins = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, loan.pins_fd, 0);
	CHECK(pins != MAP_FAILED);
	CHECK_INT(umm_movable_seal(movable), 0);
	memset(pins, 0xff, PAGE);
	CHECK(take(34, &run) < 0);
	look_at_writers();
	umm_movable_bury(movable, 1); /* the broker's word alone does not unpin what may be seen */
	CHECK(take(34, &run) < 0);
	munmap(pins, PAGE);
	close(loan.pins_fd);
	CHECK_INT(take(34, &run), 0);
	look_at_writers();
	CHECK_INT(umm_arena_give(arena, run), 0);
	finish();
}

TEST(children_leave_the_books_and_the_bytes_alone)
{
	start();
	fill(0, 5);
	CHECK_INT(status_of(use_the_books), 3);
	CHECK_INT(status_of(destroy_all), 0);
	CHECK(is_filled(readers[0], 5));
	finish();
}

static void hold_forever(void)
{
	CHECK_INT(umm_movable_view_begin(readers[0]), 0);
	kill(getpid(), SIGKILL);
}

TEST(the_pins_of_the_dead_are_forgotten)
{
	struct umm_range run;
	arena = arena_open_crosswise(PAGES);
	struct umm_movable_config config = { 1, 33 * PAGE, 2 };
	CHECK_INT(umm_movable_create(arena, &config, &movable), 0);
	CHECK_INT(umm_movable_view_create(movable, 0, 0, UMM_MAP_WRITE, &writers[0]), 0);
	CHECK_INT(umm_movable_view_create(movable, 0, 1, UMM_MAP_READ, &readers[0]), 0);
	struct umm_range first;
	CHECK_INT(take(10, &first), 0);
	CHECK_INT(take(5, &run), 0);
	CHECK_INT(umm_arena_give(arena, first), 0);
	CHECK_INT(status_of(hold_forever), -SIGKILL);
	CHECK(take(26, &first) < 0); /* free, but in two pieces */
	umm_movable_bury(movable, 1);
	CHECK_INT(take(26, &first), 0);
	CHECK_INT(umm_arena_give(arena, first), 0);
	CHECK_INT(umm_arena_give(arena, run), 0);
	umm_movable_view_destroy(writers[0]);
	umm_movable_view_destroy(readers[0]);
	umm_movable_destroy(movable);
	umm_arena_destroy(arena);
}

/* ---- threads ---- */

static atomic_bool stop;

static void *keep_reading(void *argument)
{
	const char **failure = argument;
	struct test_random random = test_random_seed(7);
	while (!stop && *failure == NULL) {
		unsigned i = (unsigned)test_random_below(&random, BUFFERS);
		if (!is_filled(readers[i], i + 1))
			*failure = "a reader sees other bytes";
	}
	return NULL;
}

static void *keep_writing(void *argument)
{
	const char **failure = argument;
	for (unsigned round = 0; !stop && *failure == NULL; round++)
		if (!is_filled(writers[round % BUFFERS], round % BUFFERS + 1))
			*failure = "a writer sees other bytes";
	return NULL;
}

TEST(accesses_and_moves_never_overlap)
{
	pthread_t ids[3];
	const char *failures[3] = { NULL, NULL, NULL };
	start();
	CHECK_INT(umm_movable_seal(movable), 0);
	for (unsigned i = 0; i < BUFFERS; i++)
		fill(i, i + 1);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&ids[i], NULL, i < 2 ? keep_reading : keep_writing,
					 &failures[i]),
			  0);
	unsigned taken = churn(test_steps(3000), NULL);
	stop = true;
	for (unsigned i = 0; i < 3; i++) {
		CHECK_INT(pthread_join(ids[i], NULL), 0);
		if (failures[i] != NULL)
			test_fail(__FILE__, __LINE__, "%s", failures[i]);
	}
	CHECK(taken > 0 && umm_movable_stats(movable).moves > 0);
	finish();
}

/* ---- huge pages ---- */

TEST(buffers_of_huge_pages_move_too)
{
	struct umm_movable_config config = { 2, UMM_HUGE_PAGE_BYTES, 2 };
	int ret = umm_arena_create("test", 6 * UMM_HUGE_PAGE_BYTES, &arena);
	if (ret == -ENOMEM)
		SKIP("no 6 free huge pages of 2 MiB (sysctl vm.nr_hugepages reserves some)");
	CHECK_INT(ret, 0);
	CHECK_INT(umm_movable_create(arena, &config, &movable), 0);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_INT(umm_movable_view_create(movable, i, 0, UMM_MAP_WRITE, &writers[i]), 0);
		CHECK_INT(umm_movable_view_create(movable, i, 1, UMM_MAP_READ, &readers[i]), 0);
		CHECK_INT(umm_movable_view_begin(writers[i]), 0);
		memset(umm_movable_view_data(writers[i]), 'a' + (int)i, UMM_HUGE_PAGE_BYTES);
		umm_movable_view_end(writers[i]);
	}
	CHECK_INT(umm_movable_seal(movable), 0);
	CHECK_INT(umm_arena_seal(arena), 0);
	struct umm_region_request request = { .size_bytes = UMM_HUGE_PAGE_BYTES };
	struct umm_range runs[4];
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(umm_arena_take(arena, &request, &runs[i]), 0);
	CHECK_INT(umm_arena_give(arena, runs[0]), 0);
	CHECK_INT(umm_arena_give(arena, runs[2]), 0);
	request.size_bytes = 2 * UMM_HUGE_PAGE_BYTES;
	bool moved = umm_arena_take(arena, &request, &runs[0]) == 0; /* if they are neighbours */
	for (unsigned i = 0; i < 2; i++) {
		CHECK_INT(umm_movable_view_begin(readers[i]), 0);
		const char *bytes = umm_movable_view_data(readers[i]);
		CHECK(bytes[0] == 'a' + (int)i && bytes[UMM_HUGE_PAGE_BYTES - 1] == 'a' + (int)i);
		umm_movable_view_end(readers[i]);
		umm_movable_view_destroy(writers[i]);
		umm_movable_view_destroy(readers[i]);
	}
	printf("moved: %s, %llu pages; %s\n", moved ? "yes" : "no",
	       (unsigned long long)umm_movable_stats(movable).moved_pages, umm_arena_source(arena));
	umm_movable_destroy(movable);
	umm_arena_destroy(arena);
}
