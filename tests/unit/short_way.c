/* SPDX-License-Identifier: MIT */
/** The calls of umm/queue.h that open and close accesses by themselves. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/members.h"

#define XR24 UMM_FOURCC('X', 'R', '2', '4')

static const struct umm_size small = { TEST_WIDTH, TEST_HEIGHT };

struct pair {
	struct umm_collection *collection;
	struct umm_member *painter, *viewer;
};

static struct pair make_pair(void)
{
	struct pair pair;
	CHECK_INT(umm_collection_create("test", &pair.collection), 0);
	CHECK_INT(umm_collection_join_cpu(pair.collection, UMM_PRODUCER, "painter", XR24, small,
					  &pair.painter),
		  0);
	CHECK_INT(umm_collection_join_cpu(pair.collection, UMM_CONSUMER, "viewer", XR24, small,
					  &pair.viewer),
		  0);
	CHECK_INT(umm_collection_seal(pair.collection), 0);
	CHECK_INT(umm_collection_start(pair.collection), 0);
	return pair;
}

static void draw(struct umm_member *painter, unsigned char value)
{
	struct umm_buffer *buffer;
	CHECK_INT(umm_producer_grab(painter, UMM_FOREVER, &buffer), 0);
	memset(umm_buffer_data(buffer), value, umm_buffer_layout(buffer)->size_bytes);
	CHECK_INT(umm_producer_show(painter, buffer, NULL), 0);
}

static void look(struct umm_member *viewer, unsigned char value)
{
	struct umm_frame frame;
	CHECK_INT(umm_consumer_take(viewer, UMM_FOREVER, &frame), 0);
	CHECK_INT(*(unsigned char *)umm_buffer_data(frame.buffer), value);
	CHECK_INT(umm_consumer_give(viewer, &frame), 0);
}

TEST(program_code_joins_with_a_format_and_a_size)
{
	struct pair pair = make_pair();
	const struct umm_layout *layout = umm_collection_layout(pair.collection);
	CHECK_INT(layout->format, XR24);
	CHECK(layout->width_px == TEST_WIDTH && layout->height_px == TEST_HEIGHT);
	for (unsigned i = 0; i < 50; i++) {
		draw(pair.painter, (unsigned char)i);
		look(pair.viewer, (unsigned char)i);
	}
	struct umm_frame frame;
	CHECK_INT(umm_consumer_take(pair.viewer, 0, &frame), -ETIMEDOUT);
	CHECK_INT(umm_producer_end(pair.painter, 0), 0);
	CHECK_INT(umm_consumer_take(pair.viewer, UMM_FOREVER, &frame), UMM_END);
	umm_collection_destroy(pair.collection);
}

TEST(nothing_to_touch_is_no_way_to_join)
{
	struct umm_collection *collection;
	struct umm_member *member = NULL;
	CHECK_INT(umm_collection_create("test", &collection), 0);
	CHECK_INT(umm_collection_join_cpu(collection, UMM_OBSERVER, "a", XR24, small, &member),
		  -EINVAL);
	CHECK_INT(umm_collection_join_cpu(collection, UMM_PRODUCER, "a", XR24,
					  (struct umm_size){ 0, 5 }, &member),
		  -EINVAL);
	CHECK_INT(umm_collection_join_cpu(collection, UMM_PRODUCER, "", XR24, small, &member),
		  -EINVAL);
	CHECK(member == NULL);
	CHECK_STR(umm_collection_explain(collection), "");
	CHECK_STR(umm_collection_explain(NULL), "");
	umm_collection_destroy(collection);
}

/* With the guard, memory outside an access is not there at all. */
static int status_of_guarded(bool grab)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		fclose(stderr); /* the guard's words are another test's business */
		setenv("UMM_GUARD", "1", 1);
		struct pair pair = make_pair();
		struct umm_buffer *buffer = umm_member_buffer(pair.painter, 0);
		if (grab)
			CHECK_INT(umm_producer_grab(pair.painter, UMM_FOREVER, &buffer), 0);
		*(volatile char *)umm_buffer_data(buffer) = 1;
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	return status;
}

TEST(grabbed_memory_can_be_touched_under_the_guard_and_no_other)
{
	CHECK_INT(status_of_guarded(true), 0);
	CHECK(WIFSIGNALED(status_of_guarded(false)));
}

TEST(shown_or_strange_buffers_are_not_shown_again)
{
	struct pair pair = make_pair();
	struct umm_buffer *buffer;
	CHECK_INT(umm_producer_grab(pair.painter, UMM_FOREVER, &buffer), 0);
	CHECK_INT(umm_producer_show(pair.painter, buffer, NULL), 0);
	CHECK(umm_producer_show(pair.painter, buffer, NULL) < 0);
	look(pair.viewer, *(unsigned char *)umm_buffer_data(buffer));
	umm_collection_destroy(pair.collection);
}

static struct umm_buffer *publish_unfinished(struct umm_member *painter, uint64_t point)
{
	struct umm_buffer *buffer;
	struct umm_frame_info info = { .fence_point = point };
	CHECK_INT(umm_producer_acquire(painter, UMM_FOREVER, &buffer), 0);
	CHECK_INT(umm_producer_publish(painter, buffer, &info, UMM_HOLD_KEEP), 0);
	return buffer;
}

/* A process of its own takes the frame, which is shown before it is drawn. */
TEST(content_that_is_on_its_way_is_waited_for)
{
	struct pair pair = make_pair();
	int status;
	pid_t child = fork();
	if (child == 0) {
		look(pair.viewer, 77);
		_exit(0);
	}
	struct umm_buffer *buffer = publish_unfinished(pair.painter, 1);
	usleep(50000);
	CHECK_INT(waitpid(child, &status, WNOHANG), 0);
	memset(umm_buffer_data(buffer), 77, 16);
	CHECK_INT(umm_timeline_signal(umm_producer_timeline(pair.painter), 1), 0);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	umm_collection_destroy(pair.collection);
}

TEST(content_that_never_comes_is_an_error_and_the_frame_goes_back)
{
	struct pair pair = make_pair();
	struct umm_frame frame = { .sequence = 99 };
	struct umm_buffer *buffer = publish_unfinished(pair.painter, 1);
	CHECK_INT(umm_timeline_fail(umm_producer_timeline(pair.painter), -EIO), 0);
	CHECK_INT(umm_consumer_take(pair.viewer, UMM_FOREVER, &frame), -EIO);
	CHECK_INT(frame.sequence, 99);
	CHECK_INT(umm_producer_release(pair.painter, buffer), 0);
	for (unsigned i = 0; i < umm_member_buffer_count(pair.painter); i++)
		CHECK_INT(umm_producer_grab(pair.painter, 0, &buffer), 0);
	umm_collection_destroy(pair.collection);
}

static void draw_next(struct umm_member *painter, struct umm_frame *frame, int value)
{
	CHECK_INT(umm_producer_next(painter, UMM_FOREVER, frame), 0);
	CHECK_INT(frame->info.pts, INT64_MIN);
	*(int *)umm_buffer_data(frame->buffer) = value;
	frame->info.pts = value * 10;
}

/* The viewer of the next test, a process of its own: its exit status is how many frames it saw. */
static int watch_to_the_end(struct umm_member *viewer)
{
	struct umm_frame frame = { 0 };
	int n = 0, ret;
	while ((ret = umm_consumer_next(viewer, UMM_FOREVER, &frame)) == 0) {
		CHECK_INT(*(const int *)umm_buffer_data(frame.buffer), n);
		CHECK_INT(frame.info.pts, n * 10);
		n++;
	}
	CHECK_INT(ret, UMM_END);
	CHECK(frame.buffer == NULL);
	return n;
}

TEST(frame_after_frame_reaches_the_other_process_the_last_one_too)
{
	struct pair pair = make_pair();
	struct umm_frame frame = { 0 };
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(watch_to_the_end(pair.viewer));
	for (int i = 0; i < 20; i++)
		draw_next(pair.painter, &frame, i);
	CHECK_INT(umm_producer_finish(pair.painter, UMM_FOREVER, &frame), 0);
	CHECK(frame.buffer == NULL);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 20);
	umm_collection_destroy(pair.collection);
}

TEST(a_loop_that_waits_too_long_can_go_on)
{
	struct pair pair = make_pair();
	struct umm_frame drawn = { 0 }, seen = { 0 };
	unsigned n = 0;
	CHECK_INT(umm_consumer_next(pair.viewer, 0, &seen), -ETIMEDOUT);
	while (umm_producer_next(pair.painter, 0, &drawn) == 0)
		*(unsigned *)umm_buffer_data(drawn.buffer) = n++;
	CHECK(drawn.buffer == NULL);
	CHECK_INT(n, umm_member_buffer_count(pair.painter));
	CHECK_INT(umm_producer_next(pair.painter, 0, &drawn), -ETIMEDOUT);

	CHECK_INT(umm_consumer_next(pair.viewer, 0, &seen), 0);
	CHECK_INT(*(const unsigned *)umm_buffer_data(seen.buffer), 0);
	CHECK_INT(umm_producer_next(pair.painter, 0, &drawn), -ETIMEDOUT);
	CHECK_INT(umm_consumer_next(pair.viewer, 0, &seen), 0);
	CHECK_INT(umm_producer_next(pair.painter, 0, &drawn), 0);
	CHECK_INT(umm_producer_finish(pair.painter, 0, &drawn), -ETIMEDOUT);
	while (umm_consumer_next(pair.viewer, 0, &seen) == 0)
		n--;
	CHECK_INT(n, 1);
	CHECK_INT(umm_producer_drain(pair.painter, 0), 0);
	umm_collection_destroy(pair.collection);
}

TEST(a_loop_keeps_no_buffer_that_it_could_not_show)
{
	struct pair pair = make_pair();
	struct umm_frame drawn = { 0 };
	for (unsigned i = 0; i < 2 * umm_member_buffer_count(pair.painter); i++) {
		CHECK_INT(umm_producer_next(pair.painter, 0, &drawn), 0);
		drawn.info.visible =
			(struct umm_rect){ .width_px = 2 * TEST_WIDTH, .height_px = 1 };
		CHECK_INT(umm_producer_next(pair.painter, 0, &drawn), -EINVAL);
		CHECK(drawn.buffer == NULL);
	}
	umm_collection_destroy(pair.collection);
}

TEST(a_loop_ends_with_the_error_of_the_other_side)
{
	struct pair pair = make_pair();
	struct umm_frame seen = { 0 };
	CHECK_INT(umm_producer_end(pair.painter, -EIO), 0);
	CHECK_INT(umm_consumer_next(pair.viewer, UMM_FOREVER, &seen), -EIO);
	CHECK(seen.buffer == NULL);
	CHECK_INT(umm_consumer_next(pair.viewer, UMM_FOREVER, &seen), -EIO);
	umm_collection_destroy(pair.collection);
}
