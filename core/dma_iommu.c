/* SPDX-License-Identifier: MIT */
/**
 * Mappings behind an IOMMU: one range of device addresses each, filled page by page.
 *
 *	memory   ..|  run 0 |    |run 1|..    ..| run 2 ..
 *	pages    +------+------+------+          +------+
 *	device   |   0  |   1  |   2  |   ...    |   3  |	same offset inside the page
 *
 * A run that goes on where the last one ended goes on in device space too, so the device sees what
 * is contiguous as contiguous; another run begins at the next page, because a page has one
 * translation. A list's runs are moved past a boundary rather than split by it; the start of the
 * range is aligned so that what holds relative to it holds absolutely.
 */
#include "core/dma_private.h"

#include <errno.h>
#include <stddef.h>

#include "core/step.h"

#define LONGEST (UINT64_C(1) << 61) /* more than any IOMMU translates */

/* ---- where runs go, relative to the start of the range ---- */

struct layout {
	uint64_t granule, boundary; /* boundary 0: none */
	uint64_t end;		    /* of what is laid out */
	struct umm_range last;	    /* run of memory; size 0: none yet */
};

uint64_t umm_dma_iommu_granule(const struct umm_dma_device *device)
{
	uint64_t sizes = device->iommu.page_sizes;
	return sizes & (~sizes + 1);
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

static bool crosses(uint64_t at, uint64_t size, uint64_t boundary)
{
	return boundary != 0 && ((at ^ (at + size - 1)) & ~(boundary - 1)) != 0;
}

static uint64_t place_of(const struct layout *layout, struct umm_range run)
{
	uint64_t offset = run.start & (layout->granule - 1);
	bool goes_on = layout->last.size > 0 && umm_range_touches(layout->last, run);
	uint64_t next_page = round_up(layout->end, layout->granule) + offset;
	uint64_t at = goes_on ? layout->end : next_page;
	if (crosses(at, run.size, layout->boundary))
		at = next_page;
	if (crosses(at, run.size, layout->boundary))
		at = round_up(layout->end, layout->boundary) + offset;
	return at;
}

static int lay_out(const struct umm_dma_placing *p, uint64_t boundary, uint64_t *total)
{
	struct layout layout = {
		.granule = umm_dma_iommu_granule(p->device),
		.boundary = boundary,
	};
	for (uint32_t i = 0; i < p->memory->count; i++) {
		struct umm_range run = p->memory->runs[i];
		if (run.size > LONGEST || layout.end > LONGEST)
			return -EOVERFLOW; /* so that no sum or power of two below wraps */
		uint64_t at = place_of(&layout, run);
		if (crosses(at, run.size, boundary))
			return -ERANGE;
		struct umm_dma_piece piece = {
			.memory = run.start,
			.device = at,
			.size_bytes = run.size,
			.slot = UMM_DMA_NO_ADDRESS,
		};
		int ret = umm_dma_table_add_piece(p->mapping, piece);
		if (ret < 0)
			return ret;
		layout.end = at + run.size;
		layout.last = run;
	}
	*total = round_up(layout.end, layout.granule);
	return 0;
}

/* ---- the range ---- */

static uint64_t power_of_two_above(uint64_t value) /* at most 2^63 */
{
	uint64_t power = 1;
	while (power < value)
		power <<= 1;
	return power;
}

/* Alignment without which the layout would not hold. */
static uint64_t needed_alignment(uint64_t granule, uint64_t boundary, uint64_t total)
{
	uint64_t align = power_of_two_above(total);
	if (boundary == 0)
		align = granule;
	else if (align > boundary)
		align = boundary;
	return align > granule ? align : granule;
}

/* The largest page that could be used inside the range. */
static uint64_t wished_alignment(const struct umm_dma_device *device, uint64_t total)
{
	uint64_t best = umm_dma_iommu_granule(device);
	for (uint64_t size = best; size != 0 && size <= total; size <<= 1)
		if (device->iommu.page_sizes & size)
			best = size;
	return best;
}

uint64_t umm_dma_iommu_address_max(const struct umm_dma_mapping *mapping)
{
	uint64_t last = umm_range_last(mapping->device->iommu.aperture);
	uint64_t mask = umm_dma_mask_of(mapping);
	bool checked =
		mapping->kind == UMM_DMA_COHERENT ? UMM_STEP(MASK_COHERENT) : UMM_STEP(MASK_IOVA);
	return mask < last && checked ? mask : last;
}

int umm_dma_iommu_take(struct umm_dma_device *device, struct umm_dma_iova_want want,
		       struct umm_range *range)
{
	const struct umm_dma_iommu *iommu = &device->iommu;
	uint64_t needed = want.align_bytes;
	uint64_t wished = wished_alignment(device, want.size_bytes);
	want.align_bytes = wished > needed ? wished : needed;
	for (;;) {
		int ret = iommu->iova_ops->take(iommu->iova_space, &want, range);
		if (ret != -ENOSPC)
			return ret;
		if (device->n_lazy > 0) {
			if (UMM_STEP(IOTLB_LAZY_SHORT))
				umm_dma_flush(device);
			else
				umm_dma_lazy_give(device);
		} else if (want.align_bytes > needed) {
			want.align_bytes = needed;
		} else {
			return -ENOSPC;
		}
	}
}

/* ---- translations ---- */

/* Pages wait here until the next piece does not go on. */
struct batch {
	struct umm_dma_device *device;
	enum umm_dma_direction direction;
	struct umm_range pages;
	uint64_t memory;
};

static int batch_map(struct batch *batch)
{
	if (batch->pages.size == 0)
		return 0;
	const struct umm_dma_options *options = &batch->device->options;
	return options->ops->iommu_map(batch->device->iommu.iommu, batch->pages, batch->memory,
				       batch->direction);
}

static bool batch_goes_on(const struct batch *batch, uint64_t start, uint64_t memory)
{
	return batch->pages.size > 0 && batch->pages.start + batch->pages.size == start &&
	       batch->memory + batch->pages.size == memory;
}

static int batch_add(struct batch *batch, struct umm_range pages, uint64_t memory)
{
	if (batch_goes_on(batch, pages.start, memory)) {
		batch->pages.size += pages.size;
		return 0;
	}
	int ret = batch_map(batch);
	batch->pages = pages;
	batch->memory = memory;
	return ret;
}

/* Map the pages of all pieces. *done is the end of what was mapped, also on failure. */
static int map_pieces(struct umm_dma_mapping *mapping, enum umm_dma_direction direction,
		      uint64_t *done)
{
	struct umm_dma_device *device = mapping->device;
	uint64_t granule = umm_dma_iommu_granule(device), seen = mapping->iova.start;
	struct batch batch = { .device = device, .direction = direction };
	const struct umm_dma_piece *piece = umm_dma_piece_at(device, mapping->first);
	for (; piece != NULL; piece = umm_dma_piece_at(device, piece->next)) {
		uint64_t start = umm_align_down(piece->device, granule);
		uint64_t end = round_up(piece->device + piece->size_bytes, granule);
		if (start < seen)
			start = seen; /* the page of the piece before, which goes on */
		if (start >= end)
			continue;
		uint64_t memory = piece->memory - (piece->device - start);
		uint64_t before = batch.pages.start + batch.pages.size;
		bool new_batch = !batch_goes_on(&batch, start, memory);
		int ret = batch_add(&batch, (struct umm_range){ start, end - start }, memory);
		if (ret < 0)
			return ret;
		if (new_batch && before != 0)
			*done = before;
		seen = end;
	}
	int ret = batch_map(&batch);
	if (ret == 0)
		*done = batch.pages.start + batch.pages.size;
	return ret;
}

static void move_pieces(struct umm_dma_mapping *mapping, uint64_t start)
{
	for (uint32_t i = mapping->first; i != UMM_DMA_NONE; i = mapping->device->pieces[i].next)
		mapping->device->pieces[i].device += start;
}

static void flush(struct umm_dma_device *device, struct umm_range range)
{
	device->options.ops->iommu_flush(device->iommu.iommu, range);
	device->stats.iotlb_flushes++;
}

static int map_range(struct umm_dma_mapping *mapping, const struct umm_dma_use *use,
		     struct umm_range taken, uint64_t total)
{
	struct umm_dma_device *device = mapping->device;
	struct umm_range range = { taken.start, total };
	mapping->iova = range;
	mapping->iova_taken = taken;
	move_pieces(mapping, range.start);
	uint64_t done = range.start;
	int ret = map_pieces(mapping, use->direction, &done);
	if (ret == 0)
		return 0;
	mapping->iova = (struct umm_range){ 0 };
	if (done > range.start)
		device->options.ops->iommu_unmap(
			device->iommu.iommu, (struct umm_range){ range.start, done - range.start });
	if (UMM_STEP(IOTLB_FAILED)) /* the IOMMU may have looked ahead */
		flush(device, range);
	device->iommu.iova_ops->give(device->iommu.iova_space, taken);
	return ret;
}

/* ---- place and release ---- */

static int refuse(const struct umm_dma_placing *p, int ret, uint64_t boundary, uint64_t total)
{
	struct umm_dma_report report =
		umm_dma_report_of(p->mapping, UMM_DMA_ADDRESSES_FULL, p->use);
	report.range = (struct umm_range){ 0, total != 0 ? total : p->memory->size_bytes };
	report.limit = umm_dma_iommu_address_max(p->mapping);
	if (ret == -ERANGE) {
		report.fault = UMM_DMA_BOUNDARY_CROSSED;
		report.limit = boundary;
	}
	return umm_dma_refuse(p->device, ret, &report);
}

int umm_dma_iommu_place(const struct umm_dma_placing *p)
{
	struct umm_dma_device *device = p->device;
	const struct umm_dma_limits *limits = &device->options.limits;
	uint64_t granule = umm_dma_iommu_granule(device), total = 0;
	uint64_t boundary = UMM_STEP(LIMIT_BOUNDARY) ? limits->boundary_bytes : 0;
	if (p->mapping->kind == UMM_DMA_BUFFER || p->mapping->kind == UMM_DMA_COHERENT)
		boundary = 0; /* cut later */
	if (boundary != 0 && boundary < granule)
		boundary = granule; /* a smaller one is a matter of the offset in the page */

	int ret = lay_out(p, boundary, &total);
	if (ret == -ERANGE || ret == -EOVERFLOW)
		return refuse(p, -ERANGE, boundary, 0);
	if (ret < 0)
		return ret;
	struct umm_dma_iova_want want = {
		.size_bytes = total,
		.align_bytes = needed_alignment(granule, boundary, total),
		.address_max = umm_dma_iommu_address_max(p->mapping),
	};
	if (p->mapping->kind == UMM_DMA_COHERENT)
		want.align_bytes = power_of_two_above(total);
	struct umm_range taken;
	ret = umm_dma_iommu_take(device, want, &taken);
	if (ret == -ENOSPC)
		return refuse(p, ret, boundary, total);
	return ret < 0 ? ret : map_range(p->mapping, p->use, taken, total);
}

void umm_dma_lazy_give(struct umm_dma_device *device)
{
	for (uint32_t i = 0; i < device->n_lazy; i++)
		device->iommu.iova_ops->give(device->iommu.iova_space, device->lazy[i]);
	device->n_lazy = 0;
}

void umm_dma_flush(struct umm_dma_device *device)
{
	if (device->n_lazy == 0)
		return;
	if (UMM_STEP(IOTLB_LAZY_FLUSH))
		flush(device, (struct umm_range){ 0 });
	umm_dma_lazy_give(device);
}

static void release_later(struct umm_dma_device *device, struct umm_range taken)
{
	if (device->n_lazy == device->options.max_lazy) {
		if (UMM_STEP(IOTLB_LAZY_FULL))
			flush(device, (struct umm_range){ 0 });
		umm_dma_lazy_give(device);
	}
	device->stats.lazy_unmaps++;
	if (!UMM_STEP(LAZY_HOLD)) {
		device->iommu.iova_ops->give(device->iommu.iova_space, taken);
		return;
	}
	device->lazy[device->n_lazy++] = taken;
}

void umm_dma_iommu_release(struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	if (UMM_STEP(IOMMU_UNMAP))
		device->options.ops->iommu_unmap(device->iommu.iommu, mapping->iova);
	if (device->iommu.lazy) {
		release_later(device, mapping->iova_taken);
		return;
	}
	if (UMM_STEP(IOTLB_STRICT))
		flush(device, mapping->iova);
	device->iommu.iova_ops->give(device->iommu.iova_space, mapping->iova_taken);
}
