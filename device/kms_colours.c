/* SPDX-License-Identifier: MIT */
#include "device/kms_colours.h"

#include <umm/device.h>

static const char *encoding_of(uint32_t color_space)
{
	switch (color_space) {
	case UMM_COLOR_REC709:
		return "ITU-R BT.709 YCbCr";
	case UMM_COLOR_REC2020:
	case UMM_COLOR_REC2100:
		return "ITU-R BT.2020 YCbCr";
	default:
		return "ITU-R BT.601 YCbCr";
	}
}

static bool is_full(uint32_t color_space, uint32_t flags)
{
	return color_space == UMM_COLOR_REC601_PAL_FULL ||
	       color_space == UMM_COLOR_REC601_NTSC_FULL || (flags & UMM_DEVICE_FULL_RANGE) != 0;
}

struct umm_kms_colours umm_kms_colours_of(const struct umm_layout *layout, uint32_t flags)
{
	const struct umm_format_info *info = umm_format_info(layout->format);
	if (info == NULL || !info->is_yuv)
		return (struct umm_kms_colours){ 0 };
	return (struct umm_kms_colours){
		.encoding = encoding_of(layout->color_space),
		.range = is_full(layout->color_space, flags) ? "YCbCr full range"
							     : "YCbCr limited range",
	};
}
