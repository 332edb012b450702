/* SPDX-License-Identifier: MIT */
/**
 * Blocks from outside: what those who run a collection do with them, whoever uses them.
 */
#include "share/queue_end.h"

#include "os/futex.h"

#define PAGE_BYTES 4096

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

size_t umm_queue_producer_block_size(unsigned n_buffers)
{
	return whole_pages(umm_ring_producer_block_size(n_buffers));
}

size_t umm_queue_consumer_block_size(unsigned n_buffers)
{
	return whole_pages(umm_ring_consumer_block_size(n_buffers));
}

void umm_queue_producer_block_init(void *block, unsigned n_buffers, unsigned n_consumers)
{
	umm_ring_producer_block_init(block, n_buffers, n_consumers);
}

void umm_queue_consumer_block_init(void *block, unsigned n_buffers, enum umm_queue_mode mode)
{
	umm_ring_consumer_block_init(block, n_buffers, mode);
}

void umm_queue_bury_producer(void *producer_block)
{
	struct umm_ring_producer_block *block = producer_block;
	umm_ring_bury_producer(block);
	umm_futex_wake(&block->base.bell);
	umm_futex_wake(&block->timeline.bell);
}

void umm_queue_bury_consumer(void *consumer_block)
{
	struct umm_ring_consumer_block *block = consumer_block;
	umm_ring_bury_consumer(block);
	umm_futex_wake(&block->base.bell);
}

void umm_queue_stir(const void *block)
{
	umm_futex_wake(&((const struct umm_ring_block *)block)->bell);
}

void umm_queue_read_stats(const void *block, enum umm_role role, struct umm_member_stats *out)
{
	umm_ring_read_stats(block, role, out);
}
