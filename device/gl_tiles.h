/* SPDX-License-Identifier: MIT */
/**
 * How images of a modifier must be laid out. No driver tells; what it makes by GBM shows what suits
 * it, and what it will give as memory of its own (heap/gbm_image.h).
 */
#ifndef UMM_DEVICE_GL_TILES_H
#define UMM_DEVICE_GL_TILES_H

#include "device/gl_display.h"

/** 0: nothing is known. */
struct umm_gl_tiles {
	unsigned stride_divisor_bytes, rows_align;
};

/** Of XR24 images; makes some, and destroys them. */
struct umm_gl_tiles umm_gl_tiles_observe(const struct umm_gl_display *display, uint64_t modifier);

#endif
