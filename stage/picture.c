/* SPDX-License-Identifier: MIT */
#include "stage/picture.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <libavutil/rational.h>
#include <string.h>

/* drm_fourcc.h names components from the most significant bit of a little-endian word, libav in the
   order of bytes: XR24 is B, G, R, X in memory. GR88 is here for stage_convert_reads(): libav has
   no name for red and green alone. */
static const struct {
	char fourcc[4];
	enum AVPixelFormat format;
} av_formats[] = {
	{ "NV12", AV_PIX_FMT_NV12 },	    { "NV21", AV_PIX_FMT_NV21 },
	{ "NV16", AV_PIX_FMT_NV16 },	    { "NV24", AV_PIX_FMT_NV24 },
	{ "YU12", AV_PIX_FMT_YUV420P },	    { "YV12", AV_PIX_FMT_YUV420P },
	{ "YU16", AV_PIX_FMT_YUV422P },	    { "YU24", AV_PIX_FMT_YUV444P },
	{ "YU11", AV_PIX_FMT_YUV411P },	    { "YUV9", AV_PIX_FMT_YUV410P },
	{ "YUYV", AV_PIX_FMT_YUYV422 },	    { "UYVY", AV_PIX_FMT_UYVY422 },
	{ "YVYU", AV_PIX_FMT_YVYU422 },	    { "P010", AV_PIX_FMT_P010LE },
	{ "S010", AV_PIX_FMT_YUV420P10LE }, { "S210", AV_PIX_FMT_YUV422P10LE },
	{ "S410", AV_PIX_FMT_YUV444P10LE }, { "XR24", AV_PIX_FMT_BGR0 },
	{ "AR24", AV_PIX_FMT_BGRA },	    { "XB24", AV_PIX_FMT_RGB0 },
	{ "AB24", AV_PIX_FMT_RGBA },	    { "RG24", AV_PIX_FMT_BGR24 },
	{ "BG24", AV_PIX_FMT_RGB24 },	    { "RG16", AV_PIX_FMT_RGB565LE },
	{ "R8  ", AV_PIX_FMT_GRAY8 },	    { "XR30", AV_PIX_FMT_X2RGB10LE },
	{ "GR88", AV_PIX_FMT_NONE },
};

#define N_AV_FORMATS (sizeof(av_formats) / sizeof(av_formats[0]))

_Static_assert(N_AV_FORMATS <= UMM_DEMAND_FORMATS, "one demand takes all of them");

static uint32_t fourcc_at(size_t i)
{
	const char *name = av_formats[i].fourcc;
	return UMM_FOURCC(name[0], name[1], name[2], name[3]);
}

enum AVPixelFormat stage_av_format(uint32_t fourcc)
{
	for (size_t i = 0; i < N_AV_FORMATS; i++)
		if (fourcc_at(i) == fourcc)
			return av_formats[i].format;
	return AV_PIX_FMT_NONE;
}

static enum AVPixelFormat without_range(enum AVPixelFormat format)
{
	switch (format) {
	case AV_PIX_FMT_YUVJ420P:
		return AV_PIX_FMT_YUV420P;
	case AV_PIX_FMT_YUVJ422P:
		return AV_PIX_FMT_YUV422P;
	case AV_PIX_FMT_YUVJ444P:
		return AV_PIX_FMT_YUV444P;
	case AV_PIX_FMT_YUVJ411P:
		return AV_PIX_FMT_YUV411P;
	default:
		return format;
	}
}

uint32_t stage_format_from_av(enum AVPixelFormat format)
{
	format = without_range(format);
	if (format == AV_PIX_FMT_NONE)
		return 0;
	for (size_t i = 0; i < N_AV_FORMATS; i++)
		if (av_formats[i].format == format && umm_format_info(fourcc_at(i)) != NULL)
			return fourcc_at(i);
	return 0;
}

unsigned stage_av_formats(bool (*accept)(uint32_t fourcc), uint32_t *out)
{
	unsigned n = 0;
	memset(out, 0, UMM_DEMAND_FORMATS * sizeof(*out));
	for (size_t i = 0; i < N_AV_FORMATS; i++)
		if (umm_format_info(fourcc_at(i)) != NULL && accept(fourcc_at(i)))
			out[n++] = fourcc_at(i);
	return n;
}

/* Bytes from the start of a row of plane `plane` to pixel x of the image. */
static size_t column_bytes(const struct umm_format_info *format, unsigned plane, unsigned x_px)
{
	unsigned per_block = (unsigned)format->block_width[plane] * (plane > 0 ? format->hsub : 1);
	return (size_t)(x_px / per_block) * format->block_bytes[plane];
}

struct stage_picture stage_picture_of(const struct umm_buffer *buffer, struct umm_rect visible)
{
	const struct umm_layout *layout = umm_buffer_layout(buffer);
	struct stage_picture picture = {
		.format = umm_format_info(layout->format),
		.width_px = visible.width_px ? visible.width_px : layout->width_px,
		.height_px = visible.height_px ? visible.height_px : layout->height_px,
	};
	for (unsigned i = 0; i < layout->n_planes; i++) {
		size_t row = visible.y_px / (i > 0 ? picture.format->vsub : 1u);
		size_t stride = layout->planes[i].stride_bytes;
		picture.planes[i] = (uint8_t *)umm_buffer_plane(buffer, i) + row * stride +
				    column_bytes(picture.format, i, visible.x_px);
		picture.strides_bytes[i] = (int)stride;
	}
	return picture;
}

struct stage_picture stage_picture_of_frame(const struct umm_frame *frame)
{
	return stage_picture_of(frame->buffer, frame->info.visible);
}

size_t stage_picture_row_bytes(const struct stage_picture *picture, unsigned plane)
{
	return umm_format_row_bytes(picture->format, plane, picture->width_px);
}

unsigned stage_picture_rows(const struct stage_picture *picture, unsigned plane)
{
	return (unsigned)umm_format_plane_rows(picture->format, plane, picture->height_px);
}

void stage_picture_to_av(const struct stage_picture *picture, uint8_t *data[UMM_MAX_PLANES],
			 int linesize[UMM_MAX_PLANES])
{
	bool swapped = picture->format->fourcc == UMM_FOURCC('Y', 'V', '1', '2');
	for (unsigned i = 0; i < UMM_MAX_PLANES; i++) {
		unsigned from = swapped && (i == 1 || i == 2) ? 3 - i : i;
		data[i] = picture->planes[from];
		linesize[i] = picture->strides_bytes[from];
	}
}

int stage_picture_blacken(const struct stage_picture *picture, bool full_range)
{
	uint8_t *data[UMM_MAX_PLANES];
	int linesize[UMM_MAX_PLANES];
	ptrdiff_t strides[UMM_MAX_PLANES];
	stage_picture_to_av(picture, data, linesize);
	for (unsigned i = 0; i < UMM_MAX_PLANES; i++)
		strides[i] = linesize[i];
	enum AVColorRange range = full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
	int ret = av_image_fill_black(data, strides, stage_av_format(picture->format->fourcc),
				      range, (int)picture->width_px, (int)picture->height_px);
	return ret < 0 ? -EINVAL : 0;
}

struct umm_rational stage_aspect_scaled(struct umm_rational aspect, struct umm_size from,
					struct umm_size to)
{
	if (aspect.num <= 0 || aspect.den <= 0)
		return aspect;
	AVRational stretch = { 1, 1 }, result;
	av_reduce(&stretch.num, &stretch.den, (int64_t)(from.width_px * to.height_px),
		  (int64_t)(from.height_px * to.width_px), INT32_MAX);
	result = av_mul_q((AVRational){ aspect.num, aspect.den }, stretch);
	return (struct umm_rational){ .num = result.num, .den = result.den };
}
