/* SPDX-License-Identifier: MIT */
/**
 * Filling rectangles of a picture with one colour, in every format that umm names.
 */
#ifndef UMM_STAGE_PAINT_H
#define UMM_STAGE_PAINT_H

#include "stage/picture.h"

/** Full-range RGB. */
struct paint_color {
	uint8_t r, g, b;
};

/** [x0, x1) x [y0, y1) in pixels; even numbers, so that no chroma sample is shared by two. */
struct paint_rect {
	unsigned x0, y0, x1, y1;
};

/** Can rectangles be filled in this format? */
bool paint_knows(uint32_t fourcc);

/** Fill what of the rectangle lies inside the picture. YUV is BT.601, limited range. */
void paint_fill(const struct stage_picture *picture, struct paint_rect rect,
		struct paint_color color);

#endif
