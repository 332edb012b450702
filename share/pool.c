/* SPDX-License-Identifier: MIT */
#include "share/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/cleanup.h"
#include "os/memfd.h"
#include "share/queue_end.h"

UMM_DEFINE_AUTO(umm_pool, umm_pool_destroy)

static struct umm_pool *pool_new(void)
{
	struct umm_pool *pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return NULL;
	pool->producer.fd = -1;
	for (unsigned i = 0; i < UMM_MAX_BUFFERS; i++)
		pool->buffers[i] = UMM_HEAP_NO_MEMORY;
	for (unsigned i = 0; i < UMM_MAX_CONSUMERS; i++) {
		pool->consumers[i].fd = -1;
		pool->doorbells[i][0] = pool->doorbells[i][1] = -1;
	}
	return pool;
}

static void free_buffers(struct umm_pool *pool)
{
	for (unsigned i = 0; i < pool->n_buffers; i++)
		umm_heap_memory_close(&pool->buffers[i]);
	pool->n_buffers = 0;
}

void umm_pool_release_fds(struct umm_pool *pool)
{
	free_buffers(pool);
	umm_close_fd(&pool->producer.fd);
	for (unsigned i = 0; i < pool->n_consumers; i++) {
		umm_close_fd(&pool->consumers[i].fd);
		umm_close_fd(&pool->doorbells[i][0]);
		umm_close_fd(&pool->doorbells[i][1]);
	}
}

void umm_pool_destroy(struct umm_pool *pool)
{
	if (pool == NULL)
		return;
	umm_pool_release_fds(pool);
	umm_movable_destroy(pool->movable);
	umm_unmap(pool->producer.map, pool->producer.size);
	for (unsigned i = 0; i < pool->n_consumers; i++)
		umm_unmap(pool->consumers[i].map, pool->consumers[i].size);
	free(pool);
}

int umm_pool_allocate_buffer(const struct umm_heap *heap, const char *label,
			     const struct umm_layout *layout, struct umm_heap_memory *out)
{
	struct umm_heap_request request = {
		.label = label,
		.size_bytes = layout->raw_size_bytes,
		.pitch_bytes = layout->planes[0].stride_bytes,
		.image = layout->format != 0 ? layout : NULL,
	};
	return umm_heap_allocate(heap, &request, out);
}

static int allocate_buffers(struct umm_pool *pool, const char *name,
			    const struct umm_layout *layout)
{
	for (unsigned i = 0; i < layout->buffers; i++) {
		char label[40]; /* DMA_BUF_SET_NAME takes no more */
		snprintf(label, sizeof(label), "%.20s/%u", name, i);
		int ret = umm_pool_allocate_buffer(&pool->heap, label, layout, &pool->buffers[i]);
		if (ret < 0)
			return ret;
		pool->n_buffers = i + 1;
	}
	return 0;
}

/* An arena's pages that may lie anywhere are as good as a memory file, and no better. -ENOSPC: no
 * room there. */
static int allocate_movable(struct umm_pool *pool, struct umm_arena *arena,
			    const struct umm_negotiation *negotiation,
			    const struct umm_layout *layout)
{
	struct umm_movable_config config = {
		.n_buffers = layout->buffers,
		.size_bytes = layout->raw_size_bytes,
		.n_members = negotiation->n_members,
	};
	int ret = umm_movable_create(arena, &config, &pool->movable);
	if (ret < 0)
		return ret;
	pool->n_buffers = layout->buffers;
	pool->moves_buffers = true;
	return 0;
}

static int allocate(struct umm_pool *pool, struct umm_arena *arena,
		    const struct umm_negotiation *negotiation, const struct umm_layout *layout)
{
	if (arena != NULL && strcmp(pool->heap.name, "memfd") == 0) {
		int ret = allocate_movable(pool, arena, negotiation, layout);
		if (ret != -ENOSPC)
			return ret;
	}
	return allocate_buffers(pool, negotiation->name, layout);
}

static int block_init(struct umm_pool_block *block, const char *label, size_t size)
{
	int ret = umm_memfd_create(label, size, UMM_PAGES_4K, &block->fd);
	if (ret < 0)
		return ret;
	uint64_t file_size;
	ret = umm_memfd_sealed_size(block->fd, &file_size);
	if (ret < 0)
		return ret;
	block->size = (size_t)file_size;
	return umm_map_fd(block->fd, block->size, UMM_MAP_WRITE, &block->map);
}

static int add_consumer(struct umm_pool *pool, enum umm_queue_mode mode)
{
	unsigned k = pool->n_consumers++;
	pool->modes[k] = mode;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       pool->doorbells[k]) < 0)
		return -errno;
	int ret = block_init(&pool->consumers[k], "umm consumer",
			     umm_queue_consumer_block_size(pool->n_buffers));
	if (ret < 0)
		return ret;
	umm_queue_consumer_block_init(pool->consumers[k].map, pool->n_buffers, mode);
	return 0;
}

int umm_pool_add_blocks(struct umm_pool *pool, const struct umm_negotiation *negotiation)
{
	int ret = block_init(&pool->producer, "umm producer",
			     umm_queue_producer_block_size(pool->n_buffers));
	if (ret < 0)
		return ret;
	umm_queue_producer_block_init(pool->producer.map, pool->n_buffers,
				      umm_negotiation_consumers(negotiation));
	for (unsigned i = 0; i < negotiation->n_members && ret == 0; i++)
		if (negotiation->members[i].role == UMM_CONSUMER)
			ret = add_consumer(pool, negotiation->members[i].mode);
	return ret;
}

int umm_pool_create(const struct umm_negotiation *negotiation, const struct umm_heap *heap,
		    struct umm_arena *arena, struct umm_pool **out)
{
	umm_auto(umm_pool, pool) = pool_new();
	if (pool == NULL)
		return -ENOMEM;
	pool->heap = *heap;
	int ret = allocate(pool, arena, negotiation, umm_answer_layout(negotiation->answer));
	if (ret == 0)
		*out = umm_steal(pool);
	return ret;
}

static int finish_buffers(struct umm_pool *pool)
{
	if (pool->movable != NULL)
		return umm_movable_seal(pool->movable);
	int ret = 0;
	for (unsigned i = 0; i < pool->n_buffers && ret == 0; i++)
		ret = umm_heap_finish(&pool->heap, &pool->buffers[i]);
	return ret;
}

int umm_pool_finish(struct umm_pool *pool)
{
	int ret = finish_buffers(pool);
	if (ret == 0)
		ret = umm_memfd_finish(pool->producer.fd);
	for (unsigned i = 0; i < pool->n_consumers && ret == 0; i++)
		ret = umm_memfd_finish(pool->consumers[i].fd);
	return ret;
}

unsigned umm_pool_consumer_index(const struct umm_negotiation *negotiation, unsigned index)
{
	unsigned k = 0;
	for (unsigned i = 0; i < index; i++)
		k += negotiation->members[i].role == UMM_CONSUMER;
	return k;
}

uint64_t umm_pool_moves(const struct umm_pool *pool)
{
	return pool->movable != NULL ? umm_movable_stats(pool->movable).moves : pool->moves;
}

void umm_pool_leave_arena(struct umm_pool *pool)
{
	pool->moves = umm_pool_moves(pool);
	umm_movable_destroy(pool->movable);
	pool->movable = NULL;
}

void umm_pool_bury(struct umm_pool *pool, const struct umm_negotiation *negotiation, unsigned index)
{
	enum umm_role role = negotiation->members[index].role;
	if (pool->movable != NULL)
		umm_movable_bury(pool->movable, index);
	if (role == UMM_PRODUCER)
		umm_queue_bury_producer(pool->producer.map);
	else if (role == UMM_CONSUMER)
		umm_queue_bury_consumer(
			pool->consumers[umm_pool_consumer_index(negotiation, index)].map);
}

void umm_pool_stir(const struct umm_pool *pool)
{
	umm_queue_stir(pool->producer.map);
	for (unsigned i = 0; i < pool->n_consumers; i++)
		umm_queue_stir(pool->consumers[i].map);
}

void umm_pool_read_stats(const struct umm_pool *pool, const struct umm_negotiation *negotiation,
			 unsigned index, struct umm_member_stats *out)
{
	enum umm_role role = negotiation->members[index].role;
	*out = (struct umm_member_stats){ 0 };
	if (role == UMM_PRODUCER)
		umm_queue_read_stats(pool->producer.map, role, out);
	else if (role == UMM_CONSUMER)
		umm_queue_read_stats(
			pool->consumers[umm_pool_consumer_index(negotiation, index)].map, role,
			out);
}
