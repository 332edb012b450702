/* SPDX-License-Identifier: MIT */
#include "device/v4l2_ask.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

#include "device/v4l2_rate.h"
#include "device/v4l2_sizes.h"
#include "device/v4l2_stride.h"
#include "os/v4l2.h"

#define MOST_FORMATS 256 /* that a driver is asked for: one that never ends is broken */

/* Which lines of the format table the driver has. */
struct listed {
	bool has[MOST_FORMATS];
	unsigned n_passed_over;
};

static size_t line_of(const struct umm_v4l2_format *format)
{
	return (size_t)(format - umm_v4l2_format_at(0));
}

static int list_formats(const struct umm_v4l2_queue *queue, struct listed *out)
{
	*out = (struct listed){ .n_passed_over = 0 };
	for (uint32_t i = 0; i < MOST_FORMATS; i++) {
		struct v4l2_fmtdesc answer = { .index = i, .type = queue->type };
		int ret = umm_v4l2_call(queue->fd, VIDIOC_ENUM_FMT, &answer);
		if (ret == -EINVAL)
			return 0;
		if (ret < 0)
			return ret;
		const struct umm_v4l2_format *format = umm_v4l2_format_find(answer.pixelformat);
		if (format == NULL || line_of(format) >= MOST_FORMATS ||
		    umm_format_info(format->drm) == NULL)
			out->n_passed_over++;
		else
			out->has[line_of(format)] = true;
	}
	return 0;
}

/* One participant may state a format once only: is there a line before that means the same? */
static bool said_before(const struct listed *listed, const struct umm_v4l2_format *format)
{
	for (size_t i = 0; i < line_of(format); i++)
		if (listed->has[i] && umm_v4l2_format_at(i)->drm == format->drm)
			return true;
	return false;
}

/* ---- one format in one size ---- */

static bool whole_picture(uint32_t field)
{
	return field == V4L2_FIELD_NONE || field == V4L2_FIELD_ANY ||
	       field == V4L2_FIELD_INTERLACED || field == V4L2_FIELD_INTERLACED_TB ||
	       field == V4L2_FIELD_INTERLACED_BT;
}

/* Does what the driver says describe rows of this format at all? */
static bool makes_sense(const struct umm_v4l2_shape *shape, const struct umm_v4l2_format *format)
{
	const struct umm_format_info *info = umm_format_info(format->drm);
	uint64_t row = umm_format_row_bytes(info, 0, shape->width_px), sizes = 0;
	for (unsigned i = 0; i < shape->n_memory; i++)
		sizes += shape->sizes_bytes[i];
	return shape->code == format->v4l2 && shape->n_memory == format->memory &&
	       shape->width_px > 0 && shape->height_px > 0 && shape->width_px % info->hsub == 0 &&
	       shape->height_px % info->vsub == 0 && whole_picture(shape->field) &&
	       shape->strides_bytes[0] >= row && umm_v4l2_image_bytes(shape, info) <= sizes;
}

/* Returns 1: offered; 0: not; or the driver's errno. */
static int ask_for(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
		   const struct umm_v4l2_format *format, struct umm_size size,
		   struct umm_v4l2_offer *out)
{
	struct umm_v4l2_offer offer = {
		.format = format,
		.shape = { .code = format->v4l2,
			   .width_px = (uint32_t)size.width_px,
			   .height_px = (uint32_t)size.height_px,
			   .field = V4L2_FIELD_NONE },
	};
	int ret = umm_v4l2_try_shape(queue, &offer.shape);
	if (ret == -EINVAL)
		return 0;
	if (ret < 0)
		return ret;
	if (offer.shape.width_px != size.width_px || offer.shape.height_px != size.height_px ||
	    !makes_sense(&offer.shape, format))
		return 0;
	if (wish->rate.num > 0 && !umm_v4l2_has_rate(queue, &offer.shape, wish->rate))
		return 0;
	ret = umm_v4l2_find_stride(queue, &offer.shape, umm_format_info(format->drm),
				   &offer.stride);
	if (ret < 0)
		return ret;
	*out = offer;
	return 1;
}

static int add_offer(struct umm_v4l2_offers *offers, const struct umm_v4l2_offer *offer)
{
	struct umm_v4l2_offer *more =
		realloc(offers->offers, (offers->n_offers + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	offers->offers = more;
	more[offers->n_offers++] = *offer;
	return 0;
}

/* ---- one format ---- */

static bool same_range(const struct umm_v4l2_range *a, const struct umm_v4l2_range *b)
{
	return a->exists == b->exists && memcmp(&a->min, &b->min, sizeof(a->min)) == 0 &&
	       memcmp(&a->max, &b->max, sizeof(a->max)) == 0 &&
	       memcmp(&a->align, &b->align, sizeof(a->align)) == 0;
}

/* A range counts only if all formats have it. */
static void meet_range(struct umm_v4l2_offers *offers, bool first,
		       const struct umm_v4l2_range *range)
{
	if (first)
		offers->range = *range;
	else if (!same_range(&offers->range, range))
		offers->range.exists = false;
}

static int ask_format(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
		      const struct umm_v4l2_format *format, struct umm_v4l2_offers *offers)
{
	struct umm_size current = { offers->current.width_px, offers->current.height_px };
	struct umm_v4l2_sizes sizes;
	unsigned before = offers->n_offers;
	int ret = umm_v4l2_list_sizes(queue, wish, format, current, &sizes);
	for (unsigned i = 0; i < sizes.n && ret == 0; i++) {
		struct umm_v4l2_offer offer;
		int offered = ask_for(queue, wish, format, sizes.list[i], &offer);
		ret = offered == 1 ? add_offer(offers, &offer) : offered;
	}
	if (ret < 0)
		return ret;
	if (offers->n_offers == before)
		offers->n_passed_over++;
	else
		meet_range(offers, before == 0, &sizes.range);
	return 0;
}

static int ask_formats(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
		       const struct listed *listed, struct umm_v4l2_offers *offers)
{
	for (size_t i = 0; i < MOST_FORMATS; i++) {
		if (!listed->has[i])
			continue;
		const struct umm_v4l2_format *format = umm_v4l2_format_at(i);
		if ((wish->drm != 0 && format->drm != wish->drm) || said_before(listed, format))
			continue;
		int ret = ask_format(queue, wish, format, offers);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- order ---- */

/* Where nobody asks for a size, larger ones cost more than they are worth. */
#define MODERATE_AREA (UINT64_C(1920) * 1080)

static bool is_current_size(const struct umm_v4l2_shape *shape,
			    const struct umm_v4l2_shape *current)
{
	return shape->width_px == current->width_px && shape->height_px == current->height_px;
}

static int compare(const void *a, const void *b, void *user)
{
	const struct umm_v4l2_offer *left = a, *right = b;
	const struct umm_v4l2_shape *current = user;
	bool left_now = is_current_size(&left->shape, current);
	if (left_now != is_current_size(&right->shape, current))
		return left_now ? -1 : 1;
	uint64_t left_area = (uint64_t)left->shape.width_px * left->shape.height_px;
	uint64_t right_area = (uint64_t)right->shape.width_px * right->shape.height_px;
	bool moderate = left_area <= MODERATE_AREA;
	if (moderate != (right_area <= MODERATE_AREA))
		return moderate ? -1 : 1;
	if (left_area != right_area)
		return (left_area > right_area) == moderate ? -1 : 1;
	if (left->shape.width_px != right->shape.width_px)
		return left->shape.width_px > right->shape.width_px ? -1 : 1;
	if (left->format != right->format)
		return left->format < right->format ? -1 : 1;
	return 0;
}

int umm_v4l2_ask(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
		 struct umm_v4l2_offers *out)
{
	struct umm_v4l2_offers offers = { 0 };
	struct listed listed = { .n_passed_over = 0 };
	int ret = umm_v4l2_get_shape(queue, &offers.current);
	if (ret == 0)
		ret = list_formats(queue, &listed);
	if (ret == 0)
		ret = ask_formats(queue, wish, &listed, &offers);
	if (ret < 0) {
		umm_v4l2_offers_finish(&offers);
		return ret;
	}
	offers.n_passed_over += listed.n_passed_over;
	if (offers.n_offers > 0)
		qsort_r(offers.offers, offers.n_offers, sizeof(*offers.offers), compare,
			&offers.current);
	*out = offers;
	return 0;
}

void umm_v4l2_offers_finish(struct umm_v4l2_offers *offers)
{
	free(offers->offers);
	*offers = (struct umm_v4l2_offers){ 0 };
}
