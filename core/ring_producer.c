/* SPDX-License-Identifier: MIT */
/**
 * The producer's side of the ring. Its book (struct umm_ring_producer) is private memory; the
 * consumers' blocks only ever make it say "not free yet", "gone" or -EPROTO.
 *
 *	held --publish--> candidate --take--> held        (UMM_HOLD_DROP)
 *	held --publish--> held --give_up--> candidate     (UMM_HOLD_KEEP)
 *
 * A candidate is free when nobody in `pending` holds it. Consumers leave `pending` when their
 * release was seen, so that each is looked at no more often than necessary.
 */
#include "core/hot.h"
#include "core/ring_private.h"

#include <errno.h>
#include <string.h>

#include "core/bits.h"

/* The list of candidates. */

UMM_HOT static void append(struct umm_ring_producer *producer, unsigned index)
{
	producer->buffers[index].next = UMM_RING_NONE;
	if (producer->first == UMM_RING_NONE)
		producer->first = (uint16_t)index;
	else
		producer->buffers[producer->last].next = (uint16_t)index;
	producer->last = (uint16_t)index;
}

static void prepend(struct umm_ring_producer *producer, unsigned index)
{
	producer->buffers[index].next = producer->first;
	if (producer->first == UMM_RING_NONE)
		producer->last = (uint16_t)index;
	producer->first = (uint16_t)index;
}

UMM_HOT static void remove_after(struct umm_ring_producer *producer, unsigned before,
				 unsigned index)
{
	uint16_t next = producer->buffers[index].next;
	if (before == UMM_RING_NONE)
		producer->first = next;
	else
		producer->buffers[before].next = next;
	if (producer->last == index)
		producer->last = (uint16_t)before;
}

/* Who holds what. */

UMM_COLD static int broken_by(struct umm_ring_producer *producer, unsigned consumer)
{
	producer->culprit = (int)consumer;
	producer->error = -EPROTO;
	return -EPROTO;
}

/* What one consumer's slot says about a buffer. */
enum verdict { LET_GO, MAY_CLAIM, HOLDS, NONSENSE };

UMM_HOT static enum verdict look_fifo(const struct umm_ring_slot *slot,
				      const struct umm_ring_buffer *buffer)
{
	uint64_t released = atomic_load_explicit(&slot->released, memory_order_acquire);
	if (released == buffer->ticket)
		return LET_GO;
	return released == buffer->previous ? HOLDS : NONSENSE;
}

/* An older ticket in `claim` is no claim. The claim is read first: a release that follows it can
 * only make the answer cautious. */
UMM_HOT static enum verdict look_latest(const struct umm_ring_slot *slot,
					const struct umm_ring_buffer *buffer)
{
	uint64_t claim = atomic_load_explicit(&slot->claim, memory_order_seq_cst);
	uint64_t released = atomic_load_explicit(&slot->released, memory_order_acquire);
	if (claim > buffer->ticket || released > buffer->ticket)
		return NONSENSE;
	if (released == buffer->ticket)
		return LET_GO;
	return claim == buffer->ticket ? HOLDS : MAY_CLAIM;
}

/* 0: nobody holds it, though those left in `pending` may still claim it; UMM_RING_WAIT; -EPROTO. */
UMM_HOT static int examine(struct umm_ring_producer *producer, unsigned index)
{
	struct umm_ring_buffer *buffer = &producer->buffers[index];
	for (uint32_t left = buffer->pending & producer->alive; left != 0; left &= left - 1) {
		unsigned consumer = umm_lowest_bit(left);
		const struct umm_ring_slot *slot = &producer->consumers[consumer]->slots[index];
		bool latest = producer->latest & (UINT32_C(1) << consumer);

		switch (latest ? look_latest(slot, buffer) : look_fifo(slot, buffer)) {
		case LET_GO:
			buffer->pending &= ~(UINT32_C(1) << consumer);
			break;
		case MAY_CLAIM:
			break;
		case HOLDS:
			return UMM_RING_WAIT;
		case NONSENSE:
			return broken_by(producer, consumer);
		}
	}
	return 0;
}

/* Make a shown buffer the producer's alone: 0, UMM_RING_WAIT, -EPROTO. */
UMM_HOT static int reclaim(struct umm_ring_producer *producer, unsigned index)
{
	struct umm_ring_buffer *buffer = &producer->buffers[index];
	if (!buffer->shown)
		return 0;
	int ret = examine(producer, index);
	if (ret != 0)
		return ret;
	if (buffer->pending & producer->alive) {
		atomic_store_explicit(&producer->revoked[index], buffer->ticket,
				      memory_order_seq_cst);
		ret = examine(producer, index);
		if (ret != 0)
			return ret;
	}
	buffer->shown = false;
	buffer->pending = 0;
	producer->out--;
	return 0;
}

/* Taking. */

UMM_HOT static int take_candidate(struct umm_ring_producer *producer, unsigned before,
				  unsigned index, unsigned *out)
{
	int ret = reclaim(producer, index);
	if (ret != 0)
		return ret;
	remove_after(producer, before, index);
	producer->buffers[index].held = true;
	if (producer->newest == index)
		producer->newest = UMM_RING_NONE;
	*out = index;
	return 0;
}

/* Everything but the newest, oldest first; the newest if that is all there is. */
UMM_HOT static int take_any(struct umm_ring_producer *producer, unsigned *out)
{
	unsigned before = UMM_RING_NONE, before_newest = UMM_RING_NONE;
	bool newest_listed = false;
	for (unsigned index = producer->first; index != UMM_RING_NONE;
	     before = index, index = producer->buffers[index].next) {
		if (index == producer->newest) {
			before_newest = before;
			newest_listed = true;
			continue;
		}
		int ret = take_candidate(producer, before, index, out);
		if (ret != UMM_RING_WAIT)
			return ret;
	}
	if (!newest_listed)
		return UMM_RING_WAIT;
	return take_candidate(producer, before_newest, producer->newest, out);
}

/* What stands against taking or showing anything: 0 or a negative errno. */
UMM_HOT static int check_running(struct umm_ring_producer *producer)
{
	if (producer->error != 0)
		return producer->error;
	if (producer->ended)
		return -EINVAL;
	return umm_ring_producer_alive(producer) == 0 ? -EPIPE : 0;
}

UMM_HOT int umm_ring_producer_take(struct umm_ring_producer *producer, unsigned *index)
{
	int ret = check_running(producer);
	if (ret != 0)
		return ret;
	if (producer->first == UMM_RING_NONE)
		return -EDEADLK;
	return take_any(producer, index);
}

bool umm_ring_producer_ready(struct umm_ring_producer *producer)
{
	if (check_running(producer) != 0 || producer->first == UMM_RING_NONE)
		return true;
	for (unsigned index = producer->first; index != UMM_RING_NONE;
	     index = producer->buffers[index].next)
		if (examine(producer, index) != UMM_RING_WAIT)
			return true;
	return false;
}

/* Showing. */

/* The next frame's place. */
UMM_HOT static struct umm_ring_entry *next_entry(const struct umm_ring_producer *producer)
{
	return &producer->block->entries[(producer->head + 1) & (producer->ring_size - 1)];
}

_Static_assert(offsetof(struct umm_ring_record, info) == UMM_RING_INFO_WORD * sizeof(uint64_t) &&
		       sizeof(struct umm_ring_record) % sizeof(uint64_t) == 0,
	       "a record is whole words, the info its last ones");

static inline uint64_t word_of(const void *from, unsigned i)
{
	uint64_t word;
	__builtin_memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
	return word;
}

static inline void write_word(struct umm_ring_entry *entry, unsigned word, uint64_t value)
{
	atomic_store_explicit(&entry->words[word], value, memory_order_release);
}

/* All of it but the time and the ticket. */
static inline void write_entry(struct umm_ring_entry *entry, unsigned index,
			       const struct umm_frame_info *info)
{
	/* Release on the invalid ticket: who sees it also sees a higher count. On every word: who
	   sees one of them also sees the invalid ticket. */
	atomic_store_explicit(&entry->ticket, 0, memory_order_release);
	write_word(entry, UMM_RING_BUFFER_WORD, word_of(&(const uint32_t[2]){ index }, 0));
	for (unsigned i = 0; i < sizeof(*info) / sizeof(uint64_t); i++)
		write_word(entry, UMM_RING_INFO_WORD + i, word_of(info, i));
}

UMM_HOT static struct umm_ring_wake wake_consumers(struct umm_ring_producer *producer)
{
	struct umm_ring_wake wake = { 0 };
	uint32_t before = umm_ring_move_bell(&producer->block->base);
	for (uint32_t left = producer->alive; left != 0; left &= left - 1) {
		unsigned consumer = umm_lowest_bit(left);
		switch (umm_ring_asks(&producer->consumers[consumer]->base.waits[0], before)) {
		case UMM_RING_AWAKE:
			break;
		case UMM_RING_SLEEPING:
			wake.sleepers = true;
			break;
		case UMM_RING_ARMED:
			wake.doorbells |= UINT32_C(1) << consumer;
			break;
		}
	}
	return wake;
}

/* The producer's book on the buffer that is about to be shown. */
UMM_HOT static void book(struct umm_ring_producer *producer, unsigned index, enum umm_hold hold)
{
	struct umm_ring_buffer *buffer = &producer->buffers[index];
	buffer->previous = buffer->ticket;
	buffer->ticket = producer->head + 1;
	buffer->pending = producer->alive;
	buffer->shown = true;
	producer->newest = (uint16_t)index;
	producer->out++;
	if (hold == UMM_HOLD_DROP) {
		buffer->held = false;
		append(producer, index);
	}
}

UMM_HOT int umm_ring_producer_prepare(struct umm_ring_producer *producer, unsigned index,
				      const struct umm_frame_info *info, enum umm_hold hold)
{
	if (index >= producer->n_buffers || !producer->buffers[index].held ||
	    !umm_ring_rect_inside(info->visible, producer->image))
		return -EINVAL;
	int ret = check_running(producer);
	if (ret != 0)
		return ret;
	ret = reclaim(producer, index);
	if (ret != 0)
		return ret == UMM_RING_WAIT ? -EBUSY : ret;

	write_entry(next_entry(producer), index, info);
	book(producer, index, hold);
	atomic_store_explicit(&producer->block->base.queued, producer->out, memory_order_relaxed);
	return 0;
}

/* From the stamp to the wake-up: as little as can be. */
UMM_HOT struct umm_ring_wake umm_ring_producer_show(struct umm_ring_producer *producer,
						    int64_t now_ns)
{
	struct umm_ring_entry *entry = next_entry(producer);
	uint64_t ticket = ++producer->head;
	write_word(entry, UMM_RING_TIME_WORD, (uint64_t)now_ns);
	atomic_store_explicit(&entry->ticket, ticket, memory_order_release);
	atomic_store_explicit(&producer->block->base.count, ticket, memory_order_release);
	return wake_consumers(producer);
}

int umm_ring_producer_publish(struct umm_ring_producer *producer, unsigned index,
			      const struct umm_frame_info *info, enum umm_hold hold, int64_t now_ns,
			      struct umm_ring_wake *wake)
{
	*wake = (struct umm_ring_wake){ 0 };
	int ret = umm_ring_producer_prepare(producer, index, info, hold);
	if (ret == 0)
		*wake = umm_ring_producer_show(producer, now_ns);
	return ret;
}

int umm_ring_producer_give_up(struct umm_ring_producer *producer, unsigned index)
{
	if (index >= producer->n_buffers || !producer->buffers[index].held)
		return -EINVAL;
	producer->buffers[index].held = false;
	if (producer->buffers[index].shown)
		append(producer, index);
	else
		prepend(producer, index);
	return 0;
}

/* The end. */

int umm_ring_producer_end(struct umm_ring_producer *producer, int error, struct umm_ring_wake *wake)
{
	struct umm_ring_block *base = &producer->block->base;
	*wake = (struct umm_ring_wake){ 0 };
	if (producer->ended || (error != 0 && !umm_ring_is_errno(error)))
		return -EINVAL;
	producer->ended = true;
	atomic_store_explicit(&base->error, error, memory_order_relaxed);
	atomic_store_explicit(&base->state, UMM_RING_ENDED, memory_order_release);
	*wake = wake_consumers(producer);
	return 0;
}

void umm_ring_producer_leave(struct umm_ring_producer *producer, struct umm_ring_wake *wake)
{
	umm_ring_bury_producer(producer->block);
	producer->ended = true;
	*wake = wake_consumers(producer);
}

/* A consumer in latest mode is done when it has seen the newest frame and let go of it. */
static bool has_seen_all(struct umm_ring_producer *producer)
{
	for (uint32_t left = producer->alive & producer->latest; left != 0; left &= left - 1) {
		const struct umm_ring_block *base =
			&producer->consumers[umm_lowest_bit(left)]->base;
		if (atomic_load_explicit(&base->count, memory_order_acquire) < producer->head)
			return false;
	}
	return true;
}

int umm_ring_producer_drained(struct umm_ring_producer *producer)
{
	umm_ring_producer_alive(producer);
	if (!has_seen_all(producer))
		return UMM_RING_WAIT;
	for (unsigned index = 0; index < producer->n_buffers; index++) {
		int ret = examine(producer, index);
		if (ret != 0)
			return ret;
	}
	return 0;
}

/* Who is there. */

void umm_ring_producer_forget(struct umm_ring_producer *producer, unsigned index)
{
	producer->alive &= ~(UINT32_C(1) << index);
}

UMM_HOT uint32_t umm_ring_producer_alive(struct umm_ring_producer *producer)
{
	for (uint32_t left = producer->alive; left != 0; left &= left - 1) {
		unsigned consumer = umm_lowest_bit(left);
		const struct umm_ring_block *base = &producer->consumers[consumer]->base;
		if (atomic_load_explicit(&base->state, memory_order_acquire) != UMM_RING_RUNNING)
			umm_ring_producer_forget(producer, consumer);
	}
	return producer->alive;
}

UMM_HOT unsigned umm_ring_producer_expect(struct umm_ring_producer *producer,
					  enum umm_ring_wait_kind kind, struct umm_ring_bell *bells)
{
	unsigned n = 0;
	for (uint32_t left = producer->alive; left != 0; left &= left - 1) {
		unsigned consumer = umm_lowest_bit(left);
		bells[n++] = umm_ring_expect(&producer->block->base.waits[consumer],
					     &producer->consumers[consumer]->base, kind);
	}
	return n;
}

UMM_HOT void umm_ring_producer_relax(struct umm_ring_producer *producer)
{
	for (uint32_t left = producer->alive; left != 0; left &= left - 1)
		atomic_store_explicit(&producer->block->base.waits[umm_lowest_bit(left)], 0,
				      memory_order_relaxed);
}

unsigned umm_ring_producer_queued(struct umm_ring_producer *producer)
{
	unsigned queued = 0;
	for (unsigned index = 0; index < producer->n_buffers; index++) {
		examine(producer, index);
		if (producer->buffers[index].pending & producer->alive)
			queued++;
	}
	return queued;
}

bool umm_ring_producer_valid(const struct umm_ring_producer *producer)
{
	unsigned listed = 0, held = 0, out = 0;
	unsigned last = UMM_RING_NONE;
	for (unsigned index = producer->first; index != UMM_RING_NONE;
	     last = index, index = producer->buffers[index].next)
		if (index >= producer->n_buffers || producer->buffers[index].held ||
		    ++listed > producer->n_buffers)
			return false;
	for (unsigned index = 0; index < producer->n_buffers; index++) {
		const struct umm_ring_buffer *buffer = &producer->buffers[index];
		held += buffer->held;
		out += buffer->shown;
		if (buffer->ticket > producer->head ||
		    (buffer->ticket != 0 && buffer->previous >= buffer->ticket) ||
		    (buffer->pending != 0 && !buffer->shown))
			return false;
	}
	return listed + held == producer->n_buffers && out == producer->out &&
	       (producer->first == UMM_RING_NONE || producer->last == last);
}

void umm_ring_producer_init(struct umm_ring_producer *producer,
			    const struct umm_ring_producer_config *config)
{
	memset(producer, 0, sizeof(*producer));
	producer->block = config->block;
	producer->revoked =
		(void *)((char *)config->block + umm_ring_revoked_offset(config->n_buffers));
	producer->n_buffers = config->n_buffers;
	producer->ring_size = umm_ring_size(config->n_buffers);
	producer->image = config->image;
	producer->culprit = -1;
	for (unsigned i = 0; i < config->n_consumers; i++) {
		producer->consumers[i] = config->consumers[i];
		producer->alive |= UINT32_C(1) << i;
		if (config->modes[i] == UMM_QUEUE_LATEST)
			producer->latest |= UINT32_C(1) << i;
	}
	producer->first = producer->last = producer->newest = UMM_RING_NONE;
	for (unsigned index = 0; index < config->n_buffers; index++)
		append(producer, index);
}
