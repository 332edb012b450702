/* SPDX-License-Identifier: MIT */
/**
 * Comparing contents with a driver that shows: through another node, at which comes in what this
 * one puts out, by a cable or inside the driver.
 *
 * Noise is shown until it is seen. If it is not seen, it is shown once more from memory of the
 * other node: only where that comes through is the memory on trial to blame, and not the cable.
 */
#ifndef UMM_DEVICE_V4L2_LOOP_H
#define UMM_DEVICE_V4L2_LOOP_H

#include "device/v4l2_check.h"

/** Show `buffer`, which is in `slot` and the only one, and look for it at the node `path`. Returns
 * as umm_v4l2_check(). */
int umm_v4l2_loop(struct umm_v4l2_stream *stream, unsigned slot, struct umm_buffer *buffer,
		  const char *path, char found[UMM_V4L2_CHECK_TEXT]);

#endif
