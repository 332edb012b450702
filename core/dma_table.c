/* SPDX-License-Identifier: MIT */
/**
 * The book of live mappings: a hash table by device address, and chains of pieces, all in arrays
 * of the caller and linked by index. Several mappings may begin at the same address (a direct
 * device that maps the same memory twice), so a claim is compared as a whole and the best fit wins.
 */
#include "core/dma_private.h"

#include <errno.h>

struct umm_dma_mapping *umm_dma_table_take(struct umm_dma_device *device)
{
	if (device->free_mapping == UMM_DMA_NONE)
		return NULL;
	struct umm_dma_mapping *mapping = &device->mappings[device->free_mapping];
	device->free_mapping = mapping->next;
	*mapping = (struct umm_dma_mapping){
		.device = device,
		.address = UMM_DMA_NO_ADDRESS,
		.first = UMM_DMA_NONE,
		.last = UMM_DMA_NONE,
		.next = UMM_DMA_NONE,
	};
	return mapping;
}

static uint32_t index_of(const struct umm_dma_mapping *mapping)
{
	return (uint32_t)(mapping - mapping->device->mappings);
}

/* Fibonacci hashing; the low bits of an address say little. */
static uint32_t *bucket_of(struct umm_dma_device *device, uint64_t address)
{
	uint64_t mixed = (address >> 4) * UINT64_C(0x9e3779b97f4a7c15);
	return &device->buckets[(uint32_t)(mixed >> 40) & (device->n_buckets - 1)];
}

void umm_dma_table_insert(struct umm_dma_mapping *mapping)
{
	mapping->address = mapping->device->pieces[mapping->first].device;
	uint32_t *bucket = bucket_of(mapping->device, mapping->address);
	mapping->next = *bucket;
	*bucket = index_of(mapping);
	mapping->device->live++;
}

void umm_dma_table_remove(struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	uint32_t *link = bucket_of(device, mapping->address);
	while (*link != index_of(mapping))
		link = &device->mappings[*link].next;
	*link = mapping->next;
	device->live--;
}

void umm_dma_table_clear_pieces(struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	if (mapping->first == UMM_DMA_NONE)
		return;
	device->pieces[mapping->last].next = device->free_piece;
	device->free_piece = mapping->first;
	mapping->first = mapping->last = UMM_DMA_NONE;
}

void umm_dma_table_give(struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	umm_dma_table_clear_pieces(mapping);
	mapping->kind = UMM_DMA_FREE;
	mapping->next = device->free_mapping;
	device->free_mapping = index_of(mapping);
}

int umm_dma_table_add_piece(struct umm_dma_mapping *mapping, struct umm_dma_piece piece)
{
	struct umm_dma_device *device = mapping->device;
	uint32_t index = device->free_piece;
	if (index == UMM_DMA_NONE)
		return -ENOMEM;
	device->free_piece = device->pieces[index].next;
	piece.next = UMM_DMA_NONE;
	device->pieces[index] = piece;
	if (mapping->first == UMM_DMA_NONE)
		mapping->first = index;
	else
		device->pieces[mapping->last].next = index;
	mapping->last = index;
	return 0;
}

static unsigned fit(const struct umm_dma_mapping *mapping, const struct umm_dma_claim *claim,
		    enum umm_dma_direction direction)
{
	unsigned points = 1;
	points += mapping->kind == claim->kind ? 8 : 0;
	points += mapping->size_bytes == claim->mapped.size ? 4 : 0;
	points += mapping->direction == direction ? 2 : 0;
	points += claim->n_runs == 0 || mapping->n_runs == claim->n_runs ? 1 : 0;
	return points;
}

struct umm_dma_mapping *umm_dma_table_find(struct umm_dma_device *device,
					   const struct umm_dma_claim *claim,
					   enum umm_dma_direction direction)
{
	struct umm_dma_mapping *best = NULL;
	unsigned best_fit = 0;
	uint32_t i = *bucket_of(device, claim->mapped.start);
	for (; i != UMM_DMA_NONE; i = device->mappings[i].next) {
		struct umm_dma_mapping *mapping = &device->mappings[i];
		if (mapping->address != claim->mapped.start)
			continue;
		unsigned points = fit(mapping, claim, direction);
		if (points <= best_fit)
			continue;
		best_fit = points;
		best = mapping;
	}
	return best;
}
