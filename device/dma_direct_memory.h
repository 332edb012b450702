/* SPDX-License-Identifier: MIT */
/**
 * Contiguous memory for devices without IOMMU: descriptors, rings, mailboxes.
 *
 * One run of an arena that knows physical addresses, cut into pages by a region of its own: an
 * arena's granule is a huge page, a ring's is not.
 */
#ifndef UMM_DEVICE_DMA_DIRECT_MEMORY_H
#define UMM_DEVICE_DMA_DIRECT_MEMORY_H

#include "device/dma.h"
#include "heap/arena.h"

/**
 * Take a run of the arena that is like `want` (its size, and where the devices reach). *out:
 * umm_direct_memory_close(); the arena stays until then. Returns 0, -EACCES (the arena does not
 * know where its pages are: a device would be told nonsense), -ENOMEM, or as umm_arena_take() and
 * umm_arena_map().
 */
int umm_direct_memory_open(struct umm_arena *arena, const struct umm_region_request *want,
			   struct umm_direct_memory **out);

/** Give the run back; nothing of it may be in use. NULL is fine. */
void umm_direct_memory_close(struct umm_direct_memory *memory);

/** Where this process sees it, all of it. */
const struct umm_direct_window *umm_direct_memory_window(const struct umm_direct_memory *memory);

/** Zeroed, or -ENOMEM: nothing fits. */
int umm_direct_memory_take(struct umm_direct_memory *memory, const struct umm_dma_memory_want *want,
			   uint64_t *out);
void umm_direct_memory_give(struct umm_direct_memory *memory, struct umm_range run);

#endif
