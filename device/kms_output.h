/* SPDX-License-Identifier: MIT */
/**
 * Which part of a card shows the frames: a connector with something behind it, a CRTC that can
 * drive it, and the modes that the display can. Its planes: device/kms_planes.h.
 */
#ifndef UMM_DEVICE_KMS_OUTPUT_H
#define UMM_DEVICE_KMS_OUTPUT_H

#include <xf86drmMode.h>

#include "device/kms_card.h"

/** Most modes that are looked at: one per size is kept, and displays list the best ones first. */
#define UMM_KMS_MODES_MAX 64

struct umm_kms_output {
	char name[48]; /* "HDMI-A-1" */
	uint32_t connector, crtc;
	int crtc_index;
	bool connected; /* false: only named by the user, nothing is behind it */
	drmModeModeInfo modes[UMM_KMS_MODES_MAX]; /* the preferred first, each size once */
	unsigned n_modes;
};

/** Choose by the user's wishes (connector, size, rate), else the first connected one. -ENODEV:
 * nothing is connected; -EINVAL: no such connector, or not such a mode. */
int umm_kms_output_choose(const struct umm_kms_card *card, const struct umm_device_opts *opts,
			  struct umm_kms_output *out, char *why);

/** The mode of that size, or NULL. */
const drmModeModeInfo *umm_kms_mode(const struct umm_kms_output *output, uint32_t width_px,
				    uint32_t height_px);

#endif
