/* SPDX-License-Identifier: MIT */
/**
 * CPU accesses of a dma-buf: the kernel hears of the outermost one alone.
 *
 * DMA_BUF_IOCTL_SYNC has no nesting count, so an inner END would end the outer access too. START is
 * made when the book of accesses goes from none to one, END when the last one ends, with the
 * directions that START had; a lock makes book and kernel change together. Memory files need none
 * of this and never come here.
 */
#ifndef UMM_SHARE_CPU_SYNC_H
#define UMM_SHARE_CPU_SYNC_H

#include <pthread.h>

#include "share/access.h"

struct umm_cpu_sync {
	pthread_mutex_t lock;
	unsigned directions; /* of the START that is open */
};

#define UMM_CPU_SYNC_INIT                                                                          \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/** As umm_access_begin(), or what DMA_BUF_IOCTL_SYNC says: then no access has begun. */
int umm_cpu_sync_begin(struct umm_cpu_sync *sync, int dmabuf, struct umm_access_book *book,
		       enum umm_access access);

/** As umm_access_end(), or what DMA_BUF_IOCTL_SYNC says: the access has ended all the same. */
int umm_cpu_sync_end(struct umm_cpu_sync *sync, int dmabuf, struct umm_access_book *book,
		     enum umm_access access);

#endif
