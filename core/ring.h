/* SPDX-License-Identifier: MIT */
/**
 * The ring: frames from one producer to up to 32 consumers through shared memory, without trust.
 *
 * Every member has one block, which only it (and its heir after its death) writes. So every word
 * has one writer, no step is a read-modify-write of a word somebody else writes, and a hostile
 * member can scribble over nothing but its own block. What is read from a peer is copied once,
 * checked, and never read again.
 *
 *	producer's block                             a consumer's block
 *	+---------------------------------+          +---------------------------------+
 *	| magic, version, counts          |          | magic, version, n_buffers, mode |
 *	| state | error | waits[consumer] |          | state | waits[0]                |
 *	| bell    | count: frames shown   |          | bell    | count: frames seen    |
 *	| timeline, statistics            |          | statistics, latencies           |
 *	| entry[size]: ticket + record    |          | slot[n_buffers]:                |
 *	| revoked[n_buffers]: ticket      |          |   claim, released: ticket       |
 *	+---------------------------------+          +---------------------------------+
 *
 * A ticket names one showing of one buffer: the frame's sequence number + 1; 0 is "never". Frame
 * with ticket t is in entry[t % size].
 *
 * Holding, fifo: from publish on, each fifo consumer holds the buffer until it writes released =
 * ticket. At most n_buffers frames are out, so no entry is overwritten unread.
 *
 * Holding, latest: a consumer holds what it has claimed, and races the producer for it as with a
 * hazard pointer. Both sides write first and look second, sequentially consistent, so that at least
 * one sees the other:
 *
 *	consumer   claim = ticket;    then: revoked >= ticket?  give it back
 *	producer   revoked = ticket;  then: claim == ticket?    leave it alone
 *
 * The producer takes the buffer that was let go first; the newest frame is revoked only when
 * nothing else is free, so that a consumer that comes late still finds it as long as there are
 * buffers enough (one shown, one being filled, one per consumer in use).
 *
 * Waiting: who must wait samples the peer's bell, writes the sample into its own block (`waits`,
 * one word per peer), looks once more, and sleeps on the sampled value. Who made news moves its own
 * bell, then looks at what its peers wrote: again both write first and look second, where the
 * sleeper's last look is the kernel's comparison of the futex word. Only the move away from the
 * sampled value wakes; later ones find somebody who was woken or could not fall asleep. So one wait
 * costs one wake-up, however much news there is before the sleeper runs, and who was woken by the
 * move need not take back what it wrote: no later move will match it.
 *
 * Death: the heir writes state = DEAD into the dead one's block. A producer ignores all holds of a
 * dead consumer; consumers of a dead producer still get the frames that were shown (they are
 * complete, or carry a fence that fails), then -EOWNERDEAD.
 *
 * Cost: after a sleep all of this is cold, so what counts is how many cache lines and pages lie
 * between the producer's stamp and the frame in the consumer's hand. The producer writes its book
 * and all of the entry before it reads the clock; the consumer reads two lines of state and entry
 * each, and writes nothing but its own book: what others may want to know (count, statistics) it
 * writes when the frame is given back, or before it looks for the next one (`settle`).
 *
 * This file has no OS in it: steps return UMM_RING_WAIT where the caller has to wait, and say whom
 * the caller has to wake. spin/ring.pml is the model of it.
 *
 * Rejected: one block that all write (a peer could corrupt its neighbours); a reference count per
 * buffer (a dead peer's share cannot be told from a living one's); robust mutexes (trust the
 * peer's list in memory).
 */
#ifndef UMM_CORE_RING_H
#define UMM_CORE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/collection.h>
#include <umm/queue.h>
#include <umm/solve.h>

#include "core/histogram.h"
#include "core/timeline.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit words in shared memory must be lock-free");

#define UMM_RING_LINE	 64
#define UMM_RING_VERSION 1

/** A step's answer beside 0, UMM_END and negative errnos: nothing to do now. */
#define UMM_RING_WAIT 64

enum umm_ring_state { UMM_RING_RUNNING = 1, UMM_RING_ENDED = 2, UMM_RING_DEAD = 3 };

/** What a word of `waits` asks for, in its low bits; the sampled bell is in the others. */
enum umm_ring_wait_kind { UMM_RING_AWAKE = 0, UMM_RING_SLEEPING = 1, UMM_RING_ARMED = 2 };
#define UMM_RING_WAIT_KIND_BITS 2

/** The start of every block: what peers and heirs touch, at offsets that depend on nothing. */
struct umm_ring_block {
	uint32_t magic, version, n_buffers;
	uint32_t detail; /* producer: how many consumers; consumer: its mode */

	_Alignas(UMM_RING_LINE) _Atomic uint32_t state; /* enum umm_ring_state */
	_Atomic int32_t error;				/* producer: why it ended; 0: as planned */
	_Atomic uint64_t waits[UMM_MAX_CONSUMERS];	/* per peer; a consumer has one */

	_Alignas(UMM_RING_LINE) _Atomic uint32_t bell; /* futex word: moves with every news */
	_Atomic uint64_t count; /* producer: frames shown; consumer: seen, when it last settled */

	_Alignas(
		UMM_RING_LINE) _Atomic uint64_t frames; /* consumer: taken; producer: count tells */
	_Atomic uint64_t dropped, copied_bytes;
	_Atomic uint32_t queued;
};

/** What an entry says; written and read word by word. */
struct umm_ring_record {
	uint32_t buffer, unused;
	int64_t published_ns;
	struct umm_frame_info info;
};
#define UMM_RING_RECORD_WORDS (sizeof(struct umm_ring_record) / sizeof(uint64_t))
enum umm_ring_record_word { UMM_RING_BUFFER_WORD, UMM_RING_TIME_WORD, UMM_RING_INFO_WORD };

struct umm_ring_entry {
	_Alignas(2 * UMM_RING_LINE) _Atomic uint64_t ticket; /* 0 while it is being written */
	_Atomic uint64_t words[UMM_RING_RECORD_WORDS];
};

struct umm_ring_producer_block {
	struct umm_ring_block base;
	_Alignas(UMM_RING_LINE) struct umm_timeline_words timeline;
	struct umm_ring_entry entries[]; /* then: _Atomic uint64_t revoked[n_buffers] */
};

struct umm_ring_slot {
	_Alignas(UMM_RING_LINE) _Atomic uint64_t claim;
	_Atomic uint64_t released;
};

struct umm_ring_consumer_block {
	struct umm_ring_block base;
	_Alignas(UMM_RING_LINE) struct umm_histogram latency;
	struct umm_ring_slot slots[]; /* n_buffers */
};

/** Bytes of a block. */
size_t umm_ring_producer_block_size(unsigned n_buffers);
size_t umm_ring_consumer_block_size(unsigned n_buffers);

void umm_ring_producer_block_init(void *block, unsigned n_buffers, unsigned n_consumers);
void umm_ring_consumer_block_init(void *block, unsigned n_buffers, enum umm_queue_mode mode);

/** Whether a block was made by the above for this many buffers. */
bool umm_ring_producer_block_valid(const void *block, unsigned n_buffers);
bool umm_ring_consumer_block_valid(const void *block, unsigned n_buffers);

/** For heirs. The caller wakes the sleepers on `bell` (and, of a producer, on timeline.bell). */
void umm_ring_bury_producer(struct umm_ring_producer_block *block);
void umm_ring_bury_consumer(struct umm_ring_consumer_block *block);

/** Counters in anybody's block. */
void umm_ring_read_stats(const struct umm_ring_block *block, enum umm_role role,
			 struct umm_member_stats *out);

/** The member copied that much. */
void umm_ring_count_copy(struct umm_ring_block *own, uint64_t bytes);

/** Whom a step's caller has to wake: sleepers on the caller's own bell, and doorbells by consumer
 * (a consumer's only doorbell is bit 0). */
struct umm_ring_wake {
	bool sleepers;
	uint32_t doorbells;
};

/** The image all buffers hold; all 0 where there is none. */
struct umm_ring_image {
	uint32_t width_px, height_px;
};

/** No buffer, where an index is wanted. */
#define UMM_RING_NONE UINT16_MAX

/** The producer's own book on one buffer. */
struct umm_ring_buffer {
	uint64_t ticket;   /* of its last showing; 0: never shown */
	uint64_t previous; /* the one before: what fifo consumers have in `released` until they let
			      go */
	uint32_t pending;  /* consumers that may still hold or claim `ticket` */
	bool shown;	   /* and not taken back since */
	bool held;	   /* by the producer itself; otherwise it is in the list of candidates */
	uint16_t next;
};

/** The producer's side, private memory of the producer's process. What each frame touches comes
 * first. */
struct umm_ring_producer {
	struct umm_ring_producer_block *block;
	_Atomic uint64_t *revoked;
	uint64_t head;
	struct umm_ring_image image;
	unsigned n_buffers, ring_size;
	uint32_t alive;	      /* consumers that count */
	uint32_t latest;      /* those in latest mode */
	uint16_t first, last; /* candidates, let go first is first */
	uint16_t newest;      /* the buffer shown last, or UMM_RING_NONE */
	bool ended;
	unsigned out; /* buffers that are shown */
	int error;    /* sticky */
	int culprit;  /* consumer that broke the ring, or -1 */
	const struct umm_ring_consumer_block *consumers[UMM_MAX_CONSUMERS];
	struct umm_ring_buffer buffers[UMM_MAX_BUFFERS];
};

/** A frame as a consumer gets it. */
struct umm_ring_frame {
	uint64_t sequence, dropped;
	union { /* a record, which is read into its place */
		struct {
			uint32_t buffer, unused;
			int64_t published_ns;
			struct umm_frame_info info;
		};
		uint64_t words[UMM_RING_RECORD_WORDS];
	};
};

/** What a consumer has to tell about frames it took, and has not told yet. */
struct umm_ring_tally {
	uint64_t frames, dropped; /* since the start */
	uint64_t latency_ns;
	bool timed;  /* latency_ns is to be added */
	bool untold; /* there is anything new */
	uint32_t queued;
};

/** A consumer's side, private memory of its process. What each frame touches comes first. */
struct umm_ring_consumer {
	struct umm_ring_consumer_block *block;
	const struct umm_ring_producer_block *producer;
	uint64_t seen; /* ticket up to which frames were taken or missed */
	struct umm_ring_image image;
	unsigned n_buffers, ring_size;
	int over; /* sticky: UMM_END or a negative errno */
	bool latest;
	bool orphan; /* the producer is dead, whatever its block says */
	struct umm_ring_tally tally;
	uint64_t held[UMM_MAX_BUFFERS]; /* ticket, 0: not held */
	const _Atomic uint64_t *revoked;
	uint64_t refused; /* latest: ticket that turned out to be revoked */
	unsigned self;	  /* index among the consumers */
};

struct umm_ring_producer_config {
	struct umm_ring_producer_block *block;
	const struct umm_ring_consumer_block *const *consumers;
	const enum umm_queue_mode *modes; /* per consumer */
	unsigned n_buffers, n_consumers;
	struct umm_ring_image image;
};

/** Counts must be in range and the blocks valid. */
void umm_ring_producer_init(struct umm_ring_producer *producer,
			    const struct umm_ring_producer_config *config);

/** Take a free buffer. 0, UMM_RING_WAIT, or what umm_producer_acquire() says. */
int umm_ring_producer_take(struct umm_ring_producer *producer, unsigned *index);

/** Make a buffer ready to be shown, all but the time. 0, or what umm_producer_publish() says; after
 * 0 it must be shown, next. */
int umm_ring_producer_prepare(struct umm_ring_producer *producer, unsigned index,
			      const struct umm_frame_info *info, enum umm_hold hold);

/** Show what was just prepared. */
struct umm_ring_wake umm_ring_producer_show(struct umm_ring_producer *producer, int64_t now_ns);

/** Both in one. 0, or what umm_producer_publish() says. */
int umm_ring_producer_publish(struct umm_ring_producer *producer, unsigned index,
			      const struct umm_frame_info *info, enum umm_hold hold, int64_t now_ns,
			      struct umm_ring_wake *wake);

/** The producer's own hold ends. 0 or -EINVAL. */
int umm_ring_producer_give_up(struct umm_ring_producer *producer, unsigned index);

/** End of the stream. 0, or -EINVAL: ended already, or `error` is not 0 and not an errno. */
int umm_ring_producer_end(struct umm_ring_producer *producer, int error,
			  struct umm_ring_wake *wake);

/** The producer leaves: ended if it said so before, dead otherwise, since its stream is not
 * complete. Its timeline fails. The caller also wakes the sleepers on timeline.bell. */
void umm_ring_producer_leave(struct umm_ring_producer *producer, struct umm_ring_wake *wake);

/** 0 if all consumers let go of everything and will get nothing more, UMM_RING_WAIT, -EPROTO. */
int umm_ring_producer_drained(struct umm_ring_producer *producer);

/** Would umm_ring_producer_take() say anything but UMM_RING_WAIT? Takes no frame from anybody. */
bool umm_ring_producer_ready(struct umm_ring_producer *producer);

/** Buffers in other hands right now. */
unsigned umm_ring_producer_queued(struct umm_ring_producer *producer);

/** Count consumer `index` out: it is known to be dead by other means. */
void umm_ring_producer_forget(struct umm_ring_producer *producer, unsigned index);

/** Look at the consumers' states; the set of those that count. */
uint32_t umm_ring_producer_alive(struct umm_ring_producer *producer);

/** A peer's bell as it was sampled. */
struct umm_ring_bell {
	const _Atomic uint32_t *word;
	uint32_t value;
};

/**
 * Say that this side is about to sleep or poll, and sample the bells that can bring news: look
 * again after it, then sleep on all of `bells` (room for UMM_MAX_CONSUMERS). Returns how many.
 */
unsigned umm_ring_producer_expect(struct umm_ring_producer *producer, enum umm_ring_wait_kind kind,
				  struct umm_ring_bell *bells);

/** It does not wait any more. */
void umm_ring_producer_relax(struct umm_ring_producer *producer);

/** The book is consistent; for tests. */
bool umm_ring_producer_valid(const struct umm_ring_producer *producer);

struct umm_ring_consumer_config {
	struct umm_ring_consumer_block *block;
	const struct umm_ring_producer_block *producer;
	unsigned n_buffers, self;
	enum umm_queue_mode mode;
	struct umm_ring_image image;
};

/** Counts must be in range and the blocks valid. */
void umm_ring_consumer_init(struct umm_ring_consumer *consumer,
			    const struct umm_ring_consumer_config *config);

/** Take a frame. 0, UMM_RING_WAIT, or what umm_consumer_acquire() says. `wake` is set in any case;
 * what is in `out` after anything but 0 nobody has checked. */
int umm_ring_consumer_take(struct umm_ring_consumer *consumer, struct umm_ring_frame *out,
			   struct umm_ring_wake *wake);

/** Give it back. 0, or -EINVAL: not held. */
int umm_ring_consumer_release(struct umm_ring_consumer *consumer, unsigned index, uint64_t sequence,
			      struct umm_ring_wake *wake);

/** Would umm_ring_consumer_take() say anything but UMM_RING_WAIT? */
bool umm_ring_consumer_ready(const struct umm_ring_consumer *consumer);

/** Frames waiting right now. */
unsigned umm_ring_consumer_queued(const struct umm_ring_consumer *consumer);

/** The frame that was taken last, at this time. The producer's word on when it was published may be
 * any number. */
static inline void umm_ring_consumer_time(struct umm_ring_consumer *consumer,
					  const struct umm_ring_frame *frame, int64_t now_ns)
{
	struct umm_ring_tally *tally = &consumer->tally;
	int64_t then_ns = frame->published_ns;
	tally->latency_ns = then_ns < now_ns ? (uint64_t)now_ns - (uint64_t)then_ns : 0;
	tally->timed = true;
}

/** Write down for others what was taken so far, if that is not done yet. A look for the next frame
 * does it first. */
void umm_ring_consumer_settle(struct umm_ring_consumer *consumer);

/** The producer is known to be dead by other means. Frames that were shown still come. */
void umm_ring_consumer_orphan(struct umm_ring_consumer *consumer);

/** This consumer leaves: it holds nothing any more. */
void umm_ring_consumer_leave(struct umm_ring_consumer *consumer, struct umm_ring_wake *wake);

unsigned umm_ring_consumer_expect(struct umm_ring_consumer *consumer, enum umm_ring_wait_kind kind,
				  struct umm_ring_bell *bell);
void umm_ring_consumer_relax(struct umm_ring_consumer *consumer);

bool umm_ring_consumer_valid(const struct umm_ring_consumer *consumer);

#endif
