/* SPDX-License-Identifier: MIT */
#include "model/device.h"

#include <string.h>

/* ---- one bus cycle ---- */

struct cycle {
	uint64_t address; /* as the device puts it on its bus */
	uint32_t size;	  /* inside one cache line */
	enum umm_dma_direction direction;
};

/* Where the cycle ends up in memory; false: nowhere. */
static bool find_memory(struct model_device *device, const struct cycle *cycle, uint64_t *memory)
{
	if (device->iommu != NULL)
		return model_iommu_translate(device->iommu, cycle->address, cycle->direction,
					     memory);
	*memory = cycle->address - device->bus_offset;
	return true;
}

static bool rings_doorbell(struct model_device *device, const struct cycle *cycle)
{
	struct umm_range at = { cycle->address, cycle->size };
	if (device->doorbell.size == 0 || !umm_range_overlaps(device->doorbell, at))
		return false;
	device->doorbell_writes += cycle->direction == UMM_DMA_FROM_DEVICE;
	return true;
}

static bool bus_cycle(struct model_device *device, const struct cycle *cycle, void *bytes)
{
	uint64_t memory;
	bool done = false;
	if (!rings_doorbell(device, cycle) && find_memory(device, cycle, &memory))
		done = cycle->direction == UMM_DMA_TO_DEVICE
			       ? model_bus_read(device->machine, device->limits.coherent, memory,
						bytes, cycle->size)
			       : model_bus_write(device->machine, device->limits.coherent, memory,
						 bytes, cycle->size);
	if (done)
		return true;
	device->faults++;
	if (cycle->direction == UMM_DMA_TO_DEVICE)
		memset(bytes, 0xff, cycle->size);
	return false;
}

/* ---- a segment ---- */

/* Where the engine's counter stands `offset` bytes into a segment. */
static uint64_t counter(const struct model_device *device, uint64_t start, uint64_t offset)
{
	uint64_t address = start + offset, boundary = device->limits.boundary_bytes;
	if (boundary != 0) /* only the low bits count */
		address = umm_align_down(start, boundary) | (address & (boundary - 1));
	return address & device->limits.mask;
}

static bool transfer(struct model_device *device, struct umm_range segment, uint64_t offset,
		     uint8_t *bytes, uint64_t size, enum umm_dma_direction direction)
{
	bool fine = true;
	while (size > 0) {
		struct cycle cycle = { counter(device, segment.start, offset), 0, direction };
		uint64_t left = MODEL_LINE_BYTES - cycle.address % MODEL_LINE_BYTES;
		cycle.size = (uint32_t)(size < left ? size : left);
		fine &= bus_cycle(device, &cycle, bytes);
		offset += cycle.size, bytes += cycle.size, size -= cycle.size;
	}
	return fine;
}

static void watch(struct model_device *device, struct umm_range at,
		  enum umm_dma_direction direction)
{
	if (device->watch != NULL && umm_range_valid(at))
		device->watch(device->watcher, at, direction);
}

bool model_device_read(struct model_device *device, uint64_t address, void *bytes, uint64_t size)
{
	struct umm_range at = { address, size };
	watch(device, at, UMM_DMA_TO_DEVICE);
	device->read_bytes += size;
	return transfer(device, at, 0, bytes, size, UMM_DMA_TO_DEVICE);
}

bool model_device_write(struct model_device *device, uint64_t address, const void *bytes,
			uint64_t size)
{
	struct umm_range at = { address, size };
	watch(device, at, UMM_DMA_FROM_DEVICE);
	device->written_bytes += size;
	return transfer(device, at, 0, (uint8_t *)(uintptr_t)bytes, size, UMM_DMA_FROM_DEVICE);
}

/* ---- a list ---- */

void model_engine_load(struct model_engine *engine, struct model_device *device,
		       const struct umm_sg *segments)
{
	*engine = (struct model_engine){ .device = device, .count = segments->count };
	const struct umm_dma_limits *limits = &device->limits;
	if (engine->count > MODEL_SEGMENTS)
		engine->count = MODEL_SEGMENTS;
	if (limits->max_segments != 0 && engine->count > limits->max_segments)
		engine->count = limits->max_segments;
	for (uint32_t i = 0; i < engine->count; i++) {
		struct umm_range segment = segments->runs[i];
		if (limits->max_segment_bytes != 0 && segment.size > limits->max_segment_bytes)
			segment.size = limits->max_segment_bytes;
		engine->segments[i] = segment;
		engine->size_bytes += segment.size;
	}
}

static bool engine_transfer(struct model_engine *engine, uint64_t offset, uint8_t *bytes,
			    uint64_t size, enum umm_dma_direction direction)
{
	bool fine = true;
	for (uint32_t i = 0; i < engine->count && size > 0; i++) {
		struct umm_range segment = engine->segments[i];
		if (offset >= segment.size) {
			offset -= segment.size;
			continue;
		}
		uint64_t part = segment.size - offset < size ? segment.size - offset : size;
		watch(engine->device, (struct umm_range){ segment.start + offset, part },
		      direction);
		fine &= transfer(engine->device, segment, offset, bytes, part, direction);
		bytes += part, size -= part, offset = 0;
	}
	if (size > 0 && direction == UMM_DMA_TO_DEVICE)
		memset(bytes, 0xff, (size_t)size); /* what is left of an object in memory */
	return fine && size == 0;
}

bool model_engine_read(struct model_engine *engine, uint64_t offset, void *bytes, uint64_t size)
{
	engine->device->read_bytes += size;
	return engine_transfer(engine, offset, bytes, size, UMM_DMA_TO_DEVICE);
}

bool model_engine_write(struct model_engine *engine, uint64_t offset, const void *bytes,
			uint64_t size)
{
	engine->device->written_bytes += size;
	return engine_transfer(engine, offset, (uint8_t *)(uintptr_t)bytes, size,
			       UMM_DMA_FROM_DEVICE);
}
