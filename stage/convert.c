/* SPDX-License-Identifier: MIT */
/**
 * Colours: a picture keeps its own (YUV to YUV only changes the sampling), RGB is always full
 * range. Where nobody has said what YUV means it is BT.601, as everybody assumes.
 */
#include "stage/convert.h"

#include <errno.h>
#include <stdlib.h>

#include <libswscale/swscale.h>

#define NV16 UMM_FOURCC('N', 'V', '1', '6')
#define GR88 UMM_FOURCC('G', 'R', '8', '8')

/* Rows of GR88 spread out at once: few enough to stay in the cache. */
#define SPREAD_ROWS 16

/* libswscale reads and writes whole vectors. */
#define VECTOR_BYTES 64

struct stage_colors stage_colors_of(const struct umm_frame *frame)
{
	uint32_t space = umm_buffer_layout(frame->buffer)->color_space;
	return (struct stage_colors){
		.space = space,
		.full_range = (frame->info.flags & STAGE_FLAG_FULL_RANGE) ||
			      space == UMM_COLOR_REC601_PAL_FULL ||
			      space == UMM_COLOR_REC601_NTSC_FULL,
	};
}

/* libswscale cannot read NV16, but it is an NV12 with twice the chroma rows: every other one of
   them is read. GR88 has no blue: a few rows at a time are spread out to RGB. */
static enum AVPixelFormat readable_as(uint32_t fourcc)
{
	switch (fourcc) {
	case NV16:
		return AV_PIX_FMT_NV12;
	case GR88:
		return AV_PIX_FMT_RGB24;
	default:
		return stage_av_format(fourcc);
	}
}

bool stage_convert_reads(uint32_t fourcc)
{
	return sws_isSupportedInput(readable_as(fourcc)) > 0;
}

bool stage_convert_writes(uint32_t fourcc)
{
	return sws_isSupportedOutput(stage_av_format(fourcc)) > 0;
}

static const int *coefficients(uint32_t space)
{
	switch (space) {
	case UMM_COLOR_REC709:
		return sws_getCoefficients(SWS_CS_ITU709);
	case UMM_COLOR_REC2020:
	case UMM_COLOR_REC2100:
		return sws_getCoefficients(SWS_CS_BT2020);
	default:
		return sws_getCoefficients(SWS_CS_ITU601);
	}
}

static bool same_shape(const struct stage_picture *a, const struct stage_picture *b)
{
	return a->format == b->format && a->width_px == b->width_px && a->height_px == b->height_px;
}

static int reserve_rows(struct stage_convert *convert, unsigned width_px)
{
	size_t row_bytes =
		((size_t)width_px * 3 + 2 * VECTOR_BYTES - 1) & ~(size_t)(VECTOR_BYTES - 1);
	convert->rows = aligned_alloc(VECTOR_BYTES, row_bytes * SPREAD_ROWS);
	convert->row_bytes = row_bytes;
	return convert->rows == NULL ? -ENOMEM : 0;
}

static int prepare(struct stage_convert *convert, const struct stage_picture *from,
		   struct stage_colors colors, const struct stage_picture *to,
		   enum stage_quality quality)
{
	if (convert->context != NULL && same_shape(&convert->from, from) &&
	    same_shape(&convert->to, to))
		return 0;

	stage_convert_finish(convert);
	int flags = quality == STAGE_SMOOTH ? SWS_BICUBIC | SWS_ACCURATE_RND : SWS_POINT;
	convert->context = sws_getContext((int)from->width_px, (int)from->height_px,
					  readable_as(from->format->fourcc), (int)to->width_px,
					  (int)to->height_px, stage_av_format(to->format->fourcc),
					  flags, NULL, NULL, NULL);
	if (convert->context == NULL)
		return -ENOMEM;

	int ret = from->format->fourcc == GR88 ? reserve_rows(convert, from->width_px) : 0;
	if (ret < 0)
		return ret;

	const int *table = coefficients(colors.space);
	bool to_full = to->format->is_yuv ? colors.full_range : true;
	/* -1 where there is nothing to set, RGB to RGB: fine */
	sws_setColorspaceDetails(convert->context, table, colors.full_range, table, to_full, 0,
				 1 << 16, 1 << 16);
	convert->from = *from;
	convert->to = *to;
	return 0;
}

/* Red and green as they are, no blue. */
static void spread_row(const uint8_t *from, unsigned width_px, uint8_t *to)
{
	for (unsigned x = 0; x < width_px; x++, from += 2, to += 3) {
		to[0] = from[0];
		to[1] = from[1];
		to[2] = 0;
	}
}

/* libswscale takes a picture in slices, from the top. */
static int scale_spread(struct stage_convert *convert, const struct stage_picture *from,
			uint8_t *const *target, const int *target_stride)
{
	const uint8_t *slice[UMM_MAX_PLANES] = { convert->rows };
	int stride[UMM_MAX_PLANES] = { (int)convert->row_bytes };
	const uint8_t *row = from->planes[0];
	for (unsigned y = 0; y < from->height_px; y += SPREAD_ROWS) {
		unsigned left = from->height_px - y;
		unsigned rows = left < SPREAD_ROWS ? left : SPREAD_ROWS;
		for (unsigned i = 0; i < rows; i++, row += from->strides_bytes[0])
			spread_row(row, from->width_px, convert->rows + i * convert->row_bytes);
		int ret = sws_scale(convert->context, slice, stride, (int)y, (int)rows, target,
				    target_stride);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int stage_convert_run(struct stage_convert *convert, const struct stage_picture *from,
		      struct stage_colors colors, const struct stage_picture *to,
		      enum stage_quality quality)
{
	int ret = prepare(convert, from, colors, to, quality);
	if (ret < 0)
		return ret;

	uint8_t *source[UMM_MAX_PLANES], *target[UMM_MAX_PLANES];
	int source_stride[UMM_MAX_PLANES], target_stride[UMM_MAX_PLANES];
	stage_picture_to_av(from, source, source_stride);
	stage_picture_to_av(to, target, target_stride);
	if (from->format->fourcc == NV16)
		source_stride[1] *= 2;
	if (from->format->fourcc == GR88)
		ret = scale_spread(convert, from, target, target_stride);
	else
		ret = sws_scale(convert->context, (const uint8_t *const *)source, source_stride, 0,
				(int)from->height_px, target, target_stride);
	return ret < 0 ? -EINVAL : 0;
}

void stage_convert_finish(struct stage_convert *convert)
{
	sws_freeContext(convert->context);
	free(convert->rows);
	*convert = (struct stage_convert){ 0 };
}
