/* SPDX-License-Identifier: MIT */
/**
 * What heaps of kernel memory have in common: a bound that is ours, because the kernel has none,
 * properties told in words, and dma-bufs with a name.
 */
#ifndef UMM_HEAP_PINNED_H
#define UMM_HEAP_PINNED_H

#include "heap/heap.h"

/**
 * How much may be taken of memory that can be neither swapped nor dropped: what the limits of this
 * process leave, less an eighth that the machine keeps. UINT64_MAX where nobody tells. `why` gets
 * it in words.
 */
uint64_t umm_pinned_room(char *why, unsigned size);

/** Whether that is enough for this. */
bool umm_pinned_has_room(uint64_t size_bytes);

/** What the contiguous areas of the machine have left, all together, and how that is known; false:
 * it has none. */
bool umm_cma_free(uint64_t *out, const char **why);

/** free_bytes of a heap that takes ordinary memory, and why. */
void umm_pinned_fill(struct umm_heap_properties *out);

/** Say how one more fact is known. */
void umm_heap_tell(struct umm_heap_properties *out, const char *format, ...) UMM_PRINTF(2, 3);

/** A driver that gives runs: they come from a contiguous area, or else from the page allocator,
 * whose largest block is the largest buffer then. */
void umm_heap_set_contiguous(struct umm_heap_properties *out);

/** Bytes to make rows of, for drivers that make whole pages of them: those of the image alone where
 * its pages are all that is requested. A GPU takes the rows for the image's own. */
uint64_t umm_heap_row_bytes(const struct umm_heap_request *request);

/** Is the dma-buf as large as requested? Returns 0, -EOPNOTSUPP with a line in the log, or another
 * negative errno. */
int umm_heap_check_size(int fd, const struct umm_heap_request *request);

/** Fill a dma-buf with zeroes, for drivers that may give somebody's old picture. 0 or a negative
 * errno. */
int umm_heap_clear(int fd);

/** A dma-buf that is all there is to a buffer: named as requested, and given. The fd is taken, also
 * on failure. 0 or a negative errno. */
int umm_heap_give_dmabuf(const struct umm_heap_request *request, int take_fd,
			 struct umm_heap_memory *out);

#endif
