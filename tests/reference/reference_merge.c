/* SPDX-License-Identifier: MIT */
/**
 * The merge table of the contract, and what a heap must satisfy.
 *
 * Nothing here is incremental: each function walks over all participants that take part.
 */
#include "tests/reference/reference.h"

#include <string.h>

static bool at_least(struct ref_size big, struct ref_size small)
{
	return big.w >= small.w && big.h >= small.h;
}

static void grow(struct ref_size *size, struct ref_size other)
{
	size->w = ref_max(size->w, other.w);
	size->h = ref_max(size->h, other.h);
}

static void shrink(struct ref_size *size, struct ref_size other)
{
	size->w = ref_min(size->w, other.w);
	size->h = ref_min(size->h, other.h);
}

/** Sum, max and lcm of every limit of the entries in use. */
static void fold(const struct ref_party *party, const struct ref_format *format,
		 struct ref_demands *d, struct ref_result *result)
{
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_entry *e = party->entry[i];
		d->pad_end = ref_max(d->pad_end, party->who[i]->pad_end);
		if (e == NULL)
			continue;
		d->stride_min = ref_max(d->stride_min, e->stride_min);
		d->stride_max = ref_min(d->stride_max, e->stride_max);
		d->stride_divisor = ref_lcm(d->stride_divisor, e->stride_divisor);
		d->stride_divisor = ref_lcm(d->stride_divisor, e->plane_stride[0]);
		if (e->whole_pixels) {
			result->whole_pixels = true;
			d->stride_divisor = ref_lcm(d->stride_divisor, format->block_bytes[0]);
		}
		for (unsigned k = 0; k < format->n_planes; k++) {
			d->plane_stride[k] = ref_lcm(d->plane_stride[k], e->plane_stride[k]);
			d->plane_offset[k] = ref_lcm(d->plane_offset[k], e->plane_offset[k]);
		}
		grow(&d->size_min, e->min);
		shrink(&d->size_max, e->max);
		grow(&d->align, e->align);
		grow(&d->pad_block, e->pad_block);
		d->area_max = ref_min(d->area_max, e->area_max);
		d->rows_align = ref_max(d->rows_align, e->rows_align);
		d->extra_rows = ref_max(d->extra_rows, e->extra_rows);
		d->total_min = ref_max(d->total_min, e->total_min);
	}
}

/** Alpha and handles: the two intersections among the limits of an entry. */
static bool agree(const struct ref_party *party, struct ref_demands *d, struct ref_result *result)
{
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_entry *e = party->entry[i];
		if (e == NULL)
			continue;
		if (result->alpha != REF_ALPHA_UNSET && e->alpha != REF_ALPHA_UNSET &&
		    result->alpha != e->alpha)
			return false;
		if (d->handles != REF_HANDLES_ANY && e->handles != REF_HANDLES_ANY &&
		    d->handles != e->handles)
			return false;
		if (e->alpha != REF_ALPHA_UNSET)
			result->alpha = e->alpha;
		if (e->handles != REF_HANDLES_ANY)
			d->handles = e->handles;
	}
	return true;
}

static bool sort_before(struct ref_size a, struct ref_size b)
{
	return a.w < b.w || (a.w == b.w && a.h < b.h);
}

/** Add one required size unless it is covered; drop those that it covers; stay ascending. */
static void require(struct ref_result *result, struct ref_size size)
{
	size_t kept = 0;
	for (size_t i = 0; i < result->n_required; i++)
		if (at_least(result->required[i], size))
			return;
	for (size_t i = 0; i < result->n_required; i++)
		if (!at_least(size, result->required[i]))
			result->required[kept++] = result->required[i];
	size_t at = kept;
	for (; at > 0 && sort_before(size, result->required[at - 1]); at--)
		result->required[at] = result->required[at - 1];
	result->required[at] = size;
	result->n_required = kept + 1;
}

/** Round the merged ranges; false if one of them is empty. */
static bool settle_ranges(const struct ref_party *party, const struct ref_format *format,
			  struct ref_demands *d)
{
	d->size_min.w = ref_round_up(d->size_min.w, d->align.w);
	d->size_min.h = ref_round_up(d->size_min.h, d->align.h);
	d->size_max.w = ref_round_down(d->size_max.w, d->align.w);
	d->size_max.h = ref_round_down(d->size_max.h, d->align.h);
	for (unsigned k = 0; k < format->n_planes; k++)
		if (d->plane_stride[k] == REF_OVER || d->plane_offset[k] == REF_OVER)
			return false;
	if (d->stride_divisor == REF_OVER || d->size_min.w == REF_OVER || d->size_min.h == REF_OVER)
		return false;
	if (!at_least(d->size_max, d->size_min) ||
	    ref_mul(d->size_min.w, d->size_min.h) > d->area_max)
		return false;

	d->stride_min = ref_round_up(
		ref_max(d->stride_min, ref_row_bytes(format, 0, d->size_min.w)), d->stride_divisor);
	d->stride_max = ref_round_down(d->stride_max, d->stride_divisor);
	if (d->stride_min == REF_OVER || d->stride_min > d->stride_max)
		return false;
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_entry *e = party->entry[i];
		if (e != NULL && e->has_required_min &&
		    (!at_least(e->required_min, d->size_min) ||
		     !at_least(d->size_max, e->required_min)))
			return false;
	}
	return true;
}

static bool decides(const struct ref_picture *a, const struct ref_picture *b)
{
	if (a->size != b->size)
		return a->size > b->size;
	return a->w != b->w ? a->w > b->w : a->h > b->h;
}

/** Lay out every required size; the largest decides the size, each may decide the raw size. */
static bool lay_out_all(const struct ref_party *party, const struct ref_demands *d,
			ref_wide size_max, struct ref_result *result)
{
	struct ref_picture best = { .size = 0 };
	ref_wide raw = 0, unrounded = 0;
	size_t n = result->n_required > 0 ? result->n_required : 1;

	for (size_t i = 0; i < n; i++) {
		struct ref_picture picture;
		struct ref_size size = result->n_required > 0 ? result->required[i] : d->size_min;
		if (!ref_layout(party, result->format, d, size, &picture))
			return false;
		raw = ref_max(raw, picture.raw);
		unrounded = ref_max(unrounded, picture.raw_unrounded);
		if (decides(&picture, &best))
			best = picture;
	}
	memcpy(result->planes, best.planes, sizeof(best.planes));
	result->size = ref_max(best.size, result->size);
	raw = ref_max(raw, ref_max(result->size, d->total_min));
	unrounded = ref_max(unrounded, ref_max(result->size, d->total_min));
	result->raw = ref_round_up(raw, 4096);
	return result->raw != REF_OVER && unrounded <= size_max;
}

static bool merge_image(const struct ref_party *party, ref_wide size_max, struct ref_result *result)
{
	const struct ref_format *format = result->format;
	struct ref_demands d = {
		.stride_max = REF_NO_LIMIT,
		.stride_divisor = format->component,
		.size_min = { 1, 1 },
		.size_max = { REF_NO_LIMIT, REF_NO_LIMIT },
		.align = { format->hsub, format->vsub },
		.pad_block = { 1, 1 },
		.area_max = REF_NO_LIMIT,
		.rows_align = 1,
	};
	for (unsigned k = 0; k < REF_MAX_PLANES; k++)
		d.plane_stride[k] = d.plane_offset[k] = format->component;

	fold(party, format, &d, result);
	if (!agree(party, &d, result) || !settle_ranges(party, format, &d))
		return false;
	for (size_t i = 0; i < party->n; i++)
		for (size_t k = 0; party->entry[i] != NULL && k < party->entry[i]->n_required; k++)
			require(result, party->entry[i]->required[k]);

	result->size_min = d.size_min;
	result->size_max = d.size_max;
	result->stride_min = d.stride_min;
	result->stride_max = d.stride_max;
	result->stride_divisor = d.stride_divisor;
	result->handles =
		d.handles == REF_HANDLES_PER_PLANE ? REF_HANDLES_PER_PLANE : REF_HANDLES_ONE;
	if (!format->alpha_or_x)
		result->alpha = REF_ALPHA_UNSET;
	return lay_out_all(party, &d, size_max, result);
}

/** A settled colour must be one of each list; null is in none, and nothing that `any` could take.
 */
static bool colors_fit(const struct ref_party *party, unsigned forgive, int color)
{
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_entry *e = party->entry[i];
		if (e == NULL || !e->states_colors)
			continue;
		if (color == REF_NO_COLOR && (forgive & REF_FORGIVE_COLORS) == 0)
			return false;
		if (!e->any_color && (color == REF_NO_COLOR || (e->colors >> color & 1) == 0))
			return false;
	}
	return true;
}

static bool count_buffers(const struct ref_party *party, unsigned forgive,
			  struct ref_result *result)
{
	ref_wide sum = 0, shared = 0, min = 0, max = REF_NO_LIMIT;
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_participant *p = party->who[i];
		sum = ref_add(sum, ref_add(p->camping, p->dedicated));
		shared = ref_max(shared, p->shared);
		min = ref_max(min, p->buffers_min);
		max = ref_min(max, p->buffers_max);
	}
	result->buffers = ref_max(ref_add(sum, shared), min);
	if (result->buffers == 0 && (forgive & REF_FORGIVE_BUFFERS) != 0)
		result->buffers = 1;
	return result->buffers != 0 && result->buffers != REF_OVER && result->buffers <= max;
}

bool ref_merge(const struct ref_party *party, unsigned forgive, struct ref_result *result)
{
	ref_wide size_max = REF_NO_LIMIT, pad_end = 0;

	result->size = 1;
	result->address_align = 4096;
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_participant *p = party->who[i];
		result->size = ref_max(result->size, p->size_min);
		size_max = ref_min(size_max, p->size_max);
		pad_end = ref_max(pad_end, p->pad_end);
		result->address_align = ref_max(result->address_align, p->address_align);
		result->secure |= p->secure;
		result->contiguous |= p->contiguous && !p->iommu;
	}
	if (!count_buffers(party, forgive, result) || !colors_fit(party, forgive, result->color))
		return false;
	if (result->format != NULL)
		return merge_image(party, size_max, result);
	ref_wide raw = ref_add(result->size, pad_end);
	result->raw = ref_round_up(raw, 4096);
	return result->raw != REF_OVER && raw <= size_max;
}

/** Segments of a buffer as the most demanding engines count them. */
static bool segments_fit(const struct ref_party *party, bool one_run, ref_wide raw)
{
	ref_wide count = REF_NO_LIMIT, unit = REF_NO_LIMIT;
	for (size_t i = 0; i < party->n; i++) {
		const struct ref_participant *p = party->who[i];
		if (p->iommu)
			continue;
		count = ref_min(count, p->segments_count);
		unit = ref_min(unit, ref_min(p->segments_bytes, p->segments_boundary));
	}
	ref_wide used =
		one_run ? ref_ceil_div(raw, unit) : ref_mul(raw / 4096, ref_ceil_div(4096, unit));
	return used <= count;
}

static bool permits(const struct ref_participant *p, const struct ref_heap *heap,
		    unsigned coherency)
{
	bool named = p->heaps == NULL;
	for (size_t i = 0; i < json_array_size(p->heaps); i++) {
		const char *name = json_string_value(json_array_get(p->heaps, i));
		named = named || (name != NULL && strcmp(name, heap->name) == 0);
	}
	if (!p->iommu && p->address_max != REF_NO_LIMIT &&
	    (heap->address_max == REF_NO_LIMIT || heap->address_max > p->address_max))
		return false;
	return named && (p->imports & heap->class) != 0 && (p->coherency & coherency) != 0;
}

bool ref_heap_serves(const struct ref_party *party, const struct ref_result *result,
		     const struct ref_heap *heap, unsigned coherency)
{
	ref_wide total = ref_mul(result->buffers, result->raw);
	bool one_run =
		result->contiguous || heap->contiguous || result->raw <= heap->contiguous_max;

	if (result->raw > heap->size_max || total == REF_OVER || total > heap->free)
		return false;
	if ((result->contiguous || heap->contiguous) && result->raw > heap->largest_free)
		return false;
	if (result->contiguous && !heap->contiguous && result->raw > heap->contiguous_max)
		return false;
	if (result->secure != heap->secure || (heap->coherency & coherency) == 0)
		return false;
	for (size_t i = 0; i < party->n; i++)
		if (!permits(party->who[i], heap, coherency))
			return false;
	return segments_fit(party, one_run, result->raw);
}
