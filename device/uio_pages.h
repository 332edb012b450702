/* SPDX-License-Identifier: MIT */
/**
 * Where the pages of a buffer are for a device without IOMMU, and that they stay there.
 *
 * What keeps the pages of a memory file in their place is the dma-buf over it. That they belong
 * together is only somebody's word, and a device that is told of pages that may move writes into
 * whatever is there later. So it is tried: what is written through the dma-buf must be seen in the
 * file, in every page. /proc/self/pagemap could not tell, it is blind for mappings of a udmabuf
 * (VM_PFNMAP).
 *
 * The addresses are taken before the trial. A hole that somebody makes in the file puts another
 * page in, and the one that the dma-buf has never comes back; so where the trial finds it, it was
 * there before.
 */
#ifndef UMM_DEVICE_UIO_PAGES_H
#define UMM_DEVICE_UIO_PAGES_H

#include <umm/buffer.h>

#include "core/sg.h"

/** Does this buffer's memory stay where it is because a dma-buf is over the file? */
bool umm_uio_is_pinned(const struct umm_buffer *buffer);

/**
 * Append where the pages of the buffer's memory file are, mapped at `map`. Returns 0, -EXDEV (the
 * file is not what is under the dma-buf), -EACCES (this process may not know), -ENOSPC, or an errno
 * of mmap(2).
 */
int umm_uio_locate(const struct umm_buffer *buffer, const void *map, uint64_t size_bytes,
		   struct umm_sg *out);

/** Are two mappings of the same pages, in the same order? Every page is written for a moment, with
 * what nobody can guess, through `written`. 0, -EXDEV, or an errno of getrandom(2). */
int umm_uio_compare(volatile void *written, const volatile void *seen, uint64_t size_bytes);

#endif
