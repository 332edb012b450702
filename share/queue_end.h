/* SPDX-License-Identifier: MIT */
/**
 * One member's end of a queue: the protocol of core/ring.h with somebody to wait for it.
 *
 * Whoever runs the collection makes one block of shared memory per member, initialises it, and
 * hands out mappings: a member's own block writable, those of its peers read-only. It keeps a
 * writable mapping of each for itself, because it is their heir: when a process dies, it buries
 * that process's block and the peers see it.
 *
 * Between the producer and each consumer there is also a socketpair, the doorbell: it is rung only
 * when the other side asked for it (umm_member_arm()), and its hang-up is one more sign of death.
 *
 * How an end decides that a peer is dead: the block says so (buried), the doorbell hung up while
 * the block says that it runs, or alive() of its own collection fails. All three are looked at at
 * least every UMM_QUEUE_SLICE_NS while waiting, unless the end leaves that to whoever runs the
 * collection (UMM_WATCH_BROKER): then a burial wakes it, and it sleeps until there is news.
 *
 * One thread at a time per end. After fork() exactly one process may go on using an end: an end
 * belongs to the process that first calls an operation on it, and only that process marks the block
 * when the end is destroyed.
 */
#ifndef UMM_SHARE_QUEUE_END_H
#define UMM_SHARE_QUEUE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/collection.h>
#include <umm/fence.h>
#include <umm/queue.h>
#include <umm/solve.h>

#include "core/ring.h"

/** Longest uninterrupted sleep. */
#define UMM_QUEUE_SLICE_NS (250 * 1000 * 1000)

/** Bytes of a block, a multiple of 4096. Counts as in the config below. */
size_t umm_queue_producer_block_size(unsigned n_buffers);
size_t umm_queue_consumer_block_size(unsigned n_buffers);

/** Make fresh memory (page-aligned, all bytes zero or not) a block that nobody uses yet. */
void umm_queue_producer_block_init(void *block, unsigned n_buffers, unsigned n_consumers);
void umm_queue_consumer_block_init(void *block, unsigned n_buffers, enum umm_queue_mode mode);

struct umm_queue_end_config {
	enum umm_role role;			      /**< UMM_PRODUCER or UMM_CONSUMER */
	unsigned n_buffers;			      /**< 1 .. UMM_MAX_BUFFERS */
	unsigned n_consumers;			      /**< 0 .. UMM_MAX_CONSUMERS */
	unsigned self;				      /**< consumer: its index */
	enum umm_queue_mode modes[UMM_MAX_CONSUMERS]; /**< UMM_QUEUE_DEFAULT counts as fifo */
	void *producer_block;			      /**< producer: writable */
	void *consumer_blocks[UMM_MAX_CONSUMERS]; /**< producer: all; consumer: [self], writable */
	int doorbells[UMM_MAX_CONSUMERS];	  /**< producer: its end of each; consumer: [0].
						     Taken, also on failure. -1: none, then there
						     is no umm_member_fd() */
	const struct umm_layout *layout; /**< borrowed during the call; NULL: no image to check */
	int (*alive)(void *user);	 /* NULL: always alive. 0 or a negative errno */
	int (*alive_fd)(void *user);	 /* readable when alive() has news; NULL: never */
	void (*claim)(void *user);	 /* called in the process that uses this end; NULL: no */
	void *user;
};

/** One member's end. The blocks outlive it. */
struct umm_queue_end;

/** *out: umm_queue_end_destroy(). Returns 0, -EINVAL (the config), -EPROTO (a block is not what it
 * should be), -ENOMEM. */
int umm_queue_end_create(const struct umm_queue_end_config *config, struct umm_queue_end **out);

/**
 * Leave. A consumer is gone and holds nothing any more. A producer that did not call
 * umm_queue_end_finish() counts as dead, because its stream is not complete. NULL is fine.
 */
void umm_queue_end_destroy(struct umm_queue_end *end);

/**
 * For heirs: the process behind this block is dead. Nothing in the block is read but its state. A
 * producer that had ended its stream stays ended. Sleepers are woken; those that sleep in poll(2)
 * wake by the hang-up, or, where the heir still has the dead one's end of a doorbell, by
 * umm_doorbell_ring() on it after this.
 */
void umm_queue_bury_producer(void *producer_block);
void umm_queue_bury_consumer(void *consumer_block);

/** For heirs, when they cut a member off that may be alive: all who sleep on this block's bell look
 * around, within UMM_QUEUE_SLICE_NS, whether they are meant. Who only goes to sleep is not reached:
 * to be repeated. */
void umm_queue_stir(const void *block);

/** For heirs and for progress: the counters in a block. Bounded work, whatever the block says. */
void umm_queue_read_stats(const void *block, enum umm_role role, struct umm_member_stats *out);

/** What umm_producer_*() do, with the index for the buffer. */
int umm_queue_end_acquire(struct umm_queue_end *end, int64_t timeout_ns, unsigned *index);
int umm_queue_end_publish(struct umm_queue_end *end, unsigned index,
			  const struct umm_frame_info *info, enum umm_hold hold);
int umm_queue_end_give_up(struct umm_queue_end *end, unsigned index);
int umm_queue_end_finish(struct umm_queue_end *end, int error);
int umm_queue_end_drain(struct umm_queue_end *end, int64_t timeout_ns);

/** Both ends: the producer's timeline; a consumer's handle on it can only wait. */
struct umm_timeline *umm_queue_end_timeline(struct umm_queue_end *end);

/** What umm_consumer_*() do. */
int umm_queue_end_take(struct umm_queue_end *end, int64_t timeout_ns, struct umm_ring_frame *out);
int umm_queue_end_release(struct umm_queue_end *end, unsigned index, uint64_t sequence);

/** What umm_member_*() do. */
int umm_queue_end_fd(struct umm_queue_end *end);
int umm_queue_end_arm(struct umm_queue_end *end);
void umm_queue_end_set_spin(struct umm_queue_end *end, int64_t spin_ns);
void umm_queue_end_set_watch(struct umm_queue_end *end, enum umm_watch watch);
void umm_queue_end_count_copy(struct umm_queue_end *end, uint64_t bytes);
void umm_queue_end_get_stats(struct umm_queue_end *end, struct umm_member_stats *out);
enum umm_role umm_queue_end_role(const struct umm_queue_end *end);

/** Whether a broker runs the collection: there is a line to it. */
bool umm_queue_end_has_broker(const struct umm_queue_end *end);

#endif
