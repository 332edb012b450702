/* SPDX-License-Identifier: MIT */
/**
 * Comparing contents with a driver that captures: one frame into noise, and a look at what is left
 * of it (device/content.h).
 */
#ifndef UMM_DEVICE_V4L2_CHECK_H
#define UMM_DEVICE_V4L2_CHECK_H

#include "device/v4l2_stream.h"

/** Longest finding. */
#define UMM_V4L2_CHECK_TEXT 160

/** Have the driver write a frame into `buffer`, which is in `slot` and the only one; drivers that
 * begin with `least` buffers only get it as often. Returns 0, -EBADMSG or UMM_DEVICE_UNCHECKED,
 * with the reason in `found` unless 0. Nothing is queued afterwards. */
int umm_v4l2_check(struct umm_v4l2_stream *stream, unsigned slot, unsigned least,
		   struct umm_buffer *buffer, char found[UMM_V4L2_CHECK_TEXT]);

#endif
