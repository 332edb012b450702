/* SPDX-License-Identifier: MIT */
/**
 * The formulas of the contract's "Layout", once for each required size.
 */
#include "tests/reference/reference.h"

/** What `exact` demands of the stride of a row of `row` bytes. */
static ref_wide exact_stride(const struct ref_entry *entry, const struct ref_format *format,
			     ref_wide row)
{
	ref_wide divisor = ref_lcm(entry->stride_divisor, entry->plane_stride[0]);
	divisor = ref_lcm(divisor, format->component);
	if (entry->whole_pixels)
		divisor = ref_lcm(divisor, format->block_bytes[0]);
	return ref_round_up(row, divisor);
}

/** The smallest stride everybody accepts for a row, or REF_OVER. */
static ref_wide smallest_stride(const struct ref_party *party, const struct ref_format *format,
				const struct ref_demands *demands, ref_wide row)
{
	ref_wide least = ref_round_up(ref_max(row, demands->stride_min), demands->stride_divisor);
	ref_wide stride = least;
	for (size_t i = 0; i < party->n; i++)
		if (party->entry[i] != NULL && party->entry[i]->exact)
			stride = exact_stride(party->entry[i], format, row);
	for (size_t i = 0; i < party->n; i++)
		if (party->entry[i] != NULL && party->entry[i]->exact &&
		    exact_stride(party->entry[i], format, row) != stride)
			return REF_OVER;
	if (stride == REF_OVER || least == REF_OVER || stride < least ||
	    stride > demands->stride_max || stride % demands->stride_divisor != 0)
		return REF_OVER;
	return stride;
}

static ref_wide plane_rows(const struct ref_format *format, unsigned plane, ref_wide rows)
{
	return plane == 0 ? rows : ref_ceil_div(rows, format->vsub);
}

/** Strides, rows, sizes and offsets of an aligned picture; false above the ceiling. */
static bool place_planes(const struct ref_format *format, const struct ref_demands *demands,
			 ref_wide stride, ref_wide rows, struct ref_picture *picture)
{
	ref_wide at = 0, sum = 0;
	for (unsigned i = 0; i < format->n_planes; i++) {
		struct ref_plane *plane = &picture->planes[i];
		plane->stride = stride;
		if (i > 0) {
			ref_wide product = ref_mul(stride, ref_row_bytes(format, i, picture->w));
			plane->stride = ref_round_up(
				ref_ceil_div(product, ref_row_bytes(format, 0, picture->w)),
				demands->plane_stride[i]);
		}
		plane->rows = plane_rows(format, i, rows);
		plane->size = ref_mul(plane->stride, plane->rows);
		plane->offset = i == 0 ? 0 : ref_round_up(at, demands->plane_offset[i]);
		if (demands->handles == REF_HANDLES_PER_PLANE)
			plane->offset = 0;
		at = ref_add(plane->offset, plane->size);
		sum = ref_add(sum, plane->size);
		if (plane->stride == REF_OVER || plane->size == REF_OVER || at == REF_OVER)
			return false;
	}
	picture->size = demands->handles == REF_HANDLES_PER_PLANE ? sum : at;
	return picture->size != REF_OVER;
}

/** What block readers and importers add. */
static bool pad(const struct ref_format *format, const struct ref_demands *demands, ref_wide rows,
		struct ref_picture *picture)
{
	ref_wide width = ref_round_up(picture->w, demands->pad_block.w);
	ref_wide padded = ref_round_up(rows, demands->pad_block.h);
	ref_wide end = 0, sum = 0, rounded = 0;

	for (unsigned i = 0; i < format->n_planes; i++) {
		const struct ref_plane *plane = &picture->planes[i];
		ref_wide own = ref_mul(plane_rows(format, i, padded) - 1, plane->stride);
		own = ref_add(own, ref_max(plane->stride, ref_row_bytes(format, i, width)));
		end = ref_max(end, ref_add(plane->offset, own));
		own = ref_add(own, ref_mul(demands->extra_rows, plane->stride));
		own = ref_add(own, demands->pad_end);
		sum = ref_add(sum, own);
		rounded = ref_add(rounded, ref_round_up(own, 4096));
	}
	end = ref_add(end, ref_mul(demands->extra_rows, picture->planes[0].stride));
	end = ref_add(end, demands->pad_end);

	bool per_plane = demands->handles == REF_HANDLES_PER_PLANE;
	picture->raw_unrounded = per_plane ? sum : end;
	picture->raw = per_plane ? rounded : end;
	return picture->raw != REF_OVER && padded != REF_OVER && width != REF_OVER;
}

bool ref_layout(const struct ref_party *party, const struct ref_format *format,
		const struct ref_demands *demands, struct ref_size size,
		struct ref_picture *picture)
{
	*picture = (struct ref_picture){
		.w = ref_round_up(ref_max(size.w, demands->size_min.w), demands->align.w),
		.h = ref_round_up(ref_max(size.h, demands->size_min.h), demands->align.h),
	};
	if (picture->w == REF_OVER || picture->h == REF_OVER || picture->w > demands->size_max.w ||
	    picture->h > demands->size_max.h || ref_mul(picture->w, picture->h) > demands->area_max)
		return false;

	ref_wide row = ref_row_bytes(format, 0, picture->w);
	ref_wide stride = smallest_stride(party, format, demands, row);
	ref_wide rows = ref_round_up(picture->h, demands->rows_align);
	return row != REF_OVER && stride != REF_OVER && rows != REF_OVER &&
	       place_planes(format, demands, stride, rows, picture) &&
	       pad(format, demands, rows, picture);
}
