/* SPDX-License-Identifier: MIT */
/** The commits that a display needs, by atomic mode setting. */
#ifndef UMM_DEVICE_KMS_ATOMIC_H
#define UMM_DEVICE_KMS_ATOMIC_H

#include "device/kms_screen.h"

/** Everything: mode, connector, the planes of screen->how; the CRTC's other planes off. Blocks. */
int umm_kms_atomic_show(struct umm_kms_screen *screen, const struct umm_kms_picture *picture);

/** Would the driver do that? It is asked, and nothing changes. */
int umm_kms_atomic_test(struct umm_kms_screen *screen, const struct umm_kms_picture *picture);

/** The picture alone; does not block, asks for the event. *out_fence as umm_kms_screen_flip(). */
int umm_kms_atomic_flip(struct umm_kms_screen *screen, const struct umm_kms_picture *picture,
			int *out_fence);

#endif
