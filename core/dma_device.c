/* SPDX-License-Identifier: MIT */
/** A device's life: check its options, lay its books out in the caller's memory, close it. */
#include "core/dma_private.h"

#include <errno.h>
#include <string.h>

#include "core/step.h"

#define DEFAULT_LINE_BYTES 64

/* ---- options ---- */

static bool power_of_two_or_zero(uint64_t value)
{
	return (value & (value - 1)) == 0;
}

static bool limits_valid(const struct umm_dma_limits *limits)
{
	return power_of_two_or_zero(limits->boundary_bytes) &&
	       power_of_two_or_zero(limits->min_align_bytes);
}

static bool iommu_valid(const struct umm_dma_options *options)
{
	const struct umm_dma_iommu *iommu = options->iommu;
	const struct umm_dma_ops *ops = options->ops;
	if (iommu == NULL)
		return true;
	if (ops->iommu_map == NULL || ops->iommu_unmap == NULL || ops->iommu_flush == NULL)
		return false;
	if (iommu->iova_ops == NULL || (iommu->n_reserved > 0 && iommu->iova_ops->reserve == NULL))
		return false;
	return iommu->page_sizes != 0 && umm_range_valid(iommu->aperture) &&
	       (!iommu->lazy || options->max_lazy > 0);
}

static bool options_valid(const struct umm_dma_options *options)
{
	const struct umm_dma_ops *ops = options->ops;
	if (options->name == NULL || ops == NULL || options->max_mappings == 0 ||
	    options->max_pieces == 0 || !power_of_two_or_zero(options->line_bytes))
		return false;
	if (!options->limits.coherent && (ops->clean == NULL || ops->invalidate == NULL))
		return false;
	if (options->bounce != NULL && ops->copy == NULL)
		return false;
	return limits_valid(&options->limits) && iommu_valid(options);
}

/* ---- memory ---- */

static uint32_t bucket_count(const struct umm_dma_options *options)
{
	uint32_t n = 1;
	while (n < options->max_mappings && n < UINT32_C(1) << 30)
		n <<= 1;
	return n;
}

static bool add_array(uint64_t *total, uint64_t count, uint64_t size)
{
	uint64_t bytes = (count * size + 7) & ~UINT64_C(7); /* 32 bits times a small struct */
	*total += bytes;
	return *total <= SIZE_MAX;
}

uint64_t umm_dma_device_bytes(const struct umm_dma_options *options)
{
	uint64_t total = 0;
	bool fits = add_array(&total, options->max_mappings, sizeof(struct umm_dma_mapping)) &&
		    add_array(&total, options->max_pieces, sizeof(struct umm_dma_piece)) &&
		    add_array(&total, options->max_lazy, sizeof(struct umm_range)) &&
		    add_array(&total, bucket_count(options), sizeof(uint32_t));
	return fits ? total : 0;
}

static void *carve(char **memory, uint64_t count, uint64_t size)
{
	void *array = *memory;
	*memory += (count * size + 7) & ~UINT64_C(7);
	return array;
}

static void lay_out_books(struct umm_dma_device *device, char *memory)
{
	const struct umm_dma_options *options = &device->options;
	device->n_buckets = bucket_count(options);
	device->mappings = carve(&memory, options->max_mappings, sizeof(device->mappings[0]));
	device->pieces = carve(&memory, options->max_pieces, sizeof(device->pieces[0]));
	device->lazy = carve(&memory, options->max_lazy, sizeof(device->lazy[0]));
	device->buckets = carve(&memory, device->n_buckets, sizeof(uint32_t));
	memset(device->buckets, 0xff, device->n_buckets * sizeof(uint32_t)); /* UMM_DMA_NONE */
	for (uint32_t i = 0; i < options->max_mappings; i++)
		device->mappings[i] = (struct umm_dma_mapping){
			.next = i + 1 < options->max_mappings ? i + 1 : UMM_DMA_NONE,
			.device = device,
		};
	for (uint32_t i = 0; i < options->max_pieces; i++)
		device->pieces[i].next = i + 1 < options->max_pieces ? i + 1 : UMM_DMA_NONE;
}

/* ---- life ---- */

static int reserve_windows(const struct umm_dma_iommu *iommu)
{
	for (uint32_t i = 0; i < iommu->n_reserved && UMM_STEP(IOMMU_RESERVE); i++) {
		int ret = iommu->iova_ops->reserve(iommu->iova_space, iommu->reserved[i]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void join_checker(struct umm_dma_device *device)
{
	struct umm_dma_checker *checker = device->options.checker;
	if (checker == NULL)
		return;
	device->next_checked = checker->devices;
	checker->devices = device;
}

static void leave_checker(struct umm_dma_device *device)
{
	if (device->options.checker == NULL)
		return;
	struct umm_dma_device **link = &device->options.checker->devices;
	while (*link != device)
		link = &(*link)->next_checked;
	*link = device->next_checked;
}

int umm_dma_device_init(struct umm_dma_device *device, const struct umm_dma_options *options,
			void *memory, uint64_t memory_bytes)
{
	if (!options_valid(options))
		return -EINVAL;
	uint64_t needed = umm_dma_device_bytes(options);
	if (needed == 0 || memory_bytes < needed)
		return -ENOSPC;
	if (options->iommu != NULL) {
		int ret = reserve_windows(options->iommu);
		if (ret < 0)
			return ret;
	}
	*device = (struct umm_dma_device){ .options = *options };
	if (options->iommu != NULL)
		device->iommu = *options->iommu;
	if (device->options.line_bytes == 0)
		device->options.line_bytes = DEFAULT_LINE_BYTES;
	if (device->options.limits.min_align_bytes == 0)
		device->options.limits.min_align_bytes = 1;
	lay_out_books(device, memory);
	join_checker(device);
	return 0;
}

static void undo_leak(struct umm_dma_mapping *mapping)
{
	struct umm_dma_report report = umm_dma_report_of(mapping, UMM_DMA_LEAK, NULL);
	report.range = (struct umm_range){ mapping->address, mapping->size_bytes };
	umm_dma_report(mapping->device, &report);
	umm_dma_unplace(mapping);
	umm_dma_table_remove(mapping);
	umm_dma_table_give(mapping);
}

uint32_t umm_dma_device_finish(struct umm_dma_device *device)
{
	uint32_t leaks = device->live;
	for (uint32_t i = 0; i < device->options.max_mappings; i++)
		if (device->mappings[i].kind != UMM_DMA_FREE)
			undo_leak(&device->mappings[i]);
	if (UMM_STEP(IOTLB_FINISH))
		umm_dma_flush(device);
	else
		umm_dma_lazy_give(device);
	leave_checker(device);
	return leaks;
}

/* ---- valid ---- */

static uint32_t chain_length(const struct umm_dma_device *device, uint32_t piece)
{
	uint32_t n = 0;
	for (; piece != UMM_DMA_NONE && n <= device->options.max_pieces;
	     piece = device->pieces[piece].next)
		n++;
	return n;
}

static bool mapping_valid(const struct umm_dma_mapping *mapping)
{
	uint64_t size = 0;
	const struct umm_dma_piece *first = umm_dma_piece_at(mapping->device, mapping->first);
	for (const struct umm_dma_piece *piece = first; piece != NULL;
	     piece = umm_dma_piece_at(mapping->device, piece->next))
		size += piece->size_bytes;
	return size == mapping->size_bytes && first != NULL && first->device == mapping->address &&
	       (mapping->with_cpu.size == 0 ||
		mapping->with_cpu.start + mapping->with_cpu.size <= size);
}

bool umm_dma_device_valid(const struct umm_dma_device *device)
{
	uint32_t live = 0, pieces = chain_length(device, device->free_piece), free = 0;
	for (uint32_t i = 0; i < device->options.max_mappings; i++) {
		const struct umm_dma_mapping *mapping = &device->mappings[i];
		if (mapping->kind == UMM_DMA_FREE)
			continue;
		if (!mapping_valid(mapping))
			return false;
		pieces += chain_length(device, mapping->first);
		live++;
	}
	for (uint32_t i = device->free_mapping;
	     i != UMM_DMA_NONE && free <= live + device->options.max_mappings;
	     i = device->mappings[i].next)
		free++;
	return live == device->live && pieces == device->options.max_pieces &&
	       free + live == device->options.max_mappings &&
	       device->n_lazy <= device->options.max_lazy;
}
