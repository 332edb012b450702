/* SPDX-License-Identifier: MIT */
/** What the backends share whose memory addresses are virtual ones: caches, copies, memory. */
#ifndef UMM_DEVICE_DMA_VIRTUAL_H
#define UMM_DEVICE_DMA_VIRTUAL_H

#include "core/dma_ops.h"

void umm_virtual_clean(void *machine, struct umm_run memory);
void umm_virtual_invalidate(void *machine, struct umm_run memory);
void umm_virtual_order(void *machine);
void umm_virtual_copy(void *machine, uint64_t to, uint64_t from, uint64_t size_bytes);
int umm_virtual_take(void *machine, const struct umm_dma_memory_want *want, uint64_t *memory);
void umm_virtual_give(void *machine, struct umm_run memory);

#endif
