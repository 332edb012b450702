/* SPDX-License-Identifier: MIT */
/**
 * Colours: a picture keeps its own (YUV to YUV only changes the sampling), RGB is always full
 * range. Where nobody has said what YUV means it is BT.601, as everybody assumes.
 */
#include "stage/convert.h"

#include <errno.h>

#include <libswscale/swscale.h>

#define NV16 UMM_FOURCC('N', 'V', '1', '6')

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
   them is read. */
static enum AVPixelFormat readable_as(uint32_t fourcc)
{
	return fourcc == NV16 ? AV_PIX_FMT_NV12 : stage_av_format(fourcc);
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

	const int *table = coefficients(colors.space);
	bool to_full = to->format->is_yuv ? colors.full_range : true;
	/* -1 where there is nothing to set, RGB to RGB: fine */
	sws_setColorspaceDetails(convert->context, table, colors.full_range, table, to_full, 0,
				 1 << 16, 1 << 16);
	convert->from = *from;
	convert->to = *to;
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
	ret = sws_scale(convert->context, (const uint8_t *const *)source, source_stride, 0,
			(int)from->height_px, target, target_stride);
	return ret < 0 ? -EINVAL : 0;
}

void stage_convert_finish(struct stage_convert *convert)
{
	sws_freeContext(convert->context);
	*convert = (struct stage_convert){ 0 };
}
