/* SPDX-License-Identifier: MIT */
/** The calls of core/dma.h: map, unmap and sync of runs, lists and buffers. */
#include "core/dma_private.h"

#include <errno.h>
#include <stddef.h>

#include "core/step.h"

/* ---- segments ---- */

static struct umm_sg_limits segment_limits(const struct umm_dma_device *device)
{
	const struct umm_dma_limits *limits = &device->options.limits;
	return (struct umm_sg_limits){
		.max_segments = UMM_STEP(LIMIT_COUNT) ? limits->max_segments : 0,
		.max_segment_bytes = UMM_STEP(LIMIT_SEGMENT) ? limits->max_segment_bytes : 0,
		.boundary_bytes = UMM_STEP(LIMIT_BOUNDARY) ? limits->boundary_bytes : 0,
	};
}

int umm_dma_segments(const struct umm_dma_mapping *mapping, struct umm_sg *segments)
{
	const struct umm_dma_device *device = mapping->device;
	struct umm_sg_limits limits = segment_limits(device);
	bool cut = mapping->kind == UMM_DMA_BUFFER || mapping->kind == UMM_DMA_COHERENT;
	const struct umm_dma_piece *piece = umm_dma_piece_at(device, mapping->first);
	for (; piece != NULL; piece = umm_dma_piece_at(device, piece->next)) {
		struct umm_range at = { piece->device, piece->size_bytes };
		int ret = cut ? umm_sg_cut(segments, at, &limits)
			      : umm_sg_join(segments, at, &limits);
		if (ret == 0)
			continue;
		umm_sg_clear(segments);
		return ret;
	}
	return 0;
}

static int refuse_segments(const struct umm_dma_placing *p, int ret)
{
	if (ret != -E2BIG && ret != -ERANGE)
		return ret;
	const struct umm_dma_limits *limits = &p->device->options.limits;
	struct umm_dma_report report =
		umm_dma_report_of(p->mapping, UMM_DMA_TOO_MANY_SEGMENTS, p->use);
	report.range = (struct umm_range){ p->memory->runs[0].start, p->memory->size_bytes };
	report.limit = limits->max_segments;
	if (ret == -ERANGE) {
		report.fault = UMM_DMA_BOUNDARY_CROSSED;
		report.limit = limits->boundary_bytes;
	}
	return umm_dma_refuse(p->device, ret, &report);
}

/* A buffer in too many pieces fits a device that takes one if the pool has room for all of it. */
static int make_segments(const struct umm_dma_placing *p, struct umm_sg *segments)
{
	int ret = umm_dma_segments(p->mapping, segments);
	bool may_copy = p->mapping->kind == UMM_DMA_BUFFER && p->device->options.bounce != NULL;
	if (ret == -E2BIG && may_copy) {
		ret = umm_dma_place_in_loan(p);
		if (ret < 0)
			return ret;
		ret = umm_dma_segments(p->mapping, segments);
	}
	return ret < 0 ? refuse_segments(p, ret) : 0;
}

/* ---- map ---- */

static bool use_valid(const struct umm_dma_use *use)
{
	return use->buffer != NULL && use->direction >= UMM_DMA_TO_DEVICE &&
	       use->direction <= UMM_DMA_BIDIRECTIONAL;
}

static int place_and_cut(const struct umm_dma_placing *p, struct umm_sg *segments)
{
	int ret = umm_dma_check_memory(p);
	if (ret == 0)
		ret = umm_dma_place(p);
	return ret < 0 ? ret : make_segments(p, segments);
}

static void start_mapping(struct umm_dma_mapping *mapping)
{
	struct umm_dma_device *device = mapping->device;
	umm_dma_table_insert(mapping);
	umm_dma_check_lines(mapping);
	device->stats.maps++;
	device->stats.bounced_maps += umm_dma_bounced(mapping);
	if (!(mapping->attributes & UMM_DMA_SKIP_SYNC))
		umm_dma_for_device(mapping, (struct umm_range){ 0, mapping->size_bytes });
}

static int map(struct umm_dma_device *device, const struct umm_sg *memory, enum umm_dma_kind kind,
	       const struct umm_dma_use *use, struct umm_sg *segments, struct umm_dma_mapping **out)
{
	struct umm_dma_mapping *mapping = umm_dma_table_take(device);
	if (mapping == NULL)
		return -ENOMEM;
	mapping->kind = kind;
	mapping->buffer = use->buffer;
	mapping->site = use->site;
	mapping->direction = use->direction;
	mapping->attributes = use->attributes;
	mapping->size_bytes = memory->size_bytes;
	mapping->n_runs = memory->count;

	struct umm_dma_placing placing = { device, mapping, memory, use };
	int ret = place_and_cut(&placing, segments);
	if (ret < 0) {
		umm_dma_unplace(mapping);
		umm_dma_table_give(mapping);
		return ret;
	}
	start_mapping(mapping);
	*out = mapping;
	return 0;
}

int umm_dma_map_as(struct umm_dma_device *device, enum umm_dma_kind kind,
		   const struct umm_sg *memory, const struct umm_dma_use *use,
		   struct umm_sg *segments, struct umm_dma_mapping **out)
{
	if (!use_valid(use) || memory->count == 0 || !umm_sg_valid(memory) || segments->count != 0)
		return -EINVAL;
	int ret = map(device, memory, kind, use, segments, out);
	if (ret < 0) {
		device->stats.failed_maps++;
		device->failed = *use;
	}
	return ret;
}

int umm_dma_map_run(struct umm_dma_device *device, struct umm_range memory,
		    const struct umm_dma_use *use, uint64_t *address)
{
	struct umm_range segment;
	struct umm_sg list, segments;
	umm_sg_init(&list, &memory, 1);
	umm_sg_init(&segments, &segment, 1);
	list.count = 1;
	list.size_bytes = memory.size;
	struct umm_dma_mapping *mapping;
	int ret = umm_dma_map_as(device, UMM_DMA_RUN, &list, use, &segments, &mapping);
	if (ret == 0)
		*address = mapping->address;
	return ret;
}

int umm_dma_map_sg(struct umm_dma_device *device, const struct umm_sg *memory,
		   const struct umm_dma_use *use, struct umm_sg *segments)
{
	struct umm_dma_mapping *mapping;
	return umm_dma_map_as(device, UMM_DMA_LIST, memory, use, segments, &mapping);
}

int umm_dma_map_buffer(struct umm_dma_device *device, const struct umm_sg *memory,
		       const struct umm_dma_use *use, struct umm_sg *segments,
		       struct umm_dma_mapping **out)
{
	return umm_dma_map_as(device, UMM_DMA_BUFFER, memory, use, segments, out);
}

/* ---- unmap ---- */

void umm_dma_unmap_now(struct umm_dma_mapping *mapping)
{
	if (!(mapping->attributes & UMM_DMA_SKIP_SYNC))
		umm_dma_for_cpu(mapping, (struct umm_range){ 0, mapping->size_bytes });
	umm_dma_unplace(mapping);
	umm_dma_check_remember(mapping);
	mapping->device->stats.unmaps++;
	umm_dma_table_remove(mapping);
	umm_dma_table_give(mapping);
}

static struct umm_dma_claim claim_run(struct umm_range mapped)
{
	return (struct umm_dma_claim){ .kind = UMM_DMA_RUN, .mapped = mapped, .n_runs = 1 };
}

static struct umm_dma_claim claim_sg(const struct umm_sg *segments, uint32_t n_runs)
{
	struct umm_range mapped = { UMM_DMA_NO_ADDRESS, segments->size_bytes };
	if (segments->count > 0)
		mapped.start = segments->runs[0].start;
	return (struct umm_dma_claim){ .kind = UMM_DMA_LIST, .mapped = mapped, .n_runs = n_runs };
}

static int unmap_claim(struct umm_dma_device *device, struct umm_dma_claim claim,
		       const struct umm_dma_use *use)
{
	struct umm_dma_mapping *mapping;
	int ret = umm_dma_check_claim(device, &claim, use, &mapping);
	if (ret == 0)
		umm_dma_unmap_now(mapping);
	return ret;
}

int umm_dma_unmap_run(struct umm_dma_device *device, struct umm_range mapped,
		      const struct umm_dma_use *use)
{
	return unmap_claim(device, claim_run(mapped), use);
}

int umm_dma_unmap_sg(struct umm_dma_device *device, const struct umm_sg *segments, uint32_t n_runs,
		     const struct umm_dma_use *use)
{
	if (n_runs == 0)
		return -EINVAL;
	return unmap_claim(device, claim_sg(segments, n_runs), use);
}

int umm_dma_unmap_buffer(struct umm_dma_mapping *mapping, const struct umm_dma_use *use)
{
	int ret = umm_dma_check_mapping(mapping, use, false);
	if (ret == 0)
		umm_dma_unmap_now(mapping);
	return ret;
}

/* ---- sync ---- */

/* The CPU's part grows to a hull; what the device gets back is taken from its ends. */
static void move_ownership(struct umm_dma_mapping *mapping, struct umm_range part,
			   enum umm_dma_party party)
{
	struct umm_range *cpu = &mapping->with_cpu;
	uint64_t start = cpu->start, end = cpu->start + cpu->size;
	uint64_t part_end = part.start + part.size;
	if (party == UMM_DMA_FOR_CPU) {
		if (cpu->size == 0 || part.start < start)
			start = part.start;
		if (cpu->size == 0 || part_end > end)
			end = part_end;
	} else if (part.start <= start) {
		start = part_end > start ? part_end : start;
	} else if (part_end >= end) {
		end = part.start < end ? part.start : end;
	}
	*cpu = (struct umm_range){ start, end > start ? end - start : 0 };
}

static int sync_part(struct umm_dma_mapping *mapping, struct umm_range part,
		     enum umm_dma_party party, const struct umm_dma_use *use)
{
	if (part.start == 0 && part.size == 0)
		part.size = mapping->size_bytes;
	if (part.size == 0 || part.start > mapping->size_bytes ||
	    part.size > mapping->size_bytes - part.start) {
		struct umm_dma_report report =
			umm_dma_report_of(mapping, UMM_DMA_SYNC_OUTSIDE, use);
		report.range = part;
		report.limit = mapping->size_bytes;
		return umm_dma_refuse(mapping->device, -EINVAL, &report);
	}
	if (party == UMM_DMA_FOR_CPU)
		umm_dma_for_cpu(mapping, part);
	else
		umm_dma_for_device(mapping, part);
	move_ownership(mapping, part, party);
	return 0;
}

static int sync_claim(struct umm_dma_device *device, struct umm_dma_claim claim,
		      struct umm_range part, enum umm_dma_party party,
		      const struct umm_dma_use *use)
{
	struct umm_dma_mapping *mapping;
	claim.sync = true;
	int ret = umm_dma_check_claim(device, &claim, use, &mapping);
	return ret < 0 ? ret : sync_part(mapping, part, party, use);
}

int umm_dma_sync_run(struct umm_dma_device *device, struct umm_range mapped, struct umm_range part,
		     enum umm_dma_party party, const struct umm_dma_use *use)
{
	return sync_claim(device, claim_run(mapped), part, party, use);
}

int umm_dma_sync_sg(struct umm_dma_device *device, const struct umm_sg *segments,
		    struct umm_range part, enum umm_dma_party party, const struct umm_dma_use *use)
{
	return sync_claim(device, claim_sg(segments, 0), part, party, use);
}

int umm_dma_sync_buffer(struct umm_dma_mapping *mapping, struct umm_range part,
			enum umm_dma_party party, const struct umm_dma_use *use)
{
	int ret = umm_dma_check_mapping(mapping, use, true);
	return ret < 0 ? ret : sync_part(mapping, part, party, use);
}
