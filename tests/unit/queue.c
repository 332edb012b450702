/* SPDX-License-Identifier: MIT */
/** The queue between processes: who gets which frames, who waits, what death and hang-up do. */
#include "share/queue_end.h"
#include "tests/harness.h"
#include "tests/unit/queue_fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
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
