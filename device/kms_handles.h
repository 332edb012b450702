/* SPDX-License-Identifier: MIT */
/**
 * GEM handles of imported dma-bufs, counted.
 *
 * DRM_IOCTL_PRIME_FD_TO_HANDLE gives the same handle for the same memory every time and counts
 * nothing (drivers/gpu/drm/drm_prime.c); one DRM_IOCTL_GEM_CLOSE closes it for all who got it. So
 * who imports twice, two planes of one buffer or one buffer attached again, must count for itself.
 */
#ifndef UMM_DEVICE_KMS_HANDLES_H
#define UMM_DEVICE_KMS_HANDLES_H

#include <stddef.h>
#include <stdint.h>

struct umm_kms_handle {
	uint32_t handle;
	unsigned refs;
};

/** All zero is empty. */
struct umm_kms_handles {
	struct umm_kms_handle *entries;
	size_t n, room;
};

/** Import; one more reference. Returns 0, -ENOMEM, or the errno with which the driver refused. */
int umm_kms_handle_get(struct umm_kms_handles *handles, int card_fd, int dmabuf_fd, uint32_t *out);

/** Drop a reference; the last one closes the handle. */
void umm_kms_handle_put(struct umm_kms_handles *handles, int card_fd, uint32_t handle);

void umm_kms_handles_finish(struct umm_kms_handles *handles);

#endif
