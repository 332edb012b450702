/* SPDX-License-Identifier: MIT */
/**
 * A write-back cache with real bytes in its lines, so that a missing clean or invalidate shows.
 *
 * Sets and ways, physically addressed, victims by chance. Below it is another cache or memory.
 */
#ifndef UMM_MODEL_CACHE_H
#define UMM_MODEL_CACHE_H

#include "model/dice.h"
#include "model/memory.h"

#define MODEL_LINE_BYTES 64u

struct model_line {
	uint64_t address;
	bool valid, dirty;
	uint8_t bytes[MODEL_LINE_BYTES];
};

struct model_cache {
	struct model_cache *below; /**< NULL: memory */
	struct model_memory *memory;
	struct model_dice *dice;
	struct model_line *lines; /**< sets x ways */
	uint32_t sets, ways;
	uint64_t cleaned, invalidated, evicted, prefetched; /**< lines */
};

/** sets: a power of two. 0 or -ENOMEM. */
int model_cache_init(struct model_cache *cache, uint32_t sets, uint32_t ways);
void model_cache_finish(struct model_cache *cache);

/** Bytes of one line, inside memory. */
void model_cache_read(struct model_cache *cache, uint64_t address, void *bytes, uint32_t size);
void model_cache_write(struct model_cache *cache, uint64_t address, const void *bytes,
		       uint32_t size);

/** The line with that address, or NULL. */
struct model_line *model_cache_find(const struct model_cache *cache, uint64_t address);

/** Write a dirty line back; forget a line. */
void model_cache_clean(struct model_cache *cache, uint64_t address);
void model_cache_invalidate(struct model_cache *cache, uint64_t address);

/** What hardware does on its own: throw out any line; bring one in. */
void model_cache_evict(struct model_cache *cache);
void model_cache_prefetch(struct model_cache *cache, uint64_t address);

#endif
