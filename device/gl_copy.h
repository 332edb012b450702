/* SPDX-License-Identifier: MIT */
/**
 * GPUs that do not look at the memory itself: virtio-gpu draws in the host, which has a copy of its
 * own of every buffer (os/virtgpu.h). Before such a GPU reads what others wrote, its copy is made
 * anew, and after it has drawn for others theirs is; both by the kernel, in the order of the
 * drawing. Memory that only the host looks at (coherency `inaccessible`) needs neither.
 */
#ifndef UMM_DEVICE_GL_COPY_H
#define UMM_DEVICE_GL_COPY_H

#include <umm/buffer.h>

#include "device/gl_display.h"
#include "os/drm_dumb.h"

/** A buffer as it is told to the driver. */
struct umm_gl_copy {
	uint32_t handle; /**< 0: there is no copy, or nobody else looks */
	struct umm_dumb_shape shape;
};

/** Returns 0, also where there is nothing to do, or a negative errno. */
int umm_gl_copy_init(const struct umm_gl_display *display, const struct umm_buffer *buffer,
		     struct umm_gl_copy *out);
void umm_gl_copy_finish(const struct umm_gl_display *display, struct umm_gl_copy *copy);

/** Before the GPU reads. Does not wait. */
int umm_gl_copy_send(const struct umm_gl_display *display, const struct umm_gl_copy *copy);

/** After it was told to draw. Does not wait: there is a fence in the dma-buf. */
int umm_gl_copy_fetch(const struct umm_gl_display *display, const struct umm_gl_copy *copy);

#endif
