/* SPDX-License-Identifier: MIT */
/** The queue between processes: who gets which frames, who waits, what death and hang-up do. */
#include "share/queue_end.h"
#include "tests/harness.h"
#include "tests/unit/queue_fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/clock.h"
#include "share/doorbell.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

static struct queue_fixture fixture;

static void publish_any(struct umm_queue_end *end, int64_t pts)
{
	unsigned index;
	struct umm_frame_info info = { .pts = pts };
	CHECK_INT(umm_queue_end_acquire(end, 10 * S, &index), 0);
	CHECK_INT(umm_queue_end_publish(end, index, &info, UMM_HOLD_DROP), 0);
}

/* A consumer that wants every frame from 0 on, `*user` of them, then the end. */
static int take_all(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)index;
	struct umm_ring_frame frame;
	for (uint64_t i = 0; i < *(uint64_t *)user; i++) {
		CHECK_INT(umm_queue_end_take(end, 10 * S, &frame), 0);
		CHECK_INT(frame.sequence, i);
		CHECK_INT(frame.info.pts, i * 3);
		CHECK_INT(frame.dropped, 0);
		CHECK_INT(umm_queue_end_release(end, frame.buffer, frame.sequence), 0);
	}
	CHECK_INT(umm_queue_end_take(end, 10 * S, &frame), UMM_END);
	return 0;
}

static void run_fifo(unsigned n_buffers, unsigned n_consumers, uint64_t frames)
{
	pid_t pids[UMM_MAX_CONSUMERS];
	queue_fixture_init(&fixture, n_buffers, n_consumers, UMM_QUEUE_FIFO);
	for (unsigned i = 0; i < n_consumers; i++)
		pids[i] = queue_fixture_fork(&fixture, i, take_all, &frames);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (uint64_t i = 0; i < frames; i++)
		publish_any(end, (int64_t)i * 3);
	CHECK_INT(umm_queue_end_finish(end, 0), 0);
	CHECK_INT(umm_queue_end_drain(end, 10 * S), 0);
	for (unsigned i = 0; i < n_consumers; i++)
		CHECK_INT(queue_fixture_reap(pids[i]), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

TEST(fifo_delivers_every_frame_in_order)
{
	run_fifo(4, 1, 50000);
}

TEST(fifo_with_one_buffer_alternates)
{
	run_fifo(1, 1, 2000);
}

TEST(fifo_serves_32_consumers)
{
	run_fifo(3, 32, 300);
}

/* A consumer in latest mode: sequence numbers go up, and taken + dropped = published. */
static int take_newest(struct umm_queue_end *end, unsigned index, void *user)
{
	(void)index;
	uint64_t next = 0, taken = 0, dropped = 0;
	int ret;
	struct umm_ring_frame frame;
	while ((ret = umm_queue_end_take(end, 10 * S, &frame)) == 0) {
		CHECK(frame.sequence >= next);
		CHECK_INT(frame.info.pts, frame.sequence);
		CHECK_INT(frame.dropped, frame.sequence - next);
		next = frame.sequence + 1;
		taken++;
		dropped += frame.dropped;
		CHECK_INT(umm_queue_end_release(end, frame.buffer, frame.sequence), 0);
	}
	CHECK_INT(ret, UMM_END);
	struct umm_member_stats stats;
	umm_queue_end_get_stats(end, &stats);
	CHECK_INT(stats.frames, taken);
	CHECK(stats.dropped >= dropped);
	CHECK_INT(stats.frames + stats.dropped, *(uint64_t *)user);
	return 0;
}

TEST(latest_never_blocks_and_counts_what_was_missed)
{
	uint64_t frames = 50000;
	pid_t pids[3];
	queue_fixture_init(&fixture, 5, 3, UMM_QUEUE_LATEST);
	for (unsigned i = 0; i < 3; i++)
		pids[i] = queue_fixture_fork(&fixture, i, take_newest, &frames);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (uint64_t i = 0; i < frames; i++) {
		unsigned index;
		struct umm_frame_info info = { .pts = (int64_t)i };
		CHECK_INT(umm_queue_end_acquire(end, 0, &index), 0);
		CHECK_INT(umm_queue_end_publish(end, index, &info, UMM_HOLD_DROP), 0);
	}
	CHECK_INT(umm_queue_end_finish(end, 0), 0);
	CHECK_INT(umm_queue_end_drain(end, 10 * S), 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK_INT(queue_fixture_reap(pids[i]), 0);
	umm_queue_end_destroy(end);
	queue_fixture_finish(&fixture);
}

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
	pid_t reader = queue_fixture_fork(&fixture, 1, take_all, &frames);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (uint64_t i = 0; i < 3; i++)
		publish_any(end, (int64_t)i * 3);
	unsigned index;
	CHECK_INT(umm_queue_end_acquire(end, 50 * MS, &index), -ETIMEDOUT);
	CHECK(kill(holder, SIGKILL) == 0);
	CHECK_INT(queue_fixture_reap(holder), 128 + SIGKILL);
	umm_queue_bury_consumer(fixture.consumer_blocks[0]);
	for (uint64_t i = 3; i < frames; i++)
		publish_any(end, (int64_t)i * 3);
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
	publish_any(end, 0);
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
	publish_any(end, 0);
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
static void lose_the_producer(void (*lose)(struct umm_queue_end *producer), int expected)
{
	struct umm_ring_frame frame;
	queue_fixture_init(&fixture, 3, 1, UMM_QUEUE_FIFO);
	struct umm_queue_end *producer = queue_fixture_producer(&fixture);
	struct umm_queue_end *consumer = queue_fixture_consumer(&fixture, 0);
	publish_any(producer, 0);
	publish_any(producer, 3);
	lose(producer);
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

static void lose_by_burial(struct umm_queue_end *producer)
{
	umm_queue_bury_producer(fixture.producer_block);
	umm_queue_end_destroy(producer);
}

static void lose_by_leaving(struct umm_queue_end *producer)
{
	umm_queue_end_destroy(producer);
}

static void lose_after_the_end(struct umm_queue_end *producer)
{
	CHECK_INT(umm_queue_end_finish(producer, 0), 0);
	CHECK_INT(umm_queue_end_finish(producer, 0), -EINVAL);
	umm_queue_bury_producer(fixture.producer_block);
	umm_queue_end_destroy(producer);
}

static void lose_with_an_error(struct umm_queue_end *producer)
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

/* Waiting in one process. */

static struct umm_queue_end *producer, *consumer;

static void pair(unsigned n_buffers, enum umm_queue_mode mode)
{
	queue_fixture_init(&fixture, n_buffers, 1, mode);
	producer = queue_fixture_producer(&fixture);
	consumer = queue_fixture_consumer(&fixture, 0);
}

static void unpair(void)
{
	umm_queue_end_destroy(producer);
	umm_queue_end_destroy(consumer);
	queue_fixture_finish(&fixture);
}

TEST(timeouts_are_kept)
{
	pair(1, UMM_QUEUE_FIFO);
	struct umm_ring_frame frame;
	int64_t start = umm_now_ns();
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -ETIMEDOUT);
	CHECK_INT(umm_queue_end_take(consumer, 300 * MS, &frame), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 300 * MS);
	umm_queue_end_set_spin(consumer, S);
	start = umm_now_ns();
	CHECK_INT(umm_queue_end_take(consumer, 20 * MS, &frame), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 20 * MS);
	unpair();
}

static void on_alarm(int number)
{
	(void)number;
}

TEST(a_signal_ends_a_wait)
{
	pair(1, UMM_QUEUE_FIFO);
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	struct itimerval soon = { .it_value.tv_usec = 50000, .it_interval.tv_usec = 50000 };
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(consumer, 10 * S, &frame), -EINTR);
	publish_any(producer, 0);
	unsigned index;
	CHECK_INT(umm_queue_end_acquire(producer, 10 * S, &index), -EINTR);
	CHECK_INT(umm_queue_end_finish(producer, 0), 0);
	CHECK_INT(umm_queue_end_drain(producer, 10 * S), -EINTR);
	unpair();
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

TEST(waiting_for_oneself_is_refused)
{
	pair(2, UMM_QUEUE_FIFO);
	unsigned first, second, third;
	CHECK_INT(umm_queue_end_acquire(producer, 0, &first), 0);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &second), 0);
	CHECK_INT(umm_queue_end_acquire(producer, UMM_FOREVER, &third), -EDEADLK);
	CHECK_INT(umm_queue_end_give_up(producer, second), 0);
	CHECK_INT(umm_queue_end_give_up(producer, second), -EINVAL);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &third), 0);
	unpair();
}

TEST(a_producer_keeps_what_it_still_reads)
{
	pair(2, UMM_QUEUE_FIFO);
	unsigned kept, other;
	struct umm_frame_info info = { 0 };
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_acquire(producer, 0, &kept), 0);
	CHECK_INT(umm_queue_end_publish(producer, kept, &info, UMM_HOLD_KEEP), 0);
	CHECK_INT(umm_queue_end_publish(producer, kept, &info, UMM_HOLD_KEEP), -EBUSY);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_publish(producer, kept, &info, UMM_HOLD_KEEP), -EBUSY);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, frame.sequence), 0);
	/* All consumers let go: free for a repeated picture, not for anything else. */
	CHECK_INT(umm_queue_end_publish(producer, kept, &info, UMM_HOLD_KEEP), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, frame.sequence), 0);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &other), 0);
	CHECK(other != kept);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &other), -EDEADLK);
	CHECK_INT(umm_queue_end_give_up(producer, kept), 0);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &other), 0);
	CHECK_INT(other, kept);
	unpair();
}

TEST(bad_arguments_are_refused)
{
	pair(2, UMM_QUEUE_FIFO);
	unsigned index;
	struct umm_ring_frame frame;
	struct umm_frame_info info = { .visible = { 600, 0, 41, 10 } };
	CHECK_INT(umm_queue_end_acquire(consumer, 0, &index), -EINVAL);
	CHECK_INT(umm_queue_end_take(producer, 0, &frame), -EINVAL);
	CHECK_INT(umm_queue_end_publish(producer, 2, &info, UMM_HOLD_DROP), -EINVAL);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &index), 0);
	CHECK_INT(umm_queue_end_publish(producer, index, &info, UMM_HOLD_DROP), -EINVAL);
	info.visible.width_px = 40;
	CHECK_INT(umm_queue_end_publish(producer, index, &info, UMM_HOLD_DROP), 0);
	CHECK_INT(umm_queue_end_release(consumer, index, 0), -EINVAL);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, 1), -EINVAL);
	CHECK_INT(umm_queue_end_release(consumer, 256, 0), -EINVAL);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, 0), 0);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, 0), -EINVAL);
	unpair();
}

TEST(a_broken_ring_ends_the_stream_for_the_other_consumers)
{
	queue_fixture_init(&fixture, 2, 2, UMM_QUEUE_FIFO);
	producer = queue_fixture_producer(&fixture);
	consumer = queue_fixture_consumer(&fixture, 1);
	publish_any(producer, 0);
	publish_any(producer, 1);
	struct umm_ring_consumer_block *hostile = fixture.consumer_blocks[0];
	atomic_store(&hostile->slots[0].released, 1000);
	unsigned index;
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_acquire(producer, 10 * S, &index), -EPROTO);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -EPROTO);
	unpair();
}

TEST(a_block_that_is_none_is_refused)
{
	queue_fixture_init(&fixture, 2, 1, UMM_QUEUE_FIFO);
	struct umm_queue_end *end = NULL;
	struct umm_queue_end_config config = {
		.role = UMM_PRODUCER,
		.n_buffers = 3,
		.n_consumers = 1,
		.producer_block = fixture.producer_block,
		.consumer_blocks = { fixture.consumer_blocks[0] },
		.doorbells = { -1 },
	};
	CHECK_INT(umm_queue_end_create(&config, &end), -EPROTO);
	config.n_buffers = 0;
	CHECK_INT(umm_queue_end_create(&config, &end), -EINVAL);
	config.n_buffers = 2;
	config.n_consumers = UMM_MAX_CONSUMERS + 1;
	CHECK_INT(umm_queue_end_create(&config, &end), -EINVAL);
	CHECK(end == NULL);
	queue_fixture_finish(&fixture);
}

TEST(the_counters_say_what_happened)
{
	pair(4, UMM_QUEUE_LATEST);
	struct umm_member_stats stats;
	struct umm_ring_frame frame;
	for (int i = 0; i < 3; i++)
		publish_any(producer, i);
	umm_queue_end_get_stats(consumer, &stats);
	CHECK_INT(stats.queued, 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	umm_queue_end_count_copy(consumer, 100);
	umm_queue_end_count_copy(consumer, 11);
	CHECK_INT(umm_queue_end_release(consumer, frame.buffer, frame.sequence), 0);
	umm_queue_read_stats(fixture.consumer_blocks[0], UMM_CONSUMER, &stats);
	CHECK_INT(stats.frames, 1);
	CHECK_INT(stats.dropped, 2);
	CHECK_INT(stats.copied_bytes, 111);
	CHECK(stats.latency_p50_ns > 0 && stats.latency_p99_ns >= stats.latency_p50_ns);
	umm_queue_read_stats(fixture.producer_block, UMM_PRODUCER, &stats);
	CHECK_INT(stats.frames, 3);
	unpair();
}

/* The fd. */

static int poll_ms(int fd, int timeout_ms)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };
	return poll(&look, 1, timeout_ms);
}

TEST(the_fd_is_readable_when_there_is_a_frame)
{
	pair(2, UMM_QUEUE_FIFO);
	struct umm_ring_frame frame;
	int fd = umm_queue_end_fd(consumer);
	CHECK(fd >= 0);
	publish_any(producer, 0);
	CHECK_INT(umm_queue_end_arm(consumer), 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -ETIMEDOUT);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	CHECK_INT(poll_ms(fd, 0), 0);
	publish_any(producer, 1);
	CHECK_INT(poll_ms(fd, 0), 1);
	CHECK_INT(poll_ms(fd, 0), 1); /* level-triggered */
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	CHECK_INT(poll_ms(fd, 0), 0);
	CHECK_INT(umm_queue_end_finish(producer, 0), 0);
	CHECK_INT(poll_ms(fd, 0), 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), UMM_END);
	unpair();
}

TEST(the_producers_fd_tells_of_every_consumer)
{
	queue_fixture_init(&fixture, 1, 3, UMM_QUEUE_FIFO);
	struct umm_queue_end *consumers[3];
	producer = queue_fixture_producer(&fixture);
	for (unsigned i = 0; i < 3; i++)
		consumers[i] = queue_fixture_consumer(&fixture, i);
	int fd = umm_queue_end_fd(producer);
	CHECK(fd >= 0);
	publish_any(producer, 0);
	for (unsigned i = 0; i < 3; i++) {
		struct umm_ring_frame frame;
		unsigned index;
		CHECK_INT(umm_queue_end_acquire(producer, 0, &index), -ETIMEDOUT);
		CHECK_INT(umm_queue_end_arm(producer), 0);
		CHECK_INT(poll_ms(fd, 0), 0);
		CHECK_INT(umm_queue_end_take(consumers[i], 0, &frame), 0);
		if (i == 1)
			umm_queue_end_destroy(consumers[i]); /* leaves instead of releasing */
		else
			CHECK_INT(umm_queue_end_release(consumers[i], frame.buffer, 0), 0);
		CHECK_INT(poll_ms(fd, 0), 1);
	}
	CHECK_INT(umm_queue_end_arm(producer), 1);
	umm_queue_end_destroy(producer);
	umm_queue_end_destroy(consumers[0]);
	umm_queue_end_destroy(consumers[2]);
	queue_fixture_finish(&fixture);
}

TEST(a_peer_that_only_hangs_up_counts_as_dead)
{
	pair(2, UMM_QUEUE_FIFO);
	struct umm_ring_frame frame;
	int fd = umm_queue_end_fd(consumer);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	/* As if the producer's process had died, and nobody had buried it yet. */
	CHECK(shutdown(umm_queue_end_fd(producer), SHUT_RDWR) == 0);
	CHECK_INT(poll_ms(fd, 0), 1);
	CHECK_INT(umm_queue_end_arm(consumer), 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -EOWNERDEAD);
	unpair();
}

/* A hostile peer may fill the socket: nobody blocks on it. */
TEST(a_full_doorbell_blocks_nobody)
{
	pair(2, UMM_QUEUE_FIFO);
	int fd = umm_queue_end_fd(producer);
	for (int i = 0; i < 100000; i++)
		umm_doorbell_ring(fd);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	publish_any(producer, 0);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(umm_queue_end_arm(consumer), 0);
	unpair();
}

TEST(a_forked_copy_that_is_not_used_leaves_no_mark)
{
	pair(2, UMM_QUEUE_FIFO);
	publish_any(producer, 0);
	pid_t pid = fork();
	if (pid == 0) {
		umm_queue_end_destroy(producer);
		umm_queue_end_destroy(consumer);
		_exit(0);
	}
	CHECK_INT(queue_fixture_reap(pid), 0);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -ETIMEDOUT);
	publish_any(producer, 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	unpair();
}

/* Members as threads, for the thread sanitizer: the frames' bytes are plain memory, so that it sees
 * whether the queue orders what writers and readers do. */

#define THREADS_BUFFERS 4
#define THREADS_FRAMES	3000

static int64_t pictures[THREADS_BUFFERS];

static void *consume_in_thread(void *user)
{
	struct umm_queue_end *end = user;
	struct umm_ring_frame frame;
	int ret;
	while ((ret = umm_queue_end_take(end, 10 * S, &frame)) == 0) {
		CHECK_INT(pictures[frame.buffer], frame.sequence);
		CHECK_INT(umm_queue_end_release(end, frame.buffer, frame.sequence), 0);
	}
	CHECK_INT(ret, UMM_END);
	return NULL;
}

static void produce_for_threads(struct umm_queue_end *end)
{
	for (int64_t i = 0; i < THREADS_FRAMES; i++) {
		unsigned index;
		struct umm_frame_info info = { .pts = i };
		CHECK_INT(umm_queue_end_acquire(end, 10 * S, &index), 0);
		pictures[index] = i;
		CHECK_INT(umm_queue_end_publish(end, index, &info, UMM_HOLD_DROP), 0);
	}
	CHECK_INT(umm_queue_end_finish(end, 0), 0);
	CHECK_INT(umm_queue_end_drain(end, 10 * S), 0);
}

TEST(the_queue_orders_the_bytes_of_frames_between_threads)
{
	static const enum umm_queue_mode modes[] = { UMM_QUEUE_FIFO, UMM_QUEUE_LATEST,
						     UMM_QUEUE_LATEST };
	pthread_t threads[3];
	struct umm_queue_end *ends[3];
	queue_fixture_init(&fixture, THREADS_BUFFERS, 3, UMM_QUEUE_LATEST);
	for (unsigned i = 0; i < 3; i++)
		fixture.modes[i] = modes[i];
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (unsigned i = 0; i < 3; i++) {
		ends[i] = queue_fixture_consumer(&fixture, i);
		CHECK(pthread_create(&threads[i], NULL, consume_in_thread, ends[i]) == 0);
	}
	produce_for_threads(end);
	for (unsigned i = 0; i < 3; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	umm_queue_end_destroy(end);
	for (unsigned i = 0; i < 3; i++)
		umm_queue_end_destroy(ends[i]);
	queue_fixture_finish(&fixture);
}
