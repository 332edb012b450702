/* SPDX-License-Identifier: MIT */
#include "core/dma_pool.h"

#include <errno.h>
#include <string.h>

#include "core/dma_private.h"

#define WORD_BITS  32u
#define PAGE_BYTES 4096u

/* ---- geometry ---- */

static bool options_valid(const struct umm_dma_pool_options *options)
{
	return options->device != NULL && options->name != NULL && options->object_bytes > 0 &&
	       umm_is_power_of_two(options->align_bytes) &&
	       umm_is_power_of_two(options->chunk_bytes) && options->chunk_bytes >= PAGE_BYTES &&
	       options->max_chunks > 0 && options->object_bytes <= options->chunk_bytes &&
	       options->align_bytes <= options->chunk_bytes &&
	       (options->boundary_bytes == 0 || (umm_is_power_of_two(options->boundary_bytes) &&
						 options->boundary_bytes >= options->object_bytes));
}

static struct umm_dma_pool with_geometry(const struct umm_dma_pool_options *options)
{
	struct umm_dma_pool pool = { .options = *options, .block_bytes = options->chunk_bytes };
	if (options->boundary_bytes != 0 && options->boundary_bytes < options->chunk_bytes)
		pool.block_bytes = options->boundary_bytes;
	pool.stride =
		(options->object_bytes + options->align_bytes - 1) & ~(options->align_bytes - 1);
	if (pool.stride > pool.block_bytes) /* alone in a block, aligned more strictly than it */
		pool.block_bytes = pool.stride;
	pool.per_block = pool.block_bytes / pool.stride;
	pool.per_chunk = options->chunk_bytes / pool.block_bytes * pool.per_block;
	return pool;
}

static uint32_t words_of(uint32_t bits)
{
	return (bits + WORD_BITS - 1) / WORD_BITS;
}

static uint32_t offset_of(const struct umm_dma_pool *pool, uint32_t object)
{
	return object / pool->per_block * pool->block_bytes +
	       object % pool->per_block * pool->stride;
}

/* The object that begins at an offset, or per_chunk. */
static uint32_t object_at(const struct umm_dma_pool *pool, uint32_t offset)
{
	uint32_t in_block = offset & (pool->block_bytes - 1);
	if (!umm_is_power_of_two(pool->block_bytes))
		in_block = offset % pool->block_bytes;
	uint32_t object = offset / pool->block_bytes * pool->per_block + in_block / pool->stride;
	if (object >= pool->per_chunk || offset_of(pool, object) != offset)
		return pool->per_chunk;
	return object;
}

/* ---- life ---- */

uint64_t umm_dma_pool_bytes(const struct umm_dma_pool_options *options)
{
	if (!options_valid(options))
		return 0;
	struct umm_dma_pool pool = with_geometry(options);
	uint64_t per_chunk =
		sizeof(struct umm_dma_pool_chunk) + words_of(pool.per_chunk) * sizeof(uint32_t);
	return per_chunk * options->max_chunks;
}

int umm_dma_pool_init(struct umm_dma_pool *pool, const struct umm_dma_pool_options *options,
		      void *memory, uint64_t memory_bytes)
{
	uint64_t needed = umm_dma_pool_bytes(options);
	if (needed == 0)
		return -EINVAL;
	if (memory_bytes < needed)
		return -ENOSPC;
	*pool = with_geometry(options);
	pool->chunks = memory;
	pool->taken = (uint32_t *)(pool->chunks + options->max_chunks);
	memset(memory, 0, (size_t)needed);
	return 0;
}

static struct umm_dma_report report_about(const struct umm_dma_pool *pool, enum umm_dma_fault fault,
					  const char *site, struct umm_range range)
{
	return (struct umm_dma_report){
		.fault = fault,
		.buffer = pool->options.name,
		.device = pool->options.device->options.name,
		.site = site,
		.range = range,
	};
}

uint32_t umm_dma_pool_finish(struct umm_dma_pool *pool)
{
	uint32_t out = 0;
	for (uint32_t i = 0; i < pool->n_chunks; i++) {
		struct umm_dma_pool_chunk *chunk = &pool->chunks[i];
		out += chunk->used;
		struct umm_dma_report report = report_about(
			pool, UMM_DMA_LEAK, NULL,
			(struct umm_range){ chunk->coherent.address, pool->options.chunk_bytes });
		if (chunk->used > 0)
			umm_dma_report(pool->options.device, &report);
		umm_dma_free_coherent(&chunk->coherent, UMM_DMA_HERE);
	}
	pool->n_chunks = 0;
	return out;
}

/* ---- objects ---- */

static uint32_t *bitmap_of(const struct umm_dma_pool *pool, uint32_t chunk)
{
	return pool->taken + (size_t)chunk * words_of(pool->per_chunk);
}

static uint32_t find_free(const struct umm_dma_pool *pool, uint32_t chunk)
{
	const uint32_t *bitmap = bitmap_of(pool, chunk);
	for (uint32_t word = 0; word < words_of(pool->per_chunk); word++) {
		if (bitmap[word] == UINT32_MAX)
			continue;
		uint32_t bit = 0;
		while (bitmap[word] >> bit & 1)
			bit++;
		return word * WORD_BITS + bit;
	}
	return pool->per_chunk;
}

static int add_chunk(struct umm_dma_pool *pool)
{
	if (pool->n_chunks == pool->options.max_chunks)
		return -ENOMEM;
	struct umm_dma_pool_chunk *chunk = &pool->chunks[pool->n_chunks];
	chunk->used = 0;
	int ret = umm_dma_alloc_coherent(pool->options.device, pool->options.chunk_bytes,
					 pool->options.name, UMM_DMA_HERE, &chunk->coherent);
	if (ret == 0)
		pool->n_chunks++;
	return ret;
}

int umm_dma_pool_take(struct umm_dma_pool *pool, struct umm_dma_object *out)
{
	uint32_t i = 0;
	while (i < pool->n_chunks && pool->chunks[i].used == pool->per_chunk)
		i++;
	if (i == pool->n_chunks) {
		int ret = add_chunk(pool);
		if (ret < 0)
			return ret;
	}
	uint32_t object = find_free(pool, i);
	bitmap_of(pool, i)[object / WORD_BITS] |= UINT32_C(1) << object % WORD_BITS;
	pool->chunks[i].used++;
	*out = (struct umm_dma_object){
		.memory = pool->chunks[i].coherent.memory.start + offset_of(pool, object),
		.address = pool->chunks[i].coherent.address + offset_of(pool, object),
	};
	return 0;
}

static uint32_t chunk_with(const struct umm_dma_pool *pool, uint64_t address)
{
	uint32_t i = 0;
	while (i < pool->n_chunks &&
	       (address < pool->chunks[i].coherent.address ||
		address - pool->chunks[i].coherent.address >= pool->options.chunk_bytes))
		i++;
	return i;
}

static int refuse(struct umm_dma_pool *pool, enum umm_dma_fault fault, uint64_t address,
		  const char *site)
{
	struct umm_range range = { address, pool->options.object_bytes };
	struct umm_dma_report report = report_about(pool, fault, site, range);
	return umm_dma_refuse(pool->options.device, -EINVAL, &report);
}

int umm_dma_pool_give(struct umm_dma_pool *pool, uint64_t address, const char *site)
{
	uint32_t i = chunk_with(pool, address);
	if (i == pool->n_chunks)
		return refuse(pool, UMM_DMA_NEVER_MAPPED, address, site);
	struct umm_dma_pool_chunk *chunk = &pool->chunks[i];
	uint32_t object = object_at(pool, (uint32_t)(address - chunk->coherent.address));
	if (object == pool->per_chunk)
		return refuse(pool, UMM_DMA_WRONG_ADDRESS, address, site);
	uint32_t *word = &bitmap_of(pool, i)[object / WORD_BITS];
	uint32_t bit = UINT32_C(1) << object % WORD_BITS;
	if (!(*word & bit))
		return refuse(pool, UMM_DMA_USE_AFTER_UNMAP, address, site);
	*word &= ~bit;
	chunk->used--;
	return 0;
}

bool umm_dma_pool_valid(const struct umm_dma_pool *pool)
{
	for (uint32_t i = 0; i < pool->n_chunks; i++) {
		uint32_t used = 0;
		for (uint32_t bit = 0; bit < words_of(pool->per_chunk) * WORD_BITS; bit++)
			used += bitmap_of(pool, i)[bit / WORD_BITS] >> bit % WORD_BITS & 1;
		if (used != pool->chunks[i].used || used > pool->per_chunk)
			return false;
	}
	return pool->n_chunks <= pool->options.max_chunks;
}
