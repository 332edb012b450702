/* SPDX-License-Identifier: MIT */
/**
 * Names of pixel formats: V4L2's and DRM's for the same bytes.
 *
 * The two are cousins that do not agree. DRM names RGB by the little-endian word, V4L2 by the order
 * of bytes in memory; where V4L2's code has the same four letters as DRM's, it is the DRM meaning
 * that the letters have (V4L2_PIX_FMT_XBGR32 is 'XR24'), but not in all cases: 'BA12' is ARGB of a
 * kind for DRM and a Bayer pattern for V4L2, 'AYUV' is stored the other way round. So no code is
 * ever taken over, every pair is in the table.
 */
#ifndef UMM_DEVICE_V4L2_FORMAT_H
#define UMM_DEVICE_V4L2_FORMAT_H

#include <stddef.h>
#include <stdint.h>

struct umm_v4l2_format {
	uint32_t v4l2;	  /**< V4L2_PIX_FMT_* */
	uint32_t drm;	  /**< DRM_FORMAT_* */
	const char *name; /**< "XBGR32": V4L2's, without V4L2_PIX_FMT_ */
	uint8_t memory;	  /**< memory planes: 1, all in one; else one for each plane */
};

/** The pair of a V4L2 code, or NULL: bytes that DRM, or umm, has no name for. */
const struct umm_v4l2_format *umm_v4l2_format_find(uint32_t v4l2);

/** The i-th pair, or NULL past the last. Of several for one DRM format the first is the one to
 * prefer. */
const struct umm_v4l2_format *umm_v4l2_format_at(size_t i);

#endif
