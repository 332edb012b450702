/* SPDX-License-Identifier: MIT */
/**
 * Pixel formats and modifiers, as drm_fourcc.h numbers them.
 *
 * A format is a DRM fourcc (four characters, little endian in a uint32_t); a modifier is the 64-bit
 * DRM_FORMAT_MOD_* value that says how pixels lie in memory. UMM_MODIFIER_LINEAR is rows one after
 * the other.
 *
 * All calls are thread-safe and only look at tables; what they return is static or the caller's own
 * memory. The tables are those of include/uapi/drm/drm_fourcc.h.
 */
#ifndef UMM_FORMAT_H
#define UMM_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umm/macros.h>

UMM_BEGIN_DECLS

#define UMM_FOURCC(a, b, c, d)                                                                     \
	((uint32_t)(a) | ((uint32_t)(b) << 8) | ((uint32_t)(c) << 16) | ((uint32_t)(d) << 24))

#define UMM_MODIFIER_LINEAR  UINT64_C(0)
#define UMM_MODIFIER_INVALID UINT64_C(0x00ffffffffffffff)

/** Most planes any format has. */
#define UMM_MAX_PLANES 4

/** Longest text umm_format_name() and umm_modifier_name() write, with its NUL. */
#define UMM_FORMAT_NAME_SIZE   5
#define UMM_MODIFIER_NAME_SIZE 64

/** What a format's planes look like. One block is the smallest group of whole pixels of a plane. */
struct umm_format_info {
	uint32_t fourcc;
	uint8_t n_planes;
	bool has_alpha; /**< a channel that means opacity: AR24 yes, XR24 no */
	bool is_yuv;
	uint8_t hsub, vsub; /**< subsampling of planes 1.., 1 where there is none */
	uint8_t block_bytes[UMM_MAX_PLANES]; /**< bytes of one block of plane i */
	uint8_t block_width[UMM_MAX_PLANES]; /**< pixels of plane i (after subsampling) in one
						block: YUYV 2, NV12 1 and 1 */
	uint8_t component_bytes; /**< bytes of one sample; of the pixel word where samples do not
				    fill whole bytes */
};

/** What is known of `fourcc`, or NULL if nothing is. Static, never freed. Since 0.1. */
UMM_API const struct umm_format_info *umm_format_info(uint32_t fourcc);

/** The i-th known format, or NULL past the last: a way to walk over all of them. Since 0.1. */
UMM_API const struct umm_format_info *umm_format_at(size_t i);

/** "NV12" and the like into `name`, which has UMM_FORMAT_NAME_SIZE bytes; trailing blanks are cut.
 * Bytes that are no letters stay as they are. Returns `name`. Since 0.1. */
UMM_API const char *umm_format_name(uint32_t fourcc, char *name);

/** The fourcc that `name` ("NV12", "R8") spells, or 0 if it is none that is known. Since 0.1. */
UMM_API uint32_t umm_format_from_name(const char *name);

/** "LINEAR", "I915_X_TILED", or "0x..." into `name` of UMM_MODIFIER_NAME_SIZE bytes. Returns
 * `name`. Since 0.1. */
UMM_API const char *umm_modifier_name(uint64_t modifier, char *name);

/** Read a modifier's name or hex text ("0x" and up to 16 digits). Returns 0 or -EINVAL (unknown, or
 * INVALID). Since 0.1. */
UMM_API int umm_modifier_from_name(const char *name, uint64_t *out);

/** Width of plane `plane`, which is below info->n_planes, in pixels of that plane, for an image of
 * `width_px`; likewise rows. Rounded up. Since 0.1. */
UMM_API uint64_t umm_format_plane_width(const struct umm_format_info *info, unsigned plane,
					uint64_t width_px);
UMM_API uint64_t umm_format_plane_rows(const struct umm_format_info *info, unsigned plane,
				       uint64_t rows);

/** Bytes that `width_px` pixels of the image take in one row of plane `plane`, which is below
 * info->n_planes, without any padding; 2^63 where it would be that much or more. Since 0.1. */
UMM_API uint64_t umm_format_row_bytes(const struct umm_format_info *info, unsigned plane,
				      uint64_t width_px);

UMM_END_DECLS

#endif
