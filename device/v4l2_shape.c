/* SPDX-License-Identifier: MIT */
#include "device/v4l2_shape.h"

#include <errno.h>
#include <linux/videodev2.h>

#include <umm/constraints.h>

#include "os/v4l2.h"

bool umm_v4l2_is_multiplanar(uint32_t type)
{
	return V4L2_TYPE_IS_MULTIPLANAR(type);
}

bool umm_v4l2_is_output(uint32_t type)
{
	return V4L2_TYPE_IS_OUTPUT(type);
}

/* ---- to and from the kernel's structures ---- */

static void single_to_uapi(const struct umm_v4l2_shape *shape, struct v4l2_pix_format *pix)
{
	*pix = (struct v4l2_pix_format){
		.width = shape->width_px,
		.height = shape->height_px,
		.pixelformat = shape->code,
		.field = shape->field,
		.bytesperline = shape->strides_bytes[0],
		.colorspace = shape->colorspace,
		.priv = V4L2_PIX_FMT_PRIV_MAGIC,
		.ycbcr_enc = shape->ycbcr_enc,
		.quantization = shape->quantization,
	};
}

static void single_from_uapi(const struct v4l2_pix_format *pix, struct umm_v4l2_shape *shape)
{
	bool extended = pix->priv == V4L2_PIX_FMT_PRIV_MAGIC;
	*shape = (struct umm_v4l2_shape){
		.code = pix->pixelformat,
		.width_px = pix->width,
		.height_px = pix->height,
		.field = pix->field,
		.colorspace = pix->colorspace,
		.ycbcr_enc = extended ? pix->ycbcr_enc : V4L2_YCBCR_ENC_DEFAULT,
		.quantization = extended ? pix->quantization : V4L2_QUANTIZATION_DEFAULT,
		.n_memory = 1,
		.strides_bytes = { pix->bytesperline },
		.sizes_bytes = { pix->sizeimage },
	};
}

static void multi_to_uapi(const struct umm_v4l2_shape *shape, struct v4l2_pix_format_mplane *pix)
{
	const struct umm_v4l2_format *format = umm_v4l2_format_find(shape->code);
	*pix = (struct v4l2_pix_format_mplane){
		.width = shape->width_px,
		.height = shape->height_px,
		.pixelformat = shape->code,
		.field = shape->field,
		.colorspace = shape->colorspace,
		.num_planes = format != NULL ? format->memory : 1,
		.ycbcr_enc = (uint8_t)shape->ycbcr_enc,
		.quantization = (uint8_t)shape->quantization,
	};
	for (unsigned i = 0; i < UMM_MAX_PLANES; i++)
		pix->plane_fmt[i].bytesperline = shape->strides_bytes[i];
}

static int multi_from_uapi(const struct v4l2_pix_format_mplane *pix, struct umm_v4l2_shape *shape)
{
	if (pix->num_planes == 0 || pix->num_planes > UMM_MAX_PLANES)
		return -EPROTO;
	*shape = (struct umm_v4l2_shape){
		.code = pix->pixelformat,
		.width_px = pix->width,
		.height_px = pix->height,
		.field = pix->field,
		.colorspace = pix->colorspace,
		.ycbcr_enc = pix->ycbcr_enc,
		.quantization = pix->quantization,
		.n_memory = pix->num_planes,
	};
	for (unsigned i = 0; i < pix->num_planes; i++) {
		shape->strides_bytes[i] = pix->plane_fmt[i].bytesperline;
		shape->sizes_bytes[i] = pix->plane_fmt[i].sizeimage;
	}
	return 0;
}

static int exchange(const struct umm_v4l2_queue *queue, unsigned long request,
		    struct umm_v4l2_shape *shape)
{
	struct v4l2_format format = { .type = queue->type };
	if (umm_v4l2_is_multiplanar(queue->type))
		multi_to_uapi(shape, &format.fmt.pix_mp);
	else
		single_to_uapi(shape, &format.fmt.pix);
	int ret = request == VIDIOC_S_FMT ? umm_v4l2_claim(queue->fd, request, &format)
					  : umm_v4l2_call(queue->fd, request, &format);
	if (ret < 0)
		return ret;
	if (umm_v4l2_is_multiplanar(queue->type))
		return multi_from_uapi(&format.fmt.pix_mp, shape);
	single_from_uapi(&format.fmt.pix, shape);
	return 0;
}

int umm_v4l2_get_shape(const struct umm_v4l2_queue *queue, struct umm_v4l2_shape *out)
{
	struct umm_v4l2_shape shape = { 0 };
	int ret = exchange(queue, VIDIOC_G_FMT, &shape);
	if (ret == 0)
		*out = shape;
	return ret;
}

int umm_v4l2_try_shape(const struct umm_v4l2_queue *queue, struct umm_v4l2_shape *shape)
{
	return exchange(queue, VIDIOC_TRY_FMT, shape);
}

int umm_v4l2_set_shape(const struct umm_v4l2_queue *queue, struct umm_v4l2_shape *shape)
{
	return exchange(queue, VIDIOC_S_FMT, shape);
}

/* ---- planes ---- */

void umm_v4l2_planes(const struct umm_v4l2_shape *shape, const struct umm_format_info *info,
		     struct umm_v4l2_plane planes[UMM_MAX_PLANES])
{
	uint64_t row = umm_format_row_bytes(info, 0, shape->width_px), end = 0;
	bool apart = shape->n_memory > 1;
	for (unsigned i = 0; i < info->n_planes; i++) {
		uint64_t share =
			shape->strides_bytes[0] * umm_format_row_bytes(info, i, shape->width_px);
		struct umm_v4l2_plane plane = {
			.offset_bytes = apart ? 0 : end,
			.stride_bytes = apart ? shape->strides_bytes[i] : share / (row ? row : 1),
		};
		plane.size_bytes =
			plane.stride_bytes * umm_format_plane_rows(info, i, shape->height_px);
		end += plane.size_bytes;
		planes[i] = plane;
	}
}

uint64_t umm_v4l2_image_bytes(const struct umm_v4l2_shape *shape,
			      const struct umm_format_info *info)
{
	struct umm_v4l2_plane planes[UMM_MAX_PLANES];
	uint64_t bytes = 0;
	umm_v4l2_planes(shape, info, planes);
	for (unsigned i = 0; i < info->n_planes; i++)
		bytes += planes[i].size_bytes;
	return bytes;
}

/* ---- colours ---- */

static uint32_t rec601(uint32_t colorspace, bool full)
{
	bool pal = colorspace == V4L2_COLORSPACE_470_SYSTEM_BG;
	if (full)
		return pal ? UMM_COLOR_REC601_PAL_FULL : UMM_COLOR_REC601_NTSC_FULL;
	return pal ? UMM_COLOR_REC601_PAL : UMM_COLOR_REC601_NTSC;
}

/* What the matrix of a frame without a word on it is: V4L2_MAP_YCBCR_ENC_DEFAULT of videodev2.h. */
static uint32_t matrix(const struct umm_v4l2_shape *shape)
{
	return shape->ycbcr_enc != V4L2_YCBCR_ENC_DEFAULT
		       ? shape->ycbcr_enc
		       : V4L2_MAP_YCBCR_ENC_DEFAULT(shape->colorspace);
}

static bool full_range(const struct umm_v4l2_shape *shape)
{
	if (shape->quantization != V4L2_QUANTIZATION_DEFAULT)
		return shape->quantization == V4L2_QUANTIZATION_FULL_RANGE;
	return shape->colorspace == V4L2_COLORSPACE_JPEG;
}

uint32_t umm_v4l2_color_space(const struct umm_v4l2_shape *shape,
			      const struct umm_format_info *info)
{
	if (shape->colorspace == V4L2_COLORSPACE_DEFAULT ||
	    shape->colorspace == V4L2_COLORSPACE_RAW)
		return 0;
	if (!info->is_yuv)
		return shape->colorspace == V4L2_COLORSPACE_SRGB &&
				       shape->quantization != V4L2_QUANTIZATION_LIM_RANGE
			       ? UMM_COLOR_SRGB
			       : 0;
	bool full = full_range(shape);
	switch (matrix(shape)) {
	case V4L2_YCBCR_ENC_601:
		return rec601(shape->colorspace, full);
	case V4L2_YCBCR_ENC_709:
		return full ? 0 : UMM_COLOR_REC709;
	case V4L2_YCBCR_ENC_BT2020:
		return full ? 0 : UMM_COLOR_REC2020;
	default:
		return 0;
	}
}
