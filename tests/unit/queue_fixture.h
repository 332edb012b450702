/* SPDX-License-Identifier: MIT */
/** A queue without a collection: blocks in anonymous shared memory, doorbells, and members as
 * forked processes. */
#ifndef UMM_TESTS_QUEUE_FIXTURE_H
#define UMM_TESTS_QUEUE_FIXTURE_H

#include <sys/types.h>

#include "share/queue_end.h"

struct queue_fixture {
	unsigned n_buffers, n_consumers;
	enum umm_queue_mode modes[UMM_MAX_CONSUMERS];
	void *producer_block;
	void *consumer_blocks[UMM_MAX_CONSUMERS];
	int doorbells[UMM_MAX_CONSUMERS][2]; /* [0] the producer's end; -1 once given away */
	struct umm_layout layout;
	int (*alive)(void *user);
	void *user;
};

/** All consumers in one mode; change fixture->modes before the first end is made. */
void queue_fixture_init(struct queue_fixture *fixture, unsigned n_buffers, unsigned n_consumers,
			enum umm_queue_mode mode);
void queue_fixture_finish(struct queue_fixture *fixture);

/** The ends; they take their doorbells with them. */
struct umm_queue_end *queue_fixture_producer(struct queue_fixture *fixture);
struct umm_queue_end *queue_fixture_consumer(struct queue_fixture *fixture, unsigned index);

/** Run one consumer in a process of its own; it exits with what `body` returns. */
typedef int queue_fixture_body(struct umm_queue_end *end, unsigned index, void *user);
pid_t queue_fixture_fork(struct queue_fixture *fixture, unsigned index, queue_fixture_body *body,
			 void *user);

/** Wait for a child: its exit status, or 128 + signal. */
int queue_fixture_reap(pid_t pid);

/** Sleep. */
void queue_fixture_pause_ms(unsigned ms);

#endif
