/* SPDX-License-Identifier: MIT */
/**
 * Draws one frame onto another: scaled, converted, turned, with a picture over it.
 *
 * At the same size each pixel is that of the frame, chroma samples that stand for several pixels
 * are repeated; at another size all are interpolated between their neighbours.
 */
#ifndef UMM_DEVICE_GL_PAINTER_H
#define UMM_DEVICE_GL_PAINTER_H

#include "device/gl_program.h"

/** Set once, for all frames. */
struct umm_gl_style {
	unsigned rotate_degrees; /**< clockwise: 0, 90, 180, 270 */
	GLuint overlay;		 /**< texture of premultiplied pixels; 0: none */
	int overlay_x_px, overlay_y_px;
	unsigned overlay_width_px, overlay_height_px;
};

struct umm_gl_painter {
	const struct umm_gl_display *display;
	struct umm_gl_style style;
	struct umm_gl_program program, overlay_program;
};

/** What is drawn. */
struct umm_gl_source {
	const struct umm_gl_frame *frame;
	unsigned width_px, height_px; /**< of its image */
	struct umm_rect visible;      /**< all zero: all of it */
	struct umm_gl_colors colors;
};

/** Where it is drawn to. */
struct umm_gl_target {
	GLuint framebuffer;
	struct umm_rect area;
	bool upside_down;   /**< as of the frame (device/gl_frame.h) */
	unsigned height_px; /**< of its image, if it is */
};

/** Submit the drawing; the display must be in use. It is done when glFinish() or a fence says so.
 * Returns 0 or -EIO. */
int umm_gl_paint(struct umm_gl_painter *painter, const struct umm_gl_source *source,
		 const struct umm_gl_target *target);

/** Upload the picture to draw over all frames. Returns 0, -EIO or -ENOMEM. */
int umm_gl_painter_set_overlay(struct umm_gl_painter *painter,
			       const struct umm_device_overlay *overlay);

void umm_gl_painter_finish(struct umm_gl_painter *painter);

#endif
