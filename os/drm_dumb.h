/* SPDX-License-Identifier: MIT */
/**
 * Dumb buffers of a DRM card, exported as dma-bufs (Documentation/gpu/drm-kms.rst, "Dumb Buffer
 * Objects"). Neither creating nor exporting one needs the right to change what the display shows.
 */
#ifndef UMM_OS_DRM_DUMB_H
#define UMM_OS_DRM_DUMB_H

#include <stddef.h>
#include <stdint.h>

/**
 * Open a card without being its master: the first to open a card becomes that and would keep a
 * compositor from starting. *out_fd is the caller's. Returns 0 or a negative errno.
 */
int umm_drm_open(const char *node, int *out_fd);

/** Name of its driver: "virtio_gpu". Returns 0 or a negative errno. */
int umm_drm_driver(int fd, char *name, size_t size);

/** 0: it makes dumb buffers and exports them; -EOPNOTSUPP: one of both it does not. */
int umm_drm_check_dumb(int fd);

/** What is wanted: rows of pixels of 32 bits, the one size all drivers know. */
struct umm_dumb_shape {
	uint32_t width_px, height_px;
};

/** A dma-buf, to be read and written, of the object behind a handle of this fd; both live on by
 * themselves. *out_fd is the caller's. Returns 0 or a negative errno. */
int umm_drm_export(int fd, uint32_t handle, int *out_fd);

/** Rows of that pitch (0: one that suits everybody) which hold so many bytes. Returns 0, -EINVAL or
 * -EFBIG. */
int umm_drm_rows(uint64_t size_bytes, uint64_t pitch_bytes, struct umm_dumb_shape *out);

/**
 * A dma-buf over a new dumb buffer, which lives on without the card's fd. *out_pitch is what the
 * driver made of the width. *out_fd is the caller's. Returns 0 or a negative errno.
 */
int umm_drm_create_dumb(int fd, struct umm_dumb_shape shape, uint32_t *out_pitch_bytes,
			int *out_fd);

#endif
