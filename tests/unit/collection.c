/* SPDX-License-Identifier: MIT */
/** In-process collections, from the negotiation to frames and back. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "tests/unit/members.h"

struct pair {
	struct umm_collection *collection;
	struct umm_member *painter, *viewer;
};

static void negotiate(struct pair *pair, enum umm_queue_mode mode)
{
	CHECK_INT(umm_collection_create("test", &pair->collection), 0);
	pair->painter = join(pair->collection, painter_constraints(), UMM_PRODUCER, mode);
	pair->viewer = join(pair->collection, viewer_constraints("viewer"), UMM_CONSUMER, mode);
	CHECK_INT(umm_collection_seal(pair->collection), 0);
	CHECK_INT(umm_collection_start(pair->collection), 0);
}

static void paint(struct umm_member *painter, unsigned char value)
{
	struct umm_buffer *buffer;
	CHECK_INT(umm_producer_acquire(painter, UMM_FOREVER, &buffer), 0);
	CHECK_INT(umm_buffer_begin_access(buffer, UMM_ACCESS_WRITE), 0);
	memset(umm_buffer_data(buffer), value, umm_buffer_layout(buffer)->size_bytes);
	CHECK_INT(umm_buffer_end_access(buffer, UMM_ACCESS_WRITE), 0);
	CHECK_INT(umm_producer_publish(painter, buffer, &(struct umm_frame_info){ .pts = value },
				       UMM_HOLD_DROP),
		  0);
}

static void view(struct umm_member *viewer, unsigned char value)
{
	struct umm_frame frame;
	CHECK_INT(umm_consumer_acquire(viewer, UMM_FOREVER, &frame), 0);
	CHECK_INT(umm_buffer_begin_access(frame.buffer, UMM_ACCESS_READ), 0);
	const unsigned char *data = umm_buffer_data(frame.buffer);
	CHECK_INT(frame.info.pts, value);
	CHECK_INT(data[0], value);
	CHECK_INT(data[umm_buffer_layout(frame.buffer)->size_bytes - 1], value);
	CHECK_INT(umm_buffer_end_access(frame.buffer, UMM_ACCESS_READ), 0);
	CHECK_INT(umm_consumer_release(viewer, &frame), 0);
}

TEST(frames_flow_in_one_process)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	for (int i = 0; i < 100; i++) {
		paint(pair.painter, (unsigned char)i);
		view(pair.viewer, (unsigned char)i);
	}
	CHECK_INT(umm_producer_end(pair.painter, 0), 0);
	struct umm_frame frame;
	CHECK_INT(umm_consumer_acquire(pair.viewer, 0, &frame), UMM_END);
	umm_collection_destroy(pair.collection);
}

TEST(frames_flow_between_forked_processes)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	pid_t child = fork();
	if (child == 0) {
		for (int i = 0; i < 100; i++)
			view(pair.viewer, (unsigned char)i);
		umm_collection_destroy(pair.collection);
		_exit(0);
	}
	for (int i = 0; i < 100; i++)
		paint(pair.painter, (unsigned char)i);
	CHECK_INT(umm_producer_end(pair.painter, 0), 0);
	int status;
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	umm_collection_destroy(pair.collection);
}

TEST(both_members_see_the_same_memory_at_different_places)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	unsigned n = umm_member_buffer_count(pair.painter);
	CHECK_INT(n, 3);
	for (unsigned i = 0; i < n; i++) {
		struct umm_buffer *out = umm_member_buffer(pair.painter, i);
		struct umm_buffer *in = umm_member_buffer(pair.viewer, i);
		CHECK(umm_buffer_id(out).dev == umm_buffer_id(in).dev);
		CHECK(umm_buffer_id(out).ino == umm_buffer_id(in).ino);
		CHECK(umm_buffer_data(out) != umm_buffer_data(in));
	}
	CHECK(umm_member_buffer(pair.painter, n) == NULL);
	umm_collection_destroy(pair.collection);
}

TEST(memory_is_closed_to_new_writers_after_the_start)
{
	struct pair pair;
	CHECK_INT(umm_collection_create("test", &pair.collection), 0);
	pair.painter = join(pair.collection, painter_constraints(), UMM_PRODUCER, 0);
	pair.viewer = join(pair.collection, viewer_constraints("viewer"), UMM_CONSUMER, 0);
	CHECK_INT(umm_collection_seal(pair.collection), 0);
	int fd = umm_buffer_fd(umm_member_buffer(pair.painter, 0));
	void *early = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(early != MAP_FAILED);
	CHECK_INT(umm_collection_start(pair.collection), 0);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
	CHECK_INT(fcntl(fd, F_GET_SEALS), seals);
	munmap(early, 4096);
	umm_collection_destroy(pair.collection);
}

TEST(buffers_outlive_the_collection_while_referenced)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	paint(pair.painter, 42);
	struct umm_frame frame;
	CHECK_INT(umm_consumer_acquire(pair.viewer, 0, &frame), 0);
	struct umm_buffer *kept = umm_buffer_ref(frame.buffer);
	umm_collection_destroy(pair.collection);
	CHECK_INT(*(unsigned char *)umm_buffer_data(kept), 42);
	umm_buffer_unref(kept);
}

TEST(latest_drops_and_counts)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_LATEST);
	for (int i = 0; i < 10; i++)
		paint(pair.painter, (unsigned char)i);
	struct umm_frame frame;
	CHECK_INT(umm_consumer_acquire(pair.viewer, 0, &frame), 0);
	CHECK_INT(frame.info.pts, 9);
	CHECK_INT(frame.dropped, 9);
	CHECK_INT(umm_consumer_release(pair.viewer, &frame), 0);
	struct umm_member_stats stats;
	umm_member_get_stats(pair.viewer, &stats);
	CHECK_INT(stats.frames, 1);
	CHECK_INT(stats.dropped, 9);
	umm_collection_destroy(pair.collection);
}

TEST(steady_state_makes_no_page_fault)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	struct rusage before, after;
	for (int i = 0; i < 10; i++) {
		paint(pair.painter, 1);
		view(pair.viewer, 1);
	}
	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 1000; i++) {
		paint(pair.painter, 1);
		view(pair.viewer, 1);
	}
	getrusage(RUSAGE_SELF, &after);
	CHECK_INT(after.ru_majflt - before.ru_majflt, 0);
	if (!test_is_watched())
		CHECK_INT(after.ru_minflt - before.ru_minflt, 0);
	umm_collection_destroy(pair.collection);
}

TEST(refusal_names_who_clashes_on_what)
{
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	join(collection, painter_constraints(), UMM_PRODUCER, 0);
	struct umm_constraints *nv12;
	struct umm_format_demand format = { .formats = { UMM_FOURCC('N', 'V', '1', '2') } };
	CHECK_INT(umm_constraints_create("encoder", &nv12), 0);
	CHECK_INT(umm_constraints_set_usage(nv12, UMM_USAGE_CPU_READ), 0);
	CHECK_INT(umm_constraints_add_format(nv12, &format), 0);
	join(collection, nv12, UMM_CONSUMER, 0);
	CHECK_INT(umm_collection_seal(collection), UMM_CONFLICT);
	const char *text = umm_collection_explain(collection);
	CHECK(strstr(text, "painter") != NULL && strstr(text, "encoder") != NULL);
	CHECK(strstr(text, "XR24") != NULL && strstr(text, "NV12") != NULL);
	CHECK(umm_collection_layout(collection) == NULL);
}

TEST(names_and_roles_are_unique)
{
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	struct umm_member *member = NULL;
	umm_auto(umm_constraints, painter) = painter_constraints();
	umm_auto(umm_constraints, viewer) = viewer_constraints("viewer");
	CHECK_INT(umm_collection_join(collection, painter, UMM_JOIN_OPTS(.role = UMM_PRODUCER),
				      &member),
		  0);
	member = NULL;
	CHECK_INT(umm_collection_join(collection, painter, UMM_JOIN_OPTS(.role = UMM_CONSUMER),
				      &member),
		  -EEXIST);
	CHECK_INT(umm_collection_join(collection, viewer, UMM_JOIN_OPTS(.role = UMM_PRODUCER),
				      &member),
		  -EEXIST);
	CHECK(member == NULL);
	CHECK_INT(umm_collection_seal(collection), -EPROTO);
}

TEST(steps_out_of_order_are_refused)
{
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("", &collection), -EINVAL);
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_collection_start(collection), -EINVAL);
	join(collection, painter_constraints(), UMM_PRODUCER, 0);
	join(collection, viewer_constraints("viewer"), UMM_CONSUMER, 0);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_INT(umm_collection_seal(collection), -EBUSY);
	struct umm_member *late = NULL;
	umm_auto(umm_constraints, constraints) = viewer_constraints("late");
	CHECK_INT(umm_collection_join(collection, constraints, UMM_JOIN_OPTS(.role = UMM_CONSUMER),
				      &late),
		  -EBUSY);
	CHECK(late == NULL);
}

TEST(buried_painter_ends_the_viewer)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	pid_t child = fork();
	if (child == 0) {
		paint(pair.painter, 1);
		raise(SIGKILL);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	view(pair.viewer, 1);
	umm_member_bury(pair.painter);
	struct umm_frame frame;
	CHECK_INT(umm_consumer_acquire(pair.viewer, UMM_FOREVER, &frame), -EOWNERDEAD);
	umm_collection_destroy(pair.collection);
}

/* What a dead viewer held comes back: the painter does not run out of buffers. */
TEST(buried_viewer_gives_back_what_it_held)
{
	struct pair pair;
	CHECK_INT(umm_collection_create("test", &pair.collection), 0);
	pair.painter = join(pair.collection, painter_constraints(), UMM_PRODUCER, 0);
	pair.viewer = join(pair.collection, viewer_constraints("viewer"), UMM_CONSUMER, 0);
	struct umm_member *other =
		join(pair.collection, viewer_constraints("other"), UMM_CONSUMER, 0);
	CHECK_INT(umm_collection_seal(pair.collection), 0);
	CHECK_INT(umm_collection_start(pair.collection), 0);

	unsigned n = umm_member_buffer_count(pair.painter);
	for (unsigned i = 0; i < n; i++) {
		paint(pair.painter, (unsigned char)i);
		view(pair.viewer, (unsigned char)i);
	}
	struct umm_buffer *buffer;
	CHECK_INT(umm_producer_acquire(pair.painter, 1000000, &buffer), -ETIMEDOUT);
	umm_member_bury(other);
	paint(pair.painter, 9);
	view(pair.viewer, 9);
	umm_collection_destroy(pair.collection);
}

/* ---- deaths that nobody tells ---- */

/* A child that does `work` and is killed; it stays a zombie, for nobody waits for it. */
static pid_t killed_after(void (*work)(struct pair *pair), struct pair *pair)
{
	siginfo_t info;
	pid_t child = fork();
	if (child == 0) {
		work(pair);
		raise(SIGKILL);
	}
	CHECK_INT(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	return child;
}

static void paint_once(struct pair *pair)
{
	paint(pair->painter, 1);
}

static void take_one(struct pair *pair)
{
	struct umm_frame frame;
	CHECK_INT(umm_consumer_acquire(pair->viewer, UMM_FOREVER, &frame), 0);
}

TEST(killed_painter_is_noticed_by_who_waits_for_it)
{
	struct pair pair;
	struct umm_frame frame;
	negotiate(&pair, UMM_QUEUE_FIFO);
	pid_t child = killed_after(paint_once, &pair);
	int64_t start = umm_now_ns();
	view(pair.viewer, 1);
	CHECK_INT(umm_consumer_acquire(pair.viewer, UMM_FOREVER, &frame), -EOWNERDEAD);
	CHECK(umm_now_ns() - start < INT64_C(1000000000));
	CHECK_INT(waitpid(child, NULL, 0), child);
	umm_collection_destroy(pair.collection);
}

TEST(nobody_else_keeps_watch_without_a_broker)
{
	struct pair pair;
	negotiate(&pair, UMM_QUEUE_FIFO);
	CHECK_INT(umm_member_set_watch(pair.viewer, UMM_WATCH_BROKER), -EOPNOTSUPP);
	CHECK_INT(umm_member_set_watch(pair.viewer, UMM_WATCH_SELF), 0);
	CHECK_INT(umm_member_set_watch(pair.viewer, (enum umm_watch)7), -EINVAL);
	umm_collection_destroy(pair.collection);
}

TEST(killed_viewer_gives_back_what_it_held_though_nobody_tells)
{
	struct pair pair;
	struct umm_buffer *buffer;
	negotiate(&pair, UMM_QUEUE_FIFO);
	paint(pair.painter, 1);
	pid_t child = killed_after(take_one, &pair);
	int64_t start = umm_now_ns();
	int ret = 0;
	for (unsigned i = 0; ret == 0 && i < 100; i++) {
		ret = umm_producer_acquire(pair.painter, UMM_FOREVER, &buffer);
		if (ret == 0)
			ret = umm_producer_publish(pair.painter, buffer, NULL, UMM_HOLD_DROP);
	}
	CHECK_INT(ret, -EPIPE);
	CHECK(umm_now_ns() - start < INT64_C(1000000000));
	CHECK_INT(waitpid(child, NULL, 0), child);
	umm_collection_destroy(pair.collection);
}

/* In an event loop, too: the fd rings for no death here, but arm looks. */
TEST(killed_painter_is_noticed_by_who_arms)
{
	struct pair pair;
	struct umm_frame frame;
	negotiate(&pair, UMM_QUEUE_FIFO);
	pid_t child = killed_after(paint_once, &pair);
	view(pair.viewer, 1);
	int64_t start = umm_now_ns();
	while (umm_member_arm(pair.viewer) == 0) {
		CHECK(umm_now_ns() - start < INT64_C(1000000000));
		usleep(20000);
	}
	CHECK_INT(umm_consumer_acquire(pair.viewer, 0, &frame), -EOWNERDEAD);
	CHECK_INT(waitpid(child, NULL, 0), child);
	umm_collection_destroy(pair.collection);
}

/* Longer than three looks: a process that lives is not buried, whichever side of the fork it is. */
TEST(slow_peer_is_not_taken_for_dead)
{
	struct pair pair;
	int status;
	negotiate(&pair, UMM_QUEUE_FIFO);
	paint(pair.painter, 1); /* used before the fork, and then by the child of a child no more */
	pid_t child = fork();
	if (child == 0) {
		view(pair.viewer, 1);
		view(pair.viewer, 2); /* waits meanwhile */
		usleep(800000);
		view(pair.viewer, 3);
		_exit(0);
	}
	pid_t other = fork(); /* has all fds and mappings, uses nothing, and goes */
	if (other == 0)
		_exit(0);
	CHECK_INT(waitpid(other, NULL, 0), other);
	usleep(800000);
	paint(pair.painter, 2);
	paint(pair.painter, 3);
	CHECK_INT(umm_producer_end(pair.painter, 0), 0);
	CHECK_INT(umm_producer_drain(pair.painter, UMM_FOREVER), 0);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	umm_collection_destroy(pair.collection);
}

TEST(more_memory_than_there_is_is_refused_by_name)
{
	umm_auto(umm_collection, collection) = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	struct umm_constraints *painter = painter_constraints();
	struct umm_memory_demand memory = { .size_min_bytes = UINT64_C(1) << 45 };
	CHECK_INT(umm_constraints_set_memory(painter, &memory), 0);
	join(collection, painter, UMM_PRODUCER, 0);
	join(collection, viewer_constraints("viewer"), UMM_CONSUMER, 0);
	CHECK_INT(umm_collection_seal(collection), UMM_CONFLICT);
	CHECK(strstr(umm_collection_explain(collection), "painter") != NULL);
	CHECK(strstr(umm_collection_explain(collection), "more memory would help: heap memfd") !=
	      NULL);
}

TEST(members_can_join_with_json)
{
	umm_auto(umm_collection, collection) = NULL;
	struct umm_member *member = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_collection_join_json(collection, UMM_PRODUCER, "{", &member), -EBADMSG);
	CHECK_INT(umm_collection_join_json(collection, UMM_PRODUCER, "{\"usage\":[\"dma\"]}",
					   &member),
		  -EINVAL);
	CHECK(member == NULL);
	CHECK_INT(umm_collection_join_json(
			  collection, UMM_PRODUCER,
			  "{\"name\":\"a\",\"usage\":[\"cpu_write\"],"
			  "\"buffers\":{\"min\":2},\"memory\":{\"size_bytes\":{\"min\":5000}}}",
			  &member),
		  0);
	CHECK_INT(umm_collection_join_json(collection, UMM_CONSUMER,
					   "{\"name\":\"b\",\"usage\":[\"cpu_read\"]}", &member),
		  0);
	CHECK_INT(umm_collection_seal(collection), 0);
	CHECK_INT(umm_collection_layout(collection)->raw_size_bytes, 8192);
	CHECK_INT(umm_collection_layout(collection)->format, 0);
	CHECK_INT(umm_member_buffer_count(member), 2);
}
