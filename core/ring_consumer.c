/* SPDX-License-Identifier: MIT */
/**
 * A consumer's side of the ring. Its book (struct umm_ring_consumer) is private memory; the
 * producer's block only ever makes it say "nothing yet", "over", a checked frame, or -EPROTO.
 */
#include "core/hot.h"
#include "core/ring_private.h"

#include <errno.h>
#include <string.h>

/* How often a reader that is overtaken tries again before it says "nothing yet". Each time the
 * producer has shown a whole ring of frames in between. */
#define OVERTAKEN_MAX 64

UMM_COLD static int broken(struct umm_ring_consumer *consumer)
{
	consumer->over = -EPROTO;
	return -EPROTO;
}

/* No more to come: why. */
UMM_COLD static int end_of_stream(struct umm_ring_consumer *consumer, uint32_t state)
{
	int error;
	switch (state) {
	case UMM_RING_RUNNING: /* but orphaned */
		consumer->over = -EOWNERDEAD;
		break;
	case UMM_RING_ENDED:
		error = atomic_load_explicit(&consumer->producer->base.error, memory_order_relaxed);
		if (error != 0 && !umm_ring_is_errno(error))
			return broken(consumer);
		consumer->over = error == 0 ? UMM_END : error;
		break;
	case UMM_RING_DEAD:
		consumer->over = -EOWNERDEAD;
		break;
	default:
		return broken(consumer);
	}
	return consumer->over;
}

/* All frames that were shown are seen: is there more to come? `state` was read before the count. */
UMM_HOT static int nothing_left(struct umm_ring_consumer *consumer, uint32_t state)
{
	if (state == UMM_RING_RUNNING && !consumer->orphan)
		return UMM_RING_WAIT;
	return end_of_stream(consumer, state);
}

_Static_assert(offsetof(struct umm_ring_frame, info) - offsetof(struct umm_ring_frame, words) ==
		       offsetof(struct umm_ring_record, info),
	       "a record is read into its place in the frame");

/* Copy the entry of `ticket` once. False: it holds another one. Acquire on every word keeps the
 * second look at the ticket behind them. A loop that stays one is two cold lines of code less. */
static inline bool read_entry(const struct umm_ring_consumer *consumer, uint64_t ticket,
			      struct umm_ring_frame *out)
{
	const struct umm_ring_entry *entry =
		&consumer->producer->entries[ticket & (consumer->ring_size - 1)];

	if (atomic_load_explicit(&entry->ticket, memory_order_acquire) != ticket)
		return false;
#pragma GCC unroll 1
	for (unsigned i = 0; i < UMM_RING_RECORD_WORDS; i++)
		out->words[i] = atomic_load_explicit(&entry->words[i], memory_order_acquire);
	return atomic_load_explicit(&entry->ticket, memory_order_acquire) == ticket;
}

static inline bool frame_fits(const struct umm_ring_consumer *consumer,
			      const struct umm_ring_frame *frame)
{
	return frame->buffer < consumer->n_buffers && consumer->held[frame->buffer] == 0 &&
	       umm_ring_rect_inside(frame->info.visible, consumer->image);
}

/* The frame of `ticket`, which was read; `left` more are waiting. */
static inline void hold(struct umm_ring_consumer *consumer, uint64_t ticket, uint32_t left,
			struct umm_ring_frame *frame)
{
	struct umm_ring_tally *tally = &consumer->tally;
	frame->sequence = ticket - 1;
	frame->dropped = ticket - consumer->seen - 1;
	consumer->held[frame->buffer] = ticket;
	consumer->seen = ticket;
	tally->frames++;
	tally->dropped += frame->dropped;
	tally->queued = left;
	tally->untold = true;
}

UMM_HOT_APART static void tell(struct umm_ring_consumer *consumer)
{
	struct umm_ring_block *base = &consumer->block->base;
	struct umm_ring_tally *tally = &consumer->tally;
	atomic_store_explicit(&base->frames, tally->frames, memory_order_relaxed);
	atomic_store_explicit(&base->dropped, tally->dropped, memory_order_relaxed);
	atomic_store_explicit(&base->queued, tally->queued, memory_order_relaxed);
	atomic_store_explicit(&base->count, consumer->seen, memory_order_release);
	if (tally->timed)
		umm_histogram_add(&consumer->block->latency, tally->latency_ns);
	tally->timed = tally->untold = false;
}

UMM_HOT void umm_ring_consumer_settle(struct umm_ring_consumer *consumer)
{
	if (consumer->tally.untold)
		tell(consumer);
}

UMM_HOT static int take_fifo(struct umm_ring_consumer *consumer, struct umm_ring_frame *out)
{
	const struct umm_ring_block *producer = &consumer->producer->base;
	uint64_t head = atomic_load_explicit(&producer->count, memory_order_acquire);
	if (head == consumer->seen) {
		/* The state first: what was shown before the end is in the count. */
		uint32_t state = atomic_load_explicit(&producer->state, memory_order_acquire);
		head = atomic_load_explicit(&producer->count, memory_order_acquire);
		if (head == consumer->seen)
			return nothing_left(consumer, state);
	}
	uint64_t waiting = head - consumer->seen;
	if (waiting > consumer->n_buffers || !read_entry(consumer, consumer->seen + 1, out) ||
	    !frame_fits(consumer, out))
		return broken(consumer);

	hold(consumer, consumer->seen + 1, (uint32_t)(waiting - 1), out);
	return 0;
}

/* News for the producer: look whether it waits for it. */
UMM_HOT static void wake_producer(struct umm_ring_consumer *consumer, struct umm_ring_wake *wake)
{
	uint32_t before = umm_ring_move_bell(&consumer->block->base);
	enum umm_ring_wait_kind kind =
		umm_ring_asks(&consumer->producer->base.waits[consumer->self], before);
	if (kind == UMM_RING_SLEEPING)
		wake->sleepers = true;
	if (kind == UMM_RING_ARMED)
		wake->doorbells |= 1;
}

/* Claim the newest frame. False: the producer was faster, and has taken the buffer back. */
UMM_HOT static bool claim(struct umm_ring_consumer *consumer, uint64_t ticket, uint64_t buffer,
			  struct umm_ring_wake *wake)
{
	struct umm_ring_slot *slot = &consumer->block->slots[buffer];
	atomic_store_explicit(&slot->claim, ticket, memory_order_seq_cst);
	if (atomic_load_explicit(&consumer->revoked[buffer], memory_order_seq_cst) < ticket)
		return true;

	/* It may have seen the claim and be waiting for its end. */
	consumer->refused = ticket;
	atomic_store_explicit(&slot->released, ticket, memory_order_release);
	wake_producer(consumer, wake);
	return false;
}

/* Frames that nobody can get any more are missed. */
static int nothing_left_latest(struct umm_ring_consumer *consumer, uint32_t state, uint64_t head)
{
	int ret = nothing_left(consumer, state);
	if (ret != UMM_RING_WAIT && head != consumer->seen) {
		consumer->tally.dropped += head - consumer->seen;
		consumer->tally.untold = true;
		consumer->seen = head;
		umm_ring_consumer_settle(consumer);
	}
	return ret;
}

UMM_HOT_APART static int take_latest(struct umm_ring_consumer *consumer, struct umm_ring_frame *out,
				     struct umm_ring_wake *wake)
{
	const struct umm_ring_block *producer = &consumer->producer->base;
	uint64_t tried = 0;

	for (int i = 0; i < OVERTAKEN_MAX; i++) {
		uint32_t state = atomic_load_explicit(&producer->state, memory_order_acquire);
		uint64_t head = atomic_load_explicit(&producer->count, memory_order_acquire);
		if (head < consumer->seen) /* counts go up */
			return broken(consumer);
		if (head == consumer->seen || head == consumer->refused)
			return nothing_left_latest(consumer, state, head);
		if (head == tried) /* the entry is gone although nothing was shown since */
			return broken(consumer);
		tried = head;
		if (!read_entry(consumer, head, out))
			continue;
		if (!frame_fits(consumer, out))
			return broken(consumer);
		if (!claim(consumer, head, out->buffer, wake))
			continue;
		hold(consumer, head, 0, out);
		return 0;
	}
	return UMM_RING_WAIT;
}

UMM_HOT int umm_ring_consumer_take(struct umm_ring_consumer *consumer, struct umm_ring_frame *out,
				   struct umm_ring_wake *wake)
{
	*wake = (struct umm_ring_wake){ 0 };
	umm_ring_consumer_settle(consumer);
	if (consumer->over != 0)
		return consumer->over;
	return consumer->latest ? take_latest(consumer, out, wake) : take_fifo(consumer, out);
}

UMM_HOT int umm_ring_consumer_release(struct umm_ring_consumer *consumer, unsigned index,
				      uint64_t sequence, struct umm_ring_wake *wake)
{
	*wake = (struct umm_ring_wake){ 0 };
	if (index >= consumer->n_buffers || consumer->held[index] == 0 ||
	    consumer->held[index] != sequence + 1)
		return -EINVAL;
	consumer->held[index] = 0;
	atomic_store_explicit(&consumer->block->slots[index].released, sequence + 1,
			      memory_order_release);
	/* Not later than the news: a producer that drains may be waiting for it. */
	atomic_store_explicit(&consumer->block->base.count, consumer->seen, memory_order_release);
	wake_producer(consumer, wake);
	return 0;
}

bool umm_ring_consumer_ready(const struct umm_ring_consumer *consumer)
{
	const struct umm_ring_block *producer = &consumer->producer->base;
	if (consumer->over != 0 || consumer->orphan ||
	    atomic_load_explicit(&producer->state, memory_order_acquire) != UMM_RING_RUNNING)
		return true;
	uint64_t head = atomic_load_explicit(&producer->count, memory_order_acquire);
	return head != consumer->seen && !(consumer->latest && head == consumer->refused);
}

unsigned umm_ring_consumer_queued(const struct umm_ring_consumer *consumer)
{
	const struct umm_ring_block *producer = &consumer->producer->base;
	uint64_t head = atomic_load_explicit(&producer->count, memory_order_acquire);
	if (head <= consumer->seen || (consumer->latest && head == consumer->refused))
		return 0;
	uint64_t most = consumer->latest ? 1 : consumer->n_buffers;
	return (unsigned)(head - consumer->seen < most ? head - consumer->seen : most);
}

void umm_ring_consumer_orphan(struct umm_ring_consumer *consumer)
{
	consumer->orphan = true;
}

void umm_ring_consumer_leave(struct umm_ring_consumer *consumer, struct umm_ring_wake *wake)
{
	*wake = (struct umm_ring_wake){ 0 };
	umm_ring_consumer_settle(consumer);
	atomic_store_explicit(&consumer->block->base.state, UMM_RING_ENDED, memory_order_release);
	wake_producer(consumer, wake);
}

UMM_HOT unsigned umm_ring_consumer_expect(struct umm_ring_consumer *consumer,
					  enum umm_ring_wait_kind kind, struct umm_ring_bell *bell)
{
	*bell = umm_ring_expect(&consumer->block->base.waits[0], &consumer->producer->base, kind);
	return 1;
}

UMM_HOT void umm_ring_consumer_relax(struct umm_ring_consumer *consumer)
{
	atomic_store_explicit(&consumer->block->base.waits[0], 0, memory_order_relaxed);
}

bool umm_ring_consumer_valid(const struct umm_ring_consumer *consumer)
{
	unsigned held = 0;
	for (unsigned index = 0; index < consumer->n_buffers; index++) {
		if (consumer->held[index] > consumer->seen)
			return false;
		held += consumer->held[index] != 0;
	}
	return held <= consumer->seen;
}

void umm_ring_consumer_init(struct umm_ring_consumer *consumer,
			    const struct umm_ring_consumer_config *config)
{
	memset(consumer, 0, sizeof(*consumer));
	consumer->block = config->block;
	consumer->producer = config->producer;
	consumer->revoked = (const void *)((const char *)config->producer +
					   umm_ring_revoked_offset(config->n_buffers));
	consumer->self = config->self;
	consumer->n_buffers = config->n_buffers;
	consumer->ring_size = umm_ring_size(config->n_buffers);
	consumer->image = config->image;
	consumer->latest = config->mode == UMM_QUEUE_LATEST;
}
