/* SPDX-License-Identifier: MIT */
/**
 * How frames lie in memory, as a driver tells and is told it: struct v4l2_format without the two
 * spellings that it has, single- and multi-planar.
 *
 * "Memory planes" are those that have an fd of their own. With most formats there is one, which
 * holds all planes one behind the other.
 */
#ifndef UMM_DEVICE_V4L2_SHAPE_H
#define UMM_DEVICE_V4L2_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include <umm/format.h>

#include "device/v4l2_format.h"

/** One queue of an open node. */
struct umm_v4l2_queue {
	int fd;	       /**< borrowed */
	uint32_t type; /**< enum v4l2_buf_type */
};

bool umm_v4l2_is_multiplanar(uint32_t type);
bool umm_v4l2_is_output(uint32_t type);

struct umm_v4l2_shape {
	uint32_t code; /**< V4L2_PIX_FMT_* */
	uint32_t width_px, height_px;
	uint32_t field; /**< enum v4l2_field */
	uint32_t colorspace, ycbcr_enc, quantization;
	unsigned n_memory;
	uint32_t strides_bytes[UMM_MAX_PLANES]; /**< of memory plane i; 0: the driver's choice */
	uint32_t sizes_bytes[UMM_MAX_PLANES];
};

/** VIDIOC_G_FMT, TRY_FMT, S_FMT. The latter two are told code, width, height, the first stride and
 * the colours; *shape becomes what the driver made of it. Return 0; -EPROTO: nonsense, such as more
 * planes than there can be; or the driver's errno. */
int umm_v4l2_get_shape(const struct umm_v4l2_queue *queue, struct umm_v4l2_shape *out);
int umm_v4l2_try_shape(const struct umm_v4l2_queue *queue, struct umm_v4l2_shape *shape);
int umm_v4l2_set_shape(const struct umm_v4l2_queue *queue, struct umm_v4l2_shape *shape);

/** Where V4L2 has plane i of a format that lies in one memory plane: behind the one before, all
 * strides in the proportion of the rows' bytes. */
struct umm_v4l2_plane {
	uint64_t offset_bytes, stride_bytes, size_bytes;
};
void umm_v4l2_planes(const struct umm_v4l2_shape *shape, const struct umm_format_info *info,
		     struct umm_v4l2_plane planes[UMM_MAX_PLANES]);

/** Bytes of the picture with its planes as above. */
uint64_t umm_v4l2_image_bytes(const struct umm_v4l2_shape *shape,
			      const struct umm_format_info *info);

/** The colour space by umm's name, or 0: it has none for these colours. */
uint32_t umm_v4l2_color_space(const struct umm_v4l2_shape *shape,
			      const struct umm_format_info *info);

#endif
