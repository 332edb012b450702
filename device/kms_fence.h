/* SPDX-License-Identifier: MIT */
/**
 * Fences told to a display, and by it.
 *
 *	in	IN_FENCE_FD of the plane: what must have happened before the frame is shown. It is
 *		what drivers left in the frame's dma-buf for who reads.
 *	out	OUT_FENCE_PTR of the CRTC: signalled when a flip is over. From then on the frame
 *		that it replaced is read no more, so it goes into that frame's dma-buf: a driver
 *		that writes there waits for it, even where the display's process has died meanwhile.
 *
 * A display without these properties waits for what is in the dma-buf by itself
 * (drm_gem_plane_helper_prepare_fb), and nobody else is told when it is done.
 */
#ifndef UMM_DEVICE_KMS_FENCE_H
#define UMM_DEVICE_KMS_FENCE_H

#include <umm/buffer.h>

#include "device/kms_card.h"
#include "device/kms_output.h"

/** Numbers of the properties; 0 where the driver has none, or is not asked to use them. */
struct umm_kms_fences {
	uint32_t in, out;
};

struct umm_kms_fences umm_kms_fences_find(const struct umm_kms_card *card,
					  const struct umm_kms_output *output, uint32_t plane);

/** What who shows the frame waits for, as a sync_file of the caller's; -1: nobody tells. */
int umm_kms_fence_before(const struct umm_buffer *buffer);

/** The error that a fence ended with; 0: none, or it has not. */
int umm_kms_fence_error(int fd);

/** Who writes to the buffer waits for this sync_file from here on. */
void umm_kms_fence_leave(const char *node, struct umm_buffer *buffer, int borrow_fd);

#endif
