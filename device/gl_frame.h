/* SPDX-License-Identifier: MIT */
/**
 * A buffer as the GPU has it: EGL images over its dma-buf (EGL_EXT_image_dma_buf_import), and the
 * textures or the framebuffer over those. No byte is copied.
 */
#ifndef UMM_DEVICE_GL_FRAME_H
#define UMM_DEVICE_GL_FRAME_H

#include <umm/buffer.h>

#include "device/gl_copy.h"
#include "device/gl_formats.h"

/** As what YUV is given to the driver; see device/gl_formats.h. */
enum umm_gl_way { UMM_GL_AS_PARTS, UMM_GL_AS_ONE };

struct umm_gl_frame {
	const struct umm_gl_format *format; /**< NULL: none */
	enum umm_gl_way way;
	EGLImageKHR images[UMM_GL_PARTS];
	GLuint textures[UMM_GL_PARTS];
	unsigned n;
	GLuint target; /**< framebuffer; 0: to be sampled */
	struct umm_gl_copy copy;
	bool upside_down; /**< the last row of memory is the first one of GL */
};

/**
 * Import a buffer of `format`, to sample it or (to_draw) to draw on it; the display must be in use.
 * *out: umm_gl_frame_destroy(). `why` as umm_device_open(). Returns 0; -EOPNOTSUPP: not this
 * layout; or an errno that says: not this memory.
 */
int umm_gl_frame_create(const struct umm_gl_display *display, const struct umm_buffer *buffer,
			const struct umm_gl_format *format, enum umm_gl_way way, bool to_draw,
			struct umm_gl_frame *out, char *why);
void umm_gl_frame_destroy(const struct umm_gl_display *display, struct umm_gl_frame *frame);

/** A new texture bound to `target` that is sampled by the nearest pixel. */
GLuint umm_gl_texture_create(const struct umm_gl_api *api, GLenum target);

/** A framebuffer over a texture, bound; 0: it cannot be drawn on. */
GLuint umm_gl_target_create(const struct umm_gl_api *api, GLuint texture);

#endif
