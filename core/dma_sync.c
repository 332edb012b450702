/* SPDX-License-Identifier: MIT */
/**
 * Cache work and bounce copies: the only place where bytes of a mapping are made the same for CPU
 * and device.
 *
 * A cache line at the edge of a part may hold bytes of somebody else. It is cleaned before it is
 * invalidated: if the neighbour has written there those bytes survive; if not the clean does
 * nothing. (Should both be dirty the line is shared by two owners, which the checker reports.)
 */
#include "core/dma_private.h"

#include <stddef.h>

#include "core/step.h"

void umm_dma_clean(struct umm_dma_device *device, struct umm_range memory)
{
	if (device->options.limits.coherent)
		return;
	device->options.ops->clean(device->options.machine, memory);
	device->stats.cleans++;
	device->stats.cleaned_bytes += memory.size;
}

void umm_dma_invalidate(struct umm_dma_device *device, struct umm_range memory)
{
	if (device->options.limits.coherent)
		return;
	device->options.ops->invalidate(device->options.machine, memory);
	device->stats.invalidates++;
	device->stats.invalidated_bytes += memory.size;
}

static void clean_edges(struct umm_dma_device *device, struct umm_range memory)
{
	uint64_t line = device->options.line_bytes;
	if ((memory.start & (line - 1)) != 0)
		umm_dma_clean(device, (struct umm_range){ memory.start, 1 });
	if (((umm_range_last(memory) + 1) & (line - 1)) != 0)
		umm_dma_clean(device, (struct umm_range){ umm_range_last(memory), 1 });
}

static void copy(struct umm_dma_mapping *mapping, uint64_t to, uint64_t from, uint64_t size_bytes)
{
	struct umm_dma_device *device = mapping->device;
	const struct umm_dma_sink *sink = device->options.sink;
	device->options.ops->copy(device->options.machine, to, from, size_bytes);
	mapping->bounced_bytes += size_bytes;
	if (sink != NULL && sink->bounced != NULL)
		sink->bounced(sink->user, device->options.name, mapping->buffer, size_bytes);
}

static void copy_in(struct umm_dma_mapping *mapping, struct umm_range memory, struct umm_range slot)
{
	struct umm_dma_device *device = mapping->device;
	bool reads = mapping->direction & UMM_DMA_TO_DEVICE;
	if (reads ? UMM_STEP(BOUNCE_IN) : UMM_STEP(BOUNCE_IN_FROM)) {
		copy(mapping, slot.start, memory.start, memory.size);
		device->stats.bounced_in_bytes += memory.size;
	}
	if (UMM_STEP(BOUNCE_CLEAN))
		umm_dma_clean(device, slot);
}

static void copy_out(struct umm_dma_mapping *mapping, struct umm_range memory,
		     struct umm_range slot)
{
	struct umm_dma_device *device = mapping->device;
	if (UMM_STEP(BOUNCE_INVALIDATE))
		umm_dma_invalidate(device, slot);
	if (UMM_STEP(BOUNCE_OUT)) {
		copy(mapping, memory.start, slot.start, memory.size);
		device->stats.bounced_out_bytes += memory.size;
	}
}

/* ---- walking a part of a mapping ---- */

struct walk {
	const struct umm_dma_piece *piece; /* that comes next; NULL: the end */
	struct umm_range left;		   /* offsets from the start of that piece */
};

static struct walk walk_part(const struct umm_dma_mapping *mapping, struct umm_range part)
{
	return (struct walk){ umm_dma_piece_at(mapping->device, mapping->first), part };
}

/* The next piece of memory of the part, and its slot (address UMM_DMA_NO_ADDRESS: none). */
static bool walk_next(const struct umm_dma_mapping *mapping, struct walk *walk,
		      struct umm_range *memory, struct umm_range *slot)
{
	const struct umm_dma_piece *piece = walk->piece;
	while (piece != NULL && walk->left.start >= piece->size_bytes) {
		walk->left.start -= piece->size_bytes;
		piece = umm_dma_piece_at(mapping->device, piece->next);
	}
	walk->piece = piece;
	if (piece == NULL || walk->left.size == 0)
		return false;

	uint64_t size = piece->size_bytes - walk->left.start;
	if (size > walk->left.size)
		size = walk->left.size;
	bool bounced = piece->slot != UMM_DMA_NO_ADDRESS;
	*memory = (struct umm_range){ piece->memory + walk->left.start, size };
	*slot = (struct umm_range){ bounced ? piece->slot + walk->left.start : UMM_DMA_NO_ADDRESS,
				    size };
	walk->left.start += size;
	walk->left.size -= size;
	return true;
}

void umm_dma_for_device(struct umm_dma_mapping *mapping, struct umm_range part)
{
	struct walk walk = walk_part(mapping, part);
	struct umm_range memory, slot;
	while (walk_next(mapping, &walk, &memory, &slot)) {
		if (slot.start != UMM_DMA_NO_ADDRESS)
			copy_in(mapping, memory, slot);
		else if (UMM_STEP(MAP_CLEAN))
			umm_dma_clean(mapping->device, memory);
	}
	if (!(mapping->attributes & UMM_DMA_WEAK_ORDER))
		umm_dma_order(mapping->device);
}

static void invalidate_memory(struct umm_dma_device *device, struct umm_range memory)
{
	if (UMM_STEP(EDGE_CLEAN))
		clean_edges(device, memory);
	if (UMM_STEP(UNMAP_INVALIDATE))
		umm_dma_invalidate(device, memory);
}

void umm_dma_for_cpu(struct umm_dma_mapping *mapping, struct umm_range part)
{
	if (!(mapping->direction & UMM_DMA_FROM_DEVICE))
		return;
	struct walk walk = walk_part(mapping, part);
	struct umm_range memory, slot;
	while (walk_next(mapping, &walk, &memory, &slot)) {
		if (slot.start != UMM_DMA_NO_ADDRESS)
			copy_out(mapping, memory, slot);
		else
			invalidate_memory(mapping->device, memory);
	}
}

bool umm_dma_bounced(const struct umm_dma_mapping *mapping)
{
	const struct umm_dma_piece *piece = umm_dma_piece_at(mapping->device, mapping->first);
	for (; piece != NULL; piece = umm_dma_piece_at(mapping->device, piece->next))
		if (piece->slot != UMM_DMA_NO_ADDRESS)
			return true;
	return false;
}

static void for_each_slot(struct umm_dma_mapping *mapping,
			  void (*work)(struct umm_dma_mapping *, struct umm_range,
				       struct umm_range))
{
	struct walk walk = walk_part(mapping, (struct umm_range){ 0, mapping->size_bytes });
	struct umm_range memory, slot;
	while (walk_next(mapping, &walk, &memory, &slot))
		if (slot.start != UMM_DMA_NO_ADDRESS)
			work(mapping, memory, slot);
}

void umm_dma_bounce_in(struct umm_dma_mapping *mapping)
{
	for_each_slot(mapping, copy_in);
}

void umm_dma_bounce_out(struct umm_dma_mapping *mapping)
{
	for_each_slot(mapping, copy_out);
}

void umm_dma_order(struct umm_dma_device *device)
{
	if (device->options.ops->order == NULL || !UMM_STEP(ORDER))
		return;
	device->options.ops->order(device->options.machine);
	device->stats.barriers++;
}
