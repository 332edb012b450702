/* SPDX-License-Identifier: MIT */
/** The blocks themselves: size, birth, burial, counters. */
#include "core/ring_private.h"

#include <errno.h>

#define PRODUCER_MAGIC 0x70726d75u /* "umrp" */
#define CONSUMER_MAGIC 0x63726d75u /* "umrc" */

static void block_init(struct umm_ring_block *block, uint32_t magic, unsigned n_buffers,
		       uint32_t detail)
{
	block->magic = magic;
	block->version = UMM_RING_VERSION;
	block->n_buffers = n_buffers;
	block->detail = detail;
	for (unsigned i = 0; i < UMM_MAX_CONSUMERS; i++)
		atomic_init(&block->waits[i], 0);
	atomic_init(&block->state, UMM_RING_RUNNING);
	atomic_init(&block->error, 0);
	atomic_init(&block->bell, 0);
	atomic_init(&block->count, 0);
	atomic_init(&block->frames, 0);
	atomic_init(&block->dropped, 0);
	atomic_init(&block->copied_bytes, 0);
	atomic_init(&block->queued, 0);
}

size_t umm_ring_producer_block_size(unsigned n_buffers)
{
	return umm_ring_revoked_offset(n_buffers) + n_buffers * sizeof(uint64_t);
}

size_t umm_ring_consumer_block_size(unsigned n_buffers)
{
	return sizeof(struct umm_ring_consumer_block) + n_buffers * sizeof(struct umm_ring_slot);
}

void umm_ring_producer_block_init(void *block, unsigned n_buffers, unsigned n_consumers)
{
	struct umm_ring_producer_block *producer = block;
	unsigned size = umm_ring_size(n_buffers);
	_Atomic uint64_t *revoked = (void *)((char *)block + umm_ring_revoked_offset(n_buffers));

	block_init(&producer->base, PRODUCER_MAGIC, n_buffers, n_consumers);
	umm_timeline_words_init(&producer->timeline);
	for (unsigned i = 0; i < size; i++) {
		atomic_init(&producer->entries[i].ticket, 0);
		for (unsigned word = 0; word < UMM_RING_RECORD_WORDS; word++)
			atomic_init(&producer->entries[i].words[word], 0);
	}
	for (unsigned i = 0; i < n_buffers; i++)
		atomic_init(&revoked[i], 0);
}

void umm_ring_consumer_block_init(void *block, unsigned n_buffers, enum umm_queue_mode mode)
{
	struct umm_ring_consumer_block *consumer = block;

	block_init(&consumer->base, CONSUMER_MAGIC, n_buffers, (uint32_t)mode);
	for (unsigned i = 0; i < UMM_HISTOGRAM_BUCKETS; i++)
		atomic_init(&consumer->latency.counts[i], 0);
	for (unsigned i = 0; i < n_buffers; i++) {
		atomic_init(&consumer->slots[i].claim, 0);
		atomic_init(&consumer->slots[i].released, 0);
	}
}

static bool block_valid(const struct umm_ring_block *block, uint32_t magic, unsigned n_buffers)
{
	return block->magic == magic && block->version == UMM_RING_VERSION &&
	       block->n_buffers == n_buffers;
}

bool umm_ring_producer_block_valid(const void *block, unsigned n_buffers)
{
	return block_valid(block, PRODUCER_MAGIC, n_buffers);
}

bool umm_ring_consumer_block_valid(const void *block, unsigned n_buffers)
{
	return block_valid(block, CONSUMER_MAGIC, n_buffers);
}

/* Who left in good order stays as he left. */
static void bury(struct umm_ring_block *block)
{
	if (atomic_load_explicit(&block->state, memory_order_acquire) == UMM_RING_RUNNING)
		atomic_store_explicit(&block->state, UMM_RING_DEAD, memory_order_release);
	umm_ring_move_bell(block);
}

void umm_ring_bury_producer(struct umm_ring_producer_block *block)
{
	umm_timeline_words_fail(&block->timeline, -EOWNERDEAD);
	bury(&block->base);
}

void umm_ring_bury_consumer(struct umm_ring_consumer_block *block)
{
	bury(&block->base);
}

void umm_ring_count_copy(struct umm_ring_block *own, uint64_t bytes)
{
	umm_ring_add(&own->copied_bytes, bytes);
}

void umm_ring_read_stats(const struct umm_ring_block *block, enum umm_role role,
			 struct umm_member_stats *out)
{
	struct umm_member_stats stats = {
		.frames =
			atomic_load_explicit(role == UMM_PRODUCER ? &block->count : &block->frames,
					     memory_order_relaxed),
		.dropped = atomic_load_explicit(&block->dropped, memory_order_relaxed),
		.copied_bytes = atomic_load_explicit(&block->copied_bytes, memory_order_relaxed),
		.queued = atomic_load_explicit(&block->queued, memory_order_relaxed),
	};
	if (role == UMM_CONSUMER) {
		const struct umm_histogram *latency =
			&((const struct umm_ring_consumer_block *)(const void *)block)->latency;
		stats.latency_p50_ns = umm_histogram_percentile(latency, 50);
		stats.latency_p99_ns = umm_histogram_percentile(latency, 99);
	}
	*out = stats;
}
