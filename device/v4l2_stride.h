/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_V4L2_STRIDE_H
#define UMM_DEVICE_V4L2_STRIDE_H

#include "device/v4l2_ask.h"

/** Find out by trying which strides the driver takes for this shape. Returns 0 or the driver's
 * errno. */
int umm_v4l2_find_stride(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *natural,
			 const struct umm_format_info *info, struct umm_v4l2_stride *out);

#endif
