/* SPDX-License-Identifier: MIT */
/** What the backends share whose memory addresses are virtual ones and whose IOMMU is the kernel's:
 * caches, copies, memory, calls. */
#ifndef UMM_DEVICE_DMA_VIRTUAL_H
#define UMM_DEVICE_DMA_VIRTUAL_H

#include "device/dma.h"

void umm_virtual_clean(void *machine, struct umm_range memory);
void umm_virtual_invalidate(void *machine, struct umm_range memory);
void umm_virtual_order(void *machine);
void umm_virtual_copy(void *machine, uint64_t to, uint64_t from, uint64_t size_bytes);
int umm_virtual_take(void *machine, const struct umm_dma_memory_want *want, uint64_t *memory);
void umm_virtual_give(void *machine, struct umm_range memory);

/** `function`, or ioctl(2) if that is NULL, again after a signal: 0 or a negative errno. */
int umm_virtual_ioctl(umm_ioctl function, int fd, unsigned long request, void *argument);

/** The kernel should have taken away a mapping; it returned `ret` and says that it did so for
 * `done` bytes. What is not all of them is logged, and counted in *failed. */
void umm_virtual_judge_unmap(const char *kernel, struct umm_range device, int ret, uint64_t done,
			     uint64_t *failed);

/** Nothing is left to flush: the kernel does it before an unmap returns. */
void umm_virtual_flush(void *iommu, struct umm_range device);

#endif
