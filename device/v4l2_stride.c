/* SPDX-License-Identifier: MIT */
/**
 * The rule of strides, by experiment.
 *
 * A driver may keep to its own stride whatever we propose, or take proposals and round them: up,
 * down, to 2, 16, 64, 256. So a little more than its own is proposed, then twice as much; the
 * differences of the answers have the step as a common divisor. What comes out is a guess until it
 * has been tried: multiples of the step must be taken exactly as they are. A rule that does not
 * stand that test is given up, and the driver's own stride is the only one.
 */
#include "device/v4l2_stride.h"

#define LARGEST_STEP 4096u
#define MOST_FACTOR  8u /* of its own stride: more than anybody needs */

static uint32_t gcd(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

static uint32_t round_up(uint32_t value, uint32_t step)
{
	return (value + step - 1) / step * step;
}

/* What becomes of a proposal. *out is 0 where the picture itself would change with it. */
static int propose(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *natural,
		   uint32_t stride_bytes, uint32_t *out)
{
	struct umm_v4l2_shape shape = {
		.code = natural->code,
		.width_px = natural->width_px,
		.height_px = natural->height_px,
		.field = natural->field,
		.strides_bytes = { stride_bytes },
	};
	int ret = umm_v4l2_try_shape(queue, &shape);
	if (ret < 0)
		return ret;
	bool same = shape.code == natural->code && shape.width_px == natural->width_px &&
		    shape.height_px == natural->height_px && shape.n_memory == natural->n_memory;
	*out = same ? shape.strides_bytes[0] : 0;
	return 0;
}

/* The step of a driver that is known to take more than its own stride; 0: none was found. */
static int guess_step(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *natural,
		      uint32_t *out)
{
	uint32_t own = natural->strides_bytes[0], step = 0;
	for (uint32_t more = 1; more <= 2 * LARGEST_STEP && step != 1; more *= 2) {
		uint32_t got;
		int ret = propose(queue, natural, own + more, &got);
		if (ret < 0)
			return ret;
		if (got > own)
			step = gcd(got, step);
	}
	*out = step;
	return 0;
}

/* Are multiples of `step` taken as they are? */
static int holds(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *natural,
		 uint32_t step, bool *out)
{
	static const uint32_t ahead[] = { 0, 1, 2, 3, 7 };
	uint32_t first = round_up(natural->strides_bytes[0], step);
	for (unsigned i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		uint32_t want = first + ahead[i] * step, got;
		int ret = propose(queue, natural, want, &got);
		if (ret < 0)
			return ret;
		if (got != want) {
			*out = false;
			return 0;
		}
	}
	*out = true;
	return 0;
}

/* The strides of the other planes must be whole numbers, too. Those that are objects of their own
   have strides of their own; their rule is not asked for. */
static uint32_t with_chroma(uint32_t step, const struct umm_format_info *info)
{
	uint32_t width = 64; /* whole blocks of every plane of every format */
	uint64_t luma = umm_format_row_bytes(info, 0, width);
	for (unsigned i = 1; i < info->n_planes; i++) {
		uint64_t chroma = umm_format_row_bytes(info, i, width);
		if (chroma > 0 && chroma < luma) {
			uint32_t ratio = (uint32_t)(luma / chroma);
			step = step / gcd(step, ratio) * ratio;
		}
	}
	return step;
}

int umm_v4l2_find_stride(const struct umm_v4l2_queue *queue, const struct umm_v4l2_shape *natural,
			 const struct umm_format_info *info, struct umm_v4l2_stride *out)
{
	uint32_t own = natural->strides_bytes[0], largest, step = 0;
	bool stands = false;
	*out = (struct umm_v4l2_stride){ .free = false };
	if (natural->n_memory > 1 || own > UINT32_MAX / (2 * MOST_FACTOR))
		return 0;
	int ret = propose(queue, natural, own * MOST_FACTOR, &largest);
	if (ret == 0 && largest > own)
		ret = guess_step(queue, natural, &step);
	if (ret == 0 && step > 0)
		ret = holds(queue, natural, step, &stands);
	if (ret < 0 || !stands)
		return ret;
	step = with_chroma(step, info);
	*out = (struct umm_v4l2_stride){
		.free = largest / step * step > own,
		.divisor = step,
		.max_bytes = largest / step * step,
	};
	return 0;
}
