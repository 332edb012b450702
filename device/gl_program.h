/* SPDX-License-Identifier: MIT */
/** The shader that makes RGB of one format's textures. */
#ifndef UMM_DEVICE_GL_PROGRAM_H
#define UMM_DEVICE_GL_PROGRAM_H

#include "device/gl_colors.h"
#include "device/gl_frame.h"

/** Vertex attributes: where on the target (-1 to 1), and where in the picture (0 to 1). */
enum { UMM_GL_CORNER, UMM_GL_PLACE };

struct umm_gl_program {
	GLuint id; /**< 0: none */
	const struct umm_gl_format *format;
	enum umm_gl_way way;
	GLint scale[UMM_GL_PARTS]; /**< from places in the picture to places in the part */
	GLint bounds[UMM_GL_PARTS];
	GLint matrix, offset;
};

/** Compile; the display must be in use. *out: umm_gl_program_destroy(). Returns 0 or -EIO. */
int umm_gl_program_create(const struct umm_gl_display *display, const struct umm_gl_format *format,
			  enum umm_gl_way way, struct umm_gl_program *out);
void umm_gl_program_destroy(const struct umm_gl_display *display, struct umm_gl_program *program);

#endif
