/* SPDX-License-Identifier: MIT */
#include "device/gl_colors.h"

#include <umm/constraints.h>

struct weights {
	float red, blue;
};

static struct weights weights_of(uint32_t space)
{
	switch (space) {
	case UMM_COLOR_REC709:
		return (struct weights){ 0.2126f, 0.0722f };
	case UMM_COLOR_REC2020:
	case UMM_COLOR_REC2100:
		return (struct weights){ 0.2627f, 0.0593f };
	default:
		return (struct weights){ 0.299f, 0.114f };
	}
}

struct umm_gl_colors umm_gl_colors_of(uint32_t space, bool full_range)
{
	struct weights k = weights_of(space);
	bool full = full_range || space == UMM_COLOR_REC601_PAL_FULL ||
		    space == UMM_COLOR_REC601_NTSC_FULL;
	float green = 1 - k.red - k.blue;
	float luma = full ? 1 : 255.f / 219, chroma = full ? 1 : 255.f / 224;
	float to_red = 2 * (1 - k.red) * chroma, to_blue = 2 * (1 - k.blue) * chroma;
	return (struct umm_gl_colors){
		.matrix = { luma, luma, luma, 0, -to_blue * k.blue / green, to_blue, to_red,
			    -to_red * k.red / green, 0 },
		.offset = { full ? 0 : 16.f / 255, 128.f / 255, 128.f / 255 },
	};
}

static uint8_t to_byte(float value)
{
	/* lround(3) is in a library that libumm does not link. */
	return value <= 0   ? 0
	       : value >= 1 ? 255
			    : (uint8_t)(value * 255 + 0.5f); // NOLINT(bugprone-incorrect-roundings)
}

void umm_gl_colors_convert(const struct umm_gl_colors *colors, const uint8_t yuv[3], uint8_t rgb[3])
{
	for (unsigned row = 0; row < 3; row++) {
		float sum = 0;
		for (unsigned i = 0; i < 3; i++)
			sum += colors->matrix[3 * i + row] *
			       ((float)yuv[i] / 255 - colors->offset[i]);
		rgb[row] = to_byte(sum);
	}
}
