/* SPDX-License-Identifier: MIT */
/**
 * A pool of small coherent objects of one size: descriptors that are too small for pages.
 *
 * Coherent memory is taken a chunk at a time and cut into objects that never cross the boundary;
 * which are taken stands in a bitmap outside of it, because a device that runs wild must not reach
 * the books. Chunks stay until the pool goes.
 *
 *	chunk    |obj|obj|obj| |obj|obj|obj| |		| | too short for one more
 *	blocks   0             boundary
 */
#ifndef UMM_CORE_DMA_POOL_H
#define UMM_CORE_DMA_POOL_H

#include "core/dma_coherent.h"

struct umm_dma_pool_chunk {
	struct umm_dma_coherent coherent;
	uint32_t used;
};

struct umm_dma_pool_options {
	const char *name;
	struct umm_dma_device *device;
	uint32_t object_bytes, align_bytes; /**< align: power of two */
	uint32_t boundary_bytes;	    /**< power of two, at least an object; 0: the chunk */
	uint32_t chunk_bytes;		    /**< power of two, at least a page */
	uint32_t max_chunks;
};

struct umm_dma_pool {
	struct umm_dma_pool_options options;
	uint32_t stride, per_block, block_bytes, per_chunk;
	struct umm_dma_pool_chunk *chunks;
	uint32_t n_chunks;
	uint32_t *taken; /**< words_of(per_chunk) words a chunk */
};

/** One object, as CPU and device name it. */
struct umm_dma_object {
	uint64_t memory, address;
};

/** Bytes of memory that umm_dma_pool_init() needs; 0: the options make no sense. */
uint64_t umm_dma_pool_bytes(const struct umm_dma_pool_options *options);

/** `memory` is aligned for uint64_t. 0, -EINVAL, -ENOSPC. */
int umm_dma_pool_init(struct umm_dma_pool *pool, const struct umm_dma_pool_options *options,
		      void *memory, uint64_t memory_bytes);

/** 0, -ENOMEM (max_chunks are full), or what allocating a chunk gave. The content is unknown. */
int umm_dma_pool_take(struct umm_dma_pool *pool, struct umm_dma_object *out);

/** By device address; -EINVAL and a report for what is no object of this pool, or not taken. */
int umm_dma_pool_give(struct umm_dma_pool *pool, uint64_t address, const char *site);

/** Free the chunks; a report for each that has objects out. Returns how many objects were. */
uint32_t umm_dma_pool_finish(struct umm_dma_pool *pool);

bool umm_dma_pool_valid(const struct umm_dma_pool *pool);

#endif
