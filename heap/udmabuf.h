/* SPDX-License-Identifier: MIT */
/** A dma-buf over a memory file, for heaps of memory files. */
#ifndef UMM_HEAP_UDMABUF_H
#define UMM_HEAP_UDMABUF_H

#include "heap/heap.h"

/** What the heap of the files says of itself, as it is seen through the device. */
void umm_udmabuf_overlay(struct umm_heap_properties *out);

/** Give a file that umm_memfd_create() made as a dma-buf over it. It is taken, also on failure.
 * As umm_udmabuf_create(). */
int umm_udmabuf_give(const struct umm_heap_request *request, int take_memfd,
		     struct umm_heap_memory *out);

#endif
