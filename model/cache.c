/* SPDX-License-Identifier: MIT */
#include "model/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int model_cache_init(struct model_cache *cache, uint32_t sets, uint32_t ways)
{
	cache->lines = calloc((size_t)sets * ways, sizeof(cache->lines[0]));
	if (cache->lines == NULL)
		return -ENOMEM;
	cache->sets = sets;
	cache->ways = ways;
	return 0;
}

void model_cache_finish(struct model_cache *cache)
{
	free(cache->lines);
	cache->lines = NULL;
}

static uint64_t line_of(uint64_t address)
{
	return umm_align_down(address, MODEL_LINE_BYTES);
}

static struct model_line *set_of(const struct model_cache *cache, uint64_t address)
{
	uint32_t set = (uint32_t)(address / MODEL_LINE_BYTES) & (cache->sets - 1);
	return cache->lines + (size_t)set * cache->ways;
}

struct model_line *model_cache_find(const struct model_cache *cache, uint64_t address)
{
	struct model_line *set = set_of(cache, address);
	for (uint32_t way = 0; way < cache->ways; way++)
		if (set[way].valid && set[way].address == line_of(address))
			return &set[way];
	return NULL;
}

static uint8_t *memory_line(struct model_cache *cache, uint64_t address)
{
	return model_memory_at(cache->memory,
			       (struct umm_range){ line_of(address), MODEL_LINE_BYTES });
}

static void write_back(struct model_cache *cache, struct model_line *line)
{
	if (!line->dirty)
		return;
	if (cache->below != NULL)
		model_cache_write(cache->below, line->address, line->bytes, MODEL_LINE_BYTES);
	else
		memcpy(memory_line(cache, line->address), line->bytes, MODEL_LINE_BYTES);
	line->dirty = false;
}

static void evict(struct model_cache *cache, struct model_line *line)
{
	if (!line->valid)
		return;
	write_back(cache, line);
	line->valid = false;
	cache->evicted++;
}

/* The line, brought in if it is not there. */
static struct model_line *fill(struct model_cache *cache, uint64_t address)
{
	struct model_line *line = model_cache_find(cache, address);
	if (line != NULL)
		return line;
	struct model_line *set = set_of(cache, address);
	line = &set[model_dice_below(cache->dice, cache->ways)];
	for (uint32_t way = 0; way < cache->ways; way++)
		if (!set[way].valid)
			line = &set[way];
	evict(cache, line);
	line->address = line_of(address);
	line->valid = true;
	if (cache->below != NULL)
		model_cache_read(cache->below, line->address, line->bytes, MODEL_LINE_BYTES);
	else
		memcpy(line->bytes, memory_line(cache, address), MODEL_LINE_BYTES);
	return line;
}

void model_cache_read(struct model_cache *cache, uint64_t address, void *bytes, uint32_t size)
{
	memcpy(bytes, fill(cache, address)->bytes + address % MODEL_LINE_BYTES, size);
}

void model_cache_write(struct model_cache *cache, uint64_t address, const void *bytes,
		       uint32_t size)
{
	struct model_line *line = fill(cache, address);
	memcpy(line->bytes + address % MODEL_LINE_BYTES, bytes, size);
	line->dirty = true;
}

void model_cache_clean(struct model_cache *cache, uint64_t address)
{
	struct model_line *line = model_cache_find(cache, address);
	if (line == NULL || !line->dirty)
		return;
	write_back(cache, line);
	cache->cleaned++;
}

void model_cache_invalidate(struct model_cache *cache, uint64_t address)
{
	struct model_line *line = model_cache_find(cache, address);
	if (line == NULL)
		return;
	line->valid = line->dirty = false;
	cache->invalidated++;
}

void model_cache_evict(struct model_cache *cache)
{
	evict(cache, &cache->lines[model_dice_below(cache->dice, cache->sets * cache->ways)]);
}

void model_cache_prefetch(struct model_cache *cache, uint64_t address)
{
	if (model_cache_find(cache, address) != NULL)
		return;
	fill(cache, address);
	cache->prefetched++;
}
