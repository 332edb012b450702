/* SPDX-License-Identifier: MIT */
/** Frame rates; V4L2 speaks of intervals, their inverse. */
#ifndef UMM_DEVICE_V4L2_RATE_H
#define UMM_DEVICE_V4L2_RATE_H

#include "device/v4l2_shape.h"

#include <umm/queue.h>

/** Can it make frames this fast? Drivers that do not say are believed to. */
bool umm_v4l2_has_rate(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *shape,
		       struct umm_rational rate);

/** Within one percent: 29.97 is not 30, but a clock that cannot do better is not refused. */
bool umm_v4l2_same_rate(struct umm_rational a, struct umm_rational b);

/** VIDIOC_G_PARM and S_PARM; the latter's *rate becomes what the driver made of it. Return 0,
 * -EOPNOTSUPP (it has no notion of a rate), or the driver's errno. */
int umm_v4l2_get_rate(const struct umm_v4l2_queue *queue, struct umm_rational *out);
int umm_v4l2_set_rate(const struct umm_v4l2_queue *queue, struct umm_rational *rate);

#endif
