/* SPDX-License-Identifier: MIT */
#include "core/dma_cache.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

void umm_dma_cache_init(struct umm_dma_cache *cache, struct umm_dma_cached *entries,
			uint32_t capacity)
{
	*cache = (struct umm_dma_cache){ .entries = entries, .capacity = capacity };
	memset(entries, 0, capacity * sizeof(entries[0]));
}

static struct umm_dma_use use_of(const struct umm_dma_mapping *mapping, const char *site)
{
	return (struct umm_dma_use){
		.buffer = mapping->buffer,
		.site = site,
		.direction = mapping->direction,
		.attributes = mapping->attributes,
	};
}

static bool fits(const struct umm_dma_cached *entry, const struct umm_dma_device *device,
		 uint64_t buffer, const struct umm_dma_use *use)
{
	return entry->mapping != NULL && entry->buffer == buffer &&
	       entry->mapping->device == device && entry->mapping->direction == use->direction &&
	       entry->mapping->attributes == use->attributes;
}

static struct umm_dma_cached *find(struct umm_dma_cache *cache, const struct umm_dma_device *device,
				   uint64_t buffer, const struct umm_dma_use *use)
{
	for (uint32_t i = 0; i < cache->capacity; i++)
		if (fits(&cache->entries[i], device, buffer, use))
			return &cache->entries[i];
	return NULL;
}

/* The entry idle for longest, of that device or any (NULL); NULL: all are in use. */
static struct umm_dma_cached *find_idle(struct umm_dma_cache *cache,
					const struct umm_dma_device *device)
{
	struct umm_dma_cached *oldest = NULL;
	for (uint32_t i = 0; i < cache->capacity; i++) {
		struct umm_dma_cached *entry = &cache->entries[i];
		if (entry->mapping == NULL || entry->users > 0 ||
		    (device != NULL && entry->mapping->device != device))
			continue;
		if (oldest == NULL || entry->used_at < oldest->used_at)
			oldest = entry;
	}
	return oldest;
}

/* The bytes went back to the CPU with the last put: nothing to sync any more. */
static void drop(struct umm_dma_cached *entry)
{
	struct umm_dma_use use = use_of(entry->mapping, UMM_DMA_HERE);
	entry->mapping->attributes |= UMM_DMA_SKIP_SYNC;
	umm_dma_unmap_buffer(entry->mapping, &use);
	entry->mapping = NULL;
}

static struct umm_dma_cached *find_place(struct umm_dma_cache *cache)
{
	for (uint32_t i = 0; i < cache->capacity; i++)
		if (cache->entries[i].mapping == NULL)
			return &cache->entries[i];
	struct umm_dma_cached *entry = find_idle(cache, NULL);
	if (entry == NULL)
		return NULL;
	drop(entry);
	cache->evictions++;
	return entry;
}

/* Map, and where the device has no room left, make some. */
static int map(struct umm_dma_cache *cache, struct umm_dma_device *device,
	       const struct umm_dma_buffer *buffer, const struct umm_dma_use *use,
	       struct umm_sg *segments, struct umm_dma_mapping **out)
{
	for (;;) {
		int ret = umm_dma_map_buffer(device, buffer->memory, use, segments, out);
		if (ret != -ENOSPC && ret != -ENOMEM)
			return ret;
		struct umm_dma_cached *entry = find_idle(cache, device);
		if (entry == NULL)
			return ret;
		drop(entry);
		cache->evictions++;
	}
}

static int get_new(struct umm_dma_cache *cache, struct umm_dma_device *device,
		   const struct umm_dma_buffer *buffer, const struct umm_dma_use *use,
		   struct umm_sg *segments, struct umm_dma_mapping **out)
{
	struct umm_dma_use named = *use;
	named.buffer = buffer->name;
	struct umm_dma_cached *entry = find_place(cache);
	if (entry == NULL)
		return -ENOSPC;
	int ret = map(cache, device, buffer, &named, segments, out);
	if (ret < 0)
		return ret;
	*entry = (struct umm_dma_cached){
		.mapping = *out,
		.buffer = buffer->id,
		.used_at = cache->clock,
		.users = 1,
	};
	cache->misses++;
	return 0;
}

static int get(struct umm_dma_cache *cache, struct umm_dma_device *device,
	       const struct umm_dma_buffer *buffer, const struct umm_dma_use *use,
	       struct umm_sg *segments, struct umm_dma_mapping **out)
{
	cache->clock++;
	struct umm_dma_cached *entry = find(cache, device, buffer->id, use);
	if (entry == NULL)
		return get_new(cache, device, buffer, use, segments, out);
	int ret = umm_dma_segments(entry->mapping, segments);
	if (ret < 0)
		return ret;
	struct umm_dma_use named = use_of(entry->mapping, use->site);
	if (entry->users == 0 && !(use->attributes & UMM_DMA_SKIP_SYNC))
		umm_dma_sync_buffer(entry->mapping, (struct umm_range){ 0 }, UMM_DMA_FOR_DEVICE,
				    &named);
	entry->users++;
	entry->used_at = cache->clock;
	cache->hits++;
	*out = entry->mapping;
	return 0;
}

int umm_dma_cache_get(struct umm_dma_cache *cache, struct umm_dma_device *device,
		      const struct umm_dma_buffer *buffer, const struct umm_dma_use *use,
		      struct umm_sg *segments, struct umm_dma_mapping **out)
{
	umm_lock_take(&cache->lock);
	int ret = get(cache, device, buffer, use, segments, out);
	umm_lock_give(&cache->lock);
	return ret;
}

static int put(struct umm_dma_cache *cache, struct umm_dma_mapping *mapping, const char *site)
{
	uint32_t i = 0;
	while (i < cache->capacity && cache->entries[i].mapping != mapping)
		i++;
	if (mapping == NULL || i == cache->capacity || cache->entries[i].users == 0)
		return -EINVAL;
	struct umm_dma_use use = use_of(mapping, site);
	if (--cache->entries[i].users == 0 && !(mapping->attributes & UMM_DMA_SKIP_SYNC))
		umm_dma_sync_buffer(mapping, (struct umm_range){ 0 }, UMM_DMA_FOR_CPU, &use);
	return 0;
}

int umm_dma_cache_put(struct umm_dma_cache *cache, struct umm_dma_mapping *mapping,
		      const char *site)
{
	umm_lock_take(&cache->lock);
	int ret = put(cache, mapping, site);
	umm_lock_give(&cache->lock);
	return ret;
}

static bool about(const struct umm_dma_cached *entry, const uint64_t *buffer,
		  const struct umm_dma_device *device)
{
	return entry->mapping != NULL && (buffer == NULL || entry->buffer == *buffer) &&
	       (device == NULL || entry->mapping->device == device);
}

static int forget_locked(struct umm_dma_cache *cache, const uint64_t *buffer,
			 const struct umm_dma_device *device)
{
	for (uint32_t i = 0; i < cache->capacity; i++)
		if (about(&cache->entries[i], buffer, device) && cache->entries[i].users > 0)
			return -EBUSY;
	for (uint32_t i = 0; i < cache->capacity; i++)
		if (about(&cache->entries[i], buffer, device))
			drop(&cache->entries[i]);
	return 0;
}

static int forget(struct umm_dma_cache *cache, const uint64_t *buffer,
		  const struct umm_dma_device *device)
{
	umm_lock_take(&cache->lock);
	int ret = forget_locked(cache, buffer, device);
	umm_lock_give(&cache->lock);
	return ret;
}

int umm_dma_cache_forget(struct umm_dma_cache *cache, uint64_t buffer)
{
	return forget(cache, &buffer, NULL);
}

int umm_dma_cache_forget_device(struct umm_dma_cache *cache, const struct umm_dma_device *device)
{
	return forget(cache, NULL, device);
}
