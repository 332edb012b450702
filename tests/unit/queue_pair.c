/* SPDX-License-Identifier: MIT */
#include "tests/unit/queue_pair.h"

#include "tests/harness.h"

struct queue_fixture fixture;
struct umm_queue_end *producer, *consumer;

void queue_pair(unsigned n_buffers, enum umm_queue_mode mode)
{
	queue_fixture_init(&fixture, n_buffers, 1, mode);
	producer = queue_fixture_producer(&fixture);
	consumer = queue_fixture_consumer(&fixture, 0);
}

void queue_unpair(void)
{
	umm_queue_end_destroy(producer);
	umm_queue_end_destroy(consumer);
	queue_fixture_finish(&fixture);
}

void queue_publish(struct umm_queue_end *end, int64_t pts)
{
	unsigned index;
	struct umm_frame_info info = { .pts = pts };
	CHECK_INT(umm_queue_end_acquire(end, 10 * S, &index), 0);
	CHECK_INT(umm_queue_end_publish(end, index, &info, UMM_HOLD_DROP), 0);
}

int queue_take_all(struct umm_queue_end *end, unsigned index, void *user)
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
