/* SPDX-License-Identifier: MIT */
#include "device/v4l2_sizes.h"

#include <errno.h>
#include <linux/videodev2.h>

#include "os/v4l2.h"

/* What people use, by falling area: for drivers that have a range or do not tell. */
static const struct umm_size usual_sizes[] = {
	{ 7680, 4320 }, { 4096, 2160 }, { 3840, 2160 }, { 2560, 1440 }, { 1920, 1080 },
	{ 1280, 1024 }, { 1280, 960 },	{ 1280, 720 },	{ 1024, 768 },	{ 800, 600 },
	{ 720, 576 },	{ 720, 480 },	{ 640, 480 },	{ 640, 360 },	{ 320, 240 },
	{ 320, 180 },	{ 176, 144 },
};

static void add(struct umm_v4l2_sizes *sizes, struct umm_size size)
{
	if (size.width_px == 0 || size.height_px == 0 || sizes->n == UMM_V4L2_SIZES)
		return;
	for (unsigned i = 0; i < sizes->n; i++)
		if (sizes->list[i].width_px == size.width_px &&
		    sizes->list[i].height_px == size.height_px)
			return;
	sizes->list[sizes->n++] = size;
}

static void add_usual(struct umm_v4l2_sizes *sizes, struct umm_size current)
{
	add(sizes, current);
	for (unsigned i = 0; i < sizeof(usual_sizes) / sizeof(usual_sizes[0]); i++)
		add(sizes, usual_sizes[i]);
}

static bool power_of_two(uint32_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* A range of the constraint document starts on its own grid, and the grid is a power of two. */
static bool expressible(uint32_t min, uint32_t max, uint32_t step)
{
	return power_of_two(step) && min > 0 && min % step == 0 && max >= min;
}

static struct umm_v4l2_range range_of(const struct v4l2_frmsize_stepwise *steps)
{
	if (!expressible(steps->min_width, steps->max_width, steps->step_width) ||
	    !expressible(steps->min_height, steps->max_height, steps->step_height))
		return (struct umm_v4l2_range){ .exists = false };
	return (struct umm_v4l2_range){
		.exists = true,
		.min = { steps->min_width, steps->min_height },
		.max = { steps->max_width, steps->max_height },
		.align = { steps->step_width, steps->step_height },
	};
}

/* Returns 0 while there is more to ask for. */
static int take(struct umm_v4l2_sizes *sizes, const struct v4l2_frmsizeenum *answer,
		struct umm_size current)
{
	if (answer->type == V4L2_FRMSIZE_TYPE_DISCRETE) {
		add(sizes, (struct umm_size){ answer->discrete.width, answer->discrete.height });
		return 0;
	}
	add_usual(sizes, current);
	struct v4l2_frmsize_stepwise steps = answer->stepwise;
	if (answer->type == V4L2_FRMSIZE_TYPE_CONTINUOUS)
		steps.step_width = steps.step_height = 1;
	sizes->range = range_of(&steps);
	return 1;
}

int umm_v4l2_list_sizes(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
			const struct umm_v4l2_format *format, struct umm_size current,
			struct umm_v4l2_sizes *out)
{
	struct umm_v4l2_sizes sizes = { .n = 0 };
	if (wish->size.width_px > 0)
		add(&sizes, wish->size);
	for (uint32_t i = 0; i < UMM_V4L2_SIZES && wish->size.width_px == 0; i++) {
		struct v4l2_frmsizeenum answer = { .index = i, .pixel_format = format->v4l2 };
		int ret = umm_v4l2_call(queue->fd, VIDIOC_ENUM_FRAMESIZES, &answer);
		if (ret == -ENODEV)
			return ret;
		if (ret < 0 && i == 0)
			add_usual(&sizes, current);
		if (ret < 0 || take(&sizes, &answer, current) != 0)
			break;
	}
	*out = sizes;
	return 0;
}
