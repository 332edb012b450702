/* SPDX-License-Identifier: MIT */
/**
 * Memory that CPU and device may touch at the same time: rings, descriptors, mailboxes.
 *
 * It is contiguous, zeroed, and aligned to its own size rounded up to a power of two. For a device
 * that does not see the CPU's caches the CPU goes past them: what is dirty is written back, the
 * memory becomes uncached, and only then what is left in the caches is forgotten, when nothing can
 * bring it back. Barriers stay the caller's: umm_dma_order() before the device is told.
 */
#ifndef UMM_CORE_DMA_COHERENT_H
#define UMM_CORE_DMA_COHERENT_H

#include "core/dma.h"

struct umm_dma_coherent {
	struct umm_range memory; /**< whole pages */
	uint64_t address;	 /**< as the device names it */
	struct umm_dma_mapping *mapping;
};

/** Returns 0, -EINVAL (size 0, or ops that cannot), -ENOMEM, -ERANGE (nothing below the device's
 * coherent mask), -ENOSPC (device addresses). *out is written on success. */
int umm_dma_alloc_coherent(struct umm_dma_device *device, uint64_t size_bytes, const char *buffer,
			   const char *site, struct umm_dma_coherent *out);

/** Give it back; -EINVAL and a report if it is not (any more) allocated. */
int umm_dma_free_coherent(struct umm_dma_coherent *coherent, const char *site);

#endif
