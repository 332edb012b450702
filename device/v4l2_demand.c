/* SPDX-License-Identifier: MIT */
/**
 * A camera makes pictures of one size at a time, so each size is an alternative of its own, in
 * which it is the only one: smallest, largest and required. A range of sizes that the solver can
 * express comes last, for those whose partners insist on a size that nobody thought of.
 */
#include "device/v4l2_demand.h"

#include <stdio.h>

#include "os/cleanup.h"

/* Where nobody cares: what the device is set to costs nothing, so it is not changed for nothing.
   Alpha that a camera makes up is not what anybody wants, and a picture that has lost its colours
   is the last. */
#define COST_OTHER_FORMATS 1
#define COST_ALPHA	   2
#define COST_GREY	   3

static bool is_grey(const struct umm_v4l2_format *format)
{
	return format->drm == UMM_FOURCC('R', '8', ' ', ' ') ||
	       format->drm == UMM_FOURCC('R', '1', '6', ' ');
}

UMM_DEFINE_AUTO(umm_constraints, umm_constraints_destroy)

static uint64_t cost_of(const struct umm_v4l2_offer *offer, const struct umm_v4l2_offers *offers)
{
	if (offer->format->v4l2 == offers->current.code)
		return 0;
	if (is_grey(offer->format))
		return COST_GREY;
	return umm_format_info(offer->format->drm)->has_alpha ? COST_ALPHA : COST_OTHER_FORMATS;
}

/* What the driver reserves behind the picture grows with the stride: it is rows, rather than
   bytes. */
static uint64_t extra_rows(const struct umm_v4l2_offer *offer)
{
	uint64_t image = umm_v4l2_image_bytes(&offer->shape, umm_format_info(offer->format->drm));
	uint64_t stride = offer->shape.strides_bytes[0], size = offer->shape.sizes_bytes[0];
	if (offer->shape.n_memory > 1 || size <= image)
		return 0;
	return (size - image + stride - 1) / stride;
}

static uint64_t total_bytes(const struct umm_v4l2_shape *shape)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < shape->n_memory; i++)
		total += shape->sizes_bytes[i];
	return total;
}

static struct umm_format_demand demand_of(const struct umm_v4l2_offer *offer,
					  const struct umm_v4l2_offers *offers,
					  const struct umm_v4l2_needs *needs)
{
	const struct umm_v4l2_shape *shape = &offer->shape;
	const struct umm_format_info *info = umm_format_info(offer->format->drm);
	struct umm_size size = { shape->width_px, shape->height_px };
	struct umm_format_demand demand = {
		.formats = { offer->format->drm },
		.size_min = size,
		.size_max = size,
		.required_sizes = { size },
		.stride_min_bytes = shape->strides_bytes[0],
		.stride_max_bytes = shape->strides_bytes[0],
		.handles = shape->n_memory > 1 ? UMM_HANDLES_PER_PLANE : UMM_HANDLES_ONE,
		.total_min_bytes = total_bytes(shape),
		.extra_rows = extra_rows(offer),
		.cost = cost_of(offer, offers),
	};
	if (offer->stride.free) {
		demand.stride_divisor_bytes = offer->stride.divisor;
		demand.stride_max_bytes = offer->stride.max_bytes;
	}
	if (needs->is_output)
		return demand;
	demand.color_spaces = umm_v4l2_color_space(shape, info);
	if (info->has_alpha)
		demand.alpha = UMM_ALPHA_IGNORED;
	return demand;
}

/* Any size of the range. How rows lie was asked for the sizes that were tried; here the rule of the
   narrowest is all there is, and the attach is the trial of it. */
static struct umm_format_demand range_demand_of(const struct umm_v4l2_offer *offer,
						const struct umm_v4l2_offers *offers,
						const struct umm_v4l2_needs *needs)
{
	struct umm_format_demand demand = demand_of(offer, offers, needs);
	demand.size_min = offers->range.min;
	demand.size_max = offers->range.max;
	demand.size_align = offers->range.align;
	demand.required_sizes[0] = (struct umm_size){ 0 };
	demand.stride_min_bytes = demand.stride_max_bytes = demand.total_min_bytes = 0;
	demand.stride_exact = !offer->stride.free;
	return demand;
}

/* ---- one alternative ---- */

static int start(const char *name, const struct umm_v4l2_needs *needs, struct umm_constraints **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	struct umm_buffer_demand buffers = { .camping = needs->camping,
					     .shared_slack = 1,
					     .max = needs->most };
	struct umm_memory_demand memory = { .imports = needs->imports };
	int ret = umm_constraints_create(name, &constraints);
	if (ret == 0)
		ret = umm_constraints_set_usage(constraints, UMM_USAGE_VIDEO | UMM_USAGE_DMA);
	if (ret == 0)
		ret = umm_constraints_set_buffers(constraints, &buffers);
	if (ret == 0)
		ret = umm_constraints_set_memory(constraints, &memory);
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}

/* Offers of one size stand side by side. */
static unsigned count_same_size(const struct umm_v4l2_offers *offers, unsigned first)
{
	const struct umm_v4l2_shape *size = &offers->offers[first].shape;
	unsigned n = 1;
	while (first + n < offers->n_offers &&
	       offers->offers[first + n].shape.width_px == size->width_px &&
	       offers->offers[first + n].shape.height_px == size->height_px)
		n++;
	return n;
}

static int state_size(const char *name, const struct umm_v4l2_offers *offers, unsigned first,
		      const struct umm_v4l2_needs *needs, struct umm_constraints **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	unsigned n = count_same_size(offers, first);
	int ret = start(name, needs, &constraints);
	for (unsigned i = first; i < first + n && ret == 0; i++) {
		struct umm_format_demand demand = demand_of(&offers->offers[i], offers, needs);
		ret = umm_constraints_add_format(constraints, &demand);
	}
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}

static bool first_of_format(const struct umm_v4l2_offers *offers, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (offers->offers[i].format == offers->offers[index].format)
			return false;
	return true;
}

static int state_range(const char *name, const struct umm_v4l2_offers *offers,
		       const struct umm_v4l2_needs *needs, struct umm_constraints **out)
{
	umm_auto(umm_constraints, constraints) = NULL;
	int ret = start(name, needs, &constraints);
	for (unsigned i = 0; i < offers->n_offers && ret == 0; i++) {
		if (!first_of_format(offers, i))
			continue;
		struct umm_format_demand demand =
			range_demand_of(&offers->offers[i], offers, needs);
		ret = umm_constraints_add_format(constraints, &demand);
	}
	if (ret == 0)
		*out = umm_steal(constraints);
	return ret;
}

/* ---- all of them ---- */

static int add_size(struct umm_constraints *group, const struct umm_v4l2_offers *offers,
		    unsigned first, const struct umm_v4l2_needs *needs)
{
	umm_auto(umm_constraints, alternative) = NULL;
	char name[32];
	snprintf(name, sizeof(name), "%ux%u", offers->offers[first].shape.width_px,
		 offers->offers[first].shape.height_px);
	int ret = state_size(name, offers, first, needs, &alternative);
	return ret < 0 ? ret : umm_constraints_add_alternative(group, alternative);
}

static int add_range(struct umm_constraints *group, const struct umm_v4l2_offers *offers,
		     const struct umm_v4l2_needs *needs)
{
	umm_auto(umm_constraints, alternative) = NULL;
	int ret = state_range("any size", offers, needs, &alternative);
	return ret < 0 ? ret : umm_constraints_add_alternative(group, alternative);
}

int umm_v4l2_demand(const char *name, const struct umm_v4l2_offers *offers,
		    const struct umm_v4l2_needs *needs, struct umm_constraints **out)
{
	if (count_same_size(offers, 0) == offers->n_offers && !offers->range.exists)
		return state_size(name, offers, 0, needs, out);
	umm_auto(umm_constraints, group) = NULL;
	int ret = umm_constraints_create(name, &group);
	for (unsigned i = 0; i < offers->n_offers && ret == 0; i += count_same_size(offers, i))
		ret = add_size(group, offers, i, needs);
	if (ret == 0 && offers->range.exists)
		ret = add_range(group, offers, needs);
	if (ret == 0)
		*out = umm_steal(group);
	return ret;
}
