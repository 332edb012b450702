/* SPDX-License-Identifier: MIT */
/**
 * Mappings that outlive their use: the next frame in the same buffer finds it mapped.
 *
 * Keyed by buffer, device and direction (and the attributes, which change what a mapping does).
 * Long-lived mappings beat map and unmap per frame by 2.6x to 8.8x in the kernel's own figures. A
 * mapping nobody uses stays until the buffer goes, its place is needed, or the device runs out of
 * addresses, pieces or slots; the one idle for longest goes first.
 *
 * Get hands the buffer to the device, put back to the CPU: the sync is done by the first get and
 * the last put, however many users there are in between, and not at all with UMM_DMA_SKIP_SYNC.
 *
 * Threads: with a lock, any number of them may call the cache. It is held during each call, the
 * work on the device included, so whoever else calls a device that is in the cache takes the same
 * lock, and devices that share a pool, an IOVA space or a checker share it too. Between get and put
 * nobody needs it: mapping and segments stay as they are, and the memory is the device's.
 */
#ifndef UMM_CORE_DMA_CACHE_H
#define UMM_CORE_DMA_CACHE_H

#include "core/dma.h"
#include "core/lock.h"

/** What is mapped. The name lives until the buffer is forgotten. */
struct umm_dma_buffer {
	uint64_t id; /**< unique as long as the cache knows the buffer */
	const char *name;
	const struct umm_sg *memory;
};

struct umm_dma_cached {
	struct umm_dma_mapping *mapping; /**< NULL: the entry is free */
	uint64_t buffer;
	uint64_t used_at; /**< by the cache's clock */
	uint32_t users;
};

struct umm_dma_cache {
	struct umm_dma_cached *entries;
	uint32_t capacity;
	uint64_t clock;
	uint64_t hits, misses, evictions;
	struct umm_lock lock; /**< none after init; set it before the second thread comes */
};

void umm_dma_cache_init(struct umm_dma_cache *cache, struct umm_dma_cached *entries,
			uint32_t capacity);

/** A mapping of the whole buffer, and its segments appended to an empty list. `use->buffer` is not
 * looked at. Returns 0, -ENOSPC (all entries are in use, or `segments` is too small), or as
 * umm_dma_map_buffer(). */
int umm_dma_cache_get(struct umm_dma_cache *cache, struct umm_dma_device *device,
		      const struct umm_dma_buffer *buffer, const struct umm_dma_use *use,
		      struct umm_sg *segments, struct umm_dma_mapping **out);

/** The user is done. -EINVAL if it is no mapping of the cache, or nobody uses it. */
int umm_dma_cache_put(struct umm_dma_cache *cache, struct umm_dma_mapping *mapping,
		      const char *site);

/** The buffer dies or moves: unmap it everywhere. -EBUSY if somebody uses it; nothing is unmapped
 * then. */
int umm_dma_cache_forget(struct umm_dma_cache *cache, uint64_t buffer);

/** The device goes: unmap everything of it that is idle. -EBUSY if some is not. */
int umm_dma_cache_forget_device(struct umm_dma_cache *cache, const struct umm_dma_device *device);

#endif
