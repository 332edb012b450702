/* SPDX-License-Identifier: MIT */
/**
 * Where the bytes of a new mapping are for its device: directly, in the bounce pool, or behind the
 * IOMMU (core/dma_iommu.c).
 */
#include "core/dma_private.h"

#include <errno.h>
#include <stddef.h>

#include "core/step.h"

static int refuse_run(const struct umm_dma_placing *p, int ret, enum umm_dma_fault fault,
		      struct umm_range range, uint64_t limit)
{
	struct umm_dma_report report = umm_dma_report_of(p->mapping, fault, p->use);
	report.range = range;
	report.limit = limit;
	return umm_dma_refuse(p->device, ret, &report);
}

uint64_t umm_dma_mask_of(const struct umm_dma_mapping *mapping)
{
	const struct umm_dma_limits *limits = &mapping->device->options.limits;
	return mapping->kind == UMM_DMA_COHERENT ? limits->coherent_mask : limits->mask;
}

static bool cuttable(const struct umm_dma_mapping *mapping)
{
	return mapping->kind == UMM_DMA_BUFFER || mapping->kind == UMM_DMA_COHERENT;
}

/* ---- what no mapping of the run can cure ---- */

static int check_sizes(const struct umm_dma_placing *p)
{
	const struct umm_dma_limits *limits = &p->device->options.limits;
	if (cuttable(p->mapping) || limits->max_segment_bytes == 0 || !UMM_STEP(LIMIT_SEGMENT))
		return 0;
	for (uint32_t i = 0; i < p->memory->count; i++)
		if (p->memory->runs[i].size > limits->max_segment_bytes)
			return refuse_run(p, -ERANGE, UMM_DMA_SEGMENT_TOO_LONG, p->memory->runs[i],
					  limits->max_segment_bytes);
	return 0;
}

static int check_boundary(const struct umm_dma_placing *p, struct umm_range device)
{
	struct umm_sg_limits limits = {
		.boundary_bytes = p->device->options.limits.boundary_bytes,
	};
	if (cuttable(p->mapping) || !UMM_STEP(LIMIT_BOUNDARY) ||
	    umm_sg_run_limit(device, &limits) == UMM_SG_FITS)
		return 0;
	return refuse_run(p, -ERANGE, UMM_DMA_BOUNDARY_CROSSED, device, limits.boundary_bytes);
}

/* ---- bouncing ---- */

/* May this mapping bounce at all? */
static int check_bounce(const struct umm_dma_placing *p, struct umm_range range,
			enum umm_dma_fault limit_broken, uint64_t limit)
{
	const struct umm_dma_options *options = &p->device->options;
	bool too_many = limit_broken == UMM_DMA_TOO_MANY_SEGMENTS;
	if (options->bounce == NULL)
		return refuse_run(p, too_many ? -E2BIG : -ERANGE, limit_broken, range, limit);
	if (options->bounce_policy == UMM_DMA_BOUNCE_FORBID)
		return refuse_run(p, -EPERM, UMM_DMA_BOUNCE_FORBIDDEN, range, limit);
	bool zero_copy = p->use->attributes & UMM_DMA_NO_COPIES;
	if (options->bounce_policy == UMM_DMA_BOUNCE_REPORT || zero_copy) {
		struct umm_dma_report report =
			umm_dma_report_of(p->mapping, UMM_DMA_BOUNCED, p->use);
		report.range = range;
		report.limit = limit;
		umm_dma_report(p->device, &report);
	}
	return 0;
}

/* A loan that can stand for `memory`. */
static int take_loan(const struct umm_dma_placing *p, struct umm_range memory, uint64_t *slot)
{
	const struct umm_dma_options *options = &p->device->options;
	const struct umm_dma_limits *limits = &options->limits;
	uint64_t low_mask = limits->min_align_bytes - 1;
	struct umm_bounce_want want = {
		.size_bytes = memory.size,
		.low_bits = memory.start & low_mask,
		.low_mask = low_mask,
		.bus_offset = options->bus_offset,
		.address_max = limits->mask,
		.boundary_bytes = cuttable(p->mapping) ? 0 : limits->boundary_bytes,
	};
	int ret = umm_bounce_take(options->bounce, &want, slot);
	if (ret == -ENOSPC)
		return refuse_run(p, ret, UMM_DMA_BOUNCE_FULL, memory,
				  options->bounce->memory.size);
	return ret;
}

static int add_piece(const struct umm_dma_placing *p, struct umm_range memory, uint64_t slot)
{
	uint64_t reached = slot != UMM_DMA_NO_ADDRESS ? slot : memory.start;
	return umm_dma_table_add_piece(p->mapping,
				       (struct umm_dma_piece){
					       .memory = memory.start,
					       .device = reached + p->device->options.bus_offset,
					       .size_bytes = memory.size,
					       .slot = slot,
				       });
}

static int bounce_run(const struct umm_dma_placing *p, struct umm_range memory)
{
	uint64_t slot = UMM_DMA_NO_ADDRESS;
	int ret = check_bounce(p, memory, UMM_DMA_MASK_EXCEEDED, p->device->options.limits.mask);
	if (ret == 0)
		ret = take_loan(p, memory, &slot);
	if (ret < 0)
		return ret;
	ret = add_piece(p, memory, slot);
	if (ret < 0)
		umm_bounce_give(p->device->options.bounce, slot, memory.size);
	return ret;
}

int umm_dma_place_in_loan(const struct umm_dma_placing *p)
{
	struct umm_range whole = { p->memory->runs[0].start, p->memory->size_bytes };
	uint64_t slot = UMM_DMA_NO_ADDRESS, at = 0;
	int ret = check_bounce(p, whole, UMM_DMA_TOO_MANY_SEGMENTS,
			       p->device->options.limits.max_segments);
	if (ret == 0)
		ret = take_loan(p, whole, &slot);
	if (ret < 0)
		return ret;

	umm_dma_unplace(p->mapping);
	umm_dma_table_clear_pieces(p->mapping);
	p->mapping->loan = (struct umm_range){ slot, whole.size };
	for (uint32_t i = 0; i < p->memory->count; i++) {
		ret = add_piece(p, p->memory->runs[i], slot + at);
		if (ret < 0)
			return ret;
		at += p->memory->runs[i].size;
	}
	return 0;
}

/* ---- direct ---- */

static bool reaches(const struct umm_dma_mapping *mapping, struct umm_range at)
{
	bool checked =
		mapping->kind == UMM_DMA_COHERENT ? UMM_STEP(MASK_COHERENT) : UMM_STEP(MASK_DIRECT);
	return umm_range_valid(at) && (umm_range_last(at) <= umm_dma_mask_of(mapping) || !checked);
}

static int place_run(const struct umm_dma_placing *p, struct umm_range memory)
{
	struct umm_range at = { memory.start + p->device->options.bus_offset, memory.size };
	bool reached = reaches(p->mapping, at);
	if (!reached && p->mapping->kind == UMM_DMA_COHERENT)
		return refuse_run(p, -ERANGE, UMM_DMA_MASK_EXCEEDED, memory,
				  umm_dma_mask_of(p->mapping));
	if (!reached)
		return bounce_run(p, memory);
	int ret = check_boundary(p, at);
	return ret < 0 ? ret : add_piece(p, memory, UMM_DMA_NO_ADDRESS);
}

static int place_directly(const struct umm_dma_placing *p)
{
	for (uint32_t i = 0; i < p->memory->count; i++) {
		int ret = place_run(p, p->memory->runs[i]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int umm_dma_place(const struct umm_dma_placing *p)
{
	int ret = check_sizes(p);
	if (ret < 0)
		return ret;
	return p->device->iommu.iova_ops != NULL ? umm_dma_iommu_place(p) : place_directly(p);
}

void umm_dma_unplace(struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	struct umm_bounce *pool = device->options.bounce;
	if (mapping->iova.size > 0)
		umm_dma_iommu_release(mapping);
	mapping->iova = (struct umm_range){ 0 };

	const struct umm_dma_piece *piece = umm_dma_piece_at(device, mapping->first);
	for (; piece != NULL && mapping->loan.size == 0;
	     piece = umm_dma_piece_at(device, piece->next))
		if (piece->slot != UMM_DMA_NO_ADDRESS)
			umm_bounce_give(pool, piece->slot, piece->size_bytes);
	if (mapping->loan.size > 0)
		umm_bounce_give(pool, mapping->loan.start, mapping->loan.size);
	mapping->loan = (struct umm_range){ 0 };
}
