/* SPDX-License-Identifier: MIT */
/**
 * Facts of Documentation/userspace-api/media/v4l/pixfmt-rgb.rst (bytes in memory) and of
 * include/uapi/drm/drm_fourcc.h (bits of a little-endian word), put side by side. What either has
 * no name for is not here: big-endian words, Bayer patterns, tiles, 10 bits in 16 from below.
 *
 * RGB565 and its like without a word on the last bits (RGB555, BGR32) are the old codes; their
 * spare bits are undefined, so they are X formats.
 */
#include "device/v4l2_format.h"

#include <linux/videodev2.h>

#include <umm/format.h>

/* Newer than the headers of Debian 12. */
#ifndef V4L2_PIX_FMT_P012
#define V4L2_PIX_FMT_P012 v4l2_fourcc('P', '0', '1', '2')
#endif

#define PAIR(name, a, b, c, d)                                                                     \
	{                                                                                          \
		V4L2_PIX_FMT_##name, UMM_FOURCC(a, b, c, d), #name, 1                              \
	}
#define APART(name, memory, a, b, c, d)                                                            \
	{                                                                                          \
		V4L2_PIX_FMT_##name, UMM_FOURCC(a, b, c, d), #name, memory                         \
	}

/* clang-format off */
static const struct umm_v4l2_format formats[] = {
	PAIR(NV12, 'N', 'V', '1', '2'),
	PAIR(NV21, 'N', 'V', '2', '1'),
	PAIR(NV16, 'N', 'V', '1', '6'),
	PAIR(NV61, 'N', 'V', '6', '1'),
	PAIR(NV24, 'N', 'V', '2', '4'),
	PAIR(NV42, 'N', 'V', '4', '2'),
	PAIR(P010, 'P', '0', '1', '0'),
	PAIR(P012, 'P', '0', '1', '2'),
	PAIR(YUV420, 'Y', 'U', '1', '2'),
	PAIR(YVU420, 'Y', 'V', '1', '2'),
	PAIR(YUV422P, 'Y', 'U', '1', '6'),
	PAIR(YUV411P, 'Y', 'U', '1', '1'),
	PAIR(YUV410, 'Y', 'U', 'V', '9'),
	PAIR(YVU410, 'Y', 'V', 'U', '9'),

	PAIR(YUYV, 'Y', 'U', 'Y', 'V'),
	PAIR(YVYU, 'Y', 'V', 'Y', 'U'),
	PAIR(UYVY, 'U', 'Y', 'V', 'Y'),
	PAIR(VYUY, 'V', 'Y', 'U', 'Y'),
	PAIR(VUYA32, 'A', 'Y', 'U', 'V'),
	PAIR(VUYX32, 'X', 'Y', 'U', 'V'),

	PAIR(XBGR32, 'X', 'R', '2', '4'),
	PAIR(ABGR32, 'A', 'R', '2', '4'),
	PAIR(RGBX32, 'X', 'B', '2', '4'),
	PAIR(RGBA32, 'A', 'B', '2', '4'),
	PAIR(BGRX32, 'R', 'X', '2', '4'),
	PAIR(BGRA32, 'R', 'A', '2', '4'),
	PAIR(XRGB32, 'B', 'X', '2', '4'),
	PAIR(ARGB32, 'B', 'A', '2', '4'),
	PAIR(BGR32, 'X', 'R', '2', '4'),
	PAIR(RGB32, 'B', 'X', '2', '4'),
	PAIR(BGR24, 'R', 'G', '2', '4'),
	PAIR(RGB24, 'B', 'G', '2', '4'),

	PAIR(RGB565, 'R', 'G', '1', '6'),
	PAIR(XRGB555, 'X', 'R', '1', '5'),
	PAIR(ARGB555, 'A', 'R', '1', '5'),
	PAIR(XBGR555, 'X', 'B', '1', '5'),
	PAIR(ABGR555, 'A', 'B', '1', '5'),
	PAIR(RGBX555, 'R', 'X', '1', '5'),
	PAIR(RGBA555, 'R', 'A', '1', '5'),
	PAIR(BGRX555, 'B', 'X', '1', '5'),
	PAIR(BGRA555, 'B', 'A', '1', '5'),
	PAIR(RGB555, 'X', 'R', '1', '5'),
	PAIR(XRGB444, 'X', 'R', '1', '2'),
	PAIR(ARGB444, 'A', 'R', '1', '2'),
	PAIR(XBGR444, 'X', 'B', '1', '2'),
	PAIR(ABGR444, 'A', 'B', '1', '2'),
	PAIR(RGBX444, 'R', 'X', '1', '2'),
	PAIR(RGBA444, 'R', 'A', '1', '2'),
	PAIR(BGRX444, 'B', 'X', '1', '2'),
	PAIR(BGRA444, 'B', 'A', '1', '2'),
	PAIR(RGB444, 'X', 'R', '1', '2'),

	PAIR(GREY, 'R', '8', ' ', ' '),
	PAIR(Y16, 'R', '1', '6', ' '),

	APART(NV12M, 2, 'N', 'V', '1', '2'),
	APART(NV21M, 2, 'N', 'V', '2', '1'),
	APART(NV16M, 2, 'N', 'V', '1', '6'),
	APART(NV61M, 2, 'N', 'V', '6', '1'),
	APART(YUV420M, 3, 'Y', 'U', '1', '2'),
	APART(YVU420M, 3, 'Y', 'V', '1', '2'),
	APART(YUV422M, 3, 'Y', 'U', '1', '6'),
	APART(YVU422M, 3, 'Y', 'V', '1', '6'),
	APART(YUV444M, 3, 'Y', 'U', '2', '4'),
	APART(YVU444M, 3, 'Y', 'V', '2', '4'),
};
/* clang-format on */

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct umm_v4l2_format *umm_v4l2_format_find(uint32_t v4l2)
{
	for (size_t i = 0; i < N_FORMATS; i++)
		if (formats[i].v4l2 == v4l2)
			return &formats[i];
	return NULL;
}

const struct umm_v4l2_format *umm_v4l2_format_at(size_t i)
{
	return i < N_FORMATS ? &formats[i] : NULL;
}
