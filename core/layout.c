/* SPDX-License-Identifier: MIT */
/*
 * Layout: widths become strides, strides become planes, planes become bytes.
 *
 * Everything is computed straight through with numbers that remember an overflow (core/number.h).
 *
 * `exact` does not merge: each participant that states it has the equation
 *	stride == round_up(row, own divisor)
 * The merged divisor is a multiple of every own divisor, so the smallest legal stride S is a
 * multiple of the own divisor and not below the row; it is the smallest such multiple exactly if
 * S - row < own divisor. A legal stride above S would be further from it. So all the equations hold
 * together if S - row is below the smallest own divisor, and `exact` is one number of the merged
 * record.
 */
#include "core/layout.h"

#include "core/format.h"
#include "core/memory.h"
#include "core/number.h"

/** The merged record, with what the format adds to it. */
struct geometry {
	const struct umm_merge *merge;
	const struct umm_format_info *info;
	uint64_t stride_divisor[UMM_MAX_PLANES], offset_divisor[UMM_MAX_PLANES];
	uint64_t stride_floor[UMM_MAX_PLANES], offset_floor[UMM_MAX_PLANES]; /**< see floor_of() */
	uint64_t width_align, height_align;
	uint32_t undecided;
};

uint64_t umm_layout_own_divisor(const struct umm_format_info *info, uint64_t stride_divisor,
				bool whole_pixels)
{
	uint64_t own = umm_lcm(stride_divisor, info->component_bytes);
	return whole_pixels ? umm_lcm(own, info->block_bytes[0]) : own;
}

/** What a multiple of the merged divisor is at least, unless it is 0. The divisor of a hull may be
 * smaller than that of any choice; its factors and its powers of two are in all of them. */
static uint64_t floor_of(const struct umm_merge *merge, unsigned which)
{
	uint64_t multiple = merge->multiple[which], factor = merge->factor[which];
	return factor == 1 ? 1 : umm_product(factor, multiple & (~multiple + 1));
}

static void geometry_init(struct geometry *geometry, const struct umm_layout_request *request)
{
	const struct umm_merge *merge = request->merge;
	const struct umm_format_info *info = request->info;
	struct umm_size subsampling = umm_format_alignment(info);
	*geometry =
		(struct geometry){ .merge = merge, .info = info, .undecided = request->undecided };
	geometry->width_align =
		umm_max(merge->at_least[UMM_LEAST_WIDTH_ALIGN], subsampling.width_px);
	geometry->height_align =
		umm_max(merge->at_least[UMM_LEAST_HEIGHT_ALIGN], subsampling.height_px);
	for (unsigned i = 0; i < info->n_planes; i++) {
		geometry->stride_divisor[i] =
			umm_lcm(merge->multiple[UMM_MULTIPLE_STRIDE + i], info->component_bytes);
		geometry->offset_divisor[i] =
			umm_lcm(merge->multiple[UMM_MULTIPLE_OFFSET + i], info->component_bytes);
		geometry->stride_floor[i] = floor_of(merge, UMM_MULTIPLE_STRIDE + i);
		geometry->offset_floor[i] = floor_of(merge, UMM_MULTIPLE_OFFSET + i);
	}
	if ((merge->must & UMM_FACT_WHOLE_PIXELS) != 0)
		geometry->stride_divisor[0] =
			umm_lcm(geometry->stride_divisor[0], info->block_bytes[0]);
}

static bool geometry_overflows(const struct geometry *geometry)
{
	for (unsigned i = 0; i < geometry->info->n_planes; i++)
		if (geometry->stride_divisor[i] > UMM_NUMBER_MAX ||
		    geometry->offset_divisor[i] > UMM_NUMBER_MAX ||
		    geometry->stride_floor[i] > UMM_NUMBER_MAX ||
		    geometry->offset_floor[i] > UMM_NUMBER_MAX)
			return true;
	return false;
}

static bool size_overflows(struct umm_size size)
{
	return size.width_px > UMM_NUMBER_MAX || size.height_px > UMM_NUMBER_MAX;
}

static bool size_exceeds(struct umm_size size, struct umm_size limit)
{
	return size.width_px > limit.width_px || size.height_px > limit.height_px;
}

static struct umm_size align_size(const struct geometry *geometry, struct umm_size size)
{
	return (struct umm_size){ umm_round_up(size.width_px, geometry->width_align),
				  umm_round_up(size.height_px, geometry->height_align) };
}

/** size_min and size_max of the merged record, and whether required_min_size lies between. */
static enum umm_fault find_size_range(const struct geometry *geometry, struct umm_image *image)
{
	const uint64_t *least = geometry->merge->at_least, *most = geometry->merge->at_most;
	struct umm_size stated = { least[UMM_LEAST_WIDTH], least[UMM_LEAST_HEIGHT] };
	struct umm_size kept_high = { least[UMM_LEAST_KEPT_WIDTH], least[UMM_LEAST_KEPT_HEIGHT] };
	struct umm_size kept_low = { most[UMM_MOST_KEPT_WIDTH], most[UMM_MOST_KEPT_HEIGHT] };
	image->size_min = align_size(geometry, stated);
	image->size_max.width_px = umm_round_down(most[UMM_MOST_WIDTH], geometry->width_align);
	image->size_max.height_px = umm_round_down(most[UMM_MOST_HEIGHT], geometry->height_align);
	if (size_overflows(image->size_min))
		return UMM_FAULT_OVERFLOW;
	if (size_exceeds(image->size_min, image->size_max))
		return UMM_FAULT_SIZE_RANGE;
	if (size_exceeds(image->size_min, kept_low) || size_exceeds(kept_high, image->size_max))
		return UMM_FAULT_REQUIRED_MIN;
	return UMM_FAULT_NONE;
}

static enum umm_fault find_stride_range(const struct geometry *geometry, struct umm_image *image)
{
	const struct umm_merge *merge = geometry->merge;
	uint64_t row = umm_format_row_bytes(geometry->info, 0, image->size_min.width_px);
	image->stride_divisor = geometry->stride_divisor[0];
	uint64_t least = umm_max(merge->at_least[UMM_LEAST_STRIDE], geometry->stride_floor[0]);
	image->stride_min = umm_round_up(umm_max(least, row), image->stride_divisor);
	image->stride_max = umm_round_down(merge->at_most[UMM_MOST_STRIDE], image->stride_divisor);
	if (image->stride_min > UMM_NUMBER_MAX)
		return UMM_FAULT_OVERFLOW;
	return image->stride_min > image->stride_max ? UMM_FAULT_STRIDE_RANGE : UMM_FAULT_NONE;
}

static bool area_fits(const struct geometry *geometry, struct umm_size aligned)
{
	return umm_product(aligned.width_px, aligned.height_px) <=
	       geometry->merge->at_most[UMM_MOST_AREA];
}

static enum umm_fault find_stride(const struct geometry *geometry, struct umm_image *image)
{
	uint64_t row = umm_format_row_bytes(geometry->info, 0, image->aligned.width_px);
	uint64_t stride = umm_round_up(umm_max(row, image->stride_min), image->stride_divisor);
	if (stride > UMM_NUMBER_MAX)
		return UMM_FAULT_OVERFLOW;
	if (stride > image->stride_max)
		return UMM_FAULT_STRIDE;
	if (stride - row >= geometry->merge->at_most[UMM_MOST_EXACT] &&
	    (geometry->undecided & UMM_FACT_WIDENS) == 0)
		return UMM_FAULT_EXACT;
	image->planes[0].stride_bytes = stride;
	return UMM_FAULT_NONE;
}

static uint64_t coded_rows(const struct geometry *geometry, const struct umm_image *image)
{
	return umm_round_up(image->aligned.height_px,
			    geometry->merge->at_least[UMM_LEAST_ROWS_ALIGN]);
}

static uint64_t plane_stride(const struct geometry *geometry, unsigned plane, uint64_t least)
{
	return umm_max(umm_round_up(least, geometry->stride_divisor[plane]),
		       geometry->stride_floor[plane]);
}

static uint64_t offset_of(const struct geometry *geometry, unsigned plane, uint64_t least)
{
	return umm_max(umm_round_up(least, geometry->offset_divisor[plane]),
		       geometry->offset_floor[plane]);
}

/** Planes one behind the other, or each an object of its own. Plane 0 has its stride. */
static void lay_planes(const struct geometry *geometry, struct umm_image *image)
{
	const struct umm_format_info *info = geometry->info;
	uint64_t width = image->aligned.width_px, rows = coded_rows(geometry, image), end = 0;
	uint64_t stride = image->planes[0].stride_bytes, row = umm_format_row_bytes(info, 0, width);
	image->n_planes = info->n_planes;
	for (unsigned i = 0; i < info->n_planes; i++) {
		struct umm_plane_layout *plane = &image->planes[i];
		uint64_t share = umm_product(stride, umm_format_row_bytes(info, i, width));
		if (i > 0)
			plane->stride_bytes = plane_stride(geometry, i, umm_ceil_div(share, row));
		plane->rows = umm_format_plane_rows(info, i, rows);
		plane->size_bytes = umm_product(plane->stride_bytes, plane->rows);
		plane->offset_bytes = image->per_plane || i == 0 ? 0 : offset_of(geometry, i, end);
		end = umm_sum(image->per_plane ? end : plane->offset_bytes, plane->size_bytes);
	}
	image->image_bytes = end;
	image->size_bytes = umm_max(umm_max(geometry->merge->at_least[UMM_LEAST_SIZE], 1), end);
}

/** Bytes from a plane's start to the last one that block readers may touch. */
static uint64_t padded_end(const struct geometry *geometry, const struct umm_image *image,
			   unsigned plane)
{
	const struct umm_merge *merge = geometry->merge;
	uint64_t stride = image->planes[plane].stride_bytes;
	uint64_t width =
		umm_round_up(image->aligned.width_px, merge->at_least[UMM_LEAST_PAD_WIDTH]);
	uint64_t rows =
		umm_round_up(coded_rows(geometry, image), merge->at_least[UMM_LEAST_PAD_HEIGHT]);
	rows = umm_format_plane_rows(geometry->info, plane, rows);
	if (rows > UMM_NUMBER_MAX)
		return UMM_OVER;
	uint64_t row = umm_format_row_bytes(geometry->info, plane, width);
	return umm_sum(umm_product(rows - 1, stride), umm_max(stride, row));
}

/** What importers may touch of plane `plane` as an object of its own. */
static uint64_t object_bytes(const struct geometry *geometry, const struct umm_image *image,
			     unsigned plane)
{
	const uint64_t *least = geometry->merge->at_least;
	uint64_t extra =
		umm_product(least[UMM_LEAST_EXTRA_ROWS], image->planes[plane].stride_bytes);
	return umm_sum(padded_end(geometry, image, plane),
		       umm_sum(extra, least[UMM_LEAST_PAD_END]));
}

static void lay_raw_per_plane(const struct geometry *geometry, struct umm_image *image)
{
	uint64_t raw = 0, paged = 0;
	for (unsigned i = 0; i < image->n_planes; i++) {
		uint64_t object = object_bytes(geometry, image, i);
		raw = umm_sum(raw, object);
		paged = umm_sum(paged, umm_round_up(object, UMM_PAGE_BYTES));
	}
	image->raw_bytes = raw;
	image->raw_size_bytes = paged;
}

static void lay_raw_in_one(const struct geometry *geometry, struct umm_image *image)
{
	const uint64_t *least = geometry->merge->at_least;
	uint64_t extra = umm_product(least[UMM_LEAST_EXTRA_ROWS], image->planes[0].stride_bytes);
	uint64_t end = 0;
	for (unsigned i = 0; i < image->n_planes; i++)
		end = umm_max(end, umm_sum(image->planes[i].offset_bytes,
					   padded_end(geometry, image, i)));
	image->raw_bytes = umm_sum(end, umm_sum(extra, least[UMM_LEAST_PAD_END]));
	image->raw_size_bytes = image->raw_bytes;
}

static enum umm_fault check_bytes(const struct umm_merge *merge, const struct umm_image *image)
{
	if (image->size_bytes > UMM_NUMBER_MAX || image->raw_size_bytes > UMM_NUMBER_MAX)
		return UMM_FAULT_OVERFLOW;
	if (image->size_bytes > merge->at_most[UMM_MOST_SIZE] ||
	    image->raw_bytes > merge->at_most[UMM_MOST_SIZE])
		return UMM_FAULT_SIZE;
	return UMM_FAULT_NONE;
}

/** Planes and raw of an image whose first stride is found. */
static enum umm_fault lay(const struct geometry *geometry, bool per_plane, struct umm_image *image)
{
	image->per_plane = per_plane;
	lay_planes(geometry, image);
	if (per_plane && image->n_planes > 1)
		lay_raw_per_plane(geometry, image);
	else
		lay_raw_in_one(geometry, image);
	uint64_t least = umm_max(image->size_bytes, geometry->merge->at_least[UMM_LEAST_TOTAL]);
	image->raw_bytes = umm_max(image->raw_bytes, least);
	image->raw_size_bytes = umm_round_up(umm_max(image->raw_size_bytes, least), UMM_PAGE_BYTES);
	return check_bytes(geometry->merge, image);
}

/** As lay(), in the way the merged `handles` say; where a later choice may still demand one object
 * per plane, whichever is smaller. */
static enum umm_fault lay_handles(const struct geometry *geometry, struct umm_image *image)
{
	uint64_t handles = geometry->merge->among[UMM_AMONG_HANDLES];
	if (handles != UMM_HANDLES_ALL || (geometry->undecided & UMM_FACT_PER_PLANE) == 0)
		return lay(geometry, handles == UMM_HANDLES_BIT_PER, image);

	struct umm_image split = *image;
	enum umm_fault fault = lay(geometry, false, image);
	if (lay(geometry, true, &split) != UMM_FAULT_NONE)
		return fault;
	if (fault != UMM_FAULT_NONE) {
		*image = split;
		return UMM_FAULT_NONE;
	}
	image->size_bytes = umm_min(image->size_bytes, split.size_bytes);
	image->raw_bytes = umm_min(image->raw_bytes, split.raw_bytes);
	image->raw_size_bytes = umm_min(image->raw_size_bytes, split.raw_size_bytes);
	return UMM_FAULT_NONE;
}

/** Lay out one image of `stated` pixels. */
static enum umm_fault lay_image(const struct geometry *geometry, struct umm_size stated,
				struct umm_image *image)
{
	struct umm_size least = { umm_max(stated.width_px, image->size_min.width_px),
				  umm_max(stated.height_px, image->size_min.height_px) };
	image->visible = stated;
	image->aligned = align_size(geometry, least);
	if (size_overflows(image->aligned))
		return UMM_FAULT_OVERFLOW;
	if (size_exceeds(image->aligned, image->size_max))
		return UMM_FAULT_REQUIRED;
	if (!area_fits(geometry, image->aligned))
		return UMM_FAULT_AREA;
	enum umm_fault fault = find_stride(geometry, image);
	return fault != UMM_FAULT_NONE ? fault : lay_handles(geometry, image);
}

/** Whether `a` decides rather than `b`: more bytes, then wider, then higher. */
static bool decides(const struct umm_image *a, const struct umm_image *b)
{
	if (a->image_bytes != b->image_bytes)
		return a->image_bytes > b->image_bytes;
	if (a->aligned.width_px != b->aligned.width_px)
		return a->aligned.width_px > b->aligned.width_px;
	if (a->aligned.height_px != b->aligned.height_px)
		return a->aligned.height_px > b->aligned.height_px;
	return a->visible.width_px > b->visible.width_px;
}

static enum umm_fault lay_required(const struct geometry *geometry,
				   const struct umm_layout_request *request, struct umm_image *out)
{
	struct umm_image best = *out;
	uint64_t size = 0, raw = 0, raw_size = 0;
	for (size_t i = 0; i < request->n_required; i++) {
		struct umm_image image = *out;
		enum umm_fault fault = lay_image(geometry, request->required[i], &image);
		if (fault != UMM_FAULT_NONE)
			return fault;
		size = umm_max(size, image.size_bytes);
		raw = umm_max(raw, image.raw_bytes);
		raw_size = umm_max(raw_size, image.raw_size_bytes);
		if (i == 0 || decides(&image, &best))
			best = image;
	}
	best.size_bytes = size;
	best.raw_bytes = raw;
	best.raw_size_bytes = raw_size;
	*out = best;
	return UMM_FAULT_NONE;
}

static enum umm_fault lay_bytes(const struct umm_merge *merge, struct umm_image *out)
{
	out->size_bytes = umm_max(merge->at_least[UMM_LEAST_SIZE], 1);
	out->raw_bytes = umm_sum(out->size_bytes, merge->at_least[UMM_LEAST_PAD_END]);
	out->raw_size_bytes = umm_round_up(out->raw_bytes, UMM_PAGE_BYTES);
	return check_bytes(merge, out);
}

enum umm_fault umm_layout_compute(const struct umm_layout_request *request, struct umm_image *out)
{
	memset(out, 0, sizeof(*out));
	if (request->info == NULL)
		return lay_bytes(request->merge, out);

	struct geometry geometry;
	geometry_init(&geometry, request);
	if (geometry_overflows(&geometry))
		return UMM_FAULT_OVERFLOW;
	enum umm_fault fault = find_size_range(&geometry, out);
	if (fault == UMM_FAULT_NONE)
		fault = find_stride_range(&geometry, out);
	if (fault == UMM_FAULT_NONE && !area_fits(&geometry, out->size_min))
		fault = UMM_FAULT_AREA;
	if (fault != UMM_FAULT_NONE)
		return fault;
	if (request->n_required > 0)
		return lay_required(&geometry, request, out);
	return lay_image(&geometry, out->size_min, out);
}

static bool size_before(struct umm_size a, struct umm_size b)
{
	return a.width_px < b.width_px || (a.width_px == b.width_px && a.height_px < b.height_px);
}

static void swap_sizes(struct umm_size *a, struct umm_size *b)
{
	struct umm_size kept = *a;
	*a = *b;
	*b = kept;
}

static void sift_down(struct umm_size *sizes, size_t root, size_t count)
{
	for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
		if (child + 1 < count && size_before(sizes[child], sizes[child + 1]))
			child++;
		if (!size_before(sizes[root], sizes[child]))
			return;
		swap_sizes(&sizes[root], &sizes[child]);
		root = child;
	}
}

/** Heap sort: no recursion, no further memory. */
static void sort_sizes(struct umm_size *sizes, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(sizes, i, count);
	for (size_t end = count; end-- > 1;) {
		swap_sizes(&sizes[0], &sizes[end]);
		sift_down(sizes, 0, end);
	}
}

size_t umm_layout_uncovered(struct umm_size *sizes, size_t count)
{
	sort_sizes(sizes, count);
	/* From the widest down: who is not higher than all the wider ones is covered by one. */
	size_t kept = count;
	uint64_t highest = 0;
	for (size_t i = count; i-- > 0;) {
		if (sizes[i].height_px <= highest)
			continue;
		highest = sizes[i].height_px;
		sizes[--kept] = sizes[i];
	}
	memmove(sizes, sizes + kept, (count - kept) * sizeof(*sizes));
	return count - kept;
}
