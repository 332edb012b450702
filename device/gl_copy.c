/* SPDX-License-Identifier: MIT */
#include "device/gl_copy.h"

#include <errno.h>

#include <xf86drm.h>

#include "os/virtgpu.h"

#define BYTES_PER_PIXEL 4

/* All of its bytes, as rows of pixels of 32 bits: that is how heap/drm.c makes it. */
static struct umm_dumb_shape shape_of(const struct umm_layout *layout)
{
	uint64_t stride = layout->planes[0].stride_bytes;
	return (struct umm_dumb_shape){
		(uint32_t)(stride / BYTES_PER_PIXEL),
		(uint32_t)((layout->size_bytes + stride - 1) / stride),
	};
}

int umm_gl_copy_init(const struct umm_gl_display *display, const struct umm_buffer *buffer,
		     struct umm_gl_copy *out)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	struct umm_gl_copy copy = { .shape = shape_of(layout) };
	if (display->copy_fd < 0 || layout->coherency == UMM_COHERENCY_INACCESSIBLE) {
		*out = (struct umm_gl_copy){ 0 };
		return 0;
	}
	if (drmPrimeFDToHandle(display->copy_fd, umm_buffer_fd(buffer), &copy.handle) != 0)
		return -errno;
	*out = copy;
	return 0;
}

void umm_gl_copy_finish(const struct umm_gl_display *display, struct umm_gl_copy *copy)
{
	if (copy->handle != 0)
		drmCloseBufferHandle(display->copy_fd, copy->handle);
	*copy = (struct umm_gl_copy){ 0 };
}

int umm_gl_copy_send(const struct umm_gl_display *display, const struct umm_gl_copy *copy)
{
	return copy->handle == 0 ? 0
				 : umm_virtgpu_send(display->copy_fd, copy->handle, copy->shape);
}

int umm_gl_copy_fetch(const struct umm_gl_display *display, const struct umm_gl_copy *copy)
{
	return copy->handle == 0 ? 0
				 : umm_virtgpu_fetch(display->copy_fd, copy->handle, copy->shape);
}
