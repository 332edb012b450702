/* SPDX-License-Identifier: MIT */
/** The fd of an end, for event loops. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "share/doorbell.h"
#include "tests/harness.h"
#include "tests/unit/queue_pair.h"

/* The fd. */

static int poll_ms(int fd, int timeout_ms)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };
	return poll(&look, 1, timeout_ms);
}

TEST(the_fd_is_readable_when_there_is_a_frame)
{
	queue_pair(2, UMM_QUEUE_FIFO);
	struct umm_ring_frame frame;
	int fd = umm_queue_end_fd(consumer);
	CHECK(fd >= 0);
	queue_publish(producer, 0);
	CHECK_INT(umm_queue_end_arm(consumer), 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -ETIMEDOUT);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	CHECK_INT(poll_ms(fd, 0), 0);
	queue_publish(producer, 1);
	CHECK_INT(poll_ms(fd, 0), 1);
	CHECK_INT(poll_ms(fd, 0), 1); /* level-triggered */
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	CHECK_INT(poll_ms(fd, 0), 0);
	CHECK_INT(umm_queue_end_finish(producer, 0), 0);
	CHECK_INT(poll_ms(fd, 0), 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), UMM_END);
	queue_unpair();
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
	queue_publish(producer, 0);
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
	queue_pair(2, UMM_QUEUE_FIFO);
	struct umm_ring_frame frame;
	int fd = umm_queue_end_fd(consumer);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	/* As if the producer's process had died, and nobody had buried it yet. */
	CHECK(shutdown(umm_queue_end_fd(producer), SHUT_RDWR) == 0);
	CHECK_INT(poll_ms(fd, 0), 1);
	CHECK_INT(umm_queue_end_arm(consumer), 1);
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), -EOWNERDEAD);
	queue_unpair();
}

/* A hostile peer may fill the socket: nobody blocks on it. */
TEST(a_full_doorbell_blocks_nobody)
{
	queue_pair(2, UMM_QUEUE_FIFO);
	int fd = umm_queue_end_fd(producer);
	for (int i = 0; i < 100000; i++)
		umm_doorbell_ring(fd);
	CHECK_INT(umm_queue_end_arm(consumer), 0);
	queue_publish(producer, 0);
	struct umm_ring_frame frame;
	CHECK_INT(umm_queue_end_take(consumer, 0, &frame), 0);
	for (int i = 0; i < 100; i++)
		CHECK_INT(umm_queue_end_arm(consumer), 0);
	queue_unpair();
}
