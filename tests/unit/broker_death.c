/* SPDX-License-Identifier: MIT */
/** Who leaves, dies or is cut off, and how soon the others hear of it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "os/clock.h"
#include "tests/unit/players.h"
#include "tests/unit/served.h"

#define MS INT64_C(1000000)

static struct served served;
static int tell_fds[2] = { -1, -1 };

static void lose_the_painter(enum umm_watch watch)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 5,
					    .die = true });
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = -EOWNERDEAD,
					    .watch = watch });
	serve_until_started(&served);
	int64_t started = umm_now_ns();
	serve_all(&served);
	CHECK(umm_now_ns() - started < 1000000000);
	CHECK_INT(WTERMSIG(served.statuses[0]), SIGKILL);
	CHECK_INT(served.statuses[1], 0);
	CHECK_INT(served.gone_unclean, 1);
	serve_close(&served);
}

TEST(dead_painter_ends_the_viewer_within_a_second)
{
	lose_the_painter(UMM_WATCH_SELF);
}

TEST(dead_painter_ends_a_viewer_that_leaves_the_watch_to_the_broker)
{
	lose_the_painter(UMM_WATCH_BROKER);
}

static void lose_the_viewer(enum umm_watch watch)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 1000000,
					    .expect = -EPIPE, .watch = watch });
	serve_socket(
		&served, "b", player_play,
		&(struct player_part){ player_viewer, UMM_CONSUMER, .frames = 5, .die = true });
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(WTERMSIG(served.statuses[1]), SIGKILL);
	serve_close(&served);
}

TEST(dead_viewer_ends_the_painter)
{
	lose_the_viewer(UMM_WATCH_SELF);
}

TEST(dead_viewer_ends_a_painter_that_leaves_the_watch_to_the_broker)
{
	lose_the_viewer(UMM_WATCH_BROKER);
}

/* The painter has nothing to show for so long that only the broker can have woken the viewer. */
/* Nobody is woken by a frame: the second one comes after the test's patience. */
static struct player_part slow_painter = { painter_constraints, UMM_PRODUCER, .frames = 6,
					   .frame_ns = 3000 * MS, .expect = -EPIPE };

TEST(broker_that_ends_wakes_who_left_the_watch_to_it)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	serve_socket(&served, "a", player_play, &slow_painter);
	serve_socket(&served, "b", player_play,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = -EOWNERDEAD,
					    .watch = UMM_WATCH_BROKER });
	serve_until_started(&served);
	struct timespec pause = { .tv_nsec = 200 * MS };
	nanosleep(&pause, NULL);
	int64_t started = umm_now_ns();
	serve_close(&served);
	CHECK_INT(waitpid(served.pids[1], &served.statuses[1], 0), served.pids[1]);
	CHECK(umm_now_ns() - started < 2500 * MS);
	CHECK_INT(served.statuses[1], 0);
	CHECK_INT(waitpid(served.pids[0], &served.statuses[0], 0), served.pids[0]);
	CHECK_INT(served.statuses[0], 0);
}

/* As soon as frames flow a process of the viewer's own sends nonsense on its line, and the broker
   cuts it. */
static int view_behind_a_cut_line(int fd, const void *argument)
{
	struct player_part part = *(const struct player_part *)argument;
	int noise = dup(fd), flow[2];
	if (pipe(flow) < 0)
		return 98;
	pid_t child = fork();
	if (child == 0) {
		char first;
		close(fd);
		close(flow[1]);
		if (read(flow[0], &first, 1) != 1)
			_exit(1);
		_exit(write(noise, (uint32_t[]){ 1, 16u << 16 | 77, 0, 0 }, 16) != 16);
	}
	close(noise);
	part.first_fd = flow[1];
	int result = player_play(fd, &part);
	close(flow[0]);
	close(flow[1]);
	int status;
	return waitpid(child, &status, 0) == child && status == 0 ? result : 99;
}

/* The painter hears of it too, but stays until the viewer is gone: a viewer that is slow to look
   around would find it dead. */
TEST(viewer_that_is_cut_off_looks_around_though_it_left_the_watch_to_the_broker)
{
	int viewer_lives[2];
	struct player_part painter = slow_painter;
	CHECK_INT(pipe2(viewer_lives, O_CLOEXEC), 0);
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	served.keep_fd = viewer_lives[1];
	serve_socket(&served, "b", view_behind_a_cut_line,
		     &(struct player_part){ player_viewer, UMM_CONSUMER, .expect = -ECONNRESET,
					    .watch = UMM_WATCH_BROKER });
	close(viewer_lives[1]);
	served.keep_fd = painter.until_fd = viewer_lives[0];
	serve_socket(&served, "a", player_play, &painter);
	close(viewer_lives[0]);
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.statuses[1], 0);
	serve_close(&served);
}

TEST(one_dead_viewer_of_two_leaves_the_other_going)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 3));
	serve_socket(&served, "a", player_play,
		     &(struct player_part){ painter_constraints, UMM_PRODUCER, .frames = 500 });
	serve_socket(
		&served, "b", player_play,
		&(struct player_part){ player_viewer, UMM_CONSUMER, .frames = 5, .die = true });
	serve_socket(
		&served, "c", player_play,
		&(struct player_part){ player_second_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.statuses[2], 0);
	serve_close(&served);
}

static int play_and_tell(int fd, const void *argument)
{
	unsigned char result = (unsigned char)player_play(fd, argument);
	return write(tell_fds[1], &result, 1) == 1 ? 0 : 1;
}

struct orphan {
	int (*run)(int take_fd, const void *part);
	struct player_part part;
};

static void serve_until_started_and_die(const struct orphan *painter, const struct orphan *viewer)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	served.keep_fd = tell_fds[1];
	serve_socket(&served, "a", painter->run, &painter->part);
	serve_socket(&served, "b", viewer->run, &viewer->part);
	serve_until_started(&served);
	raise(SIGKILL);
}

/* Kill their broker as soon as frames flow. They are nobody's children then, and tell by a byte
 * each in a pipe how it ended for them. */
static void orphan(const struct orphan *painter, const struct orphan *viewer)
{
	CHECK_INT(pipe(tell_fds), 0);
	pid_t server = fork();
	if (server == 0) {
		serve_until_started_and_die(painter, viewer);
		_exit(1);
	}
	int status;
	CHECK(waitpid(server, &status, 0) == server && WIFSIGNALED(status));
	close(tell_fds[1]);
}

static unsigned char told_within(int timeout_ms)
{
	struct pollfd poll_fd = { .fd = tell_fds[0], .events = POLLIN };
	unsigned char result;
	CHECK_INT(poll(&poll_fd, 1, timeout_ms), 1);
	CHECK_INT(read(tell_fds[0], &result, 1), 1);
	return result;
}

/* Frames go on flowing: both end by themselves all the same. Who comes second may find its peer
 * gone first. */
TEST(dead_broker_is_noticed_within_a_second)
{
	orphan(&(struct orphan){ play_and_tell,
				 { painter_constraints, UMM_PRODUCER, .frames = 1000000,
				   .frame_ns = 2 * 1000 * 1000, .expect = -ECONNRESET } },
	       &(struct orphan){ play_and_tell,
				 { player_viewer, UMM_CONSUMER, .expect = -ECONNRESET } });
	for (unsigned i = 0; i < 2; i++) {
		unsigned char result = told_within(1500);
		CHECK(result == 0 || result == EPIPE || result == EOWNERDEAD);
	}
	close(tell_fds[0]);
}

/* An event loop: it sleeps in poll alone. */
static int consume_by_polling(int fd, const void *argument)
{
	const struct player_part *part = argument;
	struct player player = { 0 };
	struct umm_frame frame;
	int ret = player_enter(fd, part, &player);
	while (ret == 0) {
		struct pollfd poll_fd = { .fd = umm_member_fd(player.member), .events = POLLIN };
		if (umm_member_arm(player.member) == 0 && poll(&poll_fd, 1, 5000) != 1)
			ret = -ETIME;
		else
			ret = umm_consumer_acquire(player.member, 0, &frame);
		if (ret == 0)
			ret = umm_consumer_release(player.member, &frame);
		if (ret == -ETIMEDOUT)
			ret = 0;
	}
	player_leave(&player);
	unsigned char result = (unsigned char)(ret == part->expect ? 0 : -ret);
	return write(tell_fds[1], &result, 1) == 1 ? 0 : 1;
}

TEST(dead_broker_wakes_who_polls)
{
	orphan(&(struct orphan){ player_play,
				 { painter_constraints, UMM_PRODUCER, .frames = 1,
				   .frame_ns = 900 * 1000 * 1000, .expect = -ECONNRESET } },
	       &(struct orphan){ consume_by_polling,
				 { player_viewer, UMM_CONSUMER, .expect = -ECONNRESET } });
	CHECK_INT(told_within(700), 0); /* before the painter, which sleeps, could tell */
	close(tell_fds[0]);
}

static int quit_early(int fd, const void *argument)
{
	const struct player_part *part = argument;
	struct player player = { 0 };
	int ret = umm_connection_open(fd, &player.connection);
	if (ret == 0)
		ret = umm_collection_open(player.connection, "edge0", &player.collection);
	umm_auto(umm_constraints, constraints) = part->constraints();
	if (ret == 0)
		ret = umm_collection_join(player.collection, constraints,
					  UMM_JOIN_OPTS(.role = part->role), &player.member);
	player_leave(&player);
	return ret == 0 ? 0 : 1;
}

TEST(leaving_before_the_start_ends_the_collection_for_the_others)
{
	serve_open(&served, UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	serve_socket(
		&served, "a", player_play,
		&(struct player_part){ painter_constraints, UMM_PRODUCER, .expect = -ECONNRESET });
	while (umm_broker_get_member(served.broker, "edge0", 0,
				     &(struct umm_broker_member_info){ 0 }) < 0)
		CHECK_INT(umm_broker_dispatch(served.broker, UMM_FOREVER), 0);
	serve_socket(&served, "b", quit_early,
		     &(struct player_part){ player_viewer, UMM_CONSUMER });
	serve_all(&served);
	CHECK_INT(served.statuses[0], 0);
	CHECK_INT(served.statuses[1], 0);
	serve_close(&served);
}
