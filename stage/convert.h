/* SPDX-License-Identifier: MIT */
/**
 * From one picture to another of other size, format or colours, with libswscale. Rows are read from
 * and written to where they are, there is no picture between.
 */
#ifndef UMM_STAGE_CONVERT_H
#define UMM_STAGE_CONVERT_H

#include "stage/picture.h"

/** Set in umm_frame_info.flags by our sources where samples use the full range and the negotiated
 * colour space does not say so. */
#define STAGE_FLAG_FULL_RANGE (UINT32_C(1) << 0)

/** How YUV samples mean colours. */
struct stage_colors {
	uint32_t space; /* one enum umm_color_space, or 0 */
	bool full_range;
};

enum stage_quality { STAGE_NEAREST, STAGE_SMOOTH };

/** A conversion that is prepared; a zeroed one is none. */
struct stage_convert {
	struct SwsContext *context;
	struct stage_picture from, to; /* sizes and formats it was prepared for */
	uint8_t *rows;		       /* of RGB, for formats libswscale has no name for; or NULL */
	size_t row_bytes;
};

/** The colours of frames on an edge. */
struct stage_colors stage_colors_of(const struct umm_frame *frame);

/** Can it read, or write, this format? */
bool stage_convert_reads(uint32_t fourcc);
bool stage_convert_writes(uint32_t fourcc);

/** Convert. The first call prepares, and so does one with other sizes or formats. Returns 0 or a
 * negative errno. */
int stage_convert_run(struct stage_convert *convert, const struct stage_picture *from,
		      struct stage_colors colors, const struct stage_picture *to,
		      enum stage_quality quality);

void stage_convert_finish(struct stage_convert *convert);

#endif
