/* SPDX-License-Identifier: MIT */
/**
 * What a driver can, found out by asking it.
 *
 * ENUM_FMT and ENUM_FRAMESIZES say which formats and sizes there are; where a driver has a range of
 * sizes, or says nothing, sizes that people use are tried. TRY_FMT says for each how its rows lie,
 * and what becomes of a stride that we propose: that, and not a document, tells whether the driver
 * lets us choose it and in which steps. Nothing here changes the device.
 */
#ifndef UMM_DEVICE_V4L2_ASK_H
#define UMM_DEVICE_V4L2_ASK_H

#include <umm/queue.h>

#include "device/v4l2_shape.h"

/** Which strides a driver takes. */
struct umm_v4l2_stride {
	bool free;	    /**< ours to choose; else only the one that the shape has */
	uint32_t divisor;   /**< free: in these steps */
	uint32_t max_bytes; /**< free: the largest that was tried with success */
};

/** One format in one size. */
struct umm_v4l2_offer {
	const struct umm_v4l2_format *format;
	struct umm_v4l2_shape shape; /**< as the driver lays it out if it is left to it */
	struct umm_v4l2_stride stride;
};

/** Sizes that form a range which umm/constraints.h can express. */
struct umm_v4l2_range {
	bool exists;
	struct umm_size min, max, align;
};

/** All that is on offer. Sizes in order of preference: the one the device has now, then by falling
 * area from 1920x1080 on, then the larger ones, the smallest first; formats as the table has them,
 * the one the device has now before all others. */
struct umm_v4l2_offers {
	struct umm_v4l2_offer *offers;
	unsigned n_offers;
	struct umm_v4l2_range range;   /**< of all formats alike */
	struct umm_v4l2_shape current; /**< what the device has now */
	unsigned n_passed_over; /**< formats of the driver that have no name here, or no rows */
};

/** What the user insists on; zero: nothing. */
struct umm_v4l2_wish {
	uint32_t drm;
	struct umm_size size;
	struct umm_rational rate;
};

/** Ask. *out: umm_v4l2_offers_finish(). No offer is no error. Returns 0, -ENOMEM, or the driver's
 * errno. */
int umm_v4l2_ask(const struct umm_v4l2_queue *queue, const struct umm_v4l2_wish *wish,
		 struct umm_v4l2_offers *out);
void umm_v4l2_offers_finish(struct umm_v4l2_offers *offers);

#endif
