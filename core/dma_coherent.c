/* SPDX-License-Identifier: MIT */
#include "core/dma_coherent.h"

#include <errno.h>
#include <stddef.h>

#include "core/dma_private.h"
#include "core/step.h"

#define PAGE_BYTES UINT64_C(4096)

static uint64_t page_bytes(const struct umm_dma_device *device)
{
	return device->iommu.iova_ops != NULL ? umm_dma_iommu_granule(device) : PAGE_BYTES;
}

static uint64_t natural_alignment(uint64_t size_bytes)
{
	uint64_t align = 1;
	while (align < size_bytes)
		align <<= 1;
	return align;
}

/* The highest byte of memory that the device reaches; false: none. */
static bool memory_max(const struct umm_dma_device *device, uint64_t *max)
{
	uint64_t mask = device->options.limits.coherent_mask, offset = device->options.bus_offset;
	bool below = offset >> 63 != 0; /* device addresses are lower than memory addresses */
	*max = UINT64_MAX;
	if (device->iommu.iova_ops != NULL || !UMM_STEP(MASK_COHERENT))
		return true;
	if (below)
		*max = mask - offset < mask ? UINT64_MAX : mask - offset;
	else
		*max = mask - offset;
	return below || offset <= mask;
}

static int take_memory(struct umm_dma_device *device, uint64_t size_bytes, struct umm_range *memory)
{
	const struct umm_dma_options *options = &device->options;
	struct umm_dma_memory_want want = { size_bytes, natural_alignment(size_bytes), 0 };
	if (!memory_max(device, &want.address_max))
		return -ERANGE;
	memory->size = size_bytes;
	return options->ops->take_memory(options->machine, &want, &memory->start);
}

static int uncache(struct umm_dma_device *device, struct umm_range memory)
{
	const struct umm_dma_options *options = &device->options;
	if (options->limits.coherent)
		return 0;
	if (UMM_STEP(COHERENT_CLEAN))
		umm_dma_clean(device, memory);
	int ret = options->ops->set_uncached(options->machine, memory, true);
	if (ret == 0 && UMM_STEP(COHERENT_INVALIDATE))
		umm_dma_invalidate(device, memory);
	return ret;
}

static void give_memory(struct umm_dma_device *device, struct umm_range memory)
{
	const struct umm_dma_options *options = &device->options;
	if (!options->limits.coherent)
		options->ops->set_uncached(options->machine, memory, false);
	options->ops->give_memory(options->machine, memory);
}

static int map(struct umm_dma_device *device, struct umm_range memory, const char *buffer,
	       const char *site, struct umm_dma_mapping **out)
{
	struct umm_dma_use use = {
		.buffer = buffer,
		.site = site,
		.direction = UMM_DMA_BIDIRECTIONAL,
		.attributes = UMM_DMA_SKIP_SYNC,
	};
	struct umm_range segment;
	struct umm_sg list, segments;
	umm_sg_init(&list, &memory, 1);
	list.count = 1;
	list.size_bytes = memory.size;
	umm_sg_init(&segments, &segment, 1);
	return umm_dma_map_as(device, UMM_DMA_COHERENT, &list, &use, &segments, out);
}

static bool able(const struct umm_dma_device *device)
{
	const struct umm_dma_ops *ops = device->options.ops;
	return ops->take_memory != NULL && ops->give_memory != NULL &&
	       (device->options.limits.coherent || ops->set_uncached != NULL);
}

int umm_dma_alloc_coherent(struct umm_dma_device *device, uint64_t size_bytes, const char *buffer,
			   const char *site, struct umm_dma_coherent *out)
{
	uint64_t page = page_bytes(device);
	if (size_bytes == 0 || size_bytes > UINT64_MAX / 4 || !able(device))
		return -EINVAL;
	size_bytes = (size_bytes + page - 1) & ~(page - 1);

	struct umm_dma_coherent made;
	int ret = take_memory(device, size_bytes, &made.memory);
	if (ret < 0)
		return ret;
	ret = uncache(device, made.memory);
	if (ret == 0)
		ret = map(device, made.memory, buffer, site, &made.mapping);
	if (ret < 0) {
		give_memory(device, made.memory);
		return ret;
	}
	made.address = made.mapping->address;
	*out = made;
	return 0;
}

int umm_dma_free_coherent(struct umm_dma_coherent *coherent, const char *site)
{
	struct umm_dma_mapping *mapping = coherent->mapping;
	struct umm_dma_device *device = mapping->device;
	if (mapping->kind != UMM_DMA_COHERENT || mapping->address != coherent->address) {
		struct umm_dma_use use = { .site = site };
		struct umm_dma_report report =
			umm_dma_report_of(mapping, UMM_DMA_USE_AFTER_UNMAP, &use);
		report.range = coherent->memory;
		return umm_dma_refuse(device, -EINVAL, &report);
	}
	umm_dma_unmap_now(mapping);
	give_memory(device, coherent->memory);
	return 0;
}
