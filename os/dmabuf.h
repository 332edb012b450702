/* SPDX-License-Identifier: MIT */
/**
 * dma-bufs: what the kernel lets anybody do who holds the fd (include/uapi/linux/dma-buf.h).
 *
 * The kernel keeps no book of CPU accesses: START twice and END without START succeed, and END
 * before the first START of all is EINVAL with some exporters. share/access.c keeps the book.
 */
#ifndef UMM_OS_DMABUF_H
#define UMM_OS_DMABUF_H

#include <stdint.h>

/** Longest name that the kernel takes. */
#define UMM_DMABUF_NAME_MAX 31

/** Directions of an access; a set. Same values as DMA_BUF_SYNC_READ and _WRITE. */
enum umm_dmabuf_direction { UMM_DMABUF_READ = 1, UMM_DMABUF_WRITE = 2, UMM_DMABUF_READ_WRITE = 3 };

/** Its size, which never changes. Returns 0 or a negative errno. */
int umm_dmabuf_size(int fd, uint64_t *out);

/** Before the CPU touches the memory: waits for fences, makes caches agree. Returns 0 or a negative
 * errno; -EINVAL without a direction. */
int umm_dmabuf_start(int fd, unsigned directions);

/** After it, with the same directions. */
int umm_dmabuf_end(int fd, unsigned directions);

/** A name for debugfs and fdinfo, cut to what the kernel takes. */
int umm_dmabuf_set_name(int fd, const char *name);

/**
 * What who reads (WRITE: who writes) has to wait for, as a sync_file; one that has already
 * signalled if there is nothing. *out_fd is the caller's. -ENOTTY: a kernel before 6.0.
 */
int umm_dmabuf_export_sync_file(int fd, unsigned directions, int *out_fd);

/** Others wait for `borrow_sync_file` from here on: readers too if WRITE is among the directions.
 * The fd is not kept. -ENOTTY: a kernel before 6.0. */
int umm_dmabuf_import_sync_file(int fd, unsigned directions, int borrow_sync_file);

#endif
