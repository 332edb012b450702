/* SPDX-License-Identifier: MIT */
/** Members as threads, for the thread sanitizer: the frames' bytes are plain memory, so that it
 * sees whether the queue orders what writers and readers do. */
#include <pthread.h>

#include "tests/harness.h"
#include "tests/unit/queue_pair.h"

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
