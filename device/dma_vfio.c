/* SPDX-License-Identifier: MIT */
/**
 * VFIO type1. A mapping is made of as many kernel mappings as it has runs of virtual memory, and
 * taken away by one call over all of them: type1 refuses to split a mapping, not to remove several.
 * The kernel flushes the IOTLB before that call returns, so there is nothing left to flush.
 */
#include <linux/vfio.h>
#include <stddef.h>

#include "device/dma.h"
#include "device/dma_virtual.h"

static uint32_t flags_of(enum umm_dma_direction direction)
{
	return (direction & UMM_DMA_TO_DEVICE ? VFIO_DMA_MAP_FLAG_READ : 0) |
	       (direction & UMM_DMA_FROM_DEVICE ? VFIO_DMA_MAP_FLAG_WRITE : 0);
}

static int map(void *iommu, struct umm_range device, uint64_t memory,
	       enum umm_dma_direction direction)
{
	const struct umm_vfio *vfio = iommu;
	struct vfio_iommu_type1_dma_map argument = {
		.argsz = sizeof(argument),
		.flags = flags_of(direction),
		.vaddr = memory,
		.iova = device.start,
		.size = device.size,
	};
	return umm_virtual_ioctl(vfio->ioctl, vfio->container, VFIO_IOMMU_MAP_DMA, &argument);
}

static void unmap(void *iommu, struct umm_range device)
{
	struct umm_vfio *vfio = iommu;
	struct vfio_iommu_type1_dma_unmap argument = {
		.argsz = sizeof(argument),
		.iova = device.start,
		.size = device.size,
	};
	int ret = umm_virtual_ioctl(vfio->ioctl, vfio->container, VFIO_IOMMU_UNMAP_DMA, &argument);
	umm_virtual_judge_unmap("VFIO", device, ret, argument.size, &vfio->failed_unmaps);
}

const struct umm_dma_ops umm_vfio_ops = {
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
