/* SPDX-License-Identifier: MIT */
/** Two ends of a queue in one process, and what tests do with ends again and again. */
#ifndef UMM_TESTS_UNIT_QUEUE_PAIR_H
#define UMM_TESTS_UNIT_QUEUE_PAIR_H

#include "tests/unit/queue_fixture.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

extern struct queue_fixture fixture;
extern struct umm_queue_end *producer, *consumer; /* of queue_pair() */

void queue_pair(unsigned n_buffers, enum umm_queue_mode mode);
void queue_unpair(void);

/** Publish a frame in any buffer that is free within 10 s. */
void queue_publish(struct umm_queue_end *end, int64_t pts);

/** A consumer that wants every frame from 0 on, `*user` (uint64_t) of them, with a pts of three
 * times its number; then the end. */
int queue_take_all(struct umm_queue_end *end, unsigned index, void *user);

#endif
