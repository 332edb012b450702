/* SPDX-License-Identifier: MIT */
/**
 * A picture: planes in memory, as libav, pixman and libpng want to be told of them. It owns nothing
 * and is valid as long as the buffer is open for access.
 */
#ifndef UMM_STAGE_PICTURE_H
#define UMM_STAGE_PICTURE_H

#include <umm/umm.h>

#include <libavutil/pixfmt.h>

struct stage_picture {
	const struct umm_format_info *format;
	unsigned width_px, height_px;
	uint8_t *planes[UMM_MAX_PLANES]; /* NULL past the last */
	int strides_bytes[UMM_MAX_PLANES];
};

/** The part `visible` of a buffer; all zero: the whole image. */
struct stage_picture stage_picture_of(const struct umm_buffer *buffer, struct umm_rect visible);

/** A frame's visible picture. */
struct stage_picture stage_picture_of_frame(const struct umm_frame *frame);

/** Bytes of one row of a plane without padding, and its rows. */
size_t stage_picture_row_bytes(const struct stage_picture *picture, unsigned plane);
unsigned stage_picture_rows(const struct stage_picture *picture, unsigned plane);

/** libav's name for a format, or AV_PIX_FMT_NONE; and back, or 0. Full range yuvj* formats are the
 * same fourccs: range is a matter of colour, not of layout. */
enum AVPixelFormat stage_av_format(uint32_t fourcc);
uint32_t stage_format_from_av(enum AVPixelFormat format);

/** All fourccs libav or stage/convert.h knows, into `out` of UMM_DEMAND_FORMATS entries, ended by
 * 0: those that `accept` returns true for. Returns how many. */
unsigned stage_av_formats(bool (*accept)(uint32_t fourcc), uint32_t *out);

/** The shape of pixels when a picture is scaled: by different factors they change theirs, so that
 * the picture keeps its own. */
struct umm_rational stage_aspect_scaled(struct umm_rational aspect, struct umm_size from,
					struct umm_size to);

/** Fill it with black. Returns 0, or -EINVAL for a format in which libav knows none. */
int stage_picture_blacken(const struct stage_picture *picture, bool full_range);

/** The picture in libav's order of planes: YV12 is YUV420P with the chroma planes swapped. */
void stage_picture_to_av(const struct stage_picture *picture, uint8_t *data[UMM_MAX_PLANES],
			 int linesize[UMM_MAX_PLANES]);

#endif
