/* SPDX-License-Identifier: MIT */
/**
 * Memory of a video device, exported as dma-bufs (VIDIOC_EXPBUF), without keeping the device.
 *
 * Buffers that a driver allocated can outlive their queue where it says
 * V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS: then the queue is emptied and the node closed, and the
 * dma-buf alone holds the memory.
 */
#ifndef UMM_OS_V4L2_EXPORT_H
#define UMM_OS_V4L2_EXPORT_H

#include <stdint.h>

/** The queue whose memory is taken, as the driver describes it now. */
struct umm_v4l2_source {
	int fd; /**< owned */
	uint32_t type;
	uint64_t image_bytes; /**< of the format that is set; a buffer is at least that large */
	char driver[16];
};

/**
 * Open `node` and look at it; nothing is changed. *out: umm_v4l2_source_finish(). Returns 0;
 * -EOPNOTSUPP: it has no video queue, or its buffers cannot be orphans; -EMEDIUMTYPE: the format
 * that is set has more than one memory plane; -EBUSY: somebody uses it, and not for a
 * moment; or a negative errno.
 */
int umm_v4l2_source_open(const char *node, struct umm_v4l2_source *out);
void umm_v4l2_source_finish(struct umm_v4l2_source *source);

/** A dma-buf of at least `size_bytes`. *out_fd is the caller's. Returns 0, -EBUSY, -EFBIG (the
 * driver makes buffers of image_bytes only), -ENOMEM, or what the driver says. */
int umm_v4l2_source_allocate(const struct umm_v4l2_source *source, uint64_t size_bytes,
			     int *out_fd);

#endif
