/* SPDX-License-Identifier: MIT */
/** What a queue's end is made of; shared by queue_end.c, queue_wait.c and queue_poll.c. */
#ifndef UMM_SHARE_QUEUE_END_PRIVATE_H
#define UMM_SHARE_QUEUE_END_PRIVATE_H

#include <sys/types.h>

#include "share/queue_end.h"
#include "share/timeline.h"

/* What each frame touches comes first, and the ring's side follows with the same order: two cache
 * lines. */
struct umm_queue_end {
	_Alignas(UMM_RING_LINE) uint8_t role; /* enum umm_role */
	bool told;   /* of deaths, by whoever runs the collection: UMM_WATCH_BROKER */
	pid_t owner; /* process that uses this end; 0 until the first operation */
	int64_t spin_ns;
	int64_t look_ns; /* when to look for death next, CLOCK_MONOTONIC */
	union {		 /* by role */
		struct umm_ring_producer producer;
		struct umm_ring_consumer consumer;
	};
	int (*alive)(void *user); /* NULL: always alive */
	int (*alive_fd)(void *user);
	void (*claim)(void *user);
	void *user;
	struct umm_timeline timeline;
	int poll_fd; /* epoll over the doorbells of several consumers; -1 until asked for */
	bool armed;  /* there may be rings to take from the doorbells */
	int lost;    /* what alive() said when it was asked last without a wait; 0: nothing */
	unsigned n_doorbells;
	int doorbells[UMM_MAX_CONSUMERS];
};

/** A step that may have to wait: 0, UMM_RING_WAIT, or what ends the wait. */
typedef int umm_queue_step(struct umm_queue_end *end, void *out);

/** Repeat a step until it does not say UMM_RING_WAIT any more, with spinning, sleeping and looking
 * for dead peers in between. What the step says, or -ETIMEDOUT, -EINTR, or what alive() says. */
int umm_queue_wait(struct umm_queue_end *end, umm_queue_step *step, void *out, int64_t timeout_ns);

/** The only step of a consumer: take a frame, *out. Waits for it are made for being short after the
 * sleep. */
int umm_queue_step_take(struct umm_queue_end *end, void *out);

/** Look for signs of death that ring no bell. 0, or what alive() says. */
int umm_queue_look_for_death(struct umm_queue_end *end);

/** Wake whom a step of the ring named, if anybody. */
void umm_queue_wake_named(struct umm_queue_end *end, struct umm_ring_wake wake);
static inline void umm_queue_wake(struct umm_queue_end *end, struct umm_ring_wake wake)
{
	if (wake.sleepers || wake.doorbells != 0)
		umm_queue_wake_named(end, wake);
}

/** Look for dead peers if that was not done for a while. 0, or what alive() says. */
int umm_queue_look_if_due(struct umm_queue_end *end);

/** Count out peers whose doorbell hung up although their block says that they run. */
void umm_queue_note_hang_up(struct umm_queue_end *end, unsigned doorbell);

/** An operation is called: this process is the one that uses this end. */
void umm_queue_own_first(struct umm_queue_end *end);
static inline void umm_queue_own(struct umm_queue_end *end)
{
	if (end->owner == 0)
		umm_queue_own_first(end);
}

/** Sample the bells and say that this end, whose role it is, waits for them. Returns how many. */
static inline unsigned umm_queue_expect(struct umm_queue_end *end, enum umm_role role,
					enum umm_ring_wait_kind kind, struct umm_ring_bell *bells)
{
	if (role == UMM_PRODUCER)
		return umm_ring_producer_expect(&end->producer, kind, bells);
	(void)umm_ring_consumer_expect(&end->consumer, kind, bells);
	return 1;
}

/** It does not any more. */
static inline void umm_queue_relax(struct umm_queue_end *end, enum umm_role role)
{
	if (role == UMM_PRODUCER)
		umm_ring_producer_relax(&end->producer);
	else
		umm_ring_consumer_relax(&end->consumer);
}

#endif
