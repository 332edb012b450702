/* SPDX-License-Identifier: MIT */
/** Ends that die, leave, hang up or break the ring, and what the others hear of it. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "os/clock.h"
#include "tests/harness.h"
#include "tests/unit/queue_pair.h"

/* Consumers that fail: one reads, one sleeps, one is killed. */

static int hold_first_for_ever(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)index, (void)user;
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(end, 10 * S, &frame), 0);
	for (;;)
		pause();
}

TEST(a_dead_consumer_gives_back_what_it_held)
{
	uint64_t frames = 20;
	queue_fixture_init(&fixture, 3, 2, UMM_QUEUE_FIFO);
	pid_t holder = queue_fixture_fork(&fixture, 0, hold_first_for_ever, NULL);
	pid_t reader = queue_fixture_fork(&fixture, 1, queue_take_all, &frames);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (uint64_t i = 0; i < 3; i++)
		queue_publish(end, (int64_t)i * 3);
	unsigned index;
	CHECK_INT(umm_queue_end_acquire(end, 50 * MS, &index), -ETIMEDOUT);
	CHECK(kill(holder, SIGKILL) == 0);
	CHECK_INT(queue_fixture_reap(holder), 128 + SIGKILL);
	umm_queue_bury_consumer(fixture.consumer_blocks[0]);
	for (uint64_t i = 3; i < frames; i++)
		queue_publish(end, (int64_t)i * 3);
	CHECK_INT(umm_queue_end_finish(end, 0), 0);
	CHECK_INT(umm_queue_end_drain(end, 10 * S), 0);
	CHECK_INT(queue_fixture_reap(reader), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

static int bury_soon(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)end, (void)user;
	queue_fixture_pause_ms(60);
	umm_queue_bury_consumer(fixture.consumer_blocks[index]);
	return 0;
}

TEST(a_sleeping_producer_hears_of_the_last_burial)
{
	queue_fixture_init(&fixture, 1, 1, UMM_QUEUE_FIFO);
	pid_t pid = queue_fixture_fork(&fixture, 0, bury_soon, NULL);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	queue_publish(end, 0);
	unsigned index;
	struct umm_frame_info info = { 0 };
	CHECK_INT(umm_queue_end_acquire(end, 10 * S, &index), -EPIPE);
	CHECK_INT(umm_queue_end_publish(end, 0, &info, UMM_HOLD_DROP), -EINVAL);
	CHECK_INT(queue_fixture_reap(pid), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

/* No burial: the kernel closes the dead process's doorbell. */
TEST(a_hang_up_is_noticed_within_a_second)
{
	queue_fixture_init(&fixture, 1, 1, UMM_QUEUE_FIFO);
	pid_t pid = queue_fixture_fork(&fixture, 0, hold_first_for_ever, NULL);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	queue_publish(end, 0);
	queue_fixture_pause_ms(20);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK_INT(queue_fixture_reap(pid), 128 + SIGKILL);
	int64_t start = umm_now_ns();
	unsigned index;
	CHECK_INT(umm_queue_end_acquire(end, 10 * S, &index), -EPIPE);
	CHECK(umm_now_ns() - start < S);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

/* Frames that were shown are complete, so they are delivered; then comes the truth. */
static void lose_the_producer(void (*lose)(void), int expected)
{
	struct umm_ring_frame frame;
	queue_pair(3, UMM_QUEUE_FIFO);
	queue_publish(producer, 0);
	queue_publish(producer, 3);
	lose();
	for (uint64_t i = 0; i < 2; i++) {
		CHECK_INT(umm_queue_end_take(consumer, 10 * S, &frame), 0);
		CHECK_INT(frame.sequence, i);
	}
	CHECK_INT(umm_queue_end_take(consumer, 10 * S, &frame), expected);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), expected);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, frame.sequence), 0);
	umm_queue_end_destroy(consumer);
	queue_fixture_finish(&fixture);
}

static void lose_by_burial(void)
{
	umm_queue_bury_producer(fixture.producer_block);
	umm_queue_end_destroy(producer);
}

static void lose_by_leaving(void)
{
	umm_queue_end_destroy(producer);
}

static void lose_after_the_end(void)
{
	CHECK_INT(umm_queue_end_finish(producer, 0), 0);
	CHECK_INT(umm_queue_end_finish(producer, 0), -EINVAL);
	umm_queue_bury_producer(fixture.producer_block);
	umm_queue_end_destroy(producer);
}

static void lose_with_an_error(void)
{
	CHECK_INT(umm_queue_end_finish(producer, 5), -EINVAL);
	CHECK_INT(umm_queue_end_finish(producer, -EIO), 0);
	umm_queue_end_destroy(producer);
}

TEST(consumers_of_a_dead_producer_get_its_frames_then_the_news)
{
	lose_the_producer(lose_by_burial, -EOWNERDEAD);
}

TEST(a_producer_that_leaves_without_an_end_counts_as_dead)
{
	lose_the_producer(lose_by_leaving, -EOWNERDEAD);
}

TEST(a_stream_that_ended_stays_ended_when_its_producer_dies)
{
	lose_the_producer(lose_after_the_end, UMM_END);
}

TEST(consumers_get_the_error_the_producer_gave)
{
	lose_the_producer(lose_with_an_error, -EIO);
}

static int bury_producer_soon(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)end, (void)index, (void)user;
	queue_fixture_pause_ms(60);
	umm_queue_bury_producer(fixture.producer_block);
	return 0;
}

TEST(sleepers_and_fences_of_a_dead_producer_are_woken)
{
	queue_fixture_init(&fixture, 2, 2, UMM_QUEUE_FIFO);
	struct umm_queue_end *end = queue_fixture_consumer(&fixture, 0);
	pid_t pid = queue_fixture_fork(&fixture, 1, bury_producer_soon, NULL);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(end, 10 * S, &frame), -EOWNERDEAD);
	struct umm_fence fence = {
		.kind = UMM_FENCE_TIMELINE,
		.timeline = umm_queue_end_timeline(end),
		.point = 1,
	};
	CHECK_INT(umm_fence_wait(&fence, UMM_FOREVER), -EOWNERDEAD);
	CHECK_INT(umm_timeline_signal(umm_queue_end_timeline(end), 1), -EPERM);
	CHECK_INT(queue_fixture_reap(pid), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

static int report_death(void *user)
{
	return --*(int *)user < 0 ? -ECONNRESET : 0;
}

TEST(a_vanished_broker_is_noticed_within_a_second)
{
	int lives = 1;
	queue_fixture_init(&fixture, 1, 1, UMM_QUEUE_FIFO);
	fixture.alive = report_death;
	fixture.user = &lives;
	consumer = queue_fixture_consumer(&fixture, 0);
	struct umm_ring_frame frame;
	int64_t start = umm_now_ns();
	CHECK_INT(umm_queue_end_take(consumer, UMM_FOREVER, &frame), -ECONNRESET);
	CHECK(umm_now_ns() - start < S);
	umm_queue_end_destroy(consumer);
	queue_fixture_finish(&fixture);
}

TEST(a_broken_ring_ends_the_stream_for_the_other_consumers)
{
	queue_fixture_init(&fixture, 2, 2, UMM_QUEUE_FIFO);
	producer = queue_fixture_producer(&fixture);
	consumer = queue_fixture_consumer(&fixture, 1);
	queue_publish(producer, 0);
	queue_publish(producer, 1);
	struct umm_ring_consumer_block *hostile = fixture.consumer_blocks[0];
	atomic_store(&hostile->slots[0].released, 1000);
	unsigned index;
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_acquire(producer, 10 * S, &index), -EPROTO);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -EPROTO);
	queue_unpair();
}
