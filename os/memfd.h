/* SPDX-License-Identifier: MIT */
/**
 * Sealed memory files, in the order that keeps every user of the memory safe.
 *
 *	create          size fixed, memory reserved, F_SEAL_SHRINK | F_SEAL_GROW
 *	(every writable mapping, VFIO map and UDMABUF_CREATE happens here)
 *	finish          F_SEAL_FUTURE_WRITE | F_SEAL_SEAL
 *
 * F_SEAL_SHRINK alone does not stop hole punching under a live mapping: after finish it fails, as
 * do write(2) and new writable mappings, while the mappings that exist go on working (mm/memfd.c,
 * mm/shmem.c: shmem_fallocate).
 */
#ifndef UMM_OS_MEMFD_H
#define UMM_OS_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/range.h"

enum umm_page_size { UMM_PAGES_4K, UMM_PAGES_2M };

#define UMM_HUGE_PAGE_BYTES (UINT64_C(2) << 20)

/**
 * A memory file of at least `size_bytes` (rounded up to whole pages), zeroed, reserved, resize
 * sealed. *out_fd is the caller's. Returns 0, -ENOMEM (also: not enough huge pages), -EINVAL, or
 * what the kernel says.
 */
int umm_memfd_create(const char *name, uint64_t size_bytes, enum umm_page_size pages, int *out_fd);

/** The same without memory, until umm_memfd_fill(). */
int umm_memfd_create_hollow(const char *name, uint64_t size_bytes, enum umm_page_size pages,
			    int *out_fd);

/** Zeroed memory for a piece of it, whole pages. Returns 0, -ENOMEM, or what the kernel says. */
int umm_memfd_fill(int fd, struct umm_range piece);

/** Give the memory of a piece back to the kernel, also from under those who map it. 0 or a negative
 * errno. */
int umm_memfd_hollow_out(int fd, struct umm_range piece);

/** No new writer, no hole, no further seal from here on. Returns 0 or a negative errno. */
int umm_memfd_finish(int fd);

/** An immutable copy of `data`: all seals. For documents that travel. Returns 0 or a negative
 * errno. */
int umm_memfd_from_data(const char *name, const void *data, size_t size, int *out_fd);

/**
 * Read a document somebody else sent: `size` bytes of `fd`, NUL-terminated into *out, free() it.
 * -EINVAL unless the file is sealed against writing and shrinking, so that it cannot change or
 * vanish under the reader, and is at least `size` long; -E2BIG above `max_size`.
 */
int umm_memfd_read_data(int fd, size_t size, size_t max_size, char **out);

/** Size of a file whose size can no longer shrink; -EINVAL if it still can. */
int umm_memfd_sealed_size(int fd, uint64_t *out_size);

/** (st_dev, st_ino) and the page size of the file behind `fd`, and which of two kinds it is. */
struct umm_file_identity {
	uint64_t dev, ino, page_bytes;
	bool is_dmabuf;
};
int umm_fd_identity(int fd, struct umm_file_identity *out);

enum umm_map_access { UMM_MAP_READ, UMM_MAP_WRITE };

/**
 * Map the first `size` bytes of `fd`, shared, and fault all of it in, so that no fault comes later.
 * `size` must be a multiple of the file's page size. Returns 0 or a negative errno.
 */
int umm_map_fd(int fd, size_t size, enum umm_map_access access, void **out);

/** Undo umm_map_fd(); NULL is fine. */
void umm_unmap(void *map, size_t size);

#endif
