/* SPDX-License-Identifier: MIT */
/** dma-heaps: dma-bufs from the nodes in /dev/dma_heap (include/uapi/linux/dma-heap.h). */
#ifndef UMM_OS_DMAHEAP_H
#define UMM_OS_DMAHEAP_H

#include <stdint.h>

#define UMM_DMAHEAP_DIRECTORY "/dev/dma_heap"

/** 0: this process may take memory from the node; else what open(2) of it says. */
int umm_dmaheap_check(const char *node);

/** A zeroed dma-buf of `size_bytes`, rounded up to pages. *out_fd is the caller's. Returns 0,
 * -ENOMEM, or what the kernel says. The kernel has no limit of its own: ask for what is there. */
int umm_dmaheap_allocate(const char *node, uint64_t size_bytes, int *out_fd);

#endif
