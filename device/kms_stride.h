/* SPDX-License-Identifier: MIT */
/**
 * How rows must be aligned for a card to show them: no driver tells.
 *
 * What a driver makes itself it can show, so the pitches of its own dumb buffers tell what it likes
 * (i915_gem_dumb_create(), rockchip_gem_dumb_create() align to 64 bytes;
 * drm_gem_shmem_dumb_create() to nothing). That it takes nothing else does not follow. Where it
 * refuses a framebuffer over memory that it has imported, the same layout over memory of its own
 * tells which of both it minds.
 */
#ifndef UMM_DEVICE_KMS_STRIDE_H
#define UMM_DEVICE_KMS_STRIDE_H

#include "device/kms_card.h"

/** Bytes, a power of two, that all pitches of dumb buffers are a multiple of; 1: it makes none, or
 * nothing in common was seen. */
uint32_t umm_kms_stride_align(int fd);

/**
 * drmModeAddFB2() of a layout over objects of the card, of each plane one. *out_fb is the caller's.
 * Returns 0 or a negative errno.
 */
int umm_kms_add_framebuffer(const struct umm_kms_card *card, const struct umm_layout *layout,
			    const uint32_t handles[UMM_MAX_PLANES], bool with_modifier,
			    uint32_t *out_fb);

/** Does the card refuse the layout over a dumb buffer of its own, too? false: no, or it cannot be
 * tried. */
bool umm_kms_minds_layout(const struct umm_kms_card *card, const struct umm_layout *layout,
			  bool with_modifier);

#endif
