/* SPDX-License-Identifier: MIT */
/** A buffer as the display knows it: imported memory, and a framebuffer over it. */
#ifndef UMM_DEVICE_KMS_FRAME_H
#define UMM_DEVICE_KMS_FRAME_H

#include "device/kms_card.h"
#include "device/kms_handles.h"

struct umm_kms_frame {
	uint32_t fb; /* 0: none */
	uint32_t handles[UMM_MAX_PLANES];
	unsigned n_handles;
};

/** Returns 0, -EOPNOTSUPP (the layout is refused, whatever the memory), or the errno with which the
 * driver refused the memory, told in `why`. */
int umm_kms_frame_create(const struct umm_kms_card *card, struct umm_kms_handles *handles,
			 const struct umm_buffer *buffer, bool with_modifier,
			 struct umm_kms_frame *out, char *why);

/** What is on the screen must not be destroyed: the kernel would switch the display off. */
void umm_kms_frame_destroy(const struct umm_kms_card *card, struct umm_kms_handles *handles,
			   struct umm_kms_frame *frame);

#endif
