/* SPDX-License-Identifier: MIT */
/**
 * virtio-gpu with a GPU of its host behind it (virgl): what it draws on lies in the host, and the
 * pages that a guest maps are another copy. Nobody makes both agree but who asks for it
 * (include/uapi/drm/virtgpu_drm.h, TRANSFER_TO_HOST and _FROM_HOST). Each leaves a fence in the
 * dma-buf.
 */
#ifndef UMM_OS_VIRTGPU_H
#define UMM_OS_VIRTGPU_H

#include <stdbool.h>
#include <stdint.h>

#include "os/drm_dumb.h"

/** Is this node (any node of DRM) a virtio-gpu whose host draws? */
bool umm_virtgpu_draws(int fd);

/** Is it a virtio-gpu whose host does not: a display, although it has a render node? */
bool umm_virtgpu_only_shows(int fd);

/** The guest's pages become what the host sees; of an image with pixels of 32 bits. 0 or a negative
 * errno; does not wait. */
int umm_virtgpu_send(int fd, uint32_t handle, struct umm_dumb_shape shape);

/** What the host has becomes what is in the guest's pages. */
int umm_virtgpu_fetch(int fd, uint32_t handle, struct umm_dumb_shape shape);

#endif
