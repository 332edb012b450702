/* SPDX-License-Identifier: MIT */
#ifndef UMM_DEVICE_V4L2_SIZES_H
#define UMM_DEVICE_V4L2_SIZES_H

#include "device/v4l2_ask.h"

/** Most sizes of one format that are looked at. */
#define UMM_V4L2_SIZES 64

/** Sizes of one format: those the driver lists, or candidates to try. */
struct umm_v4l2_sizes {
	struct umm_size list[UMM_V4L2_SIZES];
	unsigned n;
	struct umm_v4l2_range range;
};

/** Ask for the sizes of a format; `current` is what the device has now. Returns 0 or the driver's
 * errno. */
int umm_v4l2_list_sizes(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
			const struct umm_v4l2_format *format, struct umm_size current,
			struct umm_v4l2_sizes *out);

#endif
