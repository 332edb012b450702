/* SPDX-License-Identifier: MIT */
/** Images that a GPU's driver makes, as dma-bufs. */
#ifndef UMM_HEAP_GBM_IMAGE_H
#define UMM_HEAP_GBM_IMAGE_H

#include "heap/heap.h"
#include "os/drm_dumb.h"
#include "os/gbm.h"

/** A render node and its driver, open for the moment of a question or an allocation. */
struct umm_gbm_maker {
	const struct umm_gbm *gbm;
	int fd; /**< -1: none */
	struct gbm_device *device;
};
#define UMM_GBM_NO_MAKER                                                                           \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/**
 * What is asked for, as an image of its own format and modifier, or, where it is LINEAR and the
 * driver has no such image or lays it out otherwise, as rows of pixels of 32 bits in which it lies.
 * *out_fd is the caller's, *out_size is what the driver thinks it is. Returns 0; -EOPNOTSUPP: it
 * makes no image of that modifier, or not as it was agreed on (the log says how); -ENOMEM, or
 * another negative errno.
 */
int umm_gbm_make(const struct umm_gbm_maker *maker, const struct umm_heap_request *request,
		 struct umm_dumb_shape *out_size, int *out_fd);

#endif
