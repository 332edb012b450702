/* SPDX-License-Identifier: MIT */
/**
 * How YUV samples mean colours: rgb = matrix * (yuv - offset), all between 0 and 1, by the three
 * luma weights of a standard (ITU-R BT.601, BT.709, BT.2020) and the range of the samples. Where
 * nobody has said what YUV means it is BT.601, as everybody assumes.
 */
#ifndef UMM_DEVICE_GL_COLORS_H
#define UMM_DEVICE_GL_COLORS_H

#include <stdbool.h>
#include <stdint.h>

struct umm_gl_colors {
	float matrix[9]; /**< by columns, as GL takes it */
	float offset[3];
};

/** `space`: one enum umm_color_space, or 0; some of them say the range themselves. */
struct umm_gl_colors umm_gl_colors_of(uint32_t space, bool full_range);

/** The same by the CPU, for those who compare: 8-bit samples to 8-bit components. */
void umm_gl_colors_convert(const struct umm_gl_colors *colors, const uint8_t yuv[3],
			   uint8_t rgb[3]);

#endif
