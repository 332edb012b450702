/* SPDX-License-Identifier: MIT */
/**
 * udmabuf: dma-bufs made of memory files (drivers/dma-buf/udmabuf.c).
 *
 * The file must have F_SEAL_SHRINK and neither F_SEAL_WRITE nor F_SEAL_FUTURE_WRITE when the
 * dma-buf is made; FUTURE_WRITE may and should come later (os/memfd.h has the order).
 */
#ifndef UMM_OS_UDMABUF_H
#define UMM_OS_UDMABUF_H

#include <stdint.h>

#define UMM_UDMABUF_NODE       "/dev/udmabuf"
#define UMM_UDMABUF_PARAMETERS "/sys/module/udmabuf/parameters/"

/** What the module permits; a parameter that cannot be read counts with the kernel's default. */
struct umm_udmabuf_limits {
	uint64_t size_max_bytes; /**< of one dma-buf: size_limit_mb */
	uint32_t pieces_max;	 /**< of one list: list_limit */
};

void umm_udmabuf_get_limits(struct umm_udmabuf_limits *out);

/** 0: this process may make udmabufs; else what open(2) of the node says. */
int umm_udmabuf_check(void);

/** Whole pages of a memory file. */
struct umm_udmabuf_piece {
	int memfd;
	uint64_t offset, size;
};

/**
 * A dma-buf whose bytes are those of `pieces`, one after the other; pieces that follow each other
 * in their file are merged first. *out_fd is the caller's, the memory files are not kept. Returns
 * 0, -EFBIG (larger than size_max_bytes), -E2BIG (more pieces than pieces_max), -EINVAL (no piece;
 * half a page; wrong seals), -ENOMEM, or what the kernel says; the log says how to raise a limit.
 */
int umm_udmabuf_create(const struct umm_udmabuf_piece *pieces, uint32_t n_pieces, int *out_fd);

#endif
