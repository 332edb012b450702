/* SPDX-License-Identifier: MIT */
/**
 * A stream over buffers that move: two processes paint and look at frames of an in-process
 * collection, while their parent takes and gives contiguous runs of the arena that the buffers
 * lie on, and every byte of every frame is compared.
 *
 * Pages are small and have addresses that were made up, so that runs are longer than a page
 * wherever this is run.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "share/local.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/members.h"
#include "tests/unit/random.h"

#define PAGES  1024u
#define FRAMES 400

static struct umm_arena *arena;
static struct umm_collection *collection;
static struct umm_member *painter, *viewer;

/* Two buffers of 75 pages each. */
static struct umm_constraints *wants(const char *name, uint32_t usage)
{
	struct umm_constraints *constraints;
	struct umm_buffer_demand buffers = { .camping = 2 };
	struct umm_format_demand format = {
		.formats = { UMM_FOURCC('R', '8', ' ', ' ') },
		.required_sizes = { { 320, 960 } },
	};
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, usage), 0);
	CHECK_INT(umm_constraints_set_buffers(constraints, &buffers), 0);
	CHECK_INT(umm_constraints_add_format(constraints, &format), 0);
	return constraints;
}

static void join_both(void)
{
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_local_use_arena(collection, arena), 0);
	painter = join(collection, wants("painter", UMM_USAGE_CPU_WRITE), UMM_PRODUCER,
		       UMM_QUEUE_FIFO);
	viewer =
		join(collection, wants("viewer", UMM_USAGE_CPU_READ), UMM_CONSUMER, UMM_QUEUE_FIFO);
	CHECK_INT(umm_collection_seal(collection), 0);
}

/* Every third page is somebody's while the buffers are made, so that they lie all over. */
static void start(void)
{
	struct umm_region_request one = { .size_bytes = PAGE };
	struct umm_range run;
	arena = arena_open_crosswise(PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_INT(umm_arena_take(arena, &one, &run), 0);
	for (unsigned i = 0; i < PAGES; i++)
		if (i % 3 != 0)
			CHECK_INT(
				umm_arena_give(arena, (struct umm_range){ BASE + i * PAGE, PAGE }),
				0);
	join_both();
	for (unsigned i = 0; i < PAGES; i += 3)
		CHECK_INT(umm_arena_give(arena, (struct umm_range){ BASE + i * PAGE, PAGE }), 0);
	CHECK_INT(umm_collection_start(collection), 0);
	if (!test_is_watched()) /* valgrind has no mremap of nothing */
		CHECK_INT(umm_arena_seal(arena), 0);
}

static uint32_t word_of(uint32_t frame, uint32_t at)
{
	return frame * 0x9e3779b1u ^ at * 0x85ebca6bu;
}

static void paint_all(void)
{
	for (uint32_t n = 1; n <= FRAMES; n++) {
		struct umm_buffer *buffer;
		struct umm_frame_info info = { .pts = n };
		CHECK_INT(umm_producer_acquire(painter, UMM_FOREVER, &buffer), 0);
		CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
		uint32_t *words = umm_buffer_data(buffer);
		for (uint32_t at = 0; at < umm_buffer_layout(buffer)->size_bytes / 4; at++)
			words[at] = word_of(n, at);
		CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
		CHECK_INT(umm_producer_publish(painter, buffer, &info, UMM_HOLD_DROP), 0);
	}
	CHECK_INT(umm_producer_end(painter, 0), 0);
	CHECK_INT(umm_producer_drain(painter, UMM_FOREVER), 0);
}

static void look_at_all(void)
{
	struct umm_frame frame;
	uint32_t seen = 0;
	const void *data[UMM_MAX_BUFFERS] = { NULL };
	int ret;
	while ((ret = umm_consumer_acquire(viewer, UMM_FOREVER, &frame)) == 0) {
		unsigned index = umm_buffer_index(frame.buffer);
		CHECK_INT(umm_buffer_begin_access(frame.buffer, UMM_ACCESS_READ), 0);
		const uint32_t *words = umm_buffer_data(frame.buffer);
		CHECK(data[index] == NULL || data[index] == words);
		data[index] = words;
		CHECK_INT(frame.info.pts, ++seen);
		for (uint32_t at = 0; at < umm_buffer_layout(frame.buffer)->size_bytes / 4; at++)
			CHECK(words[at] == word_of(seen, at));
		CHECK_INT(umm_buffer_end_access(frame.buffer, UMM_ACCESS_READ), 0);
		CHECK_INT(umm_consumer_release(viewer, &frame), 0);
	}
	CHECK_INT(ret, UMM_END);
	CHECK_INT(seen, FRAMES);
}

static pid_t start_child(void (*does)(void))
{
	pid_t child = fork();
	CHECK(child >= 0);
	if (child > 0)
		return child;
	does();
	umm_collection_destroy(collection);
	umm_arena_destroy(arena);
	_exit(0);
}

static bool is_over(pid_t *child)
{
	int status;
	if (*child == 0)
		return true;
	if (waitpid(*child, &status, WNOHANG) == 0)
		return false;
	CHECK_INT(status, 0);
	*child = 0;
	return true;
}

static unsigned pages_lent(void)
{
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	return (unsigned)((stats.total_bytes - stats.free_bytes) / PAGE);
}

TEST(frames_are_intact_while_their_buffers_move)
{
	struct umm_range held[7] = { { 0 } };
	struct test_random random = test_random_seed(1);
	start();
	unsigned lent = pages_lent();
	CHECK(lent > 0);
	pid_t children[2] = { start_child(look_at_all), start_child(paint_all) };
	unsigned rounds = 0;
	bool going = true;
	while (going) {
		bool looks = !is_over(&children[0]), paints = !is_over(&children[1]);
		going = looks || paints;
		rounds++;
		arena_disturb(arena, &random, PAGES / 4, &held[test_random_below(&random, 7)]);
		usleep(100); /* processors are few */
	}
	for (unsigned i = 0; i < 7; i++)
		if (held[i].size > 0)
			CHECK_INT(umm_arena_give(arena, held[i]), 0);
	CHECK(rounds > 1 && pages_lent() == lent);
	printf("%u rounds moved %llu pages\n", rounds,
	       (unsigned long long)umm_arena_moved_bytes(arena) / PAGE);
	CHECK(umm_arena_moved_bytes(arena) > 0);
	umm_collection_destroy(collection);
	CHECK_INT(pages_lent(), 0);
	umm_arena_destroy(arena);
}

TEST(buffers_that_move_have_identities_but_no_fd)
{
	arena = arena_open_crosswise(PAGES);
	join_both();
	CHECK_INT(umm_local_use_arena(collection, NULL), -EINVAL); /* too late */
	CHECK_INT(umm_collection_start(collection), 0);
	for (unsigned i = 0; i < umm_member_buffer_count(painter); i++) {
		struct umm_buffer *out = umm_member_buffer(painter, i);
		struct umm_buffer *in = umm_member_buffer(viewer, i);
		struct umm_buffer *next = umm_member_buffer(painter, i + 1);
		CHECK_INT(umm_buffer_fd(out), -1);
		CHECK(umm_buffer_id(out).dev == umm_buffer_id(in).dev);
		CHECK(umm_buffer_id(out).ino == umm_buffer_id(in).ino);
		CHECK(next == NULL || umm_buffer_id(out).ino != umm_buffer_id(next).ino);
		CHECK(umm_buffer_data(out) != umm_buffer_data(in));
		CHECK_INT(umm_buffer_begin_access(in, UMM_ACCESS_WRITE), -EACCES);
		CHECK_INT(umm_buffer_end_access(in, UMM_ACCESS_READ), -EINVAL);
	}
	umm_collection_destroy(collection);
	umm_arena_destroy(arena);
}

TEST(an_arena_without_room_is_done_without)
{
	arena = arena_open_crosswise(4);
	join_both();
	CHECK_INT(umm_collection_start(collection), 0);
	CHECK(umm_buffer_fd(umm_member_buffer(painter, 0)) >= 0);
	CHECK_INT(pages_lent(), 0);
	umm_collection_destroy(collection);
	umm_arena_destroy(arena);
}

TEST(a_buffer_outlives_its_collection_and_still_moves)
{
	arena = arena_open_crosswise(PAGES);
	join_both();
	CHECK_INT(umm_collection_start(collection), 0);
	struct umm_buffer *buffer = umm_buffer_ref(umm_member_buffer(painter, 0));
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	memset(umm_buffer_data(buffer), 7, umm_buffer_layout(buffer)->size_bytes);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
	umm_collection_destroy(collection);
	struct umm_range held = { 0 };
	struct test_random random = test_random_seed(1);
	for (unsigned i = 0; i < 40; i++)
		arena_disturb(arena, &random, PAGES / 4, &held);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ_WRITE), 0);
	const char *bytes = umm_buffer_data(buffer);
	for (uint64_t at = 0; at < umm_buffer_layout(buffer)->size_bytes; at++)
		CHECK_INT(bytes[at], 7);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ_WRITE), 0);
	umm_buffer_unref(buffer);
	CHECK_INT(pages_lent(), 0);
	umm_arena_destroy(arena);
}
