/* SPDX-License-Identifier: MIT */
/**
 * How a plane makes RGB of YUV: its properties COLOR_ENCODING and COLOR_RANGE (drm_color_mgmt.c,
 * drm_plane_create_color_properties()). Drivers begin with what they like, and whoever showed there
 * before may have left anything.
 */
#ifndef UMM_DEVICE_KMS_COLOURS_H
#define UMM_DEVICE_KMS_COLOURS_H

#include <umm/solve.h>

/** Names of the properties' values; NULL: the samples are RGB. */
struct umm_kms_colours {
	const char *encoding, *range;
};

/** Of frames of that layout; `flags` are those of a frame's info. Unstated is BT.601, limited, as
 * everywhere in umm. */
struct umm_kms_colours umm_kms_colours_of(const struct umm_layout *layout, uint32_t flags);

#endif
