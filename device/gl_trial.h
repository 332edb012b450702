/* SPDX-License-Identifier: MIT */
/**
 * Draws one picture from, or onto, a buffer, and compares it with what the CPU sees.
 *
 * Drivers of GPUs accept what they cannot use: Mesa's software ones take any dma-buf and die when
 * they touch it, and draw garbage from YUV that comes as one image. So a trial looks at pixels,
 * those of the lower right corner, where wrong strides and offsets show; and it is made in a child
 * process, with a display of its own. The buffer's content is overwritten.
 */
#ifndef UMM_DEVICE_GL_TRIAL_H
#define UMM_DEVICE_GL_TRIAL_H

#include "device/gl_frame.h"

struct umm_gl_verdict {
	enum umm_gl_way way; /**< YUV: as parts if that shows the right pixels, else as one image */
	bool compared;	     /**< false: the CPU cannot map the buffer, so it was only drawn */
};

/**
 * May crash. Returns 0, or as umm_device_attach(), with the reason in `why`.
 *
 * UMM_GL_YUV=parts or =one in the environment allows only that way.
 */
int umm_gl_trial(const char *node, enum umm_device_direction direction, struct umm_buffer *buffer,
		 const struct umm_gl_format *format, struct umm_gl_verdict *out, char *why);

#endif
