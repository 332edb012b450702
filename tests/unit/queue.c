/* SPDX-License-Identifier: MIT */
/** The queue: who gets which frames, who waits and for how long, who keeps what. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/clock.h"
#include "tests/harness.h"
#include "tests/unit/queue_pair.h"

/* ---- between processes ---- */

static void run_fifo(unsigned n_buffers, unsigned n_consumers, uint64_t frames)
{
	pid_t pids[UMM_MAX_CONSUMERS];
	queue_fixture_init(&fixture, n_buffers, n_consumers, UMM_QUEUE_FIFO);
	for (unsigned i = 0; i < n_consumers; i++)
		pids[i] = queue_fixture_fork(&fixture, i, queue_take_all, &frames);
	struct umm_queue_end *end = queue_fixture_producer(&fixture);
	for (uint64_t i = 0; i < frames; i++)
		queue_publish(end, (int64_t)i * 3);
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

/* ---- both ends in one process ---- */

TEST(timeouts_are_kept)
{
	queue_pair(1, UMM_QUEUE_FIFO);
	struct umm_ring_frame frame;
	int64_t start = umm_now_ns();
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -ETIMEDOUT);
	CHECK_INT(umm_queue_end_take(consumer, 300 * MS, &frame), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 300 * MS);
	umm_queue_end_set_spin(consumer, S);
	start = umm_now_ns();
	CHECK_INT(umm_queue_end_take(consumer, 20 * MS, &frame), -ETIMEDOUT);
	CHECK(umm_now_ns() - start >= 20 * MS);
	queue_unpair();
}

static void on_alarm(int number)
{
	(void)number;
}

TEST(a_signal_ends_a_wait)
{
	queue_pair(1, UMM_QUEUE_FIFO);
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	struct itimerval soon = { .it_value.tv_usec = 50000, .it_interval.tv_usec = 50000 };
	CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(consumer, 10 * S, &frame), -EINTR);
	queue_publish(producer, 0);
	unsigned index;
	CHECK_INT(umm_queue_end_acquire(producer, 10 * S, &index), -EINTR);
	CHECK_INT(umm_queue_end_finish(producer, 0), 0);
	CHECK_INT(umm_queue_end_drain(producer, 10 * S), -EINTR);
	queue_unpair();
}

TEST(waiting_for_oneself_is_refused)
{
	queue_pair(2, UMM_QUEUE_FIFO);
	unsigned first, second, third;
	CHECK_INT(umm_queue_end_acquire(producer, 0, &first), 0);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &second), 0);
	CHECK_INT(umm_queue_end_acquire(producer, UMM_FOREVER, &third), -EDEADLK);
	CHECK_INT(umm_queue_end_give_up(producer, second), 0);
	CHECK_INT(umm_queue_end_give_up(producer, second), -EINVAL);
	CHECK_INT(umm_queue_end_acquire(producer, 0, &third), 0);
	queue_unpair();
}

TEST(a_producer_keeps_what_it_still_reads)
{
	queue_pair(2, UMM_QUEUE_FIFO);
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
	queue_unpair();
}

TEST(bad_arguments_are_refused)
{
	queue_pair(2, UMM_QUEUE_FIFO);
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
	queue_unpair();
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
	queue_pair(4, UMM_QUEUE_LATEST);
	struct umm_member_stats stats;
	struct umm_ring_frame frame;
	for (int i = 0; i < 3; i++)
		queue_publish(producer, i);
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
	queue_unpair();
}

TEST(a_forked_copy_that_is_not_used_leaves_no_mark)
{
	queue_pair(2, UMM_QUEUE_FIFO);
	queue_publish(producer, 0);
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
	queue_publish(producer, 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	queue_unpair();
}
