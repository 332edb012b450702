/* SPDX-License-Identifier: MIT */
/**
 * iommufd: mappings of an I/O address space. Like VFIO's, with an id instead of a container; the
 * kernel flushes before unmap returns.
 */
#include <stddef.h>

#include "device/dma.h"
#include "device/dma_virtual.h"
#include "os/iommufd.h"

static uint32_t flags_of(enum umm_dma_direction direction)
{
	return UMM_IOAS_MAP_FIXED_IOVA |
	       (direction & UMM_DMA_TO_DEVICE ? UMM_IOAS_MAP_READABLE : 0u) |
	       (direction & UMM_DMA_FROM_DEVICE ? UMM_IOAS_MAP_WRITEABLE : 0u);
}

static int map(void *iommu, struct umm_range device, uint64_t memory,
	       enum umm_dma_direction direction)
{
	const struct umm_iommufd *space = iommu;
	struct umm_ioas_map argument = {
		.size = sizeof(argument),
		.flags = flags_of(direction),
		.ioas_id = space->ioas,
		.user_va = memory,
		.length = device.size,
		.iova = device.start,
	};
	return umm_virtual_ioctl(space->ioctl, space->fd, UMM_IOAS_MAP, &argument);
}

static void unmap(void *iommu, struct umm_range device)
{
	struct umm_iommufd *space = iommu;
	struct umm_ioas_unmap argument = {
		.size = sizeof(argument),
		.ioas_id = space->ioas,
		.iova = device.start,
		.length = device.size,
	};
	int ret = umm_virtual_ioctl(space->ioctl, space->fd, UMM_IOAS_UNMAP, &argument);
	umm_virtual_judge_unmap("iommufd", device, ret, argument.length, &space->failed_unmaps);
}

const struct umm_dma_ops umm_iommufd_ops = {
	.clean = umm_virtual_clean,
	.invalidate = umm_virtual_invalidate,
	.order = umm_virtual_order,
	.copy = umm_virtual_copy,
	.iommu_map = map,
	.iommu_unmap = unmap,
	.iommu_flush = umm_virtual_flush,
	.take_memory = umm_virtual_take,
	.give_memory = umm_virtual_give,
};
