/* SPDX-License-Identifier: MIT */
/** Collections across processes: each member is a child, the test itself serves the broker. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umm/broker.h>

#include "os/clock.h"
#include "tests/unit/members.h"

#define MAX_CHILDREN 8

static struct umm_broker *broker;
static struct {
	unsigned settled, refused, started, gone, gone_unclean;
	char notes[256], explanation[1024], last_label[64];
	struct umm_layout layout;
} seen;
static pid_t children[MAX_CHILDREN];
static int statuses[MAX_CHILDREN];
static unsigned n_children;

static void on_settled(void *user, const char *token, const struct umm_layout *layout,
		       const char *notes)
{
	(void)user, (void)token;
	seen.settled++;
	seen.layout = *layout;
	snprintf(seen.notes, sizeof(seen.notes), "%s", notes);
}

static void on_refused(void *user, const char *token, int verdict, const char *explanation)
{
	(void)user, (void)token, (void)verdict;
	seen.refused++;
	snprintf(seen.explanation, sizeof(seen.explanation), "%s", explanation);
}

static void on_started(void *user, const char *token)
{
	(void)user, (void)token;
	seen.started++;
}

static void on_disconnected(void *user, struct umm_client *client, const char *label, bool clean)
{
	(void)user, (void)client;
	seen.gone++;
	seen.gone_unclean += !clean;
	snprintf(seen.last_label, sizeof(seen.last_label), "%s", label);
}

static void make_broker(const struct umm_broker_collection_opts *opts)
{
	const struct umm_broker_events events = {
		.settled = on_settled,
		.refused = on_refused,
		.started = on_started,
		.disconnected = on_disconnected,
	};
	CHECK_INT(umm_broker_create(&events, NULL, &broker), 0);
	CHECK_INT(umm_broker_add_collection(broker, "edge0", opts), 0);
}

static int tell_fds[2] = { -1, -1 };

/* A process that forks instead of executing inherits the broker's ends of all sockets: the hang-up
 * of a dead broker would never come. */
static void keep_only(int fd)
{
	for (int other = STDERR_FILENO + 1; other < 1024; other++)
		if (other != fd && other != tell_fds[1])
			close(other);
}

/* Start `run` in a process of its own with a socket to the broker; its return value is its status.
 */
static unsigned start(const char *label, int (*run)(int fd, const void *argument),
		      const void *argument)
{
	int fd;
	CHECK_INT(umm_broker_connect(broker, label, &fd, NULL), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		keep_only(fd);
		_exit(run(fd, argument));
	}
	close(fd);
	children[n_children] = child;
	return n_children++;
}

static bool reap(void)
{
	bool all = true;
	for (unsigned i = 0; i < n_children; i++) {
		if (children[i] == 0)
			continue;
		if (waitpid(children[i], &statuses[i], WNOHANG) == children[i])
			children[i] = 0;
		else
			all = false;
	}
	return all;
}

static void serve_until_all_have_exited(void)
{
	while (!reap())
		CHECK_INT(umm_broker_dispatch(broker, 20 * 1000 * 1000), 0);
	CHECK_INT(umm_broker_dispatch(broker, 0), 0);
}

struct part {
	struct umm_constraints *(*constraints)(void);
	enum umm_role role;
	unsigned frames;
	int64_t frame_ns; /* pause before each frame */
	int expect;	  /* what the last call is to return */
	bool die;	  /* by SIGKILL after `frames` */
	enum umm_watch watch;
};

struct session {
	struct umm_connection *connection;
	struct umm_collection *collection;
	struct umm_member *member;
};

static int enter(int fd, const struct part *part, struct session *session)
{
	int ret = umm_connection_open(fd, &session->connection);
	if (ret < 0)
		return ret;
	ret = umm_collection_open(session->connection, "edge0", &session->collection);
	if (ret < 0)
		return ret;
	umm_auto(umm_constraints, constraints) = part->constraints();
	ret = umm_collection_join(session->collection, constraints,
				  UMM_JOIN_OPTS(.role = part->role), &session->member);
	if (ret == 0)
		ret = umm_collection_seal(session->collection);
	if (ret == 0)
		ret = umm_collection_start(session->collection);
	if (ret == 0)
		ret = umm_member_set_watch(session->member, part->watch);
	return ret;
}

static void leave(struct session *session)
{
	umm_collection_destroy(session->collection);
	umm_connection_close(session->connection);
}

/* Both sides of the wire know the same layout and the same reasons. */
static bool knows_the_answer(const struct session *session)
{
	const struct umm_layout *layout = umm_collection_layout(session->collection);
	return strstr(umm_collection_explain(session->collection), "painter") != NULL &&
	       strstr(umm_collection_answer_json(session->collection), "\"XR24\"") != NULL &&
	       layout->width_px == TEST_WIDTH && layout->height_px == TEST_HEIGHT;
}

static int produce(struct umm_member *member, const struct part *part)
{
	struct timespec pause = { .tv_nsec = part->frame_ns };
	for (unsigned i = 0; i < part->frames; i++) {
		struct umm_buffer *buffer;
		int ret = umm_producer_acquire(member, UMM_FOREVER, &buffer);
		if (ret < 0)
			return ret;
		memset(umm_buffer_data(buffer), (int)(i & 0xff), 4096);
		struct umm_frame_info info = { .pts = i };
		ret = umm_producer_publish(member, buffer, &info, UMM_HOLD_DROP);
		if (ret < 0)
			return ret;
		if (part->frame_ns > 0)
			nanosleep(&pause, NULL);
	}
	if (part->die)
		raise(SIGKILL);
	return umm_producer_end(member, 0);
}

static int consume(struct umm_member *member, const struct part *part)
{
	for (unsigned i = 0; i < part->frames || !part->die; i++) {
		struct umm_frame frame;
		int ret = umm_consumer_acquire(member, UMM_FOREVER, &frame);
		if (ret != 0)
			return ret;
		const unsigned char *data = umm_buffer_data(frame.buffer);
		if (frame.info.pts != i || data[0] != (i & 0xff) || data[4095] != (i & 0xff))
			return -EBADMSG;
		ret = umm_consumer_release(member, &frame);
		if (ret < 0)
			return ret;
	}
	raise(SIGKILL);
	return -EBADMSG;
}

/* Exit status: 0 as expected, else the errno that came. */
static int play(int fd, const void *argument)
{
	const struct part *part = argument;
	struct session session = { 0 };
	int ret = enter(fd, part, &session);
	if (ret == 0 && !knows_the_answer(&session))
		ret = -EBADMSG;
	if (ret == 0)
		ret = part->role == UMM_PRODUCER ? produce(session.member, part)
						 : consume(session.member, part);
	leave(&session);
	return ret == part->expect ? 0 : ret < 0 ? -ret : 100 + ret;
}

static struct umm_constraints *viewer(void)
{
	return viewer_constraints("viewer");
}

static struct umm_constraints *second_viewer(void)
{
	return viewer_constraints("second");
}

TEST(frames_flow_between_processes)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 3));
	start("a", play, &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 200 });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_END });
	start("c", play, &(struct part){ second_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_until_all_have_exited();
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(statuses[i], 0);
	CHECK_INT(seen.settled, 1);
	CHECK_INT(seen.started, 1);
	CHECK_INT(seen.gone, 3);
	CHECK_INT(seen.gone_unclean, 0);
	CHECK_STR(seen.layout.heap, "memfd");
	CHECK_INT(seen.layout.buffers, 4);

	struct umm_broker_member_info info;
	CHECK_INT(umm_broker_get_member(broker, "edge0", 0, &info), 0);
	CHECK_INT(info.stats.frames, 200);
	CHECK(info.gone);
	CHECK_INT(umm_broker_get_member(broker, "edge0", 3, &info), -ENOENT);
	umm_broker_destroy(broker);
}

/*
 * The claim: no frame passes through the broker. Its switches do not grow with frames. Of this
 * thread alone: a sanitizer's own thread wakes by the clock.
 */
static long switches_for(unsigned frames)
{
	n_children = 0;
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", play, &(struct part){ painter_constraints, UMM_PRODUCER, .frames = frames });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_END });
	while (seen.started == 0)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	struct rusage before, after;
	getrusage(RUSAGE_THREAD, &before);
	while (seen.gone < 2)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	getrusage(RUSAGE_THREAD, &after);
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	CHECK_INT(statuses[1], 0);
	umm_broker_destroy(broker);
	memset(&seen, 0, sizeof(seen));
	return after.ru_nvcsw - before.ru_nvcsw;
}

TEST(broker_sleeps_while_frames_flow)
{
	CHECK(switches_for(100) <= 8);
	CHECK(switches_for(20000) <= 8);
}

static void lose_the_painter(enum umm_watch watch)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 5, .die = true });
	start("b", play,
	      &(struct part){ viewer, UMM_CONSUMER, .expect = -EOWNERDEAD, .watch = watch });
	while (seen.started == 0)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	int64_t started = umm_now_ns();
	serve_until_all_have_exited();
	CHECK(umm_now_ns() - started < 1000000000);
	CHECK_INT(WTERMSIG(statuses[0]), SIGKILL);
	CHECK_INT(statuses[1], 0);
	CHECK_INT(seen.gone_unclean, 1);
	umm_broker_destroy(broker);
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
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 1000000,
			      .expect = -EPIPE, .watch = watch });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .frames = 5, .die = true });
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	CHECK_INT(WTERMSIG(statuses[1]), SIGKILL);
	umm_broker_destroy(broker);
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
static void start_a_slow_painter(void)
{
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 6,
			      .frame_ns = 900 * 1000 * 1000, .expect = -EPIPE });
}

TEST(broker_that_ends_wakes_who_left_the_watch_to_it)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start_a_slow_painter();
	start("b", play,
	      &(struct part){ viewer, UMM_CONSUMER, .expect = -EOWNERDEAD,
			      .watch = UMM_WATCH_BROKER });
	while (seen.started == 0)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	nanosleep(&pause, NULL);
	int64_t started = umm_now_ns();
	umm_broker_destroy(broker);
	CHECK_INT(waitpid(children[1], &statuses[1], 0), children[1]);
	CHECK(umm_now_ns() - started < 600 * 1000 * 1000);
	CHECK_INT(statuses[1], 0);
	CHECK_INT(waitpid(children[0], &statuses[0], 0), children[0]);
	CHECK_INT(statuses[0], 0);
}

/* A process of the viewer's own sends nonsense on its line, and the broker cuts it. */
static int view_behind_a_cut_line(int fd, const void *argument)
{
	int noise = dup(fd);
	pid_t child = fork();
	if (child == 0) {
		struct timespec pause = { .tv_sec = 2 }; /* by then frames flow everywhere */
		nanosleep(&pause, NULL);
		close(fd);
		_exit(write(noise, (uint32_t[]){ 1, 16u << 16 | 77, 0, 0 }, 16) != 16);
	}
	close(noise);
	int result = play(fd, argument);
	int status;
	return waitpid(child, &status, 0) == child && status == 0 ? result : 99;
}

TEST(viewer_that_is_cut_off_looks_around_though_it_left_the_watch_to_the_broker)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start_a_slow_painter();
	start("b", view_behind_a_cut_line,
	      &(struct part){ viewer, UMM_CONSUMER, .expect = -ECONNRESET,
			      .watch = UMM_WATCH_BROKER });
	serve_until_all_have_exited();
	CHECK_INT(statuses[1], 0);
	CHECK_INT(statuses[0], 0);
	umm_broker_destroy(broker);
}

TEST(one_dead_viewer_of_two_leaves_the_other_going)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 3));
	start("a", play, &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 500 });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .frames = 5, .die = true });
	start("c", play, &(struct part){ second_viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	CHECK_INT(statuses[2], 0);
	umm_broker_destroy(broker);
}

static int play_and_tell(int fd, const void *argument)
{
	unsigned char result = (unsigned char)play(fd, argument);
	return write(tell_fds[1], &result, 1) == 1 ? 0 : 1;
}

static void serve_until_started_and_die(void)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", play_and_tell,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 1000000,
			      .frame_ns = 2 * 1000 * 1000, .expect = -ECONNRESET });
	start("b", play_and_tell, &(struct part){ viewer, UMM_CONSUMER, .expect = -ECONNRESET });
	while (seen.started == 0)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	raise(SIGKILL);
}

/* The members are orphans then, and frames go on flowing: both end by themselves all the same, told
 * by a byte each in a pipe. Who comes second may find its peer gone first. */
TEST(dead_broker_is_noticed_within_a_second)
{
	CHECK_INT(pipe(tell_fds), 0);
	pid_t server = fork();
	if (server == 0) {
		serve_until_started_and_die();
		_exit(1);
	}
	int status;
	CHECK(waitpid(server, &status, 0) == server && WIFSIGNALED(status));
	close(tell_fds[1]);
	struct pollfd poll_fd = { .fd = tell_fds[0], .events = POLLIN };
	for (unsigned i = 0; i < 2; i++) {
		unsigned char result;
		CHECK_INT(poll(&poll_fd, 1, 1500), 1);
		CHECK_INT(read(tell_fds[0], &result, 1), 1);
		CHECK(result == 0 || result == EPIPE || result == EOWNERDEAD);
	}
	close(tell_fds[0]);
}

/* An event loop: it sleeps in poll alone. */
static int consume_by_polling(int fd, const void *argument)
{
	const struct part *part = argument;
	struct session session = { 0 };
	struct umm_frame frame;
	int ret = enter(fd, part, &session);
	while (ret == 0) {
		struct pollfd poll_fd = { .fd = umm_member_fd(session.member), .events = POLLIN };
		if (umm_member_arm(session.member) == 0 && poll(&poll_fd, 1, 5000) != 1)
			ret = -ETIME;
		else
			ret = umm_consumer_acquire(session.member, 0, &frame);
		if (ret == 0)
			ret = umm_consumer_release(session.member, &frame);
		if (ret == -ETIMEDOUT)
			ret = 0;
	}
	leave(&session);
	unsigned char result = (unsigned char)(ret == part->expect ? 0 : -ret);
	return write(tell_fds[1], &result, 1) == 1 ? 0 : 1;
}

static void serve_poller_until_started_and_die(void)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 1,
			      .frame_ns = 900 * 1000 * 1000, .expect = -ECONNRESET });
	start("b", consume_by_polling,
	      &(struct part){ viewer, UMM_CONSUMER, .expect = -ECONNRESET });
	while (seen.started == 0)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	raise(SIGKILL);
}

TEST(dead_broker_wakes_who_polls)
{
	CHECK_INT(pipe(tell_fds), 0);
	pid_t server = fork();
	if (server == 0) {
		serve_poller_until_started_and_die();
		_exit(1);
	}
	int status;
	CHECK(waitpid(server, &status, 0) == server && WIFSIGNALED(status));
	close(tell_fds[1]);
	/* before the painter, which sleeps, could tell */
	struct pollfd poll_fd = { .fd = tell_fds[0], .events = POLLIN };
	unsigned char result;
	CHECK_INT(poll(&poll_fd, 1, 700), 1);
	CHECK_INT(read(tell_fds[0], &result, 1), 1);
	CHECK_INT(result, 0);
	close(tell_fds[0]);
}

TEST(refusal_reaches_all_members)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2,
					       .heaps = (const char *const[]){ "nowhere", NULL }));
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .expect = UMM_CONFLICT });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_CONFLICT });
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	CHECK_INT(statuses[1], 0);
	CHECK_INT(seen.refused, 1);
	CHECK(strstr(seen.explanation, "nowhere") != NULL);
	umm_broker_destroy(broker);
}

TEST(count_of_buffers_and_heap_can_be_asked_for)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .buffers = 7,
					       .heaps = (const char *const[]){ "nowhere", "memfd",
									       NULL }));
	start("a", play, &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 20 });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	CHECK_INT(seen.layout.buffers, 7);
	CHECK(strstr(seen.notes, "heap nowhere passed over") != NULL);
	umm_broker_destroy(broker);
}

TEST(owner_can_read_the_question_and_its_answer)
{
	struct umm_broker_answer told;
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2, .buffers = 7));
	CHECK_INT(umm_broker_get_answer(broker, "edge0", &told), -ENOENT);
	start("a", play, &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 2 });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_until_all_have_exited();
	CHECK_INT(umm_broker_get_answer(broker, "edge0", &told), 0);
	CHECK_INT(umm_broker_get_answer(broker, "edge1", &told), -ENOENT);
	struct umm_answer *again;
	CHECK_INT(umm_solve_json(told.document, strlen(told.document), &again), UMM_OK);
	CHECK_STR(umm_answer_json(again), told.answer);
	CHECK_INT(umm_answer_layout(again)->buffers, 7);
	umm_answer_destroy(again);
	umm_broker_destroy(broker);
}

TEST(owner_can_read_the_question_that_was_refused)
{
	struct umm_broker_answer told;
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2,
					       .heaps = (const char *const[]){ "nowhere", NULL }));
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .expect = UMM_CONFLICT });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_CONFLICT });
	serve_until_all_have_exited();
	CHECK_INT(umm_broker_get_answer(broker, "edge0", &told), 0);
	CHECK(strstr(told.answer, "\"status\":\"conflict\"") != NULL);
	CHECK(strstr(told.document, "\"nowhere\"") != NULL);
	umm_broker_destroy(broker);
}

static int quit_early(int fd, const void *argument)
{
	const struct part *part = argument;
	struct session session = { 0 };
	int ret = umm_connection_open(fd, &session.connection);
	if (ret == 0)
		ret = umm_collection_open(session.connection, "edge0", &session.collection);
	umm_auto(umm_constraints, constraints) = part->constraints();
	if (ret == 0)
		ret = umm_collection_join(session.collection, constraints,
					  UMM_JOIN_OPTS(.role = part->role), &session.member);
	leave(&session);
	return ret == 0 ? 0 : 1;
}

TEST(leaving_before_the_start_ends_the_collection_for_the_others)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", play,
	      &(struct part){ painter_constraints, UMM_PRODUCER, .expect = -ECONNRESET });
	while (umm_broker_get_member(broker, "edge0", 0, &(struct umm_broker_member_info){ 0 }) < 0)
		CHECK_INT(umm_broker_dispatch(broker, UMM_FOREVER), 0);
	start("b", quit_early, &(struct part){ viewer, UMM_CONSUMER });
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	CHECK_INT(statuses[1], 0);
	umm_broker_destroy(broker);
}

static int open_unknown(int fd, const void *argument)
{
	(void)argument;
	struct session session = { 0 };
	if (umm_connection_open(fd, &session.connection) < 0)
		return 1;
	int ret = umm_collection_open(session.connection, "edge9", &session.collection);
	leave(&session);
	return ret == -ENOENT ? 0 : 1;
}

TEST(unknown_token_is_told)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	start("a", open_unknown, NULL);
	serve_until_all_have_exited();
	CHECK_INT(statuses[0], 0);
	umm_broker_destroy(broker);
}

static int send_noise(int fd, const void *argument)
{
	unsigned seed = *(const unsigned *)argument;
	srand(seed);
	unsigned char noise[512];
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)rand();
	/* A plausible header first: object 1 (wl_display), so that the parser goes further. */
	memcpy(noise, (uint32_t[]){ 1, (16u << 16) | (seed % 3) }, 8);
	ssize_t ignored = send(fd, noise, sizeof(noise), MSG_NOSIGNAL);
	(void)ignored;
	return 0;
}

TEST(noise_from_one_process_does_not_touch_the_others)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	static const unsigned seeds[] = { 1, 2, 3, 4, 5, 6 };
	for (unsigned i = 0; i < 6; i++)
		start("noise", send_noise, &seeds[i]);
	start("a", play, &(struct part){ painter_constraints, UMM_PRODUCER, .frames = 50 });
	start("b", play, &(struct part){ viewer, UMM_CONSUMER, .expect = UMM_END });
	serve_until_all_have_exited();
	CHECK_INT(statuses[6], 0);
	CHECK_INT(statuses[7], 0);
	umm_broker_destroy(broker);
}

TEST(connection_to_nobody_is_an_error)
{
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[0]);
	struct umm_connection *connection = NULL;
	CHECK_INT(umm_connection_open(pair[1], &connection), -ECONNRESET);
	CHECK(connection == NULL);
}

TEST(tokens_are_unique)
{
	make_broker(UMM_BROKER_COLLECTION_OPTS(.expected_members = 2));
	CHECK_INT(umm_broker_add_collection(broker, "edge0",
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 2)),
		  -EEXIST);
	CHECK_INT(umm_broker_add_collection(broker, "edge1",
					    UMM_BROKER_COLLECTION_OPTS(.expected_members = 1)),
		  -EINVAL);
	umm_broker_destroy(broker);
}
