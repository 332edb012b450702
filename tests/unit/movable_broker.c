/* SPDX-License-Identifier: MIT */
/**
 * One process serves a broker and lends an arena of huge pages to buffers that move. Two streams
 * run: one whose buffers move, of the process's own or behind the broker, and one of ordinary
 * memory behind the broker, each between two processes that compare every byte. Then a third
 * collection comes to the broker and demands runs that no free pages hold: buffers of the first
 * stream make room, and both streams go on.
 *
 * Needs 12 huge pages side by side (sysctl vm.nr_hugepages), and the right to know where they are.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umm/broker.h>

#include "broker/lend.h"
#include "heap/arena.h"
#include "os/hugepages.h"
#include "share/local.h"
#include "tests/unit/members.h"

#define PAGE	 UMM_HUGE_PAGE_BYTES
#define PLAY	 12u  /* pages side by side that all this plays on */
#define MOST	 512u /* huge pages */
#define N_CALM	 6u   /* frames before and after the demand */
#define N_DEMAND 2u

/* What the processes tell each other. */
static struct {
	_Atomic unsigned seen[3]; /* frames that were compared, of each stream */
	_Atomic bool over;	  /* the first two may end */
} * told;

enum stream { MOVING, ORDINARY, DEMANDING };

static const struct {
	const char *token;
	uint64_t width, height;
} streams[] = {
	[MOVING] = { "moving", 320, 240 },	   /* a huge page */
	[ORDINARY] = { "ordinary", 320, 240 },	   /* memory files */
	[DEMANDING] = { "demanding", 1024, 7000 }, /* four huge pages, side by side */
};

static struct umm_arena *arena;
static struct umm_broker *broker;

static bool broker_lends; /* the first stream is behind it, too */

/* ---- streams ---- */

static struct umm_constraints *wants(enum stream stream, const char *name, uint32_t usage,
				     uint64_t camping)
{
	struct umm_constraints *constraints;
	struct umm_buffer_demand buffers = { .camping = camping };
	struct umm_memory_demand memory = { .contiguous = stream == DEMANDING };
	struct umm_format_demand format = {
		.formats = { UMM_FOURCC('R', '8', ' ', ' ') },
		.required_sizes = { { streams[stream].width, streams[stream].height } },
	};
	CHECK_INT(umm_constraints_create(name, &constraints), 0);
	CHECK_INT(umm_constraints_set_usage(constraints, usage), 0);
	CHECK_INT(umm_constraints_set_buffers(constraints, &buffers), 0);
	CHECK_INT(umm_constraints_set_memory(constraints, &memory), 0);
	CHECK_INT(umm_constraints_add_format(constraints, &format), 0);
	return constraints;
}

static struct umm_constraints *painter_of(enum stream stream)
{
	return wants(stream, "painter", UMM_USAGE_CPU_WRITE, stream == MOVING ? 2 : 1);
}

static struct umm_constraints *viewer_of(enum stream stream)
{
	return wants(stream, "viewer", UMM_USAGE_CPU_READ, 1);
}

static uint64_t word_of(enum stream stream, uint64_t frame, uint64_t at)
{
	return (frame * 4 + stream) * 0x9e3779b97f4a7c15u ^ at * 0xbf58476d1ce4e5b9u;
}

static bool is_last(enum stream stream, uint64_t frame)
{
	return stream == DEMANDING ? frame == N_DEMAND : told->over;
}

static void paint(struct umm_member *painter, enum stream stream)
{
	const struct timespec pause = { .tv_nsec = 4000000 }; /* not all processors are ours */
	bool last = false;
	for (uint64_t n = 1; !last; n++) {
		struct umm_buffer *buffer;
		struct umm_frame_info info = { .pts = (int64_t)n };
		CHECK_INT(umm_producer_acquire(painter, UMM_FOREVER, &buffer), 0);
		CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
		uint64_t *words = umm_buffer_data(buffer);
		for (uint64_t at = 0; at < umm_buffer_layout(buffer)->size_bytes / 8; at++)
			words[at] = word_of(stream, n, at);
		CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
		CHECK_INT(umm_producer_publish(painter, buffer, &info, UMM_HOLD_DROP), 0);
		nanosleep(&pause, NULL);
		last = is_last(stream, n);
	}
	CHECK_INT(umm_producer_end(painter, 0), 0);
	CHECK_INT(umm_producer_drain(painter, UMM_FOREVER), 0);
}

static void look(struct umm_member *viewer, enum stream stream)
{
	struct umm_frame frame;
	uint64_t n = 0;
	int ret;
	while ((ret = umm_consumer_acquire(viewer, UMM_FOREVER, &frame)) == 0) {
		CHECK_INT(umm_buffer_begin_access(frame.buffer, UMM_ACCESS_READ), 0);
		const uint64_t *words = umm_buffer_data(frame.buffer);
		CHECK_INT(frame.info.pts, ++n);
		for (uint64_t at = 0; at < umm_buffer_layout(frame.buffer)->size_bytes / 8; at++)
			CHECK(words[at] == word_of(stream, n, at));
		CHECK_INT(umm_buffer_end_access(frame.buffer, UMM_ACCESS_READ), 0);
		CHECK_INT(umm_consumer_release(viewer, &frame), 0);
		told->seen[stream]++;
	}
	CHECK_INT(ret, UMM_END);
}

/* ---- processes ---- */

static pid_t children[6];
static unsigned n_children;

static bool begin_child(void)
{
	fflush(NULL);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child > 0)
		children[n_children++] = child;
	return child == 0;
}

static void start_member(enum stream stream, enum umm_role role)
{
	int fd;
	CHECK_INT(umm_broker_connect(broker, streams[stream].token, &fd, NULL), 0);
	if (!begin_child()) {
		close(fd);
		return;
	}
	struct umm_connection *connection;
	struct umm_collection *collection;
	CHECK_INT(umm_connection_open(fd, &connection), 0);
	CHECK_INT(umm_collection_open(connection, streams[stream].token, &collection), 0);
	bool paints = role == UMM_PRODUCER;
	umm_auto(umm_constraints, constraints) = paints ? painter_of(stream) : viewer_of(stream);
	struct umm_member *member;
	CHECK_INT(umm_collection_join(collection, constraints,
				      UMM_JOIN_OPTS(.role = role, .movable = stream != ORDINARY),
				      &member),
		  0);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_STR(umm_collection_layout(collection)->heap, stream == DEMANDING ? "arena" : "memfd");
	CHECK_INT(umm_collection_start(collection), 0);
	CHECK((umm_buffer_fd(umm_member_buffer(member, 0)) == -1) == (stream == MOVING));
	if (paints)
		paint(member, stream);
	else
		look(member, stream);
	umm_collection_destroy(collection);
	umm_connection_close(connection);
	_exit(0);
}

static void start_behind_broker(enum stream stream)
{
	CHECK_INT(umm_broker_add_collection(broker, streams[stream].token,
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)),
		  0);
	start_member(stream, UMM_PRODUCER);
	start_member(stream, UMM_CONSUMER);
}

static unsigned n_alive(void)
{
	unsigned alive = 0;
	for (unsigned i = 0; i < n_children; i++) {
		int status;
		if (children[i] != 0 && waitpid(children[i], &status, WNOHANG) == children[i]) {
			CHECK_INT(status, 0);
			children[i] = 0;
		}
		alive += children[i] != 0;
	}
	return alive;
}

static void serve(void)
{
	CHECK_INT(umm_broker_dispatch(broker, 5 * 1000 * 1000), 0);
	(void)n_alive();
}

static void serve_until(enum stream stream, unsigned frames)
{
	while (told->seen[stream] < frames)
		serve();
}

/* ---- the arena ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void give(uint64_t address)
{
	CHECK_INT(umm_arena_give(arena, (struct umm_range){ address, PAGE }), 0);
}

/* All free huge pages, taken one by one; the addresses of PLAY that lie side by side. */
static void take_all(uint64_t *play)
{
	struct umm_region_request one = { .size_bytes = PAGE };
	uint64_t free_pages = 0, pages[MOST];
	(void)umm_hugepages_free(&free_pages);
	if (free_pages < PLAY || free_pages > MOST)
		SKIP("%u to %u free huge pages of 2 MiB are needed", PLAY, MOST);
	CHECK_INT(umm_arena_create("test", free_pages * PAGE, &arena), 0);
	if (!umm_arena_is_physical(arena))
		SKIP("%s", umm_arena_source(arena));
	for (uint64_t i = 0; i < free_pages; i++) {
		struct umm_range run;
		CHECK_INT(umm_arena_take(arena, &one, &run), 0);
		pages[i] = run.start;
	}
	qsort(pages, free_pages, sizeof(pages[0]), compare);
	uint64_t first = 0;
	while (first + PLAY <= free_pages &&
	       pages[first + PLAY - 1] != pages[first] + (PLAY - 1) * PAGE)
		first++;
	if (first + PLAY > free_pages)
		SKIP("no %u huge pages of 2 MiB lie side by side", PLAY);
	memcpy(play, pages + first, PLAY * sizeof(play[0]));
}

/* All but every fourth page is taken while `make` makes three buffers: after that no four free ones
 * lie side by side. */
static void make_in_the_way(const uint64_t *play, void (*make)(void))
{
	for (unsigned i = 3; i < PLAY; i += 4)
		give(play[i]);
	make();
	for (unsigned i = 0; i < PLAY; i++)
		if (i % 4 != 3)
			give(play[i]);
}

/* ---- the first stream, in this process and its children ---- */

static struct umm_collection *moving;
static struct umm_member *painter, *viewer;

static void seal_moving(void)
{
	CHECK_INT(umm_collection_create(streams[MOVING].token, &moving), 0);
	CHECK_INT(umm_local_use_arena(moving, arena), 0);
	painter = join(moving, painter_of(MOVING), UMM_PRODUCER, UMM_QUEUE_FIFO);
	viewer = join(moving, viewer_of(MOVING), UMM_CONSUMER, UMM_QUEUE_FIFO);
	CHECK_INT(umm_collection_seal(moving), 0);
	CHECK_INT(umm_collection_layout(moving)->buffers, 3);
	CHECK_INT(umm_buffer_fd(umm_member_buffer(painter, 0)), -1);
}

static void start_moving(void)
{
	CHECK_INT(umm_collection_start(moving), 0);
	if (begin_child()) {
		paint(painter, MOVING);
		_exit(0);
	}
	if (begin_child()) {
		look(viewer, MOVING);
		_exit(0);
	}
}

/* ---- or behind the broker ---- */

static void start_moving_behind_broker(void)
{
	umm_broker_lend(broker, arena);
	start_behind_broker(MOVING);
	serve_until(MOVING, 1);
}

/* Two streams run, and then a third one comes, and demands. */
static void stream_and_demand(void)
{
	uint64_t play[PLAY];
	take_all(play);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(told != MAP_FAILED);
	CHECK_INT(umm_broker_create(NULL, NULL, &broker), 0);
	make_in_the_way(play, broker_lends ? start_moving_behind_broker : seal_moving);
	if (!broker_lends)
		start_moving();
	umm_arena_offer(arena);
	start_behind_broker(ORDINARY);
	serve_until(MOVING, N_CALM);
	serve_until(ORDINARY, N_CALM);
	CHECK_INT(umm_arena_moved_bytes(arena), 0);

	start_behind_broker(DEMANDING);
	serve_until(DEMANDING, N_DEMAND);
	CHECK(umm_arena_moved_bytes(arena) > 0);
	unsigned moved = told->seen[MOVING], ordinary = told->seen[ORDINARY];
	serve_until(MOVING, moved + N_CALM);
	serve_until(ORDINARY, ordinary + N_CALM);
	told->over = true;
	while (n_alive() > 0)
		serve();

	printf("%llu pages were moved; frames: %u, %u, %u\n",
	       (unsigned long long)(umm_arena_moved_bytes(arena) / PAGE), told->seen[0],
	       told->seen[1], told->seen[2]);
	CHECK_INT(told->seen[DEMANDING], N_DEMAND);
}

static void finish(void)
{
	umm_collection_destroy(moving);
	umm_broker_destroy(broker);
	umm_arena_destroy(arena);
	munmap(told, sizeof(*told));
}

TEST(a_demand_at_the_broker_moves_buffers_while_streams_go_on)
{
	stream_and_demand();
	finish();
}

TEST(a_demand_at_the_broker_moves_buffers_of_its_own_members)
{
	uint64_t moves = 0;
	broker_lends = true;
	stream_and_demand();
	CHECK_INT(umm_broker_get_moves(broker, streams[MOVING].token, &moves), 0);
	CHECK(moves > 0);
	CHECK_INT(umm_broker_get_moves(broker, streams[ORDINARY].token, &moves), -EOPNOTSUPP);
	CHECK_INT(umm_broker_get_moves(broker, "nobody", &moves), -ENOENT);
	finish();
}

TEST(what_a_broker_cannot_lend_is_refused)
{
	uint64_t free_pages = 0;
	(void)umm_hugepages_free(&free_pages);
	CHECK_INT(umm_broker_create(NULL, NULL, &broker), 0);
	CHECK_INT(umm_broker_lend_arena(broker, 0), -EINVAL);
	CHECK_INT(umm_broker_lend_arena(broker, (free_pages + 1) * PAGE), -ENOMEM);
	if (free_pages > 0) {
		CHECK_INT(umm_broker_lend_arena(broker, 1), 0);
		CHECK_INT(umm_broker_lend_arena(broker, 1), -EBUSY);
	}
	umm_broker_destroy(broker);
}
