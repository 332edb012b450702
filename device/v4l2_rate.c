/* SPDX-License-Identifier: MIT */
#include "device/v4l2_rate.h"

#include <errno.h>
#include <linux/videodev2.h>

#include "os/v4l2.h"

#define MOST_INTERVALS 64

bool umm_v4l2_same_rate(struct umm_rational a, struct umm_rational b)
{
	int64_t left = (int64_t)a.num * b.den, right = (int64_t)b.num * a.den;
	int64_t off = left > right ? left - right : right - left;
	return off <= (left > right ? right : left) / 100;
}

static bool is_interval_of(const struct v4l2_fract *interval, struct umm_rational rate)
{
	if (interval->numerator == 0 || interval->denominator == 0 ||
	    interval->numerator > INT32_MAX || interval->denominator > INT32_MAX)
		return false;
	struct umm_rational other = { (int32_t)interval->denominator,
				      (int32_t)interval->numerator };
	return umm_v4l2_same_rate(other, rate);
}

static bool not_longer(const struct v4l2_fract *interval, struct umm_rational rate)
{
	return (uint64_t)interval->numerator * rate.num <=
	       (uint64_t)interval->denominator * rate.den;
}

static bool within(const struct v4l2_frmival_stepwise *range, struct umm_rational rate)
{
	return is_interval_of(&range->min, rate) || is_interval_of(&range->max, rate) ||
	       (not_longer(&range->min, rate) && !not_longer(&range->max, rate));
}

bool umm_v4l2_has_rate(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *shape,
		       struct umm_rational rate)
{
	for (uint32_t i = 0; i < MOST_INTERVALS; i++) {
		struct v4l2_frmivalenum answer = { .index = i,
						   .pixel_format = shape->code,
						   .width = shape->width_px,
						   .height = shape->height_px };
		if (umm_v4l2_call(queue->fd, VIDIOC_ENUM_FRAMEINTERVALS, &answer) < 0)
			return i == 0;
		if (answer.type != V4L2_FRMIVAL_TYPE_DISCRETE)
			return within(&answer.stepwise, rate);
		if (is_interval_of(&answer.discrete, rate))
			return true;
	}
	return false;
}

/* ---- the one it has ---- */

static bool fits(const struct v4l2_fract *interval)
{
	return interval->numerator > 0 && interval->numerator <= INT32_MAX &&
	       interval->denominator > 0 && interval->denominator <= INT32_MAX;
}

static int exchange(const struct umm_v4l2_queue *queue, unsigned long request,
		    struct umm_rational *rate)
{
	struct v4l2_streamparm parm = { .type = queue->type };
	struct v4l2_fract *interval = umm_v4l2_is_output(queue->type)
					      ? &parm.parm.output.timeperframe
					      : &parm.parm.capture.timeperframe;
	*interval = (struct v4l2_fract){ (uint32_t)rate->den, (uint32_t)rate->num };
	int ret = umm_v4l2_call(queue->fd, request, &parm);
	if (ret == -ENOTTY || ret == -EINVAL)
		return -EOPNOTSUPP;
	if (ret < 0)
		return ret;
	uint32_t has = umm_v4l2_is_output(queue->type) ? parm.parm.output.capability
						       : parm.parm.capture.capability;
	if (!(has & V4L2_CAP_TIMEPERFRAME) || !fits(interval))
		return -EOPNOTSUPP;
	*rate = (struct umm_rational){ (int32_t)interval->denominator,
				       (int32_t)interval->numerator };
	return 0;
}

int umm_v4l2_get_rate(const struct umm_v4l2_queue *queue, struct umm_rational *out)
{
	struct umm_rational rate = { 0 };
	int ret = exchange(queue, VIDIOC_G_PARM, &rate);
	if (ret == 0)
		*out = rate;
	return ret;
}

int umm_v4l2_set_rate(const struct umm_v4l2_queue *queue, struct umm_rational *rate)
{
	return exchange(queue, VIDIOC_S_PARM, rate);
}
