/* SPDX-License-Identifier: MIT */
/**
 * Comparing contents with a mem2mem driver: the same picture twice.
 *
 * What such a driver makes of a picture nobody knows. But it makes the same of it each time, so it
 * is given noise in memory of its own, which it cannot get wrong, and then again with the memory on
 * trial at the end that is looked at: what comes out must be the same, byte for byte. A driver
 * whose results do not depend on what it is given, or differ from each other, tells nothing.
 */
#ifndef UMM_DEVICE_V4L2_REPLAY_H
#define UMM_DEVICE_V4L2_REPLAY_H

#include "device/v4l2_check.h"
#include "device/v4l2_node.h"

/** Of `buffer`, which has the shape of `stream`, at the end that `node` is. Both are left alone.
 * Returns as umm_v4l2_check(). */
int umm_v4l2_replay(const struct umm_v4l2_node *node, const struct umm_v4l2_stream *stream,
		    struct umm_buffer *buffer, char found[UMM_V4L2_CHECK_TEXT]);

#endif
