/* SPDX-License-Identifier: MIT */
/**
 * From merged demands to bytes: the layout of one image, and of the largest of several.
 */
#ifndef UMM_CORE_LAYOUT_H
#define UMM_CORE_LAYOUT_H

#include <umm/solve.h>

#include "core/merge.h"

#define UMM_PAGE_BYTES 4096

/** Why a merged record cannot be satisfied; each names a kind of clash. */
enum umm_fault {
	UMM_FAULT_NONE,
	UMM_FAULT_UNUSED,     /**< all that take part are `none` */
	UMM_FAULT_COUNT,      /**< more buffers than somebody permits, or than a number holds */
	UMM_FAULT_NO_BUFFERS, /**< nobody asks for a buffer */
	UMM_FAULT_UNCOVERED,  /**< somebody has no entry for the pair */
	UMM_FAULT_FORMAT,     /**< nobody is specific about the format */
	UMM_FAULT_MODIFIER,   /**< nobody is specific about the modifier */
	UMM_FAULT_COLORS,     /**< no colour in common */
	UMM_FAULT_COLOR,      /**< nobody is specific about the colour */
	UMM_FAULT_ALPHA,
	UMM_FAULT_HANDLES,
	UMM_FAULT_SIZE_RANGE,	/**< size.min above size.max after alignment */
	UMM_FAULT_REQUIRED_MIN, /**< required_min_size outside the range */
	UMM_FAULT_REQUIRED,	/**< a required size outside the range */
	UMM_FAULT_AREA,
	UMM_FAULT_STRIDE_RANGE, /**< stride.min above stride.max after rounding */
	UMM_FAULT_STRIDE,	/**< no legal stride for a size */
	UMM_FAULT_EXACT,
	UMM_FAULT_OVERFLOW, /**< above 2^63 - 1 */
	UMM_FAULT_SIZE,	    /**< size_bytes.min or the image above size_bytes.max */
	UMM_FAULT_HEAP,	    /**< no heap serves it */
};

/** The layout of all images that must fit into one buffer. */
struct umm_image {
	struct umm_size size_min, size_max; /**< merged and rounded; UMM_NO_LIMIT: none */
	uint64_t stride_min, stride_max, stride_divisor;
	struct umm_size visible; /**< as stated: the size that decided */
	struct umm_size aligned; /**< the same as it was laid out */
	unsigned n_planes;
	struct umm_plane_layout planes[UMM_MAX_PLANES];
	bool per_plane;
	uint64_t image_bytes;	 /**< of the planes alone */
	uint64_t size_bytes;	 /**< at least size_bytes.min */
	uint64_t raw_bytes;	 /**< before rounding to pages */
	uint64_t raw_size_bytes; /**< a multiple of UMM_PAGE_BYTES */
};

/**
 * What to lay out. `undecided` holds the enum umm_fact that choices yet to be made may add: then
 * the layout is only a lower bound. A wider image may still repair `exact`, and one object per
 * plane may still make the buffer smaller, so neither counts as a fault. 0: nothing is open.
 */
struct umm_layout_request {
	const struct umm_merge *merge;
	const struct umm_format_info *info; /* NULL: nobody looks at pixels */
	const struct umm_size *required;    /**< none covered by another */
	size_t n_required;
	uint32_t undecided;
};

enum umm_fault umm_layout_compute(const struct umm_layout_request *request, struct umm_image *out);

/** Own divisor of a participant that states `exact`: the multiple its stride must be of. */
uint64_t umm_layout_own_divisor(const struct umm_format_info *info, uint64_t stride_divisor,
				bool whole_pixels);

/** Sort `sizes` ascending by width, then height, and drop those that another covers. Returns how
 * many are left. */
size_t umm_layout_uncovered(struct umm_size *sizes, size_t count);

#endif
