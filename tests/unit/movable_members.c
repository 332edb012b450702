/* SPDX-License-Identifier: MIT */
/**
 * Members behind a broker that lends an arena: their buffers move while the stream runs, and what
 * members do to what they were lent harms nobody else.
 *
 * The test is the broker and takes the runs; painter and viewer are processes that share nothing
 * with it but a socket. Pages are small and have addresses that were made up, so that runs are
 * longer than a page wherever this is run.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "broker/lend.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/members.h"
#include "tests/unit/random.h"
#include "tests/unit/served.h"

#define PAGES  1024u
#define FRAMES 300u
#define RUNS   7u

#define LENT   (3u * 75u * PAGE) /* to a pool */

static struct umm_arena *arena;
static struct served served;
static bool painter_may = true, viewer_may = true; /* let its buffers move */

/* What the processes tell each other. */
static struct {
	_Atomic unsigned seen;	  /* frames that were compared */
	_Atomic bool held, go_on; /* somebody has a buffer; may let go of it */
} * told;

/* ---- members ---- */

/* Two buffers and one, of 75 pages each. */
static struct umm_constraints *wants(const char *name, uint32_t usage, uint64_t camping)
{
	struct umm_constraints *constraints;
	struct umm_buffer_demand buffers = { .camping = camping };
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

struct party {
	struct umm_collection *collection;
	struct umm_member *member;
};

static void take_part(struct umm_connection *connection, enum umm_role role, struct party *out)
{
	bool paints = role == UMM_PRODUCER;
	umm_auto(umm_constraints, constraints) =
		wants(paints ? "painter" : "viewer",
		      paints ? UMM_USAGE_CPU_WRITE : UMM_USAGE_CPU_READ, paints ? 2 : 1);
	CHECK_INT(umm_collection_open(connection, "edge0", &out->collection), 0);
	CHECK_INT(umm_collection_join(
			  out->collection, constraints,
			  UMM_JOIN_OPTS(.role = role, .movable = paints ? painter_may : viewer_may),
			  &out->member),
		  0);
	CHECK_INT(umm_collection_seal(out->collection), 0);
	CHECK_STR(umm_collection_layout(out->collection)->heap, "memfd");
	CHECK_INT(umm_collection_start(out->collection), 0);
	CHECK((umm_buffer_fd(umm_member_buffer(out->member, 0)) == -1) ==
	      (painter_may && viewer_may && arena != NULL));
}

static uint32_t word_of(uint32_t frame, uint32_t at)
{
	return frame * 0x9e3779b1u ^ at * 0x85ebca6bu;
}

static void write_frame(struct umm_buffer *buffer, uint32_t n)
{
	uint32_t *words = umm_buffer_data(buffer);
	for (uint32_t at = 0; at < umm_buffer_layout(buffer)->size_bytes / 4; at++)
		words[at] = word_of(n, at);
}

static void check_frame(const struct umm_buffer *buffer, uint32_t n)
{
	const uint32_t *words = umm_buffer_data(buffer);
	for (uint32_t at = 0; at < umm_buffer_layout(buffer)->size_bytes / 4; at++)
		CHECK(words[at] == word_of(n, at));
}

static int paint_frames(struct umm_connection *connection, void *argument)
{
	struct party party;
	uint32_t last = *(const uint32_t *)argument;
	take_part(connection, UMM_PRODUCER, &party);
	for (uint32_t n = 1; n <= last; n++) {
		struct umm_buffer *buffer;
		struct umm_frame_info info = { .pts = n };
		CHECK_INT(umm_producer_acquire(party.member, UMM_FOREVER, &buffer), 0);
		CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
		write_frame(buffer, n);
		CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
		CHECK_INT(umm_producer_publish(party.member, buffer, &info, UMM_HOLD_DROP), 0);
	}
	CHECK_INT(umm_producer_end(party.member, 0), 0);
	(void)umm_producer_drain(party.member, UMM_FOREVER); /* unless the viewer has gone */
	umm_collection_destroy(party.collection);
	return 0;
}

static int look_at_frames(struct umm_connection *connection, void *argument)
{
	struct party party;
	struct umm_frame frame;
	const void *data[UMM_MAX_BUFFERS] = { NULL };
	int ret;
	(void)argument;
	take_part(connection, UMM_CONSUMER, &party);
	while ((ret = umm_consumer_acquire(party.member, UMM_FOREVER, &frame)) == 0) {
		unsigned index = umm_buffer_index(frame.buffer);
		CHECK_INT(umm_buffer_begin_access(frame.buffer, UMM_ACCESS_READ), 0);
		CHECK(data[index] == NULL || data[index] == umm_buffer_data(frame.buffer));
		data[index] = umm_buffer_data(frame.buffer);
		CHECK_INT(frame.info.pts, ++told->seen);
		check_frame(frame.buffer, told->seen);
		CHECK_INT(umm_buffer_end_access(frame.buffer, UMM_ACCESS_READ), 0);
		CHECK_INT(umm_consumer_release(party.member, &frame), 0);
	}
	CHECK_INT(ret, UMM_END);
	umm_collection_destroy(party.collection);
	return 0;
}

static void wait_until(const _Atomic bool *word)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	while (!*word)
		nanosleep(&pause, NULL);
}

/* Takes the first frame, and begins to look at it. */
static void hold_first(struct umm_connection *connection, struct party *party,
		       struct umm_frame *frame)
{
	take_part(connection, UMM_CONSUMER, party);
	CHECK_INT(umm_consumer_acquire(party->member, UMM_FOREVER, frame), 0);
	CHECK_INT(umm_buffer_begin_access(frame->buffer, UMM_ACCESS_READ), 0);
	told->held = true;
}

static int be_killed_looking(struct umm_connection *connection, void *argument)
{
	struct party party;
	struct umm_frame frame;
	(void)argument;
	hold_first(connection, &party, &frame);
	wait_until(&told->go_on);
	kill(getpid(), SIGKILL);
	return 1;
}

/* The collection and its line are gone, the buffer is not. */
static int leave_looking(struct umm_connection *connection, void *argument)
{
	struct party party;
	struct umm_frame frame;
	(void)argument;
	hold_first(connection, &party, &frame);
	told->held = false;
	struct umm_buffer *buffer = umm_buffer_ref(frame.buffer);
	umm_collection_destroy(party.collection);
	told->held = true;
	wait_until(&told->go_on);
	check_frame(buffer, 1);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	told->held = false;
	told->go_on = false;
	wait_until(&told->go_on); /* it has moved meanwhile */
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_READ), 0);
	check_frame(buffer, 1);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_READ), 0);
	umm_buffer_unref(buffer);
	return 0;
}

/* ---- the test's side ---- */

static void give_page(unsigned i)
{
	CHECK_INT(umm_arena_give(arena, (struct umm_range){ BASE + i * PAGE, PAGE }), 0);
}

/* Three of four pages are somebody's till the buffers are made: each of these lies in 300 pages, so
 * that none is out of the way of a run of three quarters of the arena. */
static void open_arena(void)
{
	struct umm_region_request one = { .size_bytes = PAGE };
	struct umm_range run;
	arena = arena_open_crosswise(PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_INT(umm_arena_take(arena, &one, &run), 0);
	for (unsigned i = 0; i < PAGES; i++)
		if (i % 4 == 0)
			give_page(i);
	umm_broker_lend(served.broker, arena);
}

static void start(int (*painter)(struct umm_connection *, void *),
		  int (*viewer)(struct umm_connection *, void *), uint32_t frames)
{
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(told != MAP_FAILED);
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	open_arena();
	serve_process(&served, "painter", painter, &frames);
	serve_process(&served, "viewer", viewer, NULL);
	while (served.settled == 0)
		CHECK_INT(umm_broker_dispatch(served.broker, UMM_FOREVER), 0);
	for (unsigned i = 0; i < PAGES; i++)
		if (i % 4 != 0)
			give_page(i);
}

static uint64_t bytes_lent(void)
{
	struct umm_region_stats stats;
	umm_arena_get_stats(arena, &stats);
	return stats.total_bytes - stats.free_bytes;
}

/* All that is not lent, in one piece. */
static int take_most(void)
{
	struct umm_region_request most = { .size_bytes = PAGES * PAGE - LENT };
	struct umm_range run;
	int ret = umm_arena_take(arena, &most, &run);
	return ret < 0 ? ret : umm_arena_give(arena, run);
}

/* Whoever saw a buffer may have ended a moment ago: a take notices. */
static void finish(void)
{
	struct umm_region_request all = { .size_bytes = PAGES * PAGE };
	struct umm_range run;
	serve_close(&served);
	CHECK_INT(umm_arena_take(arena, &all, &run), 0);
	CHECK_INT(umm_arena_give(arena, run), 0);
	CHECK_INT(bytes_lent(), 0);
	umm_arena_destroy(arena);
	munmap(told, sizeof(*told));
}

static void serve_a_moment(void)
{
	CHECK_INT(umm_broker_dispatch(served.broker, 1000 * 1000), 0);
	(void)serve_reap(&served);
}

static void check_statuses(void)
{
	for (unsigned i = 0; i < served.n; i++)
		CHECK_INT(served.statuses[i], 0);
	CHECK_INT(served.gone_unclean, 0);
}

static void give_all(struct umm_range *held)
{
	for (unsigned i = 0; i < RUNS; i++)
		if (held[i].size > 0)
			CHECK_INT(umm_arena_give(arena, held[i]), 0);
}

TEST(frames_between_processes_are_intact_while_their_buffers_move)
{
	struct umm_range held[RUNS] = { { 0 } };
	struct test_random random = test_random_seed(1);
	start(paint_frames, look_at_frames, FRAMES);
	CHECK_INT(bytes_lent(), LENT);
	while (!serve_reap(&served)) {
		CHECK_INT(umm_broker_dispatch(served.broker, 100 * 1000), 0);
		arena_disturb(arena, &random, PAGES / 4, &held[test_random_below(&random, RUNS)]);
	}
	check_statuses();
	CHECK_INT(told->seen, FRAMES);
	printf("%llu pages were moved\n",
	       (unsigned long long)(umm_arena_moved_bytes(arena) / PAGE));
	CHECK(umm_arena_moved_bytes(arena) > 0);
	give_all(held);
	finish();
}

TEST(buffers_stay_where_somebody_needs_their_fd)
{
	viewer_may = false;
	start(paint_frames, look_at_frames, 3);
	CHECK_INT(bytes_lent(), 0);
	serve_all(&served);
	check_statuses();
	CHECK_INT(told->seen, 3);
	finish();
}

TEST(a_pool_that_everybody_has_left_gives_its_pages_back)
{
	start(paint_frames, look_at_frames, 3);
	CHECK_INT(bytes_lent(), LENT);
	serve_all(&served);
	check_statuses();
	CHECK_INT(take_most(), 0);
	CHECK_INT(bytes_lent(), 0);
	finish();
}

TEST(the_pin_of_a_process_that_was_killed_is_forgotten)
{
	start(paint_frames, be_killed_looking, 1);
	while (!told->held)
		serve_a_moment();
	CHECK(take_most() < 0); /* a buffer lies in the way, and is looked at */
	told->go_on = true;
	serve_all(&served);
	CHECK_INT(served.gone_unclean, 1);
	CHECK_INT(take_most(), 0);
	finish();
}

TEST(a_process_that_left_with_a_buffer_goes_on_pinning_it)
{
	start(paint_frames, leave_looking, 1);
	while (!told->held)
		serve_a_moment();
	umm_broker_end_collection(served.broker, "edge0");
	CHECK(take_most() < 0);
	told->go_on = true;
	while (told->held)
		serve_a_moment();
	CHECK_INT(take_most(), 0);
	CHECK(umm_arena_moved_bytes(arena) > 0);
	told->go_on = true;
	serve_all(&served);
	check_statuses();
	finish();
}
